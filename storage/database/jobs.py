"""What is due at set times: each time it is done once, by whichever replica is there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.tables.database import Job


def keep(session: Session, team_id: str, name: str, next_due: float, now: float) -> None:
    """Have the job be due at `next_due`, unless it is due already: then what was missed is still to be done."""
    if insert_if_new(session, Job(team_id=team_id, name=name, due_at=next_due)):
        return
    later = update(Job).where(col(Job.team_id) == team_id, col(Job.name) == name, col(Job.due_at) > now)
    session.connection().execute(later.values(due_at=next_due))


def hasten(session: Session, team_id: str, name: str, now: float) -> None:
    """Make a job due now unless somebody runs it."""
    later = (
        col(Job.team_id) == team_id,
        col(Job.name) == name,
        col(Job.due_at) > now,
        col(Job.held_until) < now,
    )
    session.connection().execute(update(Job).where(*later).values(due_at=now))


def drop_others(session: Session, team_id: str, names: Collection[str]) -> None:
    """Forget jobs that are not wanted any more."""
    others = delete(Job).where(col(Job.team_id) == team_id, col(Job.name).not_in(list(names)))
    session.connection().execute(others)


def claim(
    session: Session,
    team_id: str,
    owner: str,
    now: float,
    hold_s: float,
    names: Collection[str] | None = None,
) -> Job | None:
    """A due job that nobody does now, one of `names` where they are given; it is ours for `hold_s` seconds."""
    free = [col(Job.team_id) == team_id, col(Job.due_at) <= now, col(Job.held_until) < now]
    if names is not None:
        free.append(col(Job.name).in_(list(names)))
    for name in session.exec(select(Job.name).where(*free).order_by(col(Job.due_at))).all():
        taken = session.connection().execute(
            update(Job)
            .where(*free, col(Job.name) == name)
            .values(owner=owner, held_until=now + hold_s)
            .returning(col(Job.name))
        )
        if taken.first():
            return session.get_one(Job, (team_id, name), populate_existing=True)
    return None


def prolong(session: Session, team_id: str, name: str, owner: str, until: float) -> bool:
    """Hold a job for longer; False where it is somebody else's by now."""
    return _change(session, team_id, name, owner, {"held_until": until})


def finish(
    session: Session, team_id: str, name: str, owner: str, now: float, next_due: float, failed: str | None
) -> bool:
    """A job is done, or failed for this reason; it is due again at `next_due`. False where it is not ours any more."""
    # Nobody's from here on: who held it can't prolong, in a transaction that began before, what is done.
    changes: dict[str, object] = {"due_at": next_due, "owner": "", "held_until": 0.0, "failed": failed}
    return _change(session, team_id, name, owner, changes if failed else {**changes, "succeeded_at": now})


def note(session: Session, team_id: str, name: str, at: float, next_due: float) -> None:
    """Work that nobody claims, because it never pauses, went well."""
    if insert_if_new(session, Job(team_id=team_id, name=name, due_at=next_due, succeeded_at=at)):
        return
    noted = update(Job).where(col(Job.team_id) == team_id, col(Job.name) == name)
    session.connection().execute(
        noted.values(due_at=next_due, succeeded_at=at, failed=None, failing_since=None)
    )


def note_failure(session: Session, team_id: str, name: str, reason: str, since: float) -> float:
    """Work that nobody claims fails; since when, which may be before this process tried."""
    if insert_if_new(
        session, Job(team_id=team_id, name=name, due_at=since, failed=reason, failing_since=since)
    ):
        return since
    failing = update(Job).where(col(Job.team_id) == team_id, col(Job.name) == name)
    noted = failing.values(failed=reason, failing_since=func.coalesce(Job.failing_since, since))
    return session.connection().execute(noted.returning(col(Job.failing_since))).scalar_one() or since


@dataclass(frozen=True)
class Failing:
    """Work that fails: a code for the reason, and since when (seconds since 1970)."""

    name: str
    reason: str
    since: float

    def at(self, form: str) -> str:
        """Since when on this machine's clock, as strftime writes it."""
        return datetime.fromtimestamp(self.since).astimezone().strftime(form)


def failing(session: Session, team_id: str) -> list[Failing]:
    """Return a team's unscheduled work that fails now."""
    chosen = select(Job).where(Job.team_id == team_id, col(Job.failing_since).is_not(None))
    return [
        Failing(job.name, job.failed or "", job.failing_since or 0.0)
        for job in session.exec(chosen.order_by(col(Job.name)))
    ]


def give_up(session: Session, team_id: str, owner: str) -> None:
    """Let others do at once what we do not end."""
    ours = update(Job).where(col(Job.team_id) == team_id, col(Job.owner) == owner)
    session.connection().execute(ours.values(held_until=0.0))


def every(session: Session, team_id: str) -> list[Job]:
    """All jobs of a team, by name."""
    return list(session.exec(select(Job).where(Job.team_id == team_id).order_by(col(Job.name))))


def _change(session: Session, team_id: str, name: str, owner: str, changes: dict[str, object]) -> bool:
    ours = (col(Job.team_id) == team_id, col(Job.name) == name, col(Job.owner) == owner)
    changed = session.connection().execute(update(Job).where(*ours).values(changes).returning(col(Job.name)))
    return changed.first() is not None
