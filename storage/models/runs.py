"""Training runs: asked for, told how far they are, ended once."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, case, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.deliveries import undelivered
from storage.models import disagreements, versions
from storage.tables.deliveries import Delivery
from storage.tables.models import Phase, Run, Split, TaskName

# A run whose folder may hold what was erased, until whoever trains it has thrown that away.
RESTARTING = "starting over without what was erased"
OPEN = (Phase.WAITING, Phase.TRAINING, Phase.SHADOW)


class RunNotFoundError(LookupError):
    """A team has no such run, or several whose ids begin so."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no run {name!r}, or more than one. Give the beginning of a run's id, or a version such as v2."
        )


class RunUnderWayError(RuntimeError):
    """A run was asked for while another one is not done."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"A training run is under way already ({run.stage or run.phase.value}).")
        self.run_id = run.id


def ask(
    session: Session,
    team_id: str,
    cause: str,
    by: str = "",
    seed: int = 0,
    task: TaskName = TaskName.CLASSIFICATION,
    encoder: str | None = None,
) -> Run:
    """A new run; one that switches to `encoder` if that is given. One whose challenger is still in shadow makes way for
    it. Raises RunUnderWayError.
    """
    versions.lock(session, team_id, task)  # of two who ask at once one is told of the other
    standing = under_way(session, team_id, task)
    if standing and standing.phase is not Phase.SHADOW:
        raise RunUnderWayError(standing)
    if standing:
        end(session, standing.id, Phase.REFUSED, "a newer challenger took its place")
    run = Run(
        team_id=team_id,
        task=task,
        cause=cause,
        encoder=encoder,
        asked_by=by,
        phase=Phase.WAITING,
        seed=seed,
        stage="waiting",
    )
    session.add(run)
    session.flush()
    return run


def under_way(session: Session, team_id: str, task: TaskName = TaskName.CLASSIFICATION) -> Run | None:
    """The run of a task that is not ended."""
    chosen = select(Run).where(Run.team_id == team_id, Run.task == task, col(Run.phase).in_(OPEN))
    return session.exec(chosen.order_by(col(Run.created_at))).first()


def to_train(session: Session, team_id: str) -> Run | None:
    """The run to train now, of whatever task: the one that was begun, or else the one that waits longest."""
    chosen = _begun(team_id).where(col(Run.encoder).is_(None))
    begun_first = case((col(Run.started_at).is_(None), 1), else_=0)
    return session.exec(chosen.order_by(begun_first, col(Run.created_at)).limit(1)).first()


def to_switch(session: Session, team_id: str) -> Run | None:
    """The run that switches to another encoder now."""
    return session.exec(_begun(team_id).where(col(Run.encoder).is_not(None))).first()


def latest_switch(session: Session, team_id: str) -> Run | None:
    """The switch that was asked for last."""
    chosen = select(Run).where(Run.team_id == team_id, col(Run.encoder).is_not(None))
    return session.exec(chosen.order_by(col(Run.created_at).desc())).first()


def _begun(team_id: str) -> SelectOfScalar[Run]:
    """Runs that somebody has to work on."""
    return select(Run).where(Run.team_id == team_id, col(Run.phase).in_((Phase.TRAINING, Phase.WAITING)))


def in_shadow(session: Session, team_id: str) -> Run | None:
    """The run whose challenger runs beside the champion."""
    return session.exec(select(Run).where(Run.team_id == team_id, Run.phase == Phase.SHADOW)).first()


def latest(session: Session, team_id: str, task: TaskName = TaskName.CLASSIFICATION) -> Run | None:
    """The training run of a task that was asked for last."""
    chosen = select(Run).where(Run.team_id == team_id, Run.task == task, col(Run.encoder).is_(None))
    return session.exec(chosen.order_by(col(Run.created_at).desc())).first()


def find(session: Session, team_id: str, name: str) -> Run:
    """The run whose id begins so, or that made this version (`v2`). Raises RunNotFoundError."""
    chosen = select(Run).where(Run.team_id == team_id)
    is_version = name[:1] == "v" and name[1:].isdecimal() and len(name) <= 10
    named = Run.version == int(name[1:]) if is_version else col(Run.id).startswith(name, autoescape=True)
    found = session.exec(chosen.where(named).limit(2)).all()
    if len(found) != 1:
        raise RunNotFoundError(name)
    return found[0]


def get(session: Session, run_id: str) -> Run:
    """One run."""
    return session.exec(select(Run).where(Run.id == run_id)).one()


def is_ended(session: Session, run_id: str) -> bool:
    """Is this a run that has nothing more to learn? False where there is no such run."""
    found = session.get(Run, run_id)
    return found is not None and found.phase not in (Phase.WAITING, Phase.TRAINING)


def tell(session: Session, run_id: str, **changes: Any) -> None:
    """Change columns of a run that is not ended, and have its note follow."""
    session.connection().execute(
        update(Run)
        .where(col(Run.id) == run_id, col(Run.phase).in_(OPEN))
        .values(noted=Run.noted + 1, **changes)
    )


def start_over(session: Session, team_id: str, message_id: str, summary_ids: Sequence[str]) -> None:
    """A message is erased, and with it these summaries: runs that may be learning from them begin anew without."""
    tasks = {TaskName.SUMMARIZATION} if summary_ids else set()
    if session.get(Split, message_id):
        tasks.add(TaskName.CLASSIFICATION)
    restart(session, team_id, tasks)


def restart(session: Session, team_id: str, tasks: Collection[TaskName]) -> None:
    """Runs of these tasks begin anew: their folders may hold what is erased now."""
    if not tasks:
        return
    learning = (
        col(Run.team_id) == team_id,
        col(Run.phase) == Phase.TRAINING,
        col(Run.task).in_(tasks),
        col(Run.encoder).is_(None),
    )
    anew = {"phase": Phase.WAITING, "stage": RESTARTING, "attempts": 0, "done": 0.0, "noted": Run.noted + 1}
    session.connection().execute(update(Run).where(*learning).values(anew))


def is_restarting(session: Session, team_id: str) -> bool:
    """Does the folder of a run still hold what was erased?"""
    chosen = select(Run.id).where(Run.team_id == team_id, Run.phase == Phase.WAITING, Run.stage == RESTARTING)
    return session.exec(chosen.limit(1)).first() is not None


def end(session: Session, run_id: str, phase: Phase, stage: str, **changes: Any) -> None:
    """A run is done; what became of it in words."""
    tell(session, run_id, phase=phase, stage=stage, ended_at=time.time(), **changes)
    disagreements.close(session, run_id)


def to_note(session: Session, team_id: str) -> Run | None:
    """A run of which operators do not see the latest."""
    is_wanted = undelivered.is_not_given_up(team_id, Delivery.RUN, col(Run.id))
    behind = select(Run).where(Run.team_id == team_id, col(Run.shown) < col(Run.noted), is_wanted)
    return session.exec(behind.order_by(col(Run.created_at))).first()


def noted(session: Session, run_id: str, state: int, channel_id: str | None, ts: str | None) -> None:
    """The note at `ts` shows state `state`."""
    session.connection().execute(
        update(Run).where(col(Run.id) == run_id).values(shown=state, note_channel=channel_id, note_ts=ts)
    )
