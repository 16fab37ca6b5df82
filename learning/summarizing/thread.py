"""What is summarized: utterances in the order in which they were said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
LINE = re.compile(r"\s*[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+\s*")
# A full stop that ends a sentence has a space behind it: "3.14" and "example.com" have none.
BOUNDARY = re.compile(r"(?<=[.!?…])[\"'”»)\]]*\s+|(?<=[。！？])")
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
        return LINE.sub(" ", CODE.sub(f" {CODE_TITLE} ", self.text[:CHARACTERS_MOST])).strip()


def spoken(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Those that have words."""
    return [one for one in utterances if one.line]


def sentences(text: str) -> list[str]:
    """The sentences of a text, in any language that ends them with a sign."""
    return [part.strip() for part in BOUNDARY.split(text) if part and part.strip()]
