"""What is summarized: utterances in the order in which they were said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from learning.text.linear import SPACE, Pattern

# How Slack, and a summary that is kept, write a person.
MARK = Pattern(r"<@(?P<user>[A-Z0-9]+)(?:\|[^<>]{0,80})?>")
CODE = Pattern(r"(?s)```.*?(?:```|\z)")
LINE = Pattern(rf"[{SPACE}]*[\r\n\x{{0b}}\x{{0c}}\x{{1c}}-\x{{1e}}\x{{85}}\x{{2028}}\x{{2029}}]+[{SPACE}]*")
# A full stop that ends a sentence has a space behind it: "3.14" and "example.com" have none.
BOUNDARY = Pattern(rf"(?P<stop>[.!?…])[\"'”»)\]]*[{SPACE}]+|(?P<sign>[。！？])")
CUT = "\x00"  # which no text that is kept holds
CODE_TITLE = "(code)"
# Of a message longer than this only the beginning is read: a pasted log file says nothing to a summary.
CHARACTERS_MOST = 4_000


@dataclass(frozen=True)
class Utterance:
    """Something that one person said. `id`: of its message; `speaker`: what that person is called."""

    id: str
    speaker: str
    text: str

    @property
    def line(self) -> str:
        """What was said, on one line and without code: nothing in it can look like another person's turn."""
        return LINE.sub(" ", CODE.sub(f" {CODE_TITLE} ", self.beginning)).strip()

    @property
    def beginning(self) -> str:
        """As much of what was said as is read."""
        return self.text[:CHARACTERS_MOST]


def spoken(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Those that have words."""
    return [one for one in utterances if one.line]


def sentences(text: str) -> list[str]:
    """The sentences of a text, in any language that ends them with a sign."""
    cut = BOUNDARY.sub(lambda found: f"{found['stop'] or found['sign']}{CUT}", text)
    return [part.strip() for part in cut.split(CUT) if part.strip()]
