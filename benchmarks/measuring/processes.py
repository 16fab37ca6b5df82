"""Processes that last for one benchmark: started apart from our terminal, stopped whatever happens here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
STOP_S = 10.0
# What an operator may have set for a bot of their own, and proxies: no process of a benchmark may see it.
NOT_INHERITED = (
    *(
        "SLACK_",
        "DATABASE_",
        "LABELS_",
        "ENCODER",
        "THREADS",
        "ASK_BELOW_",
        "HOST",
        "PORT",
        "LOCAL_",
        "LOG_LEVEL",
    ),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
)


class Process:
    """One running child and the file that its output goes to."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self._child = child
        self._log = log

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace").strip()

    def stop(self) -> None:
        """Ask it to end, and make it end where it does not."""
        self._child.terminate()
        try:
            self._child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


@contextmanager
def python(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[Process]:
    """This Python with `arguments`, in the folder of `log`, where no `.env` of an operator lies."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.upper().startswith(NOT_INHERITED)
    }
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, *arguments],
            env={**inherited, "PYTHONPATH": str(ROOT), **environment},
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is ours to hear; we then stop the children in order
        )
    process = Process(child, log)
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def stoppable() -> Iterator[None]:
    """A SIGTERM ends us as Ctrl-C does, so that children are stopped."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
