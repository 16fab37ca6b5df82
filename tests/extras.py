"""`make test-extras`: each tracker's extra, in an environment that has no other, is told of a real training run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TRACKERS = ("mlflow", "tensorboard", "trackio")


def main() -> None:
    """Install each extra alone; or, called by that environment's Python, train and report to the tracker named."""
    if len(sys.argv) > 1:
        track(sys.argv[1])
        return
    for tracker in TRACKERS:
        with tempfile.TemporaryDirectory(prefix=f"corrigible-{tracker}-") as place:
            try_alone(tracker, Path(place))


def try_alone(tracker: str, place: Path) -> None:
    """Make an environment with one extra and run `track` in it."""
    python = str(place / "bin" / "python")
    install = ["-m", "pip", "install", "--disable-pip-version-check", "-q", "-c", "constraints.txt"]
    run(sys.executable, "-m", "venv", str(place))
    run(python, *install, "torch", "-e", f".[{tracker}]")
    run(python, "-m", "pip", "check")
    run(python, "-m", "tests.extras", tracker)


def run(*command: str) -> None:
    """Run in the clone. Raises CalledProcessError."""
    subprocess.run(command, cwd=ROOT, check=True)


def track(tracker: str) -> None:
    """Train a tiny classifier in a process of its own; exit with a message unless the tracker was told."""
    from learning.tasks.job import Result
    from learning.training.process import TRACKED, TrainingProcess
    from tests.learning.tiny_models import tiny_model
    from tests.learning.training.examples import job

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "work", "run1")
        job(tiny_model(Path(place, "base")), report_to=tracker).write(folder)
        training = TrainingProcess(folder, threads=1)
        while training.status is None:
            time.sleep(0.1)
        training.stop()
        result = Result.read(folder)
        told = [file for file in (folder.parent / TRACKED).rglob("*") if file.is_file()]
        if result is None or result.failed or not told:
            sys.exit(f"{tracker} was told nothing: status {training.status}, {result}")
    print(f"{tracker}: {len(told)} files")


if __name__ == "__main__":
    main()
