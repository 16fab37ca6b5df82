from __future__ import annotations

from storage.database.engine import Database
from storage.deliveries import cards, notices, undelivered
from storage.deliveries.undelivered import GivenUp
from storage.models import runs, versions
from storage.summaries import summaries
from storage.tables.deliveries import Delivery, News
from storage.tables.summaries import Making, Origin, Summary
from tests.factories import ANA, OTHER, SUPPORT, TEAM, label_set, predicted, together

REFUSED = "restricted_action"


def of_team(database: Database, team_id: str = TEAM) -> list[GivenUp]:
    with database.reading() as session:
        return undelivered.of_team(session, team_id)


def put_back(database: Database, channel_id: str | None = None, reason: str | None = None) -> int:
    with database.writing() as session:
        return undelivered.put_back(session, TEAM, channel_id, reason)


def refuse(database: Database, channel_id: str = SUPPORT, reason: str = REFUSED) -> str:
    """A card that was given up; its message."""
    bug = label_set(database, "bug")["bug"]
    one = predicted(database, bug, channel_id=channel_id)
    with database.writing() as session:
        cards.give_up(session, one.id, reason, wanted=1)
    return one.id


def refuse_summary(database: Database) -> None:
    summary = Summary(
        team_id=TEAM, channel_id=SUPPORT, asked_by=ANA, origin=Origin.COMMAND, making=Making.DONE
    )
    with database.writing() as session:
        summaries.give_up(session, summaries.ask(session, summary).id, REFUSED)


def test_what_was_given_up_is_counted_by_channel_and_reason_and_direct_messages_together(
    database: Database,
) -> None:
    refuse(database)
    refuse(database, reason="is_archived")
    refuse(database, channel_id="D1", reason="messages_tab_disabled")
    refuse(database, channel_id="D2", reason="messages_tab_disabled")
    refuse_summary(database)
    with database.writing() as session:
        undelivered.give_up(session, TEAM, Delivery.DIGEST, SUPPORT, SUPPORT, REFUSED)

    assert of_team(database) == [
        GivenUp(SUPPORT, REFUSED, 3),
        GivenUp("D", "messages_tab_disabled", 2),
        GivenUp(SUPPORT, "is_archived", 1),
    ]
    assert of_team(database, OTHER) == []


def test_what_is_put_back_is_put_back_once_and_tried_from_the_beginning(database: Database) -> None:
    refuse(database)
    refuse(database, reason="is_archived")
    refuse_summary(database)
    with database.writing() as session:
        undelivered.failed(session, TEAM, Delivery.DIGEST, SUPPORT, SUPPORT)
        undelivered.give_up(session, TEAM, Delivery.DIGEST, SUPPORT, SUPPORT, REFUSED)

    numbers = together(*[lambda: put_back(database, SUPPORT, REFUSED) for _ in range(4)])

    assert sum(numbers) == 3
    assert of_team(database) == [GivenUp(SUPPORT, "is_archived", 1)]
    with database.reading() as session:
        assert cards.count_due(session, TEAM) == 1
        assert summaries.next_due(session, TEAM)
        assert undelivered.waiting_digests(session, TEAM) == {SUPPORT}
    with database.writing() as session:
        assert undelivered.put_back(session, TEAM, closed={SUPPORT}) == 0
    assert put_back(database) == 1
    assert put_back(database) == 0


def test_a_note_that_was_given_up_is_not_told_until_it_is_put_back(database: Database) -> None:
    with database.writing() as session:
        run = runs.ask(session, TEAM, "a test")
        versions.champion(session, TEAM, "base", "base")
        for _ in range(2):
            undelivered.failed(session, TEAM, Delivery.RUN, run.id, "COPS")
        tried = undelivered.attempts(session, TEAM, Delivery.RUN, run.id)
        undelivered.give_up(session, TEAM, Delivery.RUN, run.id, "COPS", REFUSED)
        given_up = runs.to_note(session, TEAM)
    put_back(database)

    with database.reading() as session:
        again = runs.to_note(session, TEAM)
        assert (tried, given_up, again and again.id) == (2, None, run.id)
        assert undelivered.attempts(session, TEAM, Delivery.RUN, run.id) == 0


def test_a_card_that_is_shown_after_all_was_not_given_up(database: Database) -> None:
    message_id = refuse(database)
    with database.writing() as session:
        cards.shown(session, message_id, "1.5", "", 1)

    assert of_team(database) == []


def test_operators_are_told_once_per_channel_and_reason_until_it_is_tried_again(database: Database) -> None:
    with database.writing() as session:
        for _ in range(3):
            notices.add_given_up(session, TEAM, SUPPORT, REFUSED)
            notices.add_given_up(session, TEAM, SUPPORT, "no_permission")
            notices.add_given_up(session, TEAM, "D1", REFUSED)
            notices.add_given_up(session, TEAM, "D2", REFUSED)
        waiting = notices.to_tell(session, TEAM)
        notices.told(session, [one.id for one in waiting], 1.0)
        notices.add_given_up(session, TEAM, SUPPORT, REFUSED)
        silent = notices.to_tell(session, TEAM)
        notices.forget_given_up(session, TEAM, SUPPORT, REFUSED)
        notices.add_given_up(session, TEAM, SUPPORT, REFUSED)
        anew = notices.to_tell(session, TEAM)

    assert sorted((one.channel_id, one.about["reason"]) for one in waiting) == [
        (SUPPORT, "no_permission"),
        (SUPPORT, REFUSED),
        ("D", REFUSED),
    ]
    assert silent == []
    assert [(one.channel_id, one.news) for one in anew] == [(SUPPORT, News.GIVEN_UP)]


def test_what_an_earlier_channel_of_operators_refused_is_told_in_another_one(database: Database) -> None:
    with database.writing() as session:
        notices.add(session, TEAM, News.ARCHIVED, SUPPORT, "1")
        [notice] = notices.to_tell(session, TEAM)
        undelivered.give_up(session, TEAM, Delivery.NOTICE, notice.id, "C7", REFUSED)
        undelivered.give_up(session, TEAM, Delivery.DIGEST, SUPPORT, SUPPORT, REFUSED)
        undelivered.forget_elsewhere(session, TEAM, "C7")
        assert notices.to_tell(session, TEAM) == []

    with database.writing() as session:
        undelivered.forget_elsewhere(session, TEAM, "C8")

    with database.reading() as session:
        assert [one.id for one in notices.to_tell(session, TEAM)] == [notice.id]
    assert of_team(database) == [GivenUp(SUPPORT, REFUSED, 1)]
