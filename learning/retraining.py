"""Retraining: takes a run that was asked for through training and the gate, one at a time among all replicas."""

from __future__ import annotations

import base64
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session

from learning.gate import Limits
from learning.registry import Registry
from learning.training.job import Job, Result
from learning.training.lessons import NothingToLearnError, gather
from learning.training.process import TrainingProcess
from learning.training.recipe import Recipe
from storage import messages, questions, runs, splits, tunings, versions
from storage.database import Database
from storage.leases import Claim
from storage.tables import Decision, Grounds, Phase, Ruling, Run

log = logging.getLogger(__name__)

STEP_S = 0.5
ATTEMPTS_MOST = 4
BATCH_LEAST = 4
RUN_ID = 32  # letters, as the folders of runs are called


@dataclass(frozen=True)
class Terms:
    """What settings say of training."""

    workplace: Path
    threads: int
    holdout_share: float
    trust_at_least: float
    uncontested_most: int
    limits: Limits
    recipe: Recipe
    report_to: str = "none"

    @property
    def belief(self) -> tuple[float, float, int]:
        """What is held out, and whom to believe, as `gather` takes them."""
        return self.holdout_share, self.trust_at_least, self.uncontested_most


@dataclass
class _Work:
    """The run that this process works on."""

    run_id: str
    folder: Path
    process: TrainingProcess


