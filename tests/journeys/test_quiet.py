"""Quiet mode: the bot answers by a reaction, and is corrected by one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from bot.app.compose import Bot
from bot.questions import edit_questions
from local.slack.person import Person
from local.slack.setup.seed import BOT_USER_ID
from storage.tables.feedback import Correction
from storage.tables.messages import Message
from tests.journeys.steps import (
    card_on,
    choose,
    reactions,
    texts_in,
    turn_on,
    until_answered,
    until_learned,
)
from tests.local.running import Slack, until
from tests.running import ANA, BEN, learned

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
name = "outage"
description = "everything is down for everybody"
emoji = ":collision:"

[[label]]
name = "how-to"
description = "a question about how to do something"
"""


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("labels") / "labels.toml"
    file.write_text(QUIET_LABELS, encoding="utf-8")
    return {"labels_file": file}


def of_the_bot(slack: Slack, ts: str, channel: str) -> list[str]:
    return [name for name, users in reactions(slack, ts, channel).items() if BOT_USER_ID in users]


def until_shown(slack: Slack, ts: str, channel: str, emoji: str) -> None:
    """Wait until this is the only emoji that the bot has on a message."""
    until(lambda: of_the_bot(slack, ts, channel) == [emoji])


def corrections_in(running: Bot, channel: str) -> int:
    with running.database.reading() as session:
        words = select(Correction.id).join(Message).where(Message.channel_id == channel)
        return len(session.exec(words).all())


def test_the_answer_is_a_reaction_and_another_emoji_corrects_it_until_it_is_taken_away(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    told = turn_on(ana, channel, "quiet")
    ts = ana.write(channel, "The scanner on the third floor is broken")
    until_shown(slack, ts, channel, "bug")

    before = learned(running)
    ana.react(channel, ts, "credit_card")
    until_shown(slack, ts, channel, "credit_card")
    until_learned(running, before)
    similar = ana.write(channel, "The scanner on the third floor is broken again")
    until_shown(slack, similar, channel, "credit_card")

    ana.unreact(channel, ts, "credit_card")
    until_shown(slack, ts, channel, "bug")

    assert "how-to" in told["text"]  # a reaction can't tell it: it has no emoji
    [announced] = [
        one for one in slack.messages(channel) if "turned Corrigible on in this channel" in one["text"]
    ]
    assert ":credit_card: *billing*" in announced["text"]
    assert not [one for one in slack.messages(channel) if one.get("thread_ts")]


def test_of_several_reactions_of_one_person_the_latest_that_stands_counts(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, "The login page shows an error")
    until_shown(slack, ts, channel, "bug")
    ana.react(channel, ts, "credit_card")
    ana.react(channel, ts, "+1")
    until_shown(slack, ts, channel, "+1")
    ana.unreact(channel, ts, "+1")
    until_shown(slack, ts, channel, "credit_card")


def test_the_same_reaction_delivered_twice_is_one_word(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, "The export crashes at midnight")
    until_shown(slack, ts, channel, "bug")
    ana.react(channel, ts, "credit_card")
    until_shown(slack, ts, channel, "credit_card")
    again = slack.fault("redeliver", count=5)

    assert all(again["acknowledged"])
    assert corrections_in(running, channel) == 1


def test_reactions_that_are_no_labels_or_stand_on_other_messages_change_nothing(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel)
    answered = card_on(ana, channel, "The search crashes with an error")["thread_ts"]
    turn_on(ana, channel, "quiet")
    quiet = ana.write(channel, "The search crashes with an error")
    until_shown(slack, quiet, channel, "bug")

    ben.react(channel, answered, "credit_card")  # in a channel with cards an emoji is an emoji
    ben.react(channel, quiet, "tada")
    ben.react(channel, quiet, "bug")
    until(lambda: corrections_in(running, channel) == 1)
    until_answered(running, slack)

    assert corrections_in(running, channel) == 1
    assert of_the_bot(slack, quiet, channel) == ["bug"]


def test_an_edited_message_has_the_emoji_of_what_it_says_now(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, "The calendar crashes with an error")
    until_shown(slack, ts, channel, "bug")
    ana.edit(channel, ts, "I want a refund for this invoice")
    until_shown(slack, ts, channel, "credit_card")


@pytest.mark.parametrize("press", ["right", "change"])
def test_after_a_small_edit_the_user_who_chose_the_label_is_asked_alone_and_with_one_click(
    running: Bot,
    slack: Slack,
    ana: Person,
    ben: Person,
    channel: str,
    press: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(edit_questions, "RESTS_S", 0.0)
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, "The label printer is broken")
    until_shown(slack, ts, channel, "bug")
    ben.react(channel, ts, "credit_card")
    until_shown(slack, ts, channel, "credit_card")

    ana.edit(channel, ts, "The label printer is broken on the third floor")
    question = ben.wait_for_whisper(channel)
    before = corrections_in(running, channel)
    if press == "right":
        ben.press(question, "right")
    else:
        choose(ben, ben.open_view(question, "change"), "praise")
    until_shown(slack, ts, channel, {"right": "credit_card", "change": "+1"}[press])
    until(lambda: whispers(slack, channel, BEN) == [])

    assert "This message> was edited. Still :credit_card: *billing*?" in str(question["blocks"])
    assert f"/archives/{channel}/p{ts.replace('.', '')}" in str(question["blocks"])
    assert (before, corrections_in(running, channel)) == (1, 2)
    assert len(whispers(slack, channel, ANA)) == 1  # what the command told her
    assert [one for one in slack.messages(channel) if one.get("thread_ts")] == []


def test_a_question_about_a_text_that_was_edited_again_changes_nothing(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_questions, "RESTS_S", 0.0)
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, "The coffee machine is broken")
    until_shown(slack, ts, channel, "bug")
    ben.react(channel, ts, "credit_card")
    until_shown(slack, ts, channel, "credit_card")
    ana.edit(channel, ts, "The coffee machine is broken on the third floor")
    question = ben.wait_for_whisper(channel)
    ana.edit(channel, ts, "Please refund my invoice")
    until(lambda: texts_in(running, channel) == ["Please refund my invoice"])

    ben.press(question, "right")
    until(lambda: ["edited since" in one["text"] for one in whispers(slack, channel, BEN)] == [True])

    assert corrections_in(running, channel) == 1


