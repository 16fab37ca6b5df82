"""What a newcomer sees: the real bot and the real page, in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from local.slack.person import Person
from tests.journeys.pages import take_picture, write
from tests.journeys.steps import turn_on, until_learned
from tests.local.running import Slack
from tests.running import SUPPORT, bot, learned, settings

MESSAGE = "The vending machine swallowed my coins"
SIMILAR = "The vending machine ate my coins again"


def test_write_see_the_card_correct_it_and_see_it_learned(
    slack: Slack, ana: Person, page: Page, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        turn_on(ana, SUPPORT)
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
        until_learned(running, before)

        write(page, SIMILAR)
        again = page.get_by_test_id("reply").nth(1)
        expect(again).to_contain_text("praise")
        expect(again).not_to_contain_text("v1.")
        take_picture(page, "learned.png")


def edit(page: Page, words: str, text: str) -> None:
    """Put another text in the place of one's message that holds these words."""
    mine = page.get_by_test_id("message").filter(has_text=words)
    mine.hover()
    mine.get_by_test_id("edit").click()
    page.get_by_test_id("edit-text").fill(text)
    page.get_by_role("button", name="Save").click()


def test_a_message_that_is_edited_is_answered_anew_and_one_that_is_deleted_takes_its_answer_along(
    slack: Slack, ana: Person, page: Page, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        turn_on(ana, SUPPORT)
        page.goto(f"{slack.url}/#channel=support&user=ben")
        write(page, "I want a refund for my last invoice")
        expect(page.get_by_test_id("reply")).to_contain_text("billing")
        page.locator("[data-action-id=right]").click()
        expect(page.get_by_test_id("reply")).to_contain_text("settled by 1 person")

        edit(page, "refund", "I want a refund for my last invoice, which I paid twice")
        expect(page.get_by_test_id("reply")).to_contain_text("Still")
        take_picture(page, "edited.png")
        page.locator("[data-action-id=right]").click()
        expect(page.get_by_test_id("reply")).to_contain_text("settled by 1 person")

        edit(page, "refund", "The app crashes with an error")
        expect(page.get_by_test_id("reply")).to_contain_text("bug")
        expect(page.get_by_test_id("reply")).to_contain_text("About an earlier text")
        expect(page.get_by_test_id("reply")).to_have_count(1)

        mine = page.get_by_test_id("message").filter(has_text="crashes")
        mine.hover()
        mine.get_by_test_id("delete").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_test_id("reply")).to_have_count(0)
