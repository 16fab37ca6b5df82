"""The recipe that a team's runs train by, where one was searched for."""

from __future__ import annotations

import time
from typing import Any

from sqlmodel import Session

from storage.tables.models import Tuning


def keep(session: Session, team_id: str, recipe: dict[str, Any], score: float) -> None:
    """From now on runs train by this recipe, where settings name nothing else."""
    session.merge(Tuning(team_id=team_id, recipe=recipe, score=score, made_at=time.time()))


def find(session: Session, team_id: str) -> Tuning | None:
    """What was found; None where nothing was, or it was dropped."""
    return session.get(Tuning, team_id)


def recipe(session: Session, team_id: str) -> dict[str, Any] | None:
    """The recipe that was found."""
    tuning = find(session, team_id)
    return tuning.recipe if tuning else None


def drop(session: Session, team_id: str) -> bool:
    """From now on runs train by settings alone again; False where they did."""
    tuning = find(session, team_id)
    if tuning:
        session.delete(tuning)
    return tuning is not None
