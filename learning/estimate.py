"""What the randomly asked tenth says honestly: how right the model is, and what choosing messages saved.

Only random answers are a fair sample of what people write; what a query strategy chose is harder than that.
`docs/decisions/0007-query-strategies.md` says how often the intervals held where the truth was known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning import head
from learning.encoder import Vectors

CONFIDENCE = 0.95
RANDOM_LEAST = 50
FOLDS = 4
PARTS = (0.25, 0.5, 1.0)
RESAMPLES = 400
# Error after n random labels: error(0) · (1 + n / onset) ** -slope. So steep and so early may it fall.
SLOPES = np.linspace(0.1, 0.8, 15)
ONSETS_A_LABEL = np.geomspace(0.1, 10, 15)
TIMES_MOST = 20.0

Errors = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A share between 0 and 1, and where it lies in 95 of 100 cases."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Savings:
    """`labels` were asked; choosing at random, about `at_random` would do the same, `low` to `high` in 95 of 100 cases.

    `high` is infinite where there is no telling.
    """

    labels: int
    at_random: float
    low: float
    high: float


@dataclass(frozen=True)
class NotYet:
    """Why nothing can be said about savings, in words."""

    reason: str


def accuracy(right: int, asked: int) -> Interval | None:
    """How often the model is right, from random answers alone; None where there are none.

    right: of the predictions made before their answer came, those it agreed with. Jeffreys' interval (Brown, Cai &
    DasGupta, 2001).
    """
    from scipy.stats import beta

    if not asked:
        return None
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if right == 0 else float(beta.ppf(tail, right + 0.5, asked - right + 0.5))
    high = 1.0 if right == asked else float(beta.ppf(1 - tail, right + 0.5, asked - right + 0.5))
    return Interval(right / asked, low, high)


def saved(
    descriptions: Vectors, vectors: Vectors, classes: head.Classes, is_random: NDArray[np.bool_], seed: int
) -> Savings | NotYet:
    """How many labels random choice would need to be as right as all answers together make the model.

    descriptions: (labels, dimensions); vectors: (answers, dimensions); classes: (answers,), rows of `descriptions`;
    is_random: (answers,). Heads fitted to random answers alone and to all answers are compared on random answers
    that neither has seen. Assumes that error falls with random labels as error(0) · (1 + n / onset) ** -slope, also
    beyond as many as were asked, and that what people write did not change meanwhile.
    """
    number = int(is_random.sum())
    if number < RANDOM_LEAST:
        return NotYet(f"not yet: needs {RANDOM_LEAST - number} more random answers")
    if number == len(classes):
        return NotYet("nothing was chosen: every answer was asked at random")
    sizes, wrong = _wrong(descriptions, vectors, classes, is_random, seed)
    random = np.random.default_rng(seed)
    weights = random.multinomial(number, np.full(number, 1 / number), RESAMPLES) / number  # the bootstrap
    errors = np.vstack([wrong.mean(axis=0), weights @ wrong])  # (1 + RESAMPLES, sizes)
    times = _needed(sizes[:-1], errors[:, :-1], errors[:, -1], len(descriptions)) / sizes[-1]
    if not np.isfinite(times[0]):
        return NotYet("not yet: the random answers show no learning curve")
    low, high = np.quantile(np.minimum(times[1:], 1e9), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    upper = np.inf if high > TIMES_MOST else high
    return Savings(len(classes), *(float(len(classes) * share) for share in (times[0], low, upper)))


def _wrong(
    descriptions: Vectors, vectors: Vectors, classes: head.Classes, is_random: NDArray[np.bool_], seed: int
) -> tuple[Errors, Errors]:
    """Which random answers (rows) a head gets wrong that has not seen them, for each number of labels (columns).

    The columns are no label, parts of the random answers, and last all answers. Also those numbers.
    """
    random_rows = np.random.default_rng(seed).permutation(np.flatnonzero(is_random))
    wrong = np.zeros((len(random_rows), len(PARTS) + 2))
    sizes = np.zeros(len(PARTS) + 2)
    for fold in range(FOLDS):
        held = np.arange(fold, len(random_rows), FOLDS)
        others = np.delete(random_rows, held)
        parts = [others[: round(len(others) * part)] for part in (0, *PARTS)]
        every = np.setdiff1d(np.arange(len(classes)), random_rows[held])
        fitted = None
        for column, rows in enumerate([*parts, every]):
            fitted = head.fit(_names(descriptions), descriptions, vectors[rows], classes[rows], fitted)
            said = fitted.probabilities(vectors[random_rows[held]]).argmax(axis=1)
            wrong[held, column] = said != classes[random_rows[held]]
            sizes[column] += len(rows) / FOLDS
    return sizes, wrong


def _names(descriptions: Vectors) -> tuple[str, ...]:
    return tuple(str(number) for number in range(len(descriptions)))


def _needed(sizes: Errors, errors: Errors, reached: Errors, labels: int) -> Errors:
    """How many random labels have the error `reached`, (resamples,), by the curve through `errors` at `sizes`.

    errors: (resamples, sizes). Infinite where the curve does not get there.
    """
    slopes, onsets = (grid.ravel() for grid in np.meshgrid(SLOPES, ONSETS_A_LABEL * labels))
    shapes = (1 + sizes / onsets[:, None]) ** -slopes[:, None]  # (curves, sizes)
    beginnings = (errors @ shapes.T) / np.square(shapes).sum(axis=1)  # least squares, (resamples, curves)
    misfit = np.square(errors).sum(axis=1, keepdims=True) - beginnings**2 * np.square(shapes).sum(axis=1)
    best = misfit.argmin(axis=1)
    beginning = beginnings[np.arange(len(errors)), best]
    with np.errstate(divide="ignore", over="ignore"):
        needed: Errors = onsets[best] * ((beginning / reached) ** (1 / slopes[best]) - 1)
    return np.where(reached > 0, np.maximum(needed, 0), np.inf)
