from __future__ import annotations

import time

import pytest
from time_machine import TimeMachineFixture

from storage.database.engine import Database
from storage.deliveries import outbox
from storage.deliveries.outbox import Backlog
from storage.feedback import corrections, questions
from storage.messages import datasets, messages
from storage.tables.annotation import Stage
from storage.tables.deliveries import Kind
from storage.tables.messages import Message
from tests.factories import ANA, BEN, OTHER, TEAM, label_set, predicted, received, say


def _append(database: Database, one: Message, kind: Kind = Kind.CORRECTION) -> None:
    with database.writing() as session:
        outbox.append(session, one.team_id, one.id, kind)


def _append_and_fail(database: Database, one: Message) -> None:
    with database.writing() as session:
        outbox.append(session, TEAM, one.id, Kind.CORRECTION)
        raise ZeroDivisionError


def _due(database: Database, most: int = 10) -> list[outbox.Parcel]:
    with database.reading() as session:
        return outbox.due(session, TEAM, most)


def test_an_entry_is_there_if_and_only_if_its_transaction_was_committed(database: Database) -> None:
    one, other = received(database), received(database)
    _append(database, one)
    with pytest.raises(ZeroDivisionError):
        _append_and_fail(database, other)

    assert [parcel.message_id for parcel in _due(database)] == [one.id]


def test_all_news_of_a_message_is_one_parcel_and_the_longest_waiting_is_first(database: Database) -> None:
    one, other = received(database), received(database)
    for which in (one, other, one):
        _append(database, which)

    parcels = _due(database)

    assert [(parcel.message_id, len(parcel.entries)) for parcel in parcels] == [(one.id, 2), (other.id, 1)]
    assert [parcel.message_id for parcel in _due(database, most=1)] == [one.id]


def test_news_that_comes_while_a_parcel_is_delivered_is_delivered_next(database: Database) -> None:
    one = received(database)
    _append(database, one)
    [parcel] = _due(database)
    _append(database, one)

    with database.writing() as session:
        outbox.delivered(session, parcel)

    assert [len(later.entries) for later in _due(database)] == [1]


def test_what_is_postponed_waits_and_does_not_hold_up_the_rest(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    now = float(round(time.time()))
    time_machine.move_to(now, tick=False)
    one, other = received(database), received(database)
    _append(database, one)
    [parcel] = _due(database)
    with database.writing() as session:
        outbox.postpone(session, parcel, 60.0)
    _append(database, other)

    assert [later.message_id for later in _due(database)] == [other.id]
    with database.reading() as session:
        assert outbox.backlog(session, TEAM).messages == 2
        next_due = outbox.next_due(session, TEAM)
    assert next_due == now

    time_machine.shift(60)
    assert [later.message_id for later in _due(database)] == [other.id, one.id]


def test_a_refused_parcel_keeps_its_reason_until_it_is_tried_again(database: Database) -> None:
    one = received(database)
    _append(database, one)
    [parcel] = _due(database)
    with database.writing() as session:
        outbox.refuse(session, parcel, "status 422: too long")

    with database.reading() as session:
        assert outbox.refusals(session, TEAM) == {"status 422: too long": 1}
        assert outbox.refusals(session, OTHER) == {}
        assert outbox.backlog(session, TEAM) == Backlog(0, None)
    assert _due(database) == []
    with database.writing() as session:
        assert outbox.retry_refused(session, TEAM) == 1
    assert [later.message_id for later in _due(database)] == [one.id]


def test_later_news_of_a_refused_message_takes_the_refused_along(database: Database) -> None:
    one = received(database)
    _append(database, one)
    [parcel] = _due(database)
    with database.writing() as session:
        outbox.refuse(session, parcel, "status 422")
    _append(database, one)

    [again] = _due(database)

    assert len(again.entries) == 2


def test_a_correction_is_asked_about_and_told_in_its_own_transaction(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]
    one = predicted(database, bug)
    say(database, one, ANA, bug)
    say(database, one, BEN, bug)

    with database.reading() as session:
        assert questions.by_source(session, TEAM) == {"correction": 1}
        assert corrections.count(session, TEAM) == 2
        assert outbox.backlog(session, TEAM).messages == 1
        assert questions.asked(session, TEAM).total == 0


def test_an_erasure_is_told_only_where_argilla_may_know_the_message(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]
    unknown, waiting, known = (predicted(database, bug) for _ in range(3))
    _append(database, waiting)
    with database.writing() as session:
        datasets.add(session, TEAM, "d1", Stage.CURRENT)
        datasets.attempt(session, "d1", [(known.id, 1)])

    with database.writing() as session:
        for one in (unknown, waiting, known):
            messages.erase(session, TEAM, one.channel_id, one.ts, is_heard=True)

    assert {parcel.message_id for parcel in _due(database)} == {waiting.id, known.id}


def test_corrections_from_before_there_was_an_outbox_are_told_once(database: Database) -> None:
    bug = label_set(database, "bug", "billing")["bug"]
    one = predicted(database, bug)
    say(database, one, ANA, bug)
    with database.writing() as session:
        for entry in outbox.due(session, TEAM, 9):
            outbox.delivered(session, entry)
        session.connection().exec_driver_sql("DELETE FROM question")

    with database.writing() as session:
        first = questions.ask_about_earlier_corrections(session, TEAM)
        again = questions.ask_about_earlier_corrections(session, TEAM)

    assert (first, again) == (1, 0)
    assert [parcel.message_id for parcel in _due(database)] == [one.id]
