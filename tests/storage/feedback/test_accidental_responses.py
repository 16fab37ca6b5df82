from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from storage.database.engine import Database, open_database
from storage.database.migrate import configuration, migrate
from storage.feedback import accidental_responses, responses
from storage.feedback.accidental_responses import Moment, Slips
from storage.messages import datasets, messages
from storage.tables.annotation import Stage
from storage.tables.feedback import AccidentalResponse, Answer, Label, Status
from storage.tables.messages import Message
from tests.factories import TEAM, label_set, predicted

DATASET = "d1"


@pytest.fixture
def bug(database: Database) -> Label:
    with database.writing() as session:
        datasets.add(session, TEAM, DATASET, Stage.CURRENT)
    return label_set(database, "bug")["bug"]


def recorded(database: Database, label: Label) -> Message:
    """A message that Argilla has a record of."""
    one = predicted(database, label)
    with database.writing() as session:
        datasets.identify(session, DATASET, {(one.id, 1): f"record {one.id}"})
    return one


def given(one: Message, label: Label, response: str, **other: Any) -> dict[str, Any]:
    standard = {"team_id": TEAM, "dataset_id": DATASET, "round": 1, "reviewer": "r1", "answered_at": 1.0}
    return {"response_id": response, "message_id": one.id, "label_id": label.id, **standard, **other}


def slipped(database: Database, one: Message, label: Label, response: str, **other: Any) -> None:
    with database.writing() as session:
        accidental_responses.keep(session, [AccidentalResponse(**given(one, label, response, **other))])


def answered(database: Database, one: Message, label: Label, response: str, **other: Any) -> None:
    with database.writing() as session:
        session.add(Answer(**given(one, label, response, **other), status=Status.SUBMITTED))


def due(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(one.response_id, record) for one, record in accidental_responses.due(session, DATASET, 10)]


def test_each_reviewer_is_asked_again_about_a_record_once(database: Database, bug: Label) -> None:
    one = recorded(database, bug)
    slipped(database, one, bug, "first")
    slipped(database, one, bug, "of another", reviewer="r2")
    before = due(database)
    with database.writing() as session:
        accidental_responses.asked_again(session, ["first"])
    slipped(database, one, bug, "second", answered_at=9.0)

    record = f"record {one.id}"
    assert before == [("first", record), ("of another", record)]
    assert due(database) == [("of another", record)]


def test_nobody_is_asked_again_about_a_message_that_is_erased(database: Database, bug: Label) -> None:
    one = recorded(database, bug)
    slipped(database, one, bug, "first")
    with database.writing() as session:
        messages.erase_all(session, [one.id])

    assert due(database) == []


def test_what_is_kept_twice_stays_as_it_is_unless_it_was_given_anew(database: Database, bug: Label) -> None:
    one = recorded(database, bug)
    slipped(database, one, bug, "first")
    with database.writing() as session:
        accidental_responses.asked_again(session, ["first"])
    slipped(database, one, bug, "first")
    with database.reading() as session:
        kept = accidental_responses.count(session, TEAM)
    slipped(database, one, bug, "first", answered_at=5.0)

    assert kept == Slips(found=1, asked=1, answered=0)
    assert [response for response, _ in due(database)] == ["first"]


def test_an_answer_of_the_same_reviewer_later_says_that_it_was_answered_since(
    database: Database, bug: Label
) -> None:
    one = recorded(database, bug)
    slipped(database, one, bug, "first")
    with database.writing() as session:
        accidental_responses.asked_again(session, ["first"])
    answered(database, one, bug, "theirs", answered_at=9.0, reviewer="r2")
    with database.reading() as session:
        before = accidental_responses.count(session, TEAM)
    answered(database, one, bug, "meant", answered_at=9.0)

    with database.reading() as session:
        assert before.answered == 0
        assert accidental_responses.count(session, TEAM).answered == 1


def test_moments_are_of_answers_and_accidents_and_not_of_what_we_sent_ourselves(
    database: Database, bug: Label
) -> None:
    one = recorded(database, bug)
    slipped(database, one, bug, "slip", answered_at=2.0)
    answered(database, one, bug, "answer", answered_at=3.0)
    answered(database, one, bug, "sent", answered_at=4.0, is_brought=True)
    answered(database, one, bug, "late", answered_at=9.0)

    with database.reading() as session:
        found = accidental_responses.moments(session, TEAM, 1.0, 5.0)

    assert set(found) == {Moment("slip", "r1", 2.0, bug.id), Moment("answer", "r1", 3.0, bug.id)}


def test_what_was_submitted_together_with_a_bulk_answer_is_marked_too(database: Database, bug: Label) -> None:
    one = recorded(database, bug)
    for response, at, reviewer in (
        ("together", 1.0, "r1"),
        ("earlier", 0.5, "r1"),
        ("theirs", 1.0, "r2"),
    ):
        answered(database, one, bug, response, answered_at=at, reviewer=reviewer)
    new = Answer(**given(one, bug, "new", is_bulk=True), status=Status.SUBMITTED)

    with database.writing() as session:
        responses.mark_bulk(session, new, 0.005)

    with database.reading() as session:
        marked = {one.response_id for one in responses.of_message(session, one.id) if one.is_bulk}
        assert marked == {"together"}
        assert accidental_responses.count_bulk(session, TEAM) == 1


def test_whoever_leaves_a_dataset_is_asked_again_in_the_next(database: Database, bug: Label) -> None:
    one = recorded(database, bug)
    slipped(database, one, bug, "first")
    with database.writing() as session:
        datasets.add(session, TEAM, "d2", Stage.FILLING)
        datasets.switch(session, DATASET, "d2", "")

    with database.reading() as session:
        assert accidental_responses.count(session, TEAM).asked == 1


def test_answers_that_an_earlier_release_stored_are_not_judged(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    migrate(database)
    bug = label_set(database, "bug")["bug"]
    with database.writing() as session:
        datasets.add(session, TEAM, DATASET, Stage.CURRENT)
    answered(database, predicted(database, bug), bug, "earlier")
    with database.engine.begin() as connection:
        command.downgrade(configuration(connection), "0019")
        assert connection.execute(text("SELECT count(*) FROM answer")).scalar() == 1

    migrate(database)

    with database.reading() as session:
        assert responses.brought(session, DATASET) == {("earlier", 1.0): False}
    database.close()


def test_bulk_answers_on_an_earlier_text_are_not_counted_as_those_that_count_are(
    database: Database, bug: Label
) -> None:
    for response, meaning in (("now", None), ("earlier", 0)):
        one = recorded(database, bug)
        answered(database, one, bug, response, answered_at=1.0, is_bulk=True, aside=meaning)

    with database.reading() as session:
        assert accidental_responses.count_bulk(session, TEAM) == 1
        assert responses.count(session, TEAM) == 1
