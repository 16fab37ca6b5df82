from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from learning import retraining
from learning.artifacts import digest_of
from storage import splits, versions
from storage.database import Database
from storage.tables import Phase
from tests.factories import TEAM
from tests.learning.dying import OF_THE_RUN, OF_THE_SWAP
from tests.learning.test_retraining import ENDED, Desk

# Real training takes its time, and what it stores is tested on both databases elsewhere.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.timeout(400)
def test_a_bot_that_is_killed_at_any_step_of_gate_registration_and_swap_leaves_nothing_half_done(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    desk = Desk(database, tmp_path)
    desk.review()
    asked = desk.ask()

    for place in (*OF_THE_RUN, *OF_THE_SWAP):
        died = _live(database_url, tmp_path, place)
        assert died.returncode == -signal.SIGKILL, f"{place}: {died.stderr[-2_000:]}"
    lived = _live(database_url, tmp_path)
    assert lived.returncode == 0, lived.stderr[-2_000:]

    ended = desk.run()
    assert ended.id == asked.id
    assert ended.phase in (Phase.SHADOW, Phase.PROMOTED, Phase.REFUSED)
    assert [version.number for version in desk.versions()] == [2, 1]
    with database.reading() as session:
        rulings = versions.of_run(session, asked.id)
        assert versions.in_service(session, TEAM) == 2
        assert splits.lessons(session, asked.id)
    assert len(rulings) == 1
    artifact = str(desk.versions()[0].artifact)
    assert digest_of(desk.registry.artifacts.get(artifact)) == artifact
    assert [path.name for path in (tmp_path / "models").iterdir()] == [artifact]
    desk.retraining.step()
    assert not (tmp_path / "work" / asked.id).exists()  # it held what people wrote


def test_a_trainer_that_is_killed_at_any_step_costs_an_attempt_and_nothing_else(
    database: Database, tmp_path: Path
) -> None:
    desk = Desk(database, tmp_path)
    desk.review()
    desk.ask()

    for step in ("looking at the data", "training,", "comparing with the champion"):
        _wait_for(desk, step)
        os.kill(desk.retraining.pid or 0, signal.SIGKILL)
        while desk.retraining.pid:
            desk.retraining.step()
    ended = desk.until(desk.retraining, *ENDED)
    desk.retraining.close()

    assert ended.phase is not Phase.FAILED, ended.failed
    assert ended.attempts == 4
    assert [version.number for version in desk.versions()] == [2, 1]


def test_a_run_whose_trainer_always_dies_is_given_up_and_says_so(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retraining, "ATTEMPTS_MOST", 2)
    desk = Desk(database, tmp_path)
    desk.review()
    desk.ask()

    while (run := desk.run()).phase is not Phase.FAILED:
        desk.retraining.step()
        if desk.retraining.pid:
            os.kill(desk.retraining.pid, signal.SIGKILL)
    desk.retraining.close()

    assert run.attempts == 2
    assert run.failed == "its process died again and again"
    assert [version.number for version in desk.versions()] == [1]


def _live(url: str, folder: Path, *place: str) -> subprocess.CompletedProcess[str]:
    """A bot's life until it dies at a place, or to the end."""
    command = [sys.executable, "-m", "tests.learning.dying", url, str(folder), *place]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def _wait_for(desk: Desk, step: str) -> None:
    until = time.monotonic() + 60
    while not (desk.retraining.pid and (desk.run().stage or "").startswith(step)):
        assert time.monotonic() < until, desk.run()
        desk.retraining.step()
        time.sleep(0.01)
