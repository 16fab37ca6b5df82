"""The outbox delivered to a real Argilla, without Slack."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import col, delete

from learning.argilla.schema import DatasetPlan
from learning.text import edits
from local.argilla.embedded import SignIn
from storage.database.engine import Database
from storage.deliveries import outbox
from storage.feedback import questions, responses
from storage.messages import contents, datasets, messages
from storage.models import predictions
from storage.privacy import erasure
from storage.tables.deliveries import Kind
from storage.tables.feedback import Label
from storage.tables.messages import Message
from storage.tables.models import Vector
from tests.databases import on_both
from tests.factories import ANA, BEN, ENCODER, TEAM, predicted, say
from tests.learning.annotation.desk import NAMES, Desk, corrected, refusals, waiting
from tests.local.running import free_port, until
from tests.traces import files_with


def test_what_argilla_refuses_is_set_aside_with_its_reason_and_blocks_nobody(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    good = [corrected(database, known["bug"], f"message {number}") for number in range(9)]
    bad = corrected(database, known["bug"], "a secret nobody may read in a log")
    with database.writing() as session:
        session.exec(delete(Vector).where(col(Vector.message_id) == bad.id))
        predictions.keep_vectors(session, ENCODER, {bad.id: np.ones(5, dtype=np.float32)})

    desk.deliver()

    [(reason, number)] = refusals(database).items()
    assert (waiting(database), number) == (0, 1)
    assert "422" in reason
    assert "secret" not in reason
    assert {one["external_id"] for one in desk.reviewer.records()} == {one.id for one in good}


def test_what_was_refused_is_delivered_once_its_cause_is_mended_and_it_is_sent_again(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    bad = corrected(database, known["bug"], "mend me")
    with database.writing() as session:
        session.exec(delete(Vector).where(col(Vector.message_id) == bad.id))
        predictions.keep_vectors(session, ENCODER, {bad.id: np.ones(5, dtype=np.float32)})
    desk.deliver()
    with database.writing() as session:
        session.exec(delete(Vector).where(col(Vector.message_id) == bad.id))
        outbox.retry_refused(session, TEAM)

    desk.deliver()

    assert refusals(database) == {}
    assert [one["fields"]["text"] for one in desk.reviewer.records()] == ["mend me"]


def test_a_server_that_does_not_answer_costs_nothing_but_delay_and_one_line_in_the_log(
    argilla: SignIn, database: Database, known: dict[str, Label], caplog: pytest.LogCaptureFixture
) -> None:
    corrected(database, known["bug"], "patience")
    nowhere = f"http://127.0.0.1:{free_port()}"
    with caplog.at_level(logging.WARNING), Desk(argilla, database, url=nowhere) as desk:
        pauses = [desk.delivery.step() for _ in range(3)]

    assert all(pauses)
    assert waiting(database) == 1
    assert refusals(database) == {}
    assert len(caplog.records) == 1
    assert "connection_refused" in caplog.text
    assert not desk.delivery.patience.is_well


def test_a_wrong_key_is_trouble_to_be_mended_and_no_refusal(
    argilla: SignIn, database: Database, known: dict[str, Label], caplog: pytest.LogCaptureFixture
) -> None:
    wrong = SignIn(argilla.url, argilla.username, argilla.password, "a-wrong-key-that-opens-nothing")
    corrected(database, known["bug"], "patience")
    with caplog.at_level(logging.WARNING), Desk(wrong, database) as desk:
        desk.delivery.step()

    assert "does not let us in" in caplog.text
    assert "a-wrong-key" not in caplog.text
    assert (waiting(database), refusals(database)) == (1, {})


@on_both
def test_two_replicas_never_deliver_at_the_same_time(
    desk: Desk, argilla: SignIn, database: Database, known: dict[str, Label]
) -> None:
    desk.delivery.step()
    corrected(database, known["bug"], "mine")
    with Desk(argilla, database) as second:
        assert second.delivery.step() is None
        assert waiting(database) == 1

        desk.delivery.close()
        second.deliver()

        assert waiting(database) == 0


@on_both
def test_a_message_erased_while_argilla_may_have_had_it_is_gone_there(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "erase me")
    desk.deliver()
    with database.writing() as session:
        [record] = datasets.records(session, [one.id])
        session.merge(record).record_id = None  # as if we had died before Argilla answered
        messages.erase(session, TEAM, one.channel_id, one.ts, is_heard=True)

    desk.deliver()

    assert desk.reviewer.records() == []
    with database.reading() as session:
        assert datasets.records(session, [one.id]) == []


def test_what_a_message_said_before_it_was_edited_leaves_argillas_files(
    desk: Desk, database: Database, known: dict[str, Label], run_folder: Path
) -> None:
    message = corrected(database, known["bug"], "The export crashes, qvxzmarkerkjw")
    desk.deliver()
    before = files_with(run_folder / "argilla", "qvxzmarkerkjw")

    with database.writing() as session:
        messages.edit(session, TEAM, message.channel_id, message.ts, "The export crashes")
    desk.deliver()

    assert before
    assert [one["fields"]["text"] for one in desk.reviewer.records()] == ["The export crashes"]
    assert files_with(run_folder / "argilla", "qvxzmarkerkjw") == []


def rewritten(database: Database, one: Message, text: str) -> None:
    """Its author edits a message."""
    with database.writing() as session:
        messages.rewrite(session, TEAM, one.channel_id, one.ts, text, "", edits.judge)


@on_both
def test_a_response_belongs_to_the_text_that_its_reviewer_saw(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "The export button crashes")
    desk.deliver()
    before = desk.reviewer.record(one.text)
    rewritten(database, one, "I was charged twice")
    desk.reviewer.submit(before, "bug")  # the page was open when the author edited the message

    desk.deliver()  # which also takes back the record, and first what was said of it
    desk.answering.step()
    [record] = desk.reviewer.records()
    kept, settled = earlier_and_settled(database, one)
    desk.reviewer.submit(record, "billing")
    until(lambda: settled_by(desk, database, one) == known["billing"].id)
    rewritten(database, one, "The export button crashes")
    desk.deliver()
    [again] = desk.reviewer.records()

    assert (record["fields"], record["responses"]) == (
        {"text": "I was charged twice", "said": None},
        [],
    )
    assert record["suggestions"] == []  # the model has not read the new text yet
    assert (kept, settled) == (1, None)
    assert again["fields"] == {"text": "The export button crashes", "said": f"- \\*{ANA}\\* chose **bug**"}
    assert again["responses"] == []
    assert earlier_and_settled(database, one) == (1, known["bug"].id)


def settled_by(desk: Desk, database: Database, one: Message) -> str | None:
    """The label that is settled once reviewers' answers are fetched, which rests after a slow look at them."""
    desk.answering.step()
    return earlier_and_settled(database, one)[1]


