from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from numpy.typing import NDArray
from sqlalchemy import Connection, event, inspect
from sqlmodel import Session, SQLModel, select

from storage.database.engine import Database, open_database
from storage.database.migrate import configuration, migrate
from storage.deliveries import cards
from storage.deliveries.pacing import Pace
from storage.feedback import corrections, imports, resolution
from storage.messages import contents, datasets, messages
from storage.models import predictions
from storage.summaries import summaries
from storage.tables.annotation import Stage
from storage.tables.feedback import Correction, Panel
from storage.tables.messages import Lane, Message, Mode
from tests import databases
from tests.factories import ANA, BEN, ENCODER, TEAM, label_set, predicted, received, say, together


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of its own, migrated to this release, of which a test may change the tables."""
    with databases.copied(request, tmp_path) as url:
        opened = open_database(url)
        yield opened
        opened.close()


def test_the_migrations_make_exactly_the_tables_of_this_release(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)

    assert differences == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = inspect(database.engine).get_table_names()

    migrate(database)

    assert inspect(database.engine).get_table_names() == before


def test_replicas_that_start_together_migrate_one_after_the_other(empty_database_url: str) -> None:
    replicas = [open_database(empty_database_url) for _ in range(6)]

    together(*[partial(migrate, replica) for replica in replicas])

    for replica in replicas:
        assert "message" in inspect(replica.engine).get_table_names()
        replica.close()


def test_every_migration_can_be_taken_back(migrated: Database) -> None:
    with migrated.engine.begin() as connection:
        command.downgrade(configuration(connection), "base")

    assert inspect(migrated.engine).get_table_names() == ["alembic_version"]
    migrate(migrated)


def test_mentions_of_before_count_as_answered_and_a_downgrade_drops_what_is_about_earlier_texts(
    migrated: Database,
) -> None:
    bug = label_set(migrated, "bug")["bug"]
    heard, asked = received(migrated), received(migrated, lane=Lane.ASKED)
    request = received(migrated, "", mode=Mode.OFF, waiting=False)
    said = [say(migrated, heard, user, bug) for user in (ANA, BEN)]
    with migrated.writing() as session:
        session.get_one(Correction, said[0].id).aside = 0
    with migrated.engine.begin() as connection:
        command.downgrade(configuration(connection), "0019")

    migrate(migrated)

    with migrated.reading() as session:
        answered = {one.id for one in session.exec(select(Message)) if one.is_addressed}
        kept = [one.id for one in session.exec(select(Correction))]
    assert answered == {asked.id, request.id}
    assert kept == [said[1].id]


def test_a_downgrade_leaves_one_dataset_in_which_reviewers_work(migrated: Database) -> None:
    with migrated.writing() as session:
        datasets.add(session, TEAM, "d1", Stage.CURRENT, Panel.DOUBLE)
        datasets.add(session, TEAM, "d2", Stage.CURRENT)
    with migrated.engine.begin() as connection:
        command.downgrade(configuration(connection), "0020")
        stages = connection.exec_driver_sql("SELECT id, stage FROM dataset ORDER BY id").all()

    assert [tuple(row) for row in stages] == [("d1", "moved"), ("d2", "current")]


@pytest.mark.parametrize("number", [0, 1, 2_500])
def test_vectors_that_an_earlier_release_kept_are_halved_and_a_downgrade_widens_them_again(
    migrated: Database, number: int
) -> None:
    kept = np.random.default_rng(0).normal(size=(number, 16)).astype(np.float32)
    one = received(migrated)
    with migrated.engine.begin() as connection:
        command.downgrade(configuration(connection), "0012")
        rows = [(one.id, _name(row), vector.tobytes()) for row, vector in enumerate(kept)]
        if rows:
            connection.exec_driver_sql(_INSERT[connection.dialect.name], rows)

    migrate(migrated)
    halved = _vectors(migrated, one.id, number)
    with migrated.engine.begin() as connection:
        command.downgrade(configuration(connection), "0012")
        widened = connection.exec_driver_sql("SELECT encoder, data FROM vector").all()

    for row, vector in enumerate(kept):
        assert np.allclose(halved[row], vector, rtol=2**-11, atol=1e-7)
    assert {name: len(data) for name, data in widened} == {_name(row): 16 * 4 for row in range(number)}


def test_corrections_that_an_earlier_release_kept_count_as_they_did(migrated: Database) -> None:
    known = label_set(migrated, "bug")["bug"]
    said = say(migrated, received(migrated), ANA, known)
    with migrated.writing() as session:
        imports.keep(session, TEAM, [imports.Labelled("It crashes", known.id)])
    with migrated.engine.begin() as connection:
        command.downgrade(configuration(connection), "0015")

    migrate(migrated)

    with migrated.reading() as session:
        assert len(resolution.labelled(session, TEAM)) == 2
        assert [word.id for word in corrections.twinless(session, TEAM, 9)] == [said.id]


_INSERT = {
    "sqlite": "INSERT INTO vector (message_id, encoder, data) VALUES (?, ?, ?)",
    "postgresql": "INSERT INTO vector (message_id, encoder, data) VALUES (%s, %s, %s)",
}


def _name(row: int) -> str:
    return f"{ENCODER} {row}"


def _vectors(database: Database, message_id: str, number: int) -> list[NDArray[np.float32]]:
    with database.reading() as session:
        return [predictions.vectors(session, _name(row), [message_id])[message_id] for row in range(number)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_waits_is_found_by_its_index_whatever_is_stored_beside_it(database: Database) -> None:
    """SQLite takes a partial index only where the query has its condition word by word."""

    def read(session: Session) -> None:
        messages.waiting(session, TEAM, 9)
        messages.count_waiting(session, TEAM)
        cards.next_due(session, TEAM, Pace(1.0, 10))
        cards.count_due(session, TEAM)
        summaries.next_due(session, TEAM)

    plans = _plans(database, read)

    assert len(plans) == 5
    assert [
        plan for plan in plans if "USING INDEX ix_" not in plan and "COVERING INDEX ix_" not in plan
    ] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_next_records_to_be_answered_are_found_by_an_index_without_looking_at_all_of_them(
    database: Database,
) -> None:
    def read(session: Session) -> None:
        datasets.to_be_answered(session, "d1", 9)
        datasets.to_be_answered(session, "d1", 9, datasets.Place(1.0, "m1", 1))
        datasets.without_vector(session, "d1", "v1", 9)

    plans = _plans(database, read)

    assert len(plans) == 3
    assert [plan for plan in plans if "ix_record_newest" not in plan or "TEMP B-TREE" in plan] == []
    assert "received_at<?" in plans[1].replace(" ", "") or "received_at,message_id,round)<" in plans[1]


def test_records_of_an_earlier_release_are_in_the_order_of_their_messages(migrated: Database) -> None:
    bug = label_set(migrated, "bug")["bug"]
    every = [predicted(migrated, bug) for _ in range(3)]
    with migrated.writing() as session:
        datasets.add(session, TEAM, "d1", Stage.CURRENT)
        datasets.identify(session, "d1", {(one.id, 1): one.id for one in every})
    with migrated.engine.begin() as connection:
        command.downgrade(configuration(connection), "0025")

    migrate(migrated)

    with migrated.reading() as session:
        found = datasets.to_be_answered(session, "d1", 9)
    assert [place.message_id for place in found] == [one.id for one in reversed(every)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_said_of_some_messages_is_not_looked_for_among_all_of_the_team(database: Database) -> None:
    one = received(database)

    def read(session: Session) -> None:
        contents.of_messages(session, [one.id])
        imports.labels(session, TEAM, [one.id])

    plans = _plans(database, read)

    by_message = [plan for plan in plans if "_message_id (message_id=?)" in plan]
    assert len(by_message) == 4  # words, answers, questions of a duel, imported labels
    assert [plan for plan in plans if "_team (" in plan] == []


def _plans(database: Database, read: Callable[[Session], None]) -> list[str]:
    """How SQLite carries out each query of `read`."""
    plans: list[str] = []

    def explain(connection: Connection, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        if not statement.startswith("SELECT"):
            return
        asked: Any = connection.connection.driver_connection
        plan = asked.execute(f"EXPLAIN QUERY PLAN {statement}", given)
        plans.append("; ".join(row[3] for row in plan))

    event.listen(database.engine, "before_cursor_execute", explain)
    with database.reading() as session:
        read(session)
    return plans
