"""Text as a person types it, made into text as Slack sends it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.slack.wire.wire import Json

_TOKEN = re.compile(r"(<(?:@[UW]\w|#C\w|![a-z]|https?://|mailto:)[^<>]*>)")
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
_AT_NAME = re.compile(r"(?<![\w@])@([a-z][a-z0-9_-]*)")
_HASH_NAME = re.compile(r"(?<![\w#&])#([a-z][a-z0-9_-]*)")


def as_sent(typed: str, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Escape `&`, `<` and `>`, and turn `@name` and `#name` into Slack's tokens.

    What is a token or an entity already stays as it is, so text may come escaped or plain.
    """

    def plain(part: str) -> str:
        part = _ENTITY.sub("&amp;", part).replace("<", "&lt;").replace(">", "&gt;")
        part = _AT_NAME.sub(lambda m: f"<@{users[m[1]]}>" if m[1] in users else m[0], part)
        return _HASH_NAME.sub(lambda m: f"<#{channels[m[1]]}|{m[1]}>" if m[1] in channels else m[0], part)

    # split() puts what the pattern's group matched, the tokens, at the odd places
    return "".join(part if at % 2 else plain(part) for at, part in enumerate(_TOKEN.split(typed)))


def rich_text(text: str) -> list[Json]:
    """The rich_text block that Slack adds to what people write."""
    parts = _TOKEN.split(text)
    elements = [_token(part[1:-1]) if at % 2 else _text(part) for at, part in enumerate(parts) if part]
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]


def _text(escaped: str) -> Json:
    return {
        "type": "text",
        "text": escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
    }


def _token(token: str) -> Json:
    target, _, label = token.partition("|")
    if target.startswith("@"):
        return {"type": "user", "user_id": target[1:]}
    if target.startswith("#"):
        return {"type": "channel", "channel_id": target[1:]}
    if target.startswith("!"):
        return {"type": "broadcast", "range": target[1:]}
    return {"type": "link", "url": target, **({"text": label} if label else {})}
