from __future__ import annotations

import time
from typing import Any

import pytest

from storage.database.engine import Database
from storage.messages import messages
from storage.summaries import reviews, summaries
from storage.summaries.summaries import NothingSaidError, SummaryNotFoundError
from storage.tables.feedback import Status
from storage.tables.messages import Message, Mode
from storage.tables.summaries import Making, Opinion, Origin, Summary, SummaryAnswer, SummaryWord
from tests.factories import ANA, BEN, CAT, OTHER, SUPPORT, TEAM, message, received, together


def asked(database: Database, **given: Any) -> Summary:
    standard = {"of_ts": "1.1", "thread_ts": "1.1", "asked_by": ANA, "origin": Origin.SHORTCUT}
    row = Summary(team_id=TEAM, channel_id=SUPPORT, making=Making.WAITING, **{**standard, **given})
    with database.writing() as session:
        return summaries.ask(session, row)


def made(database: Database, of: list[Message], **given: Any) -> Summary:
    """A summary that is done, of these messages."""
    summary = asked(database, **given)
    sentences = [{"text": of[0].text, "sources": [of[0].id], "supported": True, "unfounded": []}]
    with database.writing() as session:
        assert summaries.finish(session, summary.id, [one.id for one in of], sentences=sentences)
    return now(database, summary)


def now(database: Database, summary: Summary) -> Summary:
    with database.reading() as session:
        return summaries.state(session, summary.id)


def say(database: Database, summary: Summary, user: str, opinion: Opinion, text: str = "") -> None:
    word = SummaryWord(summary_id=summary.id, team_id=TEAM, user_id=user, opinion=opinion, text=text)
    with database.writing() as session:
        summaries.say(session, word)


def taken(database: Database) -> str | None:
    with database.writing() as session:
        summary = summaries.take(session, TEAM)
        return summary.id if summary else None


def test_a_channel_is_on_since_it_was_turned_on_whatever_is_said_of_lengths_later(database: Database) -> None:
    def set_to(is_on: bool, over: int | None) -> float | None:
        with database.writing() as session:
            summaries.set_consent(session, TEAM, SUPPORT, is_on, over, ANA)
            agreed = summaries.consent(session, TEAM, SUPPORT)
            return agreed.set_at if agreed else None

    first = set_to(True, None)
    longer = set_to(True, 500)
    off = set_to(False, None)
    again = set_to(True, None)

    assert first == longer
    assert off is None
    assert first is not None
    assert again is not None
    assert again > first


def test_summaries_that_somebody_waits_for_are_made_before_those_of_long_messages(
    database: Database,
) -> None:
    long = asked(database, origin=Origin.LENGTH)
    wanted = asked(database)

    assert taken(database) == wanted.id
    with database.writing() as session:
        summaries.fail(session, wanted.id, "it can't be made")
    assert taken(database) == long.id


def test_what_was_postponed_is_not_made_before_its_time(database: Database) -> None:
    summary = asked(database)
    with database.writing() as session:
        summaries.postpone(session, summary.id, 60, "1.5", "Slack is slow")
        waits = summaries.is_waiting(session, TEAM)

    assert not waits
    assert taken(database) is None
    assert (now(database, summary).fetched, now(database, summary).aside) == ("1.5", "Slack is slow")


def test_a_summary_of_a_message_that_was_erased_meanwhile_is_made_anew(database: Database) -> None:
    said = [received(database), received(database)]
    summary = asked(database)
    with database.writing() as session:
        messages.erase(session, TEAM, SUPPORT, said[1].ts, is_heard=True)
        is_kept = summaries.finish(session, summary.id, [one.id for one in said], sentences=[])

    assert not is_kept
    assert now(database, summary).making is Making.WAITING


def test_with_a_message_goes_every_summary_of_it_and_what_people_wrote(database: Database) -> None:
    said = [received(database), received(database)]
    gone, stays = made(database, said), made(database, said[:1])
    say(database, gone, BEN, Opinion.EDITED, "<@U1> wants a refund")
    answer = SummaryAnswer(
        response_id="r1",
        summary_id=gone.id,
        team_id=TEAM,
        reviewer="x",
        status=Status.SUBMITTED,
        text="private",
        answered_at=1.0,
    )
    with database.writing() as session:
        reviews.replace(session, TEAM, gone.id, [answer])
        messages.erase(session, TEAM, SUPPORT, said[1].ts, is_heard=True)

    with database.reading() as session:
        texts = [word.text for word in summaries.words(session, gone.id)]
        answers = reviews.answers(session, gone.id)
        [review] = reviews.due(session, TEAM, 10)
    erased = now(database, gone)
    assert (erased.making, erased.sentences, erased.due) == (Making.ERASED, [], True)
    assert (texts, answers, review.summary_id) == ([""], [], gone.id)
    assert now(database, stays).making is Making.DONE


def test_each_persons_last_word_counts_and_the_last_edit_is_what_it_says(database: Database) -> None:
    summary = made(database, [received(database)])
    say(database, summary, ANA, Opinion.EDITED, "first")
    say(database, summary, BEN, Opinion.BAD)
    say(database, summary, BEN, Opinion.EDITED, "second")
    say(database, summary, ANA, Opinion.GOOD)

    with database.reading() as session:
        words = summaries.words(session, summary.id)
    better = summaries.edited(words)

    assert [(word.user_id, word.opinion) for word in words] == [(BEN, Opinion.EDITED), (ANA, Opinion.GOOD)]
    assert better
    assert better.text == "second"