class Retraining:
    """The owner of a team's training process. `step` never waits for it."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        registry: Registry,
        terms: Terms,
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._registry = registry
        self._terms = terms
        self._on_change = on_change
        self.claim = Claim(database, f"training {team_id}")
        self._work: _Work | None = None
        self._told = ""

    def step(self) -> float | None:
        """Begin, watch or end a run; None where there is none to work on."""
        with self._database.reading() as session:
            run = runs.under_way(session, self._team_id)
        is_ours = self._work is not None and run is not None and self._work.run_id == run.id
        if self._work and not is_ours:
            self._drop()  # somebody ended it
        if run is None or run.phase is Phase.SHADOW:
            self._drop()
            self._sweep()
            return None
        if not self.claim.hold():
            self._drop()
            return None
        if self._work is None:
            self._begin(run)
        else:
            self._watch(run, self._work)
        return STEP_S

    def close(self) -> None:
        """Stop training; the next owner goes on where it was."""
        self._drop()
        self.claim.give_up()

    @property
    def pid(self) -> int | None:
        """Of the training process; None while there is none."""
        return self._work.process.pid if self._work else None

    def _drop(self) -> None:
        if self._work:
            self._work.process.stop()
            self._work = None

    def _sweep(self) -> None:
        """Remove what a process left that died between a run's end and the removal of what people wrote."""
        for folder in self._terms.workplace.glob("?" * RUN_ID):
            with self._database.reading() as session:
                is_ended = runs.is_ended(session, folder.name)
            if is_ended:
                self._discard(folder)

    @staticmethod
    def _discard(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    # Beginning: the lessons are gathered once; a run that was stopped goes on with the same.

    def _begin(self, run: Run) -> None:
        folder = self._terms.workplace.resolve() / run.id
        if run.attempts >= ATTEMPTS_MOST:
            self._fail(run, folder, run.failed or "its process died again and again")
            return
        can_resume = self._can_resume(run, folder)
        if can_resume and (result := Result.read(folder)):  # whoever trained it died before it could say so
            self._end(run, folder, result)
            return
        try:
            if not can_resume:
                self._prepare(run, folder)
        except NothingToLearnError as error:
            self._fail(run, folder, str(error))
            return
        with self._database.writing() as session:
            runs.tell(
                session,
                run.id,
                phase=Phase.TRAINING,
                attempts=run.attempts + 1,
                stage="training goes on" if run.attempts else "starting",
                started_at=run.started_at or time.time(),
            )
        self._work = _Work(run.id, folder, TrainingProcess(folder, self._terms.threads))
        log.info("training started run=%s attempt=%d", run.id, run.attempts + 1)
        self._on_change()

    def _can_resume(self, run: Run, folder: Path) -> bool:
        if run.phase is not Phase.TRAINING:
            return False
        try:
            return Job.read(folder).recipe.to_json() == run.recipe
        except (OSError, ValueError, KeyError, TypeError):
            return False  # another machine's, or not written to its end

    def _prepare(self, run: Run, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        terms, champion = self._terms, self._registry.champion()
        recipe = self._recipe(run)
        lessons = gather(self._database, self._team_id, champion.encoder, *terms.belief)
        with self._database.writing() as session:
            splits.learn(session, run.id, lessons.learned)
            runs.tell(session, run.id, recipe=recipe.to_json())
        source = self._registry.source
        Job(
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
        ).write(folder)

    def _recipe(self, run: Run) -> Recipe:
        with self._database.reading() as session:
            tuned = tunings.recipe(session, self._team_id)
        return replace(Recipe.from_json(run.recipe or tuned or self._terms.recipe.to_json()), seed=run.seed)

    def _folder_of(self, artifact: str | None) -> str | None:
        return str(self._registry.artifacts.get(artifact).resolve()) if artifact else None

    # Watching

    def _watch(self, run: Run, work: _Work) -> None:
        progress = work.process.progress
        status = work.process.status
        if progress and progress.words != self._told and status is None:
            self._told = progress.words
            with self._database.writing() as session:
                runs.tell(session, run.id, stage=progress.words, done=progress.done)
            self._on_change()
        if status is None:
            return
        self._drop()
        result = Result.read(work.folder)
        if result is None:
            log.warning("training process died run=%s status=%d", run.id, status)
            return  # begun again, from its last checkpoint
        self._end(run, work.folder, result)

    def _end(self, run: Run, folder: Path, result: Result) -> None:
        if result.is_out_of_memory and int(run.recipe["batch_size"]) > BATCH_LEAST:
            self._retry_smaller(run, folder)
        elif result.failed:
            log.error("training failed run=%s\n%s", run.id, result.where)
            self._fail(run, folder, result.failed)
        else:
            self._conclude(run, folder, result)

    def _retry_smaller(self, run: Run, folder: Path) -> None:
        """Not enough memory: again, with batches of half the size."""
        self._discard(folder)
        recipe = {**run.recipe, "batch_size": int(run.recipe["batch_size"]) // 2}
        with self._database.writing() as session:
            runs.tell(
                session, run.id, phase=Phase.WAITING, recipe=recipe, failed="there was not enough memory"
            )

    def _fail(self, run: Run, folder: Path, reason: str) -> None:
        self._discard(folder)
        with self._database.writing() as session:
            runs.end(session, run.id, Phase.FAILED, reason, failed=reason)
        self._on_change()

    # The verdict: what was scored is what is registered.

    def _conclude(self, run: Run, folder: Path, result: Result) -> None:
        from learning.training.fine_tune import MODEL

        card = {**result.card, "seed": run.seed}
        picture = base64.b64decode(str(card.pop("picture", "")))
        words = str(card.pop("picture_text", ""))
        artifact = self._registry.artifacts.put(folder / MODEL)
        decision = Decision(result.decision)
        with self._database.writing() as session:
            champion = versions.champion(
                session, self._team_id, self._registry.base.fingerprint, self._registry.source.title
            )
            version = versions.register(
                session, self._team_id, run.id, champion, result.encoder, artifact, card
            )
            changes = {
                "version": version.number,
                "done": 1.0,
                "report": result.report,
                "picture": picture,
                "picture_text": words,
            }
            if decision is Decision.GO_ON:
                runs.tell(session, run.id, phase=Phase.SHADOW, stage=result.reason, **changes)
            else:
                ended = Phase.PROMOTED if decision is Decision.PROMOTE else Phase.REFUSED
                runs.end(session, run.id, ended, result.reason, **changes)
            versions.rule(
                session,
                Ruling(
                    team_id=self._team_id,
                    run_id=run.id,
                    challenger=version.number,
                    champion=champion.number,
                    grounds=Grounds.HOLDOUT,
                    decision=decision,
                    reason=result.reason,
                    figures=result.figures,
                ),
            )
            self._question_suspects(session, result)
        self._discard(folder)
        log.info("trained run=%s version=%d decision=%s", run.id, version.number, decision)
        self._on_change()

    def _question_suspects(self, session: Session, result: Result) -> None:
        """Labels that look wrong go back to people: reviewers see them again, free of their daily budget."""
        for suspect in result.report.get("suspects", []):
            if messages.is_standing(session, suspect["id"]):
                questions.doubt(session, self._team_id, suspect["id"])
