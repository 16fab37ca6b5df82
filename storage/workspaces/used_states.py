"""States of installations that were used: each may be used once."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col, select

from storage.database.engine import insert_if_new
from storage.tables.workspaces import UsedState

# Strangers can use as many states as they ask for. If the oldest goes too soon, its state could be used again until it
# expires, by the same browser alone, and with another code of Slack's.
MAX_ROWS = 1_000


def use(session: Session, nonce: str, expires_at: float, now: float) -> bool:
    """Note that a state is used; False if it was used before."""
    connection = session.connection()
    connection.execute(delete(UsedState).where(col(UsedState.expires_at) <= now))
    is_first = insert_if_new(session, UsedState(nonce=nonce, expires_at=expires_at))
    latest = select(UsedState.nonce).order_by(col(UsedState.expires_at).desc(), col(UsedState.nonce))
    connection.execute(delete(UsedState).where(col(UsedState.nonce).not_in(latest.limit(MAX_ROWS))))
    return is_first
