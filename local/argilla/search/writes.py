"""What changes the index. Each function is one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from local.argilla.search.documents import (
    OF_RESPONSE,
    OF_SUGGESTION,
    OF_VECTOR,
    SUGGESTION,
    Document,
    Facet,
    Part,
)
from local.argilla.search.index import writing


def write(documents: Iterable[Document]) -> None:
    """Make the index hold these documents as they are, and nothing of earlier ones."""
    with writing() as connection:
        for one in documents:
            _write(connection, one)


def add_words(documents: Iterable[Document]) -> None:
    """Write text and vectors (all that these documents have) of records that the index has as they are there."""
    with writing() as connection:
        for one in documents:
            same = "SELECT row FROM record WHERE id = ? AND updated_at = ?"
            for (row,) in connection.execute(same, (one.id, one.updated_at)).fetchall():
                _write_passages(connection, row, one.dataset, one.passages or {})
                _write_vectors(connection, row, one.vectors)
                connection.execute("DELETE FROM part WHERE record = ? AND kind = ?", (row, OF_VECTOR))
                _add_parts(connection, row, one.parts)


def remove(ids: Iterable[str]) -> None:
    """Nothing of these records stays."""
    with writing() as connection:
        _remove(connection, ids)


def remove_dataset(dataset: str) -> None:
    """Nothing of this dataset's records stays."""
    with writing() as connection:
        _remove(connection, [id_ for (id_,) in connection.execute(OF_DATASET, (dataset,)).fetchall()])
        connection.execute("DELETE FROM line WHERE dataset = ?", (dataset,))


def set_status(record: str, status: str, updated_at: str) -> None:
    with writing() as connection:
        changed = "UPDATE record SET status = ?, updated_at = ? WHERE id = ?"
        connection.execute(changed, (status, updated_at, record))


def replace_response(record: str, response: str, facets: list[Facet], part: Part | None) -> None:
    """These facets in the place of this response's earlier ones."""
    with writing() as connection:
        for row, dataset in connection.execute(ROW, (record,)).fetchall():
            connection.execute("DELETE FROM facet WHERE record = ? AND source = ?", (row, response))
            _add_facets(connection, row, dataset, facets)
            _replace_part(connection, row, (OF_RESPONSE, response), part)


def replace_suggestion(
    record: str, question: tuple[str, str], facets: list[Facet], part: Part | None
) -> None:
    """These facets in the place of the earlier ones of the question (its name and id)."""
    name, id_ = question
    with writing() as connection:
        for row, dataset in connection.execute(ROW, (record,)).fetchall():
            gone = f"DELETE FROM facet WHERE record = ? AND kind LIKE '{SUGGESTION}%' AND name = ?"  # noqa: S608
            connection.execute(gone, (row, name))
            _add_facets(connection, row, dataset, facets)
            _replace_part(connection, row, (OF_SUGGESTION, id_), part)


ROW = "SELECT row, dataset FROM record WHERE id = ?"
OF_DATASET = "SELECT id FROM record WHERE dataset = ?"
PUT = """
INSERT INTO record (id, dataset, external_id, status, inserted_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET dataset = excluded.dataset, external_id = excluded.external_id,
    status = excluded.status, inserted_at = excluded.inserted_at, updated_at = excluded.updated_at
RETURNING row
"""
PUT_VECTOR = """
INSERT INTO vector (record, settings, change, data) VALUES (?, ?, ?, ?)
ON CONFLICT (settings, record) DO UPDATE SET change = excluded.change, data = excluded.data
"""


def _write(connection: sqlite3.Connection, one: Document) -> None:
    head = (one.id, one.dataset, one.external_id, one.status, one.inserted_at, one.updated_at)
    [(row,)] = connection.execute(PUT, head).fetchall()
    connection.execute("DELETE FROM facet WHERE record = ?", (row,))
    _add_facets(connection, row, one.dataset, one.facets)
    if one.passages is None:
        connection.execute("DELETE FROM passage WHERE record = ?", (row,))
        connection.execute("DELETE FROM part WHERE record = ? AND kind <> ?", (row, OF_VECTOR))
    else:
        _write_passages(connection, row, one.dataset, one.passages)
        _write_vectors(connection, row, one.vectors)
        connection.execute("DELETE FROM part WHERE record = ?", (row,))
    _add_parts(connection, row, one.parts)


def _write_passages(connection: sqlite3.Connection, row: int, dataset: str, passages: dict[str, str]) -> None:
    found = dict(connection.execute("SELECT field, text FROM passage WHERE record = ?", (row,)))
    if found == passages:
        return
    connection.execute("DELETE FROM passage WHERE record = ?", (row,))
    connection.executemany(
        "INSERT INTO passage (record, dataset, field, text) VALUES (?, ?, ?, ?)",
        [(row, dataset, name, text) for name, text in passages.items()],
    )


def _write_vectors(connection: sqlite3.Connection, row: int, vectors: dict[str, bytes]) -> None:
    """Write those that changed, each with the number of its change: readers have the others in memory."""
    found = dict(connection.execute("SELECT settings, data FROM vector WHERE record = ?", (row,)))
    for settings in found.keys() - vectors.keys():
        connection.execute("DELETE FROM vector WHERE settings = ? AND record = ?", (settings, row))
        _next_change(connection, settings)
    for settings, data in vectors.items():
        if found.get(settings) != data:
            change = _next_change(connection, settings)
            connection.execute(PUT_VECTOR, (row, settings, change, data))


def _add_facets(connection: sqlite3.Connection, row: int, dataset: str, facets: list[Facet]) -> None:
    connection.executemany(
        "INSERT INTO facet (record, dataset, kind, name, source, user, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(row, dataset, *facet) for facet in facets],
    )


def _add_parts(connection: sqlite3.Connection, row: int, parts: list[Part]) -> None:
    connection.executemany(
        "INSERT INTO part (record, kind, source, changed_at) VALUES (?, ?, ?, ?)",
        [(row, *part) for part in parts],
    )


def _replace_part(
    connection: sqlite3.Connection, row: int, replaced: tuple[str, str], part: Part | None
) -> None:
    connection.execute("DELETE FROM part WHERE record = ? AND kind = ? AND source = ?", (row, *replaced))
    _add_parts(connection, row, [part] if part else [])


def _remove(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    settings: set[str] = set()
    for id_ in ids:
        of_record = (
            "SELECT settings FROM vector JOIN record ON record.row = vector.record WHERE record.id = ?"
        )
        settings |= {one for (one,) in connection.execute(of_record, (id_,))}
        connection.execute("DELETE FROM record WHERE id = ?", (id_,))
    for one in settings:
        _next_change(connection, one)


def _next_change(connection: sqlite3.Connection, settings: str) -> int:
    """Count a change of these vectors."""
    counted = (
        "INSERT INTO change (settings, number) VALUES (?, 1) "
        "ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number"
    )
    [(number,)] = connection.execute(counted, (settings,)).fetchall()
    return int(number)
