from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.permissions.organization import Organization
from bot.slack import payloads
from bot.slack.payloads import Actor
from local.slack.setup.seed import TEAM_ID
from tests.local.running import Slack, workspace
from tests.running import ANA, BEN

ELSEWHERE = "T0ELSEWHERE"


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    with workspace() as running:
        running.employ(BEN, ELSEWHERE)
        yield running


def test_slack_is_not_asked_of_people_whose_payloads_name_our_team_or_organization(slack: Slack) -> None:
    ours = Organization(slack.web, TEAM_ID, "E1")

    assert ours.has(Actor(ANA, TEAM_ID))
    assert ours.has(Actor(ANA, "E1"))
    assert slack.calls("users.info") == []


@pytest.mark.parametrize("team_id", [ELSEWHERE, None])
def test_whom_another_team_sent_is_looked_up_once(slack: Slack, team_id: str | None) -> None:
    ours, before = Organization(slack.web, TEAM_ID, None), len(slack.calls("users.info"))

    told = [ours.has(Actor(user, team_id)) for user in (ANA, BEN, ANA, BEN)]

    assert told == [True, False, True, False]
    assert len(slack.calls("users.info")) == before + 2


def test_who_can_not_be_told_from_a_stranger_is_one(slack: Slack) -> None:
    assert not Organization(slack.web, TEAM_ID, None).has(Actor("U0NOBODY", None))


@pytest.mark.parametrize(
    ("body", "actor"),
    [
        ({"user": {"id": ANA, "team_id": "T1"}, "team": {"id": "T2"}}, Actor(ANA, "T1")),
        ({"user": {"id": ANA}}, Actor(ANA, None)),
        ({"user_id": ANA, "team_id": "T1"}, Actor(ANA, "T1")),
        ({"event": {"type": "app_home_opened", "user": ANA}, "team_id": "T1"}, None),
        ({"event": {"type": "message", "user": ANA}, "team_id": "T1"}, None),
        ({}, None),
    ],
)
def test_who_acts_is_read_from_everything_that_people_do_on_purpose(
    body: dict[str, Any], actor: Actor | None
) -> None:
    assert payloads.actor(body) == actor
