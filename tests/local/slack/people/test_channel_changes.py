from __future__ import annotations

from collections.abc import Callable

import pytest
from slack_sdk.errors import SlackApiError

from tests.local.running import Slack


@pytest.fixture
def channel(slack: Slack) -> str:
    return slack.channel("changing")


def refusal(call: Callable[[], object]) -> str | None:
    try:
        call()
    except SlackApiError as error:
        return str(error.response["error"])
    return None


def shown(slack: Slack, channel: str) -> dict[str, object]:
    return dict(slack.web.conversations_info(channel=channel)["channel"])


def test_an_archived_channel_takes_nothing_and_the_bot_has_left_it(slack: Slack, channel: str) -> None:
    ts = slack.say("hello", channel)
    slack.page("archive", channel=channel)

    assert refusal(lambda: slack.web.chat_postMessage(channel=channel, text="hi")) == "is_archived"
    assert (
        refusal(lambda: slack.web.reactions_add(channel=channel, timestamp=ts, name="bug")) == "is_archived"
    )
    assert slack.page("message", channel=channel, text="hi")["error"] == "is_archived"
    assert (shown(slack, channel)["is_archived"], shown(slack, channel)["is_member"]) == (True, False)
    slack.page("unarchive", channel=channel)
    assert refusal(lambda: slack.web.chat_postMessage(channel=channel, text="hi")) == "not_in_channel"
    slack.page("invite", channel=channel)
    assert refusal(lambda: slack.web.chat_postMessage(channel=channel, text="hi")) is None


def test_a_private_channel_is_unknown_to_a_bot_that_was_removed(slack: Slack, channel: str) -> None:
    slack.page("convert", channel=channel)
    private = shown(slack, channel)
    slack.page("remove", channel=channel)

    assert (private["is_private"], private["is_group"], private["is_channel"]) == (True, True, False)
    assert refusal(lambda: slack.web.conversations_info(channel=channel)) == "channel_not_found"
    assert refusal(lambda: slack.web.chat_postMessage(channel=channel, text="hi")) == "channel_not_found"


def test_names_sharing_and_the_end_are_shown(slack: Slack, channel: str) -> None:
    slack.page("rename", channel=channel, name="changed")
    slack.page("share", channel=channel)
    changed = shown(slack, channel)
    taken = slack.page("rename", channel=channel, name="support")
    slack.page("delete_channel", channel=channel)

    assert (changed["name"], changed["is_ext_shared"]) == ("changed", True)
    assert taken["error"] == "name_taken"
    assert refusal(lambda: slack.web.conversations_info(channel=channel)) == "channel_not_found"
