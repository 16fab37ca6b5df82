"""The champion: the version in service. Encoder and head are one reference, swapped whole."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from learning.encoders.encoder import Encoder, Vectors
from learning.heads.centring import centred
from learning.heads.head import Head, Ranked
from learning.heads.offering import margin


@dataclass(frozen=True)
class Ranking:
    """What the model thinks of one message: label ids and probabilities, likeliest first, and how well any fits."""

    ranked: Ranked
    vector: Vectors
    cut: bool
    likeness: float

    @property
    def label_id(self) -> str:
        return self.ranked[0][0]

    @property
    def confidence(self) -> float:
        return self.ranked[0][1]

    def is_none(self, floor: float | None) -> bool:
        """Does no label fit, since the likeness is below `floor`? None calls nothing none."""
        return floor is not None and self.likeness < floor

    @property
    def margin(self) -> float:
        """How far the likeliest label is ahead of the next, 0 to 1."""
        return margin(self.ranked)


@dataclass(frozen=True)
class Served:
    """One revision of one version, whole: what it reads with, what it decides with, and its name.

    mean: (dimensions,), that of the team's messages under this encoder.
    """

    version: int
    revision: int
    encoder: Encoder
    head: Head
    mean: Vectors | None = None

    def centred(self, vectors: Vectors) -> Vectors:
        """Embeddings by whose cosines messages are alike, (messages, dimensions), for those of the encoder."""
        return centred(vectors, self.mean)

    def rank(self, texts: list[str], most: int = 10) -> list[Ranking]:
        """The `most` likeliest labels of each text."""
        encoding = self.encoder.encode(texts)
        rankings = self.head.ranked(encoding.vectors, most)
        likeness = self.head.likeness(encoding.vectors)
        return [
            Ranking(ranked, vector, cut, float(fits))
            for ranked, vector, cut, fits in zip(
                rankings, encoding.vectors, encoding.cut, likeness, strict=True
            )
        ]


class Champion:
    """Holds what is served. Readers take `served` once and use that; a swap changes the one reference."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._turn = threading.Lock()

    def swap(self, served: Served) -> Served:
        """Serve this from the next batch on; return what it replaced."""
        with self._turn:
            previous, self.served = self.served, served
        return previous

    def refit(self, previous: Served, served: Served) -> bool:
        """Serve this in the place of `previous`; not where another version was swapped in meanwhile."""
        with self._turn:
            if self.served is not previous:
                return False
            self.served = served
        return True
