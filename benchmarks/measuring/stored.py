"""A database with many stored messages, as a bot of a year leaves it: one message in fifty was corrected."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from rich.progress import track
from sqlalchemy import insert
from sqlmodel import SQLModel

from benchmarks.measuring.report import progress
from benchmarks.measuring.rig import ANA, SUPPORT
from bot.context.settings import SHIPPED_LABELS
from learning.data.label_file import read_label_file
from learning.encoders.encoder import load_encoder
from local.slack.setup.seed import TEAM_ID
from storage.database.engine import Database, open_database
from storage.database.migrate import migrate
from storage.feedback import labels
from storage.models import predictions
from storage.tables.columns import new_id
from storage.tables.deliveries import Card
from storage.tables.feedback import Correction, Word
from storage.tables.messages import Message, Mode
from storage.tables.models import Prediction

CORRECTED_EACH = 50
DAYS_S = 35 * 86_400
AT_ONCE = 10_000
DIMENSIONS = 384
# SQLite does its own as it writes.
SETTLE: dict[str, tuple[str, ...]] = {"sqlite": (), "postgresql": ("VACUUM (ANALYZE)", "CHECKPOINT")}

Row = tuple[type[SQLModel], dict[str, object]]


def fill(url: str, messages: int) -> None:
    """Make the database at `url` and store so many messages of the last 35 days, with their cards."""
    database = open_database(url)
    migrate(database)
    with database.writing() as session:
        labels.synchronize(session, TEAM_ID, read_label_file(SHIPPED_LABELS))
    with database.reading() as session:
        label_ids = [label.id for label in labels.active(session, TEAM_ID)]
    fingerprint = load_encoder(None, 256, threads=1).fingerprint
    groups = [range(start, min(start + AT_ONCE, messages)) for start in range(0, messages, AT_ONCE)]
    for group in track(groups, f"Storing {messages:,} messages", console=progress):
        rows = [row for number in group for row in _rows(number, messages, label_ids)]
        _store(database, rows, fingerprint)
    _settle(database)
    database.close()


def _settle(database: Database) -> None:
    """Vacuum, and bring to disk what was written: a year does both, a minute of filling does not."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in SETTLE[database.engine.dialect.name]:
            connection.exec_driver_sql(statement)


def _store(database: Database, rows: list[Row], fingerprint: str) -> None:
    with database.writing() as session:
        for table in (Message, Prediction, Card, Correction):
            found = [values for of, values in rows if of is table]
            if found:
                session.connection().execute(insert(table), found)
        corrected = [str(values["message_id"]) for of, values in rows if of is Correction]
        predictions.keep_vectors(session, fingerprint, {one: _vector(one) for one in corrected})


def _vector(message_id: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    seed = int.from_bytes(message_id.encode()[-8:])
    drawn = np.random.default_rng(seed).standard_normal(DIMENSIONS)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def _rows(number: int, messages: int, label_ids: list[str]) -> Iterator[Row]:
    """One message with all that is stored of it."""
    message_id, at = new_id(), time.time() - DAYS_S * (1 - number / messages)
    chosen, other = label_ids[number % len(label_ids)], label_ids[(number + 1) % len(label_ids)]
    ours = {"team_id": TEAM_ID}
    where = {"channel_id": SUPPORT, "ts": f"{at:.6f}"}
    said = {"user_id": ANA, "text": "Where is my invoice?", "mode": Mode.REPLY, "waiting": False}
    yield Message, {"id": message_id, **ours, **where, **said, "received_at": at}
    made = {"version": 1, "revision": 0, "label_id": chosen, "confidence": 0.9, "margin": 0.8, "cut": False}
    ranked = {"ranked": [[chosen, 0.9], [other, 0.1]], "mode": Mode.REPLY}
    yield Prediction, {"id": new_id(), "message_id": message_id, **ours, **made, **ranked, "created_at": at}
    shown = {"wanted": 1, "shown": 1, "due": False, "due_at": at, "attempted": True, "attempts": 1}
    posted = {"message_id": message_id, **ours, "channel_id": SUPPORT, "thread_ts": f"{at:.6f}"}
    yield Card, {**posted, **shown, "ts": f"{at:.6f}", "reaction": "", "claimed_until": 0.0}
    if number % CORRECTED_EACH:
        return
    word = {"id": new_id(), "message_id": message_id, "user_id": ANA, "word": Word.CHANGED}
    yield Correction, {**word, **ours, "label_id": other, "created_at": at}