def test_who_undoes_takes_back_all_of_theirs_once(database: Database) -> None:
    summary = made(database, [received(database)])
    say(database, summary, BEN, Opinion.EDITED, "second")
    say(database, summary, ANA, Opinion.EDITED, "third")
    say(database, summary, ANA, Opinion.UNDONE)
    wanted = now(database, summary).wanted
    say(database, summary, ANA, Opinion.UNDONE)

    with database.reading() as session:
        [word] = summaries.words(session, summary.id)
        settled = reviews.settled(session, TEAM, {ANA, BEN})
    assert (word.user_id, settled[summary.id]) == (BEN, "second")
    assert now(database, summary).wanted == wanted
    with pytest.raises(NothingSaidError):
        say(database, summary, CAT, Opinion.UNDONE)


def test_who_calls_their_own_text_good_has_edited_once(database: Database) -> None:
    summary = made(database, [received(database)])
    say(database, summary, ANA, Opinion.EDITED, "better")
    say(database, summary, ANA, Opinion.GOOD)

    with database.reading() as session:
        [word] = summaries.words(session, summary.id)
        settled = reviews.settled(session, TEAM, {ANA})
    assert (word.opinion, word.text, settled) == (Opinion.EDITED, "better", {summary.id: "better"})


def test_what_was_settled_is_reviewers_text_before_an_edit_before_what_was_called_good(
    database: Database,
) -> None:
    said = [received(database, "Where is it?")]
    polished, edited, good, bad = (made(database, said) for _ in range(4))
    for summary in (polished, edited):
        say(database, summary, BEN, Opinion.EDITED, "edited")
    say(database, good, BEN, Opinion.GOOD)
    say(database, bad, BEN, Opinion.BAD)
    answer = SummaryAnswer(
        response_id="r1",
        summary_id=polished.id,
        team_id=TEAM,
        reviewer="x",
        status=Status.SUBMITTED,
        text="polished",
        answered_at=1.0,
    )
    with database.writing() as session:
        reviews.replace(session, TEAM, polished.id, [answer])
        settled = reviews.settled(session, TEAM, {BEN})
        by_reviewers = reviews.settled(session, TEAM, set())

    assert settled == {polished.id: "polished", edited.id: "edited", good.id: "Where is it?"}
    assert by_reviewers == {polished.id: "polished"}


def test_another_team_neither_reads_nor_judges_a_summary(database: Database) -> None:
    summary = made(database, [received(database)])
    word = SummaryWord(summary_id=summary.id, team_id=OTHER, user_id="U9", opinion=Opinion.BAD)

    with database.writing() as session, pytest.raises(SummaryNotFoundError):
        summaries.get(session, OTHER, summary.id)
    with pytest.raises(SummaryNotFoundError), database.writing() as session:
        summaries.say(session, word)


def test_two_couriers_show_two_summaries(database: Database) -> None:
    summaries_made = {made(database, [received(database)]).id for _ in range(2)}

    def claimed() -> str | None:
        with database.writing() as session:
            found = summaries.claim(session, TEAM)
            return found.id if found else None

    assert set(together(claimed, claimed)) == summaries_made
    assert claimed() is None


def test_a_summary_is_due_until_its_latest_state_is_shown(database: Database) -> None:
    summary = made(database, [received(database)])
    with database.writing() as session:
        again = summaries.shown(session, summary.id, "9.9", summary.wanted - 1)
        done = summaries.shown(session, summary.id, "9.9", summary.wanted)
        due_at = summaries.next_due(session, TEAM)

    assert (again, done, due_at) == (True, False, None)


def test_what_slack_refuses_is_tried_again_later_or_never(database: Database) -> None:
    later, never = (made(database, [received(database)]) for _ in range(2))
    with database.writing() as session:
        summaries.show_later(session, later.id, 60, may_stand=True)
        summaries.give_up(session, never.id, "channel_is_archived")
        due_at = summaries.next_due(session, TEAM)

    assert due_at is not None
    assert due_at > time.time() + 30
    assert now(database, later).attempted
    assert (now(database, never).due, now(database, never).refused) == (False, "channel_is_archived")


def test_of_a_channel_the_latest_are_taken_with_replies_behind_what_they_reply_to(database: Database) -> None:
    said = [received(database, f"message {number}") for number in range(4)]
    received(database, "a reply", thread_ts=said[0].ts)
    received(database, "another reply", thread_ts=said[2].ts)

    with database.reading() as session:
        latest = summaries.stretch(session, TEAM, SUPPORT, None, 4)
        thread = summaries.thread(session, TEAM, SUPPORT, said[0].ts)

    assert [one.text for one in latest] == ["a reply", "message 2", "another reply", "message 3"]
    assert [one.text for one in thread] == ["message 0", "a reply"]


def test_of_a_channel_what_was_said_since_a_time_is_taken_and_nothing_older(database: Database) -> None:
    old = received(database, "older", ts="1000.999999")
    received(database, "at that time", ts="1001.000000")
    received(database, "later", ts="1001.000001")
    received(database, "a late reply", ts="1002.000000", thread_ts=old.ts)

    with database.reading() as session:
        since = summaries.stretch(session, TEAM, SUPPORT, 1001.0, None)
        latest = summaries.stretch(session, TEAM, SUPPORT, 1001.0, 2)

    assert [one.text for one in since] == ["a late reply", "at that time", "later"]
    assert [one.text for one in latest] == ["a late reply", "later"]


def test_an_edit_of_what_is_kept_for_summaries_alone_does_not_make_it_wait(database: Database) -> None:
    one = message(mode=Mode.OFF, waiting=False)
    with database.writing() as session:
        messages.receive(session, one)
        messages.edit(session, TEAM, SUPPORT, one.ts, "something else")

    with database.reading() as session:
        assert messages.count_waiting(session, TEAM) == 0
        assert messages.texts(session, [one.id]) == {one.id: "something else"}
