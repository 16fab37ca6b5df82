from __future__ import annotations

import time
from functools import partial

from time_machine import TimeMachineFixture

from storage.database import leases
from storage.database.engine import Database
from storage.database.leases import HOLD_S, LeaseClaim
from storage.workspaces import pseudonyms
from tests.factories import ANA, BEN, CAT, OTHER, TEAM, together


def _hold(database: Database, owner: str, for_s: float = 60.0) -> bool:
    with database.writing() as session:
        return leases.hold(session, "outbox", owner, for_s)


def test_a_lease_has_one_holder_who_can_prolong_it(database: Database) -> None:
    assert _hold(database, "a")
    assert not _hold(database, "b")
    assert _hold(database, "a")


def test_a_lease_that_ran_out_or_was_given_up_is_anybodys(database: Database) -> None:
    assert _hold(database, "a", for_s=-1.0)
    assert _hold(database, "b")
    with database.writing() as session:
        leases.give_up(session, "outbox", "a")  # not theirs any more
    assert not _hold(database, "a")
    with database.writing() as session:
        leases.give_up(session, "outbox", "b")
    assert _hold(database, "a")


def test_of_replicas_that_ask_together_one_gets_the_lease(database: Database) -> None:
    got = together(*[partial(_hold, database, str(number)) for number in range(4)])

    assert got.count(True) == 1


def test_a_claim_that_is_prolonged_outlasts_its_time_and_another_begins_when_that_ends(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(time.time(), tick=False)
    one, other = LeaseClaim(database, "outbox"), LeaseClaim(database, "outbox")
    assert one.hold()
    other.prolong()  # it has nothing to prolong

    for _ in range(4):
        time_machine.shift(0.4 * HOLD_S)
        one.prolong()
        assert not other.hold()
    time_machine.shift(1.2 * HOLD_S)

    assert other.hold()
    one.prolong()
    assert not one.hold()


def test_a_claim_that_was_given_up_is_not_prolonged(database: Database) -> None:
    one, other = LeaseClaim(database, "outbox"), LeaseClaim(database, "outbox")
    one.hold()
    one.give_up()
    one.prolong()

    assert other.hold()


def test_people_are_numbered_in_each_team_by_themselves_and_keep_their_number(database: Database) -> None:
    with database.writing() as session:
        first = [pseudonyms.number(session, TEAM, user) for user in (ANA, BEN, ANA, CAT)]
        other = pseudonyms.number(session, OTHER, BEN)

    assert first == [1, 2, 1, 3]
    assert other == 1
