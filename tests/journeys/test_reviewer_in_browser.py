"""A correction from Slack's page to Argilla's own interface and back, in a real browser."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from local.argilla.embedded import SignIn
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, until, workspace
from tests.reviewer import Reviewer
from tests.running import SUPPORT, bot, person, settings

MESSAGE = "The vending machine swallowed my coins"
OTHERS = (
    "I want a refund for my last invoice",
    "The app crashes when I open settings",
    "Thank you, great support!",
)


@pytest.fixture
def browser() -> Iterator[BrowserContext]:
    with chromium() as running, running.new_context(viewport={"width": 1280, "height": 820}) as context:
        context.set_default_timeout(WAIT_MS)
        yield context


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


def picture(page: Page, name: str) -> None:
    """Keep a screenshot, where a folder for it is named."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / name))


def correct(page: Page, label: str) -> None:
    """Press Change under the first answer, and choose."""
    answer = page.get_by_test_id("reply").filter(has_text="sure").nth(0)
    answer.locator("[data-action-id=change]").click()
    page.get_by_test_id("modal").get_by_role("combobox").fill(label)
    page.get_by_role("option", name=label).click()
    page.get_by_test_id("modal-submit").click()


def sign_in(page: Page, argilla: SignIn) -> None:
    page.goto(f"{argilla.url}/sign-in")
    page.locator("input[name=Username]").fill(argilla.username)
    page.locator("input[name=Password]").fill(argilla.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Home").first).to_be_visible()


@pytest.mark.timeout(600)
def test_a_reviewer_finds_the_correction_answers_otherwise_and_the_card_follows(
    browser: BrowserContext, slack: Slack, argilla: SignIn, tmp_path: Path
) -> None:
    name = f"test-{secrets.token_hex(6)}"
    chosen = settings(tmp_path, f"sqlite:///{tmp_path}/corrigible.db", argilla_dataset=name, ask_per_day=0)
    with bot(slack, chosen, argilla=argilla), Reviewer(argilla, name) as reviewer:
        with person(slack) as ana:
            ana.command(SUPPORT, "/corrigible", "on reply")
        team = browser.new_page()
        team.goto(f"{slack.url}/#channel=support&user=ben")
        team.get_by_test_id("composer").fill(MESSAGE)
        team.get_by_test_id("send").click()
        correct(team, "praise")
        expect(team.get_by_test_id("reply").nth(0)).to_contain_text("settled by 1 person")
        until(lambda: "praise" in str(reviewer.record(MESSAGE)["fields"]["said"]))

        page = browser.new_page()
        sign_in(page, argilla)
        page.goto(f"{argilla.url}/dataset/{reviewer.dataset()['id']}/annotation-mode")
        expect(page.get_by_text(MESSAGE)).to_be_visible()
        expect(page.get_by_text("Person 1 chose praise")).to_be_visible()
        expect(page.get_by_text("Find similar")).to_be_visible()
        expect(page.get_by_text("v1.0")).to_be_attached()
        picture(page, "argilla.png")
        page.get_by_role("button", name="how-to").click()
        page.get_by_role("button", name="Submit").click()

        settled = team.get_by_test_id("reply").nth(0)
        expect(settled).to_contain_text("settled by 1 reviewer")
        expect(settled).to_contain_text("how-to")
        picture(team, "settled.png")


@pytest.mark.timeout(600)
def test_a_reviewer_sees_that_there_was_an_address_and_not_which(
    browser: BrowserContext, slack: Slack, argilla: SignIn, tmp_path: Path
) -> None:
    name = f"test-{secrets.token_hex(6)}"
    chosen = settings(tmp_path, f"sqlite:///{tmp_path}/corrigible.db", argilla_dataset=name, ask_per_day=0)
    with bot(slack, chosen, argilla=argilla), Reviewer(argilla, name) as reviewer:
        with person(slack) as ana:
            ana.command(SUPPORT, "/corrigible", "on reply")
            card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, f"{MESSAGE}, write to ana@example.com"))
            ana.press(card, "right")
        until(lambda: len(reviewer.records()) == 1)
        page = browser.new_page()
        sign_in(page, argilla)
        page.goto(f"{argilla.url}/dataset/{reviewer.dataset()['id']}/annotation-mode")
        expect(page.get_by_text(f"{MESSAGE}, write to [email]")).to_be_visible()
        expect(page.get_by_text("ana@example.com")).to_have_count(0)


@pytest.mark.timeout(600)
def test_a_reviewer_searches_filters_and_finds_similar_messages(
    browser: BrowserContext, slack: Slack, argilla: SignIn, tmp_path: Path
) -> None:
    name = f"test-{secrets.token_hex(6)}"
    chosen = settings(tmp_path, f"sqlite:///{tmp_path}/corrigible.db", argilla_dataset=name, ask_per_day=0)
    with bot(slack, chosen, argilla=argilla), Reviewer(argilla, name) as reviewer:
        with person(slack) as ana:
            ana.command(SUPPORT, "/corrigible", "on reply")
            for text in (MESSAGE, *OTHERS):
                card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, text))
                ana.press(card, "right")
        until(lambda: len(reviewer.records()) == 4)
        page = browser.new_page()
        sign_in(page, argilla)
        dataset = f"{argilla.url}/dataset/{reviewer.dataset()['id']}/annotation-mode"
        page.goto(dataset)
        expect(page.get_by_text("1 of 4")).to_be_visible()
        page.get_by_role("button", name="Search").click()
        page.get_by_role("search").get_by_role("textbox").or_(page.locator("input[type=text]")).first.fill(
            "swallowed coins"
        )
        page.keyboard.press("Enter")
        expect(page.get_by_text(MESSAGE)).to_be_visible()
        expect(page.get_by_text("1 of 1")).to_be_visible()

        page.goto(dataset)
        page.get_by_text("Find similar").click()
        expect(page.get_by_text("1 of 3")).to_be_visible()  # all the others, nearest first

        page.goto(dataset)
        expect(page.get_by_text("1 of 4")).to_be_visible()
        page.get_by_role("button", name="Filters").click()
        page.get_by_text("Metadata").first.click()
        for title in ("Channel", "Score (how sure the model is)", "Disagreement"):
            expect(page.get_by_text(title)).to_be_visible()
        page.get_by_text("Channel", exact=True).click()
        expect(page.get_by_text("#support")).to_be_visible()
        picture(page, "filters.png")
