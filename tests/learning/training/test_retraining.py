from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers import AutoModel

from learning.tasks.job import TrainingJob
from learning.training import retraining
from storage.database.engine import Database
from storage.messages import messages
from storage.models import runs, splits, versions
from storage.tables.models import Phase
from tests.factories import TEAM, received
from tests.learning.reviewed_team import ENDED, ReviewedTeam
from tests.learning.training_here import Deaths
from tests.traces import files_with

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_libraries")]


@pytest.fixture
def team(database: Database, tmp_path: Path, tiny_base: str) -> Iterator[ReviewedTeam]:
    made = ReviewedTeam(database, tmp_path, tiny_base)
    yield made
    made.retraining.close()


def test_a_run_leaves_a_version_whose_encoder_transformers_can_load_and_a_verdict(
    database: Database, tmp_path: Path
) -> None:
    team = ReviewedTeam(database, tmp_path, encoder=None)
    team.review()
    asked = team.ask()

    ended = team.until(*ENDED)

    assert ended.phase is not Phase.FAILED, ended.failed
    version = team.versions()[0]
    assert (version.number, version.run_id) == (2, asked.id)
    folder = team.registry.artifacts.get(str(version.artifact))
    assert AutoModel.from_pretrained(folder).config.hidden_size == 384
    with database.reading() as session:
        [ruling] = versions.of_run(session, asked.id)
    assert ruling.reason
    assert ended.picture
    assert ended.picture.startswith(b"\x89PNG")
    assert version.card["scores"]["macro_f1"] >= 0
    assert not (tmp_path / "work" / asked.id).exists()  # it held what people wrote


def test_what_is_held_out_is_never_learned_from_and_stays_held_out(team: ReviewedTeam) -> None:
    team.review(times=10)

    asked = team.train()

    with team.database.reading() as session:
        sides = splits.sides(session, TEAM)
        learned = splits.lessons(session, asked.id)
    held = {one for one, side in sides.items() if side == "holdout"}
    assert held
    assert learned
    assert held.isdisjoint(learned)


def test_training_that_dies_at_any_stage_costs_an_attempt_and_nothing_else(
    database: Database, tmp_path: Path, tiny_base: str
) -> None:
    deaths = Deaths("looking at the data", "training", "comparing with the champion")
    team = ReviewedTeam(database, tmp_path, tiny_base, deaths)
    team.review()

    ended = team.train()

    assert ended.phase is not Phase.FAILED, ended.failed
    assert ended.attempts == 4
    assert [version.number for version in team.versions()] == [2, 1]


def test_a_run_whose_training_always_dies_is_given_up_and_says_so(
    database: Database, tmp_path: Path, tiny_base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retraining, "ATTEMPTS_MOST", 2)
    team = ReviewedTeam(database, tmp_path, tiny_base, Deaths(*["looking at the data"] * 3))
    team.review()

    run = team.train()

    assert run.phase is Phase.FAILED
    assert run.attempts == 2
    assert run.failed == "its process died again and again"
    assert [version.number for version in team.versions()] == [1]


def test_another_replica_goes_on_where_the_first_one_stopped(team: ReviewedTeam) -> None:
    team.review()
    team.ask()
    team.until(Phase.TRAINING)
    second = team.another()
    assert second.step() is None  # one at a time

    team.retraining.close()
    ended = team.until(*ENDED, by=second)
    second.close()

    assert ended.phase is not Phase.FAILED
    assert len(team.versions()) == 2


def test_with_nothing_to_learn_from_the_run_fails_and_says_what_is_missing(team: ReviewedTeam) -> None:
    ended = team.train()

    assert ended.phase is Phase.FAILED
    assert "too little to learn from" in str(ended.failed)


def test_the_trained_version_is_swapped_in_and_rolled_back(team: ReviewedTeam) -> None:
    following = team.following
    team.review()
    team.train()
    assert following.champion.served.version == 1
    with team.database.writing() as session:
        if versions.in_service(session, TEAM) != 2:  # the gate could not tell
            versions.rule(session, versions.promotion(session, TEAM, 2, by="U1", reason="a person wished it"))

    swap = following.follow()

    assert swap
    assert following.champion.served.version == 2
    one = received(team.database, "the invoice is wrong again")
    assert following.champion.served.rank([one.text])[0].label_id == team.known["invoice"].id
    with team.database.writing() as session:
        versions.rule(session, versions.roll_back(session, TEAM, by="U1", reason="a person wished it"))
    assert following.follow()
    assert following.champion.served.version == 1


class Endless:
    """An attempt that neither gets anywhere nor ends."""

    progress = status = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stop(self) -> None: ...


def test_what_is_erased_while_a_run_gathers_what_to_learn_from_has_it_gather_anew(
    database: Database, tmp_path: Path, tiny_base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = ReviewedTeam(database, tmp_path, tiny_base, Endless)
    team.review()
    secret = received(database, "where is my invoice zyxwmarkervuts")
    team.answer(secret, team.known["invoice"])
    team.ask()
    write = TrainingJob.write

    def write_and_erase(job: TrainingJob, folder: Path) -> None:
        write(job, folder)
        with database.writing() as session:
            messages.erase_all(session, [secret.id])

    with monkeypatch.context() as patch:
        patch.setattr(TrainingJob, "write", write_and_erase)
        team.retraining.step()
    with database.reading() as session:
        waits = runs.is_restarting(session, TEAM)
    team.until(Phase.TRAINING)

    assert waits
    assert files_with(tmp_path / "work", "zyxwmarkervuts") == []
    team.retraining.close()


def test_what_is_left_of_an_ended_run_goes_before_another_one_trains(
    database: Database, tmp_path: Path, tiny_base: str
) -> None:
    team = ReviewedTeam(database, tmp_path, tiny_base, Endless)
    team.review()
    with database.writing() as session:
        ended = runs.ask(session, TEAM, "a test")
        runs.end(session, ended.id, Phase.FAILED, "its process died")
    left = tmp_path / "work" / ended.id
    left.mkdir(parents=True)
    (left / "job.json").write_text("zyxwmarkervuts")

    team.ask()
    team.until(Phase.TRAINING)

    assert not left.exists()
    team.retraining.close()


def test_a_run_throws_away_at_once_what_is_erased_while_it_learns_from_it(
    database: Database, tmp_path: Path, tiny_base: str
) -> None:
    team = ReviewedTeam(database, tmp_path, tiny_base, Endless)
    team.review()
    secret = received(database, "where is my invoice zyxwmarkervuts")
    team.answer(secret, team.known["invoice"])
    team.ask()
    team.until(Phase.TRAINING)
    before = files_with(tmp_path / "work", "zyxwmarkervuts")

    with database.writing() as session:
        messages.erase_all(session, [secret.id])
        waits = runs.is_restarting(session, TEAM)
    again = team.until(Phase.TRAINING)

    with database.reading() as session:
        assert not runs.is_restarting(session, TEAM)
        assert secret.id not in splits.lessons(session, again.id)
    assert before
    assert waits
    assert files_with(tmp_path / "work", "zyxwmarkervuts") == []
    assert again.attempts == 1, "it is the same run, and this costs it nothing"
    team.retraining.close()
