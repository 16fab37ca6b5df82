"""How fast messages are read on a processor: one, and 32 at once, short (some 24 tokens), long (128), and as people
write to a bank (6 to 57).

Baseline: `transformers.pipeline("text-classification")` as its documentation shows it, on the same encoder with a
classifier of as many labels. Beside it the same encoder by PyTorch (SDPA, inference mode), by ONNX Runtime with its
weights as they are, and as ENGINE=onnx serves it: weights of eight bits. All on the same threads, in turns, tokenizing
included. Ratios are of processor time, which other work on the machine disturbs least. Accuracy: the head that serves,
fitted to 16 labels a class of Banking77 on the vectors of each; the mean of DRAWS choices of those labels: of three the
difference has a standard error of a tenth of a point. Where PyTorch finds a GPU: the same there, by the clock
(`benchmarks/serving_gpu.py`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks import serving_gpu
from benchmarks.data import MissingDataError, Row, rows
from benchmarks.plain_pipeline import plain_pipeline
from benchmarks.report import NO_DATA, Bound, conclude, progress, refuse
from learning import head
from learning.encoder import Encoder, Vectors, load_encoder, source_of
from learning.engines.export import quantize, quiet, trace
from learning.engines.gpu import CUDA, has_gpu
from learning.engines.onnx import OnnxEngine

MAX_TOKENS = 256
EACH = 16
DRAWS = 10
AT_ONCE = 32
SHORT = "We were charged twice this month. Could you check the invoices from March and send the money back?"
LONG = " ".join([SHORT] * 6)[:560]
# As many as give steady medians in some minutes, by (messages, text).
CASES = {
    "one_short": ([SHORT], 60),
    "one_long": ([LONG], 30),
    "many_short": ([SHORT] * 32, 12),
    "many_long": ([LONG] * 32, 5),
}
PIPELINE, SERVED = "pipeline", "int8"
BOUNDS = (
    Bound("one_short_ratio", at_least=3.3),
    Bound("many_short_ratio", at_least=4.3),
    Bound("accuracy_lost", at_most=0.003),
)

Read = Callable[[list[str]], object]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a sixth of it: a smoke test")
    parser.add_argument("--threads", type=int, default=1, help="of the processor (1)")
    options = parser.parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    draws = [_some(train, seed) for seed in range(1 if options.quick else DRAWS)]
    tested = test[::12] if options.quick else test
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        encoders = _encoders(Path(folder), options.threads)
    readers: dict[str, Read] = {PIPELINE: plain_pipeline("cpu")}
    readers |= {name: encoder.encode for name, encoder in encoders.items()}
    figures = {"threads": float(options.threads)}
    cases = CASES | {"many_mixed": ([row.text for row in test[:: len(test) // AT_ONCE][:AT_ONCE]], 12)}
    if options.quick:
        cases = {name: (texts, max(3, turns // 6)) for name, (texts, turns) in cases.items()}
    for name, (texts, turns) in cases.items():
        figures |= _timed(name, texts, turns, readers)
    if has_gpu():
        encoders["gpu"] = serving_gpu.encoder_on(CUDA, MAX_TOKENS)
        figures |= serving_gpu.measure(encoders["gpu"], cases)
    accuracy = {
        name: _accuracy(encoder, draws, tested)
        for name, encoder in track(encoders.items(), "Accuracy", console=progress)
    }
    figures |= {f"accuracy_{name}": value for name, value in accuracy.items()}
    figures["accuracy_lost"] = accuracy["torch"] - accuracy[SERVED]
    return conclude("serving", figures, BOUNDS)


def _encoders(folder: Path, threads: int) -> dict[str, Encoder]:
    from transformers import AutoModel

    encoder = load_encoder(None, MAX_TOKENS, threads)
    plain, small = folder / "plain.onnx", folder / "int8.onnx"
    with quiet():
        model = AutoModel.from_pretrained(source_of(None), attn_implementation="eager").eval()
        trace(model, encoder.tokens([SHORT, "ok"]), plain)
        quantize(plain, small)
    by_onnx = {
        name: encoder.run_by(OnnxEngine(file, threads)) for name, file in (("fp32", plain), (SERVED, small))
    }
    return {"torch": encoder, **by_onnx}


def _timed(case: str, texts: list[str], turns: int, readers: dict[str, Read]) -> dict[str, float]:
    """Percentiles in ms of the clock, messages a second and ratios of processor time."""
    wall_s: dict[str, list[float]] = {name: [] for name in readers}
    processor_s: dict[str, list[float]] = {name: [] for name in readers}
    for read in readers.values():
        read(texts)
    for _ in track(range(turns), case, console=progress):
        for name, read in readers.items():  # in turns: what else the machine does befalls all
            began, worked = time.perf_counter(), time.process_time()
            read(texts)
            wall_s[name].append(time.perf_counter() - began)
            processor_s[name].append(time.process_time() - worked)
    figures = {}
    for name in readers:
        for at in (50, 95, 99):
            figures[f"{case}_{name}_p{at}_ms"] = float(np.percentile(wall_s[name], at) * 1_000)
        figures[f"{case}_{name}_per_s"] = len(texts) / float(np.median(processor_s[name]))
    baseline = float(np.median(processor_s[PIPELINE]))
    ratios = {
        name: baseline / float(np.median(taken)) for name, taken in processor_s.items() if name != PIPELINE
    }
    figures |= {f"{case}_{name}_ratio": ratio for name, ratio in ratios.items() if name != SERVED}
    return figures | {f"{case}_ratio": ratios[SERVED]}


def _some(train: list[Row], seed: int) -> list[Row]:
    """EACH rows of each label."""
    found: dict[str, list[Row]] = {}
    for at in np.random.default_rng(seed).permutation(len(train)):
        found.setdefault(train[at].label, []).append(train[at])
    return [row for chosen in found.values() for row in chosen[:EACH]]


def _accuracy(encoder: Encoder, draws: list[list[Row]], test: list[Row]) -> float:
    """Mean over what the head learns from each of `draws`."""
    labels = tuple(sorted({row.label for row in draws[0]}))
    descriptions = encoder.encode([label.replace("_", " ") for label in labels]).vectors
    asked, right = _read(encoder, test), _classes(test, labels)
    found = []
    for learned in draws:
        fitted = head.fit(labels, descriptions, _read(encoder, learned), _classes(learned, labels), None)
        found.append(float((fitted.probabilities(asked).argmax(axis=1) == right).mean()))
    return float(np.mean(found))


def _read(encoder: Encoder, chosen: list[Row]) -> Vectors:
    """In the order in which they come, as a bot reads them."""
    parts = [chosen[at : at + AT_ONCE] for at in range(0, len(chosen), AT_ONCE)]
    return np.vstack([encoder.encode([row.text for row in part]).vectors for part in parts])


def _classes(chosen: list[Row], labels: tuple[str, ...]) -> head.Classes:
    return np.array([labels.index(row.label) for row in chosen], dtype=np.int64)


if __name__ == "__main__":
    sys.exit(main())
