from __future__ import annotations

import time

import pytest

from bot.privacy.retention import (
    DAY_S,
    DaysError,
    NoPlanToUndoError,
    Retention,
    RetentionPlan,
    StalePlanError,
)
from storage.database.engine import Database
from storage.messages import channels, unattributed
from storage.tables.messages import Message
from tests.factories import ANA, BEN, SUPPORT, TEAM, received, waiting_post

AT_FOUR = "0 4 * * *"


class House:
    """A channel, and who decides for how long it keeps its messages."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.retention = Retention(database, TEAM, AT_FOUR, "UTC", lambda: None)

    @property
    def days(self) -> int | None:
        with self.database.reading() as session:
            channel = channels.get(session, TEAM, SUPPORT)
            return channel.keep_days if channel else None

    def plan(self, days: int) -> RetentionPlan:
        plan = self.retention.keep(SUPPORT, days, ANA)
        assert plan
        return plan

    def confirm(self, plan: RetentionPlan, by: str = ANA) -> RetentionPlan:
        return self.retention.confirm(SUPPORT, plan.days, plan.before, plan.made_at, by)

    def receive(self, days_ago: float) -> Message:
        return received(self.database, ts=f"{time.time() - DAY_S * days_ago:.6f}")

    def is_erased(self, message: Message) -> bool:
        with self.database.reading() as session:
            return session.get_one(Message, message.id).erased_at is not None


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def test_a_shorter_time_says_how_many_messages_would_be_erased_and_changes_nothing(house: House) -> None:
    house.receive(days_ago=40)
    house.receive(days_ago=20)

    plan = house.plan(30)

    assert (plan.messages, plan.days, plan.before) == (1, 30, None)
    assert plan.erased_at >= time.time() + DAY_S
    assert time.gmtime(plan.erased_at)[3:5] == (4, 0)
    assert house.days is None


def test_messages_that_will_be_too_old_by_then_count(house: House) -> None:
    house.receive(days_ago=0.1)

    assert house.plan(1).messages == 1


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_a_time_that_can_not_be_kept_is_refused(house: House, days: int) -> None:
    with pytest.raises(DaysError):
        house.retention.keep(SUPPORT, days, ANA)


def test_a_confirmed_time_holds_after_a_day_and_erases_then(house: House) -> None:
    old, new = house.receive(days_ago=40), house.receive(days_ago=1)
    house.confirm(house.plan(30))

    house.retention.let_go()
    before = house.days, house.is_erased(old)
    _let_its_time_come(house)
    house.retention.let_go()

    assert before == (None, False)
    assert (house.days, house.is_erased(old), house.is_erased(new)) == (30, True, False)


def test_a_post_that_waits_for_slack_to_say_whose_it_is_is_kept_no_longer_than_a_message(
    house: House,
) -> None:
    old, new = (
        waiting_post(house.database, ts=f"{time.time() - DAY_S * days_ago:.6f}") for days_ago in (40, 1)
    )
    house.confirm(house.plan(30))
    _let_its_time_come(house)

    house.retention.let_go()

    with house.database.reading() as session:
        waiting = [post.id for post in unattributed.posts(session, TEAM)]
    assert (old.id in waiting, new.id in waiting) == (False, True)


def test_nothing_is_erased_before_the_time_that_was_named(house: House) -> None:
    old = house.receive(days_ago=40)
    plan = house.confirm(house.plan(30))

    with house.database.reading() as session:
        channel = channels.get(session, TEAM, SUPPORT)
    assert channel
    assert channel.next_at == plan.erased_at
    with house.database.writing() as session:
        channels.begin_next(session, TEAM, plan.erased_at - 1)
    house.retention.let_go()
    assert not house.is_erased(old)


def test_what_was_confirmed_can_be_undone_once(house: House) -> None:
    house.retention.keep(SUPPORT, None, ANA)
    house.confirm(house.plan(90))
    _let_its_time_come(house)
    house.retention.let_go()
    old = house.receive(days_ago=40)
    house.confirm(house.plan(30))

    assert house.retention.undo(SUPPORT, BEN) == 90
    with pytest.raises(NoPlanToUndoError):
        house.retention.undo(SUPPORT, BEN)
    _let_its_time_come(house)
    house.retention.let_go()
    assert not house.is_erased(old)


def test_a_longer_time_holds_at_once_and_ends_what_waited(house: House) -> None:
    house.confirm(house.plan(30))

    assert house.retention.keep(SUPPORT, None, BEN) is None
    _let_its_time_come(house)
    house.retention.let_go()
    assert house.days is None


def test_a_confirmation_counts_once(house: House) -> None:
    plan = house.plan(30)
    house.confirm(plan)

    with pytest.raises(StalePlanError):
        house.confirm(plan)


def test_a_confirmation_of_something_else_than_holds_now_is_refused(house: House) -> None:
    plan = house.plan(30)
    house.confirm(house.plan(10))
    _let_its_time_come(house)
    house.retention.let_go()

    with pytest.raises(StalePlanError):
        house.confirm(plan)
    assert house.days == 10


@pytest.mark.parametrize(
    ("days", "before", "age_s"),
    [(30, None, 3_700), (30, None, -60), (0, None, 0), (-5, None, 0), (36_501, None, 0), (90, 30, 0)],
)
def test_an_old_or_made_up_confirmation_is_refused(
    house: House, days: int, before: int | None, age_s: float
) -> None:
    with pytest.raises(StalePlanError):
        house.retention.confirm(SUPPORT, days, before, time.time() - age_s, ANA)

    with pytest.raises(NoPlanToUndoError):
        house.retention.undo(SUPPORT, ANA)


def test_a_time_of_another_team_is_not_touched(house: House) -> None:
    house.confirm(house.plan(30))
    other = Retention(house.database, "T2", AT_FOUR, "UTC", lambda: None)

    with pytest.raises(NoPlanToUndoError):
        other.undo(SUPPORT, ANA)
    _let_its_time_come(house)
    other.let_go()
    assert house.days is None


def _let_its_time_come(house: House) -> None:
    with house.database.writing() as session:
        channel = channels.get(session, TEAM, SUPPORT)
        if channel and channel.next_at:
            channel.next_at = time.time()
