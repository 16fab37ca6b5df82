from __future__ import annotations

from typing import Any

import pytest

from bot.slack.payloads import PayloadError, enterprise_of, removed_from, team_of, withdrawn_from
from bot.web_api.scopes import SCOPES
from tests.manifest import listed


def test_the_scopes_asked_for_are_those_of_the_manifest() -> None:
    assert list(SCOPES) == listed("bot")


def test_slack_is_asked_to_tell_when_the_app_is_removed() -> None:
    assert {"app_uninstalled", "tokens_revoked"} <= set(listed("bot_events"))


@pytest.mark.parametrize(
    ("body", "team"),
    [
        ({"team_id": "T2", "authorizations": [{"team_id": "T1"}]}, "T1"),
        ({"team_id": "T1", "authorizations": [{"team_id": None, "is_enterprise_install": True}]}, "T1"),
        ({"team": {"id": "T1"}, "user": {"team_id": "T2"}}, "T1"),
        ({"team": None, "user": {"team_id": "T1"}}, "T1"),
        ({"team_id": "T1", "command": "/corrigible"}, "T1"),
    ],
)
def test_the_workspace_of_a_request_is_the_one_in_which_the_app_is_installed(
    body: dict[str, Any], team: str
) -> None:
    assert team_of(body) == team


def test_a_request_of_no_workspace_is_an_error_of_ours() -> None:
    with pytest.raises(PayloadError, match="names no team"):
        team_of({"team": {}})


@pytest.mark.parametrize(
    ("event", "more", "removed"),
    [
        ({"type": "app_uninstalled"}, {}, (None, "T1")),
        ({"type": "tokens_revoked", "tokens": {"bot": ["U1"]}}, {}, (None, "T1")),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U9"], "bot": []}}, {}, None),
        ({"type": "app_uninstalled"}, {"enterprise_id": "E1"}, ("E1", "T1")),
        (
            {"type": "app_uninstalled"},
            {
                "enterprise_id": "E1",
                "authorizations": [{"enterprise_id": "E1", "is_enterprise_install": True}],
            },
            ("E1", None),
        ),
    ],
)
def test_what_was_removed_is_the_installation_of_a_team_or_of_an_organization(
    event: dict[str, Any], more: dict[str, Any], removed: tuple[str | None, str | None] | None
) -> None:
    assert removed_from({"team_id": "T1", "event": event, **more}) == removed


def test_an_organization_takes_the_app_out_of_some_of_its_workspaces() -> None:
    event = {"type": "team_access_revoked", "team_ids": ["T2", "T3"]}

    assert withdrawn_from({"team_id": "T1", "event": event}) == ["T2", "T3"]
    assert withdrawn_from({"team_id": "T1", "event": {"type": "app_uninstalled"}}) == []
    with pytest.raises(PayloadError, match="names no teams"):
        withdrawn_from({"event": {"type": "team_access_revoked"}})


def test_only_a_request_that_an_organization_allowed_is_of_one() -> None:
    assert enterprise_of({"enterprise_id": "E1", "is_enterprise_install": "false"}) is None
    assert enterprise_of({"enterprise_id": "E1", "is_enterprise_install": "true"}) == "E1"
