"""Events through Socket Mode, to an unmodified Bolt app."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App, BoltResponse

from local.slack.setup.credentials import APP_TOKEN
from local.slack.setup.seed import BOT_ID, BOT_USER_ID, CHANNELS, DIRECT_MESSAGES
from tests.local.running import ANA, SUPPORT, Slack, bolt, free_port, refusal, socket_mode, until, workspace
from tests.local.slack.patience import impatient, less_patient


def listening(slack: Slack, *types: str) -> tuple[App, list[dict[str, Any]]]:
    """A Bolt app that keeps the bodies of the events it hears."""
    app, heard = bolt(slack, ignoring_self_events_enabled=False), []

    def hear(body: dict[str, Any]) -> None:
        heard.append(body)

    for kind in types or ("message",):
        app.event(kind)(hear)
    return app, heard


def test_a_message_reaches_the_bot_as_slack_shapes_it(slack: Slack) -> None:
    app, heard = listening(slack)
    with socket_mode(app):
        ts = slack.say("is <this> a bug & why?")
        [body] = until(lambda: heard)

    event = body["event"]
    assert (event["user"], event["channel"], event["channel_type"]) == (ANA, SUPPORT, "channel")
    assert (event["ts"], event["event_ts"], event["text"]) == (ts, ts, "is &lt;this&gt; a bug &amp; why?")
    [typed] = event["blocks"][0]["elements"][0]["elements"]
    assert typed == {"type": "text", "text": "is <this> a bug & why?"}
    assert body["authorizations"][0]["user_id"] == BOT_USER_ID
    assert body["is_ext_shared_channel"] is False


def test_a_mention_in_a_channel_is_two_events_and_in_a_direct_message_one(slack: Slack) -> None:
    app, heard = listening(slack, "message", "app_mention")
    with socket_mode(app):
        slack.say("@corrigible hello")
        until(lambda: len(heard) == 2)
        slack.say("@corrigible hello", channel=DIRECT_MESSAGES["ana"])
        until(lambda: len(heard) == 3)

    assert {body["event"]["type"] for body in heard[:2]} == {"message", "app_mention"}
    assert len({body["event_id"] for body in heard}) == 3
    assert heard[0]["event"]["text"] == f"<@{BOT_USER_ID}> hello"
    assert (heard[2]["event"]["type"], heard[2]["event"]["channel_type"]) == ("message", "im")


def test_nothing_is_heard_from_a_channel_without_the_bot_until_it_is_invited(slack: Slack) -> None:
    app, heard = listening(slack, "message", "member_joined_channel")
    random = CHANNELS["random"]
    with socket_mode(app):
        slack.say("before", channel=random)
        slack.page("command", channel=random, command="/invite", text="@corrigible")
        slack.say("after", channel=random)
        until(lambda: len(heard) == 2)

    events = sorted((body["event"]["type"], body["event"].get("text")) for body in heard)
    assert events == [("member_joined_channel", None), ("message", "after")]


def test_a_new_channel_is_made_and_the_bot_invited(slack: Slack) -> None:
    app, heard = listening(slack)
    with socket_mode(app):
        channel = slack.page("channel", name="bugs")["channel"]["id"]
        assert slack.page("channel", name="bugs")["error"] == "name_taken"
        slack.page("invite", channel=channel)
        slack.say("hello", channel=channel)

        assert until(lambda: heard)[0]["event"]["channel"] == channel


def test_edits_and_deletions_are_events_too(slack: Slack) -> None:
    app, heard = listening(slack)
    with socket_mode(app):
        ts = slack.say("tpyo")
        until(lambda: len(heard) == 1)
        slack.page("edit", channel=SUPPORT, ts=ts, text="typo")
        until(lambda: len(heard) == 2)
        slack.page("delete", channel=SUPPORT, ts=ts)
        until(lambda: len(heard) == 3)

    changed, deleted = heard[1]["event"], heard[2]["event"]
    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "typo")
    assert changed["previous_message"]["text"] == "tpyo"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)


def test_the_bots_own_messages_come_back_with_its_id(slack: Slack) -> None:
    app, heard = listening(slack)
    with socket_mode(app):
        slack.web.chat_postMessage(channel=SUPPORT, text="mine")

        assert until(lambda: heard)[0]["event"]["bot_id"] == BOT_ID


def test_reactions_and_the_home_tab_are_events(slack: Slack) -> None:
    app, heard = listening(slack, "reaction_added", "app_home_opened")
    ts = slack.say("hello")
    with socket_mode(app):
        slack.page("reaction", channel=SUPPORT, ts=ts, name="eyes")
        slack.page("home")
        until(lambda: len(heard) == 2)

    reaction = next(body["event"] for body in heard if body["event"]["type"] == "reaction_added")
    assert (reaction["reaction"], reaction["item"]["ts"]) == ("eyes", ts)


@impatient
def test_an_event_without_acknowledgement_is_sent_three_times_more_under_one_id(slack: Slack) -> None:
    app, seen = bolt(slack), []

    @app.middleware
    def refuse(body: dict[str, Any], next: Callable[[], None]) -> BoltResponse:
        seen.append(body["event_id"])
        return BoltResponse(status=500)

    with socket_mode(app):
        slack.say("hello")
        until(lambda: len(seen) == 4)
        until(lambda: slack.deliveries()[0]["attempts"] == 4)

    [delivery] = slack.deliveries()
    assert set(seen) == {delivery["event_id"]}
    assert delivery["acknowledged_at"] is None


@less_patient
def test_a_retry_that_is_acknowledged_is_the_last(slack: Slack) -> None:
    app, seen = bolt(slack), []

    @app.middleware
    def refuse_once(body: dict[str, Any], next: Callable[[], None]) -> BoltResponse | None:
        seen.append(body["event_id"])
        if len(seen) == 1:
            return BoltResponse(status=500)
        next()
        return None

    app.event("message")(lambda: None)
    with socket_mode(app):
        slack.say("hello")
        until(lambda: slack.deliveries() and slack.deliveries()[0]["acknowledged_at"])

    [delivery] = slack.deliveries()
    assert delivery["attempts"] == 2
    assert delivery["sent_at"] < delivery["acknowledged_at"] <= time.monotonic()


def test_events_wait_for_a_bot_and_arrive_once_it_connects(slack: Slack) -> None:
    written = [slack.say(f"early {n}") for n in range(3)]
    app, heard = listening(slack)
    assert not slack.bot_connected()
    with socket_mode(app):
        until(lambda: len(heard) == 3)
        assert slack.bot_connected()

    assert sorted(body["event"]["ts"] for body in heard) == written
    until(lambda: not slack.bot_connected())


@pytest.mark.parametrize("kind", ["close", "warning", "refresh_requested"])
def test_the_bot_comes_back_after_its_socket_is_dropped(slack: Slack, kind: str) -> None:
    app, heard = listening(slack)
    with socket_mode(app, ping_interval=0.3):
        until(slack.bot_connected)
        assert slack.fault("disconnect", kind=kind)["disconnected"] == 1
        until(lambda: len(slack.calls("apps.connections.open")) >= 2)
        ts = slack.say("still there?")

        assert until(lambda: heard)[0]["event"]["ts"] == ts


def test_a_message_written_while_the_socket_is_down_is_not_lost(slack: Slack) -> None:
    app, heard = listening(slack)
    with socket_mode(app, ping_interval=0.3):
        until(slack.bot_connected)
        slack.fault("disconnect", kind="close")
        ts = slack.say("in between")

        assert until(lambda: heard)[0]["event"]["ts"] == ts


def test_a_ticket_opens_one_socket(slack: Slack) -> None:
    with socket_mode(bolt(slack)) as handler:
        used = str(handler.client.wss_uri)
        answer = slack.http.get(
            used.replace("ws://", "http://"),
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        )

    assert answer.status_code == 403


def test_each_of_two_sockets_gets_its_share_and_no_event_comes_twice(slack: Slack) -> None:
    first, second = listening(slack), listening(slack)
    with socket_mode(first[0]), socket_mode(second[0]):
        for n in range(6):
            slack.say(str(n))
        until(lambda: len(first[1]) + len(second[1]) == 6)

    assert len(first[1]) == len(second[1]) == 3


def test_a_redelivery_repeats_the_event_id(slack: Slack) -> None:
    app, heard = listening(slack)
    with socket_mode(app):
        slack.say("hello")
        until(lambda: heard)
        answer = slack.fault("redeliver", count=1)
        until(lambda: len(heard) == 2)

    assert answer["acknowledged"] == [True]
    assert [body["event_id"] for body in heard] == answer["event_ids"] * 2


def test_any_event_can_be_delivered_by_hand(slack: Slack) -> None:
    app, heard = listening(slack)
    with socket_mode(app):
        event = {"type": "message", "channel": SUPPORT, "user": ANA, "text": "by hand", "ts": "1.1"}
        answer = slack.fault("event", event=event, event_id="EvTWICE", is_ext_shared_channel=True)
        until(lambda: heard)

    assert answer == {"ok": True, "event_id": "EvTWICE", "acknowledged": True}
    assert (heard[0]["event_id"], heard[0]["is_ext_shared_channel"]) == ("EvTWICE", True)


def test_socket_mode_is_refused_where_deliveries_go_by_http() -> None:
    with workspace(bot_url=f"http://127.0.0.1:{free_port()}/slack/events") as slack:
        code = refusal(slack.web.apps_connections_open, app_token=APP_TOKEN)

    assert code == "socket_mode_not_enabled"


def test_a_bot_hears_each_of_two_hundred_messages_that_come_as_fast_as_can_be_once(slack: Slack) -> None:
    app, heard = listening(slack)
    with socket_mode(app):
        written = [slack.say(str(n)) for n in range(200)]
        until(lambda: len(heard) >= 200)

    assert sorted(body["event"]["ts"] for body in heard) == written
