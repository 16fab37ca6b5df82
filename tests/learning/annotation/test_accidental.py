"""Responses that nobody meant, in a real Argilla: they count for nothing, and are asked again once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from learning.annotation.asking_again import ask_again
from learning.annotation.collection import moment, sweep
from learning.annotation.manners import TOO_SOON_S
from learning.argilla.records import message_of
from learning.data.trust import NO_OPERATORS
from learning.monitoring.review_report import rows
from learning.text import edits
from storage.database.engine import Database
from storage.feedback import accidental_responses, questions, resolution, responses
from storage.messages import messages
from storage.tables.feedback import Label
from storage.tables.messages import Message
from tests.factories import ANA, TEAM, predicted, say
from tests.learning.annotation.desk import Desk
from tests.local.running import until

Json = dict[str, Any]


@pytest.fixture
def asked(desk: Desk, database: Database, known: dict[str, Label]) -> Desk:
    """A dataset with four messages, of each of which *bug* is suggested."""
    for number in range(4):
        one = predicted(database, known["bug"], f"message {number}")
        with database.writing() as session:
            questions.ask(session, TEAM, one.id, "margin", is_random=False)
    desk.serve(known["bug"], version=1)
    desk.deliver()
    return desk


def record(desk: Desk, number: int) -> Json:
    return desk.reviewer.record(f"message {number}")


def counted(desk: Desk, database: Database) -> dict[str, str]:
    """For each text the label that reviewers settled, once everything is fetched."""
    desk.sweep()
    with database.reading() as session:
        verdicts = responses.verdicts(session, TEAM)
        labels = {message_id: str(one.label_id) for message_id, one in verdicts.items()}
        return {
            one["fields"]["text"]: labels[one["external_id"]]
            for one in desk.reviewer.records()
            if one["external_id"] in labels
        }


def status(database: Database) -> dict[str, str]:
    with database.reading() as session:
        return dict(rows(session, TEAM, 50, NO_OPERATORS))


def slip(desk: Desk) -> Json:
    """Submit a label with a digit, and with Enter what is suggested for the next record; that response."""
    return quickly(desk, (record(desk, 0), "billing"), (record(desk, 1), "bug"))


def quickly(desk: Desk, first: tuple[Json, str], second: tuple[Json, str]) -> Json:
    """Submit two responses within a second, however busy the machine is; the second one."""
    while True:
        before = moment(desk.reviewer.submit(*first)["updated_at"])
        response = desk.reviewer.submit(*second)
        if moment(response["updated_at"]) - before < TOO_SOON_S:
            return response


def read_on() -> None:
    """Take longer than it takes by accident."""
    began = time.time()
    until(lambda: time.time() - began > 1.1)


ACCIDENTAL = "accidental responses (the suggestion, within a second)"


def test_an_accidental_response_counts_for_nothing_and_its_record_is_asked_again(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    slip(asked)

    assert counted(asked, database) == {"message 0": known["billing"].id}
    assert record(asked, 1)["responses"] == []
    assert record(asked, 1)["status"] == "pending"
    assert status(database)[ACCIDENTAL] == "1 not counted, 1 asked again, 0 answered since"
    with database.reading() as session:
        assert len(resolution.labelled(session, TEAM)) == 1


def test_what_another_reviewer_answered_is_kept_when_the_author_edits_what_somebody_answered_by_accident(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    with asked.reviewer.colleague() as colleague:
        colleague.submit(record(asked, 1), "praise")
    slip(asked)
    edited = [found[0] for number in (0, 1) if (found := message_of(record(asked, number)["external_id"]))]
    with database.writing() as session:
        for message_id in edited:
            one = session.get_one(Message, message_id)
            key = TEAM, one.channel_id, one.ts
            messages.rewrite(session, *key, "I was charged twice", "", edits.judge)

    asked.deliver()

    with database.reading() as session:
        [given] = responses.of_message(session, edited[1])
    assert (given.label_id, given.aside) == (known["praise"].id, 0)


def test_a_second_response_that_was_meant_counts(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    slip(asked)
    asked.sweep()
    read_on()

    asked.reviewer.submit(record(asked, 1), "bug")

    assert counted(asked, database) == {"message 0": known["billing"].id, "message 1": known["bug"].id}
    assert status(database)[ACCIDENTAL] == "1 not counted, 1 asked again, 1 answered since"


def test_nobody_is_asked_again_twice(asked: Desk, database: Database, known: dict[str, Label]) -> None:
    slip(asked)
    asked.sweep()
    quickly(asked, (record(asked, 2), "praise"), (record(asked, 1), "bug"))
    first = counted(asked, database)
    again = counted(asked, database)

    assert "message 1" not in first
    assert again == first
    assert [one["status"] for one in record(asked, 1)["responses"]] == ["submitted"]
    assert status(database)[ACCIDENTAL] == "2 not counted, 1 asked again, 0 answered since"


def test_a_quick_response_that_is_not_the_suggestion_counts(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    quickly(asked, (record(asked, 0), "bug"), (record(asked, 1), "praise"))

    assert counted(asked, database) == {"message 0": known["bug"].id, "message 1": known["praise"].id}
    assert ACCIDENTAL not in status(database)


def test_responses_submitted_together_count_and_are_marked(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    response = {"status": "submitted", "values": {"label": {"value": "bug"}}}
    items = [{"record_id": record(asked, number)["id"], **response} for number in range(3)]
    asked.reviewer.ask("POST", "me/responses/bulk", json={"items": items})

    assert set(counted(asked, database)) == {"message 0", "message 1", "message 2"}
    assert status(database)["answered by reviewers"] == "3, 3 of them in bulk, 1 wait for a first answer"


def test_the_embedded_argilla_dates_responses_of_one_request_alike_and_says_so(asked: Desk) -> None:
    def submit(label: str, *numbers: int) -> None:
        response = {"status": "submitted", "values": {"label": {"value": label}}}
        items = [{"record_id": record(asked, number)["id"], **response} for number in numbers]
        asked.reviewer.ask("POST", "me/responses/bulk", json={"items": items})

    submit("bug", 0, 1)
    submit("bug", 2)
    before = [record(asked, number)["responses"][0] for number in range(3)]
    submit("praise", 1, 2)
    after = [record(asked, number)["responses"][0] for number in range(3)]

    assert before[0]["updated_at"] == before[1]["updated_at"] == before[0]["inserted_at"]
    assert before[1]["updated_at"] < before[2]["updated_at"]
    assert after[0]["updated_at"] == before[0]["updated_at"]
    assert before[2]["updated_at"] < after[1]["updated_at"] == after[2]["updated_at"]
    assert after[1]["inserted_at"] == before[1]["inserted_at"]
    assert asked.connection.same_request_s() == 0.0


def test_a_webhooks_hint_alone_does_not_make_an_accidental_response_count(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    asked.sweep()
    asked.answering._next_sweep = {asked.reviewer.dataset()["id"]: time.monotonic() + 3_600.0}
    slip(asked)
    for number in range(2):
        asked.answering.hint(asked.reviewer.dataset()["id"], record(asked, number)["id"])

    asked.answering.step()

    with database.reading() as session:
        assert {one.label_id for one in responses.verdicts(session, TEAM).values()} == {known["billing"].id}


def test_a_response_that_was_changed_before_it_was_returned_is_left_alone(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    slip(asked)
    dataset_id = asked.kept.form().dataset_id
    sweep(asked.connection, database, TEAM, dataset_id)
    asked.reviewer.submit(record(asked, 1), "praise")

    ask_again(asked.connection, database, dataset_id)

    assert counted(asked, database)["message 1"] == known["praise"].id
    assert ACCIDENTAL not in status(database)


def test_a_return_that_was_interrupted_is_ended(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    response = slip(asked)
    dataset_id = asked.kept.form().dataset_id
    sweep(asked.connection, database, TEAM, dataset_id)
    asked.reviewer.take_back(response)  # as if we had died before noting it

    ask_again(asked.connection, database, dataset_id)

    with database.reading() as session:
        assert accidental_responses.count(session, TEAM).asked == 1
        assert accidental_responses.due(session, dataset_id, 10) == []


def test_an_accidental_response_is_told_by_what_was_suggested_when_the_page_was_opened(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    page = [record(asked, number) for number in range(2)]
    asked.serve(known["praise"], version=2)
    asked.refresh()

    quickly(asked, (page[0], "billing"), (page[1], "bug"))

    assert counted(asked, database) == {"message 0": known["billing"].id}


def test_responses_that_move_to_another_dataset_count_as_before(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    asked.reviewer.submit(record(asked, 0), "bug")
    read_on()
    asked.reviewer.submit(record(asked, 1), "bug")
    read_on()
    quickly(asked, (record(asked, 2), "praise"), (record(asked, 3), "bug"))
    sweep(asked.connection, database, TEAM, asked.kept.form().dataset_id)
    former = asked.reviewer.dataset()["id"]

    asked.labels.append("access")
    asked.deliver()

    assert asked.reviewer.dataset()["id"] != former
    assert set(counted(asked, database)) == {"message 0", "message 1", "message 2"}
    assert record(asked, 3)["responses"] == []
    assert status(database)["answered by reviewers"].startswith("3, 1 wait")


def test_what_users_said_stands_while_a_response_is_set_aside(
    asked: Desk, database: Database, known: dict[str, Label]
) -> None:
    message_id = record(asked, 1)["external_id"]
    with database.reading() as session:
        message = session.get_one(Message, message_id)
    say(database, message, ANA, known["praise"])
    slip(asked)
    asked.sweep()

    with database.reading() as session:
        assert resolution.labelled(session, TEAM)[message_id] == known["praise"].id
