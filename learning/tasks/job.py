"""A training job as a folder: what the training process is given, and what it leaves there.

The folder holds what people wrote: only its owner may read it, and it is removed when the run ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from learning.data.examples import Example, LabelTarget
from learning.evaluation.gate import GateLimits
from learning.tasks.recipe import Recipe
from storage.tables.models import TaskName

JOB, RESULT = "job.json", "result.json"
# The folder, within a job's, of what it trained.
MODEL = "model"


@dataclass(frozen=True)
class TrainingJob:
    """Everything that a training process needs to know.

    source: the encoder to begin from (None: the installed one); champion: the folder of the version in service, None
    where it is `source` as it is; said: what both heads are fitted to before they are compared on the holdout; exports:
    where those of encoders are kept (`learning/encoders/serving.py`), None where PyTorch serves.
    """

    title: str
    source: str | None
    champion: str | None
    targets: list[LabelTarget]
    training: list[Example]
    groups: list[int]
    said: list[Example]
    holdout: list[Example]
    recipe: Recipe
    limits: GateLimits
    max_tokens: int
    threads: int
    report_to: str = "none"
    exports: str | None = None
    task: str = TaskName.CLASSIFICATION

    def write(self, folder: Path) -> None:
        """Put it into a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / JOB).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> TrainingJob:
        """The job of a folder. Raises OSError, ValueError, KeyError where there is none that can be read."""
        given: dict[str, Any] = json.loads((folder / JOB).read_text(encoding="utf-8"))
        read = {
            "targets": [LabelTarget(**one) for one in given["targets"]],
            "recipe": Recipe.from_json(given["recipe"]),
            "limits": GateLimits(**given["limits"]),
        }
        for name in ("training", "said", "holdout"):
            read[name] = [Example(**one) for one in given[name]]
        return TrainingJob(**{**given, **read})


def task_of(folder: Path) -> TaskName:
    """What the job of a folder is to train. Raises OSError, ValueError, KeyError where there is none."""
    return TaskName(json.loads((folder / JOB).read_text(encoding="utf-8"))["task"])


@dataclass(frozen=True)
class Result:
    """What a training process found. `failed` says why there is no model, in words, and `where` in the code."""

    encoder: str = ""
    decision: str = ""
    reason: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    failed: str | None = None
    where: str = ""
    is_out_of_memory: bool = False

    def write(self, folder: Path) -> None:
        """Complete before it can be seen."""
        unfinished = folder / f".{RESULT}"
        unfinished.write_text(json.dumps(asdict(self)), encoding="utf-8")
        unfinished.replace(folder / RESULT)

    @staticmethod
    def read(folder: Path) -> Result | None:
        """The result in a folder; None where there is none yet."""
        try:
            given: Mapping[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Result(**given)
