"""Returns accidental responses: deleted in Argilla, so that their reviewer sees the record once more."""

from __future__ import annotations

import logging
from contextlib import suppress

from learning.annotation.collection import by_id, moment
from learning.argilla.connection import ArgillaConnection, ArgillaNotFoundError, ArgillaRefusedError
from storage.database.engine import Database
from storage.feedback import accidental_responses

log = logging.getLogger(__name__)

AT_ONCE = 100


def ask_again(connection: ArgillaConnection, database: Database, dataset_id: str) -> int:
    """Delete accidental responses, unless their reviewer changed them since; how many records are asked again.

    Harmless to repeat. Raises ArgillaUnavailableError.
    """
    with database.reading() as session:
        due = accidental_responses.due(session, dataset_id, AT_ONCE)
    if not due:
        return 0
    standing = {
        response["id"]: moment(response["updated_at"])
        for record in by_id(connection, dataset_id, sorted({record_id for _, record_id in due}))
        for response in record.get("responses") or []
    }
    asked: list[str] = []
    changed: list[str] = []
    for one, _ in due:
        if standing.get(one.response_id, one.answered_at) != one.answered_at:
            changed.append(one.response_id)
            continue
        with suppress(ArgillaNotFoundError, ArgillaRefusedError):  # the reviewer deleted it
            connection.call("DELETE", f"responses/{one.response_id}")
        asked.append(one.response_id)
    with database.writing() as session:
        accidental_responses.asked_again(session, asked)
        accidental_responses.forget(session, changed)  # the next sweep judges what it says now
    log.info("accidental responses asked again number=%d", len(asked))
    return len(asked)
