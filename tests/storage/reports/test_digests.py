from __future__ import annotations

import time

import pytest
from time_machine import TimeMachineFixture

from storage.database.engine import Database
from storage.messages import channels
from storage.reports import digests
from storage.reports.digests import Confusion, Week
from storage.tables.deliveries import Digest
from storage.tables.messages import Mode
from storage.workspaces.pseudonyms import FORGOTTEN
from tests.factories import ANA, BEN, OTHER, TEAM, label_set, predicted, say

HERE, THERE = "C0HERE", "C0THERE"


def wish(database: Database, channel: str = HERE, mode: Mode = Mode.REPLY) -> None:
    with database.writing() as session:
        channels.set_mode(session, TEAM, channel, mode, ANA)
        digests.wish(session, TEAM, channel, ANA)


def due(database: Database, team_id: str = TEAM) -> list[Digest]:
    with database.reading() as session:
        return digests.due(session, team_id, time.time() - 60)


def week(database: Database, channel: str = HERE, team_id: str = TEAM) -> Week:
    with database.reading() as session:
        return digests.of_week(session, team_id, channel)


def test_a_channel_that_wished_it_is_due_until_it_was_told(database: Database) -> None:
    wish(database)
    wish(database)

    [digest] = due(database)
    with database.writing() as session:
        digests.told(session, digest)
    assert due(database) == []
    assert due(database, OTHER) == []


def test_a_digest_that_may_be_in_slack_stays_due_until_it_was_told_and_says_since_when(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(1_800_000_000, tick=False)
    wish(database, HERE)
    wish(database, THERE)
    [here, _] = due(database)

    with database.writing() as session:
        digests.begin(session, here)

    begun = {digest.channel_id: (digest.begun_at, digest.told_at) for digest in due(database)}
    assert begun == {HERE: (1_800_000_000, 0.0), THERE: (0.0, 0.0)}


def test_a_channel_in_which_the_bot_is_off_is_not_due(database: Database) -> None:
    wish(database, mode=Mode.OFF)

    assert due(database) == []


@pytest.mark.parametrize("times", [1, 2])
def test_whoever_ends_it_hears_whether_there_was_one(database: Database, times: int) -> None:
    wish(database)

    with database.writing() as session:
        ended = [digests.end(session, TEAM, HERE) for _ in range(times)]

    assert ended == [True, False][:times]
    assert due(database) == []


def test_a_week_tells_what_was_confused_most_and_whose_corrections_helped(database: Database) -> None:
    known = label_set(database, "bug", "billing", "praise")
    for number, (right, by) in enumerate([("billing", ANA), ("billing", BEN), ("praise", BEN), ("bug", ANA)]):
        say(database, predicted(database, known["bug"], channel_id=HERE, ts=f"{number}.0"), by, known[right])
    elsewhere = predicted(database, known["praise"], channel_id=THERE, ts="9.0")
    say(database, elsewhere, ANA, known["bug"])

    told = week(database)

    assert told.confusion == Confusion("bug", "billing", 2)
    assert told.helpers == [(BEN, 2), (ANA, 1)]
    assert told.words == 4
    assert week(database, THERE).confusion == Confusion("praise", "bug", 1)
    assert week(database, HERE, OTHER).words == 0


def test_who_wished_to_be_forgotten_is_not_named(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    say(database, predicted(database, known["bug"], channel_id=HERE), f"{FORGOTTEN}1", known["billing"])

    assert week(database).helpers == []
