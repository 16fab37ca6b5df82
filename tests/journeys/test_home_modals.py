"""Operators change settings and labels in modals of the App Home, and the bot goes on with what they chose."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.app.compose import Bot
from bot.context.settings import SHIPPED_LABELS
from local.slack.person import Person
from local.slack.setup.seed import CHANNELS, TEAM_ID
from storage.database.engine import Database
from storage.feedback import labels
from storage.workspaces import team_settings
from tests.journeys.pages import open_home, take_picture
from tests.journeys.steps import card_counts, turn_on, until_answered
from tests.local.running import Slack, until
from tests.running import ANA, BEN, SUPPORT, bot, settings

CRASH = "The app crashes with an error"
EXPORT = "How do I get my data out as a CSV file?"
OPERATORS, AWAY = CHANNELS["corrigible-ops"], CHANNELS["random"]
BETWEEN_MESSAGES_S = 0.02
Modal = dict[str, Any]


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"operators": ANA}


def written(**values: str) -> Modal:
    """What somebody writes into fields whose blocks and actions have the same name."""
    return {name: {name: {"value": value}} for name, value in values.items()}


def choose(ana: Person, values: Modal) -> Modal:
    return ana.submit(ana.open_from_home("home_settings"), values)


def edit_label(ana: Person, name: str | None, values: Modal) -> Modal:
    """Edit the label of that name, or add one; the bot's answer."""
    picker = ana.open_from_home("home_edit_labels")
    [offered] = ana.search(picker, "label", name) if name else [None]
    ana.submit(picker, {"label": {"label": {"selected_option": offered}}})
    editor = ana.wait_for_view()
    return ana.submit(editor, values)


def label_of(ana: Person, text: str) -> str:
    return str(ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, text))["text"])


def chosen(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return team_settings.of_team(session, TEAM_ID)


def rebuilt(running: Bot, before: object) -> bool:
    return running.workspace is not before


def test_what_an_operator_chooses_holds_at_once_and_after_a_restart(
    slack: Slack, ana: Person, ben: Person, database_url: str, tmp_path: Path
) -> None:
    ours = settings(tmp_path, database_url, operators=ANA)
    with bot(slack, ours) as running:
        before = running.workspace
        ana.command(OPERATORS, "/corrigible", "on")
        choose(
            ana,
            {
                "ops_channel": {"ops_channel": {"selected_conversation": OPERATORS}},
                "operators": {"operators": {"selected_users": [BEN]}},
                **written(ask_per_day="7", retrain_cron="30 1 * * 0"),
            },
        )
        until(lambda: rebuilt(running, before))
        until(lambda: "home_retrain" in str(ben.home()))
        ben.press_at_home("home_retrain")
        until(lambda: "asked for by" in str(slack.messages(OPERATORS)))
        kept = chosen(running.database)
    with bot(slack, ours):
        again = str(ben.open_from_home("home_settings"))

    assert kept == {
        "ask_per_day": 7,
        "operators": [BEN],
        "ops_channel": OPERATORS,
        "retrain_cron": "30 1 * * 0",
    }
    assert "'initial_value': '7'" in again
    assert f"<@{ANA}>" in again


def test_messages_are_answered_while_a_choice_takes_effect(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, operators=ANA)) as running:
        before = running.workspace
        turn_on(ana, SUPPORT)
        choose(ana, written(ask_below_margin="0.5"))
        sent: list[str] = []
        while not rebuilt(running, before):
            sent.append(ana.write(SUPPORT, f"{CRASH}, for the time number {len(sent)}"))
            time.sleep(BETWEEN_MESSAGES_S)
        sent.append(ana.write(SUPPORT, CRASH))
        until(lambda: card_counts(slack, SUPPORT).keys() >= set(sent))
        until_answered(running, slack)

    assert card_counts(slack, SUPPORT) == dict.fromkeys(sent, 1)


def test_a_choice_of_another_replica_is_followed(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, operators=BEN)) as running:
        with running.database.writing() as session:
            team_settings.choose(session, TEAM_ID, {"operators": [ANA]}, BEN)

        until(lambda: "home_retrain" in str(ana.home()))


