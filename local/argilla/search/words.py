"""Text as the index keeps it, and as a query has to be put so that it is found: one spelling for both."""

from __future__ import annotations

import re
import unicodedata

# Written without spaces between words: each sign is a word, and several in a row are a phrase.
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# FTS5 passes over emoji and other symbols, and newer ones it does not know: each gets a name.
SYMBOL = re.compile(r"[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")

# As many as Unicode's stream-safe text format allows.
MARKS_MOST = 30


def spelled(text: str) -> str:
    """Composed letters, one word for each sign that needs no space, no sign that SQLite cannot store."""
    return SYMBOL.sub(_name, UNSPACED.sub(r" \g<0> ", _composed(storable(text))))


def storable(text: str) -> str:
    """This text without what UTF-8 has no form for (half of a pair) and without NUL, which ends a string of SQLite."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")


def _composed(text: str) -> str:
    """Python sorts the marks on one letter by comparing each with each: those beyond any language's are left out."""
    if text.isascii():
        return text
    signs, marks = [], 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= MARKS_MOST:
            signs.append(sign)
    return unicodedata.normalize("NFC", "".join(signs))


def is_word(text: str) -> bool:
    """Does FTS5 find anything in it to look for?"""
    return any(unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "Co" for sign in text)


def _name(symbol: re.Match[str]) -> str:
    return f" symbol{ord(symbol[0]):x} "
