"""Does a message get the same answer alone and in a batch of 32?

1,000 messages of Banking77 are read alone, in batches of 32 as the bot reads them (the encoder splits these by length),
and in batches of 32 that are padded to their longest message. A head fitted to 16 training examples per label
classifies each. Figures: how many messages get another label in a batch than alone, the most that the probability of
any label moves, and the least cosine between the vectors. Measured as ENGINE=onnx serves, in int8 with a scale for
each token's activations; with one scale for all activations of a batch (`quantize_dynamic`), as the baseline; by
PyTorch in full precision; and on a GPU, if PyTorch finds one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from benchmarks.serving import gpu as serving_gpu
from benchmarks.serving.__main__ import (
    AT_ONCE,
    FULL,
    MAX_TOKENS,
    SERVED,
    SHARED,
    drawn,
    fitted,
    in_batches,
    load_encoders,
)
from learning.encoders.encoder import Encoder, Vectors
from learning.engines.gpu import CUDA, has_gpu
from learning.heads.head import Head

MESSAGES, QUICK_MESSAGES = 1_000, 64
BOUNDS = (
    Bound(f"{SERVED}_labels_changed", at_most=0),
    Bound(f"{SERVED}_probability_moved", at_most=0.01),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_answer", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_MESSAGES} messages: a smoke test")
    options = parser.parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    return conclude(
        "same_answer", measure(train, test, QUICK_MESSAGES if options.quick else MESSAGES), BOUNDS
    )


def measure(train: list[Row], test: list[Row], messages: int) -> dict[str, float]:
    """The figures of every engine. `messages`: how many of `test` are read."""
    order = np.random.default_rng(0).permutation(len(test))[:messages]
    asked, learned = [test[at] for at in order], drawn(train, seed=0)
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        encoders = load_encoders(Path(folder), threads=1)
    compared = {name: encoders[name] for name in (SERVED, SHARED, FULL)}
    if has_gpu():
        compared["gpu"] = serving_gpu.encoder_on(CUDA, MAX_TOKENS)
    figures = {"messages": float(len(asked))}
    for name, encoder in compared.items():
        figures |= _moved(name, encoder, fitted(encoder, learned), asked)
    return figures


def _moved(name: str, encoder: Encoder, answering: Head, asked: list[Row]) -> dict[str, float]:
    """Return what changes from a message alone to the same in a batch."""
    alone = np.vstack(
        [encoder.encode([row.text]).vectors for row in track(asked, f"{name}, alone", console=progress)]
    )
    batches = [in_batches(encoder, asked), _padded(encoder, asked)]
    expected = answering.probabilities(alone)
    found = [answering.probabilities(vectors) for vectors in batches]
    changed = [int((one.argmax(axis=1) != expected.argmax(axis=1)).sum()) for one in found]
    return {
        f"{name}_labels_changed": float(max(changed)),
        f"{name}_probability_moved": max(float(np.abs(one - expected).max()) for one in found),
        f"{name}_least_cosine": min(float((vectors * alone).sum(axis=1).min()) for vectors in batches),
    }


def _padded(encoder: Encoder, asked: list[Row]) -> Vectors:
    parts = [asked[at : at + AT_ONCE] for at in range(0, len(asked), AT_ONCE)]
    return np.vstack([encoder.read_together([row.text for row in part]) for part in parts])


if __name__ == "__main__":
    sys.exit(main())