def earlier_and_settled(database: Database, one: Message) -> tuple[int, str | None]:
    """How many answers are about another text than that of now, and the label that is settled for this one."""
    with database.reading() as session:
        return responses.count_earlier(session, TEAM), contents.of_message(session, one.id).settled


def test_a_fixed_typo_changes_the_text_of_a_record_and_leaves_its_responses(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "The exprot button crashes")
    desk.deliver()
    desk.reviewer.submit(desk.reviewer.record(one.text), "billing")
    rewritten(database, one, "The export button crashes")

    desk.deliver()

    [record] = desk.reviewer.records()
    assert record["fields"]["text"] == "The export button crashes"
    assert len(record["responses"]) == 1
    until(lambda: settled_by(desk, database, one) == known["billing"].id)


def test_reviewers_who_move_to_another_dataset_leave_what_was_said_before_an_edit(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "The export button crashes")
    desk.deliver()
    desk.reviewer.submit(desk.reviewer.record(one.text), "bug")
    desk.answering.step()
    rewritten(database, one, "I was charged twice")
    desk.labels.append("access")  # and the edit is not told yet

    desk.deliver()
    desk.answering.step()

    [record] = desk.reviewer.records()
    assert (record["fields"]["text"], record["responses"]) == ("I was charged twice", [])
    assert earlier_and_settled(database, one) == (1, None)


