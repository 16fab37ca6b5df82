"""The records that match, page by page: text by FTS5, filters and sorts by SQL, similarity by numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from local.argilla.search import vectors
from local.argilla.search.conditions import Sql, condition
from local.argilla.search.index import reading
from local.argilla.search.query_parser import parse

Hits = list[tuple[str, float]]  # a record's id and its score

# A prime, so that multiplying and taking the rest gives every row a place of its own.
MODULUS = 2_147_483_647
# The words come first in the join: SQLite's planner does not know how few rows they leave.
BY_WORDS = "words CROSS JOIN passage p ON p.row = words.rowid CROSS JOIN record r ON r.row = p.record"
WITHOUT = (
    "r.row NOT IN (SELECT q.record FROM words CROSS JOIN passage q ON q.row = words.rowid "
    "WHERE words MATCH ? AND q.dataset = ? AND q.field = ?)"
)


@dataclass(frozen=True)
class Matching:
    """FROM and WHERE of the records that match; `is_ranked` where words say how well they do."""

    source: str
    values: list[Any]
    is_ranked: bool = False


def matching(dataset: str, query: Any, wanted: Any) -> Matching:
    """Records of this dataset with these words for which this filter holds."""
    held, given = condition(dataset, wanted) if wanted else ("1", [])
    if query is None:
        return Matching(f"record r WHERE r.dataset = ? AND ({held})", [dataset, *given])
    typed, name = (query, "") if isinstance(query, str) else (query.q, query.field or "")
    words = parse(typed)
    if words.unwanted:
        held = f"({held}) AND {WITHOUT}"
        given = [*given, words.unwanted, dataset, name]
    if words.wanted:
        source = f"{BY_WORDS} WHERE words MATCH ? AND p.dataset = ? AND p.field = ? AND ({held})"
        return Matching(source, [words.wanted, dataset, name, *given], is_ranked=True)
    # Nothing to look for finds nothing; only words that must not occur find all the rest.
    is_any = "1" if words.unwanted else "0"
    return Matching(f"record r WHERE {is_any} AND r.dataset = ? AND ({held})", [dataset, *given])


def search(
    among: Matching, by: Sql | None, shuffled_for: UUID | None, offset: int, limit: int
) -> tuple[Hits, int]:
    """One page and how many there are: as asked for, else by rank, else in an order of this user's own."""
    ordering, ordered_by = by or _own_order(among, shuffled_for)
    score = "-words.rank" if among.is_ranked else "1.0"
    connection = reading()
    # Counted along with the page, as what matches is the dear part.
    page = f"SELECT r.id, {score}, count(*) OVER () FROM {among.source} ORDER BY {ordering} LIMIT ? OFFSET ?"  # noqa: S608
    found = connection.execute(page, [*among.values, *ordered_by, limit, offset]).fetchall()
    if found:
        return [(id_, score) for id_, score, _ in found], found[0][2]
    return [], connection.execute(f"SELECT count(*) FROM {among.source}", among.values).fetchone()[0]  # noqa: S608


def _own_order(among: Matching, user: UUID | None) -> Sql:
    if among.is_ranked:
        return "words.rank, r.row", []
    if user is None:
        return "r.row", []
    # One multiple alone would give a few records one of a few orders.
    first, second = user.int % (MODULUS - 1) + 1, user.int // MODULUS % (MODULUS - 1) + 1
    return "(r.row * ? % ?) * (r.row * ? % ?) % ?, r.row", [first, MODULUS, second, MODULUS, MODULUS]


def similar(
    settings: str, to: NDArray[np.float32], among: Matching | None, without: str | None, most: int
) -> Hits:
    """The records whose vectors point most nearly where `to` does. to: (dimensions,), length 1."""
    connection = reading()
    rows = None
    if among:
        found = connection.execute(f"SELECT r.row FROM {among.source}", among.values)  # noqa: S608
        rows = np.array([row for (row,) in found], dtype=np.int64)
    excluded = connection.execute("SELECT row FROM record WHERE id = ?", (without,)).fetchone()
    best = vectors.nearest(
        vectors.matrix(connection, settings), to, most, rows, excluded[0] if excluded else None
    )
    marks = ", ".join("?" * len(best))
    ids = dict(
        connection.execute(f"SELECT row, id FROM record WHERE row IN ({marks})", [row for row, _ in best])  # noqa: S608
    )
    return [(ids[row], score) for row, score in best if row in ids]
