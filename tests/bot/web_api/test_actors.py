"""Whether somebody is a user or an app's bot, as Slack tells it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.web_api.actors import ActorKind, Actors, UnknownActorError
from tests.local.running import ANA, Slack, workspace


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


def test_a_user_is_one_and_bots_workflows_and_slackbot_are_not(slack: Slack) -> None:
    slack.app("U0DEPLOYS1")
    slack.app("U0WORKFLOW", is_workflow_bot=True)
    actors = Actors(slack.web)

    assert [actors.kind(one) for one in (ANA, "U0WORKFLOW")] == [ActorKind.USER, ActorKind.WORKFLOW]
    assert {actors.kind(one) for one in ("U0DEPLOYS1", "USLACKBOT", "B0ANAPP", "U0NOBODY")} == {ActorKind.BOT}


def test_slack_is_asked_once_about_each(slack: Slack) -> None:
    actors = Actors(slack.web)

    assert [actors.kind(ANA) for _ in range(3)] == [ActorKind.USER] * 3
    assert actors.kind("USLACKBOT") is ActorKind.BOT
    assert len(slack.calls("users.info")) == 1


@pytest.mark.parametrize("trouble", [{"kind": "error", "error": "internal_error"}, {"kind": "rate_limited"}])
def test_who_slack_does_not_tell_of_now_is_unknown_for_now(slack: Slack, trouble: dict[str, str]) -> None:
    slack.fault("method", method="users.info", times=1, **trouble)
    actors = Actors(slack.web)

    with pytest.raises(UnknownActorError):
        actors.kind(ANA)
    assert actors.known(ANA) is None
    assert actors.kind(ANA) is ActorKind.USER


def test_what_was_learned_is_known_and_nobody_else_is_without_asking(slack: Slack) -> None:
    actors = Actors(slack.web)
    before = actors.known(ANA)
    actors.kind(ANA)

    assert (before, actors.known(ANA)) == (None, ActorKind.USER)
    assert {actors.known(one) for one in ("USLACKBOT", "B0ANAPP")} == {ActorKind.BOT}
    assert len(slack.calls("users.info")) == 1


def test_without_the_scope_nobody_is_known_to_be_a_user(slack: Slack) -> None:
    slack.fault("scopes", lacking="users:read")

    assert Actors(slack.web).kind(ANA) is ActorKind.BOT
