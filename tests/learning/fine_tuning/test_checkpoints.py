from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from learning.data.examples import Example, LabelTarget
from learning.fine_tuning.checkpoints import AVERAGE, STATE, fingerprint, last, prepare
from learning.tasks.recipe import Recipe

TARGETS = [LabelTarget("b", "billing", "invoice"), LabelTarget("x", "export", "export")]
EXAMPLES = [Example("1", "where is my invoice", "b"), Example("2", "the export crashes", "x")]


def write(folder: Path, step: int, state: str | None) -> Path:
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    if state is not None:
        (checkpoint / STATE).write_text(state)
        (checkpoint / AVERAGE).write_bytes(b"weights")
    return checkpoint


def test_the_last_checkpoint_is_that_of_the_most_steps(tmp_path: Path) -> None:
    written = [write(tmp_path, step, "{}") for step in (90, 100, 9)]

    assert last(tmp_path) == str(written[1])


def test_a_checkpoint_that_a_kill_left_half_written_is_thrown_away(tmp_path: Path) -> None:
    whole = write(tmp_path, 4, "{}")
    write(tmp_path, 8, '{"epoch": 2.0, "log_his')
    write(tmp_path, 12, None)
    (write(tmp_path, 16, "{}") / AVERAGE).unlink()

    assert last(tmp_path) == str(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-4"]


def test_without_a_checkpoint_there_is_no_last_one(tmp_path: Path) -> None:
    assert last(tmp_path) is None


def test_the_same_run_keeps_its_checkpoints_and_another_one_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    kept = write(prepare(folder, "one run"), 4, "{}")

    assert last(prepare(folder, "one run")) == str(kept)
    assert last(prepare(folder, "another")) is None


def test_whatever_decides_what_is_trained_makes_it_another_run() -> None:
    groups = np.array([0, 1])
    usual = fingerprint("base", TARGETS, EXAMPLES, groups, Recipe())
    corrected = [EXAMPLES[0], replace(EXAMPLES[1], label_id="b")]

    others = {
        fingerprint(None, TARGETS, EXAMPLES, groups, Recipe()),
        fingerprint("base", TARGETS[::-1], EXAMPLES, groups, Recipe()),
        fingerprint("base", TARGETS, corrected, groups, Recipe()),
        fingerprint("base", TARGETS, EXAMPLES, np.array([0, 0]), Recipe()),
        fingerprint("base", TARGETS, EXAMPLES, None, Recipe()),
        fingerprint("base", TARGETS, EXAMPLES, groups, Recipe(seed=1)),
    }

    assert usual == fingerprint("base", TARGETS, EXAMPLES, groups, Recipe())
    assert len(others - {usual}) == 6
