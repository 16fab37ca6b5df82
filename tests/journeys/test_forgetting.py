"""`/corrigible forget me` and `/corrigible keep 90 days`: what is erased is gone everywhere."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import update
from sqlmodel import col, select

from local.argilla.embedded import SignIn
from local.slack.person import Person
from storage.database import open_database
from storage.tables import Job, Message
from tests.journeys.test_main_job import teach
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, until, workspace
from tests.reviewer import Reviewer
from tests.running import ANA, BEN, SUPPORT, bot, cards, person, settings

CRASH = "The app crashes with an error"
REFUND = "I want a refund"


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
        texts = [message.text for message in session.exec(select(Message)) if message.text]
    database.close()
    return texts


def test_what_a_person_wrote_is_erased_here_and_in_argilla_and_counted(
    slack: Slack, ana: Person, ben: Person, argilla: SignIn, database_url: str, tmp_path: Path
) -> None:
    dataset = f"test-{secrets.token_hex(6)}"
    chosen = settings(tmp_path, database_url, argilla_dataset=dataset, ask_per_day=0)
    with bot(slack, chosen, argilla=argilla), Reviewer(argilla, dataset) as reviewer:
        ana.command(SUPPORT, "/corrigible", "on reply")
        of_ana, of_ben = ana.write(SUPPORT, CRASH), ben.write(SUPPORT, REFUND)
        teach(ben, ben.wait_for_reply(SUPPORT, of_ana), "praise")
        card = ana.wait_for_reply(SUPPORT, of_ben)
        teach(ana, card, "praise")
        until(lambda: len(reviewer.records()) == 2)

        asked = ana.command(SUPPORT, "/corrigible", "forget me")
        before = stored(database_url)
        ana.press(asked, "forget")
        proof = until(lambda: told(slack, "What I keep of you now: 0 messages, 0 words."))
        until(lambda: cards(slack, of_ana) == [])
        until(lambda: "somebody chose *praise*" in str(cards(slack, of_ben)))
        until(lambda: len(reviewer.records()) == 1)
        again = ana.command(SUPPORT, "/corrigible", "forget me")

    assert "1 message that you wrote (1 of them in Argilla too)" in asked["text"]
    assert sorted(before) == sorted([CRASH, REFUND])  # asking alone erases nothing
    assert "Erased: 1 message with vectors and cards; 1 record in Argilla deleted" in proof
    assert stored(database_url) == [REFUND]
    assert "nothing to erase" in again["text"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_reviewers_it_is_proved_at_once_and_an_emoji_goes_too(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        ana.command(SUPPORT, "/corrigible", "on quiet")
        ts = ana.write(SUPPORT, CRASH)
        until(lambda: reactions(slack, ts))
        ben.react(SUPPORT, ts, "tada")
        ana.press(ana.command(SUPPORT, "/corrigible", "forget me"), "forget")
        proof = until(lambda: told(slack, "What I keep of you now: 0 messages"))
        until(lambda: reactions(slack, ts) == ["tada"])

    assert "as soon as Argilla answers" not in proof


def reactions(slack: Slack, ts: str) -> list[str]:
    [message] = [one for one in slack.messages() if one["ts"] == ts]
    return [one["name"] for one in message.get("reactions", [])]


def told(slack: Slack, words: str) -> str | None:
    return next((one["text"] for one in slack.messages(user=ANA) if words in one["text"]), None)


def test_what_a_channel_keeps_no_longer_is_erased_and_the_rest_stays(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        wrong = ana.command(SUPPORT, "/corrigible", "keep 0 days")
        told_to_asker = ana.command(SUPPORT, "/corrigible", "keep 90 days")
        old, new = ana.write(SUPPORT, CRASH), ana.write(SUPPORT, REFUND)
        until(lambda: cards(slack, old) and cards(slack, new))
        age(database_url, old, days=91)
        until(lambda: stored(database_url) == [REFUND])

        assert running.workspace.service.count_due() == 0

    assert "1 to 36500" in wrong["text"]
    assert "kept for 90 days" in told_to_asker["text"]
    assert any(
        "decided: the messages of this channel are kept for 90 days" in one["text"]
        for one in slack.messages()
    )
    assert cards(slack, old)


def age(database_url: str, ts: str, days: int) -> None:
    database = open_database(database_url)
    with database.writing() as session:
        message = session.exec(select(Message).where(Message.ts == ts)).one()
        message.ts = f"{time.time() - 86_400 * days:.6f}"
        session.connection().execute(
            update(Job).where(col(Job.name) == "retention").values(due_at=0.0)
        )  # it is night
    database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_for_how_long_messages_are_kept_is_chosen_and_seen_on_the_page(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with (
        bot(slack, settings(tmp_path, database_url)),
        chromium() as browser,
        browser.new_context(viewport={"width": 1200, "height": 820}) as context,
    ):
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        ana.command(SUPPORT, "/corrigible", "on reply")
        page.goto(f"{slack.url}/#channel=support&user=ben")
        page.get_by_test_id("composer").fill("/corrigible keep 90 days")
        page.get_by_test_id("send").click()
        told = "decided: the messages of this channel are kept for 90 days"
        expect(page.get_by_test_id("message").filter(has_text=told)).to_be_visible()
        old = ana.write(SUPPORT, CRASH)
        card = page.get_by_test_id("reply")
        expect(card).to_contain_text("bug")
        age(database_url, old, days=91)
        until(lambda: stored(database_url) == [])
        expect(card).to_contain_text("bug")  # it quotes nothing, so it stays
        card.locator("[data-action-id=change]").click()
        expect(page.locator(".ephemeral").last).to_contain_text("not known here any more")
        page.get_by_test_id("channel-link").filter(has_text="corrigible (app)").click()
        page.get_by_test_id("home-tab").click()
        expect(page.locator("#home")).to_contain_text("answers every message, kept for 90 days")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_asked_for_confirmed_and_proved_on_the_page(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with (
        bot(slack, settings(tmp_path, database_url)),
        chromium() as browser,
        browser.new_context(viewport={"width": 1200, "height": 820}) as context,
    ):
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        ana.command(SUPPORT, "/corrigible", "on reply")
        page.goto(f"{slack.url}/#channel=support&user=ben")
        composer = page.get_by_test_id("composer")
        composer.fill(CRASH)
        page.get_by_test_id("send").click()
        expect(page.get_by_test_id("reply")).to_have_count(1)
        composer.fill("/corrigible forget me")
        page.get_by_test_id("send").click()
        page.locator("[data-action-id=forget]").click()
        page.get_by_role("button", name="Erase", exact=True).click()
        expect(page.locator(".ephemeral").last).to_contain_text(
            "What I keep of you now: 0 messages, 0 words."
        )
        expect(page.get_by_test_id("reply")).to_have_count(0)
