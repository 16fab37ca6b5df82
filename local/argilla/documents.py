"""A record of Argilla as rows of the index, made where its objects may be read, written wherever."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

# Kinds of facets.
METADATA, STATUS, RESPONSE = "metadata", "response.status", "response.value"
SUGGESTION = "suggestion."

Facet = tuple[str, str, str, str, Any]  # kind, name, source, user, value


@dataclass(frozen=True)
class Document:
    """Everything that the index keeps of one record."""

    id: str
    dataset: str
    external_id: str | None
    status: str
    inserted_at: str
    updated_at: str
    facets: list[Facet] = field(default_factory=list)
    passages: dict[str, str] = field(default_factory=dict)
    vectors: dict[str, bytes] = field(default_factory=dict)


def document(dataset: Any, record: Any) -> Document:
    """The document of one record with its responses, suggestions and vectors loaded."""
    facets = [*_metadata(record.metadata_ or {})]
    for response in record.responses:
        facets += response_facets(response)
    for suggestion in record.suggestions:
        facets += suggestion_facets(suggestion)
    return Document(
        str(record.id),
        str(dataset.id),
        record.external_id,
        str(getattr(record.status, "value", record.status)),
        moment(record.inserted_at),
        moment(record.updated_at),
        facets,
        _passages(dataset, record.fields),
        {str(one.vector_settings_id): packed(one.value) for one in record.vectors},
    )


def response_facets(response: Any) -> list[Facet]:
    """One response: its status, and the values of its answers."""
    source, user = str(response.id), str(response.user_id)
    facets: list[Facet] = [
        (STATUS, "", source, user, str(getattr(response.status, "value", response.status)))
    ]
    for question, answer in (response.values or {}).items():
        value = answer.get("value") if isinstance(answer, dict) else getattr(answer, "value", None)
        facets += [(RESPONSE, question, source, user, one) for one in _scalars(value)]
    return facets


def suggestion_facets(suggestion: Any) -> list[Facet]:
    """One suggestion: value, score, agent and type."""
    question, source = suggestion.question.name, str(suggestion.id)
    told = {
        "value": suggestion.value,
        "score": suggestion.score,
        "agent": suggestion.agent,
        "type": getattr(suggestion.type, "value", suggestion.type),
    }
    return [
        (SUGGESTION + name, question, source, "", one)
        for name, value in told.items()
        for one in _scalars(value)
    ]


def _metadata(metadata: dict[str, Any]) -> Iterator[Facet]:
    for name, value in metadata.items():
        yield from ((METADATA, name, "", "", one) for one in _scalars(value))


def _scalars(value: Any) -> list[Any]:
    """What can be filtered by: words and numbers, one by one where there are several; spans and rankings are not."""
    values = value if isinstance(value, list) else [value]
    return [
        int(one) if isinstance(one, bool) else one for one in values if isinstance(one, str | int | float)
    ]


def _passages(dataset: Any, fields: dict[str, Any]) -> dict[str, str]:
    searched = [one.name for one in dataset.fields if not one.is_image]
    texts = {name: _text(fields[name]) for name in searched if fields.get(name) is not None}
    return {**texts, "": "\n".join(texts.values())}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("\x00", " ")
    if isinstance(value, list):  # a chat
        return "\n".join(
            f"{one.get('role', '')} {one.get('content', '')}" for one in value if isinstance(one, dict)
        )
    return json.dumps(value, ensure_ascii=False)


def moment(time: datetime) -> str:
    """A time so that texts compare as times do."""
    return time.replace(tzinfo=None).isoformat(sep="T", timespec="microseconds")


def packed(vector: Iterable[float]) -> bytes:
    """A vector of length 1 as little-endian float32; one of length 0 stays as it is."""
    numbers = np.asarray(list(vector), dtype="<f4")
    length = float(np.linalg.norm(numbers))
    return (numbers / length if length else numbers).astype("<f4").tobytes()


def write(connection: sqlite3.Connection, one: Document) -> None:
    """Make the index hold this document as it is, and nothing of an earlier one."""
    old = connection.execute("SELECT row FROM record WHERE id = ?", (one.id,)).fetchone()
    row = old[0] if old else None
    head = (one.dataset, one.external_id, one.status, one.inserted_at, one.updated_at)
    if row is None:
        columns = "dataset, external_id, status, inserted_at, updated_at, id"
        into = f"INSERT INTO record ({columns}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
        row = connection.execute(into, (*head, one.id)).lastrowid or 0
    else:
        changed = "SET dataset = ?, external_id = ?, status = ?, inserted_at = ?, updated_at = ?"
        connection.execute(f"UPDATE record {changed} WHERE row = ?", (*head, row))
        connection.execute("DELETE FROM facet WHERE record = ?", (row,))
        connection.execute("DELETE FROM passage WHERE record = ?", (row,))
        _touch(connection, [settings for (settings,) in _settings_of(connection, row)])
        connection.execute("DELETE FROM vector WHERE record = ?", (row,))
    add_facets(connection, row, one.dataset, one.facets)
    connection.executemany(
        "INSERT INTO passage (record, dataset, field, text) VALUES (?, ?, ?, ?)",
        [(row, one.dataset, name, text) for name, text in one.passages.items()],
    )
    connection.executemany(
        "INSERT INTO vector (record, settings, data) VALUES (?, ?, ?)",
        [(row, settings, data) for settings, data in one.vectors.items()],
    )
    _touch(connection, list(one.vectors))


def add_facets(connection: sqlite3.Connection, row: int, dataset: str, facets: list[Facet]) -> None:
    connection.executemany(
        "INSERT INTO facet (record, dataset, kind, name, source, user, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(row, dataset, *facet) for facet in facets],
    )


def remove(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Nothing of these records stays in the index."""
    for id_ in ids:
        found = connection.execute("SELECT row FROM record WHERE id = ?", (id_,)).fetchone()
        if found:
            _touch(connection, [settings for (settings,) in _settings_of(connection, found[0])])
            connection.execute("DELETE FROM record WHERE row = ?", found)


def _settings_of(connection: sqlite3.Connection, row: int) -> list[tuple[str]]:
    return connection.execute("SELECT settings FROM vector WHERE record = ?", (row,)).fetchall()


def _touch(connection: sqlite3.Connection, settings: list[str]) -> None:
    """Vectors that others hold in memory are out of date."""
    connection.executemany(
        "INSERT INTO change (settings, number) VALUES (?, 1) ON CONFLICT DO UPDATE SET number = number + 1",
        [(one,) for one in settings],
    )
