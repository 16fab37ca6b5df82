"""Counts over the index: how far a dataset is, how far one user is, and what a metadata property holds."""

from __future__ import annotations

from local.argilla.search.documents import METADATA, STATUS
from local.argilla.search.index import reading

OF_PROPERTY = "dataset = ? AND kind = ? AND name = ?"


def progress(dataset: str) -> dict[str, int]:
    """Records by status, and all of them."""
    counted = "SELECT status, count(*) FROM record WHERE dataset = ? GROUP BY status"
    return _with_total(dict(reading().execute(counted, (dataset,)).fetchall()))


def user_progress(dataset: str, user: str) -> dict[str, int]:
    """This user's responses by status, and all of them."""
    of_user = f"{OF_PROPERTY} AND user = ?"
    counted = f"SELECT value, count(*) FROM facet WHERE {of_user} GROUP BY value"  # noqa: S608
    return _with_total(dict(reading().execute(counted, (dataset, STATUS, "", user)).fetchall()))


def terms(dataset: str, name: str) -> list[tuple[str, int]]:
    """The property's values and how often each occurs, most frequent first."""
    counted = f"SELECT value, count(*) AS number FROM facet WHERE {OF_PROPERTY} GROUP BY value"  # noqa: S608
    found = reading().execute(f"{counted} ORDER BY number DESC, value", (dataset, METADATA, name))
    return [(str(value), number) for value, number in found]


def extremes(dataset: str, name: str) -> tuple[float | None, float | None]:
    """The least and the greatest value of the property."""
    found = f"SELECT min(value), max(value) FROM facet WHERE {OF_PROPERTY}"  # noqa: S608
    low, high = reading().execute(found, (dataset, METADATA, name)).fetchone()
    return low, high


def _with_total(counts: dict[str, int]) -> dict[str, int]:
    return {"total": sum(counts.values()), **counts}
