"""`corrigible status`: what the running bot says of its health, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx

from bot.context.settings import Settings
from bot.wording import argilla_text
from storage.database.faults import WORDS as OF_DATABASE

TIMEOUT_S = 3.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (an address to compare with, not to listen at)
WORDS = {
    ("bot", "not_serving"): "it is starting or stopping",
    (
        "operators' channel",
        "channel_deleted",
    ): "it was deleted: name another one in OPS_CHANNEL or on the Home tab",
    ("operators' channel", "channel_shared"): "it is shared with another organization: name another one",
    (
        "operators' channel",
        "is_archived",
    ): "it is archived: unarchive it and invite the bot, or name another one",
    ("operators' channel", "not_in_channel"): "the bot is not in it: invite it there",
    ("slack", "no_answer"): "it does not answer, so nothing is delivered until it does",
    ("slack", "not_connected"): "the connection is lost",
}
OF_WORKERS = {
    "hangs": "it hangs: restart the bot",
    "thread_ended": "its thread has ended: restart the bot",
}
# Of an error that nobody foresaw there is only its kind.
UNFORESEEN = {
    "database": "it can't be written to ({reason})",
    "slack": "it refuses everything in a workspace ({reason}), so nothing is delivered: install the app again, or ask "
    "its administrators",
    "workspace": "one can't be served ({reason}): the log says which, and why",
}
OF_ANY = "it ends with an error each time ({reason}): the log says more"


def in_words(part: str, reason: str) -> str:
    """What is wrong with a part, and what to do about it."""
    if part == "argilla":
        return argilla_text.why(reason)
    known = OF_DATABASE if part == "database" else OF_WORKERS
    unforeseen = UNFORESEEN.get(part, OF_ANY).format(reason=reason)
    return WORDS.get((part, reason)) or known.get(reason) or unforeseen


def rows(settings: Settings) -> Iterator[tuple[str, str]]:
    """Name and value of each line about the bot that runs on this machine."""
    host = EVERYWHERE.get(settings.host, settings.host)
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/healthz"
    try:
        told = httpx.get(address, timeout=TIMEOUT_S, trust_env=False).json()
        yield from _rows(told)
    except httpx.ReadTimeout:
        yield "bot", f"it hangs, or is very busy (no answer in time from {address}): restart it if this lasts"
    except (httpx.HTTPError, httpx.InvalidURL):
        yield "bot", f"not running here (no answer from {address})"
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        yield "bot", f"not running here (another program answers at {address})"


def _rows(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "bot", "running" if told["live"] else "running, but needs a restart"
    yield "can store messages", "yes" if told["ready"] else "no"
    for kind in ("failing", "degraded"):
        for one in told[kind]:
            yield f"{kind}: {one['part']}", _in_words(**one)


def _in_words(part: str, reason: str, since: str, **_: str) -> str:
    said = in_words(part, reason)
    when = datetime.fromisoformat(since).astimezone().strftime("%Y-%m-%d %H:%M")
    return f"{said} (since {when})"
