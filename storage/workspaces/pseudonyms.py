"""Numbers by which people are told apart where their names must not go."""

from __future__ import annotations

from sqlmodel import Session, func, select

from storage.database.engine import insert_if_new
from storage.tables.workspaces import Pseudonym

# What the ids of users begin with who were forgotten.
FORGOTTEN = "forgotten-"


def is_forgotten(user_id: str) -> bool:
    """Return True if the id stands for a user who was forgotten."""
    return user_id.startswith(FORGOTTEN)


def number(session: Session, team_id: str, user_id: str) -> int:
    """The number of a person in a team: the next free one at first, the same ever after."""
    while True:
        known = session.get(Pseudonym, (team_id, user_id))
        if known:
            return known.number
        highest = session.exec(select(func.max(Pseudonym.number)).where(Pseudonym.team_id == team_id)).one()
        insert_if_new(session, Pseudonym(team_id=team_id, user_id=user_id, number=(highest or 0) + 1))
