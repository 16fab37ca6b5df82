"""What a person's action entitles the bot to: one view for a trigger_id, five answers to a response_url."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

from local.slack.wire.wire import SlackError

RESPONSES = 5
RESPONSE_LIFE_S = 1_800.0
_FORGET_AFTER_S = 60.0


@dataclass
class _Trigger:
    user: str
    issued_at: float = field(default_factory=time.monotonic)
    spent: bool = False


class Triggers:
    """A trigger_id lives for seconds and works once."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user: str) -> str:
        """A fresh trigger_id for something this person just did."""
        self._forget_old()
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = _Trigger(user)
        return trigger_id

    def knows(self, trigger_id: str) -> bool:
        """Whether it was issued here."""
        return trigger_id in self._issued

    def spend(self, trigger_id: str) -> str:
        """The person whose trigger this is; it cannot be used again."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.spent:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() - trigger.issued_at > self._life_s:
            raise SlackError("expired_trigger_id")
        trigger.spent = True
        return trigger.user

    def _forget_old(self) -> None:
        before = time.monotonic() - max(_FORGET_AFTER_S, self._life_s)
        for trigger_id, trigger in list(self._issued.items()):
            if trigger.issued_at >= before:
                break
            del self._issued[trigger_id]


@dataclass
class ResponseGrant:
    """Where an answer through a response_url goes."""

    channel_id: str
    user: str
    message_ts: str | None = None
    expires_at: float = field(default_factory=lambda: time.monotonic() + RESPONSE_LIFE_S)
    left: int = RESPONSES


class ResponseUrls:
    """A response_url answers five times in thirty minutes, and not across a restart."""

    def __init__(self, team_id: str) -> None:
        self._team_id = team_id
        self._granted: dict[str, ResponseGrant] = {}

    def issue(self, base_url: str, grant: ResponseGrant) -> str:
        """An address that only the bot knows."""
        self._forget_old()
        secret = secrets.token_urlsafe(18)
        self._granted[secret] = grant
        return f"{base_url}actions/{self._team_id}/{secret}"

    def spend(self, secret: str) -> ResponseGrant:
        """The grant, one use poorer."""
        grant = self._granted.get(secret)
        if grant is None or time.monotonic() > grant.expires_at:
            raise SlackError("expired_url")
        if grant.left == 0:
            raise SlackError("used_url")
        grant.left -= 1
        return grant

    def _forget_old(self) -> None:
        now = time.monotonic()
        for secret, grant in list(self._granted.items()):
            if grant.expires_at >= now:
                break
            del self._granted[secret]
