"""The vectors of labelled messages in memory: each is read from the database once, and again where it changed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from learning.encoder import Vectors
from storage import predictions


class Remembered:
    """Vectors under one encoder, as they are kept: float16. What a reader gets is float32."""

    def __init__(self, encoder: str, dimensions: int) -> None:
        """`encoder`: its fingerprint."""
        self._encoder = encoder
        self._rows: NDArray[np.float16] = np.zeros((0, dimensions), dtype=np.float16)
        self._free: list[int] = []
        self._row: dict[str, int] = {}
        self._marks: dict[str, bytes] = {}

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._row

    def mark(self, message_id: str) -> bytes:
        """What changes when the vector of this message does."""
        return self._marks[message_id]

    def follow(self, session: Session, marks: Mapping[str, bytes]) -> None:
        """Remember the vectors of these messages, and no others. `marks`: as the database has them now."""
        for message_id in [one for one, mark in self._marks.items() if marks.get(one) != mark]:
            self._forget(message_id)
        new = [message_id for message_id in marks if message_id not in self._row]
        for message_id, vector in predictions.vectors(session, self._encoder, new).items():
            self._remember(message_id, vector)

    def vectors(self, message_ids: Sequence[str]) -> Vectors:
        """Of these messages: (messages, dimensions)."""
        rows = [self._row[message_id] for message_id in message_ids]
        return self._rows[rows].astype(np.float32)

    def _remember(self, message_id: str, vector: Vectors) -> None:
        if not self._free:
            self._grow()
        row = self._free.pop()
        self._rows[row] = vector
        self._row[message_id], self._marks[message_id] = row, predictions.mark(vector)

    def _forget(self, message_id: str) -> None:
        row = self._row.pop(message_id)
        del self._marks[message_id]
        self._rows[row] = 0.0  # what was erased is not kept here either
        self._free.append(row)

    def _grow(self) -> None:
        before = len(self._rows)
        more = np.zeros((max(256, before // 2), self._rows.shape[1]), dtype=np.float16)
        self._rows = np.concatenate([self._rows, more])
        self._free.extend(reversed(range(before, len(self._rows))))
