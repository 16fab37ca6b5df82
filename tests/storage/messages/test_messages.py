from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from sqlmodel import Session, select

from storage.database.engine import Database
from storage.deliveries import cards
from storage.feedback import resolution
from storage.messages import contents, messages
from storage.models import predictions
from storage.tables.messages import Lane, Message
from storage.tables.models import Vector
from tests.factories import (
    ANA,
    ENCODER,
    OTHER,
    SUPPORT,
    TEAM,
    label_set,
    message,
    predicted,
    prediction,
    received,
    say,
    together,
)


def test_a_message_that_slack_sends_twice_is_stored_once(database: Database) -> None:
    first = message("Where is my invoice?")
    again = message("Where is my invoice?", ts=first.ts)

    with database.writing() as session:
        answers = [messages.receive(session, first), messages.receive(session, again)]

    assert answers == [True, False]
    assert _texts(database) == ["Where is my invoice?"]


def test_the_same_message_received_by_two_at_once_is_stored_once(database: Database) -> None:
    ts = message().ts

    def receive() -> bool:
        with database.writing() as session:
            return messages.receive(session, message(ts=ts))

    assert sorted(together(receive, receive, receive)) == [False, False, True]
    assert len(_texts(database)) == 1


@pytest.mark.parametrize("other", [{"channel_id": "C2"}, {"team_id": OTHER}, {"ts": "1.2"}])
def test_team_channel_and_ts_together_make_a_message(database: Database, other: dict[str, str]) -> None:
    one = received(database)

    received(database, **{"ts": one.ts, **other})

    with database.reading() as session:
        assert len(session.exec(select(Message)).all()) == 2


@pytest.mark.parametrize(
    "text", ["emoji 🎉 and עברית", "a'b\"c; DROP TABLE message;--", "x" * 40_000, "\u2028\ufeff"]
)
def test_text_comes_back_as_it_was_written(database: Database, text: str) -> None:
    received(database, text)

    assert _texts(database) == [text]


def test_the_longest_waiting_come_first_and_no_more_than_asked_for(database: Database) -> None:
    for text, at in [("third", 30.0), ("first", 10.0), ("second", 20.0)]:
        received(database, text, received_at=at)

    with database.reading() as session:
        assert [one.text for one in messages.waiting(session, TEAM, 2)] == ["first", "second"]


def test_messages_wait_in_the_lane_of_whoever_waits_for_them(database: Database) -> None:
    heard = received(database, received_at=1.0)
    asked = received(database, received_at=2.0, lane=Lane.ASKED)

    with database.reading() as session:
        lanes = {lane: [one.id for one in messages.waiting(session, TEAM, 9, lane)] for lane in Lane}
        assert messages.count_waiting(session, TEAM) == 2
    assert lanes == {Lane.ASKED: [asked.id], Lane.HEARD: [heard.id]}


def test_messages_of_one_moment_wait_in_an_order_that_all_replicas_share(database: Database) -> None:
    ids = [received(database, received_at=10.0).id for _ in range(8)]

    with database.reading() as session:
        assert [one.id for one in messages.waiting(session, TEAM, 8)] == sorted(ids)


def test_what_is_done_waits_no_longer(database: Database) -> None:
    one, other = received(database), received(database)

    with database.writing() as session:
        messages.take(session, [one])

    with database.reading() as session:
        assert [waiting.id for waiting in messages.waiting(session, TEAM, 9)] == [other.id]
        assert messages.count_waiting(session, TEAM) == 1


def test_of_a_batch_only_what_still_waits_as_it_was_read_is_taken(database: Database) -> None:
    same, edited, erased, done, unread = (received(database, f"message {number}") for number in range(5))
    with database.reading() as session:
        read = messages.waiting(session, TEAM, 4)
    _erase(database, erased)
    with database.writing() as session:
        messages.edit(session, TEAM, edited.channel_id, edited.ts, "I meant something else")
        messages.take(session, [done])

    with database.writing() as session:
        assert messages.take(session, read) == {same.id}

    with database.reading() as session:
        left = messages.waiting(session, TEAM, 9)
    assert {one.id for one in left} == {edited.id, unread.id}


