"""Who may decide for a channel or a team, and that what erases messages is confirmed first and can be undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.feedback import labels
from storage.messages import channels
from storage.tables.feedback import Correction
from storage.tables.messages import Channel, Message
from tests.journeys.steps import card_on, do, label_of, propose, texts_in, turn_on
from tests.local.running import Slack, until
from tests.running import ANA, BEN

CRASH = "The app crashes with an error"
ELSEWHERE = "T0ELSEWHERE"
CONFIRM, UNDO = "keep_confirm", "keep_undo"
DECISIONS = [
    "on",
    "on reply",
    "on quiet",
    "off",
    "keep 1 days",
    "keep forever",
    "keep undo",
    "digest on",
    "digest off",
    "summaries on",
    "summaries on over 1000",
    "summaries off",
]


def chosen(running: Bot, channel: str) -> Channel | None:
    with running.database.reading() as session:
        return channels.get(session, TEAM_ID, channel)


def told(slack: Slack, channel: str, words: str) -> list[dict[str, Any]]:
    """What the channel was told with these words in it."""
    return [one for one in slack.messages(channel) if words in one["text"] and not one.get("is_ephemeral")]


def let_a_day_pass(running: Bot, channel: str) -> None:
    with running.database.writing() as session:
        one = channels.get(session, TEAM_ID, channel)
        assert one
        assert one.next_at
        one.next_at = time.time()
        for message in session.exec(select(Message).where(Message.channel_id == channel)):
            message.ts = f"{float(message.ts) - 90_000:.6f}"


@pytest.mark.parametrize("words", DECISIONS)
def test_who_is_not_in_a_channel_decides_nothing_for_it(
    running: Bot, slack: Slack, channel: str, ben: Person, words: str
) -> None:
    ben.leave(channel)

    answer = ben.command(channel, "/corrigible", words)["text"]

    assert "Only members of this channel and operators" in answer
    assert chosen(running, channel) is None
    assert [one for one in slack.messages(channel) if "bot_id" in one] == []


def test_nobody_decides_for_a_channel_that_the_bot_is_not_in(running: Bot, slack: Slack, ben: Person) -> None:
    elsewhere = slack.page("channel", BEN, name=f"quiet-{time.time_ns()}")["channel"]["id"]

    answers = [ben.command(elsewhere, "/corrigible", words)["text"] for words in DECISIONS]

    assert all("I am not in this channel yet" in one for one in answers)
    assert chosen(running, elsewhere) is None


def test_erasing_is_confirmed_announced_and_can_be_undone_by_another_member(
    running: Bot, slack: Slack, channel: str, ana: Person, ben: Person
) -> None:
    turn_on(ana, channel)
    card_on(ana, channel, CRASH)

    asked = ana.command(channel, "/corrigible", "keep 1 day")
    do(running, "retention")
    unconfirmed = chosen(running, channel)
    ana.press(asked, CONFIRM)
    [announced] = until(lambda: told(slack, channel, "limited how long I keep messages here"))
    do(running, "retention")
    kept = texts_in(running, channel)
    ben.press(announced, UNDO)
    until(lambda: told(slack, channel, f"<@{BEN}> undid the shorter time"))
    [replaced] = until(lambda: told(slack, channel, f"Undone by <@{BEN}>"))

    assert "1 message will be erased" in asked["text"]
    assert "older than 1 day by then" in asked["text"]
    assert unconfirmed
    assert (unconfirmed.keep_days, unconfirmed.next_days) == (None, None)
    assert kept == [CRASH]
    assert UNDO not in str(replaced)
    undone = chosen(running, channel)
    assert undone
    assert (undone.keep_days, undone.next_days) == (None, None)


def test_after_a_day_what_was_confirmed_is_erased(
    running: Bot, slack: Slack, channel: str, ana: Person
) -> None:
    turn_on(ana, channel)
    card_on(ana, channel, CRASH)
    ana.press(ana.command(channel, "/corrigible", "keep 1 day"), CONFIRM)
    [announced] = until(lambda: told(slack, channel, "limited how long I keep messages here"))
    until(lambda: chosen(running, channel))

    let_a_day_pass(running, channel)
    do(running, "retention")

    assert texts_in(running, channel) == [""]
    ana.press(announced, UNDO)
    assert "Nothing is waiting to be undone here" in ana.wait_for_whisper(channel)["text"]


def test_a_confirmation_counts_for_who_is_still_a_member_alone(
    running: Bot, slack: Slack, channel: str, ana: Person, ben: Person
) -> None:
    asked = ben.command(channel, "/corrigible", "keep 1 day")
    ben.leave(channel)

    ben.press(asked, CONFIRM)

    until(lambda: any("Only members of this channel" in one["text"] for one in slack.messages(channel, BEN)))
    assert chosen(running, channel) is None


@pytest.mark.parametrize("fault", [{"kind": "error", "error": "restricted_action"}, {"kind": "answer_lost"}])
def test_what_the_channel_can_not_be_told_of_does_not_hold(
    running: Bot, slack: Slack, channel: str, ana: Person, fault: dict[str, str]
) -> None:
    asked = ana.command(channel, "/corrigible", "keep 1 day")
    slack.fault("method", method="chat.postMessage", times=1, **fault)

    ana.press(asked, CONFIRM)

    until(lambda: any("could not tell the channel" in one["text"] for one in slack.messages(channel, ANA)))
    one = chosen(running, channel)
    assert one is None or one.next_days is None


def test_a_confirmation_of_what_was_decided_otherwise_meanwhile_is_refused(
    running: Bot, slack: Slack, channel: str, ana: Person, ben: Person
) -> None:
    asked = ben.command(channel, "/corrigible", "keep 1 day")
    ana.press(ana.command(channel, "/corrigible", "keep 1 day"), CONFIRM)
    until(lambda: told(slack, channel, "limited how long I keep messages here"))

    ben.press(asked, CONFIRM)

    until(lambda: any("This question is out of date" in one["text"] for one in slack.messages(channel, BEN)))
    assert len(told(slack, channel, "limited how long I keep messages here")) == 1


def _right(ben: Person, card: dict[str, Any], _ts: str) -> None:
    ben.press(card, "right")


def _change(ben: Person, card: dict[str, Any], _ts: str) -> None:
    ben.press(card, "change")


def _classify(ben: Person, card: dict[str, Any], ts: str) -> None:
    ben.shortcut(card["channel"], ts, "classify_message")


def _correct(ben: Person, card: dict[str, Any], ts: str) -> None:
    ben.shortcut(card["channel"], ts, "correct_message")


def _summarize(ben: Person, card: dict[str, Any], ts: str) -> None:
    ben.shortcut(card["channel"], ts, "summarize_thread")


@pytest.mark.parametrize("act", [_right, _change, _classify, _correct, _summarize])
def test_people_of_another_organization_change_nothing_and_are_told_so(
    running: Bot,
    slack: Slack,
    channel: str,
    ana: Person,
    ben: Person,
    act: Callable[[Person, dict[str, Any], str], None],
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, CRASH)
    slack.employ(BEN, ELSEWHERE)

    act(ben, card, card["thread_ts"])

    answer = ben.wait_for_whisper(channel)["text"]
    slack.employ(BEN, TEAM_ID)
    assert "Only people of the organization that runs me" in answer
    with running.database.reading() as session:
        assert session.exec(select(Correction)).all() == []


def test_a_modal_that_is_sent_from_another_organization_says_so_and_its_menu_is_empty(
    running: Bot, slack: Slack, channel: str, ana: Person, ben: Person
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, CRASH)
    view = ben.open_view(card, "change")
    offered = ben.search(view, "label", "praise")
    slack.employ(BEN, ELSEWHERE)
    menu = ben.search(view, "label", "praise")
    option = {"type": "external_select", "selected_option": offered[0]}

    answer = ben.submit(view, {"label": {"label": option}})

    slack.employ(BEN, TEAM_ID)
    assert menu == []
    assert answer["response_action"] == "update"
    with running.database.reading() as session:
        assert session.exec(select(Correction)).all() == []
    assert label_of(card) == "bug"


def test_the_home_is_shown_to_nobody_of_another_organization(running: Bot, slack: Slack, ana: Person) -> None:
    slack.employ(BEN, ELSEWHERE)

    assert slack.page("home", BEN)["ok"]

    until(lambda: slack.deliveries("app_home_opened")[-1]["acknowledged_at"])
    slack.employ(BEN, TEAM_ID)
    ana.home()
    assert BEN not in [call["arguments"]["user_id"] for call in slack.calls("views.publish")]


def test_a_person_who_proposed_many_labels_today_is_told_to_wait(
    running: Bot, channel: str, ana: Person
) -> None:
    turn_on(ana, channel)
    view = ana.open_view(card_on(ana, channel, CRASH), "change")
    with running.database.writing() as session:
        for number in range(labels.MAX_PROPOSALS_PER_DAY):
            labels.propose(session, TEAM_ID, f"new {number}", ANA)

    refused = propose(ana, view, "one more")

    assert "You proposed 10 new labels within a day" in refused["errors"]["proposal"]
    with running.database.reading() as session:
        assert "one more" not in [label.name for label in labels.active(session, TEAM_ID)]