def test_an_erasure_is_not_told_until_argillas_files_hold_nothing_of_it(
    desk: Desk, database: Database, known: dict[str, Label], run_folder: Path
) -> None:
    message = corrected(database, known["bug"], "The export crashes, zyxwmarkervuts")
    desk.deliver()
    with database.writing() as session:
        messages.erase_all(session, [message.id])
    with closing(sqlite3.connect(run_folder / "argilla" / "argilla.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records").fetchall()
        desk.delivery.step()
        with database.reading() as session:
            meanwhile = erasure.undelivered(session, [message.id])
        reader.execute("ROLLBACK")

    until(lambda: desk.delivery.step() is None and not waiting(database))

    assert meanwhile == 1
    assert desk.reviewer.records() == []
    assert files_with(run_folder / "argilla", "zyxwmarkervuts") == []


def test_what_people_said_is_shown_without_obeying_the_markup_in_names(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "who said what")
    say(database, one, BEN, known["billing"])

    desk.deliver()

    [record] = desk.reviewer.records()
    assert record["fields"]["said"] == f"- \\*{ANA}\\* chose **bug**\n- \\*{BEN}\\* chose **billing**"
    assert record["metadata"]["disagreement"] == "among people"


def test_descriptions_guidelines_and_overlap_follow_in_place_and_only_labels_move_the_dataset(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    desk.deliver()
    before = desk.reviewer.dataset()
    changed = DatasetPlan(dict.fromkeys(NAMES, "something else"), 2, f"encoder_{ENCODER}", "Similar", 3)
    desk.plan = lambda: changed  # type: ignore[method-assign]
    desk.kept._plan = desk.plan
    desk.delivery.step()

    after = desk.reviewer.dataset()
    [question] = desk.reviewer.ask("GET", f"datasets/{after['id']}/questions")["items"]
    assert after["id"] == before["id"]
    assert after["distribution"]["min_submitted"] == 2
    assert "something else" in after["guidelines"]
    assert {one["description"] for one in question["settings"]["options"]} == {"something else"}


def test_an_operators_own_dataset_of_that_name_is_left_alone(
    desk: Desk, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    desk.deliver()  # makes the workspace
    [place] = [
        one for one in desk.reviewer.ask("GET", "me/workspaces")["items"] if one["name"] == "corrigible"
    ]
    taken = f"test-{secrets.token_hex(6)}"
    made = desk.reviewer.ask("POST", "datasets", json={"name": taken, "workspace_id": place["id"]})
    field = {"name": "other", "title": "Other", "settings": {"type": "text"}, "required": True}
    question = {"name": "note", "title": "Note", "required": True, "settings": {"type": "text"}}
    desk.reviewer.ask("POST", f"datasets/{made['id']}/fields", json=field)
    desk.reviewer.ask("POST", f"datasets/{made['id']}/questions", json=question)
    desk.reviewer.ask("PUT", f"datasets/{made['id']}/publish")
    with database.writing() as session:
        current = datasets.current(session, TEAM)
        assert current is not None
        datasets.gone(session, current.id)
    desk.kept._name = taken
    desk.kept.look_again()

    with caplog.at_level(logging.WARNING):
        desk.delivery.step()

    assert "Set ARGILLA_DATASET to another name" in caplog.text
    assert len(desk.reviewer.ask("GET", f"datasets/{made['id']}/questions")["items"]) == 1


def test_answers_written_by_argillas_client_which_leave_no_trace_of_activity_are_found_too(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "bulk")
    desk.deliver()
    desk.answering.step()
    us = desk.reviewer.ask("GET", "me")["id"]
    response = {"user_id": us, "status": "submitted", "values": {"label": {"value": "praise"}}}
    item = {"external_id": one.id, "responses": [response]}
    desk.reviewer.ask("PUT", f"datasets/{desk.reviewer.dataset()['id']}/records/bulk", json={"items": [item]})
    desk.answering._swept_at.clear()  # ten minutes pass
    desk.answering._next_sweep.clear()
    desk.answering.step()

    with database.reading() as session:
        verdict = responses.verdicts(session, TEAM)[one.id]
    assert verdict.label_id == known["praise"].id
    assert sum(desk.news) == 1


def test_a_picked_message_is_sent_with_why_it_is_asked(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], "from the pool")
    with database.writing() as session:
        questions.ask(session, TEAM, one.id, "margin", is_random=False)

    desk.deliver()

    [record] = desk.reviewer.records()
    assert record["metadata"]["source"] == "margin"
    assert record["fields"]["said"] is None


def test_the_kinds_of_news_are_all_delivered_the_same_way(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "before")
    desk.deliver()
    with database.writing() as session:
        messages.edit(session, TEAM, one.channel_id, one.ts, "after")
        outbox.append(session, TEAM, one.id, Kind.EDIT)
    desk.deliver()

    assert [record["fields"]["text"] for record in desk.reviewer.records()] == ["after"]
