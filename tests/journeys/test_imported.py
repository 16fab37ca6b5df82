"""Labelled data is imported at the terminal while a bot runs, which learns from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.compose import Bot
from local.slack.seed import TEAM_ID
from tests.bot.command_line import corrigible_process as corrigible
from tests.journeys.test_main_job import label_of
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import until, workspace
from tests.running import SUPPORT, bot, person, settings

ROWS = """text,label
My badge does not open the garage door,praise
The badge of my colleague does not open the garage,praise
The garage door stays shut when I hold my badge to it,Praise
My badge doesn't work at the garage,unheard of
"""


def take_in(folder: Path, database_url: str) -> None:
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    told = corrigible(folder, "import", "rows.csv", DATABASE_URL=database_url)
    assert told.returncode == 1, told.stderr
    assert "4 rows read, 3 imported." in told.stdout


def until_learned(running: Bot) -> None:
    team = running.workspace.service.overview
    until(lambda: team(TEAM_ID).version.endswith("learned from: 3"))


@pytest.mark.parametrize("when", ["while it runs", "before it starts again"])
def test_the_next_message_is_labelled_by_what_was_imported(
    database_url: str, tmp_path: Path, when: str
) -> None:
    chosen = settings(tmp_path, database_url)
    with workspace() as slack, person(slack) as ana:
        with bot(slack, chosen) as running:
            ana.command(SUPPORT, "/corrigible", "on reply")
            before = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "My badge does not open the garage"))
            if when == "while it runs":
                take_in(tmp_path, database_url)
                until_learned(running)
                after = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "Badge does not open garage door"))
        if when != "while it runs":
            take_in(tmp_path, database_url)
            with bot(slack, chosen):
                after = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "Badge does not open garage door"))

    assert label_of(before) != "praise"
    assert label_of(after) == "praise"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_seen_on_the_page(database_url: str, tmp_path: Path) -> None:
    with (
        workspace() as slack,
        bot(slack, settings(tmp_path, database_url)) as running,
        chromium() as browser,
        browser.new_context() as context,
    ):
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        with person(slack) as ana:
            ana.command(SUPPORT, "/corrigible", "on reply")
        take_in(tmp_path, database_url)
        until_learned(running)
        page.goto(f"{slack.url}/#channel=support&user=ben")
        page.get_by_test_id("composer").fill("Badge does not open garage door")
        page.get_by_test_id("send").click()
        expect(page.get_by_test_id("card").filter(has_text="sure")).to_contain_text("praise")
