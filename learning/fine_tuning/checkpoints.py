"""Checkpoints of one run: those of another are not gone on from, nor those that a kill left half-written."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learning.data.examples import Example, LabelTarget
from learning.tasks.recipe import Recipe

STATE = "trainer_state.json"  # the last file of a checkpoint that the Trainer writes
AVERAGE = "average.safetensors"  # what we write after it
# Counted up when what is trained changes: a checkpoint of an earlier release is not gone on from.
FORM = 2


def fingerprint(
    source: str | None,
    targets: Sequence[LabelTarget],
    examples: Sequence[Example],
    groups: NDArray[np.int64] | None,
    recipe: Recipe,
) -> str:
    """Changes with anything that decides what is trained. groups: (examples,)."""
    about = [
        FORM,
        source,
        [asdict(target) for target in targets],
        [asdict(example) for example in examples],
        None if groups is None else groups.tolist(),
        recipe.to_json(),
    ]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def prepare(folder: Path, run: str) -> Path:
    """The folder of the checkpoints of the run with this fingerprint; those of another one are thrown away."""
    noted = folder / "run"
    if not noted.exists() or noted.read_text() != run:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        noted.write_text(run)
    return folder


def last(folder: Path, ours: Sequence[str] = (AVERAGE,)) -> str | None:
    """The last checkpoint that was written to its end; what a kill left half-written after it is thrown away.

    ours: files of it that we write after the Trainer's own.
    """
    for checkpoint in sorted(folder.glob("checkpoint-*"), key=_step, reverse=True):
        try:
            json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
            for file in ours:
                (checkpoint / file).stat()
        except (OSError, ValueError):
            shutil.rmtree(checkpoint, ignore_errors=True)
        else:
            return str(checkpoint)
    return None


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])
