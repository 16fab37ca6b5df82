from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from bot.slack.payloads import Command
from bot.summaries.commands import DIRECT, USAGE, summarize
from bot.summaries.service import OFF, SummaryService
from learning.text.masking import unmasked
from storage.database.engine import Database
from storage.tables.summaries import Summary
from tests.factories import ANA, SUPPORT, TEAM

LISBON = ZoneInfo("Europe/Lisbon")
NOW = datetime(2026, 11, 25, 15, 30, tzinfo=LISBON)  # a Wednesday


def service(database: Database, is_on: bool = True) -> SummaryService:
    made = SummaryService(
        database, TEAM, lambda user: user, lambda message: message.ts, unmasked, lambda: None, lambda: None
    )
    if is_on:
        made.set_consent(SUPPORT, True, None, ANA)
    return made


def typed(words: str, channel: str = SUPPORT) -> Command:
    return Command(TEAM, channel, ANA, ("summarize", *words.split()))


def asked(database: Database) -> tuple[float | None, int | None]:
    with database.reading() as session:
        [summary] = session.exec(select(Summary))
        return summary.since, summary.most


@pytest.mark.parametrize(
    ("words", "since"),
    [
        ("since today", datetime(2026, 11, 25, tzinfo=LISBON)),
        ("since yesterday", datetime(2026, 11, 24, tzinfo=LISBON)),
        ("since monday", datetime(2026, 11, 23, tzinfo=LISBON)),
        ("since wednesday", datetime(2026, 11, 18, tzinfo=LISBON)),
        ("since 2 hours", datetime(2026, 11, 25, 13, 30, tzinfo=LISBON)),
        ("since 3 days ago", datetime(2026, 11, 22, 15, 30, tzinfo=LISBON)),
    ],
)
def test_since_when_is_meant_in_the_teams_time_zone(database: Database, words: str, since: datetime) -> None:
    summarize(service(database), typed(words), "Europe/Lisbon", NOW)

    assert asked(database) == (since.timestamp(), None)


@pytest.mark.parametrize(
    ("words", "most"), [("", 50), ("30", 30), ("30 messages", 30), ("the last 1 message", 1)]
)
def test_so_many_messages_are_meant(database: Database, words: str, most: int) -> None:
    told = summarize(service(database), typed(words), "UTC", NOW)

    assert asked(database) == (None, most)
    assert ("the last message" if most == 1 else f"the last {most} messages") in told


@pytest.mark.parametrize("words", ["gibberish", "since", "since when", "30 days", "since 5 years"])
def test_what_is_not_understood_is_answered_with_what_is(database: Database, words: str) -> None:
    assert summarize(service(database), typed(words), "UTC", NOW) == USAGE


@pytest.mark.parametrize("number", [0, 5_001, "9" * 5_000])
def test_a_number_that_can_not_be_is_named(database: Database, number: int | str) -> None:
    assert "1 to 5,000 messages" in summarize(service(database), typed(f"{number} messages"), "UTC", NOW)


def test_where_nobody_agreed_the_asker_is_told_how_to(database: Database) -> None:
    assert summarize(service(database, is_on=False), typed(""), "UTC", NOW) == OFF


def test_in_a_direct_message_there_is_nothing_to_summarize(database: Database) -> None:
    assert summarize(service(database), typed("", channel="D1"), "UTC", NOW) == DIRECT
