"""Names that people chose, as they are shown: what can't be seen in them, or moves the rest, is left out."""

from __future__ import annotations

import re
import unicodedata

UNNAMED = "(unnamed)"
# Controls, what changes the direction of writing, halves of characters, and signs of private use.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Drawn as nothing, although Unicode calls them letters, marks or symbols.
BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    "\U00013441\U00013442\U00016fe4\U0001d159"
)
# These join letters of some scripts and parts of an emoji, and are nothing between others.
JOINERS = re.compile(
    "(?<=[^\\x00-\\x7f\\s])[\u200c\u200d\ufe0e\ufe0f]+(?=[^\\x00-\\x7f\\s])|(?<=[^\\x00-\\x7f\\s])\ufe0f"
)
VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Marks over and under one letter: more of them would cover the lines beside it (Unicode's UTS #39 has the number).
STACKED_MOST = 4
STACKED = frozenset({"Mn", "Me"})
MARKS = re.compile(r"([!-/:-@\[-`{-~])")


def visible(name: str) -> str:
    """A name on one line, without what can't be seen; empty if nothing can."""
    joined = {place for found in JOINERS.finditer(name) for place in range(*found.span())}
    kept = "".join(
        one if place in joined or _is_seen(one) else " " if one.isspace() else ""
        for place, one in enumerate(name)
    )
    shown = " ".join(_lowered(kept).split())
    return shown if any(_is_drawn(one) for one in shown) else ""


def markdown(text: str) -> str:
    """What somebody wrote, on one line that markdown shows as it is: no sign makes a link, an image or a tag."""
    return MARKS.sub(r"\\\1", visible(text))


def markdown_name(name: str) -> str:
    """The same for a name: one that can't be seen gets another."""
    return markdown(visible(name) or UNNAMED)


def _lowered(text: str) -> str:
    """The same with few marks on each letter."""
    kept, number = [], 0
    for one in text:
        kind = unicodedata.category(one)
        number = number + 1 if kind in STACKED else number if kind == "Cf" else 0
        kept.append(one if number <= STACKED_MOST or kind == "Cf" else "")
    return "".join(kept)


def _is_seen(one: str) -> bool:
    is_blank = one in BLANK or VARIANTS.match(one) is not None
    return not is_blank and unicodedata.category(one) not in HIDDEN


def _is_drawn(one: str) -> bool:
    return _is_seen(one) and not one.isspace() and unicodedata.combining(one) == 0