def test_a_second_prediction_takes_the_place_of_the_first_and_is_told_from_it(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    first, second = received(database), received(database)
    with database.writing() as session:
        assert predictions.put(session, [prediction(first, known["bug"])]) == set()

    with database.writing() as session:
        both = [prediction(one, known["billing"]) for one in (first, second)]
        assert predictions.put(session, both) == {first.id}

    with database.reading() as session:
        said = predictions.labels_said(session, [first.id, second.id])
        assert said == {first.id: known["billing"].id, second.id: known["billing"].id}
        assert predictions.count(session, TEAM) == 2


def test_an_erased_message_loses_text_author_and_vector_and_its_card_is_due(database: Database) -> None:
    billing = label_set(database, "billing", "bug")["billing"]
    one = predicted(database, billing, "my secret")
    _show(database, one)

    _erase(database, one)

    with database.reading() as session:
        row = session.get_one(Message, one.id)
        assert (row.text, row.user_id, row.waiting) == ("", "", False)
        assert row.erased_at
        assert session.exec(select(Vector)).all() == []
        assert cards.count_due(session, TEAM) == 1
        assert contents.of_message(session, one.id).message.erased_at


def test_an_erased_message_is_not_learned_from(database: Database) -> None:
    billing = label_set(database, "billing", "bug")["billing"]
    one, other = predicted(database, billing), predicted(database, billing)
    say(database, one, ANA, billing)
    say(database, other, ANA, billing)

    _erase(database, one)

    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {other.id: billing.id}
        assert list(predictions.vectors(session, ENCODER, [one.id, other.id])) == [other.id]


def test_a_message_erased_before_its_prediction_waits_no_longer_and_is_not_standing(
    database: Database,
) -> None:
    one = received(database)

    _erase(database, one)

    with database.writing() as session:
        assert messages.waiting(session, TEAM, 9) == []
        assert not messages.is_standing(session, one.id)


def test_a_deletion_that_overtakes_its_message_keeps_it_out(database: Database) -> None:
    late = message("my secret")

    _erase(database, late)

    with database.writing() as session:
        assert not messages.receive(session, late)
    assert _texts(database) == [""]


def test_a_deletion_where_nobody_listens_leaves_no_trace(database: Database) -> None:
    with database.writing() as session:
        messages.erase(session, TEAM, SUPPORT, "1.2", is_heard=False)

    assert _texts(database) == []


def test_erasing_twice_is_harmless(database: Database) -> None:
    one = received(database)

    _erase(database, one)
    _erase(database, one)

    assert _texts(database) == [""]


def test_of_a_message_received_and_erased_at_once_nothing_is_left(database: Database) -> None:
    one = message("my secret")

    def receive() -> None:
        with database.writing() as session:
            messages.receive(session, one)

    together(receive, lambda: _erase(database, message(ts=one.ts)))

    assert _texts(database) == [""]


def test_an_erased_message_cannot_be_predicted_by_whoever_read_it_before(database: Database) -> None:
    one = received(database)
    with database.reading() as session:
        assert messages.waiting(session, TEAM, 1)
    _erase(database, one)

    with database.writing() as session:
        assert not messages.is_standing(session, one.id)


def test_vectors_come_back_as_they_were_computed_but_for_rounding_each_under_its_encoder(
    database: Database,
) -> None:
    one = received(database)
    vector = np.random.default_rng(0).normal(size=384).astype(np.float32)

    with database.writing() as session:
        predictions.keep_vectors(session, ENCODER, {one.id: vector})
        predictions.keep_vectors(session, ENCODER, {one.id: vector + 1})  # computed once: the first one stays
        predictions.keep_vectors(session, "another encoder", {one.id: vector + 2})

    with database.reading() as session:
        found = predictions.vectors(session, ENCODER, [one.id, "never predicted"])
    assert list(found) == [one.id]
    assert found[one.id].dtype == np.float32
    assert np.allclose(found[one.id], vector, rtol=2**-11, atol=1e-7)


def test_more_vectors_than_one_statement_takes_are_found(database: Database) -> None:
    ids = [received(database).id for _ in range(3)]
    with database.writing() as session:
        for message_id in ids:
            predictions.keep_vectors(session, ENCODER, {message_id: np.ones(2, dtype=np.float32)})

    with database.reading() as session:
        asked = [ids[0], *[f"no {number}" for number in range(40_000)], *ids[1:]]
        assert sorted(predictions.vectors(session, ENCODER, asked)) == sorted(ids)


def _erase(database: Database, one: Message) -> None:
    with database.writing() as session:
        messages.erase(session, one.team_id, one.channel_id, one.ts, is_heard=True)


def _show(database: Database, one: Message) -> None:
    with database.writing() as session:
        cards.shown(session, one.id, "2.0", "", wanted=1)
        assert cards.count_due(session, TEAM) == 0


def _texts(database: Database) -> Sequence[str]:
    with database.reading() as session:
        return _all(session)


def _all(session: Session) -> Sequence[str]:
    return session.exec(select(Message.text).where(Message.team_id == TEAM)).all()


def test_texts_that_are_held_are_not_erased_until_what_was_made_of_them_is_stored(database: Database) -> None:
    one = received(database)

    def erase() -> None:
        with database.writing() as session:
            messages.erase(session, TEAM, one.channel_id, one.ts, is_heard=True)

    erasing = threading.Thread(target=erase)
    with database.writing() as session:
        assert messages.held_texts(session, [one.id]) == {one.id: one.text}
        erasing.start()
        erasing.join(0.2)
        assert erasing.is_alive()
        predictions.keep_vectors(session, ENCODER, {one.id: np.ones(3, dtype=np.float32)})
    erasing.join()

    with database.reading() as session:
        assert session.exec(select(Vector)).all() == []
        assert messages.texts(session, [one.id]) == {}
