"""Starts and stops the embedded Argilla from another process. Standard library only."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from local.argilla.server import progress
from local.argilla.server.progress import Progress

LOCAL = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
ENVIRONMENT = Path(".venv-argilla")
SILENT_S = 120.0  # longer than the supervisor waits for a server that makes no progress
STOP_S = 6.0
LOG_TAIL = 1_000
# All that the server inherits: no secret of the bot's.
INHERITED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TZ|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|XDG_\w+|CORRIGIBLE_DEMO_CHECK"
    r"|(HTTP|HTTPS|ALL|NO|FTP)_PROXY|(http|https|all|no|ftp)_proxy|SSL_CERT_\w+|\w+_CA_BUNDLE"
    r"|PYTHON\w*|COVERAGE_\w+|LD_LIBRARY_PATH|DYLD_\w+|HF_(?!TOKEN)\w+"
)


class ArgillaNotStartedError(RuntimeError):
    """The embedded Argilla is not installed, or did not come up."""


class ArgillaUnwritableError(ArgillaNotStartedError):
    """Argilla's home folder can't be written to."""

    def __init__(self, home: Path, error: OSError) -> None:
        super().__init__(f"Argilla can't write to {home} ({error.strerror}).")


class ArgillaNotInstalledError(ArgillaNotStartedError):
    """Argilla's environment is missing."""

    def __init__(self, python: Path) -> None:
        super().__init__(f"Argilla is not installed ({python} is missing): run `corrigible argilla install`.")


@dataclass(frozen=True)
class SignIn:
    """Where the server is, how a person signs in, and the key that opens its API."""

    url: str
    username: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)


def interpreter() -> Path:
    """Return the Python of Argilla's environment. Raises ArgillaNotInstalledError."""
    given = os.environ.get("CORRIGIBLE_ARGILLA_PYTHON")
    found = Path(given) if given else ENVIRONMENT / "bin" / "python"
    if not found.exists():
        raise ArgillaNotInstalledError(found)
    return found.absolute()


class EmbeddedArgilla:
    """One server with its home folder; `port` 0 takes a free one. It ends with this process, however that ends."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home.absolute()
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> SignIn:
        """Returns when the server answers. Raises ArgillaNotStartedError."""
        python = interpreter()
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._log.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise ArgillaUnwritableError(self._home, error) from error
        with self._log.open("ab") as log:
            said_before = log.tell()
            process = self._process = self._begin(python, log.fileno())
        assert process.stdout is not None
        with process.stdout:
            line = self._first_line(process)
        if not line.endswith(b"\n"):
            self._fail(said_before)
        told = SignIn(**json.loads(line))
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
    def pid(self) -> int | None:
        """Of the supervisor, which ends all others when it ends."""
        return self._process.pid if self._process else None

    @property
    def progress(self) -> Progress | None:
        """What it is busy with: starting, or bringing its index in line."""
        return progress.read(self._home)

    @property
    def address(self) -> str:
        """Where it answers while it runs."""
        return f"http://127.0.0.1:{self._port}"

    def known_key(self) -> str | None:
        """The key that opens its API, whoever runs it; None if it was never started."""
        try:
            kept = json.loads((self._home / "credentials.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return str(kept["api_key"])

    @property
    def _log(self) -> Path:
        return self._home / "logs" / "supervisor.log"

    def _begin(self, python: Path, log: int) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if INHERITED.fullmatch(name)}
        place = ("--home", str(self._home), "--port", str(self._port))
        return subprocess.Popen(  # noqa: S603
            [str(python), "-m", "local.argilla", *place],
            cwd=self._home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**kept, "PYTHONPATH": str(self._code())},
            start_new_session=True,  # Ctrl-C at a terminal is for the bot, which then stops this
        )

    def _code(self) -> Path:
        """Make a folder that holds our code and nothing else, for the import path of another environment.

        Where we are installed, packages lie beside ours that must not be imported instead of Argilla's own.
        """
        code = self._home / "code"
        code.mkdir(exist_ok=True)
        link = code / LOCAL.name
        if not link.is_symlink() or link.readlink() != LOCAL:
            link.unlink(missing_ok=True)
            link.symlink_to(LOCAL)
        return code

    def _first_line(self, process: subprocess.Popen[bytes]) -> bytes:
        """What the supervisor says when the server answers; less where it ended, or no longer says how far it is."""
        assert process.stdout is not None
        said, heard = b"", None
        until = time.monotonic() + SILENT_S
        while not said.endswith(b"\n") and time.monotonic() < until:
            readable, _, _ = select.select([process.stdout], [], [], 0.2)
            if (told := progress.read(self._home)) != heard:
                heard, until = told, time.monotonic() + SILENT_S
            some = os.read(process.stdout.fileno(), 4096) if readable else b""
            if readable and not some:  # it closed its end
                break
            said += some
        return said

    def _fail(self, said_before: int) -> NoReturn:
        self.stop()
        said = self._log.read_bytes()[said_before:].decode(errors="replace").strip()[-LOG_TAIL:]
        why = said or f"it said nothing for {SILENT_S:.0f} s"
        raise ArgillaNotStartedError(f"Argilla did not start: {why}\nIts logs are in {self._log.parent}.")
