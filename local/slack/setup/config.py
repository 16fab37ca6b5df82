"""Everything one workspace can be told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urljoin

from local.slack.setup.credentials import CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET, Credentials
from local.slack.setup.team import Team


@dataclass(frozen=True)
class Command:
    """A slash command as the page's menu shows it."""

    command: str
    description: str
    usage_hint: str


@dataclass(frozen=True)
class Shortcut:
    """A shortcut as the page's menu on a message shows it."""

    name: str
    callback_id: str
    type: str = "message"


@dataclass(frozen=True)
class App:
    """What Slack knows of an app that is installed by OAuth; with `token_life_s` its tokens rotate."""

    request_url: str
    client_id: str = CLIENT_ID
    client_secret: str = field(default=CLIENT_SECRET, repr=False)
    signing_secret: str = field(default=SIGNING_SECRET, repr=False)
    token_life_s: int | None = None

    @property
    def redirect_url(self) -> str:
        """Where people go back to after they decided, where the app names no other address of its own."""
        return urljoin(self.request_url, "/slack/oauth_redirect")


COMMANDS = (Command("/corrigible", "Status, teaching and settings of the bot", "[help | status | …]"),)


@dataclass(frozen=True)
class Config:
    """Without `bot_url` the bot connects by Socket Mode; with it, deliveries are posted there, signed."""

    team: Team = field(default_factory=Team)
    path: str = ""  # below the address of the server, ending in a slash; where several teams share it
    state: str = ":memory:"
    bot_url: str | None = None
    credentials: Credentials = field(default_factory=Credentials)
    commands: tuple[Command, ...] = COMMANDS
    shortcuts: tuple[Shortcut, ...] = (
        Shortcut("Classify this message", "classify_message"),
        Shortcut("Correct this message", "correct_message"),
        Shortcut("Summarize thread", "summarize_thread"),
    )
    ack_timeout_s: float = 3.0
    retry_delays_s: tuple[float, ...] = (0.1, 1.0, 5.0)
    trigger_life_s: float = 3.0
    disconnect_grace_s: float = 2.0
