"""Training without a process of its own: the same work in a thread, which can be made to die at any stage."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from learning.tasks.progress import Progress
from learning.training.child import work


class _DiedError(BaseException):
    """Nothing catches it: no result is written, as after kill -9."""


class TrainingHere:
    """What `learning.training.process.TrainingProcess` is to its owner, in this process.

    dies_at: the stage at whose first report it dies; None if it lives to the end.
    """

    def __init__(self, folder: Path, dies_at: str | None = None) -> None:
        self._folder = folder
        self._dies_at = dies_at
        self._is_stopped = False
        self._has_result = False
        self._latest: Progress | None = None
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)
        self._thread.start()

    @property
    def progress(self) -> Progress | None:
        return self._latest

    @property
    def status(self) -> int | None:
        if self._thread.is_alive():
            return None
        return 0 if self._has_result else -signal.SIGKILL

    def stop(self) -> None:
        self._is_stopped = True
        self._thread.join()

    def _run(self) -> None:
        try:
            work(self._folder, self._tell).write(self._folder)
        except _DiedError:
            return
        self._has_result = True

    def _tell(self, progress: Progress) -> None:
        if self._is_stopped or progress.stage == self._dies_at:
            raise _DiedError
        self._latest = progress


class Deaths:
    """Starts training here; one attempt after the other dies at the stages that are named, later ones at none."""

    def __init__(self, *stages: str) -> None:
        self._stages = list(stages)

    def __call__(self, folder: Path) -> TrainingHere:
        return TrainingHere(folder, self._stages.pop(0) if self._stages else None)
