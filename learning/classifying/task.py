"""Classification as a task: learns from the labels that people chose, by fine-tuning the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlmodel import Session

from learning.active import doubting
from learning.classifying.examples import gather
from learning.data import trust
from learning.evaluation.gate import GateLimits
from learning.serving.registry import EncoderSource, Registry
from learning.tasks.job import Result, TrainingJob
from learning.tasks.recipe import Recipe, followed
from storage.database.engine import Database
from storage.models import runs, splits, tunings, versions
from storage.tables.models import Run, TaskName, Version


@dataclass(frozen=True)
class ClassificationTerms:
    """What settings say of training classifiers. recipe: what RECIPE names, and nothing else."""

    threads: int
    holdout_share: float
    limits: GateLimits
    recipe: Mapping[str, Any]
    report_to: str = "none"


class Classification:
    """A team's classifier, as the trainer sees it."""

    name = TaskName.CLASSIFICATION

    def __init__(
        self, database: Database, team_id: str, registry: Registry, terms: ClassificationTerms
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._registry = registry
        self._terms = terms

    def new(self) -> int:
        """Labels to train on that the latest run did not learn from, or learned otherwise."""
        with self._database.reading() as session:
            found = trust.admitted(session, self._team_id, self._registry.belief).labels
            latest = runs.latest(session, self._team_id)
            known = splits.lessons(session, latest.id) if latest else {}
            held = splits.held_out(session, self._team_id)
        return sum(known.get(one) != label for one, label in found.items() if one not in held)

    def champion(self, session: Session) -> Version:
        """The version in service."""
        registry = self._registry
        return versions.champion(session, self._team_id, registry.base.fingerprint, registry.source.title)

    def prepare(self, run: Run, folder: Path) -> None:
        """Write the job of a run. Raises NothingToLearnError."""
        terms, champion = self._terms, self._registry.champion()
        recipe = self._recipe(run)
        held_out, belief = terms.holdout_share, self._registry.belief
        lessons = gather(self._database, self._team_id, champion.encoder, held_out, belief)
        with self._database.writing() as session:
            splits.learn(session, run.id, lessons.learned)
            runs.tell(session, run.id, recipe=recipe.to_json())
        source = self._registry.source_of(champion)
        TrainingJob(
            title=f"Training run {run.id[:8]}",
            source=source.name,
            champion=self._folder_of(champion.artifact),
            targets=lessons.targets,
            training=lessons.training,
            groups=lessons.groups,
            said=lessons.said,
            holdout=lessons.holdout,
            recipe=recipe,
            limits=terms.limits,
            max_tokens=source.max_tokens,
            threads=terms.threads,
            report_to=terms.report_to,
            exports=_exports(source),
        ).write(folder)

    def _recipe(self, run: Run) -> Recipe:
        with self._database.reading() as session:
            tuned = tunings.recipe(session, self._team_id)
        recipe = Recipe.from_json(run.recipe) if run.recipe else followed(self._terms.recipe, tuned)
        return replace(recipe, seed=run.seed)

    def _folder_of(self, artifact: str | None) -> str | None:
        return str(self._registry.artifacts.get(artifact).resolve()) if artifact else None

    def recipe_in(self, folder: Path) -> dict[str, Any]:
        """The recipe of the job in a folder."""
        return TrainingJob.read(folder).recipe.to_json()

    def objection(self, _session: Session, _result: Result) -> str | None:
        """None: labels may always be learned from."""
        return None

    def concluded(self, session: Session, result: Result) -> None:
        """Labels that look wrong go back to people, without spending the reviewers' daily budget."""
        doubting.begin(session, self._team_id, result.report)


def _exports(source: EncoderSource) -> str | None:
    """Where a version is exported to, that it is judged by; None where PyTorch serves."""
    return str(source.exports.resolve()) if source.exports and not source.is_on_gpu else None
