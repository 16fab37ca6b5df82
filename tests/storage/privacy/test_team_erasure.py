from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, insert
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, func, select

from storage.database.engine import Database
from storage.privacy import team_erasure
from storage.privacy.team_erasure import ErasureUnderWayError, Extent, TeamServedError
from storage.tables.annotation import Dataset, Stage
from storage.tables.database import Job, Lease
from storage.tables.models import Phase, Run, Version
from tests.factories import OTHER, TEAM, label_set, predicted
from tests.full_team import OF_NO_TEAM, fill


def versions(database: Database, team_id: str, *artifacts: str) -> None:
    made = [
        Version(team_id=team_id, number=number, encoder="e", encoder_name="e", base="e", artifact=artifact)
        for number, artifact in enumerate(artifacts, 7)
    ]
    with database.writing() as session:
        session.add_all(made)


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has that has any."""
    known = MetaData()
    with database.engine.connect() as connection:
        known.reflect(connection)
        counted = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in known.sorted_tables
        }
    return {name: number for name, number in counted.items() if number and name != "alembic_version"}


def extent(database: Database, team_id: str) -> Extent:
    with database.reading() as session:
        return team_erasure.extent(session, team_id)


def begin(database: Database, team_id: str = TEAM) -> int:
    with database.writing() as session:
        return team_erasure.begin(session, team_id)[1]


def test_every_row_of_a_team_goes_from_every_table_and_no_row_of_another(database: Database) -> None:
    fill(database, OTHER)
    of_other = rows(database)
    fill(database, TEAM)

    erased = begin(database)

    of_a_team = {table.name for table in SQLModel.metadata.sorted_tables} - OF_NO_TEAM
    left = rows(database)
    assert {name: number for name, number in of_other.items() if name != "purge"} == dict.fromkeys(
        of_a_team, 1
    )
    assert {name: number for name, number in left.items() if name not in OF_NO_TEAM} == dict.fromkeys(
        of_a_team, 1
    )
    assert erased == len(of_a_team)
    with database.writing() as session:
        team_erasure.end(session, TEAM)
        assert not team_erasure.is_known(session, TEAM)
        assert team_erasure.is_known(session, OTHER)


def test_installations_that_slacks_library_keeps_go_too(database: Database) -> None:
    table: Any = Table(
        "slack_bots_of_a_test", MetaData(), Column("team_id", SQLModel.metadata.tables["card"].c.team_id.type)
    )
    table.create(database.engine)
    try:
        with database.writing() as session:
            session.connection().execute(insert(table), [{"team_id": TEAM}, {"team_id": OTHER}])

        begin(database)

        with database.engine.connect() as connection:
            assert connection.execute(select(table)).all() == [(OTHER,)]
    finally:
        table.drop(database.engine)


def test_what_is_left_elsewhere_is_remembered_until_it_is_gone(database: Database) -> None:
    fill(database, TEAM)
    before = extent(database, TEAM)

    begin(database)
    between = extent(database, TEAM)
    again = begin(database)

    assert (before.begun_at, between.begun_at is None) == (None, False)
    assert (between.datasets, between.artifacts, between.runs) == (
        before.datasets,
        before.artifacts,
        before.runs,
    )
    assert all((before.datasets, before.artifacts, before.runs))
    assert again == 0
    assert extent(database, TEAM) == between
    with database.writing() as session:
        with pytest.raises(ErasureUnderWayError, match="corrigible erase"):
            team_erasure.check(session, TEAM)
        team_erasure.end(session, TEAM)
        team_erasure.check(session, TEAM)


def test_splits_of_a_team_that_is_not_being_erased_stay_for_ever(database: Database) -> None:
    fill(database, TEAM)
    fill(database, OTHER)
    begin(database)

    with pytest.raises(DBAPIError, match="the split is for ever"), database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM split")


def test_what_fails_half_way_erases_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(database, TEAM)
    before = rows(database)

    def break_off(session: Session, team_id: str) -> None:
        team_erasure.begin(session, team_id)
        raise InterruptedError

    with pytest.raises(InterruptedError), database.writing() as session:
        break_off(session, TEAM)

    assert rows(database) == before


def test_a_model_that_another_team_has_too_is_not_named(database: Database) -> None:
    bug = label_set(database, "bug")["bug"]
    predicted(database, bug)
    with database.writing() as session:
        session.add(Dataset(id="d1", team_id=TEAM, stage=Stage.CURRENT))
        session.add(Run(id="r1", team_id=TEAM, cause="a test", phase=Phase.FAILED))
    versions(database, TEAM, "own", "own", "shared")
    versions(database, OTHER, "shared", "theirs")

    assert extent(database, TEAM) == Extent(1, ["d1"], ["own"], ["r1"])
    assert extent(database, "T0NOBODY") == Extent(0, [], [], [])


def test_a_team_that_a_bot_serves_is_left_alone(database: Database) -> None:
    later = time.time() + 60
    with database.writing() as session:
        session.add(Lease(name=f"courier {TEAM}", owner="a bot", expires_at=later))
        session.add(Job(team_id=OTHER, name="digest", owner="a bot", held_until=later, due_at=later))
    before = rows(database)

    for served in (TEAM, OTHER):
        with pytest.raises(TeamServedError):
            begin(database, served)
    assert rows(database) == before
    assert extent(database, TEAM[1:]) == Extent(0, [], [], []), "whose name another's ends with"
