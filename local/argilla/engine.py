"""The search engine: everything that Argilla asks of one, on SQLite and numpy, registered as "sqlite".

An object of it lives for one request. What takes time runs in a thread, so that the server goes on.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.enums import MetadataPropertyType, SimilarityOrder
from argilla_server.search_engine.base import (
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TermsMetrics,
)
from numpy.typing import NDArray

from local.argilla import vectors
from local.argilla.conditions import Sql, condition, order
from local.argilla.documents import (
    METADATA,
    STATUS,
    Facet,
    add_facets,
    document,
    packed,
    remove,
    response_facets,
    suggestion_facets,
    write,
)
from local.argilla.index import reading, writing
from local.argilla.query_parser import fts_query

# Multiplying by it and taking the rest puts rows into an order that looks random and is the same each time.
SHUFFLE, MODULUS = 2_654_435_761, 4_294_967_291


@SearchEngine.register(engine_name="sqlite")
class SqliteSearchEngine(SearchEngine):
    """Text by FTS5, filters and sorts by SQL, similarity by numpy."""

    @classmethod
    async def new_instance(cls) -> SqliteSearchEngine:
        return cls()

    async def close(self) -> None:
        """Connections belong to threads, not to requests."""

    async def ping(self) -> bool:
        return await asyncio.to_thread(_is_well)

    async def info(self) -> dict[str, str]:
        return {"name": "sqlite", "version": sqlite3.sqlite_version}

    # An index has no shape of its own: datasets, metadata and vectors come and go with their records.

    async def create_index(self, dataset: Any) -> None: ...

    async def configure_metadata_property(self, dataset: Any, metadata_property: Any) -> None: ...

    async def configure_index_vectors(self, vector_settings: Any) -> None: ...

    async def delete_index(self, dataset: Any) -> None:
        await asyncio.to_thread(_delete_dataset, str(dataset.id))

    async def index_records(self, dataset: Any, records: Iterable[Any]) -> None:
        documents = [document(dataset, record) for record in records]
        await asyncio.to_thread(_write_all, documents)

    async def partial_record_update(self, record: Any, **update: Any) -> None:
        if "status" in update:
            status = str(getattr(update["status"], "value", update["status"]))
            await asyncio.to_thread(_set_status, str(record.id), status)

    async def delete_records(self, dataset: Any, records: Iterable[Any]) -> None:  # noqa: ARG002
        ids = [str(record.id) for record in records]
        await asyncio.to_thread(_remove_all, ids)

    async def update_record_response(self, response: Any) -> None:
        await asyncio.to_thread(
            _replace, str(response.record_id), str(response.id), "", response_facets(response)
        )

    async def delete_record_response(self, response: Any) -> None:
        await asyncio.to_thread(_replace, str(response.record_id), str(response.id), "", [])

    async def update_record_suggestion(self, suggestion: Any) -> None:
        facets = suggestion_facets(suggestion)
        await asyncio.to_thread(
            _replace, str(suggestion.record_id), str(suggestion.id), suggestion.question.name, facets
        )

    async def delete_record_suggestion(self, suggestion: Any) -> None:
        await asyncio.to_thread(
            _replace, str(suggestion.record_id), str(suggestion.id), suggestion.question.name, []
        )

    async def get_dataset_progress(self, dataset: Any) -> dict[str, int]:
        return {} if dataset.is_draft else await asyncio.to_thread(_progress, str(dataset.id))

    async def get_dataset_user_progress(self, dataset: Any, user: Any) -> dict[str, int]:
        if dataset.is_draft:
            return {}
        return await asyncio.to_thread(_user_progress, str(dataset.id), str(user.id))

    async def search(
        self,
        dataset: Any,
        query: Any = None,
        filter: Any = None,
        sort: list[Any] | None = None,
        offset: int = 0,
        limit: int = 100,
        user_id: Any = None,
    ) -> SearchResponses:
        dataset_id = str(dataset.id)
        matching = _matching(dataset_id, query, filter)
        seed = None if sort or query else user_id
        return await asyncio.to_thread(_search, matching, order(sort), bool(sort), seed, offset, limit)

    async def similarity_search(
        self,
        dataset: Any,
        vector_settings: Any,
        value: list[float] | None = None,
        record: Any = None,
        query: Any = None,
        filter: Any = None,
        max_results: int = 100,
        order: SimilarityOrder = SimilarityOrder.most_similar,
        threshold: float | None = None,
    ) -> SearchResponses:
        if bool(value) == bool(record):
            raise ValueError("give either the value of a vector or a record")
        to = value or record.vector_value_by_vector_settings(vector_settings)
        if not to:
            raise ValueError("the record has no such vector")
        sign = -1 if order == SimilarityOrder.least_similar else 1
        target = sign * np.frombuffer(packed(to), dtype="<f4")
        matching = _matching(str(dataset.id), query, filter) if query or filter else None
        without = str(record.id) if record else None
        settings = str(vector_settings.id)
        return await asyncio.to_thread(_similar, settings, target, matching, without, max_results, threshold)

    async def compute_metrics_for(self, metadata_property: Any) -> Any:
        dataset, name = str(metadata_property.dataset_id), metadata_property.name
        if metadata_property.type == MetadataPropertyType.terms:
            return await asyncio.to_thread(_terms, dataset, name)
        low, high = await asyncio.to_thread(_extremes, dataset, name)
        kind = (
            IntegerMetadataMetrics
            if metadata_property.type == MetadataPropertyType.integer
            else FloatMetadataMetrics
        )
        return kind(min=low, max=high)


def _matching(dataset: str, query: Any, wanted: Any) -> tuple[Sql, bool]:
    """FROM and WHERE of the records that match, and whether they have a rank. The words come first in the join."""
    where, given = condition(dataset, wanted) if wanted else ("1", [])
    if query is None:
        return (f"record r WHERE r.dataset = ? AND ({where})", [dataset, *given]), False
    typed, field = (query, "") if isinstance(query, str) else (query.q, query.field or "")
    tables = "words CROSS JOIN passage p ON p.row = words.rowid CROSS JOIN record r ON r.row = p.record"
    sql = f"{tables} WHERE words MATCH ? AND p.dataset = ? AND p.field = ? AND ({where})"
    return (sql, [fts_query(typed), dataset, field, *given]), True


def _search(
    matching: tuple[Sql, bool], by: Sql, is_sorted: bool, seed: Any, offset: int, limit: int
) -> SearchResponses:
    (source, given), is_ranked = matching
    ordering, ordered_by = by
    if is_ranked and not is_sorted:
        ordering, ordered_by = "words.rank, r.row", []
    elif seed is not None:
        ordering, ordered_by = "(r.row * ? + ?) % ?, r.row", [SHUFFLE, UUID(str(seed)).int % MODULUS, MODULUS]
    score = "-words.rank" if is_ranked else "1.0"
    connection = reading()
    total = connection.execute(f"SELECT count(*) FROM {source}", given).fetchone()[0]  # noqa: S608
    page = f"SELECT r.id, {score} FROM {source} ORDER BY {ordering} LIMIT ? OFFSET ?"  # noqa: S608
    found = connection.execute(page, [*given, *ordered_by, limit, offset]).fetchall()
    return _responses(found, total)


def _similar(
    settings: str,
    target: NDArray[np.float32],
    matching: tuple[Sql, bool] | None,
    without: str | None,
    most: int,
    threshold: float | None,
) -> SearchResponses:
    connection = reading()
    among = None
    if matching:
        (source, given), _ = matching
        found = connection.execute(f"SELECT r.row FROM {source}", given).fetchall()  # noqa: S608
        among = np.array([row for (row,) in found], dtype=np.int64)
    excluded = (
        connection.execute("SELECT row FROM record WHERE id = ?", (without,)).fetchone() if without else None
    )
    held = vectors.matrix(connection, settings)
    best = vectors.nearest(held, target, most, among, excluded[0] if excluded else None)
    kept = {row: score for row, score in best if threshold is None or score >= threshold}
    marks = ", ".join("?" * len(kept))
    ids = dict(connection.execute(f"SELECT row, id FROM record WHERE row IN ({marks})", list(kept)))  # noqa: S608
    best_first = [(ids[row], score) for row, score in kept.items() if row in ids]
    return _responses(best_first, len(best_first))


def _responses(found: list[tuple[str, float]], total: int) -> SearchResponses:
    items = [SearchResponseItem(record_id=UUID(id_), score=score) for id_, score in found]
    return SearchResponses(items=items, total=total)


def _is_well() -> bool:
    return bool(reading().execute("SELECT 1").fetchone())


def _write_all(documents: list[Any]) -> None:
    with writing() as connection:
        for one in documents:
            write(connection, one)


def _remove_all(ids: list[str]) -> None:
    with writing() as connection:
        remove(connection, ids)


def _delete_dataset(dataset: str) -> None:
    with writing() as connection:
        ids = [id_ for (id_,) in connection.execute("SELECT id FROM record WHERE dataset = ?", (dataset,))]
        remove(connection, ids)


def _set_status(record: str, status: str) -> None:
    with writing() as connection:
        connection.execute("UPDATE record SET status = ? WHERE id = ?", (status, record))


def _replace(record: str, source: str, question: str, facets: list[Facet]) -> None:
    """Put these facets of one response or suggestion in the place of its earlier ones.

    A suggestion that was given anew has another id: its question's others go too.
    """
    with writing() as connection:
        found = connection.execute("SELECT row, dataset FROM record WHERE id = ?", (record,)).fetchone()
        if found is None:
            return
        connection.execute("DELETE FROM facet WHERE record = ? AND source = ?", (found[0], source))
        if question:
            gone = "DELETE FROM facet WHERE record = ? AND kind LIKE 'suggestion.%' AND name = ?"
            connection.execute(gone, (found[0], question))
        add_facets(connection, found[0], found[1], facets)


def _progress(dataset: str) -> dict[str, int]:
    counted = "SELECT status, count(*) FROM record WHERE dataset = ? GROUP BY status"
    counts: dict[str, int] = dict(reading().execute(counted, (dataset,)).fetchall())
    return {"total": sum(counts.values()), **counts}


def _user_progress(dataset: str, user: str) -> dict[str, int]:
    of_user = "dataset = ? AND kind = ? AND name = '' AND user = ?"
    counted = f"SELECT value, count(*) FROM facet WHERE {of_user} GROUP BY value"  # noqa: S608
    counts: dict[str, int] = dict(reading().execute(counted, (dataset, STATUS, user)).fetchall())
    return {"total": sum(counts.values()), **counts}


def _terms(dataset: str, name: str) -> TermsMetrics:
    counted = (
        "SELECT value, count(*) AS number FROM facet WHERE dataset = ? AND kind = ? AND name = ? "
        "GROUP BY value ORDER BY number DESC, value"
    )
    found = reading().execute(counted, (dataset, METADATA, name)).fetchall()
    values = [TermsMetrics.TermCount(term=str(term), count=number) for term, number in found]
    return TermsMetrics(total=sum(one.count for one in values), values=values)


def _extremes(dataset: str, name: str) -> tuple[float | None, float | None]:
    extremes = "SELECT min(value), max(value) FROM facet WHERE dataset = ? AND kind = ? AND name = ?"
    low, high = reading().execute(extremes, (dataset, METADATA, name)).fetchone()
    return low, high
