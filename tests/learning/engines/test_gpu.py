from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learning.encoder import Encoder, load_encoder
from learning.engines.gpu import GpuEngine, has_gpu
from learning.serving import SAMPLES, load_on_gpu
from tests.factories import together
from tests.learning.tiny_models import tiny_model

TEXTS = [*SAMPLES[0], *SAMPLES[1], *SAMPLES[2], *[f"invoice {'again ' * number}" for number in range(40)]]


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "xlm-roberta", "modernbert"])
def test_with_half_the_bits_and_shapes_filled_up_it_reads_nearly_as_in_full(
    tmp_path: Path, kind: str
) -> None:
    source = tiny_model(tmp_path / "model", kind)
    plain = load_encoder(source, max_tokens=48, threads=1)

    halved = load_encoder(source, 48, 1, _on_this_processor)

    read, expected = halved.encode(TEXTS), plain.encode(TEXTS)
    assert read.vectors.dtype == np.float32
    assert (read.vectors * expected.vectors).sum(axis=1).min() > 0.99
    assert (read.cut, halved.fingerprint) == (expected.cut, plain.fingerprint)


def test_a_text_is_read_as_if_it_were_alone(tmp_path: Path) -> None:
    halved = load_encoder(tiny_model(tmp_path / "model"), 48, 1, _on_this_processor)

    in_batches = halved.encode(TEXTS).vectors

    alone = np.vstack([halved.encode([text]).vectors for text in TEXTS])
    assert (in_batches * alone).sum(axis=1).min() > 0.999


def test_the_processor_serves_where_the_gpu_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def out_of_memory(_model: Any, _max_tokens: int) -> GpuEngine:
        raise RuntimeError("CUDA error: out of memory")

    source = tiny_model(tmp_path / "model")

    served = load_on_gpu(source, 48, 1, out_of_memory)

    assert np.array_equal(served.encode(TEXTS).vectors, load_encoder(source, 48, 1).encode(TEXTS).vectors)
    assert "the GPU failed" in caplog.text


def test_the_processor_serves_where_the_gpu_says_something_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(model: Any, max_tokens: int) -> GpuEngine:
        for weights in model.parameters():
            weights.data.normal_()
        return _on_this_processor(model, max_tokens)

    source = tiny_model(tmp_path / "model")

    served = load_on_gpu(source, 48, 1, broken)

    assert np.array_equal(served.encode(TEXTS).vectors, load_encoder(source, 48, 1).encode(TEXTS).vectors)
    assert "alike by" in caplog.text


@pytest.mark.skipif(not has_gpu(), reason="there is no GPU")
def test_captured_shapes_answer_as_the_processor_does_also_to_many_at_once(encoder: Encoder) -> None:
    on_gpu = load_on_gpu(None, 256, 1)
    expected = encoder.encode(TEXTS).vectors

    found = together(*[lambda: on_gpu.encode(TEXTS).vectors for _ in range(4)])

    for vectors in found:
        assert (vectors * expected).sum(axis=1).min() > 0.99


def _on_this_processor(model: Any, max_tokens: int) -> GpuEngine:
    return GpuEngine(model, max_tokens, device="cpu")
