"""How fast messages are read on a processor: one, and 32 at once, short (some 24 tokens), long (128), and as people
write to a bank (6 to 57).

Baseline: `transformers.pipeline("text-classification")` as its documentation shows it, on the same encoder with a
classifier of as many labels. Beside it the same encoder by PyTorch (SDPA, inference mode), by ONNX Runtime in full
precision, in int8 with one scale for all activations of a batch (`quantize_dynamic`), and as ENGINE=onnx serves it: in
int8 with a scale for each token's activations. All on the same threads, in turns, tokenizing included. Ratios are of
processor time, which other work on the machine disturbs least. Accuracy: the head that serves, fitted to 16 labels a
class of Banking77 on the vectors of each; the mean of DRAWS choices of those labels: of three the difference has a
standard error of a tenth of a point. Also that of heads fitted to vectors with shared scales, which a database may
still hold, that classify what is served now (`accuracy_kept`). Where PyTorch finds a GPU: the same there, by the clock
(`benchmarks/serving/gpu.py`).
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

from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from benchmarks.serving import gpu as serving_gpu
from benchmarks.serving.plain import plain_pipeline
from learning.encoders.encoder import Encoder, Vectors, load_encoder, source_of
from learning.engines.export import quiet, trace
from learning.engines.gpu import CUDA, has_gpu
from learning.engines.onnx import OnnxEngine
from learning.engines.quantization import quantize
from learning.heads import head
from learning.heads.head import Head

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
PIPELINE, FULL, SHARED, SERVED = "pipeline", "torch", "shared", "int8"
BOUNDS = (
    Bound("one_short_ratio", at_least=3.0),
    Bound("many_short_ratio", at_least=4.5),
    Bound("accuracy_lost", at_most=0.001),
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
    draws = [drawn(train, seed) for seed in range(1 if options.quick else DRAWS)]
    tested = test[::12] if options.quick else test
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        encoders = load_encoders(Path(folder), options.threads)
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
    taught = {name: (encoder, encoder) for name, encoder in encoders.items()}
    taught["kept"] = (encoders[SHARED], encoders[SERVED])
    accuracy = {
        name: _accuracy(*pair, draws, tested)
        for name, pair in track(taught.items(), "Accuracy", console=progress)
    }
    figures |= {f"accuracy_{name}": value for name, value in accuracy.items()}
    figures["accuracy_lost"] = accuracy[FULL] - accuracy[SERVED]
    return conclude("serving", figures, BOUNDS)


def load_encoders(folder: Path, threads: int) -> dict[str, Encoder]:
    """The shipped encoder on each engine of a processor; its exports are written to `folder`."""
    from transformers import AutoModel

    encoder = load_encoder(None, MAX_TOKENS, threads)
    plain, shared, small = (folder / f"{name}.onnx" for name in ("fp32", SHARED, SERVED))
    with quiet():
        model = AutoModel.from_pretrained(source_of(None), attn_implementation="eager").eval()
        trace(model, encoder.tokens([SHORT, "ok"]), plain)
        _quantize_with_shared_scales(plain, shared)
        quantize(plain, small)
    by_onnx = {file.stem: encoder.run_by(OnnxEngine(file, threads)) for file in (plain, shared, small)}
    return {FULL: encoder, **by_onnx}


def _quantize_with_shared_scales(plain: Path, small: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(plain, small, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)


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


def drawn(train: list[Row], seed: int) -> list[Row]:
    """EACH rows of each label."""
    found: dict[str, list[Row]] = {}
    for at in np.random.default_rng(seed).permutation(len(train)):
        found.setdefault(train[at].label, []).append(train[at])
    return [row for chosen in found.values() for row in chosen[:EACH]]


def fitted(encoder: Encoder, learned: list[Row]) -> Head:
    """The head that serves, with these training examples."""
    labels = tuple(sorted({row.label for row in learned}))
    descriptions = encoder.encode([label.replace("_", " ") for label in labels]).vectors
    return head.fit(labels, descriptions, in_batches(encoder, learned), _classes(learned, labels), None)


def in_batches(encoder: Encoder, chosen: list[Row]) -> Vectors:
    """In the order in which they come, as a bot reads them."""
    parts = [chosen[at : at + AT_ONCE] for at in range(0, len(chosen), AT_ONCE)]
    return np.vstack([encoder.encode([row.text for row in part]).vectors for part in parts])


def _accuracy(teaching: Encoder, asking: Encoder, draws: list[list[Row]], test: list[Row]) -> float:
    """Mean over heads fitted to each of `draws`; they learn vectors of one encoder and classify the other's."""
    asked = in_batches(asking, test)
    found = []
    for learned in draws:
        answering = fitted(teaching, learned)
        right = _classes(test, answering.labels)
        found.append(float((answering.probabilities(asked).argmax(axis=1) == right).mean()))
    return float(np.mean(found))


def _classes(chosen: list[Row], labels: tuple[str, ...]) -> head.Classes:
    return np.array([labels.index(row.label) for row in chosen], dtype=np.int64)


if __name__ == "__main__":
    sys.exit(main())
