from __future__ import annotations

import pytest

from storage.database.engine import Database
from storage.models import runs, versions
from storage.models.runs import RunUnderWayError
from storage.tables.models import Phase, Run, TaskName
from tests.factories import ENCODER, OTHER, TEAM, together


def ask(database: Database, team_id: str = TEAM) -> Run:
    with database.writing() as session:
        return runs.ask(session, team_id, "a test")


def standing(database: Database, run: Run) -> Run:
    with database.reading() as session:
        return runs.get(session, run.id)


def test_one_run_at_a_time_for_each_team(database: Database) -> None:
    ask(database)

    with pytest.raises(RunUnderWayError, match="under way already"):
        ask(database)
    ask(database, OTHER)


def test_a_new_run_takes_the_place_of_a_challenger_in_shadow(database: Database) -> None:
    first = ask(database)
    with database.writing() as session:
        runs.tell(session, first.id, phase=Phase.SHADOW)

    second = ask(database)

    assert standing(database, first).phase is Phase.REFUSED
    assert standing(database, second).phase is Phase.WAITING


def test_what_is_told_has_to_be_noted_until_it_is(database: Database) -> None:
    run = ask(database)
    with database.writing() as session:
        runs.noted(session, run.id, 1, "C1", "1.0")
        assert runs.to_note(session, TEAM) is None
        runs.tell(session, run.id, stage="training", done=0.5)
    with database.reading() as session:
        behind = runs.to_note(session, TEAM)

    assert behind
    assert (behind.stage, behind.done, behind.note_ts) == ("training", 0.5, "1.0")


def test_an_ended_run_is_not_told_of_again(database: Database) -> None:
    run = ask(database)
    with database.writing() as session:
        runs.end(session, run.id, Phase.FAILED, "no memory", failed="no memory")
        runs.tell(session, run.id, stage="training")

    assert standing(database, run).stage == "no memory"
    assert standing(database, run).ended_at


def test_of_two_who_ask_at_once_one_is_told_of_the_other(database: Database) -> None:
    with database.writing() as session:
        versions.champion(session, TEAM, ENCODER, "an encoder")

    def asked() -> bool:
        try:
            ask(database)
        except RunUnderWayError:
            return False
        return True

    assert sorted(together(asked, asked)) == [False, True]


def test_each_task_has_its_runs(database: Database) -> None:
    labels = ask(database)
    with database.writing() as session:
        of_summaries = runs.ask(session, TEAM, "a test", task=TaskName.SUMMARIZATION)

    with database.reading() as session:
        found = [runs.latest(session, TEAM, task) for task in TaskName]
        under_way = [runs.under_way(session, TEAM, task) for task in TaskName]
    assert [one.id for one in found if one] == [labels.id, of_summaries.id]
    assert [one.id for one in under_way if one] == [labels.id, of_summaries.id]


def test_what_was_begun_is_trained_to_its_end_before_what_waits(database: Database) -> None:
    labels = ask(database)
    with database.writing() as session:
        of_summaries = runs.ask(session, TEAM, "a test", task=TaskName.SUMMARIZATION)
        assert (runs.to_train(session, TEAM) or labels).id == labels.id
        runs.tell(session, of_summaries.id, phase=Phase.TRAINING, started_at=1.0)

    with database.writing() as session:
        first = runs.to_train(session, TEAM)
        runs.end(session, of_summaries.id, Phase.REFUSED, "no better")
        second = runs.to_train(session, TEAM)
        runs.tell(session, labels.id, phase=Phase.SHADOW)
        nothing = runs.to_train(session, TEAM)
    assert [one and one.id for one in (first, second, nothing)] == [of_summaries.id, labels.id, None]
