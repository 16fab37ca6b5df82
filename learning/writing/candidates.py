"""Which of some summaries is closest to what was said: supported sentence by sentence, and about the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from learning.encoders.encoder import Encoder

CANDIDATES = 5


def closest(encoder: Encoder) -> Callable[[Sequence[str], Sequence[Sequence[str]]], int]:
    """A choice by the encoder's vectors.

    The sum of two cosines: of each sentence with the line that is nearest to it (their mean), and of the summary with
    the mean of all lines.
    """

    def choose(lines: Sequence[str], candidates: Sequence[Sequence[str]]) -> int:
        if len(candidates) == 1:
            return 0
        said = encoder.encode(list(lines)).vectors
        middle = said.mean(axis=0)
        middle /= max(float(np.linalg.norm(middle)), 1e-9)
        scores = []
        for sentences in candidates:
            support = float((encoder.encode(list(sentences)).vectors @ said.T).max(axis=1).mean())
            [whole] = encoder.encode([" ".join(sentences)]).vectors
            scores.append(support + float(whole @ middle))
        return int(np.argmax(scores))

    return choose
