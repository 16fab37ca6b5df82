"""Reviews in Argilla in these journeys: datasets, records and what they say."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from bot.context.settings import Settings
from local.argilla.embedded import SignIn
from tests.reviewer import Reviewer
from tests.running import settings

Json = dict[str, Any]


def dataset() -> str:
    """The name of a dataset that nobody else uses."""
    return f"test-{secrets.token_hex(6)}"


def annotated(folder: Path, database_url: str, **changes: Any) -> Settings:
    """Settings with a dataset of its own, in which reviewers are asked about corrections alone."""
    return settings(folder, database_url, **{"argilla_dataset": dataset(), "ask_per_day": 0, **changes})


def record_saying(reviewer: Reviewer, text: str, word: str) -> Json | None:
    """The record of a message, if it tells reviewers that people chose this label."""
    found = reviewer.find(text)
    return found if found and word in str(found["fields"]["said"]) else None


def sign_in(page: Page, argilla: SignIn) -> None:
    """Sign in to Argilla as its owner."""
    page.goto(f"{argilla.url}/sign-in")
    page.locator("input[name=Username]").fill(argilla.username)
    page.locator("input[name=Password]").fill(argilla.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Home").first).to_be_visible()


def open_dataset(page: Page, argilla: SignIn, reviewer: Reviewer) -> None:
    """Open the records that are to be answered, one by one."""
    page.goto(f"{argilla.url}/dataset/{reviewer.dataset()['id']}/annotation-mode")
