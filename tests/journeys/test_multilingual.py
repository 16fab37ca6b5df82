"""`ENCODER=multilingual`: from the wheel's file to answers in Slack, and back to another encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.compose import Bot
from learning.model_files.multilingual import NAME, TITLE
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.models import versions
from tests.journeys.steps import turn_on
from tests.learning.tiny_e5 import install
from tests.local.running import Slack
from tests.running import SUPPORT, bot, settings


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch)


def served(running: Bot) -> tuple[int, str]:
    """The number and the encoder's name of the version in service."""
    with running.database.reading() as session:
        number = versions.in_service(session, TEAM_ID)
        assert number is not None
        return number, versions.get(session, TEAM_ID, number).encoder_name


@pytest.mark.usefixtures("tiny")
def test_the_encoder_that_settings_name_answers_under_its_name_and_another_one_comes_and_goes(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, encoder=NAME)) as running:
        turn_on(ana, SUPPORT)
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "where is my invoice"))
        first = served(running)
    with bot(slack, settings(tmp_path, database_url)) as running:
        other = served(running)
    with bot(slack, settings(tmp_path, database_url, encoder=NAME)) as running:
        again = served(running)

    assert card["blocks"]
    assert first == again == (1, TITLE)
    assert other == (2, "all-MiniLM-L6-v2")
