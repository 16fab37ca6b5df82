"""What was said, read from our own store and from a real local Slack."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.slack.mrkdwn import plain
from bot.summaries.history import History, HistoryClosedError, HistoryDelayedError
from bot.web_api.reach import Reach
from local.slack.setup.credentials import BOT_TOKEN
from storage.database.engine import Database
from storage.messages import messages
from storage.summaries import summaries
from storage.tables.summaries import Making, Origin, Summary
from tests.databases import on_both
from tests.factories import message
from tests.local.running import Slack, workspace
from tests.running import ANA, BEN, SUPPORT

TEAM = "T0LOCAL"
BOT_USER = "U0CORRIGIB"


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


def history(slack: Slack, database: Database) -> History:
    client = WebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/", retry_handlers=[])
    return History(database, TEAM, BOT_USER, client, plain, Reach(client))


def agreed(database: Database) -> None:
    with database.writing() as session:
        summaries.set_consent(session, TEAM, SUPPORT, True, None, ANA)


def about(**given: Any) -> Summary:
    standard = {"asked_by": ANA, "origin": Origin.SHORTCUT, "making": Making.WAITING}
    return Summary(team_id=TEAM, channel_id=SUPPORT, **{**standard, **given})


def thread(slack: Slack, replies: int = 3) -> str:
    first = slack.say("The export failed")
    for number in range(replies):
        slack.say(f"reply {number}", user=BEN, thread_ts=first)
    return first


def test_a_thread_from_before_is_read_from_slack_once(slack: Slack, database: Database) -> None:
    ts = thread(slack)
    slack.web.chat_postMessage(channel=SUPPORT, thread_ts=ts, text="a bot's own words")
    time.sleep(0.01)
    agreed(database)
    reader = history(slack, database)

    said = reader.read(about(of_ts=ts))
    again = reader.read(about(of_ts=ts))

    assert [one.text for one in said] == ["The export failed", "reply 0", "reply 1", "reply 2"]
    assert [one.user_id for one in said] == [ANA, BEN, BEN, BEN]
    assert [one.id for one in again] == [one.id for one in said]
    assert not any(one.waiting for one in said)


@on_both
def test_what_no_database_takes_is_replaced_in_what_slack_tells(slack: Slack, database: Database) -> None:
    ts = slack.say("The export\x00failed")

    [said] = history(slack, database).read(about(of_ts=ts))
    assert said.text == "The export\ufffdfailed"


def test_of_a_thread_that_we_heard_from_its_beginning_slack_is_asked_nothing(
    slack: Slack, database: Database
) -> None:
    agreed(database)
    ts = f"{time.time() + 1:.6f}"
    with database.writing() as session:
        for text, at, parent in (("first", ts, None), ("second", f"{float(ts) + 1:.6f}", ts)):
            one = message(text, team_id=TEAM, channel_id=SUPPORT, ts=at, thread_ts=parent)
            messages.receive(session, one)

    said = history(slack, database).read(about(of_ts=ts))

    assert [one.text for one in said] == ["first", "second"]
    assert slack.calls("conversations.replies") == []


def test_the_latest_of_a_channel_are_read_without_asking_for_replies(
    slack: Slack, database: Database
) -> None:
    thread(slack)
    for number in range(5):
        slack.say(f"message {number}")
    time.sleep(0.01)
    agreed(database)

    said = history(slack, database).read(about(most=3, origin=Origin.COMMAND))

    assert [one.text for one in said] == ["message 2", "message 3", "message 4"]
    assert slack.calls("conversations.replies") == []


def test_slacks_limit_is_waited_for_and_reading_goes_on_where_it_was(
    slack: Slack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.summaries.history.PAGE", 2)
    ts = thread(slack, replies=5)
    time.sleep(0.01)
    agreed(database)
    reader = history(slack, database)
    reached = reader.read(about(of_ts=ts))[2].ts  # what an earlier attempt had come to
    slack.fault("method", method="conversations.replies", kind="rate_limited", retry_after=7)

    with pytest.raises(HistoryDelayedError) as delayed:
        reader.read(about(of_ts=ts, fetched=reached))
    slack.fault("clear", records=True)
    said = reader.read(about(of_ts=ts, fetched=delayed.value.fetched))

    assert 7 <= delayed.value.after_s < 8
    assert delayed.value.fetched == reached
    assert len(said) == 6
    assert slack.calls("conversations.replies")[0]["arguments"]["oldest"] == reached


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("missing_scope", "lacks the scope channels:history"),
        ("not_in_channel", "/invite @corrigible"),
        ("channel_not_found", "/invite @corrigible"),
        ("thread_not_found", "perhaps it was deleted"),
        ("channel_is_archived", "does not let me read this (channel_is_archived)"),
    ],
)
def test_what_slack_does_not_show_is_told_with_what_to_do(
    slack: Slack, database: Database, error: str, told: str
) -> None:
    slack.fault("method", method="conversations.replies", kind="error", error=error)

    with pytest.raises(HistoryClosedError) as closed:
        history(slack, database).read(about(of_ts=thread(slack)))

    assert told in str(closed.value)
