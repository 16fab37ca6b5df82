"""Starts and stops the embedded Argilla from another process. Standard library only."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn

ROOT = Path(__file__).parent.parent.parent
START_S = 120.0
STOP_S = 6.0
LOG_TAIL = 1_000


class ArgillaNotStartedError(RuntimeError):
    """The embedded Argilla is not installed, or did not come up."""


@dataclass(frozen=True)
class SignIn:
    """Where the server is, how a person signs in, and the key that opens its API."""

    url: str
    username: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)


def interpreter() -> Path:
    """The Python of Argilla's environment. Raises ArgillaNotStartedError where there is none."""
    given = os.environ.get("CORRIGIBLE_ARGILLA_PYTHON")
    found = Path(given) if given else ROOT / ".venv-argilla" / "bin" / "python"
    if not found.exists():
        raise ArgillaNotStartedError(
            f"Argilla's environment is not installed ({found} is missing); `make run` installs it."
        )
    return found


class EmbeddedArgilla:
    """One server with its home folder; `port` 0 takes a free one. It ends with this process, however that ends."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home.absolute()
        self._port = port
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> SignIn:
        """Returns when the server answers. Raises ArgillaNotStartedError."""
        self._home.mkdir(parents=True, exist_ok=True)
        command = [
            str(interpreter()),
            "-m",
            "local.argilla",
            "--home",
            str(self._home),
            "--port",
            str(self._port),
        ]
        with self._log.open("w", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self._environment(),
                start_new_session=True,  # Ctrl-C at a terminal is for the bot, which then stops this
            )
        self._process = process
        told = SignIn(**json.loads(self._first_line(process)))
        self._port = int(told.url.rsplit(":", 1)[1])  # the same after a restart
        return told

    def stop(self) -> None:
        """Let what was begun end; every process of the server is gone when this returns."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()  # the supervisor takes this as the word to stop
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def kill(self) -> None:
        """kill -9 of all of it, as a crash of the machine would be."""
        assert self._process is not None
        self._process.kill()
        self.stop()

    def __enter__(self) -> SignIn:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _log(self) -> Path:
        return self._home / "supervisor.log"

    @staticmethod
    def _environment() -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ARGILLA_", "SLACK_"))
        }
        return {**kept, "PYTHONPATH": str(ROOT)}

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            readable, _, _ = select.select([process.stdout], [], [], 0.2)
            line = process.stdout.readline() if readable else ""
            if line:
                return line
            if readable or process.poll() is not None:  # it closed its end, or is gone
                self._fail("it ended")
        return self._fail(f"it did not answer within {START_S:.0f} s")

    def _fail(self, how: str) -> NoReturn:
        self.stop()
        said = self._log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:].strip()
        raise ArgillaNotStartedError(
            f"Argilla did not start ({how}). {said}\nLogs are in {self._home / 'logs'}."
        )
