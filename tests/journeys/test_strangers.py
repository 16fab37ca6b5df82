"""Over signed HTTP anybody can send anything: it is refused before it is read, and nothing is posted for a stranger."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from bot.app.compose import Bot
from local.slack.serving import listen
from local.slack.setup.credentials import SIGNING_SECRET
from local.slack.setup.seed import TEAM_ID
from local.slack.transport.http_mode import signed
from tests.journeys.installing import everything
from tests.local.running import ANA, PATIENCE_S, SUPPORT, free_port, until, workspace
from tests.running import PATIENT, bot, settings

SLACK = "/slack/events"
FAILED = "corrigible_errors_total"
Headers = Mapping[str, str] | list[tuple[str, str]]


@pytest.fixture(scope="module", params=["one workspace", "installable"])
def door(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """The bot, as anybody on the internet sees it."""
    folder = tmp_path_factory.mktemp("door")
    shutil.copyfile(sqlite_template, folder / "corrigible.db")
    url = f"sqlite:///{folder}/corrigible.db"
    with ExitStack() as started:
        if request.param == "installable":
            slack, _ = started.enter_context(everything(folder, url))
            address = slack.bot_url
        else:
            address, _ = started.enter_context(over_http(folder, url))
        yield started.enter_context(httpx.Client(base_url=address, timeout=PATIENCE_S, trust_env=False))


@contextmanager
def over_http(folder: Path, url: str) -> Iterator[tuple[str, Bot]]:
    chosen = settings(folder, url, port=free_port())
    address = f"http://127.0.0.1:{chosen.port}"
    with workspace(bot_url=address + SLACK, **PATIENT) as slack, bot(slack, chosen, by_http=True) as running:
        yield address, running


class Trap:
    """Somebody else's address, which never answers."""

    def __init__(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        self._listening = listening
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/"

    @property
    def is_untouched(self) -> bool:
        """Has nobody come?"""
        try:
            self._listening.accept()[0].close()
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def trap() -> Iterator[Trap]:
    with listen(0) as listening:
        yield Trap(listening)


def command(response_url: str) -> bytes:
    told = {
        "command": "/corrigible",
        "text": "help",
        "team_id": TEAM_ID,
        "user_id": ANA,
        "channel_id": SUPPORT,
    }
    return urlencode({**told, "trigger_id": "1.2.3", "response_url": response_url}).encode()


def of_slack(body: bytes, timestamp: str, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers with which Slack would sign at this time."""
    mac = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={mac.hexdigest()}"}


def unsigned(body: bytes) -> Iterator[Headers]:
    now = str(int(time.time()))
    good = of_slack(body, now)
    yield {}
    yield {"X-Slack-Signature": good["X-Slack-Signature"]}
    yield {"X-Slack-Request-Timestamp": now}
    yield {"X-Slack-Request-Timestamp": "abc", "X-Slack-Signature": "v0=1"}
    yield {**good, "X-Slack-Signature": good["X-Slack-Signature"] + "\u00e9"}
    yield {**good, "X-Slack-Signature": good["X-Slack-Signature"].upper()}
    yield {**good, "X-Slack-Signature": ""}
    yield [*good.items(), ("X-Slack-Signature", good["X-Slack-Signature"])]
    yield [("X-Slack-Request-Timestamp", "0"), *good.items()]
    yield of_slack(body, now, "")
    yield of_slack(body, now, SIGNING_SECRET + "x")
    for odd in ("nan", "inf", "1e9", "-1", f"-{now}", f"+{now}", f"{now}.0", f"{now}_0", "9" * 5000, "", "0"):
        yield of_slack(body, odd)
    yield {**of_slack(body, now), "X-Slack-Request-Timestamp": f"{now}\u00b2"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 10_000, b'{"type":"url_verification","challenge":"x"}']
)
def test_nothing_is_read_that_slack_did_not_sign(
    door: httpx.Client, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for content_type in ("application/json", "application/x-www-form-urlencoded", "\u00e9"):
        for headers in unsigned(body):
            sent = headers if isinstance(headers, list) else list(headers.items())
            typed = [("Content-Type", content_type), *sent]
            encoded = [(name.encode(), value.encode("latin-1")) for name, value in typed]
            assert door.post(SLACK, content=body, headers=encoded).status_code == 401, headers

    assert not [record for record in caplog.records if record.exc_info]
    assert "url_verification" not in caplog.text


@pytest.mark.parametrize("forged", [{"X-Slack-Request-Timestamp": "abc", "X-Slack-Signature": "v0=1"}, {}])
def test_nothing_is_posted_for_a_stranger(door: httpx.Client, forged: dict[str, str], trap: Trap) -> None:
    body = command(trap.url)
    form = {"Content-Type": "application/x-www-form-urlencoded", **forged}
    answers = [door.post(SLACK, content=body, headers=form).status_code for _ in range(12)]
    payload = json.dumps({"type": "block_actions", "response_url": trap.url})
    answers += [door.post(SLACK, data={"payload": payload}, headers=forged).status_code]

    assert answers == [401] * 13
    assert trap.is_untouched


MISSHAPEN = {
    "no JSON": b"{",
    "no object": b"[1]",
    "null": b"null",
    "deeply nested": b'{"a":' * 10_000,
    "deeply nested to the end": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "not UTF-8": b'{"a": "\xff"}',  # Bolt could not check its signature
    "a number of 5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "odd parts": b'{"authorizations": [1]}',
    "no addresses": b'{"response_urls": [1]}',
    "an event that is none": b'{"type": "event_callback", "event": 1, "team": 1}',
}


@pytest.mark.parametrize("body", MISSHAPEN.values(), ids=MISSHAPEN.keys())
@pytest.mark.parametrize("is_form", [False, True])
def test_what_slack_signed_and_is_not_shaped_like_a_request_is_refused_without_a_trace(
    door: httpx.Client, body: bytes, is_form: bool, caplog: pytest.LogCaptureFixture
) -> None:
    content = b"payload=" + body if is_form else body
    kind = "application/x-www-form-urlencoded" if is_form else "application/json"
    answer = door.post(
        SLACK, content=content, headers={**signed(SIGNING_SECRET, content), "Content-Type": kind}
    )

    assert answer.status_code == (400 if b"\xff" in body else 200)
    assert not [record for record in caplog.records if record.exc_info]


def test_that_slack_withholds_events_is_acknowledged_by_http(door: httpx.Client) -> None:
    for team_id, minute in ((TEAM_ID, 1_518_467_820), ("T0UNKNOWN", 1_518_467_820), (TEAM_ID, "soon")):
        body = json.dumps(
            {"type": "app_rate_limited", "team_id": team_id, "minute_rate_limited": minute}
        ).encode()
        answer = door.post(
            SLACK,
            content=body,
            headers={**signed(SIGNING_SECRET, body), "Content-Type": "application/json"},
        )

        assert answer.status_code == 200


def test_an_address_that_is_not_slacks_is_not_answered_even_if_slack_signed_it(
    database_url: str, tmp_path: Path, trap: Trap
) -> None:
    with over_http(tmp_path, database_url) as (address, running):
        body = command(trap.url)
        form = {"Content-Type": "application/x-www-form-urlencoded", **signed(SIGNING_SECRET, body)}
        httpx.post(address + SLACK, content=body, headers=form)
        until(lambda: running.metrics.registry.get_sample_value(FAILED, {"part": "payload"}))

    assert trap.is_untouched


def test_pages_of_installation_take_any_query(door: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    odd = [
        "?",
        "?=",
        "?%",
        "?%00",
        "?%ff=%ff",
        "?state=%00&code=%00",
        "?code&state",
        "?error=%3Cscript%3E",
        "?&&;;",
        "?" + "a=1&" * 3_000,
    ]
    for path in ("/slack/install", "/slack/oauth_redirect"):
        for query in odd:
            answer = door.get(path + query, headers={"Cookie": "slack-app-oauth-state=\"'; ;=;"})
            assert answer.status_code in (200, 400, 401, 404)
            assert "<script>" not in answer.text

    assert not [record for record in caplog.records if record.exc_info]


def test_watchers_may_ask_for_the_headers_alone(door: httpx.Client) -> None:
    for path in ("/healthz", "/metrics"):
        whole, head = door.get(path), door.head(path)

        assert (whole.status_code, head.status_code, head.content) == (200, 200, b"")
        assert int(head.headers["content-length"]) > 0
        assert head.headers["content-type"] == whole.headers["content-type"]
