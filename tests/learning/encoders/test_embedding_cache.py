from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import delete, event
from sqlmodel import col

from learning.encoders.embedding_cache import Remembered
from learning.encoders.encoder import Vectors
from storage.database.engine import Database
from storage.feedback import corrections
from storage.messages import messages
from storage.models import predictions
from storage.tables.feedback import Correction, Label, Word
from storage.tables.messages import Message
from storage.tables.models import Vector
from tests.databases import on_both
from tests.factories import ANA, ENCODER, TEAM, label_set, message, predicted, say

DIMENSIONS = 12

pytestmark = on_both


def test_what_was_said_anything_about_is_remembered_as_it_is_kept(database: Database) -> None:
    [bug] = label_set(database, "bug").values()
    said = [message(f"message {number}") for number in range(600)]
    with database.writing() as session:
        for one in said:
            messages.receive(session, one)
        predictions.keep_vectors(
            session, ENCODER, {one.id: _vector(number) for number, one in enumerate(said)}
        )
        for one in said:
            corrections.add(session, _word(one, bug))
    predicted(database, bug)
    remembered = Remembered(ENCODER, DIMENSIONS)

    _follow(database, remembered)

    found = remembered.vectors([one.id for one in said])
    assert found.dtype == np.float32
    assert np.allclose(found, [_vector(number) for number in range(600)], rtol=2**-11, atol=1e-7)


def test_a_vector_is_read_once(database: Database) -> None:
    [bug] = label_set(database, "bug").values()
    first = _said(database, bug, 1)
    remembered = Remembered(ENCODER, DIMENSIONS)
    _follow(database, remembered)
    second = _said(database, bug, 2)
    read: list[Sequence[str]] = []

    def note(_connection: object, _cursor: object, statement: str, given: Sequence[str], *_: object) -> None:
        read.extend([given] if "float16" in statement and "substr" not in statement else [])

    event.listen(database.engine, "before_cursor_execute", note)
    _follow(database, remembered)
    _follow(database, remembered)

    assert len(read) == 1
    assert second.id in str(read)
    assert first.id not in str(read)


def test_an_edited_message_is_remembered_anew_and_an_erased_one_no_more(database: Database) -> None:
    [bug] = label_set(database, "bug").values()
    edited, erased, same = (_said(database, bug, number) for number in range(3))
    remembered = Remembered(ENCODER, DIMENSIONS)
    _follow(database, remembered)

    with database.writing() as session:
        messages.edit(session, TEAM, edited.channel_id, edited.ts, "I meant something else")
        predictions.keep_vectors(session, ENCODER, {edited.id: _vector(7)})
        messages.erase(session, TEAM, erased.channel_id, erased.ts, is_heard=True)
    _follow(database, remembered)

    assert erased.id not in remembered.messages
    found = remembered.vectors([edited.id, same.id])
    assert np.allclose(found, [_vector(7), _vector(2)], rtol=2**-11, atol=1e-7)
    assert len(_rows_in_use(remembered)) == 2


def _rows_in_use(remembered: Remembered) -> Vectors:
    rows = remembered._rows
    return rows[np.abs(rows).sum(axis=1) > 0].astype(np.float32)


def _follow(database: Database, remembered: Remembered) -> None:
    with database.reading() as session:
        remembered.follow(session, predictions.marks(session, TEAM, ENCODER))


def _said(database: Database, label: Label, number: int) -> Message:
    """A message that somebody corrected, and whose vector is `_vector(number)`."""
    one = predicted(database, label, f"message {number}")
    with database.writing() as session:
        session.connection().execute(delete(Vector).where(col(Vector.message_id) == one.id))
        predictions.keep_vectors(session, ENCODER, {one.id: _vector(number)})
    say(database, one, ANA, label)
    return one


def _word(of: Message, label: Label) -> Correction:
    return Correction(message_id=of.id, team_id=TEAM, user_id=ANA, label_id=label.id, word=Word.CHANGED)


def _vector(number: int) -> Vectors:
    vector: Vectors = np.random.default_rng(number).normal(size=DIMENSIONS).astype(np.float32)
    return vector
