"""Personal data that people write reaches neither the database, nor reviewers, nor a model, nor an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, select

from bot.app.compose import Bot
from bot.slack.mrkdwn import plain
from local.argilla.embedded import SignIn
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.database.engine import Database
from storage.reports import exports
from tests.journeys.reviewing import annotated, record_saying
from tests.journeys.steps import card_on, settled, teach, turn_on
from tests.local.running import Slack, until
from tests.reviewer import Reviewer
from tests.running import SUPPORT, bot, settings

SECRETS = {
    "email": "ana.ribeiro@example.com",
    "phone": "+351 912 345 678",
    "card": "4111 1111 1111 1111",
    "key": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
}
REFUND = "Refund me, please"
WRITTEN = f"{REFUND}: <mailto:{SECRETS['email']}|{SECRETS['email']}>, {SECRETS['phone']}, {SECRETS['card']}"
MASKED = f"{REFUND}: [email], [phone], [card]"


def everything(database: Database) -> str:
    """Every value in every table."""
    known = MetaData()
    known.reflect(database.engine)
    with database.engine.connect() as connection:
        rows = [row for table in known.sorted_tables for row in connection.execute(select(table))]
    return "\n".join(str(tuple(row)) for row in rows)


def leaked(text: str) -> list[str]:
    return [kind for kind, value in SECRETS.items() if value in text]


def texts(running: Bot) -> str:
    return everything(running.database)


def test_what_people_write_is_masked_before_it_is_kept_reviewed_or_exported(
    slack: Slack, ana: Person, argilla: SignIn, database_url: str, tmp_path: Path
) -> None:
    chosen = annotated(tmp_path, database_url)
    with (
        Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer,
        bot(slack, chosen, argilla=argilla) as running,
    ):
        turn_on(ana, SUPPORT)
        ts = ana.write(SUPPORT, WRITTEN)
        card = ana.wait_for_reply(SUPPORT, ts)
        card = teach(ana, card, "praise")
        record = until(lambda: record_saying(reviewer, MASKED, "praise"))
        ana.edit(SUPPORT, ts, f"{WRITTEN} and {SECRETS['key']}")
        until(lambda: "[key]" in texts(running))
        edited = reviewer.record(f"{MASKED} and [key]")
        while "Still" not in card["text"]:
            card = ana.wait_for_change(card)
        ana.press(card, "right")
        settled(ana, card, "praise")
        kept = texts(running)
        with running.database.reading() as session:
            exported = str(list(exports.settled(session, TEAM_ID)))

    for shown in (str(record), str(edited), kept, exported):
        assert leaked(shown) == []
    assert f"{MASKED} and [key]" in exported


def test_what_somebody_points_at_is_masked_too(running: Bot, ana: Person, channel: str) -> None:
    ana.point(channel, ana.write(channel, WRITTEN), "classify_message")
    kept = texts(running)

    assert "[email]" in kept
    assert leaked(kept) == []


def test_an_operator_can_turn_it_off(slack: Slack, ana: Person, database_url: str, tmp_path: Path) -> None:
    with bot(slack, settings(tmp_path, database_url, mask_personal_data=False)) as running:
        turn_on(ana, SUPPORT)
        card_on(ana, SUPPORT, WRITTEN)
        kept: Any = texts(running)

    assert plain(WRITTEN) in kept
