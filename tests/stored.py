"""What is stored, as several tests look at it."""

from __future__ import annotations

from storage.database.engine import Database
from storage.feedback import resolution
from storage.messages import messages
from tests.factories import TEAM


def labelled(database: Database, team_id: str = TEAM) -> dict[str, str]:
    """Label id by text."""
    with database.reading() as session:
        found = resolution.labelled(session, team_id)
        texts = messages.texts(session, list(found))
    return {texts[message_id]: label_id for message_id, label_id in found.items()}
