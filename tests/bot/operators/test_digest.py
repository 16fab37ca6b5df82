"""A digest that Slack refuses, told to a real local Slack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient
from sqlmodel import select

from bot.operators.digest import JOB, Digests
from bot.web_api.reach import Reach
from local.slack.setup.credentials import BOT_TOKEN
from local.slack.setup.seed import BOT_USER_ID, CHANNELS
from storage.database import jobs
from storage.database.engine import Database
from storage.deliveries import undelivered
from storage.deliveries.undelivered import GivenUp
from storage.messages import channel_states, channels
from storage.messages.channel_states import ChannelChange
from storage.reports import digests
from storage.tables.database import Job
from storage.tables.deliveries import News, Notice
from storage.tables.messages import Mode
from tests.factories import ANA, BEN, TEAM, label_set, predicted, say
from tests.local.running import Slack, until, workspace

SUPPORT, GENERAL = CHANNELS["support"], CHANNELS["general"]
FAR = 4_000_000_000.0


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def telling(database: Database, slack: Slack, monkeypatch: pytest.MonkeyPatch) -> Digests:
    """Digests of two channels in which something happened."""
    monkeypatch.setattr("bot.operators.digest.PAUSES_S", (0.0, 0.0, 0.0))
    known = label_set(database, "bug", "billing")
    with database.writing() as session:
        jobs.keep(session, TEAM, JOB, FAR, 0.0)
    for channel in (SUPPORT, GENERAL):
        say(database, predicted(database, known["bug"], channel_id=channel), BEN, known["billing"])
        with database.writing() as session:
            channels.set_mode(session, TEAM, channel, Mode.REPLY, ANA)
            digests.wish(session, TEAM, channel, ANA)
    client = WebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/", retry_handlers=[])
    return Digests(database, TEAM, client, str, BOT_USER_ID, "0 9 * * 1", "UTC", "en", Reach(client))


def given_up(database: Database) -> list[GivenUp]:
    with database.reading() as session:
        return undelivered.of_team(session, TEAM)


def told(slack: Slack, channel: str) -> int:
    return sum("The week here" in one["text"] for one in slack.messages(channel))


def due_at(database: Database) -> float:
    with database.reading() as session:
        return next(one.due_at for one in session.exec(select(Job)) if one.name == JOB)


def test_a_channel_that_refuses_its_digest_is_asked_once_and_the_others_are_told(
    database: Database, slack: Slack, telling: Digests
) -> None:
    refused = {"kind": "error", "error": "no_permission"}
    slack.fault("method", method="chat.postMessage", times=1, **refused)
    telling.tell()
    asked = len(slack.calls("chat.postMessage"))
    [refusal] = given_up(database)
    with database.writing() as session:
        number = undelivered.put_back(session, TEAM)
        before = due_at(database)
    telling.hasten()
    telling.tell()
    telling.tell()

    assert asked == 2
    assert (refusal.reason, refusal.number, number) == ("no_permission", 1, 1)
    assert before == FAR > due_at(database)
    assert (told(slack, SUPPORT), told(slack, GENERAL)) == (1, 1)
    assert given_up(database) == []
    with database.reading() as session:
        assert [one.about["reason"] for one in session.exec(select(Notice))] == ["no_permission"]


def test_what_fails_each_time_is_given_up_after_three_times(
    database: Database, slack: Slack, telling: Digests
) -> None:
    slack.fault("method", method="chat.postMessage", kind="error", error="internal_error", times=99)
    telling.tell()

    assert len(slack.calls("chat.postMessage")) == 6
    assert [one.reason for one in given_up(database)] == ["internal_error", "internal_error"]


def test_while_slack_is_out_of_reach_digests_wait_and_are_told_afterwards(
    database: Database, slack: Slack, telling: Digests
) -> None:
    slack.fault("method", method="*", kind="no_answer", times=1_000)
    telling.tell()
    lost = given_up(database)
    slack.fault("clear")
    until(lambda: telling.hasten() or due_at(database) < FAR)
    telling.tell()

    assert lost == []
    assert (told(slack, SUPPORT), told(slack, GENERAL)) == (1, 1)


def test_an_archived_channel_is_told_nothing(database: Database, slack: Slack, telling: Digests) -> None:
    with database.writing() as session:
        channel_states.change(session, TEAM, ChannelChange(SUPPORT, News.ARCHIVED, 5.0))
    telling.tell()

    assert (told(slack, SUPPORT), told(slack, GENERAL)) == (0, 1)
    assert slack.calls("conversations.history") == []
