"""A search as a folder: what the process is given that searches the recipe, and the trials that it leaves there.

The folder holds what people wrote, as that of a training run does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from learning.data.examples import Example, LabelTarget
from learning.tasks.recipe import Recipe

JOB, TRIALS = "tune.json", "trials.json"
FOLDS = 3
AUGMENTATION = ("augmentation", "replacement")


@dataclass(frozen=True)
class TuneJob:
    """Everything that a search needs to know.

    source: as in `Job`; groups: (examples,), one number for texts that say nearly the same, which stay in one fold;
    before: the recipe that runs follow now, which is tried first; fixed: what RECIPE names, which no trial changes.
    """

    source: str | None
    targets: list[LabelTarget]
    examples: list[Example]
    groups: list[int]
    before: Recipe
    fixed: list[str]
    trials: int
    threads: int

    def write(self, folder: Path) -> None:
        """Put it into a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / JOB).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> TuneJob:
        """The job of a folder. Raises OSError, ValueError, KeyError where there is none that can be read."""
        given: dict[str, Any] = json.loads((folder / JOB).read_text(encoding="utf-8"))
        read = {
            "targets": [LabelTarget(**one) for one in given["targets"]],
            "examples": [Example(**one) for one in given["examples"]],
            "before": Recipe.from_json(given["before"]),
        }
        return TuneJob(**{**given, **read})


def is_search(folder: Path) -> bool:
    """Is the job of a folder a search?"""
    return (folder / JOB).exists()


@dataclass(frozen=True)
class Trial:
    """A recipe that was tried, and its macro-F1 on examples that it did not learn from; None if it was given up."""

    recipe: Recipe
    score: float | None

    @property
    def is_augmented(self) -> bool:
        return any(getattr(self.recipe, name) for name in AUGMENTATION)

    def is_plain_twin_of(self, other: Trial) -> bool:
        """Is this the same recipe without augmentation?"""
        plain = replace(other.recipe, augmentation=0.0, replacement=0.0, stop_after=0)
        return not self.is_augmented and replace(self.recipe, stop_after=0) == plain


def keep(folder: Path, trials: Sequence[Trial]) -> None:
    """Write down the trials so far, complete before they can be seen."""
    unfinished = folder / f".{TRIALS}"
    unfinished.write_text(json.dumps([asdict(one) for one in trials]), encoding="utf-8")
    unfinished.replace(folder / TRIALS)


def read(folder: Path) -> list[Trial]:
    """The trials that were written down, the first one that of the recipe before."""
    try:
        given = json.loads((folder / TRIALS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Trial(Recipe.from_json(one["recipe"]), one["score"]) for one in given]


def best(trials: Sequence[Trial]) -> Trial:
    """The trial that wins; the first one, of the recipe before, unless another is better.

    One with augmentation wins only if the same recipe without it was tried and is not as good.
    """
    first, *others = trials
    eligible = [one for one in others if not one.is_augmented or _beats_its_twin(one, trials)]
    return max([first, *eligible], key=lambda one: -1.0 if one.score is None else one.score)


def _beats_its_twin(one: Trial, trials: Sequence[Trial]) -> bool:
    twins = [other for other in trials if other.is_plain_twin_of(one)]
    return bool(twins) and all((other.score or 0.0) < (one.score or 0.0) for other in twins)
