"""What waits for Slack to say who did it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from storage.database import purging
from storage.database.engine import Database
from storage.deliveries import outbox
from storage.feedback import corrections, labels, resolution
from storage.messages import messages, unattributed
from storage.privacy import team_erasure
from storage.tables.feedback import Label, Word
from storage.tables.messages import Unattributed
from tests.factories import (
    ANA,
    BEN,
    OTHER,
    SUPPORT,
    TEAM,
    label_set,
    message,
    predicted,
    together,
    waiting_post,
    waiting_reaction,
)


@pytest.fixture
def bug(database: Database) -> Label:
    return label_set(database, "bug")["bug"]


def waiting(database: Database, user_id: str = ANA) -> list[str]:
    """Ids of what waits because of a user."""
    with database.reading() as session:
        return [event.id for event in unattributed.of_actor(session, TEAM, user_id)]


def marks(database: Database) -> set[str]:
    """Notes that the database's files may still hold erased text."""
    with database.reading() as session:
        return purging.marks(session)


def edit(database: Database, post: Unattributed, text: str, edited_ts: str, **about: Any) -> bool:
    """A post is edited; False if it does not wait."""
    standard = {"is_mention": False, "is_left_alone": False}
    with database.writing() as session:
        return unattributed.rewrite(session, TEAM, SUPPORT, post.ts, text, edited_ts, **{**standard, **about})


def test_what_waits_counts_nowhere(database: Database, bug: Label) -> None:
    seen = predicted(database, bug)
    waiting_reaction(database, seen, bug, user_id=BEN)
    waiting_post(database)

    with database.reading() as session:
        assert corrections.count(session, TEAM) == 0
        assert corrections.words(session, TEAM) == {}
        assert resolution.labelled(session, TEAM) == {}
        assert messages.standing_ids(session, TEAM) == [seen.id]
        assert messages.count_waiting(session, TEAM) == 0
        assert outbox.backlog(session, TEAM).messages == 0


def test_what_slack_tells_twice_waits_once(database: Database) -> None:
    post = waiting_post(database)

    with database.writing() as session:
        assert not unattributed.keep(session, Unattributed(**post.model_dump()))
    assert waiting(database) == [post.id]


def test_of_several_replicas_one_takes_an_event(database: Database) -> None:
    post = waiting_post(database)

    def take() -> bool:
        with database.writing() as session:
            return unattributed.take(session, post.id) is not None

    assert sorted(together(*[take] * 4)) == [False, False, False, True]
    assert waiting(database) == []


def test_an_actors_events_are_in_the_order_in_which_they_happened(database: Database, bug: Label) -> None:
    seen = predicted(database, bug)
    later = waiting_reaction(database, seen, bug, word=Word.WITHDRAWN, happened_at=2.0)
    sooner = waiting_reaction(database, seen, bug, happened_at=1.0)

    assert waiting(database) == [sooner.id, later.id]


def test_an_actor_is_asked_about_later_as_a_whole_and_given_up_in_the_end(database: Database) -> None:
    for _ in range(2):
        waiting_post(database)
    of_ben = waiting_post(database, user_id=BEN)

    with database.writing() as session:
        unattributed.postpone(session, TEAM, ANA, 60.0, attempts=1)
        first = unattributed.next_due(session, TEAM)
        unattributed.postpone(session, TEAM, ANA, 60.0, attempts=0)
        kept = unattributed.give_up(session, TEAM, ANA, 2)
        unattributed.postpone(session, TEAM, ANA, 60.0, attempts=1)
        gone = unattributed.give_up(session, TEAM, ANA, 2)

    assert first
    assert (first.id, kept, gone) == (of_ben.id, 0, 2)
    assert waiting(database, BEN) == [of_ben.id]


def test_a_post_follows_its_edits_in_their_order_and_leaves_no_trace_of_what_it_said(
    database: Database,
) -> None:
    post, before = waiting_post(database, "My secret"), marks(database)

    assert edit(database, post, "Second", "2.0", is_mention=True)
    assert edit(database, post, "First", "1.0")
    assert not edit(database, Unattributed(**{**post.model_dump(), "ts": "9.9"}), "Other", "3.0")

    with database.writing() as session:
        taken = unattributed.take(session, post.id)
    assert taken
    assert (taken.text, taken.edited_ts, taken.is_mention) == ("Second", "2.0", True)
    assert marks(database) > before


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_post_that_was_deleted_is_erased_and_stays_so(database: Database, is_heard: bool) -> None:
    post, other = waiting_post(database), waiting_post(database)
    before = marks(database)

    with database.writing() as session:
        assert messages.erase(session, TEAM, SUPPORT, post.ts, is_heard)

    assert waiting(database) == [other.id]
    assert marks(database) > before
    with database.reading() as session:
        assert messages.is_stored(session, TEAM, SUPPORT, post.ts) == is_heard


def test_a_deletion_and_whoever_counts_a_post_don_t_wait_for_each_other(database: Database) -> None:
    posts = [waiting_post(database) for _ in range(10)]

    def erase(post: Unattributed) -> None:
        with database.writing() as session:
            messages.erase(session, TEAM, SUPPORT, post.ts, is_heard=True)

    def count(post: Unattributed) -> None:
        with database.writing() as session:
            taken = unattributed.take(session, post.id)
            if taken:
                messages.receive(session, message(taken.text, ts=taken.ts))

    for post in posts:
        together(partial(count, post), partial(erase, post))

    assert waiting(database) == []
    with database.reading() as session:
        assert messages.standing_ids(session, TEAM) == []


def test_a_forgotten_user_and_a_channels_old_messages_leave_nothing(database: Database, bug: Label) -> None:
    seen = predicted(database, bug, ts="100.000000")
    waiting_reaction(database, seen, bug)
    old, new = (waiting_post(database, user_id=BEN, ts=ts) for ts in ("100.000000", "300.000000"))
    theirs = waiting_post(database, team_id=OTHER)

    with database.writing() as session:
        unattributed.forget(session, TEAM, ANA)
        let_go = unattributed.let_go(session, TEAM, SUPPORT, 200.0)

    assert let_go == 1
    assert old.id not in waiting(database, BEN)
    assert waiting(database, ANA) + waiting(database, BEN) == [new.id]
    with database.reading() as session:
        assert [one.id for one in unattributed.of_actor(session, OTHER, ANA)] == [theirs.id]


def test_a_reaction_that_goes_leaves_no_text_to_purge(database: Database, bug: Label) -> None:
    waiting_reaction(database, predicted(database, bug), bug)
    before = marks(database)

    with database.writing() as session:
        unattributed.forget(session, TEAM, ANA)

    assert waiting(database) == []
    assert marks(database) == before


def test_the_labels_that_a_user_chose_by_waiting_reactions_are_known_when_they_are_retired(
    database: Database, bug: Label
) -> None:
    seen = predicted(database, bug)
    waiting_reaction(database, seen, bug)
    waiting_post(database)
    with database.writing() as session:
        labels.synchronize(session, TEAM, [])

    with database.reading() as session:
        found = unattributed.reacted(session, TEAM, SUPPORT, seen.ts, ANA)
    assert [label.name for label in found] == ["bug"]


def test_what_waits_goes_with_its_team(database: Database, bug: Label) -> None:
    waiting_reaction(database, predicted(database, bug), bug)

    with database.writing() as session:
        team_erasure.begin(session, TEAM)

    assert waiting(database) == []
