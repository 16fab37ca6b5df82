"""Deliveries by signed HTTP, to an unmodified Bolt app behind a web server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from slack_bolt import Ack, App, BoltRequest, BoltResponse

from tests.local.factories import actions, button, modal, state
from tests.local.running import ANA, PATIENCE_S, SUPPORT, Slack, bolt, free_port, http_bot, until, workspace
from tests.local.slack.patience import less_patient


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def slack(port: int, request: pytest.FixtureRequest) -> Iterator[Slack]:
    url, ack_timeout_s = f"http://127.0.0.1:{port}/slack/events", getattr(request, "param", PATIENCE_S)
    with workspace(
        bot_url=url,
        ack_timeout_s=ack_timeout_s,
        retry_delays_s=(0.05, 0.1, 0.2),
        trigger_life_s=PATIENCE_S,
    ) as running:
        yield running


def test_signed_events_pass_bolts_own_check(slack: Slack, port: int) -> None:
    app, heard = bolt(slack), []
    app.event("message")(lambda event: heard.append(event))
    with http_bot(app, port):
        slack.say("hello")

        assert until(lambda: heard)[0]["text"] == "hello"


def test_an_unsigned_event_is_refused_by_bolt(slack: Slack, port: int) -> None:
    with http_bot(bolt(slack), port):
        answer = httpx.post(f"http://127.0.0.1:{port}/slack/events", json={"type": "event_callback"})

    assert answer.status_code == 401


def test_retries_name_their_number_and_reason(slack: Slack, port: int) -> None:
    app, seen = bolt(slack), []

    @app.middleware
    def refuse(req: BoltRequest, next: Callable[[], None]) -> BoltResponse:
        number, reason = (req.headers.get(f"x-slack-retry-{key}", [None])[0] for key in ("num", "reason"))
        seen.append((number, reason))
        return BoltResponse(status=500)

    with http_bot(app, port):
        slack.say("hello")
        until(lambda: len(seen) == 4)

    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]


@less_patient
def test_an_answer_that_comes_too_late_is_a_timeout(slack: Slack, port: int) -> None:
    app, seen, free = bolt(slack), [], threading.Event()

    @app.middleware
    def linger(req: BoltRequest, next: Callable[[], None]) -> BoltResponse:
        seen.append(req.headers.get("x-slack-retry-reason", [None])[0])
        if len(seen) == 1:
            free.wait(PATIENCE_S)
        return BoltResponse(status=200)

    with http_bot(app, port):
        slack.say("hello")
        until(lambda: len(seen) == 2)
        free.set()

    assert seen == [None, "http_timeout"]


def test_a_bot_that_asks_for_no_retry_gets_none(slack: Slack, port: int) -> None:
    app, seen = bolt(slack), []

    @app.middleware
    def refuse(body: dict[str, Any], next: Callable[[], None]) -> BoltResponse:
        seen.append(body["event"]["text"])
        return BoltResponse(status=500, headers={"x-slack-no-retry": "1"})

    with http_bot(app, port):
        slack.say("first")
        until(lambda: seen == ["first"])
        slack.say("second")
        until(lambda: len(seen) == 2)

    assert seen == ["first", "second"]


def test_events_wait_until_the_bots_address_answers(slack: Slack, port: int) -> None:
    ts = slack.say("early")
    app, heard = bolt(slack), []
    app.event("message")(lambda event: heard.append(event))
    with http_bot(app, port):
        assert until(lambda: heard)[0]["ts"] == ts
        assert slack.bot_connected()


def test_commands_clicks_and_modals_go_by_form_and_their_answers_come_back(slack: Slack, port: int) -> None:
    app = forms_app(slack)
    ts = slack.web.chat_postMessage(channel=SUPPORT, text="x", blocks=[actions(button())])["ts"]
    with http_bot(app, port):
        until(slack.bot_connected)
        assert slack.page("command", channel=SUPPORT, command="/corrigible", text="äöü")["acknowledged"]
        assert slack.page("action", channel=SUPPORT, ts=ts, action={"action_id": "go"})["acknowledged"]
        view = slack.calls("views.open")[0]
        assert view["arguments"]["trigger_id"]
        refused = slack.page("submit", view_id=OPENED[-1], state=state(value="no"))

    assert refused["errors"] == {"reason": "Say more"}
    assert slack.messages(user=ANA)[-1]["text"] == "You said äöü"


OPENED: list[str] = []


def forms_app(slack: Slack) -> App:
    app = bolt(slack)

    @app.command("/corrigible")
    def command(ack: Ack, command: dict[str, str]) -> None:
        ack(f"You said {command['text']}")

    @app.action("go")
    def go(ack: Ack, body: dict[str, Any]) -> None:
        opened = slack.web.views_open(trigger_id=body["trigger_id"], view=modal())
        OPENED.append(opened["view"]["id"])
        ack()

    @app.view("form")
    def form(ack: Ack) -> None:
        ack(response_action="errors", errors={"reason": "Say more"})

    return app
