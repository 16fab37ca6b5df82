"""Tokens of installations, sealed before they reach the database.

The key is made of the app's client secret, which is in the environment alone: who has a copy of the database can't
read them. Fernet (AES-128-CBC with HMAC-SHA-256) and HKDF (RFC 5869) are those of `cryptography`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from slack_sdk.oauth import InstallationStore
from slack_sdk.oauth.installation_store import Bot, Installation

PURPOSE = b"corrigible: tokens of installations"
KEY_BYTES = 32
OF_BOT = ("bot_token", "bot_refresh_token")
OF_INSTALLATION = (*OF_BOT, "user_token", "user_refresh_token", "incoming_webhook_url")


class UnreadableTokenError(ValueError):
    """A token was sealed with another client secret."""

    def __init__(self) -> None:
        super().__init__(
            "its token was stored under another SLACK_CLIENT_SECRET: install the app there again"
        )


@dataclass(frozen=True)
class Seal:
    """Makes a token unreadable, and readable again."""

    fernet: Fernet

    def close(self, token: str | None) -> str | None:
        """The token as it is stored."""
        return self.fernet.encrypt(token.encode()).decode() if token else token

    def open(self, stored: str | None) -> str | None:
        """The token as Slack takes it. Raises UnreadableTokenError."""
        try:
            return self.fernet.decrypt(stored.encode()).decode() if stored else stored
        except InvalidToken:
            raise UnreadableTokenError from None


def seal(client_secret: str) -> Seal:
    """The seal of one app."""
    key = HKDF(SHA256(), KEY_BYTES, salt=None, info=PURPOSE).derive(client_secret.encode())
    return Seal(Fernet(base64.urlsafe_b64encode(key)))


class SealedInstallationStore(InstallationStore):
    """Bolt's interface over another store, which never sees a token."""

    def __init__(self, store: InstallationStore, seal: Seal) -> None:
        self._store = store
        self._seal = seal

    def save(self, installation: Installation) -> None:
        """Store an installation."""
        kept = Installation(**installation.to_dict_for_copying())
        for name in OF_INSTALLATION:
            setattr(kept, name, self._seal.close(getattr(kept, name)))
        self._store.save(kept)

    def save_bot(self, bot: Bot) -> None:
        """Store the bot of an installation, as after its token was rotated."""
        kept = Bot(**bot.to_dict_for_copying())
        for name in OF_BOT:
            setattr(kept, name, self._seal.close(getattr(kept, name)))
        self._store.save_bot(kept)

    def find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """The bot that was installed last. Raises UnreadableTokenError."""
        found = self._store.find_bot(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
        )
        for name in OF_BOT if found else ():
            setattr(found, name, self._seal.open(getattr(found, name)))
        return found

    def find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """The latest installation. Raises UnreadableTokenError."""
        found = self._store.find_installation(
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            is_enterprise_install=is_enterprise_install,
        )
        for name in OF_INSTALLATION if found else ():
            setattr(found, name, self._seal.open(getattr(found, name)))
        return found

    def delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Forget the bot of a team, or of an organization."""
        self._store.delete_bot(enterprise_id=enterprise_id, team_id=team_id)

    def delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Forget who installed."""
        self._store.delete_installation(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id)
