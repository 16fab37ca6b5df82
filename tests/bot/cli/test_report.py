"""`corrigible report`: what a training run knows, and the messages behind its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learning.evaluation.metrics import score
from storage.database.engine import Database
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.models import runs, versions
from storage.privacy import erasure
from storage.tables.messages import Message
from storage.tables.models import Phase
from tests.bot.command_line import corrigible
from tests.factories import TEAM, received


def at(database: Database, *words: str) -> tuple[int, str]:
    """The exit status of a command, and what it said."""
    url = database.engine.url.render_as_string(hide_password=False)
    folder = Path(str(database.engine.url.database)).parent
    told = corrigible(folder, *words, DATABASE_URL=url)
    assert "Traceback" not in told.stderr
    return told.returncode, told.stdout + told.stderr


class Trained:
    """A team with one run, and messages that its report names."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.writing() as session:
            labels.synchronize(session, TEAM, [LabelSpec("bug", examples=("it hangs",)), LabelSpec("praise")])
        with database.reading() as session:
            self.bug, self.praise = (label.id for label in labels.active(session, TEAM))
        self.odd = received(database, "zebras dance at midnight")
        self.wrong = received(database, "thank you so much")
        with database.writing() as session:
            parent = versions.champion(session, TEAM, "base", "all-MiniLM-L6-v2")
            run = runs.ask(session, TEAM, "a test")
            made = versions.register(session, TEAM, run.id, parent, "tuned", "digest", self._card())
            stage = "macro-F1 rises by 2.1 points"
            runs.end(session, run.id, Phase.PROMOTED, stage, version=made.number, report=self._report())
        self.run_id = run.id

    def _card(self) -> dict[str, Any]:
        slices = {"length": ["up to 10 words", "up to 10 words", "over 30 words", "over 30 words"]}
        truth = np.array([0, 1, 0, 1])
        before, after = (
            score(np.eye(2, dtype=np.float32)[said], truth, [self.bug, self.praise], slices).to_json()
            for said in ([0, 0, 0, 1], [0, 1, 0, 1])
        )
        return {"champion_scores": before, "scores": after}

    def _report(self) -> dict[str, Any]:
        suspect = {"id": self.wrong.id, "label_id": self.bug, "suggested": self.praise, "confidence": 0.93}
        return {
            "examples": 80,
            "counts": {"bug": 70, "praise": 10},
            "lengths": [1.0, 5.0, 9.0, 12.0],
            "languages": {"en": 80},
            "duplicates": [[f"{self.bug}-0", self.odd.id]],
            "conflicts": [],
            "outliers": [self.odd.id],
            "suspects": [suspect],
        }

    def erase(self, one: Message) -> None:
        with self.database.writing() as session:
            erasure.erase(session, [one.id])


@pytest.fixture
def trained(database: Database) -> Trained:
    return Trained(database)


def cells(told: str, holding: str) -> list[str]:
    """The row of a table that has this in it."""
    row = next(line for line in told.splitlines() if holding in line and "│" in line)
    return [cell.strip() for cell in row.split("│")[1:-1]]


def test_each_label_and_group_has_its_figures_beside_those_before(trained: Trained) -> None:
    status, told = at(trained.database, "report")

    assert status == 0
    assert f"Run {trained.run_id[:8]}, v2: promoted" in told
    assert cells(told, "macro-F1") == ["macro-F1", "1.000", "0.733"]
    assert cells(told, "praise")[:7] == ["praise", "2", "1.000", "1.000", "1.000", "0.667", "1.000"]
    assert cells(told, "over 30 words")[:3] == ["length", "over 30 words", "2"]


def test_the_messages_behind_each_number_are_shown_as_long_as_they_exist(trained: Trained) -> None:
    told = at(trained.database, "report", "v2")[1]
    trained.erase(trained.odd)
    later = at(trained.database, "report", trained.run_id[:8])[1]

    assert "1 suspicious label" in told
    assert cells(told, "thank you so much")[:3] == ["bug", "praise", "93%"]
    assert "zebras dance at midnight" in told
    assert "it hangs" in told, "an example of a label"
    assert "zebras" not in later
    assert "(not kept any more)" in later
    assert "thank you so much" in later


def test_a_report_keeps_no_text(trained: Trained) -> None:
    with trained.database.reading() as session:
        kept = str(runs.get(session, trained.run_id).report)

    assert "zebras" not in kept
    assert "thank" not in kept


def test_a_run_that_is_not_there_is_told_of(trained: Trained, database: Database) -> None:
    assert at(trained.database, "report", "v9") == (
        1,
        "There is no run 'v9', or more than one. Give the beginning of a run's id, or a version such as v2.\n",
    )


def test_before_the_first_run_it_says_how_to_begin_one(database: Database) -> None:
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec("bug")])
        versions.champion(session, TEAM, "base", "all-MiniLM-L6-v2")

    status, told = at(database, "report")

    assert status == 1
    assert "`corrigible retrain` begins one" in told
