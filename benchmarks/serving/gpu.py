"""How fast messages are read on a GPU, by the clock, and what share of the GPU's limits that is.

Baseline: the same pipeline, moved to the GPU. The limits are measured in the same run: products of large matrices in
the precision that serves, and copies within the GPU's memory. A batch does two operations for each weight of a linear
layer and token, and four for each pair of tokens and each number of a hidden state in attention; what is filled up is
not counted. One message alone is bounded by memory: each of those weights is read once for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.progress import track

from benchmarks.measuring.report import progress
from benchmarks.serving.plain import plain_pipeline
from learning.encoders.encoder import Encoder, load_encoder, source_of
from learning.engines.gpu import CUDA, GpuEngine

SIDE = 8_192
COPIED_BYTES = 1 << 30
REPEATED = 20

Cases = Mapping[str, tuple[list[str], int]]
Read = Callable[[list[str]], object]


@dataclass(frozen=True)
class Limits:
    """What a device does at most in a second: operations on numbers, and bytes that it reads and writes."""

    operations: float
    bytes: float


def encoder_on(device: str, max_tokens: int) -> Encoder:
    """The shipped encoder, as a GPU serves it."""
    return load_encoder(None, max_tokens, 1, lambda model, longest: GpuEngine(model, longest, device))


def measure(encoder: Encoder, cases: Cases, device: str = CUDA, side: int = SIDE) -> dict[str, float]:
    """For each case percentiles in ms, messages a second, the ratio to the pipeline, and shares of both limits.

    encoder: one on that device.
    """
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(source_of(None))
    weights = sum(one.weight.numel() for one in model.modules() if isinstance(one, torch.nn.Linear))
    limits = limits_of(device, side)
    readers: dict[str, Read] = {"gpu_pipeline": plain_pipeline(device), "gpu": encoder.encode}
    figures = {"gpu_limit_tera_operations": limits.operations / 1e12, "gpu_limit_gb": limits.bytes / 1e9}
    for case, (texts, turns) in cases.items():
        taken_s = _timed(case, texts, turns, readers)
        for name, taken in taken_s.items():
            for at in (50, 95, 99):
                figures[f"{case}_{name}_p{at}_ms"] = float(np.percentile(taken, at) * 1_000)
            figures[f"{case}_{name}_per_s"] = len(texts) / float(np.median(taken))
        ours_s = float(np.median(taken_s["gpu"]))
        figures[f"{case}_gpu_ratio"] = float(np.median(taken_s["gpu_pipeline"])) / ours_s
        operations = _operations(model.config, weights, encoder.tokens(texts)[1].sum(axis=1))
        figures[f"{case}_gpu_share_of_operations"] = operations / ours_s / limits.operations
        figures[f"{case}_gpu_share_of_bytes"] = 2 * weights / ours_s / limits.bytes
    return figures


def limits_of(device: str, side: int) -> Limits:
    """The fastest of some products of square matrices with such a side, in bfloat16, and of some copies."""
    import torch

    left, right = (torch.randn(side, side, dtype=torch.bfloat16, device=device) for _ in range(2))
    source = torch.zeros(min(COPIED_BYTES, side**2 * 16), dtype=torch.uint8, device=device)
    copied = torch.empty_like(source)
    product_s = _fastest(lambda: left @ right, device)
    copy_s = _fastest(lambda: copied.copy_(source), device)
    return Limits(2 * side**3 / product_s, 2 * source.numel() / copy_s)


def _fastest(run: Callable[[], object], device: str) -> float:
    taken = []
    for _ in range(REPEATED):
        began = time.perf_counter()
        run()
        _wait(device)
        taken.append(time.perf_counter() - began)
    return min(taken)


def _wait(device: str) -> None:
    import torch

    if device == CUDA:
        torch.cuda.synchronize()


def _operations(config: Any, weights: int, tokens: np.ndarray[Any, Any]) -> float:
    pairs = float((tokens.astype(np.float64) ** 2).sum())
    numbers = int(config.num_hidden_layers) * int(config.hidden_size)
    return 2.0 * weights * float(tokens.sum()) + 4.0 * numbers * pairs


def _timed(case: str, texts: list[str], turns: int, readers: dict[str, Read]) -> dict[str, list[float]]:
    taken_s: dict[str, list[float]] = {name: [] for name in readers}
    for read in readers.values():
        read(texts)
    for _ in track(range(turns), f"{case} on the GPU", console=progress):
        # Both end with numbers in the processor's memory: there is nothing to wait for.
        for name, read in readers.items():
            began = time.perf_counter()
            read(texts)
            taken_s[name].append(time.perf_counter() - began)
    return taken_s
