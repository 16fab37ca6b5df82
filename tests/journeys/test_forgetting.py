"""`/corrigible forget me` and `/corrigible keep 90 days`: what is erased is gone everywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from bot.app.compose import Bot
from bot.privacy import forgetting
from local.argilla.embedded import SignIn
from local.slack.person import Person
from storage.tables.messages import Channel, Message
from tests.journeys.pages import open_home, write
from tests.journeys.reviewing import annotated
from tests.journeys.steps import do, reactions, teach, texts_in, turn_on, until_answered
from tests.local.running import Slack, until
from tests.reviewer import Reviewer
from tests.running import ANA, SUPPORT, bot, cards, settings
from tests.traces import files_with

CRASH = "The app crashes with an error"
REFUND = "I want a refund"
# One that every encoding writes alike, and one that JSON escapes and UTF-16 writes differently.
SECRETS = ("qwvxmarkerjkz", "ταξίδιον")


@pytest.fixture(scope="module", autouse=True)
def patient() -> Iterator[None]:
    """On a busy machine it takes longer than a user would wait until no file holds anything that was erased."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forgetting, "PATIENCE_S", 120.0)
        yield


def test_what_a_person_wrote_is_erased_here_and_in_argilla_and_counted(
    slack: Slack, ana: Person, ben: Person, argilla: SignIn, database_url: str, tmp_path: Path
) -> None:
    chosen = annotated(tmp_path, database_url)
    with (
        bot(slack, chosen, argilla=argilla) as running,
        Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer,
    ):
        turn_on(ana, SUPPORT)
        of_ana, of_ben = ana.write(SUPPORT, CRASH), ben.write(SUPPORT, REFUND)
        teach(ben, ben.wait_for_reply(SUPPORT, of_ana), "praise")
        card = ana.wait_for_reply(SUPPORT, of_ben)
        teach(ana, card, "praise")
        until(lambda: len(reviewer.records()) == 2)

        asked = ana.command(SUPPORT, "/corrigible", "forget me")
        before = texts_in(running, SUPPORT)
        ana.press(asked, "forget")
        proof = until(lambda: told(slack, "What I keep of you now: 0 messages, 0 words."))
        until(lambda: cards(slack, of_ana) == [])
        until(lambda: "somebody chose *praise*" in str(cards(slack, of_ben)))
        until(lambda: len(reviewer.records()) == 1)
        again = ana.command(SUPPORT, "/corrigible", "forget me")
        after = texts_in(running, SUPPORT)

    assert "1 message that you wrote (1 of them in Argilla too)" in asked["text"]
    assert before == [CRASH, REFUND]  # asking alone erases nothing
    assert "Erased: 1 message with vectors and cards; 1 record in Argilla deleted" in proof
    assert after == ["", REFUND]
    assert "nothing to erase" in again["text"]


