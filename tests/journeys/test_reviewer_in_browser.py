"""A correction from Slack's page to Argilla's own interface and back, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from local.argilla.embedded import SignIn
from local.slack.person import Person
from tests.journeys.pages import take_picture, write
from tests.journeys.reviewing import annotated, open_dataset, sign_in
from tests.journeys.steps import card_on, turn_on
from tests.local.running import Slack, until
from tests.reviewer import Reviewer
from tests.running import SUPPORT, bot

VERSION = re.compile(r"^v1\.\d+$")
MESSAGE = "The vending machine swallowed my coins"
OTHERS = (
    "I want a refund for my last invoice",
    "The app crashes when I open settings",
    "Thank you, great support!",
)


def correct(page: Page, label: str) -> None:
    """Press Change under the first answer, and choose."""
    answer = page.get_by_test_id("reply").filter(has_text="sure").nth(0)
    answer.locator("[data-action-id=change]").click()
    page.get_by_test_id("modal").get_by_role("combobox").fill(label)
    page.get_by_role("option", name=label).click()
    page.get_by_test_id("modal-submit").click()


def test_a_reviewer_finds_corrections_answers_otherwise_and_the_card_follows(
    slack: Slack, ana: Person, argilla: SignIn, database_url: str, tmp_path: Path, page: Page
) -> None:
    chosen = annotated(tmp_path, database_url)
    with (
        bot(slack, chosen, argilla=argilla),
        Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer,
    ):
        turn_on(ana, SUPPORT)
        team = page.context.new_page()
        team.goto(f"{slack.url}/#channel=support&user=ben")
        write(team, MESSAGE)
        correct(team, "praise")
        expect(team.get_by_test_id("reply").nth(0)).to_contain_text("settled by 1 person")
        until(lambda: "praise" in str(reviewer.record(MESSAGE)["fields"]["said"]))

        sign_in(page, argilla)
        open_dataset(page, argilla, reviewer)
        expect(page.get_by_text(MESSAGE)).to_be_visible()
        expect(page.get_by_text("Person 1 chose praise")).to_be_visible()
        expect(page.get_by_text("Find similar")).to_be_visible()
        expect(page.get_by_text(VERSION)).to_be_attached()
        take_picture(page, "argilla.png")
        page.get_by_role("button", name="how-to").click()
        page.get_by_role("button", name="Submit").click()

        settled = team.get_by_test_id("reply").nth(0)
        expect(settled).to_contain_text("settled by 1 reviewer")
        expect(settled).to_contain_text("how-to")
        take_picture(team, "settled.png")


def test_a_reviewer_searches_filters_finds_similar_messages_and_sees_no_address_of_a_person(
    slack: Slack, ana: Person, argilla: SignIn, database_url: str, tmp_path: Path, page: Page
) -> None:
    chosen = annotated(tmp_path, database_url)
    with (
        bot(slack, chosen, argilla=argilla),
        Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer,
    ):
        turn_on(ana, SUPPORT)
        for text in (f"{MESSAGE}, write to ana@example.com", *OTHERS):
            ana.press(card_on(ana, SUPPORT, text), "right")
        until(lambda: len(reviewer.records()) == 4)
        sign_in(page, argilla)
        open_dataset(page, argilla, reviewer)
        expect(page.get_by_text("1 of 4")).to_be_visible()
        page.get_by_role("button", name="Search").click()
        page.get_by_role("search").get_by_role("textbox").or_(page.locator("input[type=text]")).first.fill(
            "swallowed coins"
        )
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"{MESSAGE}, write to [email]")).to_be_visible()
        expect(page.get_by_text("ana@example.com")).to_have_count(0)
        expect(page.get_by_text("1 of 1")).to_be_visible()

        open_dataset(page, argilla, reviewer)
        page.get_by_text("Find similar").click()
        expect(page.get_by_text("1 of 3")).to_be_visible()  # all the others, nearest first

        open_dataset(page, argilla, reviewer)
        expect(page.get_by_text("1 of 4")).to_be_visible()
        page.get_by_role("button", name="Filters").click()
        page.get_by_text("Metadata").first.click()
        for title in ("Channel", "Score (how sure the model is)", "Disagreement"):
            expect(page.get_by_text(title)).to_be_visible()
        page.get_by_text("Channel", exact=True).click()
        expect(page.get_by_text("#support")).to_be_visible()
        take_picture(page, "filters.png")
