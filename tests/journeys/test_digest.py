"""A channel that asked for it hears once a week what the bot learned there, with a picture of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import update

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.tables.deliveries import Digest
from tests.journeys.pages import take_picture, write
from tests.journeys.reviewed import review_weeks
from tests.journeys.steps import correct, do, turn_on
from tests.local.running import Slack
from tests.running import SUPPORT, bot, settings

CRASH = "The app crashes with an error"
WEEK = "*The week here*"


def told_at(running: Bot) -> float:
    with running.database.reading() as session:
        found = session.get(Digest, (TEAM_ID, SUPPORT))
        return found.told_at if found else 0.0


def let_a_week_pass(running: Bot, **changes: float) -> None:
    with running.database.writing() as session:
        session.connection().execute(update(Digest).values(told_at=0.0, **changes))


def digests(slack: Slack) -> list[dict[str, Any]]:
    return [one for one in slack.messages(SUPPORT) if WEEK in one["text"]]


def have_a_message_corrected(ana: Person, ben: Person) -> None:
    """Ana writes, Ben corrects the card."""
    turn_on(ana, SUPPORT)
    correct(ben, ben.wait_for_reply(SUPPORT, ana.write(SUPPORT, CRASH)), "praise")


def test_a_channel_that_asked_for_it_hears_of_its_week_once(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path, page: Page
) -> None:
    with (
        bot(slack, settings(tmp_path, database_url)) as running,
        bot(slack, settings(tmp_path, database_url)) as replica,
    ):
        review_weeks(running.database, (49, 50), (0, 0), (48, 50), (29, 30), (34, 40))
        refused = ana.command(SUPPORT, "/corrigible", "digest on")["text"]
        have_a_message_corrected(ana, ben)
        page.goto(f"{slack.url}/#channel=support&user=ana")
        write(page, "/corrigible digest on")
        wished = ana.wait_for_whisper(SUPPORT)["text"]
        do(running, "digest")
        do(replica, "digest")
        [digest] = digests(slack)
        expect(page.get_by_text("The week here").first).to_be_visible()
        expect(page.get_by_alt_text("Accuracy by week, all channels: 85% in the week to")).to_be_visible()
        take_picture(page, "digest.png")
        slack.fault("scopes", lacking="files:write")
        let_a_week_pass(running, begun_at=0.0)
        do(running, "digest")
        [_, without_picture] = digests(slack)
        slack.fault("scopes", lacking="")
        ended = ana.command(SUPPORT, "/corrigible", "digest off")["text"]
        let_a_week_pass(running)
        do(running, "digest")
        assert len(digests(slack)) == 2

    assert "`/corrigible on` first" in refused
    assert "Once a week I tell here what I learned" in wished
    assert "No more digests" in ended
    assert "Accuracy in all channels: 94% (95% interval: 90% to 97%), by 170 messages" in digest["text"]
    assert "I said “bug” where “praise” was right, 1 time" in digest["text"]
    assert "Whose corrections helped: ben (1)" in digest["text"]
    assert "I lack the scope `files:write`" in without_picture["text"]
    [picture] = digest["files"]
    assert picture["alt_txt"].count("in the week to") == 4


def test_what_reached_slack_before_a_crash_is_not_told_twice(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        have_a_message_corrected(ana, ben)
        ana.command(SUPPORT, "/corrigible", "digest on")
        begun = time.time()
        do(running, "digest")
        let_a_week_pass(running, begun_at=begun)
        do(running, "digest")
        told = told_at(running)

    assert told
    [digest] = digests(slack)
    assert "%" not in digest["text"], "nothing was reviewed"
    assert "files" not in digest


def test_where_nothing_happened_nobody_is_told(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        turn_on(ana, SUPPORT)
        ana.command(SUPPORT, "/corrigible", "digest on")
        do(running, "digest")
        told = told_at(running)

    assert told
    assert digests(slack) == []
