"""What Slack refuses: it ends, operators are told once with what to do, and it can be tried again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from bot.app.compose import Bot
from bot.web_api import refusals
from bot.web_api.refusals import MAX_ATTEMPTS
from local.slack.person import Person
from local.slack.setup.seed import CHANNELS, TEAM_ID
from storage.deliveries import undelivered
from storage.deliveries.undelivered import GivenUp
from tests.journeys.pages import take_picture
from tests.journeys.steps import card_on, turn_on, until_answered
from tests.local.running import Slack, until
from tests.running import ANA, cards

OPS = CHANNELS["corrigible-ops"]
READ_ONLY = "restricted_action_read_only_channel"


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"ops_channel": OPS, "operators": (ANA,)}


@pytest.fixture(autouse=True)
def _pauses_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "pause_s", lambda _attempts: 0.02)
    monkeypatch.setattr("bot.operators.notifier.PAUSE_S", 0.05)


@pytest.fixture
def channel(channel: str, ana: Person) -> str:
    turn_on(ana, channel)
    return channel


def given_up(running: Bot, channel: str) -> list[GivenUp]:
    with running.database.reading() as session:
        return [one for one in undelivered.of_team(session, TEAM_ID) if one.channel_id == channel]


def notes_on(slack: Slack, channel: str) -> list[dict[str, Any]]:
    """What operators were told of a channel."""
    return [one for one in slack.messages(OPS) if f"<#{channel}>" in one["text"]]


def tries(slack: Slack, method: str, channel: str) -> int:
    return len([call for call in slack.calls(method) if call["arguments"].get("channel") == channel])


def test_a_channel_that_refuses_posts_is_asked_once_a_message_and_operators_can_have_it_tried_again(
    running: Bot, slack: Slack, ana: Person, channel: str, page: Page
) -> None:
    before = tries(slack, "chat.postMessage", channel)
    slack.fault("method", method="chat.postMessage", kind="error", error=READ_ONLY, times=2, channel=channel)
    texts = "The app crashes", "I want a refund"
    first, second = [ana.write(channel, text) for text in texts]
    until(lambda: given_up(running, channel) == [GivenUp(channel, READ_ONLY, 2)])
    until(lambda: notes_on(slack, channel))
    [note] = notes_on(slack, channel)
    status = str(ana.command(channel, "/corrigible", "status")["text"])
    asked = tries(slack, "chat.postMessage", channel) - before

    page.goto(f"{slack.url}/#channel=corrigible-ops&user=ana")
    page.get_by_text("Given up in").last.scroll_into_view_if_needed()
    take_picture(page, "refusals.png")
    page.get_by_role("button", name="Try again").click()
    until(lambda: cards(slack, first, channel) and cards(slack, second, channel))
    until_answered(running, slack)

    assert asked == 2
    assert "the channel's settings don't let me post" in note["text"]
    assert f"Given up in <#{channel}>: 2 answers" in status
    assert [len(cards(slack, ts, channel)) for ts in (first, second)] == [1, 1]
    assert given_up(running, channel) == []
    [told] = notes_on(slack, channel)
    assert told["text"].endswith(f"2 answers in <#{channel}> again.")


def test_what_slack_answers_with_a_fault_each_time_is_tried_so_often_and_then_given_up(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    before = tries(slack, "chat.postMessage", channel)
    slack.fault(
        "method", method="chat.postMessage", kind="status", status=503, times=MAX_ATTEMPTS, channel=channel
    )
    ts = ana.write(channel, "The app crashes")
    until(lambda: given_up(running, channel) == [GivenUp(channel, "status 503", 1)])

    assert tries(slack, "chat.postMessage", channel) - before == MAX_ATTEMPTS
    resent = ana.command(channel, "/corrigible", "resend")
    assert resent["text"] == "I try 1 answer again."
    until(lambda: cards(slack, ts, channel))


def test_while_slack_answers_nothing_no_attempt_is_used_up_and_everything_comes_afterwards(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    slack.fault("method", method="*", kind="no_answer", times=1_000)
    written = [ana.write(channel, f"The app crashes, time {number}") for number in range(3)]
    until(lambda: running.workspace.slack_failing())
    [trouble] = running.workspace.slack_failing()
    slack.fault("clear")
    until(lambda: all(cards(slack, ts, channel) for ts in written))
    until_answered(running, slack)

    assert trouble.reason == "no_answer"
    assert not running.workspace.slack_failing()
    assert given_up(running, channel) == []


def test_while_the_token_is_refused_everything_waits(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    slack.fault("method", method="*", kind="error", error="account_inactive", times=1_000)
    ts = ana.write(channel, "The app crashes")
    until(lambda: [one.reason for one in running.workspace.slack_failing()] == ["account_inactive"])
    slack.fault("clear")
    until(lambda: cards(slack, ts, channel))

    assert given_up(running, channel) == []


def test_a_reaction_that_is_refused_is_told_too_and_a_deleted_message_is_not(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    slack.fault("method", method="reactions.add", kind="error", error="too_many_reactions", times=1)
    ana.write(channel, "The app crashes")
    until(lambda: given_up(running, channel) == [GivenUp(channel, "too_many_reactions", 1)])
    slack.fault("method", method="reactions.add", kind="error", error="message_not_found", times=1)
    ana.write(channel, "The app crashes again")
    until(lambda: len(given_up(running, channel)) == 2)
    until(lambda: notes_on(slack, channel))

    [told] = notes_on(slack, channel)
    assert "as many reactions as Slack allows" in told["text"]


def test_what_operators_can_not_be_told_in_their_channel_waits_for_nothing_but_them(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    slack.page("remove", channel=OPS)
    before = tries(slack, "chat.postMessage", OPS)
    slack.fault("method", method="chat.postMessage", kind="error", error=READ_ONLY, times=1, channel=channel)
    ana.write(channel, "The app crashes")
    until(lambda: given_up(running, channel))
    card_on(ana, channel, "I want a refund")
    asked = tries(slack, "chat.postMessage", OPS) - before
    slack.page("invite", channel=OPS)
    until(lambda: notes_on(slack, channel))

    assert asked == 0
