"""The training process itself, once for each task and each kind of death; what is done with it is tested without it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from learning.summary_training.gate import SummaryLimits
from learning.summary_training.job import SummaryExample, SummaryJob
from learning.summary_training.recipe import SummaryRecipe
from learning.tasks.job import Result
from learning.training.process import TRACKED, TrainingProcess
from learning.writing.thread import Utterance
from tests.learning.summarizing.settled import said
from tests.learning.training.examples import job
from tests.local.running import until

pytestmark = pytest.mark.slow

WITHIN_S = 600.0  # of a process that gives way to all else
OWNER = """
import sys, time
from pathlib import Path
from learning.training.process import TrainingProcess
print(TrainingProcess(Path(sys.argv[1]), 1).pid, flush=True)
time.sleep(600)
"""


# Python imports it before anything else.
PRINTING = """
import os, sys, warnings
os.write(2, b"salary")
print("salary", flush=True)
warnings.warn("salary")
"""


def classifier(folder: Path, encoder: str) -> None:
    """Write the job of training a classifier."""
    job(encoder, report_to="tensorboard").write(folder)


def summarizer(folder: Path, encoder: str) -> None:
    """Write the job of training a summarizer, of which nothing writes."""
    lessons = [
        SummaryExample(
            str(number),
            [Utterance(str(place), user, text) for place, (user, text) in enumerate(said(number))],
            " ".join(text for _, text in said(number) if text.endswith("?")),
        )
        for number in range(8)
    ]
    SummaryJob(
        title="Training run 1",
        writing=None,
        champion=None,
        encoder=encoder,
        training=lessons[:6],
        holdout=lessons[6:],
        recipe=SummaryRecipe(),
        limits=SummaryLimits(),
        limit_s=WITHIN_S,
        threads=1,
    ).write(folder)


@pytest.mark.parametrize("task", [classifier, summarizer])
def test_one_that_is_killed_leaves_no_result_and_the_next_one_ends_quietly_with_it(
    task: Callable[[Path, str], None], tmp_path: Path, tiny_base: str
) -> None:
    folder = tmp_path / "work" / "run1"
    task(folder, tiny_base)

    first = TrainingProcess(folder, 1)
    until(lambda: first.progress, WITHIN_S)
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: first.status is not None, WITHIN_S)
    first.stop()
    left = Result.read(folder)
    second = TrainingProcess(folder, 1)
    until(lambda: second.status is not None, WITHIN_S)
    second.stop()

    assert (first.status, left) == (-signal.SIGKILL, None)
    assert second.status == 0
    assert second.progress
    assert second.progress.done == 1
    result = Result.read(folder)
    assert result
    assert result.failed is None
    assert result.decision
    if task is classifier:
        [events] = (tmp_path / "work" / TRACKED / "tensorboard" / "run1").iterdir()
        assert b"loss" in events.read_bytes()
        assert b"invoice" not in events.read_bytes()  # what people wrote is nobody's business


def test_what_its_libraries_print_is_kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(PRINTING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    folder = tmp_path / "run1"
    folder.mkdir()

    process = TrainingProcess(folder, 1)
    until(lambda: process.status is not None, WITHIN_S)
    process.stop()

    assert Result.read(folder)
    assert not any(b"salary" in file.read_bytes() for file in folder.rglob("*"))


def test_one_that_its_owner_stops_is_gone(tmp_path: Path, tiny_base: str) -> None:
    classifier(tmp_path / "run1", tiny_base)
    process = TrainingProcess(tmp_path / "run1", 1)

    process.stop()

    assert process.status == -signal.SIGKILL
    assert not psutil.pid_exists(process.pid)
    assert Result.read(tmp_path / "run1") is None


def test_it_dies_with_its_owner_however_that_one_dies(tmp_path: Path, tiny_base: str) -> None:
    classifier(tmp_path / "run1", tiny_base)
    command = [sys.executable, "-c", OWNER, str(tmp_path / "run1")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        trainer = psutil.Process(int(owner.stdout.readline()))
        until(lambda: trainer.nice() > 0, WITHIN_S)  # it has begun, and gives way to others
        os.kill(owner.pid, signal.SIGKILL)

    trainer.wait(WITHIN_S)
    assert Result.read(tmp_path / "run1") is None
