"""Installing and removing an app in a real browser: the page that asks, and the workspace's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from local.slack.setup.team import Team
from tests.local.browser import WAIT_MS
from tests.local.installed import Bot, running_bot
from tests.local.running import ACME, ANA, GLOBEX, SUPPORT, Grid, free_port, grid, until

HOOLI = Team("T0HOOLI", "Hooli East", "hooli-east", "E0HOOLI", "Hooli", mark="E")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def slack(port: int) -> Iterator[Grid]:
    with grid(bot_url=f"http://127.0.0.1:{port}/slack/events", teams=(ACME, GLOBEX, HOOLI)) as running:
        yield running


@pytest.fixture
def bot(slack: Grid, port: int, tmp_path: Path) -> Iterator[Bot]:
    with running_bot(slack, port, tmp_path) as running:
        yield running


@pytest.fixture
def page(browser: Browser, slack: Grid) -> Iterator[Page]:
    """A browser that complains of nothing on Slack's pages; the bot's own are Bolt's."""
    with browser.new_context() as context:
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        wrong: list[str] = []

        def note(message: ConsoleMessage) -> None:
            if message.type == "error" and str(message.location["url"]).startswith(slack.url):
                wrong.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        assert wrong == []


def to_consent(page: Page, bot: Bot) -> None:
    page.goto(f"{bot.url}/slack/install")
    page.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("corrigible asks to be installed")


def test_a_person_sees_what_it_asks_for_and_installs_it_where_they_choose(
    page: Page, bot: Bot, slack: Grid
) -> None:
    to_consent(page, bot)
    wishes = page.get_by_role("region", name="What it will be able to do").get_by_role("listitem")
    expect(wishes).to_have_text(
        [
            "Read public channels that it is in",
            "Write messages under its own name",
            "Add slash commands and shortcuts",
        ]
    )
    expect(page.get_by_role("radio")).to_have_count(4)
    expect(page.get_by_role("radio", name="Hooli, the whole organization")).to_be_visible()
    expect(page.get_by_role("radio", name="Acme")).to_be_checked()

    page.get_by_role("radio", name="Globex").check()
    page.get_by_label("You are").select_option("Ben Okafor")
    page.get_by_role("button", name="Allow").click()

    expect(page.get_by_role("heading")).to_have_text("Thank you!")
    assert bot.installation(ACME.id) is None
    kept = bot.installation(GLOBEX.id)
    assert kept is not None
    assert kept.user_id == "U0BEN00002"


def test_cancel_leads_back_to_the_app(page: Page, bot: Bot, slack: Grid) -> None:
    to_consent(page, bot)

    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{bot.url}/slack/oauth_redirect?error=access_denied&state=*")

    assert bot.installation(ACME.id) is None


def test_it_can_be_decided_with_the_keyboard_alone(page: Page, bot: Bot, slack: Grid) -> None:
    to_consent(page, bot)

    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Acme")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Allow")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading")).to_have_text("Thank you!")
    assert bot.installation(GLOBEX.id) is not None


def test_each_teams_page_works_below_its_id_and_shows_that_team_alone(
    page: Page, bot: Bot, slack: Grid
) -> None:
    for team in (ACME, GLOBEX):
        slack.install(bot.url, team.id)
    slack.team(ACME.id).say("only Acme's")

    page.goto(f"{slack.url}/{GLOBEX.id}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Globex")
    expect(page.get_by_test_id("bot-status")).to_have_text("corrigible is connected")
    page.get_by_test_id("composer").fill("only Globex's")
    page.get_by_test_id("composer").press("Enter")
    expect(page.get_by_test_id("card")).to_be_visible()
    page.reload()

    expect(page.get_by_test_id("message").filter(has_text="only Globex's")).to_be_visible()
    expect(page.get_by_text("only Acme's")).to_have_count(0)
    assert page.url.startswith(f"{slack.url}/{GLOBEX.id}/#channel={SUPPORT}&user={ANA}")


def test_a_team_whose_ids_are_its_own_has_a_page_too(page: Page, bot: Bot, slack: Grid) -> None:
    page.goto(f"{slack.url}/{HOOLI.id}/")

    expect(page.get_by_test_id("user-switch")).to_have_attribute("data-user", "UE0ANA00001")
    expect(page.get_by_test_id("bot-status")).to_have_text("corrigible is not installed")


def test_the_app_is_removed_in_its_direct_message_after_a_question(page: Page, bot: Bot, slack: Grid) -> None:
    slack.install(bot.url, ACME.id)
    page.goto(f"{slack.url}/{ACME.id}/")
    page.get_by_test_id("channel-link").filter(has_text="corrigible (app)").click()

    page.get_by_role("button", name="Remove app").click()
    expect(page.get_by_test_id("question")).to_contain_text(
        "corrigible will read and answer nothing in Acme any more."
    )
    page.get_by_test_id("confirm").click()

    expect(page.get_by_test_id("bot-status")).to_have_text("corrigible is not installed")
    expect(page.get_by_role("button", name="Remove app")).to_have_count(0)
    expect(page.get_by_test_id("invite")).to_have_count(0)
    until(lambda: bot.installation(ACME.id) is None)
