"""The Argilla beside the bot: who waits for it hears how far its start is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.demo.local_argilla import LocalArgilla
from local.argilla.embedded import ArgillaNotStartedError

# In the place of Argilla's interpreter: a supervisor that says how far it is, and ends as the file `end` says.
SUPERVISOR = """#!{python}
import json, pathlib, sys, time

home = pathlib.Path(sys.argv[4])
heard = home / "heard"
while not heard.exists():
    told = {{"step": "loading", "began": time.time() - 200, "at": time.time(), "records": None, "left": None,
        "trouble": None}}
    (home / "progress.json").write_text(json.dumps(told))
    time.sleep(0.05)
if heard.read_text() == "fault":
    sys.exit("the server has made no progress for 60 s")
print(json.dumps({{"url": "http://127.0.0.1:6900", "username": "owner", "password": "p", "api_key": "k"}}), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def argilla(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalArgilla:
    interpreter = tmp_path / "python"
    interpreter.write_text(SUPERVISOR.format(python=sys.executable))
    interpreter.chmod(0o700)
    monkeypatch.setenv("CORRIGIBLE_ARGILLA_PYTHON", str(interpreter))
    monkeypatch.setattr("bot.demo.local_argilla.LOOK_S", 0.05)
    return LocalArgilla(tmp_path / "home", 0)


def test_a_start_that_makes_progress_is_waited_for_and_shown(argilla: LocalArgilla, tmp_path: Path) -> None:
    told: list[str] = []

    def hear(words: str) -> None:
        told.append(words)
        (tmp_path / "home" / "heard").write_text("well")

    argilla.start()
    try:
        assert argilla.sign_in(hear).username == "owner"
    finally:
        argilla.stop()

    assert "starting for 200 s: loading its code" in told[0]


def test_a_start_without_progress_is_a_fault_that_says_so(argilla: LocalArgilla, tmp_path: Path) -> None:
    def hear(_: str) -> None:
        (tmp_path / "home" / "heard").write_text("fault")

    argilla.start()
    try:
        with pytest.raises(ArgillaNotStartedError, match="no progress for 60 s"):
            argilla.sign_in(hear)
    finally:
        argilla.stop()
