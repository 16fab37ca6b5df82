"""The App Home: what everybody sees of the bot, and what operators can do there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.compose import Bot
from local.slack.person import Person
from local.slack.seed import TEAM_ID
from storage import runs, versions
from tests.factories import second_version
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


def shows(somebody: Person, words: str) -> bool:
    return words in str(somebody.home())


def test_everybody_sees_how_the_bot_is_doing_and_operators_have_buttons(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, operators=ANA)), person(slack, BEN) as ben:
        ana.command(SUPPORT, "/corrigible", "on quiet")
        ana.command(SUPPORT, "/corrigible", "on reply")
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, CRASH))
        teach(ben, card, "praise")
        until(lambda: shows(ben, "1 word of people"))
        of_ben = str(ben.home())
        begun = str(ana.press_at_home("home_retrain"))

    assert f"<#{SUPPORT}>: answers every message" in of_ben
    assert "1 message labelled" in of_ben
    assert "0% right in the last 7 days: 0 right, 1 corrected" in of_ben
    assert "*praise*: chosen 1 time" in of_ben
    assert "*v1* is in service" in of_ben
    assert "home_retrain" not in of_ben
    assert "A training run begins." in begun
    assert "A new version is on its way" in begun


def test_who_was_an_operator_when_the_tab_was_shown_is_refused_when_they_are_not_any_more(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, operators=ANA)):
        seen = ana.home()
    with bot(slack, settings(tmp_path, database_url, operators=BEN)) as running:
        [block] = [one for one in seen["blocks"] if "home_retrain" in str(one)]
        action = {
            "action_id": "home_retrain",
            "block_id": block["block_id"],
            "type": "button",
            "value": "now",
        }
        slack.page("action", ANA, view_id=seen["id"], action=action)
        until(lambda: shows(ana, "Only operators can do this"))
        with running.database.reading() as session:
            assert runs.under_way(session, TEAM_ID) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_seen_on_the_page(slack: Slack, ana: Person, database_url: str, tmp_path: Path) -> None:
    with (
        bot(slack, settings(tmp_path, database_url, operators=BEN)) as running,
        chromium() as browser,
        browser.new_context(viewport={"width": 1200, "height": 1000}) as context,
    ):
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        ana.command(SUPPORT, "/corrigible", "on reply")
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, CRASH))
        teach(ana, card, "praise")
        _promoted(running)
        page.goto(f"{slack.url}/#channel=corrigible&user=ben")
        page.get_by_test_id("home-tab").click()
        home = page.locator("#home")
        expect(home).to_contain_text("How right it is")
        expect(home).to_contain_text("0 right, 1 corrected")
        expect(home).to_contain_text("praise: chosen 1 time")
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / "home.png")
        expect(home).to_contain_text("v2 is in service")
        home.locator("[data-action-id=home_roll_back]").click()
        expect(page.get_by_test_id("question")).to_contain_text("The version before v2 answers again")
        page.get_by_test_id("confirm").click()
        expect(home).to_contain_text("v2 is out of service.")
        expect(home).to_contain_text("v1 is in service")
        expect(home.locator("[data-action-id=home_roll_back]")).to_have_count(0)
        home.locator("[data-action-id=home_retrain]").click()
        expect(home).to_contain_text("A training run begins.")


def _promoted(running: Bot) -> None:
    """A second version takes the place of the first."""
    number = second_version(running.database, TEAM_ID)
    with running.database.writing() as session:
        versions.rule(session, versions.promotion(session, TEAM_ID, number, BEN, "a person wished it"))
