"""Slack's mrkdwn: read as plain words for the model, written without letting people's text become markup."""

from __future__ import annotations

import html

from learning.linear import DIGIT, WORD, Pattern

MENTION = Pattern(r"<[@!#][^>|]*(?:\|(?P<words>[^>]*))?>")
LINK = Pattern(r"<(?P<address>(?:https?|mailto|tel):[^>|]*)(?:\|(?P<words>[^>]*))?>")
# Not the minutes of 10:30:45.
EMOJI = Pattern(
    rf":(?P<name>[a-z0-9_+'-]+?)(?:::skin-tone-[{DIGIT}])?:", unless_after=WORD, unless_before=WORD
)
HALF_A_SIGN = Pattern(r"&[a-z]{0,3}\z")
SPACES = Pattern(r"[ \t]+")


def plain(text: str) -> str:
    """What a person reads in `text`: mentions of people left out, links by their words, emoji by their names."""
    text = MENTION.sub(lambda found: found["words"], text)
    text = LINK.sub(lambda found: found["words"] or found["address"], text)
    text = EMOJI.sub(lambda found: f" {found['name'].replace('_', ' ').replace('-', ' ')} ", text)
    return _storable(SPACES.sub(" ", _unescaped(text))).strip()


def _unescaped(text: str) -> str:
    """Slack escapes three signs, and no others: `&#39;` is what somebody wrote."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _storable(text: str) -> str:
    """`text` without what no database takes: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def clipped(text: str, most: int) -> str:
    """The beginning of an escaped text: no sign is cut in two."""
    return text if len(text) <= most else HALF_A_SIGN.sub("", text[:most])


def escape(text: str) -> str:
    """`text` as it must be written so that Slack shows it as it is."""
    return html.escape(text, quote=False)
