"""Erasing all of one team: every row, and what lies elsewhere because of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete
from sqlmodel import Session, SQLModel, col, func, select

from storage.tables import Dataset, Job, Lease, Message, Probe, UsedState, Version

# What no team has a part in.
OF_NOBODY = {Probe.__tablename__, UsedState.__tablename__}


class TeamServedError(RuntimeError):
    """A bot works for this team now, and would bring back what is erased."""

    def __init__(self, team_id: str) -> None:
        super().__init__(
            f"A bot serves {team_id} now. Remove the app from that workspace, or stop the bot; half a minute later "
            "try again."
        )


@dataclass(frozen=True)
class Extent:
    """What is kept of a team: messages, ids of its datasets in Argilla, digests of models that are no other's."""

    messages: int
    datasets: list[str]
    artifacts: list[str]


def extent(session: Session, team_id: str) -> Extent:
    """What is kept of a team now. Raises TeamServedError."""
    if _is_served(session, team_id):
        raise TeamServedError(team_id)
    messages = select(func.count()).select_from(Message).where(Message.team_id == team_id)
    datasets = select(Dataset.id).where(Dataset.team_id == team_id).order_by(Dataset.id)
    of_others = select(Version.artifact).where(Version.team_id != team_id, col(Version.artifact).is_not(None))
    artifacts = select(Version.artifact).where(
        Version.team_id == team_id,
        col(Version.artifact).is_not(None),
        col(Version.artifact).not_in(of_others),
    )
    return Extent(
        session.exec(messages).one(),
        list(session.exec(datasets)),
        [digest for digest in session.exec(artifacts.distinct()) if digest],
    )


def _is_served(session: Session, team_id: str) -> bool:
    now = time.time()
    leases = select(Lease.name).where(_leased(team_id), Lease.expires_at > now)
    held = select(Job.name).where(Job.team_id == team_id, Job.held_until > now)
    return session.exec(leases).first() is not None or session.exec(held).first() is not None


def erase_team(session: Session, team_id: str) -> int:
    """Erase every row of a team; how many they were."""
    return sum(
        session.connection().execute(delete(table).where(_of_team(table, team_id))).rowcount
        for table in reversed(SQLModel.metadata.sorted_tables)
        if table.name not in OF_NOBODY
    )


def _leased(team_id: str) -> ColumnElement[bool]:
    """Leases are named for what is done, and for whom."""
    return col(Lease.name).endswith(f" {team_id}", autoescape=True)


def _of_team(table: Table, team_id: str) -> ColumnElement[bool]:
    """Its own column says whose a row is, or what the row belongs to."""
    if table.name == Lease.__tablename__:
        return _leased(team_id)
    if "team_id" in table.c:
        return table.c.team_id == team_id
    owner = min(table.foreign_keys, key=lambda one: one.column.table.name)
    owned = select(owner.column).where(_of_team(owner.column.table, team_id))
    return owner.parent.in_(owned)
