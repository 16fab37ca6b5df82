"""What people do on the page of the local Slack in these journeys."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Locator, Page


def write(page: Page, text: str) -> None:
    """Send a message in the channel that is open."""
    page.get_by_test_id("composer").first.fill(text)
    page.get_by_test_id("composer").first.press("Enter")


def open_home(page: Page, url: str, user: str) -> Locator:
    """Open the bot's home tab as a user; the tab."""
    page.goto(f"{url}/#channel=corrigible&user={user}")
    page.get_by_test_id("home-tab").click()
    return page.locator("#home")


def take_picture(page: Page, name: str) -> None:
    """Keep a screenshot if the variable SCREENSHOTS names a folder for them."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / name)
