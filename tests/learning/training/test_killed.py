from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from learning.model_files.artifacts import digest_of
from learning.training.process import TrainingProcess
from storage.database.engine import Database
from storage.models import splits, versions
from storage.tables.models import Phase
from tests.factories import TEAM
from tests.learning.dying import LIVES
from tests.learning.reviewed_team import ENDED, ReviewedTeam
from tests.local.running import until

pytestmark = pytest.mark.slow


def test_a_training_process_that_is_killed_costs_an_attempt_and_the_next_one_goes_on_in_its_folder(
    database: Database, tmp_path: Path, tiny_base: str
) -> None:
    started: list[tuple[Path, TrainingProcess]] = []

    def start(folder: Path) -> TrainingProcess:
        training = TrainingProcess(folder, threads=1)
        started.append((folder, training))
        return training

    team = ReviewedTeam(database, tmp_path, tiny_base, start)
    team.review()
    team.ask()
    team.until(Phase.TRAINING)
    [(folder, first)] = started
    until(lambda: first.progress)

    os.kill(first.pid, signal.SIGKILL)
    until(lambda: first.status is not None)
    team.retraining.step()  # its death is seen, and then another attempt begun
    team.retraining.step()
    until(lambda: started[-1][1].status is not None)
    ended = team.until(*ENDED)

    assert ended.phase is not Phase.FAILED, ended.failed
    assert ended.attempts == 2
    assert [place for place, _ in started] == [folder, folder]
    assert [training.status for _, training in started] == [-signal.SIGKILL, 0]
    assert [version.number for version in team.versions()] == [2, 1]
    team.retraining.close()


def test_a_bot_that_is_killed_at_any_step_of_gate_registration_and_swap_leaves_nothing_half_done(
    database: Database, database_url: str, tmp_path: Path, tiny_base: str
) -> None:
    team = ReviewedTeam(database, tmp_path, tiny_base)
    team.review()
    asked = team.ask()

    lives = [sys.executable, "-m", "tests.learning.dying", database_url, str(tmp_path), tiny_base]
    lived = subprocess.run(lives, capture_output=True, text=True, check=False)

    assert lived.returncode == 0, lived.stderr
    *killed, last = LIVES
    assert json.loads(lived.stdout) == {**dict.fromkeys(killed, -signal.SIGKILL), last: 0}, lived.stderr
    ended = team.run()
    assert ended.id == asked.id
    assert ended.phase in (Phase.SHADOW, Phase.PROMOTED, Phase.REFUSED)
    assert [version.number for version in team.versions()] == [2, 1]
    with database.reading() as session:
        rulings = versions.of_run(session, asked.id)
        assert versions.in_service(session, TEAM) == 2
        assert splits.lessons(session, asked.id)
    assert len(rulings) == 1
    artifact = str(team.versions()[0].artifact)
    assert digest_of(team.registry.artifacts.get(artifact)) == artifact
    assert [path.name for path in (tmp_path / "models").iterdir()] == [artifact]
    team.retraining.step()
    assert not (tmp_path / "work" / asked.id).exists()  # it held what people wrote
