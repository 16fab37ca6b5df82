from __future__ import annotations

import time
from typing import Any

import pytest
from sqlmodel import select
from time_machine import TimeMachineFixture

from storage.database.engine import Database
from storage.deliveries import cards, pacing
from storage.deliveries.cards import CLAIM_S, Behind, CardClaim
from storage.deliveries.pacing import Pace
from storage.messages import contents, messages
from storage.models import predictions
from storage.tables.deliveries import Card
from storage.tables.feedback import Label
from storage.tables.messages import Lane
from tests.factories import (
    ANA,
    BEN,
    SUPPORT,
    TEAM,
    UNPACED,
    label_set,
    message,
    predicted,
    received,
    say,
    together,
)


@pytest.fixture
def now(time_machine: TimeMachineFixture) -> float:
    """The time of day, which stands still."""
    now = float(round(time.time()))
    time_machine.move_to(now, tick=False)
    return now


@pytest.fixture
def bug(database: Database) -> Label:
    return label_set(database, "bug", "billing")["bug"]


def test_a_card_is_claimed_once_longest_due_first(database: Database, bug: Label) -> None:
    ids = [predicted(database, bug).id for _ in range(3)]

    assert [claim.message_id for claim in _claim(database, most=2)] == ids[:2]
    assert [claim.message_id for claim in _claim(database, most=2)] == ids[2:]
    assert _claim(database) == []


def test_of_a_flood_the_newest_are_claimed_first_until_few_wait(database: Database, bug: Label) -> None:
    ids = [predicted(database, bug).id for _ in range(cards.BEHIND_AT + 2)]

    assert [claim.message_id for claim in _claim(database, most=2)] == [ids[-1], ids[-2]]
    assert [claim.message_id for claim in _claim(database, most=2)] == ids[:2]


def test_cards_that_stand_are_changed_longest_due_first_whatever_the_pace(
    database: Database, bug: Label
) -> None:
    ids = [predicted(database, bug).id for _ in range(3)]
    for claim in _claim(database):
        _shown(database, claim, wanted=1)
    for message_id in ids:
        _want(database, message_id)

    assert [claim.message_id for claim in _claim(database, pace=Pace(0.001, 1))] == ids


def test_what_somebody_asked_goes_before_clicks_and_both_before_the_backlog_of_channels(
    database: Database, bug: Label
) -> None:
    clicked = predicted(database, bug)
    [standing] = _claim(database)
    _shown(database, standing, wanted=1)
    for _ in range(20):
        predicted(database, bug)
    asked = predicted(database, bug, channel_id="D1", lane=Lane.ASKED)
    predicted(database, bug, channel_id="C2")
    _want(database, clicked.id)

    claims = _claim(database, most=4)

    assert [claim.message_id for claim in claims[:2]] == [asked.id, clicked.id]
    assert [claim.is_urgent for claim in claims] == [True, True, False, False]


def test_of_the_backlog_no_more_is_claimed_than_is_wished(database: Database, bug: Label) -> None:
    for _ in range(5):
        predicted(database, bug)
    asked = predicted(database, bug, channel_id="D1", lane=Lane.ASKED)

    with database.writing() as session:
        first = cards.claim(session, TEAM, 8, UNPACED, most_heard=2).claims
        second = cards.claim(session, TEAM, 8, UNPACED, most_heard=0).claims

    assert [claim.is_urgent for claim in first] == [True, False, False]
    assert first[0].message_id == asked.id
    assert second == []


def test_a_channel_takes_a_burst_and_then_waits_for_its_turn(
    now: float, database: Database, bug: Label
) -> None:
    for _ in range(5):
        predicted(database, bug)
    elsewhere = predicted(database, bug, channel_id="C2")
    slow = Pace(per_second=0.1, burst=2)

    assert len(_claim(database, pace=slow)) == 3
    assert _claim(database, pace=slow) == []
    assert _next_due(database, slow) == pytest.approx(now + 10)
    assert elsewhere.channel_id == "C2"


def test_a_channel_that_slack_said_is_too_full_is_left_alone(
    now: float, database: Database, bug: Label
) -> None:
    predicted(database, bug)
    with database.writing() as session:
        pacing.pause(session, TEAM, SUPPORT, UNPACED, 30)

    assert _claim(database) == []
    assert _next_due(database) == now + 30


