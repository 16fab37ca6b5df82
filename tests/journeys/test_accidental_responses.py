"""Keys pressed in Argilla's own interface, in a real browser: what was submitted unread doesn't count."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from bot.app.compose import Bot
from learning.data.trust import NO_OPERATORS
from learning.monitoring.review_report import rows
from local.argilla.embedded import SignIn
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.feedback import accidental_responses
from storage.feedback import responses as answers
from tests.journeys.pages import take_picture
from tests.journeys.reviewing import annotated, open_dataset, sign_in
from tests.journeys.steps import card_on, turn_on
from tests.local.running import Slack, until
from tests.reviewer import Reviewer
from tests.running import SUPPORT, bot

TEXTS = [
    "Where do I find my invoice?",
    "The page crashes when I save",
    "Thank you for the quick help",
    "How do I change my password?",
    "I was charged twice this month",
    "The report shows an error",
    "Please refund my last payment",
    "You are the best support team",
]
ACCIDENTAL = "accidental responses (the suggestion, within a second)"


def asked(ana: Person, reviewer: Reviewer, texts: list[str]) -> None:
    """Have reviewers asked about these messages."""
    turn_on(ana, SUPPORT)
    for text in texts:
        ana.press(card_on(ana, SUPPORT, text), "right")
    until(lambda: len(reviewer.records()) == len(texts))


def text_on(page: Page) -> str:
    """The message of the record that the page shows."""
    return page.get_by_text(re.compile("|".join(map(re.escape, TEXTS)))).first.inner_text().strip()


def digit(page: Page) -> str:
    """The digit of a label that is not suggested: that of the suggestion would take it back."""
    other = page.locator("input[data-keyboard]:not(:checked)").first
    return str(other.get_attribute("data-keyboard"))


def press(page: Page, key: str) -> str:
    """Press a key that submits the record that the page shows; the message of that."""
    before = text_on(page)
    page.keyboard.press(key)
    expect(page.get_by_text(before, exact=True)).to_have_count(0)
    return before


def answered(reviewer: Reviewer) -> list[str]:
    return [one["fields"]["text"] for one in reviewer.records() if one["responses"]]


def status(running: Bot) -> dict[str, str]:
    with running.database.reading() as session:
        return dict(rows(session, TEAM_ID, 50, NO_OPERATORS))


def counted(running: Bot) -> int:
    with running.database.reading() as session:
        return answers.count(session, TEAM_ID)


def slips(running: Bot) -> accidental_responses.Slips:
    with running.database.reading() as session:
        return accidental_responses.count(session, TEAM_ID)


def press_a_digit_and_enter(page: Page, running: Bot, reviewer: Reviewer) -> str:
    """As the page invites to do; the message whose suggestion was submitted unread."""
    while True:  # on a machine that is too busy for that, Enter comes later than a second
        before = counted(running)
        press(page, digit(page))
        unread = press(page, "Enter")
        until(lambda: slips(running).asked or counted(running) > before + 1)  # noqa: B023
        if slips(running).found:
            return unread


def test_enter_after_a_digit_submits_unread_and_the_record_comes_back_to_be_read(
    slack: Slack, ana: Person, argilla: SignIn, database_url: str, tmp_path: Path, page: Page
) -> None:
    chosen = annotated(tmp_path, database_url)
    with (
        bot(slack, chosen, argilla=argilla) as running,
        Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer,
    ):
        asked(ana, reviewer, TEXTS)
        sign_in(page, argilla)
        open_dataset(page, argilla, reviewer)
        expect(page.get_by_text(f"1 of {len(TEXTS)}")).to_be_visible()
        page.get_by_text("Guidelines").first.click()
        expect(page.get_by_text("submits the next record's suggestion, unread")).to_be_visible()
        take_picture(page, "argilla-guidelines.png")

        open_dataset(page, argilla, reviewer)  # keys go to the labels again
        expect(page.get_by_text(f"1 of {len(TEXTS)}")).to_be_visible()
        unread = press_a_digit_and_enter(page, running, reviewer)
        until(lambda: unread not in answered(reviewer))
        told = status(running)[ACCIDENTAL]
        before = counted(running)

        open_dataset(page, argilla, reviewer)
        while text_on(page) != unread:
            shown = text_on(page)
            page.get_by_role("button", name="Next").click()
            expect(page.get_by_text(shown, exact=True)).to_have_count(0)
        page.get_by_role("button", name="Submit").click()
        until(lambda: counted(running) == before + 1)
        meant = status(running)[ACCIDENTAL]

        submit_together(page, argilla, reviewer)
        until(lambda: counted(running) == len(TEXTS))
        together = len(TEXTS) - before - 1
        answered_by_reviewers = status(running)["answered by reviewers"]

    assert told == "1 not counted, 1 asked again, 0 answered since"
    assert meant == "1 not counted, 1 asked again, 1 answered since"
    assert answered_by_reviewers.startswith(f"{len(TEXTS)}, {together} of them in bulk")


def submit_together(page: Page, argilla: SignIn, reviewer: Reviewer) -> None:
    """Submit one label for all records that are left, as the bulk view does."""
    open_dataset(page, argilla, reviewer)
    page.get_by_role("button", name="Switch to Bulk Mode").click()
    page.locator(".wrapper__records__header__checkbox .checkbox__container").click()
    page.get_by_role("button", name="bug").first.click()
    page.get_by_role("button", name="Submit").click()


MANY = "\n".join(
    f'[[label]]\nname = "topic {letter}{number}"' for letter in "abcdefg" for number in range(11)
)


def test_among_77_labels_neither_the_search_nor_enter_submits_what_nobody_chose(
    slack: Slack, ana: Person, argilla: SignIn, database_url: str, tmp_path: Path, page: Page
) -> None:
    labels = tmp_path / "many.toml"
    labels.write_text(MANY, encoding="utf-8")
    chosen = annotated(tmp_path, database_url, labels_file=labels)
    with (
        bot(slack, chosen, argilla=argilla) as running,
        Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer,
    ):
        asked(ana, reviewer, TEXTS[:2])
        sign_in(page, argilla)
        open_dataset(page, argilla, reviewer)
        expect(page.get_by_text("What the model says")).to_be_visible()
        expect(page.get_by_text(re.compile(r"^\s*topic \w+, \d+% sure\s*$")).first).to_be_visible()
        take_picture(page, "argilla-many-labels.png")
        shown = text_on(page)
        page.keyboard.press("Enter")
        page.keyboard.press("t")
        page.keyboard.type("opic c5")
        expect(page.get_by_role("button", name="topic c5")).to_be_visible()
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="topic c5").click()
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text(shown, exact=True)).to_have_count(0)
        page.keyboard.press("Enter")
        until(lambda: counted(running) == 1)
        found: list[Any] = reviewer.records()

    responses = {one["fields"]["text"]: [said["values"] for said in one["responses"]] for one in found}
    [other] = set(TEXTS[:2]) - {shown}
    assert responses == {shown: [{"label": {"value": "topic c5"}}], other: []}
    assert [one["suggestions"] for one in found] == [[], []]
