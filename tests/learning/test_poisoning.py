"""Somebody teaches the model nonsense: what trust, the holdout and the gate make of it, with real training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from learning.gate import Limits
from learning.training.child import work
from learning.training.examples import Example, Target
from learning.training.job import Job
from learning.training.recipe import Recipe
from storage import splits
from storage.database import Database
from storage.tables import Decision
from tests.factories import BEN, received, say
from tests.learning.reviewed_team import ReviewedTeam

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parent.parent / "data" / "banking77_sample.jsonl"
RECIPE = Recipe(epochs=2, batch_size=8, max_tokens=24)


def sample(labels: int) -> dict[str, list[str]]:
    """Texts of some labels of Banking77."""
    texts: dict[str, list[str]] = {}
    for line in SAMPLE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        texts.setdefault(row["label"], []).append(row["text"])
    return dict(sorted(texts.items(), key=lambda one: -len(one[1]))[:labels])


def job(training: list[Example], holdout: list[Example], labels: list[str]) -> Job:
    """A run whose champion is the encoder as it is, with a head fitted to clean examples."""
    return Job(
        title="A test",
        source=None,
        champion=None,
        targets=[Target(label, label, label.replace("_", " ")) for label in labels],
        training=training,
        groups=list(range(len(training))),
        said=[],
        holdout=holdout,
        recipe=RECIPE,
        limits=Limits(least=10),
        max_tokens=32,
        threads=1,
    )


def test_a_challenger_that_was_taught_nonsense_is_refused(tmp_path: Path) -> None:
    texts = sample(labels=4)
    labels = list(texts)
    rows = [
        Example(f"{label}{at}", text, label) for label, some in texts.items() for at, text in enumerate(some)
    ]
    holdout = [row for at, row in enumerate(rows) if at % 2]
    nonsense = [
        Example(row.id, row.text, labels[(labels.index(row.label_id) + 1) % len(labels)])
        for at, row in enumerate(rows)
        if not at % 2
    ]
    job(nonsense, holdout, labels).write(tmp_path)

    result = work(tmp_path, lambda _: None)

    assert result.failed is None
    assert result.decision == Decision.REFUSE
    assert "macro-F1 falls by" in result.reason


def test_one_person_who_flips_a_fifth_of_all_labels_does_not_get_past_what_reviewers_saw_of_it(
    database: Database, tmp_path: Path, tiny_base: str
) -> None:
    team = ReviewedTeam(database, tmp_path, tiny_base)
    team.review(times=16)
    flipped = []
    for number in range(8):
        one = received(database, f"where is the invoice that I asked for, number {number}")
        say(database, one, BEN, team.known["export"])
        flipped.append(one)
    for one in flipped[:5]:  # every correction goes to reviewers; of these they have seen five
        team.answer(one, team.known["invoice"])

    ended = team.train()
    team.retraining.close()

    assert ended.failed is None
    with database.reading() as session:
        learned = splits.lessons(session, ended.id)
    wrong = {one.id for one in flipped if learned.get(one.id) == team.known["export"].id}
    assert wrong == set()
    trained = team.registry.load(int(ended.version or 0)).serve()
    said = [one.label_id for one in trained.rank([one.text for one in flipped])]
    assert said == [team.known["invoice"].id] * len(said)
