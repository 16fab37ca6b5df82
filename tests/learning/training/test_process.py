from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from learning.gate import Limits
from learning.head import Head
from learning.registry import HEAD
from learning.serving import MODEL as EXPORT
from learning.serving import SERVED, load_small
from learning.training.job import LOG, MODEL, Job, Result
from learning.training.process import TRACKED, TrainingProcess
from learning.training.progress import Progress
from tests.learning.tiny_models import tiny_model
from tests.learning.training.test_fine_tune import QUICK, TARGETS, examples
from tests.local.running import until

OWNER = """
import sys, time
from pathlib import Path
from learning.training.process import TrainingProcess
print(TrainingProcess(Path(sys.argv[1]), 1).pid, flush=True)
time.sleep(60)
"""


def _job(tmp_path: Path, epochs: int = 3, report_to: str = "none", exports: str | None = None) -> Path:
    folder = tmp_path / "work" / "run1"
    some = examples()
    Job(
        title="Training run 1",
        source=tiny_model(tmp_path / "base"),
        champion=None,
        targets=list(TARGETS),
        training=some,
        groups=list(range(len(some))),
        said=some,
        holdout=some[:6],
        recipe=type(QUICK)(**{**QUICK.to_json(), "epochs": epochs}),
        limits=Limits(),
        max_tokens=16,
        threads=1,
        report_to=report_to,
        exports=exports,
    ).write(folder)
    return folder


def test_it_ends_quietly_with_a_result_and_tells_the_tracker_of_the_run_beside_its_folder(
    tmp_path: Path,
) -> None:
    folder = _job(tmp_path, report_to="tensorboard")
    told: set[Progress | None] = set()

    process = TrainingProcess(folder, 1)
    while process.status is None:
        told.add(process.progress)
        time.sleep(0.005)
    process.stop()

    assert process.status == 0, (folder / LOG).read_text()
    result = Result.read(folder)
    assert result
    assert result.failed is None
    assert any(one and one.stage == "training" for one in told)
    [events] = (tmp_path / "work" / TRACKED / "tensorboard" / "run1").iterdir()
    assert b"loss" in events.read_bytes()
    assert b"invoice" not in events.read_bytes()  # what people wrote is nobody's business


def test_what_serves_with_eight_bits_is_judged_so_and_lies_beside_the_weights(tmp_path: Path) -> None:
    folder = _job(tmp_path, exports=str(tmp_path / "exports"))

    process = TrainingProcess(folder, 1)
    until(lambda: process.status is not None, within_s=120)
    process.stop()

    result = Result.read(folder)
    assert result, (folder / LOG).read_text()
    served = result.card["served"]
    model = folder / MODEL
    encoder = load_small(str(model), 16, 1, tmp_path / "unused")
    assert encoder.fingerprint == result.encoder
    assert (model / SERVED / EXPORT).exists() == (served["engine"] == "onnx") == (served["refused"] is None)
    assert list((tmp_path / "exports").iterdir())  # the champion's, which is the encoder as it ships
    assert not (tmp_path / "unused").exists()
    learned = Head.load(model / HEAD)
    for example in examples()[:6]:
        [row] = learned.probabilities(encoder.encode([example.text]).vectors)
        label, probability = result.card["answers"][example.id]
        assert learned.labels[int(row.argmax())] == label
        assert abs(float(row.max()) - probability) < 1e-3


def test_it_dies_with_its_owner_however_that_one_dies(tmp_path: Path) -> None:
    folder = _job(tmp_path, epochs=1_000)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        trainer = psutil.Process(int(owner.stdout.readline()))
        until(lambda: trainer.nice() > 0)  # it has begun, and gives way to others
        os.kill(owner.pid, signal.SIGKILL)

    assert trainer.wait(20) is None or not trainer.is_running()
