"""The job of a training process that makes a summarizer, as a folder (see `learning/tasks/job.py`)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from learning.summary_training.gate import SummaryLimits
from learning.summary_training.recipe import SummaryRecipe
from learning.tasks.job import JOB
from learning.writing.thread import Utterance
from storage.tables.models import TaskName

# What the files of a version hold: the sentence picker's head, and perhaps a model that writes.
PICKER, WRITER = "picker.json", "writer"


@dataclass(frozen=True)
class SummaryExample:
    """A conversation and what its summary should say, as people settled it; everybody under an invented name."""

    id: str
    utterances: list[Utterance]
    text: str


@dataclass(frozen=True)
class Writing:
    """A model that writes is trained too. `source`: from which (None: the installed one); `acceptance`: the id of the
    acceptance of Slack's policy under which that is done.
    """

    source: str | None
    acceptance: str


@dataclass(frozen=True)
class SummaryJob:
    """Everything that a training process needs to know to make a summarizer.

    writing: None where no model that writes is trained; champion: the folder of the version in service, None where it
    was never trained; encoder: as in `Job`; limit_s: for one summary.
    """

    title: str
    writing: Writing | None
    champion: str | None
    encoder: str | None
    training: list[SummaryExample]
    holdout: list[SummaryExample]
    recipe: SummaryRecipe
    limits: SummaryLimits
    limit_s: float
    threads: int
    report_to: str = "none"
    task: str = TaskName.SUMMARIZATION

    def write(self, folder: Path) -> None:
        """Put it into a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / JOB).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> SummaryJob:
        """The job of a folder. Raises OSError, ValueError, KeyError, TypeError where there is none that can be read."""
        given: dict[str, Any] = json.loads((folder / JOB).read_text(encoding="utf-8"))
        read = {
            "writing": Writing(**given["writing"]) if given["writing"] else None,
            "training": [_lesson(one) for one in given["training"]],
            "holdout": [_lesson(one) for one in given["holdout"]],
            "recipe": SummaryRecipe.from_json(given["recipe"]),
            "limits": SummaryLimits(**given["limits"]),
        }
        return SummaryJob(**{**given, **read})


def _lesson(given: dict[str, Any]) -> SummaryExample:
    return SummaryExample(given["id"], [Utterance(**one) for one in given["utterances"]], given["text"])
