"""Searching the recipe, seen from its owner: a process tries recipes until its time is over, and the best is kept."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from learning.classifying.examples import TooFewExamplesError
from learning.data.examples import Example
from learning.tasks.job import Result
from learning.tasks.progress import Progress
from learning.tasks.recipe import Recipe
from learning.training import trials
from learning.training.process import TrainingAttempt
from learning.training.trials import FOLDS, Trial, TuneJob

PAUSE_S = 0.1
# Of one trial nobody knows whether another recipe would be better.
TRIALS_LEAST = 2
# If two trials seem to take so many times as long as there is, the search ends at once.
HOPELESS = 1.2


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
class TunedRecipe:
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
    start: Callable[[Path], TrainingAttempt],
    deadline: Deadline | None,
    tell: Callable[[Progress], None],
) -> TunedRecipe:
    """Search until all trials are done or the time is over: the trial under way is stopped, and counts for nothing.

    start: begins the job of a folder. Raises TooFewExamplesError, NotEnoughTimeError, SearchFailedError.
    """
    _check(job.examples)
    job.write(folder)
    pace, training = _Pace(job.trials), start(folder)
    try:
        while training.status is None and not (deadline and deadline.is_over):
            if told := training.progress:
                tell(told)
                _check_time(pace.needed(told), deadline)
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
        raise NotEnoughTimeError(deadline.minutes, pace.needed(training.progress))
    raise SearchFailedError("its process died")


def _tuned(tried: Sequence[Trial]) -> TunedRecipe:
    found = trials.best(tried)
    before = tried[0].score or 0.0
    return TunedRecipe(found.recipe, found.score or 0.0, before, tuple(one.score for one in tried))


class _Pace:
    """How fast folds are done. The first one says little, because libraries are loaded with it."""

    def __init__(self, trials: int) -> None:
        self._trials = trials
        self._began = time.monotonic()
        self._marks: dict[int, float] = {}

    def needed(self, told: Progress | None) -> float | None:
        """About how many minutes two trials take from begin to end; None if nobody can say yet, or they are done."""
        done = round((told.done if told else 0.0) * self._trials * FOLDS)
        if done:
            self._marks.setdefault(done, time.monotonic())
        first, last = min(self._marks, default=0), max(self._marks, default=0)
        if first == last or last >= TRIALS_LEAST * FOLDS:
            return None
        each = (self._marks[last] - self._marks[first]) / (last - first)
        return (self._marks[last] - self._began + (TRIALS_LEAST * FOLDS - last) * each) / 60


def _check_time(needed: float | None, deadline: Deadline | None) -> None:
    """Say at once that the time will not do, instead of when it is over. Raises NotEnoughTimeError."""
    if deadline and needed and needed > HOPELESS * deadline.minutes:
        raise NotEnoughTimeError(deadline.minutes, needed)


def _check(examples: Sequence[Example]) -> None:
    most = max(Counter(example.label_id for example in examples).values())
    if most < FOLDS:
        raise TooFewExamplesError(most, FOLDS)
