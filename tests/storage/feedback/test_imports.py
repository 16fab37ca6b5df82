from __future__ import annotations

from functools import partial

import pytest
from sqlmodel import Session, func, select

from storage.database.engine import Database
from storage.deliveries import outbox
from storage.feedback import corrections, imports, labels, questions, resolution, responses
from storage.feedback.imports import Imported, ImportOutcome, Labelled
from storage.feedback.labels import LabelSpec, RetiredLabelError
from storage.feedback.resolution import Settled, SettledBy
from storage.messages import contents, messages
from storage.reports import overview
from storage.tables.annotation import Dataset as ArgillaDataset
from storage.tables.annotation import Stage
from storage.tables.feedback import Answer, Label, LabelSource, Status
from storage.tables.messages import Message
from tests.factories import ANA, BEN, OTHER, TEAM, label_set, predicted, say, together
from tests.stored import labelled

TEXT = "The page crashes"


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing", "praise")


def keep(database: Database, *rows: tuple[str, Label], team_id: str = TEAM) -> list[ImportOutcome]:
    with database.writing() as session:
        return imports.keep(session, team_id, [Labelled(text, label.id) for text, label in rows])


def count_messages(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Message)).one()


def imported_message(database: Database) -> Message:
    with database.reading() as session:
        return session.exec(select(Message).where(Message.channel_id == imports.CHANNEL)).one()


def test_what_is_imported_is_a_label(database: Database, known: dict[str, Label]) -> None:
    rows = [(TEXT, known["bug"]), ("I was charged twice", known["billing"])]

    assert keep(database, *rows) == [ImportOutcome.NEW, ImportOutcome.NEW]
    assert labelled(database) == {text: label.id for text, label in rows}


def test_what_is_imported_again_changes_nothing(database: Database, known: dict[str, Label]) -> None:
    keep(database, (TEXT, known["bug"]))
    with database.reading() as session:
        before = resolution.state(session, TEAM)

    assert keep(database, (f" {TEXT.replace(' ', '  ')}\n", known["bug"])) == [ImportOutcome.UNCHANGED]
    with database.reading() as session:
        assert resolution.state(session, TEAM) == before
        assert count_messages(session) == 1


def test_another_label_takes_the_place_of_the_one_before_and_is_noticed(
    database: Database, known: dict[str, Label]
) -> None:
    keep(database, (TEXT, known["bug"]))
    with database.reading() as session:
        before = resolution.state(session, TEAM)

    assert keep(database, (TEXT, known["billing"])) == [ImportOutcome.CHANGED]
    assert labelled(database) == {TEXT: known["billing"].id}
    with database.reading() as session:
        assert resolution.state(session, TEAM) != before
        assert imports.count(session, TEAM) == 1


def test_what_would_be_kept_is_foreseen_and_nothing_is_changed(
    database: Database, known: dict[str, Label]
) -> None:
    keep(database, ("one", known["bug"]), ("two", known["bug"]))
    rows = [
        Labelled(text, known[name].id) for text, name in [("one", "bug"), ("two", "praise"), ("3", "bug")]
    ]

    with database.reading() as session:
        foreseen = imports.foresee(session, TEAM, rows)
        assert count_messages(session) == 2
    with database.writing() as session:
        kept = imports.keep(session, TEAM, rows)

    assert foreseen == kept == [ImportOutcome.UNCHANGED, ImportOutcome.CHANGED, ImportOutcome.NEW]


def test_what_was_erased_stays_erased(database: Database, known: dict[str, Label]) -> None:
    keep(database, (TEXT, known["bug"]))
    with database.writing() as session:
        messages.erase(session, TEAM, imports.CHANNEL, imports.key(TEXT), is_heard=False)

    assert keep(database, (TEXT, known["billing"])) == [ImportOutcome.ERASED]
    assert labelled(database) == {}


def test_two_imports_of_the_same_at_once_keep_it_once(database: Database, known: dict[str, Label]) -> None:
    rows = [(f"message {number}", known["bug"]) for number in range(20)]

    outcomes = together(*[partial(keep, database, *rows)] * 4)

    assert sum(one.count(ImportOutcome.NEW) for one in outcomes) == 20
    assert sum(one.count(ImportOutcome.UNCHANGED) for one in outcomes) == 60
    assert len(labelled(database)) == 20


