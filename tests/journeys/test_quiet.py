"""Quiet mode: the bot answers by a reaction, and is corrected by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from local.slack.person import Person
from local.slack.seed import BOT_USER_ID, TEAM_ID
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, learned, person, settings

QUIET_LABELS = """
[[label]]
name = "bug"
description = "something is broken, crashes or shows an error"
emoji = ":bug:"

[[label]]
name = "billing"
description = "invoice, payment, refund, price"
emoji = ":credit_card:"

[[label]]
name = "praise"
description = "thanks and compliments"
emoji = ":thumbsup:"

[[label]]
name = "how-to"
description = "a question about how to do something"
"""
CRASH = "The app crashes with an error"


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[Slack]:
    (tmp_path / "labels.toml").write_text(QUIET_LABELS, encoding="utf-8")
    with workspace() as running:
        yield running


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


def reactions(slack: Slack, ts: str, channel: str = SUPPORT) -> dict[str, list[str]]:
    """The emoji on a message, and who put them there."""
    [message] = [one for one in slack.messages(channel) if one["ts"] == ts]
    return {one["name"]: one["users"] for one in message.get("reactions", [])}


def of_the_bot(slack: Slack, ts: str) -> list[str]:
    return [name for name, users in reactions(slack, ts).items() if BOT_USER_ID in users]


def test_the_answer_is_a_reaction_and_another_emoji_corrects_it_until_it_is_taken_away(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        told = ana.command(SUPPORT, "/corrigible", "on quiet")
        ts = ana.write(SUPPORT, CRASH)
        until(lambda: of_the_bot(slack, ts) == ["bug"])

        before = learned(running)
        ana.react(SUPPORT, ts, "credit_card")
        until(lambda: of_the_bot(slack, ts) == ["credit_card"])
        until(lambda: learned(running) > before)
        similar = ana.write(SUPPORT, "The app crashes with an error again")
        until(lambda: of_the_bot(slack, similar) == ["credit_card"])

        ana.unreact(SUPPORT, ts, "credit_card")
        until(lambda: of_the_bot(slack, ts) == ["bug"])

    assert "how-to" in told["text"]  # a reaction can't tell it: it has no emoji
    [announced] = [one for one in slack.messages() if "turned me on" in one["text"]]
    assert ":credit_card: *billing*" in announced["text"]
    assert not [one for one in slack.messages() if one.get("thread_ts")]


def test_of_several_reactions_of_one_person_the_latest_that_stands_counts(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        ana.command(SUPPORT, "/corrigible", "on quiet")
        ts = ana.write(SUPPORT, CRASH)
        until(lambda: of_the_bot(slack, ts) == ["bug"])
        ana.react(SUPPORT, ts, "credit_card")
        ana.react(SUPPORT, ts, "+1")
        until(lambda: of_the_bot(slack, ts) == ["+1"])
        ana.unreact(SUPPORT, ts, "+1")
        until(lambda: of_the_bot(slack, ts) == ["credit_card"])


def test_the_same_reaction_delivered_twice_is_one_word(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on quiet")
        ts = ana.write(SUPPORT, CRASH)
        until(lambda: of_the_bot(slack, ts) == ["bug"])
        ana.react(SUPPORT, ts, "credit_card")
        until(lambda: of_the_bot(slack, ts) == ["credit_card"])
        slack.fault("redeliver", count=5)

        assert running.workspace.service.overview(TEAM_ID).words == 1


def test_reactions_that_are_no_labels_or_stand_on_other_messages_change_nothing(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running, person(slack, BEN) as ben:
        ana.command(SUPPORT, "/corrigible", "on reply")
        answered = ana.write(SUPPORT, CRASH)
        ana.wait_for_reply(SUPPORT, answered)
        ana.command(SUPPORT, "/corrigible", "on quiet")
        quiet = ana.write(SUPPORT, CRASH)
        until(lambda: of_the_bot(slack, quiet) == ["bug"])

        ben.react(SUPPORT, answered, "credit_card")  # in a channel with cards an emoji is an emoji
        ben.react(SUPPORT, quiet, "tada")
        ben.react(SUPPORT, quiet, "bug")
        until(lambda: running.workspace.service.overview(TEAM_ID).words == 1)

        assert of_the_bot(slack, quiet) == ["bug"]


def test_an_edited_message_has_the_emoji_of_what_it_says_now(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        ana.command(SUPPORT, "/corrigible", "on quiet")
        ts = ana.write(SUPPORT, CRASH)
        until(lambda: of_the_bot(slack, ts) == ["bug"])
        ana.edit(SUPPORT, ts, "I want a refund for this invoice")
        until(lambda: of_the_bot(slack, ts) == ["credit_card"])


def test_what_was_tried_when_the_answer_of_slack_was_lost_leaves_one_emoji(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)):
        ana.command(SUPPORT, "/corrigible", "on quiet")
        slack.fault("method", method="reactions.add", kind="answer_lost")
        ts = ana.write(SUPPORT, CRASH)
        until(lambda: of_the_bot(slack, ts) == ["bug"])
        ana.react(SUPPORT, ts, "credit_card")
        until(lambda: of_the_bot(slack, ts) == ["credit_card"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_seen_and_corrected_on_the_page(slack: Slack, database_url: str, tmp_path: Path) -> None:
    with (
        bot(slack, settings(tmp_path, database_url)),
        person(slack) as ana,
        chromium() as browser,
        browser.new_context(viewport={"width": 1200, "height": 820}) as context,
    ):
        context.set_default_timeout(WAIT_MS)
        page: Page = context.new_page()
        ana.command(SUPPORT, "/corrigible", "on quiet")
        page.goto(f"{slack.url}/#channel=support&user=ben")
        page.get_by_test_id("composer").fill(CRASH)
        page.get_by_test_id("send").click()
        expect(page.locator("[data-reaction=bug]")).to_be_visible()
        message = page.get_by_test_id("message").filter(has_text=CRASH)
        message.hover()
        message.get_by_test_id("react").click()
        page.get_by_placeholder("Search emoji").fill("credit")
        page.get_by_role("button", name="credit card").click()
        expect(page.locator("[data-reaction=bug]")).to_have_count(0)
        chip = page.locator("[data-reaction=credit_card]")
        expect(chip).to_contain_text("2")
        expect(chip).to_have_attribute("aria-pressed", "true")
        chip.click()
        expect(chip).to_have_count(0)
        expect(page.locator("[data-reaction=bug]")).to_contain_text("1")
