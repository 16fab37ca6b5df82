"""The bot speaks with each person in their language: cards with whoever wrote, views with whoever opened them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import PEOPLE
from tests.journeys.pages import open_home, take_picture, write
from tests.journeys.reviewed import review_weeks
from tests.journeys.steps import card_on, make_due, teach, turn_on
from tests.local.running import Slack, until
from tests.running import ANA, SUPPORT, bot, person, settings

CRASH = "The app crashes with an error"
PORTUGUESE, SPANISH = PEOPLE["dev"], PEOPLE["chloe"]
UNSEEN = PEOPLE["ben"]  # to the shared bot, until the one test that counts


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"operators": PORTUGUESE, "summarizer": "none"}


@pytest.mark.parametrize(
    ("user", "sure", "right", "on", "home"),
    [
        (ANA, "sure", "Right", "On. I answer", "Accuracy"),
        (PORTUGUESE, "de certeza", "Certo", "Ligado. Respondo", "Taxa de acerto"),
        (SPANISH, "de seguridad", "Correcto", "Encendido. Respondo", "Tasa de aciertos"),
    ],
)
def test_each_person_is_answered_in_their_language(
    running: Bot, slack: Slack, channel: str, user: str, sure: str, right: str, on: str, home: str
) -> None:
    with person(slack, user) as somebody:
        switched = turn_on(somebody, channel)["text"]
        card = card_on(somebody, channel, CRASH)
        modal = str(somebody.open_view(card, "change"))
        seen = str(somebody.home())

    assert switched.startswith(on)
    assert sure in card["text"]
    assert f"'text': '{right}'" in str(card["blocks"])
    assert ("Correct the label" in modal) == (user == ANA)
    assert home in seen


def test_a_fault_is_told_in_the_language_of_whoever_caused_it(
    running: Bot, slack: Slack, channel: str
) -> None:
    with person(slack, SPANISH) as chloe:
        told = [chloe.command(channel, "/corrigible", words)["text"] for words in ("rollback", "keep 0 days")]

    assert told[0].startswith("Solo los operadores")
    assert told[1].startswith("Diga cuántos días")


def test_the_language_that_was_set_is_for_those_alone_of_whom_slack_says_nothing(
    slack: Slack, ben: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, language="es")):
        assert ben.command(SUPPORT, "/corrigible", "status")["text"].startswith("I am off")


def test_portuguese_is_seen_on_the_page(running: Bot, slack: Slack, channel: str, page: Page) -> None:
    with person(slack, PORTUGUESE) as dev:
        turn_on(dev, channel)
    home = open_home(page, slack.url, "dev")
    expect(home).to_contain_text("Taxa de acerto")
    expect(home).to_contain_text("responde a cada mensagem")
    home.get_by_text("Definições").click()
    expect(page.get_by_role("dialog")).to_contain_text("Fuso horário")
    take_picture(page, "languages.png")


def test_spanish_is_seen_on_the_page(running: Bot, slack: Slack, channel: str, page: Page) -> None:
    with person(slack, SPANISH) as chloe:
        turn_on(chloe, channel)
        allow_spanish_summaries(chloe, channel)
        page.goto(f"{slack.url}/#channel={channel}&user=chloe")
        write(page, CRASH)
        page.get_by_test_id("reply-count").click()
        replies = page.get_by_test_id("thread-pane").get_by_test_id("reply")
        card = replies.filter(has_text="de seguridad")
        expect(card.get_by_text("Correcto", exact=True)).to_be_visible()
        [ts] = {one["thread_ts"] for one in slack.messages(channel) if one.get("thread_ts")}
        chloe.shortcut(channel, ts, "summarize_thread")
    expect(replies.filter(has_text="Solo hay un mensaje corto, y ese lo dice todo.")).to_be_visible()
    take_picture(page, "spanish-card.png")
    home = open_home(page, slack.url, "chloe")
    expect(home).to_contain_text("Tasa de aciertos")
    expect(home).to_contain_text(
        "responde a cada mensaje al que corresponde una etiqueta, resúmenes encendidos"
    )
    take_picture(page, "spanish-home.png")


def allow_spanish_summaries(chloe: Person, channel: str) -> None:
    assert chloe.command(channel, "/corrigible", "summaries on")["text"].startswith("Encendido")


def test_digests_are_told_in_the_language_that_operators_chose_for_their_workspace(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    chosen = {"language": {"language": {"selected_option": {"value": "es"}}}}
    with bot(slack, settings(tmp_path, database_url, operators=ANA)) as running:
        before = running.workspace
        ana.submit(ana.open_from_home("home_settings"), chosen)
        until(lambda: running.workspace is not before)
        modal = ana.open_from_home("home_settings")
        turn_on(ana, SUPPORT)
        review_weeks(running.database, (9, 10))
        ana.command(SUPPORT, "/corrigible", "digest on")
        teach(ben, card_by(ben, ana), "praise")
        make_due(running, "digest")
        digest = until(lambda: next((one for one in slack.messages() if one.get("files")), None))

    [field] = [block for block in modal["blocks"] if block.get("block_id") == "language"]
    assert field["element"]["initial_option"]["text"]["text"] == "Español"
    assert field["hint"]["text"].endswith("Empty: English.")
    assert "*La semana aquí*" in digest["text"]
    [picture] = digest["files"]
    assert picture["title"] == "Aciertos por semana, todos los canales"
    assert picture["alt_txt"].startswith("Aciertos por semana, todos los canales: 90% en la semana hasta el ")


def card_by(reader: Person, writer: Person) -> dict[str, Any]:
    return reader.wait_for_reply(SUPPORT, writer.write(SUPPORT, CRASH))


def test_a_person_is_asked_about_once(running: Bot, slack: Slack, channel: str) -> None:
    before = len(asked_about(slack, UNSEEN))
    counts = []
    with person(slack, UNSEEN) as somebody:
        for _number in range(3):
            somebody.command(channel, "/corrigible", "status")
            counts.append(len(asked_about(slack, UNSEEN)))

    assert before == 0, "no other test has this person do anything"
    assert counts == [1, 1, 1]


def asked_about(slack: Slack, user: str) -> list[dict[str, Any]]:
    return [call for call in slack.calls("users.info") if call["arguments"]["user"] == user]
