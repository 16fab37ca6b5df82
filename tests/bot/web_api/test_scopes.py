"""What an installation may not do, and where that is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt.request import BoltRequest

from bot.web_api.scopes import SCOPES, InstallPage, Scopes
from local.slack.wire.scopes import EVERY
from tests.local.running import Slack, workspace


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


def _request(host: str) -> BoltRequest:
    return BoltRequest(body="{}", headers={"host": host})


def test_the_local_workspace_allows_all_that_the_manifest_asks_for() -> None:
    assert set(SCOPES) <= EVERY


def test_nothing_is_said_where_nothing_is_lacking(slack: Slack) -> None:
    slack.fault("scopes", lacking="")

    assert Scopes(slack.web, None).told() == ""


def test_each_lacking_scope_is_named_with_what_does_not_work(slack: Slack) -> None:
    slack.fault("scopes", lacking="mpim:history,files:write")
    scopes = Scopes(slack.web, None)

    assert scopes.lacking() == ["files:write", "mpim:history"]
    assert scopes.lacks("im:history", "mpim:history") == "mpim:history"
    assert scopes.lacks("im:history") is None
    assert "`files:write` (digests and training notes have no picture)" in scopes.told()


@pytest.mark.parametrize("trouble", [{"kind": "error", "error": "internal_error"}, {"kind": "no_answer"}])
def test_where_slack_says_nothing_nothing_is_lacking(slack: Slack, trouble: dict[str, Any]) -> None:
    slack.fault("scopes", lacking="mpim:history")
    slack.fault("method", method="auth.test", times=2, **trouble)
    slack.web.retry_handlers = []

    assert Scopes(slack.web, None).told() == ""
    slack.fault("clear")


@pytest.mark.parametrize(
    ("redirect_url", "host", "address"),
    [
        ("https://bot.example/slack/oauth_redirect", "other.example", "https://bot.example/slack/install"),
        (None, "bot.example", "https://bot.example/slack/install"),
        (None, "127.0.0.1:8318", "http://127.0.0.1:8318/slack/install"),
        (None, "[::1]:8318", "http://[::1]:8318/slack/install"),
        (None, "bot.example|>evil", None),
        (None, "", None),
    ],
)
def test_the_page_of_installation_is_where_settings_say_or_slack_calls(
    redirect_url: str | None, host: str, address: str | None
) -> None:
    page = InstallPage(redirect_url)
    page.hear(_request(host))

    assert page.address == address


def test_an_app_that_is_installable_says_where(slack: Slack) -> None:
    slack.fault("scopes", lacking="mpim:history")
    page = InstallPage(None)
    scopes = Scopes(slack.web, page)

    assert "`/slack/install` of my address" in scopes.told()
    page.hear(_request("bot.example"))
    assert "<https://bot.example/slack/install|Authorize me again>" in scopes.told()
