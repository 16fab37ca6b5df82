"""Vectors of messages: read once under each encoder, and kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from learning.encoders.encoder import Encoder, Vectors
from storage.database.engine import Database
from storage.messages import messages
from storage.models import predictions

log = logging.getLogger(__name__)

AT_ONCE = 32


def of_messages(database: Database, encoder: Encoder, message_ids: Sequence[str]) -> dict[str, Vectors]:
    """The vector of each of these messages, (dimensions,); those that were never read are read now.

    Left out are those that were erased, and those on which the model fails.
    """
    with database.reading() as session:
        found = predictions.vectors(session, encoder.fingerprint, list(message_ids))
    missing = [message_id for message_id in message_ids if message_id not in found]
    for start in range(0, len(missing), AT_ONCE):
        found |= read(database, encoder, missing[start : start + AT_ONCE])
    return found


def read(database: Database, encoder: Encoder, message_ids: Sequence[str]) -> dict[str, Vectors]:
    """Read these messages, AT_ONCE at most, and keep their vectors; left out are the same."""
    with database.reading() as session:
        found = messages.texts(session, message_ids)
    texts = {message_id: text for message_id, text in found.items() if text}
    vectors = _encode(encoder, texts) if texts else {}
    with database.writing() as session:
        still = messages.held_texts(session, list(texts))  # edited or erased meanwhile: not what was read
        kept = {
            message_id: vector
            for message_id, vector in vectors.items()
            if still.get(message_id) == texts[message_id]
        }
        predictions.keep_vectors(session, encoder.fingerprint, kept)
    return vectors


def _encode(encoder: Encoder, texts: dict[str, str]) -> dict[str, Vectors]:
    """The vector of each message; one that the model fails on must not stop the others."""
    try:
        return dict(zip(texts, encoder.encode(list(texts.values())).vectors, strict=True))
    except Exception:
        if len(texts) == 1:
            log.exception("model failed message=%s", *texts)
            return {}
        alone = [_encode(encoder, {message_id: text}) for message_id, text in texts.items()]
        return {message_id: vector for one in alone for message_id, vector in one.items()}
