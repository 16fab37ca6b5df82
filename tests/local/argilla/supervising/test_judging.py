"""A start is judged by its progress: steps, and work of the server's process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.argilla.search import steps
from local.argilla.server.children import Child
from local.argilla.supervising import judging
from local.argilla.supervising.judging import Start
from tests.clocks import replace_clock
from tests.local.running import until

WORKS = "while True: pass"
WAITS = "import time; time.sleep(600)"


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path))
    monkeypatch.setattr(judging, "QUIET_S", 0.5)
    monkeypatch.setattr(judging, "WORK_S", 0.01)


@contextmanager
def start(code: str) -> Iterator[Start]:
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        yield Start(Child("server", [], {}, Path("server.log"), process=process))
        process.kill()


def test_a_server_that_stands_still_is_a_fault_which_names_its_last_step() -> None:
    steps.reach(steps.MIGRATED)
    with start(WAITS) as standing:
        fault = until(standing.fault)

    assert "no progress" in fault
    assert steps.MIGRATED in fault


def test_a_server_that_works_is_waited_for_until_one_step_takes_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "STEP_S", 1.5)
    with start(WORKS) as working:
        fault = until(working.fault)

    assert "at one step" in fault


def test_a_step_is_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    replace_clock(monkeypatch, judging, monotonic=lambda: now)
    standing = Start(Child("server", [], {}, Path("server.log")))
    faults = []
    for step in steps.STEPS:
        steps.reach(step)
        now += 0.4
        faults.append(standing.fault())

    assert faults == [None, None, None]
    now += 0.6
    assert standing.fault()
