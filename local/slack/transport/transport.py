"""What both ways of reaching a bot have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from local.slack.wire.wire import Json


class Kind(StrEnum):
    """What is delivered, in Socket Mode's words."""

    EVENT = "events_api"
    INTERACTIVE = "interactive"
    COMMAND = "slash_commands"


@dataclass(frozen=True)
class Retry:
    """Which attempt at an event this is, and why the one before it failed."""

    attempt: int = 0
    reason: str = ""


class NotAcknowledgedError(Exception):
    """The bot did not say in time that it has taken a delivery."""

    def __init__(self, reason: str, again: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again  # False where the bot asked not to be sent it again


class Transport(Protocol):
    """Socket Mode, or signed HTTP."""

    @property
    def connected(self) -> bool:
        """Whether a bot is there."""

    async def deliver(self, kind: Kind, payload: Json, retry: Retry) -> Any:
        """Send once; return what the bot answered with, or raise NotAcknowledgedError."""

    def start(self) -> None:
        """Begin to look out for the bot."""

    async def close(self) -> None:
        """Let the bot go; what is still unanswered counts as not acknowledged."""
