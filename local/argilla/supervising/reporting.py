"""What the supervisor says that its server is busy with."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from local.argilla.search import line
from local.argilla.search.line import Line
from local.argilla.server import progress
from local.argilla.server.children import Task
from local.argilla.server.progress import SERVING, Progress

EVERY_S = 1.0
TROUBLES = {None: None, 0: None, progress.FULL: "full"}  # by the status with which the reconciler ended


class Reporter:
    """Writes the progress of one home, and takes it back once there is nothing to wait for."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._began = time.time()
        self._reported = 0.0

    def report_soon(self, step: str | None, reconciler: Task) -> None:
        """Say it once a second. `step`: of the start; None once the server answers."""
        if time.time() - self._reported >= EVERY_S:
            self.report(step, reconciler)

    def report(self, step: str | None, reconciler: Task) -> None:
        """Say it now."""
        self._reported = time.time()
        if step is None and reconciler.is_done:
            self.end()
            return
        found = _line()
        records, left = (found.records, found.left) if found else (None, None)
        trouble = TROUBLES.get(reconciler.status, "failed")
        with suppress(OSError):  # there was no space for the file from the beginning
            progress.write(
                self._home, Progress(step or SERVING, self._began, self._reported, records, left, trouble)
            )

    def end(self) -> None:
        """Remove the progress."""
        progress.clear(self._home)


def _line() -> Line | None:
    try:
        return line.total()
    except sqlite3.Error:  # busy or damaged: the reconciler says more
        return None
