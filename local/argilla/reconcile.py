"""Brings the index and the records' status in line with Argilla's database at each start: after a crash they differ.

The database is what was answered to. Records that the index lacks, has too many of, has as they were, has with other
responses or suggestions, or that changed shortly before the index was last written, are indexed again.
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
from argilla_server.enums import DatasetStatus, RecordStatus, ResponseStatus
from argilla_server.models import Dataset, Record, Response, Suggestion, Vector
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from local.argilla import writes
from local.argilla.documents import STATUS, SUGGESTION, document, moment, plain
from local.argilla.index import reading

log = logging.getLogger(__name__)

BATCH = 200
# A change may have been under way for so long before the server died.
OVERLAP = timedelta(minutes=10)


async def reconcile() -> None:
    """Put right what differs."""
    async with AsyncSessionLocal() as db:
        ready = select(Dataset).where(Dataset.status == DatasetStatus.ready)
        datasets = (await db.execute(ready.options(selectinload(Dataset.fields)))).scalars().all()
        for gone in _indexed_datasets() - {str(one.id) for one in datasets}:
            writes.remove_dataset(gone)
        since = _last_change()
        for dataset in datasets:
            differing = await _differing(db, dataset, since) | await _with_wrong_status(db, dataset)
            for some in _parts(sorted(differing)):
                try:
                    await _index_again(db, dataset, some)
                except Exception:  # a server whose search lacks some records is better than none
                    log.exception("not indexed dataset=%s first=%s", dataset.id, some[0])
                    await db.rollback()
            log.info("index in line dataset=%s indexed_again=%d", dataset.id, len(differing))


def _indexed_datasets() -> set[str]:
    return {one for (one,) in reading().execute("SELECT DISTINCT dataset FROM record")}


def _last_change() -> datetime:
    latest = reading().execute("SELECT max(updated_at) FROM record").fetchone()[0]
    return datetime.fromisoformat(latest) - OVERLAP if latest else datetime.min


async def _differing(db: Any, dataset: Any, since: datetime) -> set[UUID]:
    differing = await _with_other_content(db, dataset)
    for kind in (Response, Suggestion, Vector):
        changed = select(kind.record_id).join(Record).where(Record.dataset_id == dataset.id)
        differing |= set((await db.execute(changed.where(kind.updated_at >= since))).scalars())
    differing |= await _with_other_sources(db, Response, dataset, f"f.kind = '{STATUS}'")
    return differing | await _with_other_sources(db, Suggestion, dataset, f"f.kind = '{SUGGESTION}'")


async def _with_other_content(db: Any, dataset: Any) -> set[UUID]:
    """Records that the index lacks or has as they were; those that it has too many of go."""
    heads = await db.execute(
        select(Record.id, Record.status, Record.updated_at).where(Record.dataset_id == dataset.id)
    )
    stored = {str(id_): (id_, (plain(status), moment(updated))) for id_, status, updated in heads}
    rows = reading().execute(
        "SELECT id, status, updated_at FROM record WHERE dataset = ?", (str(dataset.id),)
    )
    found = {id_: (status, updated) for id_, status, updated in rows}
    writes.remove(found.keys() - stored.keys())
    return {id_ for text, (id_, head) in stored.items() if found.get(text) != head}


async def _with_other_sources(db: Any, kind: Any, dataset: Any, of_kind: str) -> set[UUID]:
    """Records whose responses (or suggestions) are not those of the index."""
    rows = await db.execute(
        select(kind.id, kind.record_id).join(Record).where(Record.dataset_id == dataset.id)
    )
    stored = {(str(record_id), str(id_)) for id_, record_id in rows}
    held = f"SELECT r.id, f.source FROM facet f JOIN record r ON r.row = f.record WHERE f.dataset = ? AND {of_kind}"  # noqa: S608
    found = set(reading().execute(held, (str(dataset.id),)))
    return {UUID(record_id) for record_id, _ in stored ^ found}


async def _with_wrong_status(db: Any, dataset: Any) -> set[UUID]:
    """Records whose status does not follow from their responses: whoever was to set it died, or its job was lost."""
    submitted = (
        select(func.count(Response.id))
        .where(Response.record_id == Record.id, Response.status == ResponseStatus.submitted)
        .scalar_subquery()
    )
    is_done = submitted >= dataset.distribution["min_submitted"]
    wrong = select(Record.id).where(
        Record.dataset_id == dataset.id, is_done != (Record.status == RecordStatus.completed)
    )
    return set((await db.execute(wrong)).scalars())


async def _index_again(db: Any, dataset: Any, ids: list[UUID]) -> None:
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
    await distribution.unsafe_update_records_status(db, records)
    await db.commit()
    writes.write([document(dataset, record) for record in records])
    db.expunge_all()  # or every record would stay in memory


def _parts(items: list[UUID]) -> Iterator[list[UUID]]:
    rest = iter(items)
    while some := list(islice(rest, BATCH)):
        yield some
