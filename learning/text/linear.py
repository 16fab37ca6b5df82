"""Regular expressions for text that users wrote, searched by RE2: the time grows with the text, whatever it says.

RE2 has no lookaround; its `\\w`, `\\d`, `\\s` and `\\b` know ASCII alone. The classes below are Python's, to be written
within brackets; what may not stand around a match is an argument.

One search is linear; many are only if none looks far beyond its match. An expression that begins to match in many
places and is disappointed late (`<\\|.*?\\|>`) needs a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import re2

WORD = r"\pL\pN_"
LETTER = r"\pL\p{Nl}\p{No}"
DIGIT = r"\p{Nd}"
SPACE = r"\s\x{0b}\x{1c}-\x{1f}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"

Groups = dict[str, int]


class Match:
    """Where an expression matched: `found[0]` is all of it, `found["name"]` a group, empty if that took no part."""

    __slots__ = ("_found", "_groups", "_whole")

    def __init__(self, found: Any, whole: int, groups: Groups) -> None:
        self._found = found
        self._whole = whole
        self._groups = groups

    def __getitem__(self, group: int | str) -> str:
        number = self._groups[group] if isinstance(group, str) else self._whole
        return (self._found[number] or b"").decode()


class Pattern:
    """One expression of RE2's syntax, which never matches an empty text. Halves of surrogate pairs are read as `?`."""

    def __init__(
        self, expression: str, *, unless_after: str = "", unless_before: str = "", ahead: str = ""
    ) -> None:
        """`unless_after`, `unless_before`: characters, as within brackets, that may not stand around a match.

        `ahead`: an expression that has to follow a match, and is no part of it.
        """
        behind = rf"[^{unless_after}]" if unless_after else ""
        if unless_before:
            ahead = rf"(?:\z|[^{unless_before}]){ahead}"
        self._looks_around = bool(behind or ahead)
        # What is looked for behind the first sign.
        self._before = b"\n" if behind else b""
        options = re2.Options()
        options.log_errors = False
        self._compiled = re2.compile(f"{behind}({expression}){ahead}", options)
        self._groups: Groups = dict(self._compiled.groupindex)

    def finditer(self, text: str) -> Iterator[Match]:
        """Every match, from left to right, none within another."""
        return (Match(found, 1, self._groups) for found in self._found(self._encoded(text)))

    def findall(self, text: str) -> list[str]:
        """What matched, from left to right."""
        return [found[1].decode() for found in self._found(self._encoded(text))]

    def search(self, text: str) -> Match | None:
        """The first match."""
        return next(self.finditer(text), None)

    def fullmatch(self, text: str) -> Match | None:
        """The match that is the whole text."""
        found = self._compiled.fullmatch(self._encoded(text))
        return Match(found, 1, self._groups) if found else None

    def sub(self, replacement: str | Callable[[Match], str], text: str) -> str:
        """The text with something else in the place of each match."""
        encoded = self._encoded(text)
        parts: list[bytes] = []
        end = len(self._before)
        for found in self._found(encoded):
            said = replacement if isinstance(replacement, str) else replacement(Match(found, 1, self._groups))
            parts += (encoded[end : found.start(1)], _encoded(said))
            end = found.end(1)
        return b"".join((*parts, encoded[end:])).decode()

    def _found(self, encoded: bytes) -> Iterator[Any]:
        if not self._looks_around:
            yield from self._compiled.finditer(encoded)
            return
        at = 0
        while found := self._compiled.search(encoded, at):
            yield found
            at = found.end(1)
            if self._before:  # what ends this match stands before the next one
                at = _start_of_sign(encoded, at - 1)

    def _encoded(self, text: str) -> bytes:
        return self._before + _encoded(text)


def escape(text: str) -> str:
    """An expression that matches this text alone."""
    return str(re2.escape(text.encode("utf-8", "replace").decode()))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _start_of_sign(encoded: bytes, at: int) -> int:
    while encoded[at] & 0xC0 == 0x80:
        at -= 1
    return at
