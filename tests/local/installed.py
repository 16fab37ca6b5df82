"""An unmodified Bolt app that people install by OAuth, run for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slack_bolt import Ack, App, Say
from slack_bolt.authorization.authorize import InstallationStoreAuthorize
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import InstallationStore
from slack_sdk.oauth.installation_store.models.installation import Installation
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore
from sqlalchemy import create_engine

from local.slack.setup.credentials import CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET
from tests.local.factories import actions, button, modal
from tests.local.running import Grid, http_bot

Json = dict[str, Any]

SCOPES = ("channels:history", "chat:write", "commands")


@dataclass
class Bot:
    """A running Bolt app, what it has heard, and whom it knows."""

    url: str
    store: InstallationStore
    heard: list[Json] = field(default_factory=list)

    def installation(self, team_id: str | None, enterprise_id: str | None = None) -> Installation | None:
        return self.store.find_installation(enterprise_id=enterprise_id, team_id=team_id)

    def token(self, team_id: str | None, enterprise_id: str | None = None) -> str:
        found = self.installation(team_id, enterprise_id)
        assert found is not None
        assert found.bot_token is not None
        return found.bot_token

    def events(self, kind: str) -> list[Json]:
        return [body for body in self.heard if body.get("event", {}).get("type") == kind]

    def messages(self) -> list[Json]:
        """What people wrote."""
        return [body for body in self.events("message") if "bot_id" not in body["event"]]


@contextmanager
def running_bot(slack: Grid, port: int, folder: Path) -> Iterator[Bot]:
    """Bolt with its own OAuth, its own stores, and a listener of each kind."""
    url = f"http://127.0.0.1:{port}"
    engine = create_engine(f"sqlite:///{folder / 'installations.db'}")
    store = SQLAlchemyInstallationStore(CLIENT_ID, engine)
    store.create_tables()
    settings = OAuthSettings(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        scopes=SCOPES,
        user_scopes=(),
        redirect_uri=f"{url}/slack/oauth_redirect",
        authorization_url=f"{slack.url}/oauth/v2/authorize",
        installation_store=store,
        state_store=FileOAuthStateStore(expiration_seconds=60, base_dir=str(folder / "states")),
    )
    assert isinstance(settings.authorize, InstallationStoreAuthorize)
    assert settings.authorize.token_rotator is not None
    settings.authorize.token_rotator.client = slack.web()  # Bolt gives it none of ours
    app = App(client=slack.web(), signing_secret=SIGNING_SECRET, oauth_settings=settings)
    app.enable_token_revocation_listeners()
    bot = Bot(url, store)
    listen_to_everything(app, bot)
    with http_bot(app, port):
        yield bot
    engine.dispose()


def listen_to_everything(app: App, bot: Bot) -> None:
    """Every answer says where the bot thinks that it is."""

    @app.middleware
    def hear(body: Json, next: Callable[[], None]) -> None:
        bot.heard.append(body)
        next()

    @app.event("message")
    def answer(event: Json, say: Say, body: Json) -> None:
        if "bot_id" not in event:
            say(text=f"I am in {body['team_id']}", thread_ts=event["ts"], blocks=[actions(button())])

    @app.event("member_joined_channel")
    def joined() -> None: ...

    @app.command("/corrigible")
    def command(ack: Ack, body: Json) -> None:
        ack(f"You are in {body['team_id']}, {body['team_domain']}")

    @app.action("go")
    def go(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        form = modal(private_metadata=body["channel"]["id"])
        client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.view("form")
    def form(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        client.chat_postMessage(
            channel=body["view"]["private_metadata"], text=f"Thanks, {body['user']['team_id']}"
        )


def replies(slack: Grid, team_id: str, channel: str, user: str) -> list[str]:
    """What the bot said."""
    return [m["text"] for m in slack.team(team_id).messages(channel, user) if "bot_id" in m]
