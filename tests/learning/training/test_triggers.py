from __future__ import annotations

import time
from pathlib import Path

import pytest

from learning.classifying.task import Classification, ClassificationTerms
from learning.data.trust import Belief
from learning.evaluation.gate import GateLimits
from learning.model_files.artifacts import Artifacts
from learning.serving.registry import EncoderSource, Registry
from learning.training import triggers
from learning.training.triggers import Triggers
from storage.database.engine import Database
from storage.models import runs, splits
from storage.tables.feedback import Label
from storage.tables.messages import Message
from storage.tables.models import Phase, Run, Side
from tests.databases import on_both
from tests.factories import ANA, BEN, TEAM, label_set, received, say

BELIEF = Belief(operators=frozenset({ANA}))


def _classification(database: Database) -> Classification:
    registry = Registry(
        database, TEAM, Artifacts("unused", Path("unused")), EncoderSource(None, 32, 1), belief=BELIEF
    )
    return Classification(database, TEAM, registry, ClassificationTerms(1, 0.3, GateLimits(), {}))


class Team:
    """People who agree on what messages are, and what asks for runs."""

    def __init__(self, database: Database, after_labels: int = 3) -> None:
        self.database = database
        self.known = label_set(database, "bug", "praise")
        self.begun = 0
        self.task = _classification(database)
        self.triggers = Triggers(database, TEAM, self.task, after_labels, "labels", self._begin)

    def _begin(self) -> None:
        self.begun += 1

    def agree(self, number: int) -> list[Message]:
        some = [received(self.database, f"It crashes, {at}, {time.time()}") for at in range(number)]
        for one in some:
            self.say(one, self.known["bug"])
        return some

    def say(self, one: Message, label: Label) -> None:
        for user in (ANA, BEN):
            say(self.database, one, user, label)

    def step(self) -> None:
        self.triggers._next = 0.0
        self.triggers.step()

    def learn(self, some: list[Message]) -> None:
        """The run under way learns from these, and ends."""
        with self.database.writing() as session:
            run = runs.under_way(session, TEAM)
            assert run
            splits.keep(session, TEAM, {one.id: Side.TRAINING for one in some})
            splits.learn(session, run.id, {one.id: self.known["bug"].id for one in some})
            runs.end(session, run.id, Phase.REFUSED, "no better")

    @property
    def latest(self) -> Run | None:
        with self.database.reading() as session:
            return runs.latest(session, TEAM)


def test_a_run_begins_after_enough_new_labels_and_not_before(database: Database) -> None:
    team = Team(database)
    team.agree(2)
    team.step()
    assert team.latest is None

    team.agree(1)
    team.step()

    assert team.latest
    assert (team.latest.cause, team.begun) == ("3 new labels", 1)


@on_both
def test_only_what_the_latest_run_did_not_learn_is_new(database: Database) -> None:
    team = Team(database)
    learned = team.agree(3)
    team.step()
    team.learn(learned)

    assert team.task.new() == 0
    team.say(learned[0], team.known["praise"])
    assert team.task.new() == 1


def test_what_is_held_out_is_nothing_to_learn(database: Database) -> None:
    team = Team(database)
    some = team.agree(3)
    with database.writing() as session:
        splits.keep(session, TEAM, {some[0].id: Side.HOLDOUT})

    assert team.task.new() == 2


def test_while_a_run_is_under_way_no_other_begins(database: Database) -> None:
    team = Team(database)
    team.agree(3)
    team.step()
    team.agree(3)
    team.step()
    team.triggers.due()

    assert team.begun == 1


def test_after_a_failure_labels_begin_no_run_for_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(database)
    team.agree(3)
    team.step()
    with database.writing() as session:
        run = runs.under_way(session, TEAM)
        assert run
        runs.end(session, run.id, Phase.FAILED, "no memory", failed="no memory")
    team.step()
    assert team.begun == 1

    monkeypatch.setattr(triggers, "AFTER_FAILURE_S", -1.0)
    team.step()
    assert team.begun == 2


def test_at_the_hour_a_run_begins_where_anything_is_new_and_none_where_nothing_is(database: Database) -> None:
    team = Team(database)
    team.triggers.due()
    assert team.latest is None

    team.agree(1)
    team.triggers.due()

    assert team.latest
    assert team.latest.cause == "the set time"


def test_drift_is_the_cause_that_a_run_tells(database: Database) -> None:
    team = Team(database)
    team.agree(1)
    team.triggers.drifted("what people write has changed (p = 0.002)")

    assert team.latest
    assert team.latest.cause == "what people write has changed (p = 0.002)"


def test_zero_labels_are_never_enough(database: Database) -> None:
    team = Team(database, after_labels=0)
    team.agree(5)
    team.step()

    assert team.latest is None
