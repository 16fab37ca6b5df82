"""Vectors in memory, of which only those that changed are read again, and what is nearest to one of them."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from local.argilla.search.index import identity

Rows = NDArray[np.int64]
Numbers = NDArray[np.float32]
GROWTH = 8  # room for an eighth more
HELD_MOST = 8  # settings; the one that was read first goes first


@dataclass(frozen=True)
class Matrix:
    """The vectors of one setting. `rows`: (vectors,) of `record`; `numbers`: (vectors, dimensions), length 1."""

    change: int  # of the newest vector
    rows: Rows
    numbers: Numbers
    space: Numbers  # `numbers` and room for more


_held: dict[tuple[str, object], Matrix] = {}
_turn = threading.Lock()


def matrix(connection: sqlite3.Connection, settings: str) -> Matrix:
    """All vectors of one setting as the index has them now."""
    key = (settings, identity())
    with _turn:
        held = _held.pop(key, None)
        counted = connection.execute("SELECT number FROM change WHERE settings = ?", (settings,)).fetchone()
        change = counted[0] if counted else 0
        if held is None:
            rows, numbers = _read(connection, settings, since=0)
            held = _grown(_matrix(change, rows[:0], numbers[:0]), change, rows, numbers)
        elif held.change < change:
            held = _updated(connection, settings, held, change)
        _held[key] = held
        while len(_held) > HELD_MOST:
            _held.pop(next(iter(_held)))
        return held


def _updated(connection: sqlite3.Connection, settings: str, held: Matrix, change: int) -> Matrix:
    """The same with what changed since, without what is gone."""
    rows, numbers = _read(connection, settings, held.change)
    stays = np.isin(held.rows, rows, invert=True)
    present = connection.execute("SELECT count(*) FROM vector WHERE settings = ?", (settings,)).fetchone()[0]
    if np.count_nonzero(stays) + len(rows) != present:
        every = connection.execute("SELECT record FROM vector WHERE settings = ?", (settings,)).fetchall()
        stays &= np.isin(held.rows, np.array([row for (row,) in every], dtype=np.int64))
    if not len(rows) and stays.all():
        return replace(held, change=change)
    if not stays.all() or not held.numbers.size:
        return _matrix(
            change, np.concatenate([held.rows[stays], rows]), _joined(held.numbers[stays], numbers)
        )
    return _grown(held, change, rows, numbers)


def _grown(held: Matrix, change: int, rows: Rows, numbers: Numbers) -> Matrix:
    """New vectors behind those that are there, which are copied only once there is no more room."""
    old, size = len(held.rows), len(held.rows) + len(rows)
    space = held.space
    if size > len(space):
        space = np.empty((size + size // GROWTH, space.shape[1]), dtype=np.float32)
        space[:old] = held.numbers
    space[old:size] = numbers
    return Matrix(change, np.concatenate([held.rows, rows]), space[:size], space)


def _joined(some: Numbers, others: Numbers) -> Numbers:
    return np.concatenate([one for one in (some, others) if len(one)] or [some])


def _matrix(change: int, rows: Rows, numbers: Numbers) -> Matrix:
    return Matrix(change, rows, numbers, numbers)


def _read(connection: sqlite3.Connection, settings: str, since: int) -> tuple[Rows, Numbers]:
    select = "SELECT record, data FROM vector WHERE settings = ? AND change > ?"
    found = connection.execute(select, (settings, since)).fetchall()
    rows = np.fromiter((row for row, _ in found), dtype=np.int64, count=len(found))
    data = b"".join(data for _, data in found)
    numbers = (
        np.frombuffer(data, dtype="<f4").reshape(len(found), -1) if found else np.empty((0, 0), dtype="<f4")
    )
    return rows, numbers


def nearest(
    held: Matrix, to: NDArray[np.float32], most: int, among: Rows | None, without: int | None
) -> list[tuple[int, float]]:
    """Up to `most` rows and scores, best first: (1 + cosine) / 2. `among`: only these rows; `without`: not this one."""
    if not len(held.rows):
        return []
    chosen = np.ones(len(held.rows), dtype=bool) if among is None else np.isin(held.rows, among)
    if without is not None:
        chosen &= held.rows != without
    rows = held.rows[chosen]
    scores = np.clip((1 + held.numbers @ to) / 2, 0, 1)[chosen]
    best = np.argpartition(-scores, most - 1)[:most] if most < len(scores) else np.arange(len(scores))
    best = best[np.lexsort((rows[best], -scores[best]))]
    return [(int(rows[one]), float(scores[one])) for one in best]
