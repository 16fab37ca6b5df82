"""*Classify this message* and *Correct this message*, from the menu of any message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import select

from local.slack.person import Json, Person
from storage.database import open_database
from storage.tables import Message
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, cards, learned, person, settings

CRASH = "The app crashes with an error"


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


@pytest.fixture
def ben(slack: Slack) -> Iterator[Person]:
    with person(slack, BEN) as somebody:
        yield somebody


def stored(database_url: str) -> list[str]:
    database = open_database(database_url)
    with database.reading() as session:
        texts = [message.text for message in session.exec(select(Message))]
    database.close()
    return texts


def choose(person: Person, view: Json, label: str) -> None:
    [option] = person.search(view, "label", label)
    person.submit(view, {"label": {"label": {"type": "external_select", "selected_option": option}}})


def test_a_message_is_classified_for_whoever_asks_and_corrected_in_the_same_modal(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    before = ana.write(SUPPORT, CRASH)
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on")
        view = ben.point(SUPPORT, before, "classify_message")
        fitted = learned(running)
        choose(ben, view, "billing")
        until(lambda: learned(running) > fitted)
        again = ben.point(SUPPORT, before, "classify_message")

    assert "*bug*" in str(view["blocks"])
    assert "*billing* · settled by people" in str(again["blocks"])
    assert cards(slack, before) == []  # nobody else asked


def test_where_the_bot_is_off_nothing_is_kept_of_what_somebody_else_wrote(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    ts = ana.write(SUPPORT, CRASH)
    with bot(slack, settings(tmp_path, database_url)):
        seen = ben.point(SUPPORT, ts, "classify_message")
        refused = ben.point(SUPPORT, ts, "correct_message")
        kept = stored(database_url)
        own = ana.point(SUPPORT, ts, "correct_message")

    assert "*bug*" in str(seen["blocks"])
    assert "I am off in this channel" in str(seen["blocks"])
    assert not seen["submit"]
    assert "I am off in this channel" in str(refused["blocks"])
    assert kept == []
    assert own["callback_id"] == "correct"


def test_what_is_kept_for_summaries_alone_is_not_labelled_because_somebody_points_at_it(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, summarizer="none")):
        ana.command(SUPPORT, "/corrigible", "summaries on")
        ts = ana.write(SUPPORT, CRASH)
        until(lambda: CRASH in stored(database_url))
        refused = ben.point(SUPPORT, ts, "correct_message")
        own = ana.point(SUPPORT, ts, "classify_message")

    assert "I am off in this channel" in str(refused["blocks"])
    assert "*bug*" in str(own["blocks"])


def test_a_message_that_was_answered_is_corrected_from_its_menu_or_that_of_its_card(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        ana.command(SUPPORT, "/corrigible", "on reply")
        ts = ana.write(SUPPORT, CRASH)
        card = ana.wait_for_reply(SUPPORT, ts)
        choose(ana, ana.point(SUPPORT, ts, "correct_message"), "billing")
        first = ana.wait_for_change(card)
        choose(ana, ana.point(SUPPORT, card["ts"], "correct_message"), "praise")
        second = ana.wait_for_change(card)

    assert first["text"].startswith("billing")
    assert second["text"].startswith("praise")


def test_an_edited_message_that_somebody_pointed_at_is_read_anew(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        ts = ana.write(SUPPORT, CRASH)
        ana.point(SUPPORT, ts, "classify_message")
        ana.edit(SUPPORT, ts, "I want a refund for this invoice")
        until(lambda: "I want a refund for this invoice" in stored(database_url))
        view = ana.point(SUPPORT, ts, "classify_message")

    assert "*billing*" in str(view["blocks"])


def test_what_an_app_wrote_is_not_classified(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        ana.command(SUPPORT, "/corrigible", "on reply")
        [announced] = [one for one in slack.messages() if "turned me on" in one["text"]]
        view = ben.point(SUPPORT, announced["ts"], "classify_message")

    assert "an app's" in str(view["blocks"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_shortcuts_are_in_the_menu_of_a_message_on_the_page(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with (
        bot(slack, settings(tmp_path, database_url)),
        chromium() as browser,
        browser.new_context(viewport={"width": 1200, "height": 820}) as context,
    ):
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        ana.command(SUPPORT, "/corrigible", "on")
        ana.write(SUPPORT, CRASH)
        page.goto(f"{slack.url}/#channel=support&user=ben")
        expect(_pointed(page, "Classify this message")).to_contain_text("bug")
        _choose(page, "billing")
        expect(_pointed(page, "Correct this message").get_by_role("combobox")).to_have_value("billing")
        _choose(page, "praise")
        expect(_pointed(page, "Classify this message")).to_contain_text("praise · settled by people")


def _pointed(page: Page, shortcut: str) -> Locator:
    """Choose it from the menu of the message; the modal that opens."""
    message = page.get_by_test_id("message").filter(has_text=CRASH)
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
