"""A channel is archived, shared, renamed, made private or deleted, or the bot removed: told once, and shown."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.app.compose import Bot
from bot.slack.payloads import ButtonTarget, target
from local.slack.person import Person
from local.slack.setup.seed import CHANNELS, TEAM_ID
from storage.reports import overview
from tests.journeys.pages import write
from tests.journeys.steps import all_heard, card_on, turn_on, until_answered
from tests.local.running import Slack, until
from tests.running import ANA, BEN, cards

OPS = CHANNELS["corrigible-ops"]


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"ops_channel": OPS, "operators": (ANA,)}


@pytest.fixture(autouse=True)
def _pauses_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.operators.notifier.PAUSE_S", 0.05)
    monkeypatch.setattr("bot.operators.channel_watch.PAUSE_S", 0.05)


@pytest.fixture
def channel(channel: str, ana: Person) -> str:
    turn_on(ana, channel)
    return channel


def told_of(slack: Slack, channel: str) -> list[str]:
    """What operators were told of a channel."""
    return [one["text"] for one in slack.messages(OPS) if f"<#{channel}>" in one["text"]]


def told_in(slack: Slack, channel: str) -> list[str]:
    """What a channel was told, but for answers in threads."""
    seen = [one for one in slack.messages(channel) if "bot_id" in one and not one.get("is_ephemeral")]
    return [one["text"] for one in seen if "thread_ts" not in one]


def at_the_terminal(running: Bot, channel: str) -> str:
    """What `corrigible status` says of a channel."""
    with running.database.reading() as session:
        team = overview.of_team(session, TEAM_ID)
    [shown] = [team._channel(*one) for one in team.channels.items() if one[0] == channel]
    return shown


def status(somebody: Person, channel: str) -> list[str]:
    return str(somebody.command(channel, "/corrigible", "status")["text"]).splitlines()


def test_an_archived_channel_is_left_alone_and_goes_on_when_it_is_back(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    card = card_on(ana, channel, "The app crashes")
    slack.page("archive", channel=channel)
    until(lambda: told_of(slack, channel))
    archived = at_the_terminal(running, channel)
    asked = len(slack.calls("chat.update"))
    service = running.workspace.service
    of = chosen(card)
    service.confirm_or_choose(TEAM_ID, BEN, of, of.label_id)
    until_answered(running, slack)
    until(lambda: [one for one in service.overview(TEAM_ID).given_up if one.channel_id == channel])
    untried = len(slack.calls("chat.update"))

    slack.page("unarchive", channel=channel)
    until(lambda: len(told_of(slack, channel)) == 2)
    slack.page("invite", channel=channel)
    until(lambda: "I am back" in told_in(slack, channel)[-1])
    again = card_on(ana, channel, "I want a refund")

    assert "archived" in archived
    assert untried == asked
    assert [text.split(",")[0] for text in told_of(slack, channel)] == [
        f"<#{channel}> was archived",
        f"<#{channel}> is open again",
    ]
    assert "archived" not in at_the_terminal(running, channel)
    assert again["text"].startswith("billing")


def chosen(card: dict[str, Any]) -> ButtonTarget:
    """The message and the label of a card's first button."""
    [value] = [
        one["value"]
        for block in card["blocks"]
        for one in block.get("elements", [])
        if one.get("action_id") == "right"
    ]
    return target(value)


def test_a_shared_channel_is_told_once_that_the_bot_stays_off_until_that_ends(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    slack.page("share", channel=channel)
    until(lambda: "is shared with another organization now" in told_in(slack, channel)[-1])
    slack.fault("redeliver", count=5)
    unanswered = ana.write(channel, "The app crashes")
    until(lambda: all_heard(slack, channel))
    here, *_ = status(ana, channel)
    shared = at_the_terminal(running, channel)
    slack.page("unshare", channel=channel)
    until(lambda: "I am back" in told_in(slack, channel)[-1])
    card_on(ana, channel, "I want a refund")

    assert here == "This channel is shared with another organization, so I stay off here."
    assert "shared with another organization" in shared
    assert sum("is shared with" in text for text in told_in(slack, channel)) == 1
    assert cards(slack, unanswered, channel) == []


def test_a_shared_channel_is_not_summarized(running: Bot, slack: Slack, ana: Person, channel: str) -> None:
    ana.command(channel, "/corrigible", "summaries on")
    slack.page("share", channel=channel)
    until(lambda: "is shared with another organization now" in told_in(slack, channel)[-1])
    refused = ana.command(channel, "/corrigible", "summarize")

    assert refused["text"] == "This channel is shared with another organization, so I don't summarize here."


def test_a_new_name_and_privacy_are_told_and_shown(
    running: Bot, slack: Slack, ana: Person, channel: str, page: Page
) -> None:
    name = f"help-{channel.lower()}"
    page.goto(f"{slack.url}/#channel={channel}&user=ana")
    write(page, f"/rename {name}")
    until(lambda: told_of(slack, channel))
    expect(page.locator("#channel-name")).to_contain_text(name)
    renamed = at_the_terminal(running, channel)
    slack.page("convert", channel=channel)
    until(lambda: len(told_of(slack, channel)) == 2)
    card_on(ana, channel, "The app crashes")
    lines = status(ana, channel)

    assert renamed == f"#{name} (reply)"
    assert at_the_terminal(running, channel) == f"{channel} (reply, private)"
    assert f"• <#{channel}>: private" in lines
    assert "has a new name" in told_of(slack, channel)[0]
    assert "is private now" in told_of(slack, channel)[1]


def test_a_removed_bot_says_so_and_goes_on_when_it_is_invited_again(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    slack.page("remove", channel=channel)
    until(lambda: told_of(slack, channel))
    here, *_ = status(ana, channel)
    on = running.workspace.service.overview(TEAM_ID).open_channels
    slack.page("invite", channel=channel)
    until(lambda: "I am back" in told_in(slack, channel)[-1])
    card_on(ana, channel, "The app crashes")

    assert told_of(slack, channel) == [
        f"<@{ANA}> removed me from <#{channel}>, so I stopped there. Invite me to go on as before."
    ]
    assert here == "I am not in this channel any more. Invite me, and I go on as before."
    assert channel not in on


def test_what_no_event_told_is_learned_from_slacks_refusal(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    slack.fault(
        "method", method="chat.postMessage", kind="error", error="is_archived", times=1, channel=channel
    )
    ana.write(channel, "The app crashes")
    until(lambda: any("was archived" in text for text in told_of(slack, channel)))
    until(lambda: "I am back" in told_in(slack, channel)[-1])  # Slack says that it is not, when it is asked
    card_on(ana, channel, "I want a refund")

    assert sum("was archived" in text for text in told_of(slack, channel)) == 1


def test_a_deleted_channel_is_told_and_shown(running: Bot, slack: Slack, channel: str) -> None:
    slack.page("delete_channel", channel=channel)
    until(lambda: told_of(slack, channel))

    assert told_of(slack, channel) == [
        f"<#{channel}> was deleted, so I stopped there. What I learned from it stays."
    ]
    assert "deleted" in at_the_terminal(running, channel)


def test_operators_hear_that_slack_withheld_events_and_status_shows_it(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    minute = 1_900_000_020
    first = slack.fault("app_rate_limited", minute=minute)
    slack.fault("app_rate_limited", minute=minute)
    until(lambda: [one for one in slack.messages(OPS) if "never reached me" in one["text"]])
    lines = status(ana, channel)

    assert first["acknowledged"]
    assert sum("never reached me" in one["text"] for one in slack.messages(OPS)) == 1
    assert any("never reached me" in line and "in 1 minute," in line for line in lines)
