"""How far the index is in line with Argilla's database: first lists (with filters, sorts and counts), then the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from local.argilla.search.index import reading, writing

EVERYTHING = ""  # in the place of a dataset: all of them have been compared


class Need(StrEnum):
    """What a request needs."""

    LISTS = "lists_left"
    WORDS = "words_left"


@dataclass(frozen=True)
class Line:
    """Of the records of a dataset (or of all), how many are still to be done."""

    records: int
    lists_left: int
    words_left: int

    @property
    def left(self) -> int:
        return max(self.lists_left, self.words_left)

    def missing(self, need: Need) -> int:
        return self.lists_left if need is Need.LISTS else self.left


def of(dataset: str) -> Line | None:
    """How far this dataset is; None if that is not known yet."""
    found = reading().execute(
        "SELECT records, lists_left, words_left FROM line WHERE dataset IN (?, ?) ORDER BY dataset DESC",
        (dataset, EVERYTHING),
    )
    return next(
        (Line(*row) for row in found), None
    )  # one that is younger than the comparison was never behind


def total() -> Line | None:
    """How far all of them are together; None if not all were compared yet."""
    if of(EVERYTHING) is None:
        return None
    summed = "SELECT sum(records), sum(lists_left), sum(words_left) FROM line"
    return Line(*reading().execute(summed).fetchone())


def put(dataset: str, line: Line) -> None:
    """Say how far this dataset is."""
    with writing() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO line (dataset, records, lists_left, words_left) VALUES (?, ?, ?, ?)",
            (dataset, line.records, line.lists_left, line.words_left),
        )


def forget() -> None:
    """Forget what is in line."""
    with writing() as connection:
        connection.execute("DELETE FROM line")
