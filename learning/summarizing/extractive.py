"""The extractive summarizer: picks what people said, by a linear head over what the encoder's vectors tell of it.

Without a word from people the head's weights are the prior's: close to what the thread is about, early, not too short,
not a question. People's choices move them (`fit`). Of what is nearly the same one is picked (maximal marginal
relevance, Carbonell & Goldstein, 1998).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors
from learning.writing.thread import Utterance

FEATURES = ("central", "near", "early", "length", "question", "number", "short")
PRIOR = (2.5, 0.0, 1.0, 0.8, -0.3, 0.3, -1.5)
PRECISION = 2.0
REDUNDANCY = 0.5
SAME = 0.98
PICKED_MOST = 3
# Words from which on an utterance is as long as need be, and below which it says hardly anything.
LONG, SHORT = 25, 4

Features = NDArray[np.float64]


@dataclass(frozen=True)
class ChosenUtterances:
    """A thread of which somebody chose what matters: features (utterances, 7), chosen (utterances,) 0 to 1."""

    features: Features
    chosen: NDArray[np.float64]


@dataclass(frozen=True)
class Picker:
    """The head: one weight a feature. `learned`: from how many threads."""

    weights: tuple[float, ...] = PRIOR
    learned: int = 0

    def pick(self, utterances: Sequence[Utterance], vectors: Vectors, most: int = PICKED_MOST) -> list[int]:
        """Rows of the utterances that say most of the thread, in the order in which they were said.

        vectors: (utterances, dimensions), each row of length 1.
        """
        scores = describe(utterances, vectors) @ np.array(self.weights)
        picked: list[int] = []
        while len(picked) < min(most, len(utterances)):
            left = scores.copy()
            left[picked] = -np.inf
            if picked:
                overlap = (vectors @ vectors[picked].T).max(axis=1)
                left -= REDUNDANCY * np.maximum(overlap, 0) * np.abs(scores).max()
                if not np.isneginf(left[overlap <= SAME]).all():  # something else is left to be said
                    left[overlap > SAME] = -np.inf
            picked.append(int(left.argmax()))
        return sorted(picked)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        about = {"features": FEATURES, "weights": self.weights, "learned": self.learned}
        path.write_text(json.dumps(about), encoding="utf-8")

    @staticmethod
    def load(path: Path) -> Picker:
        """Read what `save` wrote. Raises OSError, KeyError or ValueError where it is something else."""
        about = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(about, dict) or tuple(about["features"]) != FEATURES:
            raise ValueError("it was made for other features")
        if len(about["weights"]) != len(FEATURES):
            raise ValueError("it has not one weight a feature")
        return Picker(tuple(float(one) for one in about["weights"]), int(about["learned"]))


def describe(utterances: Sequence[Utterance], vectors: Vectors) -> Features:
    """(utterances, 7): what is known of each one, as FEATURES names it."""
    number = len(utterances)
    middle = vectors.mean(axis=0)
    middle /= max(float(np.linalg.norm(middle)), 1e-9)
    near = np.zeros(number)
    if number > 1:
        beside = (vectors[1:] * vectors[:-1]).sum(axis=1)
        near[1:] += beside
        near[:-1] += beside
        near /= 2
    words = np.array([len(one.line.split()) for one in utterances])
    columns = [
        vectors @ middle,
        near,
        1.0 - np.arange(number) / max(number - 1, 1),
        np.minimum(words / LONG, 1.0),
        np.array([one.line.rstrip().endswith(("?", "？")) for one in utterances]),
        np.array([any(sign.isdigit() for sign in one.line) for one in utterances]),
        words < SHORT,
    ]
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def fit(choices: Sequence[ChosenUtterances]) -> Picker:
    """A head that picks as people did: in each thread, what was chosen before what was not.

    A softmax over the utterances of a thread, with a Gaussian prior around PRIOR.
    """
    from scipy.optimize import minimize

    prior = np.array(PRIOR)
    usable = [one for one in choices if one.chosen.sum() > 0 and len(one.chosen) > 1]
    if not usable:
        return Picker()

    def loss_and_gradient(weights: Features) -> tuple[float, Features]:
        away = weights - prior
        loss, gradient = PRECISION / 2 * float(away @ away), PRECISION * away
        for one in usable:
            share = one.chosen / one.chosen.sum()
            logits = one.features @ weights
            shifted = np.exp(logits - logits.max())
            likelihood = shifted / shifted.sum()
            loss -= float(share @ np.log(likelihood + 1e-12))
            gradient = gradient + (likelihood - share) @ one.features
        return loss, gradient

    found = minimize(loss_and_gradient, prior, jac=True, method="L-BFGS-B")
    return Picker(tuple(float(one) for one in found.x), len(usable))


def chosen_by(text: str, utterances: Sequence[Utterance]) -> NDArray[np.float64]:
    """(utterances,): how much of each one stands in a summary that a person wrote, as F1 of their words."""
    wanted = _words(text)
    shares = []
    for one in utterances:
        said = _words(f"{one.speaker} {one.line}")
        both = len(wanted & said)
        shares.append(2 * both / (len(wanted) + len(said)) if both else 0.0)
    best = max(shares, default=0.0)
    return np.array([share if share >= best / 2 else 0.0 for share in shares])


def _words(text: str) -> set[str]:
    return {word.strip(".,;:!?\"'()").casefold() for word in text.split()}
