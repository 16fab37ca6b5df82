"""What changes the index. Each function is one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from local.argilla.documents import SUGGESTION, Document, Facet
from local.argilla.index import writing


def write(documents: Iterable[Document]) -> None:
    """Make the index hold these documents as they are, and nothing of earlier ones."""
    with writing() as connection:
        for one in documents:
            _write(connection, one)


def remove(ids: Iterable[str]) -> None:
    """Nothing of these records stays."""
    with writing() as connection:
        _remove(connection, ids)


def remove_dataset(dataset: str) -> None:
    """Nothing of this dataset's records stays."""
    with writing() as connection:
        _remove(connection, [id_ for (id_,) in connection.execute(OF_DATASET, (dataset,)).fetchall()])


def set_status(record: str, status: str, updated_at: str) -> None:
    with writing() as connection:
        changed = "UPDATE record SET status = ?, updated_at = ? WHERE id = ?"
        connection.execute(changed, (status, updated_at, record))


def replace_response(record: str, response: str, facets: list[Facet]) -> None:
    """These facets in the place of this response's earlier ones."""
    with writing() as connection:
        for row, dataset in connection.execute(ROW, (record,)).fetchall():
            connection.execute("DELETE FROM facet WHERE record = ? AND source = ?", (row, response))
            _add_facets(connection, row, dataset, facets)


def replace_suggestion(record: str, question: str, facets: list[Facet]) -> None:
    """These facets in the place of the question's earlier ones; one that was given anew may have another id."""
    with writing() as connection:
        for row, dataset in connection.execute(ROW, (record,)).fetchall():
            gone = f"DELETE FROM facet WHERE record = ? AND kind LIKE '{SUGGESTION}%' AND name = ?"  # noqa: S608
            connection.execute(gone, (row, question))
            _add_facets(connection, row, dataset, facets)


ROW = "SELECT row, dataset FROM record WHERE id = ?"
OF_DATASET = "SELECT id FROM record WHERE dataset = ?"
PUT = """
INSERT INTO record (id, dataset, external_id, status, inserted_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET dataset = excluded.dataset, external_id = excluded.external_id,
    status = excluded.status, inserted_at = excluded.inserted_at, updated_at = excluded.updated_at
RETURNING row
"""


def _write(connection: sqlite3.Connection, one: Document) -> None:
    head = (one.id, one.dataset, one.external_id, one.status, one.inserted_at, one.updated_at)
    [(row,)] = connection.execute(PUT, head).fetchall()
    connection.execute("DELETE FROM facet WHERE record = ?", (row,))
    _add_facets(connection, row, one.dataset, one.facets)
    _write_passages(connection, row, one)
    _write_vectors(connection, row, one.vectors)


def _write_passages(connection: sqlite3.Connection, row: int, one: Document) -> None:
    found = dict(connection.execute("SELECT field, text FROM passage WHERE record = ?", (row,)))
    if found == one.passages:
        return
    connection.execute("DELETE FROM passage WHERE record = ?", (row,))
    connection.executemany(
        "INSERT INTO passage (record, dataset, field, text) VALUES (?, ?, ?, ?)",
        [(row, one.dataset, name, text) for name, text in one.passages.items()],
    )


def _write_vectors(connection: sqlite3.Connection, row: int, vectors: dict[str, bytes]) -> None:
    found = dict(connection.execute("SELECT settings, data FROM vector WHERE record = ?", (row,)))
    if found == vectors:
        return  # what others hold in memory stays true
    connection.execute("DELETE FROM vector WHERE record = ?", (row,))
    connection.executemany(
        "INSERT INTO vector (record, settings, data) VALUES (?, ?, ?)",
        [(row, settings, data) for settings, data in vectors.items()],
    )
    _count_change(connection, found.keys() | vectors.keys())


def _add_facets(connection: sqlite3.Connection, row: int, dataset: str, facets: list[Facet]) -> None:
    connection.executemany(
        "INSERT INTO facet (record, dataset, kind, name, source, user, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(row, dataset, *facet) for facet in facets],
    )


def _remove(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    settings: set[str] = set()
    for id_ in ids:
        of_record = (
            "SELECT settings FROM vector JOIN record ON record.row = vector.record WHERE record.id = ?"
        )
        settings |= {one for (one,) in connection.execute(of_record, (id_,))}
        connection.execute("DELETE FROM record WHERE id = ?", (id_,))
    _count_change(connection, settings)


def _count_change(connection: sqlite3.Connection, settings: Iterable[str]) -> None:
    """Vectors that others hold in memory are out of date."""
    connection.executemany(
        "INSERT INTO change (settings, number) VALUES (?, 1) ON CONFLICT DO UPDATE SET number = number + 1",
        [(one,) for one in settings],
    )
