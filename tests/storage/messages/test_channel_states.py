from __future__ import annotations

import time

import pytest

from storage.database.engine import Database
from storage.deliveries import cards, notices, undelivered
from storage.deliveries.undelivered import GivenUp
from storage.messages import channel_states, channels, contents, messages
from storage.messages.channel_states import ChannelChange, Seen
from storage.tables.deliveries import News
from storage.tables.messages import Mode
from tests.factories import ANA, SUPPORT, TEAM, label_set, predicted

OPEN = Seen("support", is_private=False, is_archived=False, is_shared=False, is_member=True)
AWAY = Seen("support", is_private=False, is_archived=False, is_shared=False, is_member=False)
ARCHIVED = Seen("support", is_private=False, is_archived=True, is_shared=False, is_member=False)
SHARED = Seen("support", is_private=False, is_archived=False, is_shared=True, is_member=True)


@pytest.fixture(autouse=True)
def _is_on(database: Database) -> None:
    with database.writing() as session:
        channels.set_mode(session, TEAM, SUPPORT, Mode.REPLY, ANA)
        channel_states.see(session, TEAM, SUPPORT, OPEN)


def hear(database: Database, news: News, at: float = 5.0, **more: str) -> bool:
    with database.writing() as session:
        return channel_states.change(session, TEAM, ChannelChange(SUPPORT, news, at, **more))


def ask(database: Database, seen: Seen | None) -> None:
    with database.writing() as session:
        assert channel_states.to_ask(session, TEAM, 0.0, 0.0) in (None, SUPPORT)
        channel_states.learn(session, TEAM, SUPPORT, seen)


def told(database: Database) -> list[News]:
    with database.reading() as session:
        return [one.news for one in notices.to_tell(session, TEAM)]


def why(database: Database) -> str | None:
    with database.reading() as session:
        found = channel_states.all_closed(session, TEAM).get(SUPPORT)
    return found.reason if found else None


@pytest.mark.parametrize(
    ("news", "reason"),
    [
        (News.ARCHIVED, "is_archived"),
        (News.SHARED, "channel_shared"),
        (News.REMOVED, "not_in_channel"),
        (News.DELETED, "channel_deleted"),
    ],
)
def test_a_change_is_told_once_and_nothing_waits_there_any_more(
    database: Database, news: News, reason: str
) -> None:
    bug = label_set(database, "bug")["bug"]
    predicted(database, bug)
    gone = predicted(database, bug)
    with database.writing() as session:
        messages.erase(session, TEAM, gone.channel_id, gone.ts, is_heard=True)
    first = hear(database, news)
    again = hear(database, news), hear(database, news, at=6.0)

    assert (first, again) == (True, (False, False))
    assert told(database) == [news]
    assert why(database) == reason
    with database.reading() as session:
        assert undelivered.of_team(session, TEAM) == [GivenUp(SUPPORT, reason, 1)]
        assert cards.count_due(session, TEAM) == 1  # that of the erased message still has to go
        assert contents.of_message(session, gone.id).message.erased_at


def test_a_channel_where_nothing_is_on_is_no_concern(database: Database) -> None:
    with database.writing() as session:
        channels.set_mode(session, TEAM, SUPPORT, Mode.OFF, ANA)

    assert not hear(database, News.ARCHIVED)
    assert told(database) == []


@pytest.mark.parametrize(
    ("closing", "opening"),
    [(News.ARCHIVED, News.UNARCHIVED), (News.SHARED, News.BACK), (News.REMOVED, News.BACK)],
)
def test_a_channel_is_back_when_slack_says_so(database: Database, closing: News, opening: News) -> None:
    hear(database, closing)
    hear(database, opening, at=6.0)
    still = why(database)
    ask(database, OPEN)

    assert still is not None
    assert told(database) == [closing, News.BACK]
    assert why(database) is None


def test_an_unarchived_channel_that_the_bot_is_not_in_waits_for_an_invitation(database: Database) -> None:
    hear(database, News.ARCHIVED)
    hear(database, News.REMOVED, at=5.1)
    ask(database, ARCHIVED)
    hear(database, News.UNARCHIVED, at=6.0)
    ask(database, AWAY)
    ask(database, AWAY)
    waiting = told(database)
    hear(database, News.BACK, at=7.0)
    ask(database, OPEN)

    assert waiting == [News.ARCHIVED, News.REMOVED, News.UNARCHIVED]
    assert told(database)[-1] is News.BACK


@pytest.mark.parametrize(
    ("seen", "news"),
    [(ARCHIVED, News.ARCHIVED), (AWAY, News.REMOVED), (SHARED, News.SHARED), (None, News.REMOVED)],
)
def test_what_no_event_told_slack_tells_when_it_is_asked(
    database: Database, seen: Seen | None, news: News
) -> None:
    ask(database, seen)
    ask(database, seen)

    assert told(database) == [news]


def test_names_and_privacy_follow(database: Database) -> None:
    hear(database, News.RENAMED, name="help")
    hear(database, News.PRIVATE)
    hear(database, News.RENAMED, at=6.0, name="help")

    with database.reading() as session:
        state = channel_states.get(session, TEAM, SUPPORT)
    assert state
    assert (state.name, state.is_private) == ("help", True)
    assert told(database) == [News.RENAMED, News.PRIVATE]


def test_a_new_name_is_learned_by_asking_and_told_but_not_the_first_one(database: Database) -> None:
    renamed = Seen("help", is_private=True, is_archived=False, is_shared=False, is_member=True)
    ask(database, OPEN)
    ask(database, renamed)
    with database.writing() as session:
        channel_states.learn(session, TEAM, "C2", renamed)
        names = [state.name for state in channel_states.every(session, TEAM).values()]

    assert names == ["help", "help"]
    assert told(database) == [News.RENAMED, News.PRIVATE]


def test_slack_is_asked_about_each_channel_in_use_and_at_once_after_a_change(database: Database) -> None:
    with database.writing() as session:
        channels.set_mode(session, TEAM, "C2", Mode.ASK, ANA)
        new = channel_states.to_ask(session, TEAM, 0.0, 0.0)
        channel_states.see(session, TEAM, "C2", OPEN)
        nothing = channel_states.to_ask(session, TEAM, 0.0, 0.0)
    hear(database, News.RENAMED, name="help")

    with database.reading() as session:
        assert (new, nothing, channel_states.to_ask(session, TEAM, 0.0, 0.0)) == ("C2", None, SUPPORT)
        assert channel_states.to_ask(session, TEAM, 0.0, 0.0, also=["COPS"]) in ("COPS", SUPPORT)


def test_a_closed_channel_is_asked_about_more_often(database: Database) -> None:
    hear(database, News.ARCHIVED)
    ask(database, ARCHIVED)
    now = time.time()

    with database.reading() as session:
        assert channel_states.to_ask(session, TEAM, now - 60, now - 60) is None
        assert channel_states.to_ask(session, TEAM, now - 60, now + 60) == SUPPORT