def whispers(slack: Slack, channel: str, user: str) -> list[dict[str, Any]]:
    """What one user alone sees in a channel."""
    return [one for one in slack.messages(channel, user) if one.get("is_ephemeral")]


def test_what_was_tried_when_the_answer_of_slack_was_lost_leaves_one_emoji(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    slack.fault("method", method="reactions.add", kind="answer_lost")
    ts = ana.write(channel, "The printer driver crashes")
    until_shown(slack, ts, channel, "bug")
    ana.react(channel, ts, "credit_card")
    until_shown(slack, ts, channel, "credit_card")


def test_an_emoji_of_two_names_is_one_and_stays(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, "The badge reader is broken")
    until_shown(slack, ts, channel, "bug")
    slack.fault("method", method="reactions.add", kind="answer_lost")
    ana.react(channel, ts, "boom")
    until_shown(slack, ts, channel, "boom")
    ben.react(channel, ts, "collision::skin-tone-2")
    until(lambda: corrections_in(running, channel) == 2)
    until_answered(running, slack)

    assert of_the_bot(slack, ts, channel) == ["boom"]


def test_it_is_seen_and_corrected_on_the_page(
    running: Bot, slack: Slack, ana: Person, channel: str, page: Page
) -> None:
    turn_on(ana, channel, "quiet")
    page.goto(f"{slack.url}/#channel={channel}&user=ben")
    page.get_by_test_id("composer").fill("The upload button is broken")
    page.get_by_test_id("send").click()
    expect(page.locator("[data-reaction=bug]")).to_be_visible()
    message = page.get_by_test_id("message").filter(has_text="The upload button")
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
