"""Retraining: takes a run of any task through training and the gate, one at a time among all replicas."""

from __future__ import annotations

import base64
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from learning.model_files.artifacts import ArtifactMissingError, Artifacts
from learning.tasks.job import MODEL, Result
from learning.tasks.task import NothingToLearnError, Task
from learning.training.process import TrainingAttempt
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.models import runs, versions
from storage.tables.models import Decision, Grounds, Phase, Ruling, Run

log = logging.getLogger(__name__)

STEP_S = 0.5
ATTEMPTS_MOST = 4
BATCH_LEAST = 4
RUN_ID = 32  # letters, as the folders of runs are called


@dataclass
class _Work:
    """The run that this process works on."""

    run_id: str
    task: Task
    folder: Path
    training: TrainingAttempt


class Retraining:
    """The owner of a team's training, whatever is trained. `step` never waits for it.

    `start` begins an attempt at the job of a folder: a `TrainingProcess`, unless a test keeps it in its own process.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        tasks: Sequence[Task],
        artifacts: Artifacts,
        workplace: Path,
        start: Callable[[Path], TrainingAttempt],
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._tasks = {task.name: task for task in tasks}
        self._artifacts = artifacts
        self._workplace = workplace.resolve()
        self._start = start
        self._on_change = on_change
        self.claim = LeaseClaim(database, f"training {team_id}")
        self._work: _Work | None = None
        self._told = ""

    def step(self) -> float | None:
        """Begin, watch or end a run; None where there is none to work on."""
        with self._database.reading() as session:
            run = runs.to_train(session, self._team_id)
        is_ours = (
            self._work is not None
            and run is not None
            and self._work.run_id == run.id
            and run.phase is Phase.TRAINING
        )
        if self._work and not is_ours:
            self._drop()  # somebody ended it, or it starts over
        if run is None:
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

    def _drop(self) -> None:
        if self._work:
            self._work.training.stop()
            self._work = None

    def _sweep(self) -> None:
        """Remove what a process left that died between a run's end and the removal of what people wrote."""
        for folder in self._workplace.glob("?" * RUN_ID):
            with self._database.reading() as session:
                is_ended = runs.is_ended(session, folder.name)
            if is_ended:
                self._discard(folder)

    @staticmethod
    def _discard(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    # Beginning: the lessons are gathered once; a run that was stopped goes on with the same.

    def _begin(self, run: Run) -> None:
        self._sweep()
        folder, task = self._workplace / run.id, self._tasks[run.task]
        if run.attempts >= ATTEMPTS_MOST:
            self._fail(run, folder, run.failed or "its process died again and again")
            return
        can_resume = _can_resume(task, run, folder)
        if can_resume and (result := Result.read(folder)):  # whoever trained it died before it could say so
            self._end(run, task, folder, result)
            return
        stage = "training goes on" if run.attempts else "starting"
        began = run.started_at or time.time()
        with self._database.writing() as session:  # first: what is erased from here on has the run start over
            runs.tell(session, run.id, phase=Phase.TRAINING, stage=stage, started_at=began)
        try:
            if not can_resume:
                self._discard(folder)
                task.prepare(run, folder)
        except (ArtifactMissingError, NothingToLearnError) as error:
            self._fail(run, folder, str(error))
            return
        with self._database.writing() as session:
            runs.tell(session, run.id, attempts=run.attempts + 1)
        self._work = _Work(run.id, task, folder, self._start(folder))
        log.info("training started run=%s attempt=%d", run.id, run.attempts + 1)
        self._on_change()

    # Watching

    def _watch(self, run: Run, work: _Work) -> None:
        progress = work.training.progress
        status = work.training.status
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
        self._end(run, work.task, work.folder, result)

    def _end(self, run: Run, task: Task, folder: Path, result: Result) -> None:
        if result.is_out_of_memory and int(run.recipe["batch_size"]) > BATCH_LEAST:
            self._retry_smaller(run, folder)
        elif result.failed:
            log.error("training failed run=%s\n%s", run.id, result.where)
            self._fail(run, folder, result.failed)
        else:
            self._conclude(run, task, folder, result)

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

    def _conclude(self, run: Run, task: Task, folder: Path, result: Result) -> None:
        with self._database.reading() as session:
            objection = task.objection(session, result)
        if objection:
            self._fail(run, folder, objection)
            return
        card = {**result.card, "seed": run.seed}
        picture = base64.b64decode(str(card.pop("picture", "")))
        words = str(card.pop("picture_text", ""))
        artifact = self._artifacts.put(folder / MODEL)
        decision = Decision(result.decision)
        with self._database.writing() as session:
            champion = task.champion(session)
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
                    task=run.task,
                    run_id=run.id,
                    challenger=version.number,
                    champion=champion.number,
                    grounds=Grounds.HOLDOUT,
                    decision=decision,
                    reason=result.reason,
                    figures=result.figures,
                ),
            )
            task.concluded(session, result)
        self._discard(folder)
        log.info("trained run=%s version=%d decision=%s", run.id, version.number, decision)
        self._on_change()


def _can_resume(task: Task, run: Run, folder: Path) -> bool:
    if run.phase is not Phase.TRAINING:
        return False
    try:
        return task.recipe_in(folder) == run.recipe
    except (OSError, ValueError, KeyError, TypeError):
        return False  # another machine's, or not written to its end
