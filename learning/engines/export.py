"""An encoder as one ONNX file: exported, quantized to int8, and compared with what it was."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.engines.onnx import IDS, MASK, VECTORS, OnnxEngine
from learning.engines.pytorch import TorchEngine, pool
from learning.engines.quantization import quantize
from learning.engines.tokens import Tokens
from learning.model_files.hub import SAFE

OPSET = 17
# The mean cosine between texts' vectors before and after: 0.96 for a word, 0.996 for sentences with all-MiniLM.
ALIKE_LEAST = 0.95

Vectors = Callable[[Tokens, Tokens], NDArray[np.float32]]


class NotExportedError(RuntimeError):
    """A model that ONNX Runtime can't run as it is, or whose vectors change too much by it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the encoder can't be served by ONNX Runtime ({reason})")


def export(source: str, file: Path, samples: list[tuple[Tokens, Tokens]]) -> None:
    """Write the encoder of a folder or hub name as an int8 ONNX file; complete before it can be seen.

    samples: ids and mask of some batches, (batch, tokens) each, by which both are compared. Raises NotExportedError.
    """
    from transformers import AutoModel

    try:
        # This attention is plain operations, which quantize; the fused one leaves half of them as they are.
        model = AutoModel.from_pretrained(source, attn_implementation="eager", **SAFE).eval()
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder, quiet():
            plain, small = Path(folder, "plain.onnx"), Path(folder, "int8.onnx")
            trace(model, samples[0], plain)
            quantize(plain, small)
            _compare(TorchEngine(model).vectors, OnnxEngine(small, threads=1).vectors, samples)
            small.replace(file)
    except NotExportedError:
        raise
    except Exception as error:  # exporters and kernels have no one exception for what they don't know
        raise NotExportedError(
            f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        ) from error


def trace(model: Any, sample: tuple[Tokens, Tokens], file: Path) -> None:
    """Write a model with its pooling as an ONNX file; `sample`: ids and mask of any batch."""
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return pool(hidden, attention_mask)

    shape = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        Pooled().eval(),  # or the model would come back learning, with dropout
        tuple(torch.from_numpy(one) for one in sample),
        str(file),
        input_names=[IDS, MASK],
        output_names=[VECTORS],
        dynamic_axes={IDS: shape, MASK: shape, VECTORS: {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,  # it takes a fifth of the other one's time, and needs no package more
    )


def _compare(before: Vectors, after: Vectors, samples: list[tuple[Tokens, Tokens]]) -> None:
    cosines = [(before(*sample) * after(*sample)).sum(axis=1) for sample in samples]
    alike = float(np.concatenate(cosines).mean())
    if not alike >= ALIKE_LEAST:
        raise NotExportedError(f"with eight bits its vectors are alike by {alike:.2f} only")


@contextmanager
def quiet() -> Iterator[None]:
    """Without warnings: of what the exporter does not trace, and of a step that the quantizer does not need here."""
    log = logging.getLogger()
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        log.disabled = before
