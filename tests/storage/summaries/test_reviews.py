"""What Argilla has to hear of summaries, and what became of it."""

from __future__ import annotations

import pytest
from time_machine import TimeMachineFixture

from storage.database.engine import Database
from storage.summaries import reviews, summaries
from storage.tables.summaries import Making, Origin, Summary, SummaryReview
from tests.factories import ANA, OTHER, SUPPORT, TEAM


def asked(database: Database, team_id: str = TEAM) -> str:
    """A summary that reviewers should see; its id."""
    summary = Summary(
        team_id=team_id,
        channel_id=SUPPORT,
        of_ts="1.1",
        thread_ts="1.1",
        asked_by=ANA,
        origin=Origin.SHORTCUT,
        making=Making.DONE,
    )
    with database.writing() as session:
        summary_id = summaries.ask(session, summary).id
        reviews.ask(session, team_id, summary_id)
    return summary_id


def again(database: Database, summary_id: str) -> None:
    with database.writing() as session:
        reviews.again(session, summary_id)


def due(database: Database, team_id: str = TEAM) -> list[SummaryReview]:
    with database.reading() as session:
        return reviews.due(session, team_id, 10)


def due_ids(database: Database, team_id: str = TEAM) -> list[str]:
    return [review.summary_id for review in due(database, team_id)]


def review(database: Database, summary_id: str) -> SummaryReview:
    with database.reading() as session:
        return session.get_one(SummaryReview, summary_id)


def tell(database: Database, one: SummaryReview) -> None:
    with database.writing() as session:
        reviews.told(session, one, "a dataset", f"record of {one.summary_id}")


def test_reviewers_have_to_do_with_a_team_once_they_should_see_a_summary_of_it(database: Database) -> None:
    def is_asked() -> list[bool]:
        with database.reading() as session:
            return [reviews.is_asked(session, team_id) for team_id in (TEAM, OTHER)]

    before = is_asked()
    asked(database)

    assert (before, is_asked()) == ([False, False], [True, False])


def test_what_argilla_knows_is_not_due_and_where_it_lies_is_kept(database: Database) -> None:
    known, other = asked(database), asked(database)
    [one] = [each for each in due(database) if each.summary_id == known]
    with database.writing() as session:
        reviews.postpone(session, one, -1.0)

    tell(database, one)

    assert due_ids(database) == [other]
    stored = review(database, known)
    assert (stored.dataset_id, stored.record_id) == ("a dataset", f"record of {known}")
    assert stored.attempts == 0


def test_news_that_come_while_a_state_is_told_are_told_next(database: Database) -> None:
    summary_id = asked(database)
    [read] = due(database)
    again(database, summary_id)

    tell(database, read)

    [later] = due(database)
    assert (later.told, later.wanted) == (1, 2)
    tell(database, later)
    assert due(database) == []


def test_what_is_postponed_is_due_again_when_its_pause_is_over_and_its_attempts_are_counted(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(1_800_000_000, tick=False)
    late, other = asked(database), asked(database)
    for _ in range(2):
        with database.writing() as session:
            reviews.postpone(session, review(database, late), 60.0)
    assert due_ids(database) == [other]

    time_machine.shift(61.0)

    assert due_ids(database) == [other, late]
    assert (review(database, late).attempts, review(database, other).attempts) == (2, 0)


def test_what_argilla_refused_is_due_no_more_until_there_is_news(database: Database) -> None:
    refused, other = asked(database), asked(database)
    with database.writing() as session:
        reviews.refuse(session, review(database, refused), "too long")
    before = due_ids(database), review(database, refused).refused

    again(database, refused)

    assert before == ([other], "too long")
    assert set(due_ids(database)) == {other, refused}
    assert review(database, refused).refused is None


@pytest.mark.parametrize("is_refused", [False, True])
def test_where_the_dataset_is_lost_all_of_the_team_is_told_anew(database: Database, is_refused: bool) -> None:
    ours, theirs = asked(database), asked(database, OTHER)
    for summary_id in (ours, theirs):
        tell(database, review(database, summary_id))
    with database.writing() as session:
        if is_refused:
            reviews.refuse(session, review(database, ours), "too long")
        reviews.postpone(session, review(database, ours), 600.0)

    with database.writing() as session:
        reviews.lost(session, TEAM)

    assert (due_ids(database), due_ids(database, OTHER)) == ([ours], [])
    assert (review(database, ours).dataset_id, review(database, ours).record_id) == (None, None)
    assert review(database, theirs).record_id == f"record of {theirs}"
