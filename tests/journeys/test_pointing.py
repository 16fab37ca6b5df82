"""*Classify this message* and *Correct this message*, from the menu of any message."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.app.compose import Bot
from local.slack.person import Person
from tests.journeys.steps import card_on, choose, label_of, texts_in, turn_on, until_learned
from tests.journeys.threads import allow_summaries
from tests.local.running import Slack, until
from tests.running import cards, learned

OFF = "I am off in this channel"


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"summarizer": "none"}


def test_a_message_is_classified_for_whoever_asks_and_corrected_in_the_same_modal(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    before = ana.write(channel, "The projector crashes with an error")  # when the bot was off
    turn_on(ana, channel, "ask")
    view = ben.point(channel, before, "classify_message")
    fitted = learned(running)
    choose(ben, view, "billing")
    until_learned(running, fitted)
    again = ben.point(channel, before, "classify_message")

    assert "*bug*" in str(view["blocks"])
    assert "*billing* · settled by people" in str(again["blocks"])
    assert cards(slack, before, channel) == []  # nobody else asked


def test_where_the_bot_is_off_nothing_is_kept_of_what_somebody_else_wrote(
    running: Bot, ana: Person, ben: Person, channel: str
) -> None:
    ts = ana.write(channel, "The app is broken and shows an error")
    seen = ben.point(channel, ts, "classify_message")
    refused = ben.point(channel, ts, "correct_message")
    kept = texts_in(running, channel)
    own = ana.point(channel, ts, "correct_message")

    assert "*bug*" in str(seen["blocks"])
    assert OFF in str(seen["blocks"])
    assert not seen["submit"]
    assert OFF in str(refused["blocks"])
    assert kept == []
    assert own["callback_id"] == "correct"


def test_what_is_kept_for_summaries_alone_is_not_labelled_because_somebody_points_at_it(
    running: Bot, ana: Person, ben: Person, channel: str
) -> None:
    allow_summaries(ana, channel)
    ts = ana.write(channel, "The app is broken and shows an error")
    until(lambda: texts_in(running, channel))
    refused = ben.point(channel, ts, "correct_message")
    own = ana.point(channel, ts, "classify_message")

    assert OFF in str(refused["blocks"])
    assert "*bug*" in str(own["blocks"])


def test_a_message_that_was_answered_is_corrected_from_its_menu_or_that_of_its_card(
    running: Bot, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, "The lamp in the lift flickers")
    choose(ana, ana.point(channel, card["thread_ts"], "correct_message"), "billing")
    first = ana.wait_for_change(card)
    choose(ana, ana.point(channel, card["ts"], "correct_message"), "praise")
    second = ana.wait_for_change(card)

    assert label_of(first) == "billing"
    assert label_of(second) == "praise"


def test_an_edited_message_that_somebody_pointed_at_is_read_anew(
    running: Bot, ana: Person, channel: str
) -> None:
    ts = ana.write(channel, "The app is broken and shows an error")
    ana.point(channel, ts, "classify_message")
    ana.edit(channel, ts, "I want a refund for this invoice")
    until(lambda: texts_in(running, channel) == ["I want a refund for this invoice"])
    view = ana.point(channel, ts, "classify_message")

    assert "*billing*" in str(view["blocks"])


def test_what_an_app_wrote_is_not_classified(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel)
    [announced] = [
        one for one in slack.messages(channel) if "turned Corrigible on in this channel" in one["text"]
    ]
    view = ben.point(channel, announced["ts"], "classify_message")

    assert "an app's" in str(view["blocks"])


def test_the_shortcuts_are_in_the_menu_of_a_message_on_the_page(
    running: Bot, slack: Slack, ana: Person, channel: str, page: Page
) -> None:
    turn_on(ana, channel, "ask")
    ana.write(channel, "The scanner is broken")
    page.goto(f"{slack.url}/#channel={channel}&user=ben")
    expect(_pointed(page, "Classify this message")).to_contain_text("bug")
    _choose(page, "billing")
    corrected = _pointed(page, "Correct this message")
    expect(corrected).to_contain_text("Shown now: billing")
    expect(corrected).to_contain_text("You chose billing.")
    expect(corrected.get_by_role("combobox")).to_have_value("")
    _choose(page, "praise")
    expect(_pointed(page, "Classify this message")).to_contain_text("praise · settled by people")


def _pointed(page: Page, shortcut: str) -> Locator:
    """Choose it from the menu of the message; the modal that opens."""
    message = page.get_by_test_id("message").filter(has_text="The scanner is broken")
    message.hover()
    message.get_by_test_id("more").click()
    page.get_by_role("menuitem", name=shortcut).click()
    return page.get_by_test_id("modal")


def _choose(page: Page, label: str) -> None:
    modal = page.get_by_test_id("modal")
    modal.get_by_role("combobox").fill(label)
    page.get_by_role("option", name=label).click()
    page.get_by_test_id("modal-submit").click()
    expect(modal).to_be_hidden()
