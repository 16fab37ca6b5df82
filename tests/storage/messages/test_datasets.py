from __future__ import annotations

import pytest

from storage.database.engine import Database
from storage.feedback import responses
from storage.messages import datasets, messages
from storage.messages.datasets import Place
from storage.tables.annotation import Dataset, Stage
from storage.tables.feedback import Answer, Label, Status
from storage.tables.messages import Message
from tests.databases import on_both
from tests.factories import OTHER, SUPPORT, TEAM, label_set, predicted

GONE, STAYS = "d1", "d2"


def response(of: Message, label: Label, dataset_id: str) -> Answer:
    """A reviewer's response to a message's record in one dataset."""
    return Answer(
        response_id=f"answer in {dataset_id}",
        message_id=of.id,
        team_id=TEAM,
        dataset_id=dataset_id,
        round=1,
        reviewer="r1",
        status=Status.SUBMITTED,
        label_id=label.id,
        answered_at=1.0,
    )


@pytest.fixture
def one(database: Database) -> Message:
    """A message that lies in two datasets, and was answered in both."""
    bug = label_set(database, "bug")["bug"]
    one = predicted(database, bug)
    with database.writing() as session:
        datasets.add(session, TEAM, GONE, Stage.CURRENT)
        datasets.add(session, TEAM, STAYS, Stage.FILLING)
        for dataset_id in (GONE, STAYS):
            datasets.identify(session, dataset_id, {(one.id, 1): f"record in {dataset_id}"})
            session.add(response(one, bug, dataset_id))
        datasets.gone(session, GONE)
    return one


def test_nobody_works_any_more_in_a_dataset_that_is_gone(database: Database, one: Message) -> None:
    with database.writing() as session:
        assert datasets.current(session, one.team_id) is None
        assert not datasets.is_in_use(session, GONE)
        assert [dataset.id for dataset in datasets.at(session, TEAM, Stage.GONE)] == [GONE]
        assert datasets.at(session, OTHER, Stage.GONE) == []


def test_the_records_of_a_dataset_that_is_gone_are_forgotten_and_those_of_others_are_not(
    database: Database, one: Message
) -> None:
    with database.reading() as session:
        records = datasets.records(session, [one.id])
        stays = session.get_one(Dataset, STAYS)

    assert [record.record_id for record in records] == [f"record in {STAYS}"]
    assert stays.stage is Stage.FILLING


def test_answers_that_came_from_a_dataset_outlive_it(database: Database, one: Message) -> None:
    with database.reading() as session:
        stored = responses.of_message(session, one.id)

    assert {answer.dataset_id for answer in stored} == {GONE, STAYS}


@on_both
def test_records_that_nobody_answered_come_newest_first_page_by_page(database: Database) -> None:
    bug = label_set(database, "bug")["bug"]
    oldest, answered, erased, *newer = [predicted(database, bug, received_at=at) for at in (1, 2, 3, 4, 4, 5)]
    every = [oldest, answered, erased, *newer]
    with database.writing() as session:
        datasets.add(session, TEAM, STAYS, Stage.CURRENT)
        datasets.attempt(session, STAYS, [(one.id, 1) for one in every])
        datasets.identify(session, STAYS, {(one.id, 1): f"r-{one.id}" for one in every})
        messages.erase(session, TEAM, SUPPORT, erased.ts, is_heard=True)
    with database.writing() as session:
        session.add(response(answered, bug, STAYS))

    found: list[Place] = []
    with database.reading() as session:
        while page := datasets.to_be_answered(session, STAYS, 2, found[-1] if found else None):
            found += page

    assert [place.received_at for place in found] == [5, 4, 4, 1]
    assert {place.key for place in found} == {(one.id, 1) for one in (oldest, *newer)}


def test_a_record_that_was_found_missing_meanwhile_may_be_forgotten(database: Database, one: Message) -> None:
    with database.reading() as session:
        found = datasets.records(session, [one.id])
    with database.writing() as session:
        assert datasets.bring_back(session, TEAM, STAYS, [(one.id, 1)]) == 1

    with database.writing() as session:
        datasets.forget(session, found)

    with database.reading() as session:
        assert datasets.records(session, [one.id]) == []