def test_more_rows_than_one_statement_takes_are_kept(database: Database, known: dict[str, Label]) -> None:
    rows = [(f"message {number}", known["bug"]) for number in range(1_100)]

    assert keep(database, *rows) == [ImportOutcome.NEW] * 1_100
    assert keep(database, *rows) == [ImportOutcome.UNCHANGED] * 1_100


def test_a_team_has_its_own(database: Database, known: dict[str, Label]) -> None:
    theirs = label_set(database, "bug", team_id=OTHER)
    keep(database, (TEXT, known["billing"]))

    assert keep(database, (TEXT, theirs["bug"]), team_id=OTHER) == [ImportOutcome.NEW]
    assert labelled(database) == {TEXT: known["billing"].id}
    assert labelled(database, OTHER) == {TEXT: theirs["bug"].id}


def test_an_imported_label_is_no_word_of_a_person_and_nobody_is_asked_or_told(
    database: Database, known: dict[str, Label]
) -> None:
    keep(database, (TEXT, known["bug"]))
    one = imported_message(database)

    with database.writing() as session:
        assert questions.ask_about_earlier_corrections(session, TEAM) == 0
        assert corrections.count(session, TEAM) == 0
        assert corrections.words(session, TEAM) == {}
        assert contents.of_message(session, one.id).words == []
        assert labels.counts(session, TEAM) == {}
        assert questions.pool(session, TEAM, 10) == questions.everything(session, TEAM, 0.0) == []
        assert questions.by_source(session, TEAM) == {}
        assert outbox.backlog(session, TEAM).messages == 0
        assert messages.waiting(session, TEAM, 10) == []
        rows = dict(overview.of_team(session, TEAM).rows())
    assert (rows["corrections and confirmations"], rows["labels imported"]) == ("0", "1")


def test_people_outrank_an_imported_label_and_reviewers_both(
    database: Database, known: dict[str, Label]
) -> None:
    keep(database, (TEXT, known["bug"]))
    one = imported_message(database)
    assert _settled(database) == (known["bug"].id, SettledBy.IMPORTED)

    say(database, one, ANA, known["billing"])
    assert _settled(database) == (known["billing"].id, SettledBy.WORDS)

    with database.writing() as session:
        session.add(ArgillaDataset(id="d1", team_id=TEAM, stage=Stage.CURRENT))
        session.flush()
        answer = Answer(
            response_id="r1",
            message_id=one.id,
            team_id=TEAM,
            dataset_id="d1",
            round=1,
            reviewer=BEN,
            status=Status.SUBMITTED,
            label_id=known["praise"].id,
            answered_at=7.0,
        )
        responses.replace(session, (one.id, 1), "d1", [answer], TEAM)
    assert _settled(database) == (known["praise"].id, SettledBy.REVIEWERS)


def _settled(database: Database) -> tuple[str, SettledBy]:
    with database.reading() as session:
        [one] = resolution.evidence(session, TEAM)
    found = resolution.settled(one)
    assert isinstance(found, Settled)
    assert found.at > 0
    return found.label_id, found.source


def test_a_retired_label_is_not_learned_from(database: Database, known: dict[str, Label]) -> None:
    keep(database, (TEXT, known["bug"]))
    label_set(database, "billing", "praise")

    assert labelled(database) == {}


def test_a_label_that_was_imported_stays_until_the_file_names_it(
    database: Database, known: dict[str, Label]
) -> None:
    with database.writing() as session:
        adopted = labels.adopt(session, TEAM, "Refund")
        assert labels.adopt(session, TEAM, "refund").id == adopted.id
        assert labels.adopt(session, TEAM, "BUG").id == known["bug"].id
    assert adopted.source is LabelSource.IMPORTED

    after = label_set(database, "bug", "billing", "praise")
    assert after["Refund"].id == adopted.id

    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec("bug"), LabelSpec("refund")])
        assert labels.active(session, TEAM)[-1].source is LabelSource.FILE
    with database.writing() as session, pytest.raises(RetiredLabelError):
        labels.adopt(session, TEAM, "billing")


def test_a_label_of_a_message_from_slack_stays_what_it_was(
    database: Database, known: dict[str, Label]
) -> None:
    one = predicted(database, known["bug"], TEXT)
    say(database, one, ANA, known["praise"])

    assert keep(database, (TEXT, known["billing"])) == [ImportOutcome.NEW]
    with database.reading() as session:
        assert resolution.labelled(session, TEAM)[one.id] == known["praise"].id
        [found] = imports.labels(session, TEAM).values()
    assert isinstance(found, Imported)
