"""Leases: who alone may do something for a while, across threads, processes and machines."""

from __future__ import annotations

import time

from sqlalchemy import or_, update
from sqlmodel import Session, col

from storage.database import insert_if_new
from storage.tables import Lease


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
