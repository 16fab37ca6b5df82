"""The people's side: what is seen by whom, what is refused, and who may speak to the server at all."""

from __future__ import annotations

import pytest
from websockets import Origin
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from local.slack.setup.seed import BOT_USER_ID, CHANNELS, DIRECT_MESSAGES, PEOPLE
from tests.local.running import ANA, BEN, SUPPORT, Slack, until


def test_the_state_names_people_channels_commands_and_the_bot(slack: Slack) -> None:
    state = slack.http.get("/page/state", params={"user": ANA}).json()

    assert state["team"] == {"id": "T0LOCAL", "name": "Corrigible HQ"}
    assert {user["id"] for user in state["users"]} == {*PEOPLE.values(), BOT_USER_ID}
    seen = {channel["id"] for channel in state["channels"]}
    assert seen == {*CHANNELS.values(), DIRECT_MESSAGES["ana"]}
    assert state["commands"][0]["command"] == "/corrigible"
    assert state["bot"]["connected"] is False


def test_everyone_sees_a_channel_and_only_its_owner_a_direct_message(slack: Slack) -> None:
    with slack.watching(ANA) as anas, slack.watching(BEN) as bens:
        slack.say("to all")
        slack.say("to the bot", channel=DIRECT_MESSAGES["ana"])
        until(lambda: len(anas) == 3)
        until(lambda: len(bens) == 2)

    assert anas[0] == {"type": "bot", "connected": False}
    assert [push["message"]["text"] for push in anas[1:]] == ["to all", "to the bot"]
    assert [push["message"]["text"] for push in bens[1:]] == ["to all"]
    answer = slack.page("message", BEN, channel=DIRECT_MESSAGES["ana"], text="hello")
    assert answer["error"] == "channel_not_found"


def test_changes_deletions_and_reactions_are_pushed(slack: Slack) -> None:
    ts = slack.say("first")
    with slack.watching(BEN) as pushes:
        slack.page("edit", channel=SUPPORT, ts=ts, text="second")
        slack.page("reaction", channel=SUPPORT, ts=ts, name="eyes")
        slack.page("reaction", channel=SUPPORT, ts=ts, name="eyes", remove=True)
        slack.page("delete", channel=SUPPORT, ts=ts)
        until(lambda: len(pushes) == 5)

    kinds = [push["type"] for push in pushes[1:]]
    assert kinds == ["message_changed", "reaction_added", "reaction_removed", "message_deleted"]
    assert pushes[1]["message"]["text"] == "second"


def test_what_a_person_may_not_do_is_refused(slack: Slack) -> None:
    ts = slack.say("mine")
    where = {"channel": SUPPORT, "ts": ts}

    assert slack.page("message", channel=SUPPORT, text=" ")["error"] == "no_text"
    assert slack.page("message", channel=SUPPORT, text="x" * 40_001)["error"] == "msg_too_long"
    assert slack.page("message", "U0NOBODY00", channel=SUPPORT, text="x")["error"] == "user_not_found"
    assert slack.page("message", channel="C0NOWHERE", text="x")["error"] == "channel_not_found"
    unknown = {"channel": SUPPORT, "text": "x", "thread_ts": "1.1"}
    assert slack.page("message", **unknown)["error"] == "thread_not_found"
    assert slack.page("edit", BEN, text="x", **where)["error"] == "cant_update_message"
    assert slack.page("delete", BEN, **where)["error"] == "cant_delete_message"
    assert slack.page("channel", name="Not A Name")["error"] == "invalid_name"
    assert slack.page("action", **where, action="go")["error"] == "invalid_arguments"


def test_typed_text_becomes_slacks_own(slack: Slack) -> None:
    slack.say("@ben see #general, a@b.c & <https://x.example|this> &lt;3 <tag> @nobody")

    [message] = slack.messages()
    general = CHANNELS["general"]
    assert message["text"] == (
        f"<@{BEN}> see <#{general}|general>, a@b.c &amp; <https://x.example|this> &lt;3 &lt;tag&gt; @nobody"
    )


def test_an_ephemeral_message_can_be_dismissed_by_its_reader(slack: Slack) -> None:
    ts = slack.web.chat_postEphemeral(channel=SUPPORT, user=ANA, text="only you")["message_ts"]

    assert slack.page("delete", channel=SUPPORT, ts=ts)["ok"]
    assert slack.messages() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:80"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Host": "slack.example"}, 403),
        ({"Host": "127.0.0.1.slack.example"}, 403),
        ({"Host": "[nonsense"}, 403),
        ({"Origin": "https://slack.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_only_this_machine_and_our_own_page_are_answered(
    slack: Slack, headers: dict[str, str], status: int
) -> None:
    state = slack.http.get("/page/state", params={"user": ANA}, headers=headers)
    called = slack.http.post("/api/api.test", headers=headers)

    assert (state.status_code, called.status_code) == (status, status)


def test_our_own_page_may_write_and_a_page_elsewhere_may_not_listen(slack: Slack) -> None:
    body = {"user": ANA, "channel": SUPPORT, "text": "hello"}
    assert slack.http.post("/page/message", json=body, headers={"Origin": slack.url}).json()["ok"]

    events = f"{slack.url.replace('http', 'ws')}/page/events"
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"{events}?user={ANA}", origin=Origin("https://slack.example"))
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"{events}?user=U0NOBODY00")


def test_the_page_is_served_under_a_strict_policy(slack: Slack) -> None:
    answer = slack.http.get("/")

    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-cache"
    assert slack.http.get("/static/nothing.js").status_code == 404
    assert slack.http.get("/static/..%2fserver.py").status_code == 404


def test_who_left_a_channel_is_no_member_and_can_still_look_into_it(slack: Slack) -> None:
    slack.say("before")

    assert slack.page("leave", channel=SUPPORT)["ok"]

    assert ANA not in slack.web.conversations_members(channel=SUPPORT)["members"]
    assert [one["text"] for one in slack.messages(user=ANA)] == ["before"]
    assert slack.page("leave", channel=ANA)["error"] == "method_not_supported_for_channel_type"
