"""Summarization as a task: learns from the summaries that people settled.

Without an operator's acceptance of Slack's policy (`learning/summarizing/policy.py`) only the sentence picker learns; a
model that writes is trained nowhere else than by the job that is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlmodel import Session

from learning.data.trust import Belief
from learning.encoders.encoder import Encoder
from learning.model_files.artifacts import Artifacts
from learning.summary_training import serving
from learning.summary_training.examples import gather, to_learn
from learning.summary_training.gate import SummaryLimits
from learning.summary_training.job import SummaryJob, Writing
from learning.summary_training.recipe import SummaryRecipe
from learning.summary_training.serving import SummarizerSource
from learning.tasks.job import Result
from storage.database.engine import Database
from storage.models import runs
from storage.summaries import examples
from storage.tables.models import Run, TaskName, Version
from storage.workspaces import acceptances


@dataclass(frozen=True)
class SummarizationTerms:
    """What settings say of training summarizers. `belief`: whose edits and opinions are learned from."""

    threads: int
    holdout_share: float
    limits: SummaryLimits
    recipe: SummaryRecipe
    belief: Belief
    report_to: str = "none"


class Summarization:
    """A team's summarizer, as the trainer sees it."""

    name = TaskName.SUMMARIZATION

    def __init__(
        self,
        database: Database,
        team_id: str,
        artifacts: Artifacts,
        encoder: Encoder,
        source: SummarizerSource,
        terms: SummarizationTerms,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._artifacts = artifacts
        self._encoder = encoder
        self._source = source
        self._terms = terms

    def new(self) -> int:
        """Settled summaries that the latest run did not learn from, or learned otherwise."""
        terms = self._terms
        found = to_learn(self._database, self._team_id, terms.holdout_share, terms.belief)
        with self._database.reading() as session:
            latest = runs.latest(session, self._team_id, self.name)
            known = examples.learned(session, latest.id) if latest else {}
        return sum(known.get(one) != examples.fingerprint(text) for one, text in found.items())

    def champion(self, session: Session) -> Version:
        """The version in service."""
        return serving.champion(session, self._team_id, self._source, self._encoder)

    def prepare(self, run: Run, folder: Path) -> None:
        """Write the job of a run. Raises NothingToLearnError."""
        terms = self._terms
        lessons = gather(self._database, self._team_id, terms.holdout_share, terms.belief)
        recipe = replace(SummaryRecipe.from_json(run.recipe or terms.recipe.to_json()), seed=run.seed)
        with self._database.writing() as session:
            champion = self.champion(session)
            writing = self._writing(session)
            examples.learn(session, run.id, lessons.learned)
            runs.tell(session, run.id, recipe=recipe.to_json())
        SummaryJob(
            title=f"Training run {run.id[:8]}",
            writing=writing,
            champion=str(self._artifacts.get(champion.artifact).resolve()) if champion.artifact else None,
            encoder=self._source.encoder,
            training=lessons.training,
            holdout=lessons.holdout,
            recipe=recipe,
            limits=terms.limits,
            limit_s=self._source.limit_s,
            threads=terms.threads,
            report_to=terms.report_to,
        ).write(folder)

    def _writing(self, session: Session) -> Writing | None:
        accepted = acceptances.standing(session, self._team_id)
        if accepted is None or not self._source.writes:
            return None
        return Writing(self._source.model, accepted.id)

    def recipe_in(self, folder: Path) -> dict[str, Any]:
        """The recipe of the job in a folder."""
        return SummaryJob.read(folder).recipe.to_json()

    def objection(self, session: Session, result: Result) -> str | None:
        """A model that writes is kept only under the acceptance under which it was trained."""
        needed = result.card.get("acceptance")
        if needed is None:
            return None
        standing = acceptances.standing(session, self._team_id)
        if standing and standing.id == needed:
            return None
        return "the acceptance of Slack's policy was withdrawn while it trained, so what was trained is thrown away"

    def concluded(self, _session: Session, _result: Result) -> None:
        """Nothing more follows."""
