from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers import AutoModel

from learning.artifacts import Artifacts
from learning.following import Following
from learning.gate import Limits
from learning.registry import Registry, Source
from learning.retraining import Retraining
from learning.tasks.classification import Classification, Terms
from learning.training.recipe import Recipe
from storage import labels, runs, splits, versions
from storage.database import Database
from storage.labels import LabelSpec
from storage.tables import Answer, Dataset, Decision, Label, Message, Phase, Run, Stage, Status, Version
from tests.factories import TEAM, received

WORDS = {
    "invoice": (
        "the invoice is wrong",
        "where is my invoice",
        "my invoice is twice as high",
        "send the invoice again",
    ),
    "export": ("the export crashes", "my export is empty", "where is the export", "the export takes an hour"),
}
RECIPE = Recipe(epochs=2, batch_size=8, max_tokens=16)


class Desk:
    """One team with reviewed messages, and what retrains its model."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.known = _labels(database)
        self.registry = Registry(
            database, TEAM, Artifacts(str(folder / "models"), folder / "cache"), Source(None, 32, 1)
        )
        self.following = Following(database, TEAM, self.registry)
        self.retraining = self.another()

    def another(self, recipe: Recipe = RECIPE, limits: Limits = Limits(least=4)) -> Retraining:  # noqa: B008
        task = Classification(self.database, TEAM, self.registry, Terms(1, 0.3, 0.6, 30, limits, recipe))
        artifacts = self.registry.artifacts
        return Retraining(self.database, TEAM, [task], artifacts, self.folder / "work", 1, lambda: None)

    def review(self, times: int = 8) -> None:
        """Reviewers answer messages of both labels."""
        with self.database.writing() as session:
            session.merge(Dataset(id="d", team_id=TEAM, stage=Stage.CURRENT))
        for number in range(times):
            for name, texts in WORDS.items():
                said = f"{texts[number % len(texts)]} please look {number}"
                self.answer(received(self.database, said), self.known[name])

    def answer(self, one: Message, label: Label) -> None:
        answer = Answer(
            response_id=f"r-{one.id}",
            message_id=one.id,
            team_id=TEAM,
            dataset_id="d",
            round=1,
            reviewer="r1",
            status=Status.SUBMITTED,
            label_id=label.id,
            answered_at=time.time(),
        )
        with self.database.writing() as session:
            session.add(answer)

    def ask(self) -> Run:
        with self.database.writing() as session:
            return runs.ask(session, TEAM, "a test")

    def run(self) -> Run:
        with self.database.reading() as session:
            found = runs.latest(session, TEAM)
        assert found
        return found

    def until(self, retraining: Retraining, *phases: Phase) -> Run:
        until = time.monotonic() + 90
        while self.run().phase not in phases:
            assert time.monotonic() < until, self.run()
            retraining.step()
            time.sleep(0.05)
        return self.run()

    def versions(self) -> list[Version]:
        with self.database.reading() as session:
            return versions.every(session, TEAM)


def _labels(database: Database) -> dict[str, Label]:
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec(name) for name in WORDS])
        return {label.name: label for label in labels.active(session, TEAM)}


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(database, tmp_path)
    yield made
    made.retraining.close()


# Real training takes its time, and what it stores is tested on both databases elsewhere.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ENDED = (Phase.SHADOW, Phase.PROMOTED, Phase.REFUSED, Phase.FAILED)


def test_a_run_leaves_a_version_whose_encoder_transformers_can_load_and_a_verdict(desk: Desk) -> None:
    desk.review()
    asked = desk.ask()

    ended = desk.until(desk.retraining, *ENDED)

    assert ended.phase is not Phase.FAILED, ended.failed
    version = desk.versions()[0]
    assert (version.number, version.run_id) == (2, asked.id)
    folder = desk.registry.artifacts.get(str(version.artifact))
    assert AutoModel.from_pretrained(folder).config.hidden_size == 384
    with desk.database.reading() as session:
        [ruling] = versions.of_run(session, asked.id)
    assert ruling.reason
    assert ended.picture
    assert ended.picture.startswith(b"\x89PNG")
    assert version.card["scores"]["macro_f1"] >= 0
    assert not (desk.folder / "work" / asked.id).exists()  # it held what people wrote


@on_sqlite
def test_what_is_held_out_is_never_learned_from_and_stays_held_out(desk: Desk) -> None:
    desk.review(times=10)
    asked = desk.ask()

    desk.until(desk.retraining, *ENDED)

    with desk.database.reading() as session:
        sides = splits.sides(session, TEAM)
        learned = splits.lessons(session, asked.id)
    held = {one for one, side in sides.items() if side == "holdout"}
    assert held
    assert learned
    assert held.isdisjoint(learned)


@on_sqlite
def test_a_killed_training_process_goes_on_and_the_bot_never_notices(desk: Desk) -> None:
    desk.review()
    desk.ask()
    while not (desk.run().stage or "").startswith("training,"):
        desk.retraining.step()
        time.sleep(0.02)
    assert desk.retraining.pid
    os.kill(desk.retraining.pid, signal.SIGKILL)

    ended = desk.until(desk.retraining, *ENDED)

    assert ended.phase is not Phase.FAILED
    assert ended.attempts == 2


@on_sqlite
def test_another_replica_goes_on_where_the_first_one_stopped(desk: Desk) -> None:
    desk.review()
    desk.ask()
    while desk.run().phase is not Phase.TRAINING:
        desk.retraining.step()
    second = desk.another()
    assert second.step() is None  # one at a time

    desk.retraining.close()
    ended = desk.until(second, *ENDED)
    second.close()

    assert ended.phase is not Phase.FAILED
    assert len(desk.versions()) == 2


@on_sqlite
def test_with_nothing_to_learn_from_the_run_fails_and_says_what_is_missing(desk: Desk) -> None:
    desk.ask()

    ended = desk.until(desk.retraining, *ENDED)

    assert ended.phase is Phase.FAILED
    assert "too little to learn from" in str(ended.failed)


@on_sqlite
def test_the_trained_version_is_swapped_in_and_rolled_back(desk: Desk) -> None:
    desk.review()
    asked = desk.ask()
    desk.until(desk.retraining, *ENDED)
    with desk.database.writing() as session:
        ruling = versions.of_run(session, asked.id)[0]
        versions.rule(session, versions.promotion(session, TEAM, 2, by="U1", reason="a person wished it"))
    if ruling.decision is not Decision.PROMOTE:
        assert desk.following.champion.served.version == 1

    swap = desk.following.follow()

    assert swap
    assert desk.following.champion.served.version == 2
    one = received(desk.database, "the invoice is wrong again")
    assert desk.following.champion.served.rank([one.text])[0].label_id == desk.known["invoice"].id
    with desk.database.writing() as session:
        versions.rule(session, versions.roll_back(session, TEAM, by="U1", reason="a person wished it"))
    began = time.perf_counter()
    assert desk.following.follow()
    assert time.perf_counter() - began < 1
    assert desk.following.champion.served.version == 1
