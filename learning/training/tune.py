"""Searching the recipe, seen from its owner: a process tries recipes until its time is over, and the best is kept."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from learning.training import trials
from learning.training.examples import Example
from learning.training.job import Result
from learning.training.lessons import TooFewExamplesError
from learning.training.process import Training
from learning.training.progress import Progress
from learning.training.recipe import Recipe
from learning.training.trials import FOLDS, Trial, TuneJob

PAUSE_S = 0.1
# Of one trial nobody knows whether another recipe would be better.
TRIALS_LEAST = 2
# What two trials seem to take is told from the first fold, with which the libraries are loaded.
HOPELESS = 2.0


class NotEnoughTimeError(RuntimeError):
    """The time was over before two recipes could be compared."""

    def __init__(self, minutes: float, needed: float | None) -> None:
        minute = "minute" if needed and needed <= 1 else "minutes"
        more = f"; here they take about {math.ceil(needed)} {minute}" if needed else ""
        super().__init__(
            f"{minutes:g} minutes are not enough time for the {TRIALS_LEAST} trials that a comparison needs{more}. "
            "Nothing was changed. Give --minutes more, or leave it out."
        )


class SearchFailedError(RuntimeError):
    """The search ended with an error, of which nothing more is known than its words."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The search failed: {reason}. Nothing was changed.")


@dataclass(frozen=True)
class Tuned:
    """The best recipe and its macro-F1 on examples that it did not learn from; also that of the recipe before.

    `scores`: of each trial, in their order; None where it was given up.
    """

    recipe: Recipe
    score: float
    score_before: float
    scores: tuple[float | None, ...]

    @property
    def is_better(self) -> bool:
        return self.score > self.score_before


@dataclass(frozen=True)
class Deadline:
    """When a search has to end, by the monotonic clock, and how many minutes were given."""

    minutes: float
    at: float

    @staticmethod
    def after(minutes: float) -> Deadline:
        """So many minutes from now."""
        return Deadline(minutes, time.monotonic() + 60 * minutes)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.at


def tune(
    job: TuneJob,
    folder: Path,
    start: Callable[[Path], Training],
    deadline: Deadline | None,
    tell: Callable[[Progress], None],
) -> Tuned:
    """Search until all trials are done or the time is over: the trial under way is stopped, and counts for nothing.

    start: begins the job of a folder. Raises TooFewExamplesError, NotEnoughTimeError, SearchFailedError.
    """
    _check(job.examples)
    job.write(folder)
    began, training = time.monotonic(), start(folder)
    try:
        while training.status is None and not (deadline and deadline.is_over):
            if told := training.progress:
                tell(told)
                _check_time(told, job, deadline, began)
            time.sleep(PAUSE_S)
        is_over = training.status is None
    finally:
        training.stop()
    tried, result = trials.read(folder), Result.read(folder)
    if result and result.failed:
        raise SearchFailedError(result.failed)
    if len(tried) >= TRIALS_LEAST:
        return _tuned(tried)
    if deadline and is_over:
        raise NotEnoughTimeError(deadline.minutes, _needed(training.progress, job, began))
    raise SearchFailedError("its process died")


def _tuned(tried: Sequence[Trial]) -> Tuned:
    found = trials.best(tried)
    before = tried[0].score or 0.0
    return Tuned(found.recipe, found.score or 0.0, before, tuple(one.score for one in tried))


def _check_time(told: Progress, job: TuneJob, deadline: Deadline | None, began: float) -> None:
    """Say at once that the time will not do, instead of when it is over. Raises NotEnoughTimeError."""
    needed = _needed(told, job, began)
    if deadline and needed and needed > HOPELESS * deadline.minutes:
        raise NotEnoughTimeError(deadline.minutes, needed)


def _needed(told: Progress | None, job: TuneJob, began: float) -> float | None:
    """About how many minutes two trials take; None before the first fold is done, and after the two."""
    done = round((told.done if told else 0.0) * job.trials * FOLDS)
    if not 0 < done < TRIALS_LEAST * FOLDS:
        return None
    return (time.monotonic() - began) / 60 / done * FOLDS * TRIALS_LEAST


def _check(examples: Sequence[Example]) -> None:
    most = max(Counter(example.label_id for example in examples).values())
    if most < FOLDS:
        raise TooFewExamplesError(most, FOLDS)
