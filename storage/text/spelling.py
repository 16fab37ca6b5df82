"""Texts that are spelled differently and mean the same, made the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Unicode's stream-safe text format (UAX #15) allows so many marks in a row, more than any language has, and puts this
# sign between further ones.
MARKS_MOST, JOINER = 30, "\u034f"


def composed(text: str) -> str:
    """The text with composed letters (NFC), in time that grows with its length.

    Python sorts the marks on one letter by comparing each with each, which takes seconds if there are thousands.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", "".join(_parted(text)))


def _parted(text: str) -> Iterator[str]:
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks > MARKS_MOST:
            yield JOINER
            marks = 1
        yield sign
