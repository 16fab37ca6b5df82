"""A channel that asked for it hears once a week what the bot learned there, with a picture of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import update
from sqlmodel import col

from bot.compose import Bot
from local.slack.person import Person
from storage.tables import Digest, Job
from tests.journeys.test_main_job import teach
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, person, settings

CRASH = "The app crashes with an error"


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


def monday(running: Bot) -> None:
    """The time has come."""
    with running.database.writing() as session:
        session.connection().execute(update(Job).where(col(Job.name) == "digest").values(due_at=0.0))


def told_at(running: Bot) -> float:
    with running.database.reading() as session:
        found = session.get(Digest, ("T0LOCAL", SUPPORT))
        return found.told_at if found else 0.0


def a_week_has_passed(running: Bot, **changes: float) -> None:
    with running.database.writing() as session:
        session.connection().execute(update(Digest).values(told_at=0.0, **changes))


def seen(slack: Slack) -> list[dict[str, Any]]:
    return [one for one in slack.messages(SUPPORT) if "*The week here*" in one["text"]]


def corrected(slack: Slack, ana: Person) -> None:
    ana.command(SUPPORT, "/corrigible", "on reply")
    with person(slack, BEN) as ben:
        teach(ben, ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, CRASH)), "praise")


def test_a_channel_that_asked_for_it_hears_of_its_week_once(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with (
        bot(slack, settings(tmp_path, database_url)) as running,
        bot(slack, settings(tmp_path, database_url)) as replica,
    ):
        refused = ana.command(SUPPORT, "/corrigible", "digest on")["text"]
        corrected(slack, ana)
        wished = ana.command(SUPPORT, "/corrigible", "digest on")["text"]
        monday(running)
        until(lambda: told_at(running))
        monday(replica)
        time.sleep(2.0)
        [digest] = seen(slack)
        ended = ana.command(SUPPORT, "/corrigible", "digest off")["text"]
        a_week_has_passed(running)
        monday(running)
        time.sleep(2.0)
        assert len(seen(slack)) == 1

    assert "`/corrigible on` first" in refused
    assert "Once a week I tell here what I learned" in wished
    assert "No more digests" in ended
    assert "0 right, 1 corrected" in digest["text"]
    assert "I said “bug” where “praise” was right, 1 time" in digest["text"]
    assert "Whose corrections helped: ben (1)" in digest["text"]
    [picture] = digest["files"]
    assert picture["alt_txt"].startswith("Right answers by week: 0% in the week to")


def test_what_reached_slack_before_a_crash_is_not_told_twice(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        corrected(slack, ana)
        ana.command(SUPPORT, "/corrigible", "digest on")
        begun = time.time()
        monday(running)
        until(lambda: told_at(running))
        a_week_has_passed(running, begun_at=begun)
        monday(running)
        until(lambda: told_at(running))

    assert len(seen(slack)) == 1


def test_where_nothing_happened_nobody_is_told(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        ana.command(SUPPORT, "/corrigible", "digest on")
        monday(running)
        until(lambda: told_at(running))

    assert seen(slack) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_seen_on_the_page(slack: Slack, ana: Person, database_url: str, tmp_path: Path) -> None:
    with (
        bot(slack, settings(tmp_path, database_url)) as running,
        chromium() as browser,
        browser.new_context(viewport={"width": 1200, "height": 1000}) as context,
    ):
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        corrected(slack, ana)
        page.goto(f"{slack.url}/#channel=support&user=ana")
        page.get_by_test_id("composer").fill("/corrigible digest on")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Once a week I tell here what I learned").first).to_be_visible()
        monday(running)
        until(lambda: told_at(running))
        picture = page.get_by_alt_text("Right answers by week: 0% in the week to")
        expect(page.get_by_text("The week here").first).to_be_visible()
        expect(picture).to_be_visible()
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / "digest.png")
