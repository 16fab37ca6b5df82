from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learning.encoders import vectors
from storage.database.engine import Database
from storage.messages import messages
from storage.models import predictions
from tests.factories import TEAM, received
from tests.learning.tiny_models import Reader, tiny_encoder


def test_what_was_never_read_is_read_once(database: Database, tmp_path: Path) -> None:
    reader = Reader()
    encoder = tiny_encoder(tmp_path, reader)
    ids = [received(database, text).id for text in ("where is my invoice", "thank you")]

    first = vectors.of_messages(database, encoder, ids)
    again = vectors.of_messages(database, encoder, ids)

    assert sorted(reader.seen) == ["thank you", "where is my invoice"]
    assert first.keys() == again.keys() == set(ids)
    assert all(np.abs(first[one] - again[one]).max() < 1e-3 for one in ids)  # kept in half precision
    with database.reading() as session:
        assert predictions.vectors(session, encoder.fingerprint, ids).keys() == set(ids)


def test_a_text_on_which_the_model_fails_leaves_the_others_readable(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    encoder = tiny_encoder(tmp_path, Reader())
    ids = [received(database, text).id for text in ("where is my invoice", "this one is unreadable")]

    found = vectors.of_messages(database, encoder, ids)

    assert list(found) == ids[:1]
    assert ids[1] in caplog.text
    assert "this one" not in caplog.text


def test_what_was_erased_has_no_vector(database: Database, tmp_path: Path) -> None:
    encoder = tiny_encoder(tmp_path, Reader())
    gone = received(database, "where is my invoice")
    with database.writing() as session:
        messages.erase(session, TEAM, gone.channel_id, gone.ts, is_heard=True)

    assert vectors.of_messages(database, encoder, [gone.id]) == {}