def test_a_channel_that_is_far_behind_is_to_be_told_once(database: Database, bug: Label) -> None:
    for _ in range(cards.BEHIND_AT + 5):
        predicted(database, bug)
    slow = Pace(per_second=0.1, burst=2)

    with database.writing() as session:
        first = cards.claim(session, TEAM, 8, slow).behind
    with database.writing() as session:
        second = cards.claim(session, TEAM, 8, slow).behind
        pacing.not_told(session, TEAM, SUPPORT)
        failed = cards.claim(session, TEAM, 8, slow).behind

    assert first == [Behind(SUPPORT, cards.BEHIND_AT + 3)]
    assert second == []
    assert [one.channel_id for one in failed] == [SUPPORT]


def test_what_is_posted_besides_cards_makes_them_wait_too(database: Database, bug: Label) -> None:
    predicted(database, bug)
    slow = Pace(per_second=0.1, burst=1)

    with database.writing() as session:
        pacing.spend_on(session, TEAM, SUPPORT, slow)

    assert _claim(database, pace=slow) == []


def test_couriers_at_once_never_get_the_same_card(database: Database, bug: Label) -> None:
    ids = {predicted(database, bug).id for _ in range(12)}

    taken = together(*[lambda: _claim(database, most=4)] * 4)

    claimed = [claim.message_id for claims in taken for claim in claims]
    assert len(claimed) == len(set(claimed))
    assert ids == {*claimed, *(claim.message_id for claim in _claim(database, most=12))}


def test_a_claim_says_where_the_card_belongs(database: Database, bug: Label) -> None:
    started = predicted(database, bug)
    replied = predicted(database, bug, thread_ts="1600000000.000001")

    first, second = _claim(database)

    assert (first.channel_id, first.thread_ts, first.ts) == (started.channel_id, started.ts, None)
    assert (second.thread_ts, second.ts) == (replied.thread_ts, None)
    assert (first.may_stand, first.attempts) == (False, 0)


def test_a_claim_whose_courier_died_ends_and_its_post_may_stand(
    now: float, time_machine: TimeMachineFixture, database: Database, bug: Label
) -> None:
    predicted(database, bug)
    [lost] = _claim(database)
    assert lost.until == now + CLAIM_S
    assert _claim(database) == []

    time_machine.shift(CLAIM_S + 0.1)

    [again] = _claim(database)
    assert again.message_id == lost.message_id
    assert again.may_stand


def test_a_card_that_is_shown_is_not_due(database: Database, bug: Label) -> None:
    predicted(database, bug)
    [claim] = _claim(database)

    _shown(database, claim, wanted=1)

    assert _claim(database) == []
    assert _due(database) == 0


def test_a_card_that_should_show_something_newer_by_now_stays_due(database: Database, bug: Label) -> None:
    one = predicted(database, bug)
    [claim] = _claim(database)
    say(database, one, ANA, bug)

    _shown(database, claim, wanted=1)

    [again] = _claim(database)
    assert (again.message_id, again.ts) == (one.id, "2.0")
    _shown(database, again, wanted=2)
    assert _due(database) == 0


def test_a_card_erased_while_it_is_posted_is_due_at_once_with_its_place(
    database: Database, bug: Label
) -> None:
    one = predicted(database, bug)
    [claim] = _claim(database)
    with database.writing() as session:
        messages.erase(session, TEAM, one.channel_id, one.ts, is_heard=True)

    _shown(database, claim, wanted=1)

    [again] = _claim(database)
    assert again.ts == "2.0"


@pytest.mark.parametrize("may_stand", [True, False])
def test_a_postponed_card_is_due_again_after_its_delay(
    now: float, time_machine: TimeMachineFixture, database: Database, bug: Label, may_stand: bool
) -> None:
    predicted(database, bug)
    [claim] = _claim(database)

    with database.writing() as session:
        cards.postpone(session, claim.message_id, 30.0, may_stand)
    assert _claim(database) == []
    assert _due(database) == 1
    time_machine.move_to(now + 30.0)

    [again] = _claim(database)
    assert (again.attempts, again.may_stand) == (1, may_stand)


def test_a_card_that_slack_refused_for_good_waits_for_a_new_word(database: Database, bug: Label) -> None:
    one = predicted(database, bug)
    [claim] = _claim(database)
    with database.writing() as session:
        cards.give_up(session, claim.message_id, "channel_is_archived", wanted=1)
    assert (_claim(database), _due(database), _failures(database)) == ([], 0, {"channel_is_archived": 1})

    say(database, one, ANA, bug)

    assert [again.message_id for again in _claim(database)] == [one.id]
    assert _failures(database) == {}