def test_the_shipped_labels_are_described_in_the_language_that_an_operator_chooses(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    ours = settings(tmp_path, database_url, operators=ANA, labels_file=SHIPPED_LABELS, language="pt")
    with bot(slack, ours) as running:
        at_first = description(running.database, "billing")
        choose(ana, {"language": {"language": {"selected_option": {"value": "es"}}}})
        until(lambda: description(running.database, "billing").startswith("factura, pago"))

    assert at_first.startswith("nota fiscal, pagamento")


def description(database: Database, name: str) -> str:
    with database.reading() as session:
        return labels.known_by_name(session, TEAM_ID)[name].description


def test_what_can_not_be_used_is_said_under_its_field_and_nothing_is_kept(running: Bot, ana: Person) -> None:
    wrong = choose(ana, written(timezone="Mars", retrain_cron="at night", ask_per_day="9"))
    away = choose(ana, {"ops_channel": {"ops_channel": {"selected_conversation": AWAY}}})

    assert wrong["errors"].keys() == {"timezone", "retrain_cron"}
    assert "Europe/Lisbon" in wrong["errors"]["timezone"]
    assert "Invite me there" in away["errors"]["ops_channel"]
    assert chosen(running.database) == {}


@pytest.mark.parametrize("opened_by", ["home_settings", "home_edit_labels"])
def test_who_is_no_operator_any_more_can_not_go_on(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path, opened_by: str
) -> None:
    with bot(slack, settings(tmp_path, database_url, operators=ANA)):
        view = ana.open_from_home(opened_by)
    with bot(slack, settings(tmp_path, database_url, operators=BEN)) as running:
        answer = ana.submit(view, written(ask_per_day="9"))
        kept = chosen(running.database)

    assert "Only operators can do this" in str(answer["errors"])
    assert kept == {}


def test_labels_are_renamed_added_and_retired(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    ours = settings(tmp_path, database_url, operators=ANA)
    with bot(slack, ours):
        turn_on(ana, SUPPORT)
        first = label_of(ana, CRASH)
        edit_label(ana, "bug", written(name="defect", emoji=":beetle:"))
        until(lambda: "defect" in label_of(ana, CRASH))
        edit_label(ana, None, written(name="data export", examples=f"{EXPORT}\nExport to CSV, please"))
        until(lambda: "data export" in label_of(ana, EXPORT))
        edit_label(ana, "praise", {"fate": {"fate": {"selected_options": [{"value": "retire"}]}}})
        known = str(ana.home())
    with bot(slack, ours):
        after = str(ana.home())

    assert "bug" in first
    for home in (known, after):
        assert "*defect*" in home
        assert "*data export*" in home
        assert "*praise*" not in home
        assert "*bug*" not in home


def test_a_label_that_can_not_be_is_refused_under_its_field(running: Bot, ana: Person) -> None:
    taken = edit_label(ana, "praise", written(name="Billing"))
    emoji = edit_label(ana, "praise", written(name="praise", emoji=":bug::skin-tone-2:"))
    code = edit_label(ana, "praise", written(name="praise", emoji="bug!"))

    assert "“billing” already" in taken["errors"]["name"]
    assert "“bug” has this emoji" in emoji["errors"]["emoji"]
    assert "such as :bug:" in code["errors"]["emoji"]


def test_it_is_done_on_the_page(slack: Slack, database_url: str, tmp_path: Path, page: Page) -> None:
    with bot(slack, settings(tmp_path, database_url, operators=BEN)) as running:
        open_home(page, slack.url, "ben")
        _set_time_zone(page, running)
        _add_label(page)


def _set_time_zone(page: Page, running: Bot) -> None:
    home, modal = page.locator("#home"), page.get_by_role("dialog")
    home.get_by_text("Settings", exact=True).click()
    expect(modal).to_contain_text("For this workspace")
    modal.get_by_label("Time zone").fill("Mars")
    modal.get_by_text("Save").click()
    expect(modal).to_contain_text("This is no time zone")
    modal.get_by_label("Time zone").fill("Europe/Lisbon")
    take_picture(page, "settings.png")
    modal.get_by_text("Save").click()
    expect(home).to_contain_text("Saved: “Time zone”.")
    assert chosen(running.database) == {"timezone": "Europe/Lisbon"}


def _add_label(page: Page) -> None:
    home, modal = page.locator("#home"), page.get_by_role("dialog")
    home.get_by_text("Edit labels").click()
    modal.get_by_text("Next").click()
    editor = modal.last
    editor.get_by_label("Name").fill("data export")
    editor.get_by_label("What it is for").fill("getting data out as a file")
    editor.get_by_label("Emoji").fill(":package:")
    editor.get_by_label("Examples").fill(EXPORT)
    take_picture(page, "label.png")
    editor.get_by_text("Save").click()
    expect(home).to_contain_text("The label data export is saved")
    expect(home).to_contain_text("data export: chosen 0 times")
