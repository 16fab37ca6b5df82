"""Brings the index in line with Argilla's database at each start: after a crash they can differ.

The database is what was answered to. Records that the index lacks, has too many of, has with other responses or
suggestions, or that changed shortly before the index was last written, are indexed again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from argilla_server.contexts import distribution
from argilla_server.database import AsyncSessionLocal
from argilla_server.enums import DatasetStatus
from argilla_server.models import Dataset, Record, Response, Suggestion, Vector
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from local.argilla.documents import remove
from local.argilla.engine import SqliteSearchEngine
from local.argilla.index import reading, writing

log = logging.getLogger(__name__)

BATCH = 200
# A change may have been under way for so long before the server died.
OVERLAP = timedelta(minutes=10)


async def reconcile() -> int:
    """Put right what differs; how many records were indexed again."""
    async with AsyncSessionLocal() as db:
        datasets = (
            (await db.execute(select(Dataset).where(Dataset.status == DatasetStatus.ready))).scalars().all()
        )
        _drop_all_but({str(one.id) for one in datasets})
        since = _last_change()
        put_right = 0
        for dataset in datasets:
            differing = await _differing(db, dataset, since)
            for some in _parts(sorted(differing)):
                await _index_again(db, dataset.id, some)
            put_right += len(differing)
    log.info("index in line records=%d", put_right)
    return put_right


def _drop_all_but(datasets: set[str]) -> None:
    known = {one for (one,) in reading().execute("SELECT DISTINCT dataset FROM record")}
    with writing() as connection:
        for gone in known - datasets:
            ids = [one for (one,) in connection.execute("SELECT id FROM record WHERE dataset = ?", (gone,))]
            remove(connection, ids)


def _last_change() -> datetime:
    latest = reading().execute("SELECT max(updated_at) FROM record").fetchone()[0]
    return datetime.fromisoformat(latest) - OVERLAP if latest else datetime.min


async def _differing(db: Any, dataset: Any, since: datetime) -> set[UUID]:
    of_dataset = Record.dataset_id == dataset.id
    stored = {
        str(id_): (id_, status)
        for id_, status in await db.execute(select(Record.id, Record.status).where(of_dataset))
    }
    found = dict(reading().execute("SELECT id, status FROM record WHERE dataset = ?", (str(dataset.id),)))
    with writing() as connection:
        remove(connection, found.keys() - stored.keys())
    differing = {
        id_
        for text, (id_, status) in stored.items()
        if found.get(text) != str(getattr(status, "value", status))
    }
    recent = select(Record.id).where(of_dataset, Record.updated_at >= since)
    differing |= set((await db.execute(recent)).scalars())
    for kind in (Response, Suggestion, Vector):
        changed = select(kind.record_id).join(Record).where(of_dataset, kind.updated_at >= since)
        differing |= set((await db.execute(changed)).scalars())
    for kind in (Response, Suggestion):
        differing |= await _with_other_sources(db, kind, dataset)
    return differing


async def _with_other_sources(db: Any, kind: Any, dataset: Any) -> set[UUID]:
    """Records whose responses (or suggestions) are not those of the index."""
    rows = await db.execute(
        select(kind.id, kind.record_id).join(Record).where(Record.dataset_id == dataset.id)
    )
    stored = {(str(record_id), str(id_)) for id_, record_id in rows}
    kinds = "response.%" if kind is Response else "suggestion.%"
    held = (
        "SELECT DISTINCT r.id, f.source FROM facet f JOIN record r ON r.row = f.record "
        "WHERE f.dataset = ? AND f.kind LIKE ?"
    )
    found = set(reading().execute(held, (str(dataset.id), kinds)))
    return {UUID(record_id) for record_id, _ in stored ^ found}


async def _index_again(db: Any, dataset_id: UUID, ids: list[UUID]) -> None:
    loaded = await db.execute(
        select(Dataset).where(Dataset.id == dataset_id).options(selectinload(Dataset.fields))
    )
    dataset = loaded.scalar_one()
    chosen = (
        select(Record)
        .where(Record.id.in_(ids))
        .options(
            selectinload(Record.dataset),
            selectinload(Record.responses).selectinload(Response.user),
            selectinload(Record.responses_submitted),
            selectinload(Record.suggestions).selectinload(Suggestion.question),
            selectinload(Record.vectors),
        )
    )
    records = (await db.execute(chosen)).scalars().all()
    # A response is stored before its record's status is: the server may have died in between.
    await distribution.unsafe_update_records_status(db, records)
    await db.commit()
    await SqliteSearchEngine().index_records(dataset, records)


def _parts(items: list[UUID]) -> Iterator[list[UUID]]:
    rest = iter(items)
    while some := list(islice(rest, BATCH)):
        yield some
