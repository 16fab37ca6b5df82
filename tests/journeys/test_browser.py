"""What a newcomer sees: the real bot and the real page, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, until, workspace
from tests.running import SUPPORT, bot, learned, person, settings

MESSAGE = "The vending machine swallowed my coins"
SIMILAR = "The vending machine ate my coins again"


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser, browser.new_context(viewport={"width": 1200, "height": 820}) as context:
        context.set_default_timeout(WAIT_MS)
        yield context.new_page()


def write(page: Page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("send").click()


def test_write_see_the_card_correct_it_and_see_it_learned(
    slack: Slack, page: Page, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        with person(slack) as ana:
            ana.command(SUPPORT, "/corrigible", "on reply")
        page.goto(f"{slack.url}/#channel=support&user=ben")
        write(page, MESSAGE)
        first = page.get_by_test_id("reply").filter(has_text="sure").nth(0)
        expect(first).to_contain_text("sure")
        expect(first).not_to_contain_text("praise ·")

        before = learned(running)
        first.locator("[data-action-id=change]").click()
        menu = page.get_by_test_id("modal").get_by_role("combobox")
        menu.fill("praise")
        page.get_by_role("option", name="praise").click()
        page.get_by_test_id("modal-submit").click()
        corrected = page.get_by_test_id("reply").nth(0)
        expect(corrected).to_contain_text("settled by 1 person")
        expect(corrected).to_contain_text("praise")
        until(lambda: learned(running) > before)

        write(page, SIMILAR)
        again = page.get_by_test_id("reply").nth(1)
        expect(again).to_contain_text("praise")
        expect(again).to_contain_text("v1.1")
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / "learned.png")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_message_that_is_edited_is_answered_anew_and_one_that_is_deleted_takes_its_answer_along(
    slack: Slack, page: Page, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        with person(slack) as ana:
            ana.command(SUPPORT, "/corrigible", "on reply")
        page.goto(f"{slack.url}/#channel=support&user=ben")
        write(page, "The app crashes with an error")
        expect(page.get_by_test_id("reply")).to_contain_text("bug")

        mine = page.get_by_test_id("message").filter(has_text="crashes")
        mine.hover()
        mine.get_by_test_id("edit").click()
        page.get_by_test_id("edit-text").fill("Please refund my last invoice")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_test_id("reply")).to_contain_text("billing")
        expect(page.get_by_test_id("reply")).to_have_count(1)

        mine = page.get_by_test_id("message").filter(has_text="refund my last invoice")
        mine.hover()
        mine.get_by_test_id("delete").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_test_id("reply")).to_have_count(0)
