from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learning.encoders.encoder import Encoder, load_encoder
from learning.encoders.exporting import export_here
from learning.encoders.serving import SAMPLES, load_on_gpu, load_small
from learning.engines.gpu import CUDA, GpuEngine, has_gpu
from learning.model_files.artifacts import Artifacts
from learning.serving.registry import EncoderSource, Registry
from storage.database.engine import Database
from tests.factories import TEAM, together
from tests.learning.tiny_models import SMALL, tiny_model

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


def test_batches_are_filled_up_to_few_shapes_and_longer_ones_not() -> None:
    from transformers import BertConfig, BertModel

    shapes: list[tuple[int, ...]] = []
    model = BertModel(BertConfig(vocab_size=8, **SMALL)).eval()
    model.register_forward_pre_hook(
        lambda _model, _args, given: shapes.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    engine = GpuEngine(model, 512, device="cpu")

    for texts, tokens in [(1, 20), (2, 33), (9, 256), (3, 300)]:
        engine.vectors(*[np.ones((texts, tokens), dtype=np.int64)] * 2)

    assert shapes == [(1, 32), (8, 64), (32, 256), (3, 300)]


def test_a_text_is_read_as_if_it_were_alone(tmp_path: Path) -> None:
    halved = load_encoder(tiny_model(tmp_path / "model"), 48, 1, _on_this_processor)

    in_batches = halved.encode(TEXTS).vectors

    alone = np.vstack([halved.encode([text]).vectors for text in TEXTS])
    assert (in_batches * alone).sum(axis=1).min() > 0.999


def test_a_gpu_that_fails_serves_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def out_of_memory(_model: Any, _max_tokens: int) -> GpuEngine:
        raise RuntimeError("CUDA error: out of memory")

    source = tiny_model(tmp_path / "model")

    assert load_on_gpu(source, 48, 1, out_of_memory) is None
    assert "the GPU failed error=RuntimeError: CUDA error: out of memory" in caplog.text


def test_a_gpu_that_says_something_else_serves_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(model: Any, max_tokens: int) -> GpuEngine:
        for weights in model.parameters():
            weights.data.normal_()
        return _on_this_processor(model, max_tokens)

    source = tiny_model(tmp_path / "model")

    assert load_on_gpu(source, 48, 1, broken) is None
    assert "alike by" in caplog.text


def test_a_gpu_that_answers_as_the_processor_does_serves(tmp_path: Path) -> None:
    source = tiny_model(tmp_path / "model")

    served = load_on_gpu(source, 48, 1, _on_this_processor)

    assert served
    assert served.fingerprint == load_encoder(source, 48, 1).fingerprint


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_where_the_gpu_fails_the_processor_serves_by_what_is_quickest_there(
    database: Database, tmp_path: Path
) -> None:
    name, exports = tiny_model(tmp_path / "model"), tmp_path / "exports"
    quickest = load_small(name, 48, 1, exports, export_here)
    source = EncoderSource(name, 48, 1, exports, device=CUDA)

    registry = Registry(database, TEAM, Artifacts(str(tmp_path / "models"), tmp_path / "cache"), source)

    served = registry.base.encode(TEXTS).vectors
    assert np.array_equal(served, quickest.encode(TEXTS).vectors)
    assert not np.array_equal(served, load_encoder(name, 48, 1).encode(TEXTS).vectors)


@pytest.mark.skipif(not has_gpu(), reason="there is no GPU")
def test_captured_shapes_answer_as_the_processor_does_also_to_many_at_once(encoder: Encoder) -> None:
    on_gpu = load_on_gpu(None, 256, 1)
    expected = encoder.encode(TEXTS).vectors
    assert on_gpu

    found = together(*[lambda: on_gpu.encode(TEXTS).vectors for _ in range(4)])

    for vectors in found:
        assert (vectors * expected).sum(axis=1).min() > 0.99


def _on_this_processor(model: Any, max_tokens: int) -> GpuEngine:
    return GpuEngine(model, max_tokens, device="cpu")
