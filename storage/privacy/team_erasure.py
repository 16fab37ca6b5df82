"""Erasing all of one team: every row, and what lies elsewhere because of it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, MetaData, Table, delete, inspect, literal_column
from sqlmodel import Session, SQLModel, col, func, select

from storage.database import purging
from storage.database.engine import insert_if_new
from storage.tables.annotation import Dataset, Ownership
from storage.tables.database import Erasure, Job, Lease
from storage.tables.messages import Message
from storage.tables.models import Run, Version
from storage.tables.summaries import SummaryReview

# What is left while a team's files are removed, and marks that belong to the database as a whole.
OF_NO_TEAM = {"erasure", "probe", "purge", "usedstate"}


class TeamServedError(RuntimeError):
    """A bot works for this team now, and would bring back what is erased."""

    def __init__(self, team_id: str) -> None:
        super().__init__(
            f"A bot serves {team_id} now. Remove the app from that workspace, or stop the bot; half a minute later "
            "try again."
        )


class ErasureUnderWayError(RuntimeError):
    """A team is being erased: what was new of it would go too."""

    def __init__(self, team_id: str) -> None:
        super().__init__(
            f"{team_id} is being erased, and not all of its files are removed yet. Run `corrigible erase {team_id}` "
            "again; then it can be served anew."
        )


@dataclass(frozen=True)
class Extent:
    """What is kept of a team: messages, and what lies elsewhere because of it.

    `datasets` are ids in Argilla, where they bear the `mark`, `artifacts` digests of models that no other team has,
    `runs` names of folders. `begun_at`: since when the team is being erased.
    """

    messages: int
    datasets: list[str]
    artifacts: list[str]
    runs: list[str]
    begun_at: float | None = None
    mark: str | None = None


def is_known(session: Session, team_id: str) -> bool:
    """Does any table have a row of this team?"""
    return session.get(Erasure, team_id) is not None or any(
        session.connection()
        .execute(select(literal_column("1")).where(_of_team(table, team_id)).limit(1))
        .first()
        for table in _tables(session)
    )


def check(session: Session, team_id: str) -> None:
    """Raise ErasureUnderWayError where the team is being erased."""
    if session.get(Erasure, team_id):
        raise ErasureUnderWayError(team_id)


def extent(session: Session, team_id: str) -> Extent:
    """What is kept of a team now. Raises TeamServedError."""
    if _is_served(session, team_id):
        raise TeamServedError(team_id)
    begun = session.get(Erasure, team_id)
    messages = select(func.count()).select_from(Message).where(Message.team_id == team_id)
    left = begun or Erasure(team_id=team_id)
    of_labels = select(Dataset.id).where(Dataset.team_id == team_id)
    of_summaries = select(SummaryReview.dataset_id).where(SummaryReview.team_id == team_id)
    artifacts = select(Version.artifact).where(Version.team_id == team_id)
    runs = select(Run.id).where(Run.team_id == team_id)
    return Extent(
        session.exec(messages).one(),
        _together(left.datasets, session.exec(of_labels), session.exec(of_summaries)),
        [
            digest
            for digest in _together(left.artifacts, session.exec(artifacts))
            if not is_of_others(session, team_id, digest)
        ],
        _together(left.runs, session.exec(runs)),
        begun.begun_at if begun else None,
        left.mark or session.exec(select(Ownership.mark).where(Ownership.team_id == team_id)).first(),
    )


def _together(*some: Iterable[Any]) -> list[str]:
    return sorted({str(one) for found in some for one in found if one})


def is_of_others(session: Session, team_id: str, digest: str) -> bool:
    """Does another team have the model of this digest too?"""
    theirs = select(Version.number).where(Version.team_id != team_id, Version.artifact == digest)
    return session.exec(theirs.limit(1)).first() is not None


def _is_served(session: Session, team_id: str) -> bool:
    now = time.time()
    leases = select(Lease.name).where(_leased(team_id), Lease.expires_at > now)
    held = select(Job.name).where(Job.team_id == team_id, Job.held_until > now)
    return session.exec(leases).first() is not None or session.exec(held).first() is not None


def begin(session: Session, team_id: str) -> tuple[Extent, int]:
    """Erase every row of a team, and note what is still to be removed elsewhere; that, and how many rows they were.

    Harmless where it was begun before. Raises TeamServedError.
    """
    found = extent(session, team_id)
    # Two that begin at once are one after the other.
    insert_if_new(session, Erasure(team_id=team_id))
    under_way = Erasure(
        team_id=team_id,
        begun_at=found.begun_at or time.time(),
        artifacts=found.artifacts,
        runs=found.runs,
        datasets=found.datasets,
        mark=found.mark,
    )
    session.merge(under_way)
    purging.mark(session)
    session.flush()  # the splits go only after that
    run = session.connection().execute
    return found, sum(
        run(delete(table).where(_of_team(table, team_id))).rowcount for table in _tables(session)
    )


def end(session: Session, team_id: str) -> None:
    """Nothing of the team is left anywhere."""
    session.connection().execute(delete(Erasure).where(col(Erasure.team_id) == team_id))


def _tables(session: Session) -> list[Table]:
    """All tables with rows of teams, none before those that refer to it."""
    ours = [table for table in SQLModel.metadata.sorted_tables if table.name not in OF_NO_TEAM]
    return [*reversed(ours), *_beside(session)]


def _beside(session: Session) -> list[Table]:
    """Tables that Slack's library made: installations and their tokens."""
    inspector = inspect(session.connection())
    columns = {
        name: {column["name"] for column in inspector.get_columns(name)}
        for name in inspector.get_table_names()
        if name not in SQLModel.metadata.tables
    }
    return [
        Table(name, MetaData(), Column("team_id")) for name, found in columns.items() if "team_id" in found
    ]


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
