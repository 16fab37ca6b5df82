"""The recipe that a team's runs train by, where one was searched for."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from storage.tables import Tuning


def keep(session: Session, team_id: str, recipe: dict[str, Any], score: float) -> None:
    """From now on runs train by this recipe."""
    session.merge(Tuning(team_id=team_id, recipe=recipe, score=score))


def recipe(session: Session, team_id: str) -> dict[str, Any] | None:
    """The recipe; None where none was searched for."""
    tuning = session.get(Tuning, team_id)
    return tuning.recipe if tuning else None
