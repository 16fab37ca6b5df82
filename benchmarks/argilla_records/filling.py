"""Fill the embedded Argilla's database directly: in Argilla's own environment.

Argilla's API takes seconds for a thousand records; its own tables take fifty thousand in one transaction. Every
record gets a vector and a suggestion, every fifth a response of the owner. The server must not run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np

BATCH = 5_000
ANSWERED_EVERY = 5

Row = dict[str, Any]


def main() -> int:
    """Insert the records; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.argilla_records.filling", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dataset", type=UUID, required=True)
    parser.add_argument("--texts", type=Path, required=True, help="a JSON list of [text, label]")
    parser.add_argument("--records", type=int, required=True)
    given = parser.parse_args()
    os.environ["ARGILLA_HOME_PATH"] = str(given.home)
    fill(given.dataset, json.loads(given.texts.read_text(encoding="utf-8")), given.records)
    return 0


def fill(dataset_id: UUID, texts: list[tuple[str, str]], number: int) -> None:
    """Insert so many records; where there are more than texts, they begin again with another number."""
    from argilla_server.database import SyncSessionLocal, sync_engine
    from argilla_server.models import Dataset, DatasetUser, Record, Response, Suggestion, User, Vector
    from sqlalchemy import insert, select

    random = np.random.default_rng(1)
    with (
        sync_engine.connect() as connection
    ):  # a crash would cost nothing here; the pool gives the session the same
        connection.exec_driver_sql("PRAGMA journal_mode = MEMORY")
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
    with SyncSessionLocal() as session, session.begin():
        dataset = session.scalars(select(Dataset).where(Dataset.id == dataset_id)).one()
        [meaning], [question] = dataset.vectors_settings, dataset.questions
        owner = session.scalars(select(User)).first()
        session.merge(DatasetUser(dataset_id=dataset_id, user_id=owner.id))
        for first in range(0, number, BATCH):
            records = list(_records(dataset_id, texts, range(first, min(first + BATCH, number))))
            session.execute(insert(Record), records)
            session.execute(insert(Vector), list(_vectors(random, records, meaning.id, meaning.dimensions)))
            session.execute(insert(Suggestion), list(_suggestions(records, question.id)))
            session.execute(insert(Response), list(_responses(records, owner.id, question.name)))
    sync_engine.dispose()


def _records(dataset_id: UUID, texts: list[tuple[str, str]], numbers: range) -> Iterator[Row]:
    for number in numbers:
        text, label = texts[number % len(texts)]
        again = f" ({number // len(texts)})" if number >= len(texts) else ""
        yield {
            "id": uuid4(),
            "fields": {"text": text + again},
            "metadata_": {"label": label, "length": len(text)},
            "external_id": f"r{number}",
            "status": "pending" if number % ANSWERED_EVERY else "completed",
            "dataset_id": dataset_id,
        }


def _vectors(random: np.random.Generator, records: list[Row], settings_id: UUID, size: int) -> Iterator[Row]:
    numbers = random.standard_normal((len(records), size)).round(4)
    for record, vector in zip(records, numbers, strict=True):
        yield {
            "id": uuid4(),
            "record_id": record["id"],
            "vector_settings_id": settings_id,
            "value": vector.tolist(),
        }


def _suggestions(records: list[Row], question_id: UUID) -> Iterator[Row]:
    for record in records:
        yield {
            "id": uuid4(),
            "record_id": record["id"],
            "question_id": question_id,
            "value": record["metadata_"]["label"],
            "score": 0.5,
            "agent": "v1",
        }


def _responses(records: list[Row], user_id: UUID, question: str) -> Iterator[Row]:
    for record in records:
        if record["status"] == "completed":
            yield {
                "id": uuid4(),
                "record_id": record["id"],
                "user_id": user_id,
                "status": "submitted",
                "values": {question: {"value": record["metadata_"]["label"]}},
            }


if __name__ == "__main__":
    sys.exit(main())
