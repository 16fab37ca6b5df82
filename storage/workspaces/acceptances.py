"""Who accepted that a model that writes is trained on what people wrote in Slack, and when; nobody did by default."""

from __future__ import annotations

import time

from sqlmodel import Session, col, select

from storage.tables.workspaces import Acceptance


def standing(session: Session, team_id: str) -> Acceptance | None:
    """The acceptance that holds; None where none does."""
    given = select(Acceptance).where(Acceptance.team_id == team_id, col(Acceptance.withdrawn_at).is_(None))
    return session.exec(given.order_by(col(Acceptance.accepted_at)).limit(1)).first()


def accept(session: Session, team_id: str, by: str, policy: str) -> Acceptance:
    """Somebody accepts it, having read `policy`; the first acceptance that holds stays the one on record."""
    given = standing(session, team_id)
    if given is None:
        given = Acceptance(team_id=team_id, accepted_by=by, policy=policy)
        session.add(given)
        session.flush()
    return given


def withdraw(session: Session, team_id: str, by: str) -> bool:
    """From now on nobody accepts it; the record of who did stays. False where nobody did."""
    given = select(Acceptance).where(Acceptance.team_id == team_id, col(Acceptance.withdrawn_at).is_(None))
    found = session.exec(given.with_for_update()).all()
    for one in found:
        one.withdrawn_by, one.withdrawn_at = by, time.time()
    session.flush()
    return bool(found)
