"""Somebody teaches the model nonsense: what trust, the holdout and the gate make of it, with real training."""

from __future__ import annotations

from pathlib import Path

import pytest

from learning.data.examples import Example
from learning.evaluation.gate import GateLimits
from learning.tasks.job import TrainingJob
from learning.training.child import work
from storage.database.engine import Database
from storage.models import splits
from storage.tables.models import Decision
from tests.factories import BEN, received, say
from tests.learning.reviewed_team import ReviewedTeam
from tests.learning.training.examples import QUICK, TARGETS, examples

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_libraries")]


def test_a_challenger_that_was_taught_nonsense_is_refused(tmp_path: Path, tiny_base: str) -> None:
    labels = [target.id for target in TARGETS]
    rows = examples(times=12)
    nonsense = [
        Example(row.id, row.text, labels[(labels.index(row.label_id) + 1) % len(labels)]) for row in rows[::2]
    ]
    TrainingJob(
        title="A test",
        source=tiny_base,
        champion=None,
        targets=TARGETS,
        training=nonsense,
        groups=list(range(len(nonsense))),
        said=[],
        holdout=rows[1::2],
        recipe=QUICK,
        limits=GateLimits(least=10),
        max_tokens=16,
        threads=1,
    ).write(tmp_path)

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
    # Some, or all, may be in the holdout; and what a tiny model then says is up to its random weights.
    taught = {learned[one.id] for one in flipped if one.id in learned}
    assert learned
    assert taught <= {team.known["invoice"].id}
