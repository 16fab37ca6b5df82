"""The constants a bot needs to sign in here. They open nothing but a workspace on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field

BOT_TOKEN = "xoxb-local-corrigible-bot"  # noqa: S105
APP_TOKEN = "xapp-1-local-corrigible-app"  # noqa: S105
SIGNING_SECRET = "local-corrigible-signing-secret"  # noqa: S105


@dataclass(frozen=True)
class Credentials:
    """What the workspace accepts from a bot, and signs its HTTP deliveries with."""

    bot_token: str = field(default=BOT_TOKEN, repr=False)
    app_token: str = field(default=APP_TOKEN, repr=False)
    signing_secret: str = field(default=SIGNING_SECRET, repr=False)
