"""The bot's tokens: which place each opens and for how long, and what a refresh token is exchanged for."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from local.slack.wire.wire import Json, SlackError


@dataclass(frozen=True)
class Grant:
    """What somebody allowed the app; `place` is the id of a team or of an organization."""

    place: str
    user: str
    scope: str


@dataclass
class _Token:
    grant: Grant
    expires_at: float
    revoked: bool = False


class Tokens:
    """With a life in seconds tokens rotate: each comes with a refresh token, which works once."""

    def __init__(self, life_s: int | None) -> None:
        self._life_s = life_s
        self._issued: dict[str, _Token] = {}
        self._refresh: dict[str, Grant] = {}

    def issue(self, grant: Grant) -> Json:
        """A token for what was allowed, as oauth.v2.access gives it; without rotation a place has only one."""
        if self._life_s is None:
            token = self._of(grant.place) or f"xoxb-{_secret()}"
            self._issued[token] = _Token(grant, float("inf"))
            return {"access_token": token}
        token, refresh = f"xoxe.xoxb-1-{_secret()}", f"xoxe-1-{_secret()}"
        self._issued[token] = _Token(grant, time.monotonic() + self._life_s)
        self._refresh[refresh] = grant
        return {"access_token": token, "refresh_token": refresh, "expires_in": self._life_s}

    def refreshable(self, refresh_token: str) -> Grant:
        """What a refresh token stands for."""
        if refresh_token not in self._refresh:
            raise SlackError("invalid_refresh_token")
        return self._refresh[refresh_token]

    def refresh(self, refresh_token: str) -> Json:
        """A new pair in place of a refresh token; the access token before it lives on until it expires."""
        grant = self.refreshable(refresh_token)
        del self._refresh[refresh_token]
        return self.issue(grant)

    def place(self, token: str) -> str:
        """Where a token may be used."""
        if not token:
            raise SlackError("not_authed")
        if token not in self._issued:
            raise SlackError("invalid_auth")
        known = self._issued[token]
        if known.revoked:
            raise SlackError("account_inactive")
        if time.monotonic() >= known.expires_at:
            raise SlackError("token_expired")
        return known.grant.place

    def revoke(self, place: str) -> None:
        """Every token of a place is dead, and so are its refresh tokens."""
        for token in self._at(place):
            token.revoked = True
        self._refresh = {key: grant for key, grant in self._refresh.items() if grant.place != place}

    def expire(self, place: str) -> None:
        """The access tokens of a place have had their time; they can be refreshed."""
        for token in self._at(place):
            token.expires_at = 0.0

    def _at(self, place: str) -> list[_Token]:
        return [token for token in self._issued.values() if token.grant.place == place]

    def _of(self, place: str) -> str | None:
        live = (
            key for key, token in self._issued.items() if token.grant.place == place and not token.revoked
        )
        return next(live, None)


def _secret() -> str:
    return secrets.token_hex(16)
