"""PyTorch on a GPU: bfloat16, fused attention (SDPA), and one captured graph for each common shape of batch.

A short batch keeps a GPU busy for less time than it takes to launch its kernels one by one; a captured graph is
launched at once (PyTorch, "CUDA semantics", CUDA Graphs).
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learning.engines.pytorch import pool
from learning.engines.tokens import Tokens

if TYPE_CHECKING:
    from torch import Tensor

CUDA = "cuda"
# Batches are filled up to the next of these: so few shapes come, and each is captured once. Longer ones stay as they
# are.
TEXTS = (1, 8, 32)
TOKENS = (32, 64, 128, 256)
# Kernels are chosen, and memory is taken, while a shape is run for the first times: that can't be captured.
WARM_UPS = 3

# Encoders of several teams and versions share a GPU. What another thread does there meanwhile would end a capture, and
# graphs work in place.
_turn = threading.Lock()

Forward = Callable[["Tensor", "Tensor"], "Tensor"]


def has_gpu() -> bool:
    """Is there one that PyTorch can use? Without a driver PyTorch is not even loaded."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    number = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(number)) or not number.value:
        return False
    import torch

    return bool(torch.cuda.is_available())


class GpuEngine:
    """A transformer with mean pooling over its tokens, safe to share: batches take turns."""

    batch_tokens = TEXTS[-1] * TOKENS[-1]
    batch_cost = batch_tokens  # it is launched, whatever is in it: the fewer the better

    def __init__(self, model: Any, max_tokens: int, device: str = CUDA) -> None:
        """`model` is moved there. On another device than CUDA nothing is captured."""
        self.dimensions = int(model.config.hidden_size)
        self._device = device
        self._model = _halved(model.to(device), _precision(device))
        self._tokens = (*(step for step in TOKENS if step < max_tokens), min(max_tokens, TOKENS[-1]))
        common = [(texts, tokens) for texts in TEXTS for tokens in self._tokens]
        self._graphs = {shape: _Graph(self._forward, shape) for shape in common} if device == CUDA else {}

    def vectors(self, ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        """(batch, dimensions) for (batch, tokens), each row of length 1; `mask` is 0 where a row is filled up."""
        import torch

        shape = self._shape(*ids.shape)
        batch = torch.from_numpy(_filled(ids, shape)), torch.from_numpy(_filled(mask, shape))
        batch[1][len(ids) :, 0] = 1  # a row without any token has nothing to attend to
        with _turn, torch.no_grad():
            found = self._run(shape, *batch)
            vectors: NDArray[np.float32] = found[: len(ids)].cpu().numpy()
        return vectors

    def _shape(self, texts: int, tokens: int) -> tuple[int, int]:
        if texts > TEXTS[-1] or tokens > self._tokens[-1]:
            return texts, tokens
        return _next(texts, TEXTS), _next(tokens, self._tokens)

    def _run(self, shape: tuple[int, int], ids: Tensor, mask: Tensor) -> Tensor:
        if shape in self._graphs:
            return self._graphs[shape].replay(ids, mask)
        return self._forward(ids.to(self._device), mask.to(self._device))

    def _forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
        return pool(hidden.float(), mask)


class _Graph:
    """A shape of batch whose kernels were captured; what goes in and what comes out keep their places in memory."""

    def __init__(self, forward: Forward, shape: tuple[int, int]) -> None:
        import torch

        with _turn, torch.no_grad():
            self._ids = torch.zeros(shape, dtype=torch.int64, device=CUDA)
            self._mask = torch.ones_like(self._ids)
            self._mask[:, -1] = 0  # with nothing to leave out, attention would be warmed up without a mask
            aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(WARM_UPS):
                    forward(self._ids, self._mask)
            torch.cuda.current_stream().wait_stream(aside)
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
                self._vectors = forward(self._ids, self._mask)

    def replay(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What stands until the next replay."""
        self._ids.copy_(ids)
        self._mask.copy_(mask)
        self._graph.replay()
        return self._vectors


def _precision(device: str) -> Any:
    import torch

    if device == CUDA and not torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.float32
    return torch.bfloat16


def _halved(model: Any, precision: Any) -> Any:
    """The weights alone: what a model computes positions from loses too much."""
    for weights in model.parameters():
        weights.data = weights.data.to(precision)
    return model


def _next(number: int, steps: Sequence[int]) -> int:
    return next(step for step in steps if step >= number)


def _filled(tokens: Tokens, shape: tuple[int, int]) -> Tokens:
    filled = np.zeros(shape, dtype=np.int64)
    filled[: len(tokens), : tokens.shape[1]] = tokens
    return filled
