"""What journeys share: a workspace with people in it, and one bot for all tests of a module."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from bot.app.compose import Bot
from local.slack.person import Person
from tests.journeys.steps import unlearn
from tests.local.browser import WAIT_MS
from tests.local.running import Slack, workspace
from tests.running import ANA, BEN, PATIENT, bot, person, settings


@dataclass(frozen=True)
class Shared:
    """A bot and the workspace that it serves."""

    slack: Slack
    bot: Bot


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    """Settings in which the shared bot differs from others. A module overrides this fixture to change some."""
    return {}


@pytest.fixture(scope="module")
def shared(
    changes: dict[str, Any], sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("shared")
    shutil.copyfile(sqlite_template, folder / "corrigible.db")
    chosen = settings(folder, f"sqlite:///{folder}/corrigible.db", **changes)
    with workspace(**PATIENT) as slack, bot(slack, chosen) as running:
        yield Shared(slack, running)


@pytest.fixture
def running(shared: Shared) -> Iterator[Bot]:
    """A bot that serves all tests of a module, each in a `channel` of its own. What one teaches it no other finds."""
    yield shared.bot
    unlearn(shared.bot)


@pytest.fixture
def slack(request: pytest.FixtureRequest) -> Iterator[Slack]:
    """The workspace of the `running` bot, or one without a bot if the test doesn't ask for that."""
    if "running" in request.fixturenames:
        shared: Shared = request.getfixturevalue("shared")
        yield shared.slack
        shared.slack.fault("clear")
        return
    with workspace(**PATIENT) as fresh:
        yield fresh


@pytest.fixture
def channel(slack: Slack) -> str:
    """A public channel that only this test uses, with the bot in it."""
    return slack.channel(f"test-{secrets.token_hex(4)}")


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


@pytest.fixture
def ben(slack: Slack) -> Iterator[Person]:
    with person(slack, BEN) as somebody:
        yield somebody


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of a browser that has seen nothing yet."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(WAIT_MS)
        yield context.new_page()
