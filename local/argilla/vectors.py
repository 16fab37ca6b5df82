"""Vectors in memory, read anew when the index has others, and what is nearest to one of them."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
HELD_MOST = 8  # settings; the one that was read first goes first


@dataclass(frozen=True)
class Matrix:
    """The vectors of one setting. `rows`: (vectors,) of `record`; `numbers`: (vectors, dimensions), length 1."""

    change: int
    rows: Rows
    numbers: NDArray[np.float32]


_held: dict[str, Matrix] = {}
_turn = threading.Lock()


def matrix(connection: sqlite3.Connection, settings: str) -> Matrix:
    """All vectors of one setting as the index has them now."""
    found = connection.execute("SELECT number FROM change WHERE settings = ?", (settings,)).fetchone()
    change = found[0] if found else 0
    with _turn:
        held = _held.get(settings)
        if held is None or held.change != change:
            _held.pop(settings, None)
            held = _held[settings] = _read(connection, settings, change)
            while len(_held) > HELD_MOST:
                _held.pop(next(iter(_held)))
        return held


def _read(connection: sqlite3.Connection, settings: str, change: int) -> Matrix:
    select = "SELECT record, data FROM vector WHERE settings = ? ORDER BY record"
    found = connection.execute(select, (settings,)).fetchall()
    rows = np.fromiter((row for row, _ in found), dtype=np.int64, count=len(found))
    data = b"".join(data for _, data in found)
    numbers = (
        np.frombuffer(data, dtype="<f4").reshape(len(found), -1) if found else np.empty((0, 0), dtype="<f4")
    )
    return Matrix(change, rows, numbers)


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
