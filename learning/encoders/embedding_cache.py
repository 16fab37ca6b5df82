"""The vectors of labelled messages in memory: each is read from the database once, and again where it changed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from learning.encoders.encoder import Vectors
from storage.models import predictions


class Remembered:
    """Vectors under one encoder, as they are kept: float16. What a reader gets is float32."""

    def __init__(self, encoder: str, dimensions: int) -> None:
        """`encoder`: its fingerprint."""
        self._encoder = encoder
        self._rows: NDArray[np.float16] = np.zeros((0, dimensions), dtype=np.float16)
        self._free: list[int] = []
        self._row: dict[str, int] = {}
        self._marks: dict[str, bytes] = {}

    @property
    def messages(self) -> Set[str]:
        """Those whose vectors are remembered."""
        return self._row.keys()

    def mark(self, message_id: str) -> bytes:
        """What changes when the vector of this message does."""
        return self._marks[message_id]

    def follow(self, session: Session, marks: Mapping[str, bytes]) -> None:
        """Remember the vectors of these messages, and no others. `marks`: as the database has them now.

        Of many thousand few have changed since: sets find them without a look at each.
        """
        for message_id, _mark in self._marks.items() - marks.items():
            self._forget(message_id)
        new = sorted(marks.keys() - self._row.keys())
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