def test_what_was_said_while_slack_refused_a_card_for_good_is_tried_anew(
    database: Database, bug: Label
) -> None:
    one = predicted(database, bug)
    [claim] = _claim(database)
    say(database, one, ANA, bug)

    with database.writing() as session:
        assert cards.give_up(session, claim.message_id, "invalid_blocks", wanted=1)

    assert [again.message_id for again in _claim(database)] == [one.id]
    assert _failures(database) == {}


def test_refusals_are_counted_by_reason(database: Database, bug: Label) -> None:
    for reason in ("is_archived", "is_archived", "no_text"):
        one = predicted(database, bug)
        with database.writing() as session:
            cards.give_up(session, one.id, reason, wanted=1)

    assert _failures(database) == {"is_archived": 2, "no_text": 1}


def test_the_next_due_moment_is_that_of_the_first_card_that_can_be_claimed(
    now: float, database: Database, bug: Label
) -> None:
    assert _next_due(database) is None
    claimed, postponed = predicted(database, bug), predicted(database, bug)

    _change(database, claimed.id, due_at=now - 1, claimed_until=now + 40)
    _change(database, postponed.id, due_at=now + 7, claimed_until=0.0)

    assert _next_due(database) == pytest.approx(now + 7, abs=0.001)


def test_the_content_of_a_card_is_all_that_it_shows(database: Database) -> None:
    known = label_set(database, "bug", "billing", "praise")
    one = predicted(database, known["bug"])
    word = say(database, one, ANA, known["billing"])

    with database.reading() as session:
        content = contents.of_message(session, one.id)

    assert (content.wanted, content.message.text) == (2, one.text)
    assert content.prediction is not None
    assert content.prediction.label_id == known["bug"].id
    assert [(said.user_id, said.created_at) for said in content.words] == [(ANA, word.created_at)]
    assert {content.labels[label.id].name for label in (known["bug"], known["billing"])} == {"bug", "billing"}


def test_what_several_cards_show_is_read_at_once_and_each_shows_its_own(database: Database) -> None:
    known = label_set(database, "bug", "billing", "praise")
    first, second = predicted(database, known["bug"]), predicted(database, known["praise"])
    say(database, first, ANA, known["billing"])
    say(database, first, BEN, known["billing"])

    with database.reading() as session:
        found = contents.of_messages(session, [second.id, first.id, "unknown"])
        alone = [contents.of_message(session, one.id) for one in (first, second)]
        assert contents.of_messages(session, []) == {}

    assert found.keys() == {first.id, second.id}
    for one in alone:
        read_along = found[one.message.id]
        assert (read_along.wanted, read_along.words, read_along.settled) == (
            one.wanted,
            one.words,
            one.settled,
        )
        assert read_along.labels.items() >= one.labels.items()
    assert [said.user_id for said in found[first.id].words] == [ANA, BEN]
    assert found[second.id].settled is None


def test_a_message_without_words_has_a_card_without_a_prediction(database: Database) -> None:
    one = received(database, "", waiting=False)
    with database.writing() as session:
        predictions.show(session, [one])

    with database.reading() as session:
        assert contents.of_message(session, one.id).prediction is None


def test_a_message_has_one_card_however_often_it_is_asked_for(database: Database, bug: Label) -> None:
    one = predicted(database, bug)
    _shown(database, _claim(database)[0], wanted=1)

    with database.writing() as session:
        predictions.show(session, [one])

    assert _due(database) == 0
    with database.reading() as session:
        assert len(session.exec(select(Card)).all()) == 1


def test_a_card_needs_a_message(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.writing() as session:
        predictions.show(session, [message()])


def _claim(database: Database, most: int = 8, pace: Pace = UNPACED) -> list[CardClaim]:
    with database.writing() as session:
        return cards.claim(session, TEAM, most, pace).claims


def _shown(database: Database, claim: CardClaim, wanted: int) -> None:
    with database.writing() as session:
        cards.shown(session, claim.message_id, "2.0", "", wanted)


def _want(database: Database, message_id: str) -> None:
    with database.writing() as session:
        cards.want(session, message_id)


def _due(database: Database) -> int:
    with database.reading() as session:
        return cards.count_due(session, TEAM)


def _next_due(database: Database, pace: Pace = UNPACED) -> float | None:
    with database.reading() as session:
        return cards.next_due(session, TEAM, pace)


def _failures(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return cards.failures(session, TEAM)


def _change(database: Database, message_id: str, **values: Any) -> None:
    with database.writing() as session:
        session.get_one(Card, message_id).sqlmodel_update(values)
