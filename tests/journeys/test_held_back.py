"""A newcomer's wrong corrections are held back, and an operator keeps or discards them with one click."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.app.compose import Bot
from bot.slack.payloads import ButtonTarget
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.feedback import bursts, labels
from storage.messages import contents
from storage.tables.feedback import Burst, Fate
from storage.tables.messages import Message
from tests.journeys.operating import note_with, notes, operated
from tests.journeys.steps import turn_on, until_answered
from tests.local.running import Slack, until
from tests.running import ANA, BEN, SUPPORT, bot

LABELS = """
[[label]]
name = "bug"
description = "something is broken, crashes or shows an error"
examples = ["The app crashes", "I see an error message", "It is broken, nothing works"]

[[label]]
name = "billing"
description = "invoice, payment, refund, price"
examples = ["I want a refund", "Where is my invoice?", "The payment was charged twice"]

[[label]]
name = "praise"
description = "thanks and compliments"
examples = ["Thank you so much", "Great work, well done", "I love it"]
"""
TEXTS = {
    "bug": "The {} crashes with an error",
    "billing": "I want a refund for the invoice of the {}",
    "praise": "Thank you, I love the {}, great work",
}
WRONG = {"bug": "praise", "billing": "bug", "praise": "billing"}
THINGS = ("calendar", "search", "export", "editor", "inbox", "map")


def speak_wrongly(running: Bot, user: str) -> list[str]:
    """A user gives a wrong label to each message; their ids."""
    with running.database.reading() as session:
        known = {label.name: label.id for label in labels.active(session, TEAM_ID)}
        kept = list(session.exec(select(Message)))
    right = {text.format(thing): name for name, text in TEXTS.items() for thing in THINGS}
    for one in kept:
        running.workspace.service.confirm_or_choose(
            TEAM_ID, user, ButtonTarget(one.id, 0), known[WRONG[right[one.text]]]
        )
    return [one.id for one in kept]


def words_on(running: Bot, message_ids: list[str]) -> int:
    """On how many of these messages somebody's word counts."""
    with running.database.reading() as session:
        return sum(bool(one.words) for one in contents.of_messages(session, message_ids).values())


def waiting(running: Bot) -> list[Burst]:
    with running.database.reading() as session:
        return bursts.waiting(session, TEAM_ID, 9)


@pytest.mark.parametrize(
    ("button", "fate", "told", "counted"),
    [
        ("home_discard", Fate.DISCARDED, "These corrections are discarded.", 0),
        ("home_keep", Fate.KEPT, "These corrections count again.", 18),
    ],
)
def test_a_newcomers_wrong_corrections_wait_for_one_click_of_an_operator(
    slack: Slack,
    ana: Person,
    ben: Person,
    database_url: str,
    tmp_path: Path,
    button: str,
    fate: Fate,
    told: str,
    counted: int,
) -> None:
    (tmp_path / "labels.toml").write_text(LABELS, encoding="utf-8")
    notes_before = len(notes(slack))
    with bot(slack, operated(tmp_path, database_url)) as running:
        turn_on(ana, SUPPORT)
        for thing in THINGS:
            for text in TEXTS.values():
                ana.write(SUPPORT, text.format(thing))
        until_answered(running, slack)
        said = speak_wrongly(running, BEN)
        [burst] = until(lambda: waiting(running))
        until(lambda: len(notes(slack)) > notes_before and note_with(slack, f"corrections by <@{BEN}>"))
        of_ben, of_ana = str(ben.home()), str(ana.home())
        held = words_on(running, said)
        seen: Any = ana.press_at_home(button)
        after = words_on(running, said)

        with running.database.reading() as session:
            decided = session.get(Burst, burst.id)

    assert button not in of_ben
    assert f"*18 corrections* by <@{BEN}>" in of_ana
    assert "“praise” instead of “bug”" in of_ana
    assert "crashes" not in of_ana
    assert held == 0
    assert told in str(seen)
    assert after == counted
    assert decided
    assert (decided.fate, decided.decided_by) == (fate, ANA)
