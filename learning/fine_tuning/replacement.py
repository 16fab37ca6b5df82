"""Replacement: now and then, a word of a training text gives way to one that the team uses too and that means much the
same to the encoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learning.encoders.encoder import Encoder
from learning.heads.centring import centred
from learning.text.linear import LETTER, Match, Pattern

WORDS = Pattern(rf"[{LETTER}]{{3,}}")
# A word in one text alone is most often a name or a slip.
TEXTS_LEAST = 2
WORDS_MOST = 4_000
# Cosine of centred vectors from which two words are close, and how many of these are kept for each.
CLOSE = 0.45
NEIGHBOURS = 5


@dataclass(frozen=True)
class Replacement:
    """`close`: for each word, in small letters, those that may take its place; `share`: of the words that do."""

    close: Mapping[str, Sequence[str]]
    share: float

    def __call__(self, text: str, random: np.random.Generator) -> str:
        """The text with other words in it."""

        def other(found: Match) -> str:
            words = self.close.get(found[0].casefold(), ())
            if not words or random.random() >= self.share:
                return found[0]
            return words[int(random.integers(len(words)))]

        return WORDS.sub(other, text)


def close_words(texts: Sequence[str], encoder: Encoder) -> dict[str, list[str]]:
    """For each word that is in several of the texts, the words among them that the encoder finds close, closest first.

    Centred, because to many encoders all single words are alike.
    """
    used = Counter(word for text in texts for word in {one.casefold() for one in WORDS.findall(text)})
    words = [word for word, number in used.most_common(WORDS_MOST) if number >= TEXTS_LEAST]
    if len(words) < 2:
        return {}
    read = encoder.encode(words).vectors
    vectors = centred(read, read.mean(axis=0))
    similar = vectors @ vectors.T
    np.fill_diagonal(similar, -1.0)
    nearest = np.argsort(-similar, axis=1)[:, :NEIGHBOURS]
    close = {
        word: [words[at] for at in near if similar[row, at] >= CLOSE]
        for row, (word, near) in enumerate(zip(words, nearest, strict=True))
    }
    return {word: others for word, others in close.items() if others}
