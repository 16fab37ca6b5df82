from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from learning.encoders.encoder import Encoder
from learning.encoders.serving import load_small
from learning.engines.quantization import quantize

SAMPLE = Path(__file__).parents[2] / "data" / "banking77_sample.jsonl"
ALONE_AND_TOGETHER = 1e-5

Numbers = NDArray[np.float32]


@pytest.fixture(scope="module")
def served() -> Encoder:
    """The encoder that ships, as a processor serves it; exported once for all tests."""
    return load_small(None, 256, 1, Path(os.environ["EXPORTS"]))


@pytest.fixture(scope="module")
def messages() -> list[str]:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    return [str(json.loads(line)["text"]) for line in lines[:64]]


@pytest.mark.slow
def test_a_message_has_the_same_vector_alone_and_in_a_batch(served: Encoder, messages: list[str]) -> None:
    alone = np.vstack([served.encode([message]).vectors for message in messages])

    in_batches = served.encode(messages).vectors
    padded = np.vstack([served.read_together(messages[:32]), served.read_together(messages[32:])])

    assert np.abs(in_batches - alone).max() < ALONE_AND_TOGETHER
    assert np.abs(padded - alone).max() < ALONE_AND_TOGETHER


@pytest.mark.slow
def test_a_message_has_the_same_vector_next_to_a_long_one_of_other_words(
    served: Encoder, messages: list[str]
) -> None:
    strange = "ZXQ-4711 \u0416\u6f22 {}[]<> %%% 0x00 " * 40

    beside = served.read_together([messages[0], strange])

    assert np.abs(beside[0] - served.encode(messages[:1]).vectors[0]).max() < ALONE_AND_TOGETHER


def test_each_row_is_rounded_by_its_own_scale(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(64, 16)).astype(np.float32)
    rows = generator.normal(size=(4, 64)).astype(np.float32) * np.array([[1e-3], [1], [1e3], [0]], np.float32)

    found = _product(tmp_path, weights)(rows)

    expected = rows @ weights
    error = np.linalg.norm(found - expected, axis=1)
    assert (error[:3] < 0.02 * np.linalg.norm(expected[:3], axis=1)).all()
    assert (found[3] == 0).all()


def test_columns_of_zeros_stay_zeros(tmp_path: Path) -> None:
    found = _product(tmp_path, np.zeros((8, 4), np.float32))(np.ones((2, 8), np.float32))

    assert (found == 0).all()


def _product(folder: Path, weights: Numbers) -> Callable[[Numbers], Numbers]:
    """Multiplies rows by `weights` as a quantized file does it."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["rows", "weights"], ["found"])],
        "product",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["rows", len(weights)])],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    plain, small = folder / "plain.onnx", folder / "int8.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), plain)
    quantize(plain, small)
    session = onnxruntime.InferenceSession(str(small), providers=["CPUExecutionProvider"])
    return lambda rows: session.run(None, {"rows": rows})[0]
