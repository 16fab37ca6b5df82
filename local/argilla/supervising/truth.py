"""Argilla's database as the index has to be: read as tables, without the server's models, which take seconds to load.

An id is a text without dashes there and with them in the index.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from local.argilla.search.documents import (
    OF_RESPONSE,
    OF_SUGGESTION,
    OF_VECTOR,
    Document,
    document,
    head,
    moment,
    words,
)

WAIT_S = 30
Stamp = tuple[str, str]  # status and time of the last change of a record
PartOf = tuple[str, str, str, str]  # id of a record, kind, source, time of its last change

# Every response, suggestion and vector of a dataset: who it belongs to, of what it is the only one, when it changed.
PARTS = {
    OF_RESPONSE: "SELECT p.record_id, p.id, p.updated_at FROM responses p",
    OF_SUGGESTION: "SELECT p.record_id, p.question_id, p.updated_at FROM suggestions p",
    OF_VECTOR: "SELECT p.record_id, p.vector_settings_id, p.updated_at FROM vectors p",
}
RESPONDED = "(SELECT record_id FROM responses WHERE status = 'submitted' GROUP BY record_id HAVING count(*) >= :needed)"


@dataclass(frozen=True)
class Dataset:
    """A published dataset: what the index has to know of it. `needed`: responses that complete a record."""

    id: str
    fields: tuple[SimpleNamespace, ...]
    questions: dict[str, SimpleNamespace]
    needed: int


class Truth:
    """One connection to Argilla's database."""

    def __init__(self, home: Path) -> None:
        file = home / "argilla.db"
        self._connection = sqlite3.connect(
            f"{file.as_uri()}?mode=rw", uri=True, timeout=WAIT_S, isolation_level=None
        )
        self._connection.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        self._connection.close()

    def datasets(self) -> list[Dataset]:
        """All that are published."""
        found = self._rows("SELECT id, distribution FROM datasets WHERE status = 'ready' ORDER BY id")
        return [
            Dataset(
                dashed(id_),
                tuple(
                    SimpleNamespace(name=name, is_image=json.loads(settings)["type"] == "image")
                    for name, settings in self._rows(
                        "SELECT name, settings FROM fields WHERE dataset_id = ? ORDER BY inserted_at", id_
                    )
                ),
                {
                    question: SimpleNamespace(name=name)
                    for question, name in self._rows(
                        "SELECT id, name FROM questions WHERE dataset_id = ?", id_
                    )
                },
                json.loads(distribution)["min_submitted"],
            )
            for id_, distribution in found
        ]

    def settle(self, dataset: Dataset) -> int:
        """Set each status that does not follow from the responses; of how many records it was wrong.

        Whoever was to set it died, or its job was lost.
        """
        given = {"dataset": plain_id(dataset.id), "needed": dataset.needed, "now": _now()}
        changed = 0
        for wrong, right, follows in (("pending", "completed", "IN"), ("completed", "pending", "NOT IN")):
            of_wrong = f"dataset_id = :dataset AND status = '{wrong}' AND id {follows} {RESPONDED}"
            one = f"SELECT 1 FROM records WHERE {of_wrong} LIMIT 1"  # noqa: S608
            if not self._connection.execute(one, given).fetchone():
                continue  # a writer would wait for a change of nothing
            set_ = f"UPDATE records SET status = '{right}', updated_at = :now WHERE {of_wrong}"  # noqa: S608
            changed += self._connection.execute(set_, given).rowcount
        return changed

    def stamps(self, dataset: Dataset, among: Sequence[str] | None = None) -> dict[str, Stamp]:
        """Of each record of the dataset, or of these of them, by its id."""
        chosen, given = _chosen("dataset_id", plain_id(dataset.id), "id", among)
        found = self._rows(f"SELECT id, status, updated_at FROM records WHERE {chosen}", *given)  # noqa: S608
        return {dashed(id_): (status, _moment(updated)) for id_, status, updated in found}

    def parts(self, dataset: Dataset, among: Sequence[str] | None = None) -> set[PartOf]:
        """Of all its records, or of these of them."""
        chosen, given = _chosen("r.dataset_id", plain_id(dataset.id), "p.record_id", among)
        of_dataset = f"JOIN records r ON r.id = p.record_id WHERE {chosen}"
        return {
            (dashed(record), kind, dashed(source), _moment(changed))
            for kind, select in PARTS.items()
            for record, source, changed in self._rows(f"{select} {of_dataset}", *given)
        }

    def heads(self, dataset: Dataset, ids: Sequence[str]) -> list[Document]:
        """What lists need of these records, as far as there are such."""
        records = self._records(ids)
        self._add_answers(dataset, records, ids)
        return [head(dataset, one) for one in records]

    def words(self, dataset: Dataset, ids: Sequence[str]) -> list[Document]:
        """Text and vectors of these records, as far as there are such."""
        records = self._records(ids)
        self._add_content(records, ids)
        return [words(dataset, one) for one in records]

    def documents(self, dataset: Dataset, ids: Sequence[str]) -> list[Document]:
        """Everything of these records, as far as there are such."""
        records = self._records(ids)
        self._add_answers(dataset, records, ids)
        self._add_content(records, ids)
        return [document(dataset, one) for one in records]

    def _records(self, ids: Sequence[str]) -> list[SimpleNamespace]:
        columns = "id, metadata, external_id, status, inserted_at, updated_at"
        found = self._among(f"SELECT {columns} FROM records WHERE id", ids)  # noqa: S608
        return [
            SimpleNamespace(
                id=dashed(id_),
                metadata_=_json(metadata),
                external_id=external_id,
                status=status,
                inserted_at=_time(inserted),
                updated_at=_time(updated),
            )
            for id_, metadata, external_id, status, inserted, updated in found
        ]

    def _add_answers(self, dataset: Dataset, records: list[SimpleNamespace], ids: Sequence[str]) -> None:
        responses = self._grouped(
            'SELECT record_id, id, user_id, status, "values", updated_at FROM responses', ids
        )
        suggestions = self._grouped(
            "SELECT record_id, id, question_id, value, score, agent, type, updated_at FROM suggestions", ids
        )
        for one in records:
            one.responses = [_response(row) for row in responses.get(one.id, [])]
            one.suggestions = [_suggestion(dataset, row) for row in suggestions.get(one.id, [])]

    def _add_content(self, records: list[SimpleNamespace], ids: Sequence[str]) -> None:
        fields = dict(self._among("SELECT id, fields FROM records WHERE id", ids))
        vectors = self._grouped("SELECT record_id, vector_settings_id, value, updated_at FROM vectors", ids)
        for one in records:
            one.fields = json.loads(fields.get(plain_id(one.id), "{}"))
            one.vectors = [_vector(row) for row in vectors.get(one.id, [])]

    def _grouped(self, select: str, ids: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
        """Rows by the record that they belong to, which is their first column; earlier ones first."""
        grouped: dict[str, list[tuple[Any, ...]]] = {}
        for row in self._among(f"{select} WHERE record_id", ids, "ORDER BY inserted_at"):
            grouped.setdefault(dashed(row[0]), []).append(row)
        return grouped

    def _among(self, select: str, ids: Sequence[str], order: str = "") -> list[tuple[Any, ...]]:
        marks = ", ".join("?" * len(ids))
        return self._rows(f"{select} IN ({marks}) {order}", *map(plain_id, ids))

    def _rows(self, select: str, *given: str) -> list[tuple[Any, ...]]:
        with closing(self._connection.execute(select, given)) as found:
            return found.fetchall()


def _chosen(
    of_dataset: str, dataset: str, of_record: str, among: Sequence[str] | None
) -> tuple[str, list[str]]:
    """All records of a dataset, or these of them: found by their ids, as SQLite would go through the dataset."""
    if among is None:
        return f"{of_dataset} = ?", [dataset]
    marks = ", ".join("?" * len(among))
    return f"{of_record} IN ({marks}) AND +{of_dataset} = ?", [*map(plain_id, among), dataset]


def dashed(id_: str) -> str:
    """An id as the index has it."""
    return f"{id_[:8]}-{id_[8:12]}-{id_[12:16]}-{id_[16:20]}-{id_[20:]}"


def plain_id(id_: str) -> str:
    """An id as Argilla's database has it."""
    return UUID(id_).hex


def _response(row: tuple[Any, ...]) -> SimpleNamespace:
    _, id_, user_id, status, values, updated = row
    return SimpleNamespace(
        id=dashed(id_),
        user_id=dashed(user_id),
        status=status,
        values=_json(values),
        updated_at=_time(updated),
    )


def _vector(row: tuple[Any, ...]) -> SimpleNamespace:
    _, settings, value, updated = row
    return SimpleNamespace(
        vector_settings_id=dashed(settings), value=json.loads(value), updated_at=_time(updated)
    )


def _suggestion(dataset: Dataset, row: tuple[Any, ...]) -> SimpleNamespace:
    _, id_, question_id, value, score, agent, type_, updated = row
    return SimpleNamespace(
        id=dashed(id_),
        question_id=dashed(question_id),
        question=dataset.questions[question_id],
        value=_json(value),
        score=_json(score),
        agent=agent,
        type=type_,
        updated_at=_time(updated),
    )


def _json(value: Any) -> Any:
    """SQLite gives a number of a JSON column as a number."""
    return json.loads(value) if isinstance(value, str) else value


def _moment(text: str) -> str:
    """A time as the index has it; Argilla writes it with a blank, and always with microseconds."""
    return text.replace(" ", "T")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _now() -> str:
    return moment(datetime.now(UTC)).replace("T", " ")
