"""A record of Argilla as what the index keeps of it, made where its objects may be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from local.argilla.search.words import spelled, storable

# Kinds of facets.
METADATA, STATUS, RESPONSE = "metadata", "response.status", "response.value"
SUGGESTION = "suggestion."

LARGEST = 2**63  # of SQLite's integers

Facet = tuple[str, str, str, str, Any]  # kind, name, source, user, value

# Kinds of parts.
OF_RESPONSE, OF_SUGGESTION, OF_VECTOR = "response", "suggestion", "vector"

Part = tuple[str, str, str]  # kind, source, time of its last change


@dataclass(frozen=True)
class Document:
    """Everything that the index keeps of one record; without `passages`, its text and vectors are written later."""

    id: str
    dataset: str
    external_id: str | None
    status: str
    inserted_at: str
    updated_at: str
    facets: list[Facet] = field(default_factory=list)
    passages: dict[str, str] | None = field(default_factory=dict)
    vectors: dict[str, bytes] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


def document(dataset: Any, record: Any) -> Document:
    """The document of one record with its responses, suggestions and vectors loaded."""
    short, rest = head(dataset, record), words(dataset, record)
    return replace(rest, facets=short.facets, parts=[*short.parts, *rest.parts])


def head(dataset: Any, record: Any) -> Document:
    """The same without text and vectors: what lists, filters, sorts and counts need."""
    facets = [*_metadata(record.metadata_ or {})]
    for response in record.responses:
        facets += response_facets(response)
    for suggestion in record.suggestions:
        facets += suggestion_facets(suggestion)
    parts = [*map(response_part, record.responses), *map(suggestion_part, record.suggestions)]
    return replace(_bare(dataset, record), facets=facets, parts=parts)


def words(dataset: Any, record: Any) -> Document:
    """The same with text and vectors alone."""
    return replace(
        _bare(dataset, record),
        passages=_passages(dataset, record.fields),
        vectors={str(one.vector_settings_id): packed(one.value) for one in record.vectors},
        parts=[*map(vector_part, record.vectors)],
    )


def _bare(dataset: Any, record: Any) -> Document:
    return Document(
        str(record.id),
        str(dataset.id),
        None if record.external_id is None else storable(record.external_id),
        plain(record.status),
        moment(record.inserted_at),
        moment(record.updated_at),
        passages=None,
    )


def response_part(response: Any) -> Part:
    """By which one sees whether the index has this response as it is."""
    return OF_RESPONSE, str(response.id), moment(response.updated_at)


def suggestion_part(suggestion: Any) -> Part:
    """By which one sees whether the index has this suggestion as it is; a question has one at most."""
    return OF_SUGGESTION, str(suggestion.question_id), moment(suggestion.updated_at)


def vector_part(vector: Any) -> Part:
    """By which one sees whether the index has this vector as it is."""
    return OF_VECTOR, str(vector.vector_settings_id), moment(vector.updated_at)


def response_facets(response: Any) -> list[Facet]:
    """One response: its status, and the values of its answers."""
    source, user = str(response.id), str(response.user_id)
    facets: list[Facet] = [(STATUS, "", source, user, plain(response.status))]
    for question, answer in (response.values or {}).items():
        value = answer.get("value") if isinstance(answer, dict) else getattr(answer, "value", None)
        facets += [(RESPONSE, question, source, user, one) for one in _scalars(value)]
    return facets


def suggestion_facets(suggestion: Any) -> list[Facet]:
    """One suggestion: value, score, agent and type. An own row says that it is there, whatever its value is."""
    question, source = suggestion.question.name, str(suggestion.id)
    told = {
        "value": suggestion.value,
        "score": suggestion.score,
        "agent": suggestion.agent,
        "type": plain(suggestion.type) if suggestion.type else None,
    }
    facets = [
        (SUGGESTION + name, question, source, "", one)
        for name, value in told.items()
        for one in _scalars(value)
    ]
    return [*facets, (SUGGESTION, question, source, "", None)]


def plain(value: Any) -> str:
    """The text of a member of an enumeration, or of a text."""
    return str(getattr(value, "value", value))


def moment(time: datetime) -> str:
    """A time so that texts compare as times do."""
    return time.replace(tzinfo=None).isoformat(sep="T", timespec="microseconds")


def packed(vector: Iterable[float]) -> bytes:
    """A vector of length 1 as little-endian float32; one of length 0 stays as it is."""
    numbers = np.asarray(list(vector), dtype="<f8")
    length = float(np.linalg.norm(numbers))
    return (numbers / length if length else numbers).astype("<f4").tobytes()


def _metadata(metadata: dict[str, Any]) -> Iterator[Facet]:
    for name, value in metadata.items():
        yield from ((METADATA, name, "", "", one) for one in _scalars(value))


def _scalars(value: Any) -> list[Any]:
    """What can be filtered by: words and numbers, each of several by itself; spans and rankings are neither."""
    values = value if isinstance(value, list) else [value]
    return [_fitting(one) for one in values if isinstance(one, str | int | float)]


def _fitting(value: str | int | float) -> str | int | float:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int):
        return int(value) if -LARGEST <= value < LARGEST else str(value)
    return value


def _passages(dataset: Any, fields: dict[str, Any]) -> dict[str, str]:
    searched = [one.name for one in dataset.fields if not one.is_image]
    texts = {name: spelled(_text(fields[name])) for name in searched if fields.get(name) is not None}
    return {**texts, "": "\n".join(texts.values())}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # a chat
        turns = [one for one in value if isinstance(one, dict)]
        return "\n".join(f"{one.get('role', '')} {one.get('content', '')}" for one in turns)
    return json.dumps(value, ensure_ascii=False)
