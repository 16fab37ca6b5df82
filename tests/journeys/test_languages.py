"""The bot speaks with each person in their language: cards with whoever wrote, views with whoever opened them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from local.slack.person import Person
from local.slack.seed import PEOPLE
from tests.journeys.test_digest import monday
from tests.journeys.test_main_job import teach
from tests.local.browser import WAIT_MS, chromium
from tests.local.running import Slack, until, workspace
from tests.running import ANA, SUPPORT, bot, person, settings

CRASH = "The app crashes with an error"
PORTUGUESE, SPANISH = PEOPLE["dev"], PEOPLE["chloe"]


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.mark.parametrize(
    ("user", "sure", "right", "on", "home"),
    [
        (ANA, "sure", "Right", "On. I answer", "How right it is"),
        (PORTUGUESE, "de certeza", "Certo", "Ligado. Respondo", "Quanto acerta"),
        (SPANISH, "de seguridad", "Correcto", "Encendido. Respondo", "Cuánto acierta"),
    ],
)
def test_each_person_is_answered_in_their_language(
    slack: Slack, database_url: str, tmp_path: Path, user: str, sure: str, right: str, on: str, home: str
) -> None:
    with bot(slack, settings(tmp_path, database_url)), person(slack, user) as somebody:
        switched = somebody.command(SUPPORT, "/corrigible", "on reply")["text"]
        card = somebody.wait_for_reply(SUPPORT, somebody.write(SUPPORT, CRASH))
        modal = str(somebody.open_view(card, "change"))
        seen = str(somebody.home())

    assert switched.startswith(on)
    assert sure in card["text"]
    assert f"'text': '{right}'" in str(card["blocks"])
    assert ("Correct the label" in modal) == (user == ANA)
    assert home in seen


def test_a_fault_is_told_in_the_language_of_whoever_caused_it(
    slack: Slack, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)), person(slack, SPANISH) as chloe:
        told = [chloe.command(SUPPORT, "/corrigible", words)["text"] for words in ("rollback", "keep 0 days")]

    assert told[0].startswith("Solo los operadores")
    assert told[1].startswith("Diga cuántos días")


def test_the_language_that_was_set_is_for_those_alone_of_whom_slack_says_nothing(
    slack: Slack, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, language="es")), person(slack, PEOPLE["ben"]) as ben:
        assert ben.command(SUPPORT, "/corrigible", "status")["text"].startswith("I am off")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_seen_on_the_page(slack: Slack, database_url: str, tmp_path: Path) -> None:
    with (
        bot(slack, settings(tmp_path, database_url, operators=PORTUGUESE)),
        chromium() as browser,
        browser.new_context(viewport={"width": 1200, "height": 900}) as context,
        person(slack, PORTUGUESE) as dev,
    ):
        context.set_default_timeout(WAIT_MS)
        dev.command(SUPPORT, "/corrigible", "on reply")
        page = context.new_page()
        page.goto(f"{slack.url}/#channel=corrigible&user=dev")
        page.get_by_test_id("home-tab").click()
        home = page.locator("#home")
        expect(home).to_contain_text("Quanto acerta")
        expect(home).to_contain_text("responde a cada mensagem")
        home.get_by_text("Definições").click()
        expect(page.get_by_role("dialog")).to_contain_text("Fuso horário")
        _picture(page, "languages.png")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_spanish_is_seen_on_the_page(slack: Slack, database_url: str, tmp_path: Path) -> None:
    with (
        bot(slack, settings(tmp_path, database_url, operators=SPANISH, summarizer="none")),
        chromium() as browser,
        browser.new_context(viewport={"width": 1200, "height": 900}) as context,
        person(slack, SPANISH) as chloe,
    ):
        context.set_default_timeout(WAIT_MS)
        for words in ("on reply", "summaries on"):
            chloe.command(SUPPORT, "/corrigible", words)
        page = context.new_page()
        page.goto(f"{slack.url}/#channel=support&user=chloe")
        page.get_by_test_id("composer").fill(CRASH)
        page.keyboard.press("Enter")
        page.get_by_test_id("reply-count").click()
        replies = page.get_by_test_id("thread-pane").get_by_test_id("reply")
        card = replies.filter(has_text="de seguridad")
        expect(card.get_by_text("Correcto", exact=True)).to_be_visible()
        [ts] = {one["thread_ts"] for one in slack.messages() if one.get("thread_ts")}
        chloe.shortcut(SUPPORT, ts, "summarize_thread")
        expect(replies.filter(has_text="Solo hay un mensaje corto, y ese lo dice todo.")).to_be_visible()
        _picture(page, "spanish-card.png")
        page.goto(f"{slack.url}/#channel=corrigible&user=chloe")
        page.get_by_test_id("home-tab").click()
        home = page.locator("#home")
        expect(home).to_contain_text("Cuánto acierta")
        expect(home).to_contain_text("responde a cada mensaje, resúmenes encendidos")
        _picture(page, "spanish-home.png")


def test_digests_are_told_in_the_language_that_operators_chose_for_their_workspace(
    slack: Slack, database_url: str, tmp_path: Path
) -> None:
    chosen = {"language": {"language": {"selected_option": {"value": "es"}}}}
    with (
        bot(slack, settings(tmp_path, database_url, operators=ANA)) as running,
        person(slack, ANA) as ana,
    ):
        before = running.workspace
        ana.submit(ana.open_from_home("home_settings"), chosen)
        until(lambda: running.workspace is not before)
        modal = ana.open_from_home("home_settings")
        ana.command(SUPPORT, "/corrigible", "on reply")
        ana.command(SUPPORT, "/corrigible", "digest on")
        with person(slack, PEOPLE["ben"]) as ben:
            teach(ben, ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, CRASH)), "praise")
        monday(running)
        digest = until(lambda: next((one for one in slack.messages() if one.get("files")), None))

    [field] = [block for block in modal["blocks"] if block.get("block_id") == "language"]
    assert field["element"]["initial_option"]["text"]["text"] == "Español"
    assert field["hint"]["text"].endswith("Empty: English.")
    assert "*La semana aquí*" in digest["text"]
    [picture] = digest["files"]
    assert picture["title"] == "Respuestas correctas por semana"
    assert picture["alt_txt"].startswith("Respuestas correctas por semana: 0% en la semana hasta el ")


def test_a_person_is_asked_about_once(slack: Slack, database_url: str, tmp_path: Path) -> None:
    with bot(slack, settings(tmp_path, database_url)), Person(f"{slack.url}/", PORTUGUESE) as dev:
        for _number in range(3):
            dev.command(SUPPORT, "/corrigible", "status")
        asked = slack.calls("users.info")

    assert len(asked) <= 2


def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / name)
