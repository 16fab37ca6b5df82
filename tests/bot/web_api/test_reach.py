from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from bot.web_api import reach as reaching
from bot.web_api import refusals
from bot.web_api.reach import NO_ANSWER, Reach
from bot.web_api.refusals import Refusal
from local.slack.setup.credentials import BOT_TOKEN
from local.slack.setup.seed import CHANNELS
from tests.clocks import replace_clock
from tests.local.running import Slack, until, workspace

SUPPORT = CHANNELS["support"]


@pytest.fixture(scope="module")
def running() -> Iterator[Slack]:
    with workspace() as slack:
        yield slack


@pytest.fixture
def slack(running: Slack) -> Iterator[Slack]:
    yield running
    running.fault("clear", records=True)


@pytest.fixture
def client(slack: Slack) -> WebClient:
    return WebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/", retry_handlers=[])


def post(client: WebClient, reach: Reach) -> Refusal | None:
    """Post something; what became of it."""
    try:
        client.chat_postMessage(channel=SUPPORT, text="hello")
    except refusals.FAULTS as error:
        return reach.judge(refusals.of(error, 0))
    return None


@pytest.mark.parametrize("fault", [{"kind": "no_answer"}, {"kind": "status", "status": 503}], ids=str)
def test_if_slack_answers_nothing_that_is_no_fault_of_a_delivery(
    slack: Slack, client: WebClient, fault: dict[str, object]
) -> None:
    reach = Reach(client)
    slack.fault("method", method="*", times=100, **fault)
    refusal = post(client, reach)
    trouble = reach.trouble()
    waits_s = reach.wait_s()
    slack.fault("clear")
    until(lambda: reach.wait_s() == 0.0)

    assert refusal
    assert (refusal.attempts, refusal.may_stand) == (0, True)
    assert trouble
    assert (trouble.part, trouble.reason) == ("slack", NO_ANSWER)
    assert 0 < waits_s <= 1
    assert reach.trouble() is None


def test_if_slack_answers_others_it_is_a_failed_attempt(slack: Slack, client: WebClient) -> None:
    reach = Reach(client)
    slack.fault("method", method="chat.postMessage", kind="no_answer", times=1)

    refusal = post(client, reach)

    assert refusal
    assert refusal.attempts == 1
    assert reach.wait_s() == 0.0


def test_a_refused_token_shuts_the_workspace_and_slack_is_asked_less_and_less(
    slack: Slack, client: WebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach = Reach(client)
    slack.fault("method", method="*", kind="error", error="token_revoked", times=100)
    refusal = post(client, reach)
    now = time.monotonic()
    replace_clock(monkeypatch, reaching, monotonic=lambda: now)
    waits = []
    for _ in range(8):
        waits.append(reach.wait_s())
        now += waits[-1]

    assert refusal
    assert (refusal.attempts, refusal.is_final) == (0, False)
    assert waits[1:] == sorted(waits[1:])
    assert waits[-1] == 60.0
