"""Faithfulness: each sentence of a summary is checked against what was said.

Support is the largest cosine between a sentence and what one person, or two in turn, said. Names, numbers and links
that nobody wrote are found by their letters: vectors do not tell 14 from 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from learning.encoders.encoder import Encoder, Vectors
from learning.text.linear import DIGIT, LETTER, SPACE, WORD, Match, Pattern, escape
from learning.writing.thread import Utterance

# Chosen on DialogSum's development split: people's own sentences against their dialogue and against another one
# (docs/decisions/0013-summaries.md).
SUPPORT_LEAST = 0.35
# What is nearly as close as the closest is a source too.
NEARLY, SOURCES_MOST = 0.9, 3

# Whatever a client may turn into a link: with a scheme, an address of mail, or words with dots between them.
LINK = Pattern(
    rf"(?i)[a-zİı][a-zİı+.-]{{0,63}}://[^{SPACE}|<>]+|[{WORD}][{WORD}.+-]{{0,63}}@[{WORD}-]+(?:\.[{WORD}-]+)+"
    rf"|[{WORD}][{WORD}-]*(?:\.[{WORD}-]+)*\.[a-zİı]{{2,}}(?:/[^{SPACE}|<>]*)?",
    unless_after=WORD,
    unless_before=WORD,
)
SCHEME = Pattern(r"\A[a-z][a-z+.-]*://(?:www\.)?")
NUMBER = Pattern(rf"[{DIGIT}]+(?:[.,:/-][{DIGIT}]+)*")
WORDS = Pattern(rf"[{LETTER}][{WORD}'’-]*")
ENDS = ".,;:!?)'\"”»>"
REMOVED = "(a link that nobody wrote)"


@dataclass(frozen=True)
class Sentence:
    """One sentence of a summary. `sources`: ids of the utterances on which it rests, closest first.

    `unfounded`: names and numbers in it that nobody wrote; `support`: -1 to 1, how close it is to what was said.
    """

    text: str
    sources: tuple[str, ...]
    support: float
    unfounded: tuple[str, ...] = ()

    @property
    def is_supported(self) -> bool:
        """Did anybody say something like it?"""
        return self.support >= SUPPORT_LEAST


class Checker:
    """Checks sentences against one thread, which is read once."""

    def __init__(self, utterances: Sequence[Utterance], encoder: Encoder) -> None:
        self._encoder = encoder
        self._utterances = list(utterances)
        self._written = " ".join(f"{one.speaker} {one.beginning}" for one in utterances).casefold()
        self._links = {_bare(link) for link in LINK.findall(self._written)}
        self._words = {_stem(word) for word in WORDS.findall(self._written)}
        self._numbers = set(NUMBER.findall(self._written))
        lines = [one.line for one in utterances]
        self.vectors: Vectors = encoder.encode(lines).vectors
        pairs = [f"{before} {after}" for before, after in pairwise(lines)]
        self._pairs = (
            encoder.encode(pairs).vectors if pairs else np.zeros((0, encoder.dimensions), np.float32)
        )

    def check(self, sentences: Sequence[str]) -> list[Sentence]:
        """What is known of each sentence; links that nobody wrote are taken out of it."""
        cleaned = [self._without_foreign_links(sentence) for sentence in sentences]
        if not cleaned:
            return []
        vectors = self._encoder.encode([self._unnamed(sentence) for sentence in cleaned]).vectors
        return [self._judge(text, vector) for text, vector in zip(cleaned, vectors, strict=True)]

    def _judge(self, text: str, vector: Vectors) -> Sentence:
        singly = self.vectors @ vector
        together = self._pairs @ vector
        # A sentence often rests on a question and its answer: a pair counts for both of them.
        best = singly.copy()
        best[: len(together)] = np.maximum(best[: len(together)], together)
        best[1 : len(together) + 1] = np.maximum(best[1 : len(together) + 1], together)
        order = np.argsort(-(best + singly / 100), kind="stable")[:SOURCES_MOST]
        support = float(best[order[0]])
        near = [row for row in order if best[row] >= NEARLY * support]
        sources = tuple(self._utterances[row].id for row in near)
        return Sentence(text, sources, support, self._unfounded(text))

    def _unnamed(self, text: str) -> str:
        """Without the speakers' names: who said it is not what was said."""
        named = sorted(
            {one.speaker for one in self._utterances if one.speaker in text}, key=len, reverse=True
        )
        for speaker in filter(None, named):
            text = _without_name(speaker, text)
        return text.strip() or "…"

    def _without_foreign_links(self, text: str) -> str:
        def keep(found: Match) -> str:
            link = found[0].rstrip(ENDS)
            return found[0] if _bare(link) in self._links else REMOVED + found[0][len(link) :]

        return LINK.sub(keep, text)

    def _unfounded(self, text: str) -> tuple[str, ...]:
        numbers = [one for one in NUMBER.findall(LINK.sub(" ", text)) if one.casefold() not in self._numbers]
        return tuple(dict.fromkeys([*numbers, *self._names(LINK.sub(" ", text))]))

    def _names(self, text: str) -> list[str]:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        found = []
        for word in WORDS.finditer(text):
            is_capital = word[0][0].isupper() and len(word[0]) > 1
            is_known = _stem(word[0].casefold()) in self._words or word[0].casefold() in ENGLISH_STOP_WORDS
            if is_capital and not is_known:
                found.append(word[0])
        return found


def _bare(link: str) -> str:
    """A link as it is the same however it is written."""
    return SCHEME.sub("", link.casefold()).rstrip(ENDS + "/")


def _stem(word: str) -> str:
    """Enough of a word that another form of it is known again."""
    word = word.removesuffix("'s").removesuffix("’s")
    return word[: max(4, len(word) - 3)]


def _without_name(speaker: str, text: str) -> str:
    """Without a name, and without the colon and the spaces behind it."""
    name = escape(speaker)
    text = Pattern(rf"{name}(?::[{SPACE}]*|[{SPACE}]+)", unless_after=WORD).sub("", text)
    return Pattern(name, unless_after=WORD, unless_before=WORD).sub("", text)
