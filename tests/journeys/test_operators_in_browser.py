"""What operators see and press in their channel, in a real browser: a run, its verdict, promotion and roll back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from bot.compose import Bot
from local.slack.person import Person
from tests.journeys.test_retraining import correct, operated, with_labels_of_the_sample
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, until, workspace
from tests.running import ANA, SUPPORT, bot, person

MESSAGE = "My parcel with the new card is late"
SIMILAR = "The new card is still not in my letter box"
TAUGHT = 12
UNDER_WAY = re.compile(r"a challenger trains\s.*█░* [1-9]\d?%", re.DOTALL)
TRAINED_MS = 120_000
SWAPPED_S = 30
NOT_ALLOWED = "Only operators can do this. Whoever runs this bot names them in OPERATORS."


@pytest.fixture
def browser() -> Iterator[BrowserContext]:
    with chromium() as running, running.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(WAIT_MS)
        yield context


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


def teach(ana: Person, rows: list[dict[str, str]]) -> None:
    """Turn the bot on in #support, and correct what it says of each of these messages."""
    ana.command(SUPPORT, "/corrigible", "on reply")
    for row in rows:
        correct(ana, ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, row["text"])), row["label"])


def operators_channel(browser: BrowserContext, slack: Slack, name: str) -> Page:
    """Somebody's page, on which they have opened #corrigible-ops."""
    page = browser.new_page()
    page.goto(f"{slack.url}/#channel=support&user={name}")
    open_channel(page, "corrigible-ops")
    return page


def open_channel(page: Page, name: str) -> None:
    page.get_by_test_id("channel-link").filter(has_text=name).click()
    expect(page.get_by_role("heading", name=f"# {name}")).to_be_visible()


def write(page: Page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")


def note(page: Page, words: str) -> Locator:
    """The bot's note in the channel that has these words."""
    return page.get_by_test_id("message").filter(has_text=words)


def whisper(page: Page) -> Locator:
    """The latest that only this person sees."""
    return page.locator(".ephemeral").last


def press_promote(page: Page) -> None:
    """Press *Promote anyway* under the run, and say that it is meant."""
    note(page, "Training: v2").get_by_text("Promote anyway").click()
    expect(page.get_by_test_id("question")).to_contain_text("v2 answers from now on")
    page.get_by_test_id("confirm").click()


def until_swapped(running: Bot, times: int) -> None:
    swaps = running.metrics.registry.get_sample_value
    until(lambda: swaps("corrigible_swaps_total") == times, within_s=SWAPPED_S)


@pytest.mark.timeout(600)
def test_an_operator_follows_a_run_reads_the_verdict_promotes_and_rolls_back(
    browser: BrowserContext, slack: Slack, tmp_path: Path
) -> None:
    rows = with_labels_of_the_sample(tmp_path)
    with (
        bot(slack, operated(tmp_path, f"sqlite:///{tmp_path}/corrigible.db")) as running,
        person(slack, ANA) as teacher,
    ):
        teach(teacher, rows[:TAUGHT])
        ana = operators_channel(browser, slack, "ana")
        ben = operators_channel(browser, slack, "ben")

        write(ana, "/corrigible retrain")
        expect(whisper(ana)).to_contain_text("A training run begins")
        run = note(ana, "Training: ")
        expect(run).to_contain_text("asked for by @ana")
        expect(run).to_contain_text(UNDER_WAY, timeout=TRAINED_MS)  # training gives way to all else here

        expect(run).to_contain_text("Training: v2 runs in shadow", timeout=TRAINED_MS)
        verdict = note(ana, "v2 runs in shadow beside v1")
        expect(verdict).to_contain_text("the holdout has 0 reviewed messages and needs 30 to tell")
        picture = ana.get_by_label("Replies").get_by_role("img", name="After one epoch the loss was")
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("naturalWidth", 1200)

        press_promote(ben)
        expect(whisper(ben)).to_contain_text(NOT_ALLOWED)

        press_promote(ana)
        promotion = note(ana, "v2 takes the place of v1")
        expect(promotion).to_contain_text("by @ana")
        expect(run).to_contain_text("Training: v2 was promoted")
        until_swapped(running, times=1)
        open_channel(ben, "support")
        write(ben, MESSAGE)
        expect(ben.get_by_test_id("reply").last).to_contain_text("model v2.")

        promotion.get_by_text("Roll back").click()
        expect(note(ana, "v1 is back in the place of v2")).to_contain_text("by @ana")
        expect(note(ana, "Training: v2").get_by_text("Promote anyway")).to_be_visible()
        until_swapped(running, times=2)
        write(ben, SIMILAR)
        expect(ben.get_by_test_id("reply").last).to_contain_text("model v1.")


def test_who_is_no_operator_is_told_why_nothing_is_trained_or_rolled_back(
    browser: BrowserContext, slack: Slack, tmp_path: Path
) -> None:
    with bot(slack, operated(tmp_path, f"sqlite:///{tmp_path}/corrigible.db")):
        ben = operators_channel(browser, slack, "ben")

        write(ben, "/corrigible retrain")
        expect(whisper(ben)).to_contain_text(NOT_ALLOWED)
        write(ben, "/corrigible rollback")
        expect(ben.locator(".ephemeral").filter(has_text=NOT_ALLOWED)).to_have_count(2)

        expect(note(ben, "Training: ")).to_have_count(0)
