"""A command in a terminal of its own, read and typed into by a program. Standard library only."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class EndedError(RuntimeError):
    """The command ended, or took too long, before the screen showed what was waited for."""


class Terminal:
    """Runs one command as a shell in a window would: the terminal is its controlling one."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._screen, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)
        self._read = b""

    @property
    def pid(self) -> int:
        """The process that was started, which leads the session of this terminal."""
        return self._process.pid

    @property
    def text(self) -> str:
        """All that was shown so far, without colours."""
        return ESCAPES.sub("", self._read.decode(errors="replace"))

    def read_until(self, holds: Callable[[str], bool], within_s: float) -> None:
        """Read until the text is as wanted. Raises EndedError."""
        until = time.monotonic() + within_s
        while not holds(self.text):
            if time.monotonic() > until or not self._read_some():
                raise EndedError(f"the screen shows:\n{self.text}")

    def interrupt(self, within_s: float) -> int:
        """Press Ctrl-C, read to the end, return the exit status."""
        os.write(self._screen, b"\x03")
        until = time.monotonic() + within_s
        while time.monotonic() < until and self._read_some():
            pass
        status = self._process.wait(within_s)
        os.close(self._screen)
        return status

    def kill(self) -> None:
        """End it and whatever shares its session."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read_some(self) -> bool:
        """Return False when nobody writes there any more."""
        readable, _, _ = select.select([self._screen], [], [], 0.2)
        if not readable:
            return True
        try:
            some = os.read(self._screen, 65536)
        except OSError:  # Linux says so when the last writer has closed it
            return False
        self._read += some
        return bool(some)


def _take_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
