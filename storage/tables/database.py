"""Tables of leases, jobs, and what is to be erased or purged."""

from __future__ import annotations

import time

from sqlalchemy import (
    JSON,
    Column,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import new_id


class Lease(SQLModel, table=True):
    """Who alone may do something, until when."""

    name: str = Field(primary_key=True)
    owner: str
    expires_at: float


class Probe(SQLModel, table=True):
    """Where it is tried whether anything can be stored; no row stays."""

    id: str = Field(default_factory=new_id, primary_key=True)
    filler: str


class Job(SQLModel, table=True):
    """Something that a team's bots do at set times: when next, who does it now, and how it went last.

    `failing_since`: of work that never pauses, when `failed` began; None if it goes well.
    """

    team_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    due_at: float
    owner: str = ""
    held_until: float = 0.0
    succeeded_at: float | None = None
    failed: str | None = None
    failing_since: float | None = None


class Erasure(SQLModel, table=True):
    """An erasure of a team whose rows are gone: what is still to be removed elsewhere.

    While it stands, the database lets the team's splits go, and no bot serves the team. `artifacts` are digests of
    models that no other team has; `runs` name the folders of training runs; `datasets` are ids in Argilla, where they
    bear the `mark`.
    """

    team_id: str = Field(primary_key=True)
    begun_at: float = Field(default_factory=time.time)
    artifacts: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    runs: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    datasets: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    mark: str | None = None


class Purge(SQLModel, table=True):
    """Text was erased or replaced, and the database's files may still hold its bytes; gone once they do not."""

    id: str = Field(default_factory=new_id, primary_key=True)
    marked_at: float = Field(default_factory=time.time)
