"""A thread is summarized from the menu of a message, judged and improved, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_summaries import THREAD, WRITTEN_S, patient, thread
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, workspace
from tests.running import ANA, BEN, bot

WRITTEN_MS = WRITTEN_S * 1_000
BETTER = "ben deletes the archives from March today and starts the export again tonight."


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser, browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(WAIT_MS)
        yield context.new_page()


def write(page: Page, text: str) -> None:
    page.get_by_test_id("composer").first.fill(text)
    page.get_by_test_id("composer").first.press("Enter")


def whisper(page: Page, words: str) -> None:
    expect(page.locator(".ephemeral").filter(has_text=words).last).to_be_visible()


def summarize(page: Page) -> None:
    """Choose the shortcut in the menu of the thread's first message."""
    message = page.get_by_test_id("message").filter(has_text=THREAD[0][1]).first
    message.hover()
    message.get_by_test_id("more").click()
    page.get_by_text("Summarize thread").click()


@pytest.mark.timeout(900)
def test_a_thread_is_summarized_judged_and_improved(
    slack: Slack, page: Page, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, patient(tmp_path, database_url)):
        page.goto(f"{slack.url}/#channel=support&user=ana")
        thread(slack)
        summarize(page)
        whisper(page, "Summaries are off in this channel.")
        write(page, "/corrigible summaries on")
        whisper(page, "On. I told the channel.")

        summarize(page)
        page.get_by_test_id("reply-count").click()
        card = page.get_by_test_id("reply").filter(has_text="Summar").last
        expect(card).to_contain_text("Summarizing …")
        expect(card).to_contain_text("Summary of 4 messages by 2 people", timeout=WRITTEN_MS)
        expect(card).to_contain_text("written by SmolLM2-135M-Instruct")
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / "summary.png")

        with page.context.expect_page() as opened:
            card.get_by_role("link", name="[1]").first.click()
        expect(opened.value.get_by_text(THREAD[0][1]).first).to_be_visible()
        opened.value.close()

        card.get_by_text("Good", exact=True).click()
        expect(card).to_contain_text("@ana good")
        card.get_by_text("Edit", exact=True).click()
        field = page.get_by_test_id("modal").get_by_role("textbox")
        field.fill(BETTER)
        page.get_by_test_id("modal-submit").click()
        expect(card).to_contain_text(BETTER)
        expect(card).to_contain_text("edited; the first draft was by SmolLM2-135M-Instruct")
        expect(card).to_contain_text("@ana edited")

        write(page, "/corrigible summarize since yesterday")
        whisper(page, "the summary follows here, for you alone")
        alone = page.locator(".ephemeral").filter(has_text="Summary of 4 messages by 2 people")
        expect(alone).to_be_visible(timeout=WRITTEN_MS)

    assert {ANA, BEN} == {user for user, _ in THREAD}
