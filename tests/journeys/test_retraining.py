"""From corrections to a fine-tuned version in service and back, seen by operators, while people go on writing."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlmodel import select

from local.slack.person import Person
from storage.models import runs
from storage.tables.messages import Message
from storage.tables.models import Prediction
from tests.databases import on_both
from tests.journeys.operating import (
    operated,
    press,
    until_swapped,
    with_labels_of_the_sample,
)
from tests.journeys.pages import write
from tests.journeys.steps import card_counts, card_on, correct, turn_on, until_answered
from tests.local.running import Slack, until
from tests.running import BEN, SUPPORT, bot

TAUGHT = 12
TRAINED_MS = 600_000  # training gives way to everything else on the machine
UNDER_WAY = re.compile(r"a challenger trains\s.*█░* [1-9]\d?%", re.DOTALL)
NOT_ALLOWED = "Only operators can do this. Whoever runs this bot names them in OPERATORS."
BETWEEN_MESSAGES_S = 0.5


class Crowd:
    """People who write several messages a second until they are asked to stop."""

    def __init__(self, slack: Slack, texts: list[str]) -> None:
        self._slack = slack
        self._texts = texts
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self.written: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._enough.set()
        self._thread.join()

    def until_more(self, number: int) -> None:
        """Wait until they have written so many messages more."""
        before = len(self.written)
        until(lambda: len(self.written) >= before + number)

    def _write(self) -> None:
        for number in count():
            text = f"{self._texts[number % len(self._texts)]} ({number})"
            self.written.append(self._slack.say(text, user=BEN))
            if self._enough.wait(BETWEEN_MESSAGES_S):
                return


@contextmanager
def crowd(slack: Slack, texts: list[str]) -> Iterator[Crowd]:
    """People who write while the block runs."""
    people = Crowd(slack, texts)
    people.start()
    try:
        yield people
    finally:
        people.stop()


def operators_channel(context: BrowserContext, slack: Slack, name: str) -> Page:
    """A user's page, on which they have opened #corrigible-ops."""
    page = context.new_page()
    page.goto(f"{slack.url}/#channel=support&user={name}")
    page.get_by_test_id("channel-link").filter(has_text="corrigible-ops").click()
    expect(page.get_by_role("heading", name="# corrigible-ops")).to_be_visible()
    return page


def note(page: Page, words: str) -> Locator:
    """The bot's note in the channel that has these words."""
    return page.get_by_test_id("message").filter(has_text=words)


def whisper(page: Page) -> Locator:
    """The latest that only this user sees."""
    return page.locator(".ephemeral").last


def press_promote(page: Page) -> None:
    """Press *Promote anyway* under the run, and say that it is meant."""
    note(page, "Training: v2").get_by_text("Promote anyway").click()
    expect(page.get_by_test_id("question")).to_contain_text("v2 answers from now on")
    page.get_by_test_id("confirm").click()


@on_both
def test_corrections_become_a_version_in_service_and_go_out_of_it_while_messages_keep_coming_and_none_is_lost(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path, page: Page
) -> None:
    rows = with_labels_of_the_sample(tmp_path)
    # Of so few messages the draw could hold out nearly all.
    with bot(slack, operated(tmp_path, database_url, holdout_share=0.01)) as running:
        turn_on(ana, SUPPORT)
        for row in rows[:TAUGHT]:
            correct(ana, card_on(ana, SUPPORT, row["text"]), row["label"])
        operator = operators_channel(page.context, slack, "ana")
        other = operators_channel(page.context, slack, "ben")
        with crowd(slack, [row["text"] for row in rows]) as people:
            write(operator, "/corrigible retrain")
            expect(whisper(operator)).to_contain_text("Training started. Follow it in #corrigible-ops.")
            run = note(operator, "Training: ")
            expect(run).to_contain_text("asked for by @ana")
            expect(run).to_contain_text(UNDER_WAY, timeout=TRAINED_MS)

            expect(run).to_contain_text("Training: v2 runs in shadow", timeout=TRAINED_MS)
            verdict = note(operator, "v2 runs in shadow beside v1")
            expect(verdict).to_contain_text("the holdout has 0 reviewed messages and needs 30 to tell")
            curve = operator.get_by_label("Replies").get_by_role("img", name="After one epoch the loss was")
            curve.scroll_into_view_if_needed()
            expect(curve).to_have_js_property("naturalWidth", 1200)

            press_promote(other)
            expect(whisper(other)).to_contain_text(NOT_ALLOWED)
            press_promote(operator)
            promotion = note(operator, "v2 takes the place of v1")
            expect(promotion).to_contain_text("by @ana")
            expect(run).to_contain_text("Training: v2 was promoted")
            until_swapped(running, times=1)
            people.until_more(5)
            promoted = people.written[-1]

            press(ana, slack, "v2 takes the place of v1", "roll_back")
            expect(note(operator, "v1 is back in the place of v2")).to_contain_text("by @ana")
            expect(note(operator, "Training: v2").get_by_text("Promote anyway")).to_be_visible()
            until_swapped(running, times=2)
            people.until_more(5)
        until(lambda: card_counts(slack, SUPPORT).keys() >= set(people.written))
        until_answered(running, slack)
        shown = card_counts(slack, SUPPORT)
        with running.database.reading() as session:
            answered = select(Message.ts, Prediction.version).join(Prediction)
            version = dict(session.exec(answered).all())

    assert {ts: shown[ts] for ts in people.written} == dict.fromkeys(people.written, 1)
    assert [version[ts] for ts in (people.written[0], promoted, people.written[-1])] == [1, 2, 1]


def test_who_is_no_operator_is_told_why_nothing_is_trained_or_rolled_back(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path, page: Page
) -> None:
    with bot(slack, operated(tmp_path, database_url)) as running:
        window = operators_channel(page.context, slack, "ben")
        write(window, "/corrigible retrain")
        expect(whisper(window)).to_contain_text(NOT_ALLOWED)
        write(window, "/corrigible rollback")
        expect(window.locator(".ephemeral").filter(has_text=NOT_ALLOWED)).to_have_count(2)
        expect(note(window, "Training: ")).to_have_count(0)
        nothing = ana.command(SUPPORT, "/corrigible", "rollback")
        with running.database.reading() as session:
            assert runs.latest(session, running.workspace.grant.team_id) is None

    assert "nothing to roll back to" in str(nothing)
