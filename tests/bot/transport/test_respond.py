from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt import Ack, App, BoltRequest, BoltResponse, Respond
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.transport import respond
from bot.transport.respond import ForeignAddressError, SlackRespond, answering_slack_alone, is_slacks
from local.slack.transport.http_mode import signed
from tests.local.running import until

API = "https://slack.com/api/"
LOCAL = "http://127.0.0.1:8080/api/"
SECRET = "secret"


@pytest.mark.parametrize(
    ("address", "api"),
    [
        ("https://hooks.slack.com/actions/T1/2/abc", API),
        ("https://HOOKS.slack.com:443/commands/T1/2/abc?x=%20y", API),
        ("https://hooks.slack.com/actions/T1/2/abc", LOCAL),
        ("https://hooks.slack-gov.com/actions/T1/2/abc", "https://slack-gov.com/api/"),
        ("http://127.0.0.1:8080/actions/T1/2", LOCAL),
        ("https://proxy.example/slack/actions", "https://proxy.example/slack/api/"),
    ],
)
def test_slack_is_answered(address: str, api: str) -> None:
    assert is_slacks(address, api)


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.slack.com/",
        "https://slack.com.evil.example/",
        "https://evilslack.com/",
        "https://evil.example/?slack.com",
        "https://evil.example#.slack.com/",
        "https://hooks.slack.com@evil.example/",
        "https://evil.example\\@hooks.slack.com/",
        "https://hooks.slack.com:8443/",
        "https://hooks.slack.com/\r\nHost: evil.example",
        "https://hooks.slack.com/ x",
        "https://hooks.slac\u212a.com/",
        "https://hooks.slack.com./",
        "https://.slack.com/",
        f"https://{'a' * 64}.slack.com/",
        "https://[::1]/",
        "https:/hooks.slack.com/",
        "file:///etc/passwd",
        "ftp://hooks.slack.com/",
        "http://127.0.0.1:8081/",
        "https://127.0.0.1:8080/",
        "http://127.0.0.1/",
        "http://127.0.0.1:8080@evil.example/",
        "",
        None,
        1,
        ["https://hooks.slack.com/"],
    ],
)
def test_nobody_else_is_answered(address: Any) -> None:
    assert not is_slacks(address, LOCAL)
    with pytest.raises(ForeignAddressError):
        SlackRespond(address, LOCAL)("hello")


@contextmanager
def listening(status: int = 200, location: str = "") -> Iterator[tuple[str, list[Any]]]:
    """A server's address, and what was posted or asked there."""
    heard: list[Any] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            heard.append("GET")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/", heard
        serving.shutdown()


def test_an_answer_holds_what_was_said_and_nothing_that_was_left_out() -> None:
    with listening() as (slack, heard):
        answer = SlackRespond(f"{slack}actions/1", slack)("hi", response_type="ephemeral", blocks=None)

    assert answer.status_code == 200
    assert heard == [{"text": "hi", "response_type": "ephemeral"}]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_answer_does_not_follow_slack_elsewhere(status: int) -> None:
    with listening() as (elsewhere, lured), listening(status, elsewhere) as (slack, heard):
        answer = SlackRespond(f"{slack}actions/1", slack)("hi")

    assert answer.status_code == status
    assert heard == [{"text": "hi"}]
    assert not lured


def test_whoever_does_not_take_an_answer_soon_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(respond, "RESPOND_S", 0.05)
    free = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            free.wait()

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        slack = f"http://127.0.0.1:{serving.server_port}/"
        with pytest.raises(OSError, match="timed out"):
            SlackRespond(slack, slack)("hi")
        free.set()
        serving.shutdown()


@pytest.mark.parametrize("mode", ["http", "socket_mode"])
def test_every_listener_answers_slack_alone(mode: str) -> None:
    app = App(
        client=WebClient(base_url=API),
        signing_secret=SECRET,
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1"),
    )
    caught: list[Exception] = []
    used: list[Respond] = []

    @app.command("/corrigible")
    def answer(ack: Ack, respond: Respond) -> None:
        ack()
        used.append(respond)
        respond("hi")

    @app.error
    def note(error: Exception, respond: Respond) -> BoltResponse:
        used.append(respond)
        caught.append(error)
        return BoltResponse(status=500)

    with listening() as (elsewhere, lured):
        told = {"command": "/corrigible", "team_id": "T1", "user_id": "U1", "response_url": elsewhere}
        form = urlencode(told)
        asked: dict[str, Any] = (
            {"body": form, "headers": {**signed(SECRET, form.encode())}} if mode == "http" else {"body": told}
        )
        answering_slack_alone(app.dispatch, API)(BoltRequest(mode=mode, **asked))
        until(partial(bool, caught))

    assert isinstance(caught[0], ForeignAddressError)
    assert [type(one) for one in used] == [SlackRespond, SlackRespond]
    assert not lured
