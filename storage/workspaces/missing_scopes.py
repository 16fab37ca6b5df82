"""The scopes that an installation lacks, as operators were told last."""

from __future__ import annotations

import time

from sqlmodel import Session

from storage.database.engine import insert_if_new
from storage.tables.workspaces import ScopeNote


def told(session: Session, team_id: str) -> str:
    """Return the lacking scopes that operators were told last, separated by commas."""
    found = session.get(ScopeNote, team_id)
    return found.lacking if found else ""


def rows(session: Session, team_id: str) -> list[tuple[str, str]]:
    """What `corrigible status` shows: name and value."""
    lacking = told(session, team_id)
    return [("scopes that Slack does not allow", lacking.replace(",", ", "))] if lacking else []


def tell(session: Session, team_id: str, lacking: str) -> None:
    """Note that operators know of these."""
    if not insert_if_new(session, ScopeNote(team_id=team_id, lacking=lacking)):
        found = session.get_one(ScopeNote, team_id)
        found.lacking, found.told_at = lacking, time.time()
