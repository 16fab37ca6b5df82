"""The search engine: everything that Argilla asks of one, on SQLite and numpy, registered as "sqlite".

An object of it lives for one request. What takes time runs in a thread, so that the server goes on.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import numpy as np
from argilla_server.enums import MetadataPropertyType, SimilarityOrder
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.search_engine.base import (
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TermsMetrics,
)

from local.argilla.search import figures, index, line, searching, steps, writes
from local.argilla.search.conditions import order as order_by
from local.argilla.search.documents import (
    document,
    moment,
    packed,
    plain,
    response_facets,
    response_part,
    suggestion_facets,
    suggestion_part,
)
from local.argilla.search.index import reading
from local.argilla.search.line import Line, Need
from local.argilla.search.waiting import ensure, in_thread
from local.argilla.server import bulk_responses

log = logging.getLogger(__name__)


async def _write(work: Callable[..., None], *given: Any) -> None:
    """Change the index in a thread. What fails is made up for: Argilla's database has answered already."""
    try:
        await asyncio.to_thread(work, *given)
    except sqlite3.DatabaseError as error:
        log.warning("not indexed, to be made up for reason=%s", error)
        if not index.is_passing(error):
            await asyncio.to_thread(index.check)
        steps.fall_behind()


@SearchEngine.register(engine_name="sqlite")
class SqliteSearchEngine(SearchEngine):
    """Text by FTS5, filters and sorts by SQL, similarity by numpy."""

    @classmethod
    async def new_instance(cls) -> SqliteSearchEngine:
        return cls()

    async def close(self) -> None:
        """Connections belong to threads, not to requests."""

    async def ping(self) -> bool:
        return await in_thread(lambda: bool(reading().execute("SELECT 1").fetchone()))

    async def info(self) -> dict[str, str]:
        return {"name": "sqlite", "version": sqlite3.sqlite_version, **bulk_responses.told}

    # An index has no shape of its own: datasets, metadata and vectors come and go with their records.

    async def create_index(self, dataset: Any) -> None:
        await _write(line.put, str(dataset.id), Line(0, 0, 0))

    async def configure_metadata_property(self, dataset: Any, metadata_property: Any) -> None: ...

    async def configure_index_vectors(self, vector_settings: Any) -> None: ...

    async def delete_index(self, dataset: Any) -> None:
        await _write(writes.remove_dataset, str(dataset.id))

    async def index_records(self, dataset: Any, records: Iterable[Any]) -> None:
        await _write(writes.write, [document(dataset, record) for record in records])

    async def partial_record_update(self, record: Any, **update: Any) -> None:
        if "status" in update:
            status, updated = plain(update["status"]), moment(record.updated_at)
            await _write(writes.set_status, str(record.id), status, updated)

    async def delete_records(self, dataset: Any, records: Iterable[Any]) -> None:  # noqa: ARG002
        await _write(writes.remove, [str(record.id) for record in records])

    async def update_record_response(self, response: Any) -> None:
        facets, part = response_facets(response), response_part(response)
        await _write(writes.replace_response, str(response.record_id), str(response.id), facets, part)

    async def delete_record_response(self, response: Any) -> None:
        await _write(writes.replace_response, str(response.record_id), str(response.id), [], None)

    async def update_record_suggestion(self, suggestion: Any) -> None:
        facets, part = suggestion_facets(suggestion), suggestion_part(suggestion)
        question = (suggestion.question.name, str(suggestion.question_id))
        await _write(writes.replace_suggestion, str(suggestion.record_id), question, facets, part)

    async def delete_record_suggestion(self, suggestion: Any) -> None:
        question = (suggestion.question.name, str(suggestion.question_id))
        await _write(writes.replace_suggestion, str(suggestion.record_id), question, [], None)

    async def get_dataset_progress(self, dataset: Any) -> dict[str, int]:
        if dataset.is_draft:
            return {}
        await ensure(str(dataset.id), Need.LISTS)
        return await in_thread(figures.progress, str(dataset.id))

    async def get_dataset_user_progress(self, dataset: Any, user: Any) -> dict[str, int]:
        if dataset.is_draft:
            return {}
        await ensure(str(dataset.id), Need.LISTS)
        return await in_thread(figures.user_progress, str(dataset.id), str(user.id))

    async def search(
        self,
        dataset: Any,
        query: Any = None,
        filter: Any = None,
        sort: list[Any] | None = None,
        offset: int = 0,
        limit: int = 100,
        user_id: UUID | None = None,
    ) -> SearchResponses:
        await ensure(str(dataset.id), Need.LISTS if query is None else Need.WORDS)
        among = searching.matching(str(dataset.id), query, filter)
        by = order_by(sort) if sort else None
        return _responses(*await in_thread(searching.search, among, by, user_id, offset, limit))

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
        if len(to or ()) != vector_settings.dimensions:
            raise UnprocessableEntityError(f"a vector here has {vector_settings.dimensions} numbers")
        await ensure(str(dataset.id), Need.WORDS)
        sign = -1 if order == SimilarityOrder.least_similar else 1
        target = sign * np.frombuffer(packed(to), dtype="<f4")
        among = searching.matching(str(dataset.id), query, filter) if query or filter else None
        without = str(record.id) if record else None
        hits = await in_thread(
            searching.similar, str(vector_settings.id), target, among, without, max_results
        )
        kept = [(id_, score) for id_, score in hits if threshold is None or score >= threshold]
        return _responses(kept, len(hits))

    async def compute_metrics_for(self, metadata_property: Any) -> Any:
        of_property = (str(metadata_property.dataset_id), metadata_property.name)
        await ensure(of_property[0], Need.LISTS)
        if metadata_property.type == MetadataPropertyType.terms:
            found = await in_thread(figures.terms, *of_property)
            values = [TermsMetrics.TermCount(term=term, count=count) for term, count in found]
            return TermsMetrics(total=sum(count for _, count in found), values=values)
        low, high = await in_thread(figures.extremes, *of_property)
        is_whole = metadata_property.type == MetadataPropertyType.integer
        return (IntegerMetadataMetrics if is_whole else FloatMetadataMetrics)(min=low, max=high)


def _responses(hits: searching.Hits, total: int) -> SearchResponses:
    items = [SearchResponseItem(record_id=UUID(id_), score=score) for id_, score in hits]
    return SearchResponses(items=items, total=total)
