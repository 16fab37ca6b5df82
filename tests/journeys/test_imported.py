"""Labelled data is imported at the terminal while a bot runs, which learns from it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from tests.journeys.pages import write
from tests.journeys.steps import card_on, label_of, turn_on
from tests.local.running import Slack, until
from tests.running import SUPPORT, bot, corrigible, settings

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


def test_what_is_imported_while_the_bot_runs_labels_the_next_message(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path, page: Page
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        turn_on(ana, SUPPORT)
        before = card_on(ana, SUPPORT, "My badge does not open the garage")
        take_in(tmp_path, database_url)
        until_learned(running)
        page.goto(f"{slack.url}/#channel=support&user=ben")
        write(page, "Badge does not open garage door")
        expect(page.get_by_test_id("card").filter(has_text="sure").last).to_contain_text("praise")

    assert label_of(before) != "praise"


def test_what_was_imported_while_the_bot_was_away_labels_the_next_message(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url)
    with bot(slack, chosen):
        turn_on(ana, SUPPORT)
        before = card_on(ana, SUPPORT, "Badge does not open garage door")
    take_in(tmp_path, database_url)
    with bot(slack, chosen):
        after = card_on(ana, SUPPORT, "Badge does not open garage door")

    assert label_of(before) != "praise"
    assert label_of(after) == "praise"
