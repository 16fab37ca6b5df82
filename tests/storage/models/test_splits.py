from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage.database.engine import Database
from storage.models import runs, splits
from storage.tables.feedback import Label
from storage.tables.models import Run, Side
from tests.factories import TEAM, label_set, received


@pytest.fixture
def bug(database: Database) -> Label:
    return label_set(database, "bug")["bug"]


@pytest.fixture
def run(database: Database) -> Run:
    with database.writing() as session:
        return runs.ask(session, TEAM, "a test")


def test_about_the_share_is_held_out_and_always_the_same_ones() -> None:
    drawn = [splits.draw(f"message {number}", 0.2) for number in range(2_000)]

    assert drawn == [splits.draw(f"message {number}", 0.2) for number in range(2_000)]
    assert 0.17 < drawn.count(Side.HOLDOUT) / 2_000 < 0.23


def test_the_database_refuses_to_learn_from_what_is_held_out(
    database: Database, bug: Label, run: Run
) -> None:
    held, learned = received(database), received(database)
    with database.writing() as session:
        splits.keep(session, TEAM, {held.id: Side.HOLDOUT, learned.id: Side.TRAINING})
        splits.learn(session, run.id, {learned.id: bug.id})

    with pytest.raises(IntegrityError), database.writing() as session:
        splits.learn(session, run.id, {held.id: bug.id})

    with database.reading() as session:
        assert splits.lessons(session, run.id) == {learned.id: bug.id}


def test_a_message_that_was_never_drawn_can_not_be_learned_from_either(
    database: Database, bug: Label, run: Run
) -> None:
    one = received(database)

    with pytest.raises(IntegrityError), database.writing() as session:
        splits.learn(session, run.id, {one.id: bug.id})


@pytest.mark.parametrize(
    "statement",
    ["UPDATE split SET side = 'training'", "DELETE FROM split", "UPDATE split SET message_id = 'x'"],
)
def test_the_database_refuses_to_move_a_message_to_the_other_side(database: Database, statement: str) -> None:
    one = received(database)
    with database.writing() as session:
        splits.keep(session, TEAM, {one.id: Side.HOLDOUT})

    with pytest.raises(DBAPIError, match="the split is for ever"), database.writing() as session:
        session.connection().execute(text(statement))

    with database.reading() as session:
        assert splits.held_out(session, TEAM) == {one.id}


def test_a_side_that_was_drawn_stays(database: Database) -> None:
    one = received(database)
    for side in (Side.HOLDOUT, Side.TRAINING):
        with database.writing() as session:
            splits.keep(session, TEAM, {one.id: side})

    with database.reading() as session:
        assert splits.sides(session, TEAM) == {one.id: Side.HOLDOUT}
