"""None of my labels: what no label fits is asked about or left alone, never given a label."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import BOT_USER_ID, TEAM_ID
from storage.models import floors
from storage.tables.messages import Message
from storage.tables.models import Basis, Floor, Prediction
from tests.journeys.steps import (
    Json,
    card_on,
    label_of,
    predictions_in,
    propose,
    turn_on,
    until_answered,
)
from tests.local.running import Slack
from tests.running import ANA, cards

FITTING = "The app crashes with an error when I open the invoice"
STRANGE = "Which river flows through Vienna"


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"summarizer": "none", "max_wrong_none": 0.05}


def likeness(running: Bot, text: str) -> float:
    with running.database.reading() as session:
        chosen = select(Prediction.likeness).join(Message).where(Message.text == text)
        return float(session.exec(chosen).first() or 0.0)


def set_floor_between(running: Bot, low: str, high: str) -> None:
    """Make the floor that enough random responses would make."""
    at = (likeness(running, low) + likeness(running, high)) / 2
    row = Floor(team_id=TEAM_ID, version=1, at=at, share=0.05, basis=Basis.RESPONSES, messages=20, made_of={})
    with running.database.writing() as session:
        made = floors.latest(session, TEAM_ID)
        row.made_of = made.made_of if made else {}  # nothing new, so that it stands
        floors.keep(session, row)


def offered(card: Json) -> list[str]:
    return [one["text"]["text"] for one in card["blocks"][1]["elements"]]


def test_what_no_label_fits_is_asked_about_or_left_alone_until_a_user_names_a_new_label(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel)
    before = [label_of(card_on(ana, channel, text)) for text in (FITTING, STRANGE)]
    set_floor_between(running, STRANGE, FITTING)

    fits, silent = ana.write(channel, FITTING), ana.write(channel, STRANGE)
    until_answered(running, slack)
    in_reply_mode = [len(cards(slack, ts, channel)) for ts in (fits, silent)]
    mentioned = card_on(ana, channel, f"<@{BOT_USER_ID}> {STRANGE}")
    pointed = ben.point(channel, silent, "classify_message")
    turn_on(ana, channel, "quiet")
    left_alone = ana.write(channel, STRANGE)
    until_answered(running, slack)
    turn_on(ana, channel, "ask")
    asked = ana.wait_for_reply(channel, ana.write(channel, STRANGE))
    ana.press(asked, "choose_1")
    chosen = ana.wait_for_change(asked)
    propose(ana, ana.open_view(mentioned, "change"), "geography")
    named = ana.wait_for_change(mentioned)

    assert "none" not in str(before).lower()
    assert in_reply_mode == [1, 0]
    assert mentioned["text"].startswith("None of my labels fits. Closest: ")
    assert offered(mentioned)[2:] == ["New label…"]
    assert "None of my labels fits this message." in str(pointed["blocks"])
    assert cards(slack, left_alone, channel) == []
    assert not next(one for one in slack.messages(channel) if one["ts"] == left_alone).get("reactions")
    assert label_of(chosen) == offered(asked)[1]
    assert label_of(named) == "geography"
    assert f"<@{ANA}> proposed *geography* · I said that none of my labels fits" in str(named["blocks"])


def test_an_emoji_or_a_bare_link_is_never_given_a_label(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    for text in (":tada:", "<https://example.com/a>"):
        ana.write(channel, text)
    until_answered(running, slack)
    card = card_on(ana, channel, f"<@{BOT_USER_ID}> :tada:")

    assert card["text"].startswith("None of my labels: I read words")
    assert predictions_in(running, channel) == 0
