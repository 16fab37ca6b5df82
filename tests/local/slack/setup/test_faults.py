"""Troubles on order."""

from __future__ import annotations

import time

import httpx
import pytest

from local.slack.setup.credentials import BOT_TOKEN
from tests.local.running import SUPPORT, Slack, bolt, socket_mode, until
from tests.local.slack.patience import impatient


def post(slack: Slack) -> httpx.Response:
    body = {"token": BOT_TOKEN, "channel": SUPPORT, "text": "hello"}
    return slack.http.post("/api/chat.postMessage", json=body)


def order(slack: Slack, kind: str, **more: object) -> None:
    assert slack.fault("method", method="chat.postMessage", kind=kind, **more)["ok"]


def test_an_error_happens_as_often_as_it_was_ordered(slack: Slack) -> None:
    order(slack, "error", error="fatal_error", times=2)

    answers = [post(slack).json() for _ in range(3)]
    assert [answer.get("error") for answer in answers] == ["fatal_error", "fatal_error", None]
    assert len(slack.messages()) == 1


def test_a_status_and_a_limit_are_answered_over_http(slack: Slack) -> None:
    order(slack, "status", status=503)
    order(slack, "rate_limited", retry_after=7)
    broken, limited = post(slack), post(slack)

    assert broken.status_code == 503
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert slack.messages() == []


def test_a_delayed_call_is_carried_out_late(slack: Slack) -> None:
    order(slack, "delay", seconds=0.2)
    started = time.monotonic()

    assert post(slack).json()["ok"]
    assert time.monotonic() - started > 0.2


def test_a_call_without_answer_is_not_carried_out(slack: Slack) -> None:
    order(slack, "no_answer")

    with pytest.raises(httpx.HTTPError):
        post(slack)
    assert slack.messages() == []
    assert slack.calls("chat.postMessage")[0]["fault"] == "no_answer"


def test_a_call_whose_answer_is_lost_was_carried_out(slack: Slack) -> None:
    order(slack, "answer_lost")

    assert post(slack).status_code == 500
    assert len(slack.messages()) == 1


def test_cleared_faults_do_not_happen(slack: Slack) -> None:
    order(slack, "error", times=100)
    slack.fault("clear")

    assert post(slack).json()["ok"]
    slack.fault("clear", records=True)
    assert slack.calls("chat.postMessage") == []


def test_what_has_passed_is_taken_once(slack: Slack) -> None:
    app = bolt(slack)
    app.event("message")(lambda: None)
    with socket_mode(app):
        ts = slack.say("hello")
        until(lambda: slack.deliveries()[0]["acknowledged_at"])
    post(slack)

    taken, again = slack.fault("take"), slack.fault("take")
    assert ts in [delivery["ts"] for delivery in taken["deliveries"]]
    assert "chat.postMessage" in [call["method"] for call in taken["calls"]]
    assert ts not in [delivery["ts"] for delivery in again["deliveries"]]
    assert again["calls"] == []


@impatient
def test_a_delivery_that_is_not_acknowledged_stays_when_it_is_taken(slack: Slack) -> None:
    app = bolt(slack)
    with socket_mode(app):
        ts = slack.say("hello")
        until(lambda: slack.deliveries()[0]["attempts"] == 4)

    for _time in range(2):
        assert [delivery["ts"] for delivery in slack.fault("take")["deliveries"]] == [ts]


def test_an_order_that_makes_no_sense_is_refused(slack: Slack) -> None:
    assert slack.fault("method", method="x", kind="earthquake")["error"] == "invalid_arguments"
    assert slack.fault("method", kind="error")["error"] == "invalid_arguments"
    assert slack.fault("disconnect", kind="x")["error"] == "invalid_arguments"
    assert slack.fault("event")["error"] == "invalid_arguments"
    assert slack.fault("nonsense")["error"] == "unknown_method"
