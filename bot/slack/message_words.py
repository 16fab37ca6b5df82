"""The words of a message as Slack sent it: what its author wrote, and what they forwarded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.slack.mrkdwn import escape
from bot.slack.shapes import Json, text_or_none
from learning.text.linear import Pattern

# How the fallback of a forwarded message begins: when, and who wrote it.
BYLINE = Pattern(r"\A\[[^\[\]]{1,80}\] [^:\n]{1,80}: ")
BLOCKS_MOST = 500


@dataclass(frozen=True)
class MessageWords:
    """Both are mrkdwn. Only in `own` words does an author mention somebody."""

    own: str
    forwarded: str

    @property
    def whole(self) -> str:
        """All that is to be read."""
        return "\n".join(part for part in (self.own, self.forwarded) if part)


def wording(message: Json) -> MessageWords:
    """Read a message: its text, or its blocks if it has none, and the messages that it forwards.

    Unfurled links, also those to messages, are nobody's words. Parts of an unknown shape are passed over.

    Raises PayloadError.
    """
    own = text_or_none(message, "text") or _of_blocks(message.get("blocks"))
    shared = [_forwarded(one) for one in _objects(message.get("attachments")) if _is_forwarded(one, own)]
    return MessageWords(own, "\n".join(part for part in shared if part))


def _is_forwarded(attachment: Json, own: str) -> bool:
    """Is it a message that was forwarded? Slack marks one whose link somebody pasted in the same way."""
    if attachment.get("is_share"):
        return True
    if not attachment.get("is_msg_unfurl"):
        return False
    links = (attachment.get("from_url"), attachment.get("original_url"))
    return not any(isinstance(link, str) and link and (link in own or escape(link) in own) for link in links)


def _forwarded(attachment: Json) -> str:
    text = attachment.get("text")
    if isinstance(text, str) and text.strip():
        return text
    originals = [one.get("message") for one in _objects(attachment.get("message_blocks"))]
    blocks = [_of_blocks(one.get("blocks")) for one in originals if isinstance(one, dict)]
    if found := "\n".join(part for part in blocks if part) or _of_blocks(attachment.get("blocks")):
        return found
    fallback = attachment.get("fallback")
    return BYLINE.sub(lambda _found: "", fallback) if isinstance(fallback, str) else ""


def _of_blocks(blocks: object) -> str:
    """What blocks say, as mrkdwn."""
    lines = (_of_block(block) for block in _objects(blocks)[:BLOCKS_MOST])
    return "\n".join(line for line in lines if line.strip())


def _of_block(block: Json) -> str:
    match block.get("type"):
        case "rich_text":
            return "\n".join(_rich(block))
        case "section":
            parts = [block.get("text"), *_objects(block.get("fields"))]
            return "\n".join(filter(None, map(_of_text, parts)))
        case "header":
            return _of_text(block.get("text"))
        case "context":
            return " ".join(filter(None, map(_of_text, _objects(block.get("elements")))))
        case "markdown":
            return escape(_text(block, "text"))
    return ""


def _of_text(found: object) -> str:
    """A text object; nothing of another one, such as an image."""
    if not isinstance(found, dict):
        return ""
    match found.get("type"):
        case "mrkdwn":
            return _text(found, "text")
        case "plain_text":
            return escape(_text(found, "text"))
    return ""


def _rich(element: Json) -> Iterator[str]:
    """The lines of rich text: what is inside of sections, lists, quotes and code."""
    inline = ""
    for inner in _objects(element.get("elements")):
        if "elements" in inner:
            yield from ([inline] if inline else [])
            inline = ""
            yield from _rich(inner)
        else:
            inline += _leaf(inner)
    if inline:
        yield inline


def _leaf(element: Json) -> str:
    match element.get("type"):
        case "text":
            return escape(_text(element, "text"))
        case "link":
            label = escape(_text(element, "text"))
            return f"<{escape(_text(element, 'url'))}{'|' if label else ''}{label}>"
        case "user":
            return f"<@{_text(element, 'user_id')}>"
        case "usergroup":
            return f"<!subteam^{_text(element, 'usergroup_id')}>"
        case "channel":
            return f"<#{_text(element, 'channel_id')}>"
        case "broadcast":
            return f"<!{_text(element, 'range')}>"
        case "emoji":
            return f":{_text(element, 'name')}:"
        case "date":
            return escape(_text(element, "fallback"))
    return ""


def _text(element: Json, name: str) -> str:
    found = element.get(name)
    return found if isinstance(found, str) else ""


def _objects(found: object) -> list[Json]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
