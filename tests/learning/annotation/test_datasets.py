"""A team's datasets in Argilla: whose they are, what is missing from them, and the one that two reviewers answer."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from learning.argilla import ownership
from learning.argilla.erasing import Traces, erase
from learning.argilla.schema import DatasetPlan
from learning.evaluation import agreement
from local.argilla.embedded import SignIn
from storage.database.engine import Database, open_database
from storage.deliveries import outbox
from storage.feedback import responses
from storage.feedback.responses import Verdict
from storage.messages import datasets, messages
from storage.tables.deliveries import Kind
from storage.tables.feedback import Label, Panel
from storage.tables.messages import Message
from tests.factories import ENCODER, TEAM, label_set
from tests.learning.annotation.desk import NAMES, Desk, corrected, refusals, waiting
from tests.reviewer import Reviewer

Json = dict[str, Any]


@contextmanager
def backup(desk: Desk, database: Database, folder: Path) -> Iterator[Database]:
    """The database as it is now, restored elsewhere and later: leases have run out."""
    desk.delivery.close()
    desk.answering.close()
    file = folder / "restored.db"
    with (
        closing(sqlite3.connect(str(database.engine.url.database))) as source,
        closing(sqlite3.connect(file)) as copy,
    ):
        source.backup(copy)
    with closing(open_database(f"sqlite:///{file}")) as restored:
        yield restored


@contextmanager
def of_another_bot(folder: Path, template: Path) -> Iterator[Database]:
    file = folder / "another.db"
    file.write_bytes(template.read_bytes())
    with closing(open_database(f"sqlite:///{file}")) as another:
        yield another


def texts(desk: Desk, name: str | None = None) -> list[str]:
    return sorted(one["fields"]["text"] for one in desk.reviewer.records(name))


def verdict(database: Database, of: Message) -> Verdict | None:
    with database.reading() as session:
        return responses.verdicts(session, TEAM).get(of.id)


def delete(reviewer: Reviewer, record: Json, dataset: str | None = None) -> None:
    where = f"datasets/{reviewer.dataset(dataset)['id']}/records"
    reviewer.ask("DELETE", where, params={"ids": record["id"]})


def bear(reviewer: Reviewer, metadata: Json) -> None:
    """Make this the metadata of the dataset; Argilla would only add to it, and forget that at once."""
    for one in (None, metadata):
        reviewer.ask("PATCH", f"datasets/{reviewer.dataset()['id']}", json={"metadata": one})


# Whose it is


def test_a_dataset_of_another_bot_is_left_alone_until_the_operator_chose_another_name(
    argilla: SignIn,
    desk: Desk,
    database: Database,
    known: dict[str, Label],
    tmp_path: Path,
    sqlite_template: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    corrected(database, known["bug"], "of the first bot")
    desk.deliver()
    before = desk.reviewer.dataset()
    with of_another_bot(tmp_path, sqlite_template) as theirs, Desk(argilla, theirs, name=desk.name) as second:
        corrected(theirs, label_set(theirs, *NAMES, "refund")["refund"], "of the second bot")
        second.labels.append("refund")
        with caplog.at_level(logging.WARNING):
            second.deliver()
        failing = second.delivery.patience.failing
        untouched = desk.reviewer.dataset(), texts(desk)
        second.kept._name = f"{desk.name}-second"
        second.delivery.patience.succeeded()
        second.deliver()
        own = texts(second, f"{desk.name}-second")

    assert failing is not None
    assert failing[0] == "foreign_dataset"
    assert "belongs to another bot" in caplog.text
    assert "Set ARGILLA_DATASET to another name" in caplog.text
    assert untouched == (before, ["of the first bot"])
    assert own == ["of the second bot"]


def test_a_message_is_erased_even_while_the_dataset_is_another_bots(
    argilla: SignIn, desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "erase me")
    desk.deliver()
    bear(desk.reviewer, {ownership.MARK: "another bot"})
    desk.kept.look_again()
    corrected(database, known["bug"], "wait")
    with database.writing() as session:
        messages.erase(session, TEAM, one.channel_id, one.ts, is_heard=True)

    desk.deliver()

    assert texts(desk) == []
    assert waiting(database) == 1
    assert not desk.delivery.patience.is_well


def test_a_dataset_without_a_mark_is_ours_if_we_know_what_is_in_it(
    argilla: SignIn,
    desk: Desk,
    database: Database,
    known: dict[str, Label],
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    corrected(database, known["bug"], "copied from a server that is gone")
    desk.deliver()
    dataset = desk.reviewer.dataset()
    bear(desk.reviewer, {"kept": "as it is"})
    with of_another_bot(tmp_path, sqlite_template) as theirs, Desk(argilla, theirs, name=desk.name) as second:
        corrected(theirs, label_set(theirs, *NAMES)["bug"], "of the second bot")
        second.deliver()
        refused = second.delivery.patience.failing
    with database.writing() as session:
        datasets.gone(session, dataset["id"])
        mark = datasets.mark(session, TEAM)
    desk.kept.look_again()
    desk.deliver()

    assert refused is not None
    assert refused[0] == "foreign_dataset"
    assert desk.reviewer.dataset()["id"] == dataset["id"]
    assert desk.reviewer.dataset()["metadata"] == {"kept": "as it is", ownership.MARK: mark}


def test_a_bot_restored_from_a_backup_leaves_records_alone_that_it_does_not_know_and_follows_new_labels(
    argilla: SignIn, desk: Desk, database: Database, known: dict[str, Label], tmp_path: Path
) -> None:
    old = corrected(database, known["bug"], "before the backup")
    lost = corrected(database, known["bug"], "deleted by mistake")
    desk.deliver()
    with backup(desk, database, tmp_path) as restored, Desk(argilla, restored, name=desk.name) as again:
        corrected(database, known["bug"], "after the backup")
        desk.deliver()
        desk.reviewer.submit(desk.reviewer.record("after the backup"), "praise")
        desk.reviewer.submit(desk.reviewer.record("before the backup"), "billing")
        delete(desk.reviewer, desk.reviewer.record("deleted by mistake"))
        again.deliver()
        again.sweep()
        again.deliver()
        brought_back = texts(again)
        with restored.reading() as session:
            answered = responses.verdicts(session, TEAM)
        again.labels.append("refund")
        label_set(restored, *NAMES, "refund")
        again.deliver()
        again.sweep()
        moved = again.reviewer.records()
        is_well = again.delivery.patience.is_well and again.answering.patience.is_well

    assert brought_back == ["after the backup", "before the backup", "deleted by mistake"]
    assert {message_id: one.label_id for message_id, one in answered.items()} == {old.id: known["billing"].id}
    assert {one["fields"]["text"]: len(one["responses"]) for one in moved} == {
        "before the backup": 1,
        "deleted by mistake": 0,
        "after the backup": 1,
    }
    assert lost.id in {one["external_id"] for one in moved}
    assert is_well


def test_a_bot_restored_from_a_backup_goes_on_in_the_dataset_to_which_reviewers_moved_since(
    argilla: SignIn, desk: Desk, database: Database, known: dict[str, Label], tmp_path: Path
) -> None:
    one = corrected(database, known["bug"], "before the move")
    desk.deliver()
    with backup(desk, database, tmp_path) as restored, Desk(argilla, restored, name=desk.name) as again:
        desk.labels.append("refund")
        again.labels.append("refund")
        label_set(restored, *NAMES, "refund")
        desk.deliver()
        now = desk.reviewer.dataset()["id"]
        desk.reviewer.submit(desk.reviewer.record("before the move"), "billing")
        again.deliver()
        again.sweep()
        said = verdict(restored, one)
        with restored.reading() as session:
            current = datasets.current(session, TEAM)

    assert current is not None
    assert (current.id, desk.reviewer.dataset()["id"]) == (now, now)
    assert said is not None
    assert said.label_id == known["billing"].id
    assert again.delivery.patience.is_well


# What is missing


def test_records_that_somebody_deleted_come_back_with_their_answers_and_nobody_is_asked_twice(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    answered = corrected(database, known["bug"], "answered")
    corrected(database, known["bug"], "unanswered")
    gone = corrected(database, known["bug"], "no longer in Slack")
    desk.deliver()
    with desk.reviewer.colleague() as colleague:
        colleague.submit(desk.reviewer.record("answered"), "praise")
        desk.sweep()
        for text in ("answered", "unanswered", "no longer in Slack"):
            delete(desk.reviewer, desk.reviewer.record(text))
        with database.writing() as session:
            messages.erase(session, TEAM, gone.channel_id, gone.ts, is_heard=True)
        desk.sweep()
        desk.deliver()
        desk.sweep()
        back = {one["fields"]["text"]: one for one in desk.reviewer.records()}
        [response] = back["answered"]["responses"]
        me = colleague.ask("GET", "me")["id"]

    assert back.keys() == {"answered", "unanswered"}
    assert (response["user_id"], response["values"]["label"]["value"]) == (me, "praise")
    assert verdict(database, answered) == Verdict(known["praise"].id, False, 1)
    assert refusals(database) == {}


# The one that two reviewers answer


@pytest.fixture
def shared(argilla: SignIn, database: Database) -> Iterator[Desk]:
    """A desk at which every message is answered twice."""
    with Desk(argilla, database, share=1.0) as made:
        yield made


def test_two_reviewers_answer_a_share_of_messages_and_a_third_settles_where_they_differ(
    shared: Desk, database: Database, known: dict[str, Label]
) -> None:
    same = corrected(database, known["bug"], "they agree")
    other = corrected(database, known["bug"], "they differ")
    shared.deliver()
    twice = {one["fields"]["text"]: one for one in shared.reviewer.records(shared.twice)}
    first_in_main = texts(shared)
    with shared.reviewer.colleague() as first, shared.reviewer.colleague() as second:
        first.submit(twice["they agree"], "praise")
        half = {one["fields"]["text"]: one["status"] for one in shared.reviewer.records(shared.twice)}
        second.submit(twice["they agree"], "praise")
        first.submit(twice["they differ"], "praise")
        second.submit(twice["they differ"], "billing")
    shared.sweep()
    tied = verdict(database, other)
    shared.deliver()
    [once_more] = shared.reviewer.records()
    shared.reviewer.submit(once_more, "billing")
    shared.sweep()
    with database.reading() as session:
        found = agreement.read(session, TEAM, [Panel.DOUBLE])

    assert twice.keys() == {"they agree", "they differ"}
    assert first_in_main == []
    assert half["they agree"] == "pending"
    assert verdict(database, same) == Verdict(known["praise"].id, False, 2)
    assert tied is not None
    assert tied.is_tied
    assert once_more["metadata"]["source"] == "tie"
    assert verdict(database, other) == Verdict(known["billing"].id, False, 3)
    assert found is not None
    assert (found.messages, found.agreed, found.alpha) == (2, 1, None)


def test_erasing_and_new_labels_reach_both_datasets(
    shared: Desk, database: Database, known: dict[str, Label]
) -> None:
    stays = corrected(database, known["bug"], "stays")
    goes = corrected(database, known["bug"], "goes")
    shared.deliver()
    shared.reviewer.submit(shared.reviewer.records(shared.twice)[0], "praise")
    before = shared.reviewer.dataset(shared.twice)["id"]
    shared.labels.append("refund")
    with database.writing() as session:
        messages.erase(session, TEAM, goes.channel_id, goes.ts, is_heard=True)
    shared.deliver()
    [kept] = shared.reviewer.records(shared.twice)
    moved = shared.reviewer.dataset(shared.twice)
    [question] = shared.reviewer.ask("GET", f"datasets/{moved['id']}/questions")["items"]

    assert kept["external_id"] == stays.id
    assert moved["id"] != before
    assert moved["distribution"]["min_submitted"] == 2
    assert [one["value"] for one in question["settings"]["options"]] == [*NAMES, "refund"]


def test_what_was_delivered_before_stays_where_it_is_and_no_second_dataset_is_made_for_it(
    argilla: SignIn, desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    one = corrected(database, known["bug"], "delivered before")
    desk.deliver()
    with Desk(argilla, database, name=desk.name, share=1.0) as shared:
        with database.writing() as session:
            outbox.append(session, TEAM, one.id, Kind.EDIT)
        desk.delivery.close()
        shared.deliver()
        names = [found["name"] for found in shared.reviewer.ask("GET", "me/datasets")["items"]]

    assert texts(desk) == ["delivered before"]
    assert desk.name in names
    assert shared.twice not in names


# What reviewers choose from


def test_options_have_the_order_of_the_plan_and_the_question_tells_what_they_mean(
    desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    desk.deliver()
    meant = {"praise": "Somebody is happy", "bug": "Something is broken", "billing": ""}
    desk.kept._plan = lambda: DatasetPlan(meant, 1, f"encoder_{ENCODER}", "Similar to mini", 3)
    desk.delivery.step()

    dataset = desk.reviewer.dataset()
    [question] = desk.reviewer.ask("GET", f"datasets/{dataset['id']}/questions")["items"]
    [vector] = desk.reviewer.ask("GET", f"datasets/{dataset['id']}/vectors-settings")["items"]
    assert [one["value"] for one in question["settings"]["options"]] == ["praise", "bug", "billing"]
    assert question["description"] == "praise: Somebody is happy\nbug: Something is broken"
    assert vector["title"] == "Similar to mini"


def test_erasing_a_team_leaves_the_dataset_of_another_bot_which_has_the_same_name(
    argilla: SignIn, desk: Desk, database: Database, known: dict[str, Label]
) -> None:
    corrected(database, known["bug"], "of another bot")
    desk.deliver()
    named = Traces([], workspaces=["corrigible"], names=[desk.name], own_workspace="", webhook_url=None)
    with database.reading() as session:
        mark = datasets.mark(session, TEAM)

    others = erase(desk.connection, replace(named, mark="ours"))
    kept = texts(desk)
    own = erase(desk.connection, replace(named, mark=mark))

    assert (others, kept, own) == (0, ["of another bot"], 1)
