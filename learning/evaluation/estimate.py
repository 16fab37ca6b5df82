"""What the randomly asked tenth says honestly: how right the model is, and what choosing messages saved.

Only random answers are a fair sample of what people write; what a query strategy chose is harder than that.
`docs/decisions/0007-query-strategies.md` says how often the intervals held where the truth was known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors
from learning.heads import head

CONFIDENCE = 0.95
RANDOM_LEAST = 50
FOLDS = 4
PARTS = (0.25, 0.5, 1.0)
RESAMPLES = 400
# Error after n random labels: error(0) · (floor + (1 - floor) · (1 + n / onset) ** -slope). What is supposed of such
# curves beforehand, mean and standard deviation: slope, logarithm of the onset in labels to learn, floor.
PRIOR = np.array([[0.5, 0.12], [np.log(3.0), 0.7], [0.0, 0.05]])
# Where the truth was known this law misled by up to three times: the deviation of its logarithm.
LAW_ERROR = 0.5
SLOPES = np.linspace(0.1, 0.9, 17)
ONSETS = np.log(np.geomspace(0.1, 15, 17))
FLOORS = np.linspace(0.0, 0.5, 6)
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

    @property
    def says_something(self) -> bool:
        """Is it clear whether choosing helped? It did if random choice would have needed more, in 95 of 100 cases."""
        return not self.low <= self.labels <= self.high


@dataclass(frozen=True)
class NotYet:
    """Why nothing can be said about savings, in words."""

    reason: str


def accuracy(right: int, asked: int) -> Interval | None:
    """How often the model is right, from random answers alone; None where there are none.

    right: of the predictions made before their answer came, those it agreed with. Jeffreys' interval (Brown, Cai &
    DasGupta, 2001).
    """
    from scipy.special import betaincinv  # scipy.stats would take most of a second to load

    if not asked:
        return None
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if right == 0 else float(betaincinv(right + 0.5, asked - right + 0.5, tail))
    high = 1.0 if right == asked else float(betaincinv(right + 0.5, asked - right + 0.5, 1 - tail))
    return Interval(right / asked, low, high)


def saved(
    descriptions: Vectors, vectors: Vectors, classes: head.Classes, is_random: NDArray[np.bool_], seed: int
) -> Savings | NotYet:
    """How many labels random choice would need to be as right as all answers together make the model.

    descriptions: (labels, dimensions); vectors: (answers, dimensions); classes: (answers,), rows of `descriptions`;
    is_random: (answers,). Heads fitted to random answers alone and to all answers are compared on random answers
    that neither has seen. Assumes that error falls with random labels by a power law (Viering & Loog, 2021) whose
    shape is like that of other texts where the answers say little, also beyond as many as were asked, and that what
    people write did not change meanwhile.
    """
    number = int(is_random.sum())
    if number < RANDOM_LEAST:
        return NotYet(f"not yet: needs {RANDOM_LEAST - number} more random answers")
    if number == len(classes):
        return NotYet("nothing was chosen: every answer was asked at random")
    sizes, wrong = _wrong(descriptions, vectors, classes, is_random, seed)
    times = _resampled(sizes, wrong, len(descriptions), seed) / sizes[-1]
    low, middle, high = np.quantile(np.minimum(times, 1e9), [(1 - CONFIDENCE) / 2, 0.5, (1 + CONFIDENCE) / 2])
    if middle > TIMES_MOST:
        return NotYet("not yet: the random answers do not show how fast the model learns from them")
    upper = np.inf if high > TIMES_MOST else high
    return Savings(len(classes), *(float(len(classes) * share) for share in (middle, low, upper)))


def _wrong(
    descriptions: Vectors, vectors: Vectors, classes: head.Classes, is_random: NDArray[np.bool_], seed: int
) -> tuple[Errors, Errors]:
    """Which random answers (rows) a head gets wrong that has not seen them, for each number of labels (columns).

    The columns are no label, parts of the random answers, and last all answers. Also those numbers.
    """
    random_rows = np.random.default_rng(seed).permutation(np.flatnonzero(is_random))
    chosen = np.flatnonzero(~is_random)
    names = tuple(str(number) for number in range(len(descriptions)))
    start = head.fit(names, descriptions, vectors[chosen], classes[chosen], None)  # saves time in each fold
    wrong = np.zeros((len(random_rows), len(PARTS) + 2))
    sizes = np.zeros(len(PARTS) + 2)
    for fold in range(FOLDS):
        held = np.arange(fold, len(random_rows), FOLDS)
        others = np.delete(random_rows, held)
        learned = [others[: round(len(others) * part)] for part in (0, *PARTS)]
        fitted = None
        for column, rows in enumerate([*learned, np.concatenate([chosen, others])]):
            fitted = start if column == len(learned) else fitted
            fitted = head.fit(names, descriptions, vectors[rows], classes[rows], fitted)
            said = fitted.probabilities(vectors[random_rows[held]]).argmax(axis=1)
            wrong[held, column] = said != classes[random_rows[held]]
            sizes[column] += len(rows) / FOLDS
    return sizes, wrong


def _resampled(sizes: Errors, wrong: Errors, labels: int, seed: int) -> Errors:
    """Random labels with the error of all answers, (RESAMPLES,): what the answers and the prior leave possible.

    Each resample draws answers (the bootstrap) and a prior mean, takes the curve that fits both best, and how far such
    curves mislead.
    """
    random = np.random.default_rng(seed)
    number = len(wrong)
    errors = random.multinomial(number, np.full(number, 1 / number), RESAMPLES) / number @ wrong
    curves = np.stack([grid.ravel() for grid in np.meshgrid(SLOPES, ONSETS, FLOORS)])  # (3, curves)
    means = random.normal(PRIOR[:, :1], PRIOR[:, 1:], (3, RESAMPLES))
    means[2] = np.abs(means[2])
    unlikely = sum(
        np.square((curve - mean[:, None]) / deviation)
        for curve, mean, deviation in zip(curves, means, PRIOR[:, 1], strict=True)
    )
    curves[1] = labels * np.exp(curves[1])
    needed = _needed(sizes[:-1], errors, np.asarray(unlikely), curves, number)
    return needed * np.exp(random.normal(0.0, LAW_ERROR, RESAMPLES))


def _needed(sizes: Errors, errors: Errors, unlikely: Errors, curves: Errors, number: int) -> Errors:
    """How many random labels have the error of the last column, by the likeliest curve through the others.

    errors: (resamples, sizes + 1), shares of `number` answers; unlikely: (resamples, curves); curves: (3, curves),
    slopes, onsets and floors. Returns (resamples,).
    """
    seen, reached = errors[:, :-1], errors[:, -1]
    slopes, onsets, floors = curves[:, :, None]
    shapes = floors + (1 - floors) * (1 + sizes / onsets) ** -slopes  # (curves, sizes)
    beginnings = (seen @ shapes.T) / np.square(shapes).sum(axis=1)  # least squares, (resamples, curves)
    misfit = np.square(seen).sum(axis=1, keepdims=True) - beginnings**2 * np.square(shapes).sum(axis=1)
    variance = np.maximum(seen * (1 - seen), 1 / number).mean(axis=1, keepdims=True) / number
    best = (misfit / variance + unlikely).argmin(axis=1)
    slope, onset, floor = curves[:, best]
    beginning = beginnings[np.arange(len(errors)), best]
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        # A head that erred in no answer begins at 0. If all answers make it err, it needs no label to be as right; if
        # it errs in none of them either, nothing is known (0 / 0 is NaN, and `above > 0` is then false).
        above = reached / beginning - floor
        needed: Errors = onset * (((1 - floor) / above) ** (1 / slope) - 1)
    return np.where(above > 0, np.maximum(needed, 0), np.inf)
