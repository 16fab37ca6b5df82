from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
import pytest

from bot.app.summarizing import link
from bot.language.catalogues import Language
from bot.language.locales import Locales
from bot.operators.notifier import Notes
from bot.questions.edit_questions import EditQuestions
from bot.web_api.reach import Reach
from bot.web_api.scopes import Scopes
from learning.evaluation.metrics import score
from local.slack.setup.seed import CHANNELS
from storage.database.engine import Database
from storage.models import runs, versions
from storage.privacy import erasure
from storage.tables.models import Decision, Grounds, Phase, Ruling
from storage.workspaces import missing_scopes
from tests.factories import TEAM, received
from tests.local.running import Slack, workspace

OPS = CHANNELS["corrigible-ops"]
PNG = b"\x89PNG\r\n\x1a\n"


class Channel:
    """The operators' channel of one team with v1 in service."""

    def __init__(self, database: Database, slack: Slack) -> None:
        self.database = database
        self.slack = slack
        with database.writing() as session:
            self.first = versions.champion(session, TEAM, "base", "base")
            self.run_id = runs.ask(session, TEAM, "100 new labels").id

    def notes(self, channel: str | None = OPS, language: Language = "en") -> Notes:
        web = self.slack.web
        questions = EditQuestions(web, Locales(web, language), lambda message: message.ts)
        to_message = partial(link, "https://example.slack.com/")
        return Notes(
            self.database, TEAM, web, channel, language, Reach(web), Scopes(web, None), questions, to_message
        )

    def tell(self, notes: Notes, times: int = 6) -> None:
        """Take steps as a worker does, but sooner."""
        for _ in range(times):
            notes._next = 0.0
            notes.step()

    def change(self, **changes: Any) -> None:
        with self.database.writing() as session:
            runs.tell(session, self.run_id, **changes)

    def rule(self, decision: Decision = Decision.GO_ON, card: dict[str, Any] | None = None) -> None:
        ruling = Ruling(
            team_id=TEAM,
            run_id=self.run_id,
            champion=1,
            challenger=2,
            grounds=Grounds.HOLDOUT,
            decision=decision,
            reason="the holdout can't tell",
        )
        with self.database.writing() as session:
            versions.register(session, TEAM, self.run_id, self.first, "tuned", "digest", card or {})
            versions.rule(session, ruling)

    @property
    def shown(self) -> list[dict[str, Any]]:
        return [one for one in self.slack.messages(OPS) if "bot_id" in one]


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def channel(database: Database, slack: Slack) -> Channel:
    return Channel(database, slack)


def test_one_note_follows_a_run(channel: Channel) -> None:
    notes = channel.notes()
    channel.tell(notes)
    channel.change(phase=Phase.TRAINING, stage="training, epoch 1.0", done=0.3)
    channel.tell(notes)

    [note] = channel.shown
    assert note["text"] == "Training: a challenger trains. training, epoch 1.0"


def test_a_note_that_somebody_deleted_is_posted_anew(channel: Channel, slack: Slack) -> None:
    notes = channel.notes()
    channel.tell(notes)
    slack.web.chat_delete(channel=OPS, ts=channel.shown[0]["ts"])
    channel.change(phase=Phase.TRAINING, stage="training, epoch 1.0", done=0.3)
    channel.tell(notes)

    [note] = channel.shown
    assert note["text"] == "Training: a challenger trains. training, epoch 1.0"


def test_each_ruling_is_told_once_and_the_picture_is_in_the_thread_of_its_run(channel: Channel) -> None:
    channel.change(phase=Phase.SHADOW, version=2, picture=PNG, picture_text="The loss fell.")
    channel.rule()
    for notes in (channel.notes(), channel.notes()):
        channel.tell(notes)
        notes.close()

    note, *others = channel.shown
    [ruling] = [one for one in others if "files" not in one]
    [picture] = [one for one in others if "files" in one]
    assert ruling["text"].startswith("v2 runs in shadow beside v1")
    assert picture["thread_ts"] == note["ts"]
    assert picture["files"][0]["alt_txt"] == picture["text"] == "The loss fell."


def test_a_run_links_to_the_messages_that_look_wrong_as_long_as_they_exist(channel: Channel) -> None:
    odd, gone = (received(channel.database, text) for text in ("zebras dance", "purple rain"))
    report = {
        "examples": 2, "counts": {"bug": 2}, "lengths": [1, 2, 3, 4], "languages": {"en": 2},
        "duplicates": [], "conflicts": [], "outliers": [odd.id, gone.id], "suspects": [],
    }  # fmt: skip
    with channel.database.writing() as session:
        erasure.erase(session, [gone.id])
    channel.change(phase=Phase.SHADOW, report=report)

    channel.tell(channel.notes())

    told = json.dumps(channel.shown)
    address = f"https://example.slack.com/archives/{odd.channel_id}/p{odd.ts.replace('.', '')}"
    assert f"2 outliers: <{address}|1>" in told
    assert gone.ts.replace(".", "") not in told
    assert "zebras" not in told


def test_a_verdict_says_how_each_group_of_messages_fares(channel: Channel) -> None:
    slices = {"length": ["up to 10 words", "over 30 words"]}
    before, after = (
        score(np.eye(2, dtype=np.float32)[said], np.array([0, 1]), ["a", "b"], slices).to_json()
        for said in ([0, 0], [0, 1])
    )
    channel.rule(card={"champion_scores": before, "scores": after})

    channel.tell(channel.notes())

    groups = (
        "By length, macro-F1: over 30 words 0.00 → 1.00 (1 message) · up to 10 words 1.00 → 1.00 (1 message)"
    )
    assert groups in json.dumps(channel.shown, ensure_ascii=False)


def test_of_two_replicas_one_tells(channel: Channel) -> None:
    first, second = channel.notes(), channel.notes()
    channel.tell(first, times=1)
    channel.rule()

    channel.tell(second)
    assert len(channel.shown) == 1
    first.close()
    channel.tell(second)
    assert len(channel.shown) == 2


def test_what_slack_refused_is_told_later(channel: Channel, slack: Slack) -> None:
    notes = channel.notes()
    slack.fault("method", method="chat.postMessage", kind="error", error="internal_error", times=1)
    channel.tell(notes, times=1)
    assert channel.shown == []

    channel.tell(notes)

    assert len(channel.shown) == 1


def test_without_a_channel_nobody_is_told_and_nothing_fails(channel: Channel) -> None:
    channel.tell(channel.notes(None))

    assert channel.shown == []


def test_operators_are_told_in_the_language_that_was_set(channel: Channel) -> None:
    channel.tell(channel.notes(language="pt"))

    assert "Treino: a candidata espera" in channel.shown[0]["text"]


def test_of_scopes_that_are_lacking_operators_are_told_once(channel: Channel) -> None:
    def start_again() -> None:
        with closing(channel.notes()) as notes:
            channel.tell(notes)

    channel.slack.fault("scopes", lacking="mpim:history")
    start_again()
    start_again()
    lacking = [one for one in channel.shown if "`mpim:history`" in one["text"]]
    channel.slack.fault("scopes", lacking="mpim:history,files:write")
    start_again()

    assert len(lacking) == 1
    assert len([one for one in channel.shown if "`mpim:history`" in one["text"]]) == 2


def test_without_a_channel_what_is_lacking_is_kept_for_the_terminal(channel: Channel) -> None:
    channel.slack.fault("scopes", lacking="mpim:history")
    channel.tell(channel.notes(channel=None))

    with channel.database.reading() as session:
        assert missing_scopes.told(session, TEAM) == "mpim:history"
    assert channel.shown == []
