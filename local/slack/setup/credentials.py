"""The constants a bot needs to sign in here. They open nothing but a workspace on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.slack.wire.wire import SlackError

BOT_TOKEN = "xoxb-local-corrigible-bot"  # noqa: S105
APP_TOKEN = "xapp-1-local-corrigible-app"  # noqa: S105
SIGNING_SECRET = "local-corrigible-signing-secret"  # noqa: S105
CLIENT_ID = "10000000001.10000000002"
CLIENT_SECRET = "local-corrigible-client-secret"  # noqa: S105


@dataclass(frozen=True)
class Credentials:
    """What the workspace accepts from a bot, and signs its HTTP deliveries with."""

    bot_token: str = field(default=BOT_TOKEN, repr=False)
    app_token: str = field(default=APP_TOKEN, repr=False)
    signing_secret: str = field(default=SIGNING_SECRET, repr=False)

    def admit(self, token: str, to_app: bool) -> None:
        """Refuse a token that may not call; `to_app`: a method that takes the app's."""
        right, other = (self.app_token, self.bot_token) if to_app else (self.bot_token, self.app_token)
        if not token:
            raise SlackError("not_authed")
        if token == other:
            raise SlackError("not_allowed_token_type")
        if token != right:
            raise SlackError("invalid_auth")
