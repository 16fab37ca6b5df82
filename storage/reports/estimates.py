"""The latest estimate of how good a team's model is."""

from __future__ import annotations

import time
from typing import Any

from sqlmodel import Session

from storage.tables.models import Estimate


def keep(session: Session, team_id: str, figures: dict[str, Any]) -> None:
    """Put these figures in the place of earlier ones."""
    session.merge(Estimate(team_id=team_id, figures=figures, made_at=time.time()))


def latest(session: Session, team_id: str) -> dict[str, Any]:
    """The figures; none where nothing was estimated yet."""
    found = session.get(Estimate, team_id)
    return found.figures if found else {}
