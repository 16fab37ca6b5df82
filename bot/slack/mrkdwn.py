"""Slack's mrkdwn: read as plain words for the model, written without letting people's text become markup."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Sequence

from slack_sdk.models.blocks import PlainTextObject

from bot.language.catalogues import _, many
from learning.text.linear import DIGIT, WORD, Pattern
from learning.text.names import visible
from storage.text.encodable import clean

MENTION = Pattern(r"<[@!#][^>|]*(?:\|(?P<words>[^>]*))?>")
LINK = Pattern(r"<(?P<address>(?:https?|mailto|tel):[^>|]*)(?:\|(?P<words>[^>]*))?>")
# Not the minutes of 10:30:45.
EMOJI = Pattern(
    rf":(?P<name>[a-z0-9_+'-]+?)(?:::skin-tone-[{DIGIT}])?:", unless_after=WORD, unless_before=WORD
)
SPACES = Pattern(r"[ \t]+")
HALF = Pattern(r"(?:&[a-z]{0,3}|<[^<>]*)\z")
# Signs that Slack obeys, as signs that look the same; an underscore does nothing inside a word.
MARKS = str.maketrans("*~`", "\u2217\u223c\u02cb")
UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# Where Slack sees an address, a person, a channel or an emoji in plain words: an invisible sign keeps its parts apart.
WOULD_LINK = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=//)|(?<=\w)(?=\.[^\W\d_]{2})|(?<=:)(?=[^\s:]+:)")
APART = "\u2060"
BUTTON_MOST = 75  # characters that Slack allows on a button and in a menu


def plain(text: str) -> str:
    """What a person reads in `text`: mentions of people left out, links by their words, emoji by their names."""
    text = MENTION.sub(lambda found: "" if found[0].startswith("<@") else found["words"], text)
    text = LINK.sub(lambda found: found["words"] or found["address"], text)
    text = EMOJI.sub(lambda found: f" {found['name'].replace('_', ' ').replace('-', ' ')} ", text)
    return clean(SPACES.sub(" ", _unescaped(text))).strip()


def _unescaped(text: str) -> str:
    """Slack escapes three signs, and no others: `&#39;` is what somebody wrote."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def clipped(text: str, most: int) -> str:
    """The beginning of an escaped text: no sign, mention or link is cut in two."""
    return text if len(text) <= most else HALF.sub("", text[:most])


def fitting(lines: Sequence[str], most: int) -> list[str]:
    """The first lines, which have at most so many characters together, and how many more there are."""
    shown: list[str] = []
    for line in lines:
        if sum(map(len, shown)) + len(shown) + len(line) > most:
            return [*shown, many("… and {number} more", "… and {number} more", len(lines) - len(shown))]
        shown.append(line)
    return shown


def inert(text: str) -> str:
    """What somebody chose, on one line that Slack shows as it is: no format, link, mention or emoji; perhaps empty."""
    seen = UNDERSCORE.sub("\u02cd", visible(text).translate(MARKS))
    return escape(WOULD_LINK.sub(APART, seen))


def as_name(name: str) -> str:
    """The same for a name: one that can't be seen gets another."""
    return inert(name) or _("(unnamed)")


def as_plain_name(name: str, most: int = BUTTON_MOST) -> str:
    """The same where Slack shows plain text, such as on a button; it has to be told there to make no emoji of it."""
    seen = visible(name) or _("(unnamed)")
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def plain_text(name: str) -> PlainTextObject:
    """A name for a button or a menu."""
    return PlainTextObject(text=as_plain_name(name), emoji=False)


def moment(at: float) -> str:
    """A moment (seconds since 1970) in the reader's own time zone."""
    otherwise = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
    return f"<!date^{int(at)}^{{date_short_pretty}} {{time}}|{otherwise}>"


def escape(text: str) -> str:
    """`text` as it must be written so that Slack shows it as it is."""
    return html.escape(text, quote=False)
