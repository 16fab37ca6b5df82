"""Several workspaces: the app is installed by OAuth, serves each for itself, and goes when it is removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import inspect, text

from bot.app.compose import Bot
from bot.context.settings import Settings
from bot.slack.payloads import ButtonTarget
from local.slack.setup.credentials import CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET
from local.slack.setup.team import Team
from storage.feedback import corrections
from storage.messages import channels
from storage.tables.messages import Mode
from tests.databases import on_both
from tests.journeys.installing import ana_in, everything, installable, installed, serves
from tests.journeys.pages import write
from tests.journeys.steps import card_on, teach, turn_on, until_learned
from tests.local.running import ACME, ANA, GLOBEX, SUPPORT, Grid, free_port, grid, until
from tests.running import COMMAND, PATIENT, learned, settings

CRASH = "The app crashes with an error"
ORGANIZATION = "E0HOOLI"
EAST = Team("T0EAST", "Hooli East", "hooli-east", ORGANIZATION, "Hooli", mark="E")
WEST = Team("T0WEST", "Hooli West", "hooli-west", ORGANIZATION, "Hooli", mark="W")


@contextmanager
def installable_process(slack: Grid, chosen: Settings) -> Iterator[Path]:
    """The same as an operator starts it; its log."""
    log = Path(chosen.workplace).parent / "bot.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SLACK_")},
        "SLACK_API_URL": f"{slack.url}/api/",
        "SLACK_CLIENT_ID": CLIENT_ID,
        "SLACK_CLIENT_SECRET": CLIENT_SECRET,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "DATABASE_URL": chosen.database_url.get_secret_value(),
        "LABELS_FILE": str(chosen.labels_file),
        "PORT": str(chosen.port),
        "MODELS_URL": chosen.models_url,
        "WORKPLACE": str(chosen.workplace),
    }
    command = [sys.executable, "-c", COMMAND, "run"]
    with (
        log.open("wb") as written,
        subprocess.Popen(command, env=environment, stdout=written, stderr=written) as process,
    ):
        try:
            until(lambda: "installed at" in log.read_text())
            yield log
        finally:
            process.send_signal(signal.SIGINT)


def cards_of(slack: Grid, team: Team, ts: str) -> list[dict[str, Any]]:
    seen = slack.team(team.id).messages(team.own(SUPPORT), team.own(ANA))
    return [one for one in seen if one.get("thread_ts") == ts != one["ts"] and "bot_id" in one]


@on_both
def test_each_workspace_that_installs_it_is_served_for_itself(database_url: str, tmp_path: Path) -> None:
    with everything(tmp_path, database_url) as (slack, running):
        installed(slack, running, ACME, GLOBEX)
        with ana_in(slack, ACME) as acme, ana_in(slack, GLOBEX) as globex:
            turn_on(acme, SUPPORT)
            turn_on(globex, SUPPORT)
            card = card_on(acme, SUPPORT, CRASH)
            before = learned(running)
            teach(acme, card, "praise")
            until_learned(running, before)
            card = card_on(acme, SUPPORT, f"{CRASH} again")
            other = card_on(globex, SUPPORT, f"{CRASH} again")
            home = str(globex.home())

    assert "praise" in str(card["blocks"])
    assert "praise" not in str(other["text"]), "what one workspace taught, another must not learn"
    assert "0 corrections and confirmations" in home
    assert "home_retrain" in home, "who installed it operates it"


def test_the_command_serves_whoever_installs_the_app(database_url: str, tmp_path: Path) -> None:
    chosen = settings(tmp_path, database_url, port=free_port())
    with (
        grid(f"http://127.0.0.1:{chosen.port}/slack/events", **PATIENT) as slack,
        installable_process(slack, chosen) as log,
    ):
        assert slack.install(slack.bot_url, ACME.id).status_code == 200
        until(lambda: "workspace served team=T0ACME" in log.read_text())
        with ana_in(slack, ACME) as acme:
            turn_on(acme, SUPPORT)
            card = card_on(acme, SUPPORT, CRASH)

    assert "bug" in card["text"]
    assert "file-based" not in log.read_text(), "Bolt makes no stores of its own"


def test_a_button_of_one_workspace_does_nothing_in_another(database_url: str, tmp_path: Path) -> None:
    with everything(tmp_path, database_url) as (slack, running):
        installed(slack, running, ACME, GLOBEX)
        with ana_in(slack, ACME) as acme, ana_in(slack, GLOBEX) as globex:
            turn_on(acme, SUPPORT)
            turn_on(globex, SUPPORT)
            card = card_on(acme, SUPPORT, CRASH)
            theirs = running.workspaces.of(GLOBEX.id)
            assert theirs
            value = next(
                one["value"]
                for block in card["blocks"]
                for one in block.get("elements", [])
                if "value" in one
            )
            message_id, _, label_id = value.partition(":")
            with pytest.raises(LookupError):
                theirs.service.confirm_or_choose(GLOBEX.id, ANA, ButtonTarget(message_id, 0), label_id)
            with pytest.raises(LookupError):
                theirs.service.choice(GLOBEX.id, message_id)
        with running.database.reading() as session:
            assert corrections.count(session, ACME.id) == 0


def test_tokens_are_sealed_in_the_database(database_url: str, tmp_path: Path) -> None:
    with everything(tmp_path, database_url) as (slack, running):
        installed(slack, running, ACME)
        served = running.workspaces.of(ACME.id)
        assert served
        token = served.grant.token
        with running.database.engine.connect() as connection:
            kept = [
                str(row)
                for table in ("slack_bots", "slack_installations")
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            ]

    assert token.startswith("xox")
    assert kept
    assert all(token not in row for row in kept)


@on_both
def test_it_goes_at_once_when_it_is_removed_and_can_be_installed_again(
    database_url: str, tmp_path: Path
) -> None:
    with everything(tmp_path, database_url) as (slack, running):
        installed(slack, running, ACME, GLOBEX)
        with ana_in(slack, ACME) as acme:
            turn_on(acme, SUPPORT)
        slack.uninstall(ACME.id)
        until(lambda: serves(running, GLOBEX.id))
        slack.revoke(GLOBEX.id)
        until(lambda: serves(running))
        installed(slack, running, ACME)
        with running.database.reading() as session:
            mode = channels.mode_of(session, ACME.id, SUPPORT)
        with ana_in(slack, ACME) as acme:
            card = card_on(acme, SUPPORT, CRASH)

    assert mode is Mode.REPLY
    assert card


def rows(running: Bot) -> dict[str, int]:
    """How many rows each table has."""
    with running.database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}


def test_strangers_who_open_the_page_of_installation_leave_nothing_behind(
    database_url: str, tmp_path: Path
) -> None:
    with everything(tmp_path, database_url) as (slack, running), httpx.Client() as strangers:
        until(lambda: not rows(running)["purge"])  # a new database asks for one purge, which ends at any time
        before = rows(running)
        for _ in range(50):
            assert strangers.get(f"{slack.bot_url}/slack/install").status_code == 200
            assert strangers.get(f"{slack.bot_url}/slack/oauth_redirect?code=1&state=2").status_code == 400
        after = rows(running)

    assert before == after


def test_a_way_back_from_slack_leads_to_an_installation_once_and_installing_again_keeps_one_row(
    database_url: str, tmp_path: Path
) -> None:
    with everything(tmp_path, database_url) as (slack, running):
        for _ in range(3):
            installed(slack, running, ACME)
        kept = rows(running)
        back = slack.allow(slack.bot_url, GLOBEX.id)
        browser = {"cookie": f"slack-app-oauth-state={httpx.URL(back).params['state']}"}
        answers = [httpx.get(back, headers=headers).status_code for headers in ({}, browser, browser)]

    assert (kept["slack_bots"], kept["slack_installations"]) == (1, 1)
    assert answers == [400, 200, 401]


def test_a_restart_goes_on_where_it_was_installed(database_url: str, tmp_path: Path) -> None:
    chosen = settings(tmp_path, database_url, port=free_port())
    with grid(f"http://127.0.0.1:{chosen.port}/slack/events", **PATIENT) as slack:
        with installable(slack, chosen) as running:
            installed(slack, running, ACME)
        with installable(slack, chosen) as running, ana_in(slack, ACME) as acme:
            until(lambda: serves(running, ACME.id))
            turn_on(acme, SUPPORT)
            assert card_on(acme, SUPPORT, CRASH)


def test_a_token_that_is_about_to_expire_is_rotated_before_it_is_used(
    database_url: str, tmp_path: Path
) -> None:
    with everything(tmp_path, database_url, token_life_s=60) as (slack, running):
        installed(slack, running, ACME)
        first = running.workspaces.of(ACME.id)
        assert first
        until(lambda: token(running) != first.grant.token)
        assert running.workspaces.of(ACME.id) is first, "a new token builds nothing anew"
        with ana_in(slack, ACME) as acme:
            turn_on(acme, SUPPORT)
            assert card_on(acme, SUPPORT, CRASH)


def token(running: Bot) -> str | None:
    served = running.workspaces.of(ACME.id)
    return served.clients.authorized().bot_token if served else None


def test_an_organization_installs_it_once_for_all_its_workspaces(database_url: str, tmp_path: Path) -> None:
    with everything(tmp_path, database_url, teams=(EAST, WEST)) as (slack, running):
        assert slack.install(slack.bot_url, ORGANIZATION).status_code == 200
        for team in (EAST, WEST):
            with ana_in(slack, team) as somebody:
                support = team.own(SUPPORT)
                turn_on(somebody, support)
                ts = somebody.write(support, CRASH)
                until(partial(cards_of, slack, team, ts))
        until(lambda: serves(running, EAST.id, WEST.id))
        slack.withdraw(WEST.id)
        until(lambda: serves(running, EAST.id))
        slack.uninstall(EAST.id)
        until(lambda: serves(running))


def test_a_request_that_slack_did_not_sign_is_refused(database_url: str, tmp_path: Path) -> None:
    with everything(tmp_path, database_url, teams=(EAST, WEST)) as (slack, running):
        assert slack.install(slack.bot_url, ORGANIZATION).status_code == 200
        body = {"team_id": "T0FORGED", "enterprise_id": ORGANIZATION, "is_enterprise_install": "true"}
        answer = httpx.post(f"{slack.bot_url}/slack/events", data=body)

        assert answer.status_code == 401
        assert serves(running)


def test_a_person_installs_it_in_a_browser_and_removes_it_there(
    database_url: str, tmp_path: Path, page: Page
) -> None:
    with everything(tmp_path, database_url) as (slack, running):
        page.goto(f"{slack.bot_url}/slack/install")
        page.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("corrigible asks to be installed")
        page.get_by_role("radio", name="Globex").check()
        page.get_by_role("button", name="Allow").click()
        expect(page.locator("body")).to_contain_text("Thank you")
        until(lambda: serves(running, GLOBEX.id))
        page = page.context.new_page()  # the other one asks whether to open Slack's own program
        page.goto(f"{slack.url}/{GLOBEX.id}/#channel=corrigible&user=ana")
        expect(page.get_by_test_id("bot-status")).to_have_text("corrigible is connected")
        page.get_by_test_id("home-tab").click()
        expect(page.locator("#home")).to_contain_text("Where it is on")
        page.get_by_role("button", name="Remove app").click()
        page.get_by_test_id("confirm").click()
        until(lambda: serves(running))


def test_an_organization_installs_it_in_a_browser_and_each_workspace_sees_its_own_alone(
    database_url: str, tmp_path: Path, page: Page
) -> None:
    with everything(tmp_path, database_url, teams=(EAST, WEST)) as (slack, running):
        page.goto(f"{slack.bot_url}/slack/install")
        page.get_by_role("link").click()
        page.get_by_role("radio", name="Hooli, the whole organization").check()
        page.get_by_role("button", name="Allow").click()
        expect(page.get_by_test_id("bot-status")).to_have_text("corrigible is connected")
        with ana_in(slack, EAST) as east:
            turn_on(east, EAST.own(SUPPORT))
            assert card_on(east, EAST.own(SUPPORT), CRASH)
        page.goto(f"{slack.url}/{WEST.id}/#channel={EAST.own(SUPPORT)}&user={EAST.own(ANA)}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Hooli West")
        page.get_by_test_id("channel-link").filter(has_text="support").click()
        write(page, "/corrigible on reply")
        expect(page.locator(".ephemeral")).to_contain_text("On. I answer every message")
        write(page, "I want a refund")
        expect(page.get_by_test_id("card").filter(has_text="sure")).to_contain_text("billing")
        expect(page.get_by_text(CRASH)).to_have_count(0)
        assert serves(running, EAST.id, WEST.id)
