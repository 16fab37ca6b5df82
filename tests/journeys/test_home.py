"""The App Home: what everybody sees of the bot, and what operators can do there."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.models import runs, versions
from tests.factories import second_version
from tests.journeys.pages import open_home, take_picture
from tests.journeys.reviewed import review_weeks
from tests.journeys.steps import card_on, teach, turn_on
from tests.local.running import Slack, until
from tests.running import ANA, BEN, SUPPORT, bot, settings

CRASH = "The app crashes with an error"


def shows(somebody: Person, words: str) -> bool:
    return words in str(somebody.home())


def test_everybody_sees_how_the_bot_is_doing_and_operators_have_buttons(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, operators=ANA)) as running:
        turn_on(ana, SUPPORT, "quiet")
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, CRASH)
        teach(ben, card, "praise")
        until(lambda: shows(ben, "1 correction or confirmation"))
        of_ben = str(ben.home())
        begun = ana.command(SUPPORT, "/corrigible", "retrain")["text"]
        followed = str(ana.home())
        with running.database.reading() as session:
            is_over = runs.under_way(session, TEAM_ID) is None

    assert f"<#{SUPPORT}>: answers every message" in of_ben
    assert "1 message labelled" in of_ben
    assert "Too early to tell how accurate I am" in of_ben, "one correction says nothing"
    assert "*praise*: chosen 1 time" in of_ben
    assert "*v1* is in service" in of_ben
    assert "home_retrain" not in of_ben
    assert begun.startswith("Training started. Follow it on my Home tab")
    assert is_over or "A new version is on its way" in followed  # there is little to learn


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


def test_it_is_seen_on_the_page(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path, page: Page
) -> None:
    with bot(slack, settings(tmp_path, database_url, operators=BEN)) as running:
        turn_on(ana, SUPPORT)
        teach(ana, card_on(ana, SUPPORT, CRASH), "praise")
        _promoted(running)
        review_weeks(running.database, (49, 50), (0, 0), (48, 50), (29, 30))
        home = open_home(page, slack.url, "ben")
        expect(home).to_contain_text("97% (95% interval: 93% to 99%) of my answers are right")
        expect(home).to_contain_text("last 7 days: 98%")
        expect(home).not_to_contain_text("8 to 14 days ago")
        expect(home).to_contain_text("praise: chosen 1 time")
        take_picture(page, "home.png")
        expect(home).to_contain_text("v2 is in service")
        home.locator("[data-action-id=home_roll_back]").click()
        expect(page.get_by_test_id("question")).to_contain_text("The version before v2 answers again")
        page.get_by_test_id("confirm").click()
        expect(home).to_contain_text("v2 is out of service.")
        expect(home).to_contain_text("v1 is in service")
        expect(home.locator("[data-action-id=home_roll_back]")).to_have_count(0)
        home.locator("[data-action-id=home_retrain]").click()
        expect(home).to_contain_text("Training started.")


def _promoted(running: Bot) -> None:
    """A second version takes the place of the first."""
    number = second_version(running.database, TEAM_ID)
    with running.database.writing() as session:
        versions.rule(session, versions.promotion(session, TEAM_ID, number, BEN, "a person wished it"))
