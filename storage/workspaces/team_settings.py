"""What operators chose for their team, over what the settings of the process say."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from storage.database.engine import insert_if_new
from storage.tables.workspaces import Choice


def of_team(session: Session, team_id: str) -> dict[str, Any]:
    """The value that was chosen, by the name of the setting."""
    return {one.name: one.value for one in every(session, team_id)}


def every(session: Session, team_id: str) -> list[Choice]:
    """Each choice of a team, with who made it and when."""
    return list(session.exec(select(Choice).where(Choice.team_id == team_id).order_by(col(Choice.name))))


def choose(session: Session, team_id: str, wanted: Mapping[str, Any], by: str) -> list[str]:
    """Keep these values, None takes a choice back; the names of those that changed."""
    return [name for name, value in sorted(wanted.items()) if _choose(session, team_id, name, value, by)]


def _choose(session: Session, team_id: str, name: str, value: Any, by: str) -> bool:
    standing = session.get(Choice, (team_id, name))
    if value is None:
        if standing:
            session.delete(standing)
        return standing is not None
    if standing is None:
        chosen = Choice(team_id=team_id, name=name, value=value, set_by=by)
        if insert_if_new(session, chosen):
            return True
        standing = session.get_one(
            Choice, (team_id, name)
        )  # two operators chose at once: the later one stays
    is_new: bool = standing.value != value
    if is_new:
        standing.value, standing.set_by, standing.set_at = value, by, time.time()
    return is_new
