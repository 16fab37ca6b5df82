"""Leases: who alone may do something for a while, across threads, processes and machines."""

from __future__ import annotations

import time
import uuid

from sqlalchemy import or_, update
from sqlmodel import Session, col

from storage.database.engine import Database, insert_if_new
from storage.tables.database import Lease

# After a death another process takes over within 30 s: its workers look again every 2 s.
HOLD_S = 25.0


class LeaseClaim:
    """One worker's claim to work that only one may do at a time.

    It holds for HOLD_S seconds after the latest `hold` or `prolong`; a step that may take longer relies on somebody who
    calls `prolong` meanwhile.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._owner = uuid.uuid4().hex
        self._is_ours = False

    def hold(self) -> bool:
        """Take or prolong it; False where somebody else has it."""
        with self._database.writing() as session:
            self._is_ours = hold(session, self._name, self._owner, HOLD_S)
        return self._is_ours

    @property
    def is_ours(self) -> bool:
        """Was it ours when it was last asked for?"""
        return self._is_ours

    def prolong(self) -> None:
        """Hold for longer what is ours."""
        if self._is_ours:
            self.hold()

    def give_up(self) -> None:
        """Let others have it at once."""
        self._is_ours = False
        with self._database.writing() as session:
            give_up(session, self._name, self._owner)


def hold(session: Session, name: str, owner: str, for_s: float) -> bool:
    """Take or prolong a lease for `for_s` seconds; False where somebody else holds it."""
    now = time.time()
    if insert_if_new(session, Lease(name=name, owner=owner, expires_at=now + for_s)):
        return True
    free = or_(col(Lease.owner) == owner, col(Lease.expires_at) < now)
    taken = session.connection().execute(
        update(Lease)
        .where(col(Lease.name) == name, free)
        .values(owner=owner, expires_at=now + for_s)
        .returning(col(Lease.name))
    )
    return taken.first() is not None


def give_up(session: Session, name: str, owner: str) -> None:
    """Let others have a lease at once."""
    session.connection().execute(
        update(Lease).where(col(Lease.name) == name, col(Lease.owner) == owner).values(expires_at=0.0)
    )
