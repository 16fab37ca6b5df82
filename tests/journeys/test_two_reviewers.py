"""Reviewers whom an operator added answer the same message in Argilla, and `status` tells how far they agree."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from local.argilla.embedded import SignIn
from local.slack.person import Person
from tests.bot.command_line import corrigible
from tests.journeys.pages import take_picture
from tests.journeys.reviewing import annotated
from tests.journeys.steps import card_on, teach, turn_on
from tests.local.browser import WAIT_MS
from tests.local.running import Slack
from tests.reviewer import Reviewer
from tests.running import SUPPORT, bot

MESSAGE = "My badge does not open the garage door"


def sign_in(page: Page, argilla: SignIn, name: str, password: str) -> None:
    page.goto(f"{argilla.url}/sign-in")
    page.locator("input[name=Username]").fill(name)
    page.locator("input[name=Password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Home").first).to_be_visible()


def test_reviewers_whom_an_operator_added_agree_and_status_says_how_far(
    slack: Slack, ana: Person, argilla: SignIn, database_url: str, tmp_path: Path, browser: Browser
) -> None:
    chosen = annotated(tmp_path, database_url, argilla_overlap=1.0)
    name = f"{chosen.argilla_dataset}-twice"
    environment = {
        "DATABASE_URL": database_url,
        "PORT": str(chosen.port),
        "ARGILLA_API_URL": argilla.url,
        "ARGILLA_API_KEY": argilla.api_key,
    }
    with bot(slack, chosen, argilla=argilla), Reviewer(argilla, name) as owner:
        turn_on(ana, SUPPORT)
        card = teach(ana, card_on(ana, SUPPORT, MESSAGE), "praise")
        owner.record(MESSAGE)
        known = [
            (who, re.findall(r"Password: (\S+)", corrigible(tmp_path, *add, **environment).stdout)[0])
            for who in (f"maria-{name[-11:-6]}", f"jose-{name[-11:-6]}")
            for add in [("reviewer", "add", who)]
        ]
        for who, password in known:
            with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
                context.set_default_timeout(WAIT_MS)
                page = context.new_page()
                sign_in(page, argilla, who, password)
                expect(page.get_by_text(name)).to_be_visible()
                page.goto(f"{argilla.url}/dataset/{owner.dataset()['id']}/annotation-mode")
                expect(page.get_by_text(MESSAGE)).to_be_visible()
                page.locator(".icon-info").first.click()
                expect(page.locator(".fixed-tooltip__content")).to_contain_text("bug: something is broken")
                order = page.locator(".label-text").all_inner_texts()
                take_picture(page, f"meaning-{who[:4]}.png")
                page.locator(".icon-info").first.click()
                page.get_by_role("button", name="how-to").click()
                page.get_by_role("button", name="Submit").click()
                expect(page.get_by_text(MESSAGE)).to_have_count(0)
        while "settled by 2 reviewers" not in card["text"]:
            card = ana.wait_for_change(card)
        status = corrigible(tmp_path, "status", **environment).stdout

    assert [one.split()[1] for one in order] == ["bug", "billing", "how-to", "praise"]
    assert "on 1 of 1 messages that several answered" in status
