from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from bot.context.names import Policy, SlackNames
from local.slack.server import create_app
from local.slack.setup.config import Config
from local.slack.setup.seed import DIRECT_MESSAGES
from storage.database.engine import Database
from tests.local.running import Slack, served, workspace
from tests.running import ANA, BEN, SUPPORT

TEAM = "T0LOCAL"


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


def test_people_are_called_as_the_team_wishes(slack: Slack, database: Database) -> None:
    called = {
        policy: [SlackNames(slack.web, database, TEAM, policy).person(user) for user in (ANA, BEN, ANA)]
        for policy in get_args(Policy)
    }

    assert called == {
        "real": ["ana", "ben", "ana"],
        "pseudonym": ["Person 1", "Person 2", "Person 1"],
        "none": ["Somebody", "Somebody", "Somebody"],
    }


def test_channels_are_called_as_slack_calls_them_and_direct_messages_what_they_are(
    slack: Slack, database: Database
) -> None:
    names = SlackNames(slack.web, database, TEAM, "none")

    assert names.channel(SUPPORT) == "#support"
    assert names.channel(DIRECT_MESSAGES["ana"]) == "direct message"


def test_what_no_database_takes_is_replaced_in_a_name(database: Database) -> None:
    app = create_app(Config())
    app.state.server.workspace.directory.person(ANA)["profile"]["display_name"] = "A\x00na"
    with served(app, 0) as url, (slack := Slack(url)).http:
        assert SlackNames(slack.web, database, TEAM, "real").person(ANA) == "A\ufffdna"


def test_where_slack_does_not_tell_ids_take_the_place_of_names_for_now(
    slack: Slack, database: Database
) -> None:
    names = SlackNames(slack.web, database, TEAM, "real")
    slack.fault("method", method="users.info", kind="error", error="missing_scope", times=1)

    assert [names.person(ANA), names.person(ANA)] == [ANA, "ana"]


def test_a_name_is_asked_for_once(slack: Slack, database: Database) -> None:
    names = SlackNames(slack.web, database, TEAM, "real")
    for _ in range(3):
        names.person(ANA)

    assert len(slack.calls("users.info")) == 1


def test_a_workflow_is_called_an_app(slack: Slack, database: Database) -> None:
    assert SlackNames(slack.web, database, TEAM, "pseudonym").person("B0WORKFLOW") == "App"
    assert slack.calls("users.info") == []


def test_a_group_direct_message_is_not_called_by_its_peoples_names(slack: Slack, database: Database) -> None:
    names = SlackNames(slack.web, database, TEAM, "pseudonym")

    assert names.channel(slack.group("ben", "chloe")) == "group direct message"
