"""The processes that the supervisor keeps running."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_PAUSE_S = 10.0
STEADY_S = 60.0
LOG_MOST = 5_000_000
PARENT_DEATH_SIGNAL = 1  # of prctl

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    """One process to keep running. `said`: told on its standard input, as anybody can read a command line."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    log: Path
    said: str = field(default="", repr=False)
    process: subprocess.Popen[bytes] | None = None
    status: int | None = None  # with which it ended last
    failures: int = 0
    began: float = 0.0
    next_start: float = 0.0

    def keep_running(self) -> str | None:
        """Start it where it does not run and its pause is over; a line for the log where it has ended."""
        ended = self._has_ended()
        if self.process is None and time.monotonic() >= self.next_start:
            self._begin()
        return ended

    def ask_to_end(self) -> None:
        if self.process:
            self.process.terminate()

    def end(self, within_s: float) -> None:
        """Wait for its end for so long, then end it."""
        if self.process is None:
            return
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _has_ended(self) -> str | None:
        if self.process is None or self.process.poll() is None:
            return None
        status = self.status = self.process.returncode
        self.process = None
        is_new_trouble = time.monotonic() - self.began > STEADY_S
        self.failures = 1 if is_new_trouble else self.failures + 1
        pause = min(0.1 * 2.0**self.failures, LONGEST_PAUSE_S)
        self.next_start = time.monotonic() + pause
        return f"{self.name} ended with status {status}; it starts again in {pause:.1f} s"

    def _begin(self) -> None:
        is_long = self.log.exists() and self.log.stat().st_size > LOG_MOST
        self.began = time.monotonic()
        with self.log.open("wb" if is_long else "ab") as out:
            self.process = subprocess.Popen(  # noqa: S603
                self.command,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                preexec_fn=functools.partial(die_with, os.getpid()),
            )
        assert self.process.stdin is not None
        with self.process.stdin as told:
            told.write(self.said.encode())


@dataclass
class Task(Child):
    """One process with something to do: it is done once it ends with status 0, else it is tried again."""

    is_done: bool = False

    def keep_running(self) -> str | None:
        """Try until it is done; a line for the log where it has failed."""
        if self.process and self.process.poll() == 0:
            self.process, self.status, self.is_done = None, 0, True
        return None if self.is_done else super().keep_running()

    def again(self) -> None:
        """Begin it anew: what it has done may be out of date."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process, self.status, self.is_done = None, None, False
        self.failures, self.next_start = 0, 0.0


def die_with(parent: int) -> None:
    """On Linux the kernel ends the process that calls this when its parent does, however that ended."""
    if _libc:
        _libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it had ended before
            os.kill(os.getpid(), signal.SIGKILL)
