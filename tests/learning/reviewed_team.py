"""A team whose reviewers answered, and what trains its classifier."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from learning.classifying.task import Classification, ClassificationTerms
from learning.evaluation.gate import GateLimits
from learning.model_files.artifacts import Artifacts
from learning.serving.hot_swap import Following
from learning.serving.registry import EncoderSource, Registry
from learning.tasks.recipe import Recipe
from learning.training.process import TrainingAttempt
from learning.training.retraining import Retraining
from storage.database.engine import Database
from storage.models import runs, versions
from storage.tables.annotation import Dataset, Stage
from storage.tables.feedback import Answer, Label, Status
from storage.tables.messages import Message
from storage.tables.models import Phase, Run, Version
from tests.factories import TEAM, label_set, received
from tests.learning.training_here import TrainingHere

WORDS = {
    "invoice": (
        "the invoice is wrong",
        "where is my invoice",
        "my invoice is twice as high",
        "send the invoice again",
    ),
    "export": ("the export crashes", "my export is empty", "where is the export", "the export takes an hour"),
}
ENDED = (Phase.SHADOW, Phase.PROMOTED, Phase.REFUSED, Phase.FAILED)
# For a transformer of a few kilobytes, whose random weights have much to learn.
TINY_RECIPE = Recipe(epochs=2, batch_size=8, learning_rate=1e-2, max_tokens=16)
RECIPE = Recipe(epochs=2, batch_size=8, max_tokens=16)


class ReviewedTeam:
    """`encoder`: the folder of the one that versions are trained from; None for the one that ships."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        encoder: str | None,
        start: Callable[[Path], TrainingAttempt] = TrainingHere,
    ) -> None:
        self.database = database
        self.folder = folder
        self.known = label_set(database, *WORDS)
        source = EncoderSource(encoder, 32, 1)
        self.registry = Registry(database, TEAM, Artifacts(str(folder / "models"), folder / "cache"), source)
        self.retraining = self.another(start)

    @cached_property
    def following(self) -> Following:
        """What serves, from when it is first asked for.

        Asked for after `review`, it reads all messages. To random weights all texts are nearly the same, and what is
        nearly the same lies on one side of the holdout: there may be nothing left to learn from.
        """
        return Following(self.database, TEAM, self.registry)

    def another(self, start: Callable[[Path], TrainingAttempt] = TrainingHere) -> Retraining:
        """What trains in another replica of the bot."""
        recipe = TINY_RECIPE if self.registry.source.name else RECIPE
        terms = ClassificationTerms(1, 0.3, GateLimits(least=4), recipe.to_json())
        task = Classification(self.database, TEAM, self.registry, terms)
        artifacts, work = self.registry.artifacts, self.folder / "work"
        return Retraining(self.database, TEAM, [task], artifacts, work, start, lambda: None)

    def review(self, times: int = 8) -> None:
        """Reviewers answer messages of both labels."""
        for number in range(times):
            for name, texts in WORDS.items():
                said = f"{texts[number % len(texts)]} please look {number}"
                self.answer(received(self.database, said), self.known[name])

    def answer(self, one: Message, label: Label) -> None:
        """A reviewer labels a message."""
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
            session.merge(Dataset(id="d", team_id=TEAM, stage=Stage.CURRENT))
            session.flush()
            session.add(answer)

    def ask(self) -> Run:
        """Ask for a training run."""
        with self.database.writing() as session:
            return runs.ask(session, TEAM, "a test")

    def run(self) -> Run:
        """The latest run, as it is now."""
        with self.database.reading() as session:
            found = runs.latest(session, TEAM)
        assert found
        return found

    def until(self, *phases: Phase, by: Retraining | None = None) -> Run:
        """Train on until the run is in one of these phases; `by`: the replica that does."""
        retraining = by or self.retraining
        while self.run().phase not in phases:
            retraining.step()
            time.sleep(0.02)
        return self.run()

    def train(self) -> Run:
        """A whole run, to its end."""
        self.ask()
        return self.until(*ENDED)

    def versions(self) -> list[Version]:
        with self.database.reading() as session:
            return versions.every(session, TEAM)