def test_without_reviewers_it_is_proved_at_once_and_an_emoji_goes_too(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        turn_on(ana, SUPPORT, "quiet")
        ts = ana.write(SUPPORT, CRASH)
        until(lambda: reactions(slack, ts, SUPPORT))
        ben.react(SUPPORT, ts, "tada")
        ana.press(ana.command(SUPPORT, "/corrigible", "forget me"), "forget")
        proof = until(lambda: told(slack, "What I keep of you now: 0 messages"))
        until(lambda: list(reactions(slack, ts, SUPPORT)) == ["tada"])

    assert "as soon as Argilla answers" not in proof


def told(slack: Slack, words: str) -> str | None:
    return next((one["text"] for one in slack.messages(user=ANA) if words in one["text"]), None)


def test_what_a_channel_keeps_no_longer_is_erased_and_the_rest_stays(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        turn_on(ana, SUPPORT)
        wrong = ana.command(SUPPORT, "/corrigible", "keep 0 days")
        asked = ana.command(SUPPORT, "/corrigible", "keep 90 days")
        ana.press(asked, "keep_confirm")
        until(lambda: was_told(slack, "limited how long I keep messages here"))
        let_a_day_pass(running)
        old, new = ana.write(SUPPORT, CRASH), ana.write(SUPPORT, REFUND)
        until(lambda: cards(slack, old) and cards(slack, new))
        until_answered(running, slack)
        age(running, old, days=91)
        do(running, "retention")
        until_answered(running, slack)
        kept = texts_in(running, SUPPORT)
        until(lambda: files_with(tmp_path, CRASH) == [])

    assert sorted(kept) == ["", REFUND]

    assert "1 to 36500" in wrong["text"]
    assert "0 messages will be erased" in asked["text"]
    assert cards(slack, old)


def was_told(slack: Slack, words: str) -> bool:
    return any(words in one["text"] for one in slack.messages())


def let_a_day_pass(running: Bot) -> None:
    """A confirmed time holds from the next erasing on."""
    with running.database.writing() as session:
        session.exec(select(Channel)).one().next_at = time.time()


def age(running: Bot, ts: str, days: int) -> None:
    """Let a message be so old."""
    with running.database.writing() as session:
        message = session.exec(select(Message).where(Message.ts == ts)).one()
        message.ts = f"{time.time() - 86_400 * days:.6f}"


def test_for_how_long_messages_are_kept_is_chosen_and_seen_on_the_page(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path, page: Page
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        turn_on(ana, SUPPORT)
        page.goto(f"{slack.url}/#channel=support&user=ben")
        write(page, "/corrigible keep 90 days")
        page.locator("[data-action-id=keep_confirm]").click()
        told = "limited how long I keep messages here"
        expect(page.get_by_test_id("message").filter(has_text=told)).to_be_visible()
        let_a_day_pass(running)
        old = ana.write(SUPPORT, CRASH)
        card = page.get_by_test_id("reply")
        expect(card).to_contain_text("bug")
        age(running, old, days=91)
        do(running, "retention")
        assert texts_in(running, SUPPORT) == [""]
        expect(card).to_contain_text("bug")  # it quotes nothing, so it stays
        card.locator("[data-action-id=change]").click()
        expect(page.locator(".ephemeral").last).to_contain_text("not known here any more")
        home = open_home(page, slack.url, "ben")
        expect(home).to_contain_text("answers every message that a label fits, kept for 90 days")


def test_it_is_asked_for_confirmed_and_proved_on_the_page(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path, page: Page
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        turn_on(ana, SUPPORT)
        page.goto(f"{slack.url}/#channel=support&user=ben")
        write(page, CRASH)
        expect(page.get_by_test_id("reply")).to_have_count(1)
        write(page, "/corrigible forget me")
        page.locator("[data-action-id=forget]").click()
        page.get_by_role("button", name="Erase", exact=True).click()
        expect(page.locator(".ephemeral").last).to_contain_text(
            "What I keep of you now: 0 messages, 0 words."
        )
        expect(page.get_by_test_id("reply")).to_have_count(0)


def test_once_nothing_is_kept_no_file_here_or_of_argilla_holds_a_byte_of_it(
    slack: Slack,
    ana: Person,
    ben: Person,
    argilla: SignIn,
    database_url: str,
    run_folder: Path,
    tmp_path: Path,
) -> None:
    chosen = annotated(tmp_path, database_url)
    home = run_folder / "argilla"
    with (
        bot(slack, chosen, argilla=argilla) as running,
        Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer,
    ):
        turn_on(ana, SUPPORT)
        for text in (f"The app crashes, {SECRETS[0]}", f"Where is my invoice, {SECRETS[1]}"):
            teach(ben, ben.wait_for_reply(SUPPORT, ana.write(SUPPORT, text)), "praise")
        until(lambda: len(reviewer.records()) == 2)
        reviewer.draft(reviewer.records()[0], "bug")
        before = files_with(tmp_path, *SECRETS), files_with(home, *SECRETS)
        ana.press(ana.command(SUPPORT, "/corrigible", "forget me"), "forget")
        until(lambda: says_nothing_is_left(ana))
        left = files_with(tmp_path, *SECRETS), files_with(home, *SECRETS)
        texts = texts_in(running, SUPPORT)

    assert all(before)
    assert texts == ["", ""]
    assert left == ([], [])


def says_nothing_is_left(who: Person) -> bool:
    """Does the bot say so by now? It does as soon as it is true, which on a busy machine may be later."""
    return "so there is nothing to erase" in who.command(SUPPORT, "/corrigible", "forget me")["text"]
