"""An app that is installed into a whole organization: one token for the teams, whose ids differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.slack.person import Person
from local.slack.setup.seed import BOT_USER_ID
from local.slack.setup.team import Team
from tests.local.factories import modal, section, state
from tests.local.installed import Bot, replies, running_bot
from tests.local.running import ANA, PATIENT, SUPPORT, Grid, free_port, grid, refusal, until

ORGANIZATION = {"id": "E0HOOLI", "name": "Hooli"}
EAST = Team("T0EAST", "Hooli East", "hooli-east", "E0HOOLI", "Hooli", mark="E")
WEST = Team("T0WEST", "Hooli West", "hooli-west", "E0HOOLI", "Hooli", mark="W")
OUTSIDE = Team("T0ACME", "Acme", "acme")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def slack(port: int) -> Iterator[Grid]:
    hook = f"http://127.0.0.1:{port}/slack/events"
    with grid(bot_url=hook, teams=(EAST, WEST, OUTSIDE), **PATIENT) as running:
        yield running


@pytest.fixture
def bot(slack: Grid, port: int, tmp_path: Path) -> Iterator[Bot]:
    with running_bot(slack, port, tmp_path) as running:
        yield running


def say(slack: Grid, team: Team, text: str) -> str:
    return slack.team(team.id).say(text, channel=team.own(SUPPORT), user=team.own(ANA))


def said(slack: Grid, team: Team) -> list[str]:
    return replies(slack, team.id, team.own(SUPPORT), team.own(ANA))


def test_one_installation_serves_every_team_of_the_organization_and_no_other(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ORGANIZATION["id"])
    for team in (OUTSIDE, EAST, WEST):
        say(slack, team, "hello")

    until(lambda: said(slack, EAST) and said(slack, WEST))

    kept = bot.installation(None, ORGANIZATION["id"])
    assert kept is not None
    assert (kept.team_id, kept.enterprise_name, kept.is_enterprise_install) == (None, "Hooli", True)
    assert said(slack, EAST) == ["I am in T0EAST"]
    assert said(slack, WEST) == ["I am in T0WEST"]
    assert said(slack, OUTSIDE) == []


def test_events_name_their_team_but_the_authorization_only_the_organization(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ORGANIZATION["id"])
    say(slack, WEST, "hello")

    body = until(bot.messages)[0]

    assert (body["team_id"], body["enterprise_id"]) == (WEST.id, ORGANIZATION["id"])
    assert body["event"]["channel"] == "CW0SUPPORT1"
    assert body["authorizations"] == [
        {
            "enterprise_id": ORGANIZATION["id"],
            "team_id": None,
            "user_id": BOT_USER_ID,
            "is_bot": True,
            "is_enterprise_install": True,
        }
    ]


def test_commands_and_clicks_name_the_organization_and_stay_in_their_team(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ORGANIZATION["id"])
    channel = WEST.own(SUPPORT)
    with Person(f"{slack.url}/{WEST.id}/", WEST.own(ANA)) as ana:
        whisper = ana.command(channel, "/corrigible", "hello")
        view = ana.open_view(ana.wait_for_reply(channel, ana.write(channel, "Help")), "go")
        ana.submit(view, state()["values"])
        until(lambda: "Thanks, T0WEST" in said(slack, WEST))

    assert whisper["text"] == "You are in T0WEST, hooli-west"
    command = next(body for body in bot.heard if "command" in body)
    assert (command["enterprise_id"], command["enterprise_name"]) == ("E0HOOLI", "Hooli")
    assert command["is_enterprise_install"] == "true"
    click = next(body for body in bot.heard if body.get("type") == "block_actions")
    assert (click["team"], click["enterprise"], click["is_enterprise_install"]) == (None, ORGANIZATION, True)
    assert click["user"]["team_id"] == WEST.id
    assert (view["team_id"], view["app_installed_team_id"]) == (WEST.id, ORGANIZATION["id"])
    assert said(slack, EAST) == []


def test_a_call_goes_to_the_team_that_has_what_it_names(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ORGANIZATION["id"])
    web = slack.web(bot.token(None, ORGANIZATION["id"]))

    assert web.auth_test()["is_enterprise_install"] is True
    assert (web.auth_test()["team_id"], web.auth_test()["team"]) == ("E0HOOLI", "Hooli")
    assert web.users_info(user=WEST.own(ANA))["user"]["team_id"] == WEST.id
    assert web.conversations_info(channel=EAST.own(SUPPORT))["channel"]["context_team_id"] == EAST.id
    assert len(web.users_list(team_id=WEST.id)["members"]) == 5
    assert refusal(web.users_list) == "missing_argument"
    assert refusal(web.users_list, team_id=OUTSIDE.id) == "team_access_not_granted"
    assert refusal(web.chat_postMessage, channel=SUPPORT, text="not theirs") == "channel_not_found"
    web.views_publish(user_id=WEST.own(ANA), view={"type": "home", "blocks": [section()]})
    assert slack.team(WEST.id).calls("views.publish")
    assert refusal(web.views_open, trigger_id="1.2.3", view=modal()) == "invalid_trigger_id"


def test_a_file_reaches_a_channel_of_any_team(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ORGANIZATION["id"])
    web = slack.web(bot.token(None, ORGANIZATION["id"]))

    file = web.files_upload_v2(channel=WEST.own(SUPPORT), content=b"chart", filename="chart.png")["file"]

    shown = slack.team(WEST.id).messages(WEST.own(SUPPORT), WEST.own(ANA))[-1]["files"][0]
    assert shown["id"] == file["id"]
    assert httpx.get(shown["url_private"]).content == b"chart"
    assert slack.team(WEST.id).http.get(f"/files/{file['id']}").content == b"chart"


def test_removing_it_anywhere_removes_it_from_the_whole_organization(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, ORGANIZATION["id"])
    token = bot.token(None, ORGANIZATION["id"])

    slack.uninstall(WEST.id)
    gone = until(lambda: bot.events("app_uninstalled"))
    until(lambda: bot.installation(None, ORGANIZATION["id"]) is None)

    assert (gone[0]["enterprise_id"], gone[0]["team_id"]) == (ORGANIZATION["id"], None)
    assert len(bot.events("tokens_revoked")) == len(gone) == 1
    assert refusal(slack.web(token).auth_test) == "account_inactive"
    assert slack.team(EAST.id).page("uninstall")["error"] == "app_not_installed"


def test_one_team_of_an_organization_can_have_it_for_itself(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, EAST.id)
    for team in (WEST, EAST):
        say(slack, team, "hello")
    until(lambda: said(slack, EAST))

    [body] = bot.messages()
    assert (body["team_id"], body["enterprise_id"]) == (EAST.id, ORGANIZATION["id"])
    assert body["authorizations"][0]["team_id"] == EAST.id
    assert body["authorizations"][0]["is_enterprise_install"] is False
    kept = bot.installation(EAST.id, ORGANIZATION["id"])
    assert kept is not None
    assert kept.is_enterprise_install is False


def test_an_organizations_installation_takes_the_place_of_a_teams(slack: Grid, bot: Bot) -> None:
    slack.install(bot.url, EAST.id)
    before = bot.token(EAST.id, ORGANIZATION["id"])

    slack.install(bot.url, ORGANIZATION["id"])
    again = slack.install(bot.url, EAST.id)

    assert refusal(slack.web(before).auth_test) == "account_inactive"
    assert again.status_code == 401
    assert slack.web(bot.token(None, ORGANIZATION["id"])).auth_test()["ok"]
