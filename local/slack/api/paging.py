"""Slack's cursors: opaque to the bot, an offset or a `ts` to us."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from local.slack.wire.wire import Arguments, Json, SlackError

T = TypeVar("T")
_MARK = "after:"


def cursor(place: str) -> str:
    """What the bot sends back to be shown what follows `place`."""
    return base64.urlsafe_b64encode(f"{_MARK}{place}".encode()).decode()


def place(arguments: Arguments) -> str:
    """The place a cursor stands for; empty at the beginning."""
    given = arguments.text("cursor")
    if not given:
        return ""
    try:
        mark, _, found = base64.urlsafe_b64decode(given.encode()).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise SlackError("invalid_cursor") from None
    if mark + ":" != _MARK or not found:
        raise SlackError("invalid_cursor")
    return found


def page(items: Sequence[T], arguments: Arguments, default: int = 100) -> tuple[list[T], Json]:
    """The items this call is for, and the response_metadata that leads to the rest."""
    at = place(arguments)
    if at and not at.isdigit():
        raise SlackError("invalid_cursor")
    start = int(at or 0)
    end = start + arguments.number("limit", default)
    following = cursor(str(end)) if end < len(items) else ""
    return list(items[start:end]), {"next_cursor": following}
