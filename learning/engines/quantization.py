"""int8 products in which every token's activations have a scale of their own.

`quantize_dynamic` of ONNX Runtime gives the activations of a whole batch one scale. A message is then rounded more
coarsely next to one with a large activation, so its prediction depends on what happens to arrive with it. Here no row
of activations depends on another.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

# ONNX Runtime's own operators: a product that is converted to float in one step.
DOMAIN = "com.microsoft"
# Activations are rounded to -127 to 127 and stored around this zero: processors multiply unsigned by signed.
ZERO, MAX_ACTIVATION = 128, 127
# Weights take seven bits: a processor without VNNI adds two products in 16 bits, which must not overflow.
MAX_WEIGHT = 64
# A row of zeros is divided by this.
MIN_SCALE = 1e-12
SMALLEST, STEP, ROUNDED_ZERO = "int8_smallest", "int8_step", "int8_zero"


def quantize(plain: Path, small: Path) -> None:
    """Write `small`: the ONNX file `plain` with embedding tables and constant weights in int8."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(plain, small, op_types_to_quantize=["Gather"], weight_type=QuantType.QInt8)
    model = onnx.load(small)
    _quantize_products(model.graph)
    if all(known.domain != DOMAIN for known in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    onnx.save(model, small)


def _quantize_products(graph: GraphProto) -> None:
    """Replace each product of activations and a constant matrix."""
    matrices = {one.name: one for one in graph.initializer if len(one.dims) == 2}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in matrices]
    replaced = {node.output[0] for node in products}
    rounded: set[str] = set()
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.output[0] not in replaced:
            nodes.append(node)
            continue
        activations, matrix = node.input
        if activations not in rounded:  # queries, keys and values are made from the same
            nodes += _rounding(activations)
            rounded.add(activations)
        nodes += _product(activations, matrix, node.output[0])
    used = {name for node in nodes for name in node.input}
    constants = [one for one in graph.initializer if one.name in used]
    for name in {node.input[1] for node in products}:
        constants += _columns(matrices[name])
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*constants, *_shared()])


def _rounding(activations: str) -> Iterator[NodeProto]:
    """Round each row to multiples of 1/127 of its largest absolute value."""
    from onnx.helper import make_node

    high, low, negated = f"{activations}_high", f"{activations}_low", f"{activations}_negated"
    scale, scaled = _scale(activations), f"{activations}_scaled"
    # Two passes that only read: taking absolute values first would write all of them.
    yield make_node("ReduceMax", [activations], [high], axes=[-1], keepdims=1)
    yield make_node("ReduceMin", [activations], [low], axes=[-1], keepdims=1)
    yield make_node("Neg", [low], [negated])
    yield make_node("Max", [high, negated, SMALLEST], [scale])
    yield make_node("Div", [activations, scale], [scaled])
    yield make_node("QuantizeLinear", [scaled, STEP, ROUNDED_ZERO], [_int8(activations)])


def _product(activations: str, matrix: str, result: str) -> Iterator[NodeProto]:
    """Multiply rounded rows by a rounded matrix; scale columns within the product, and rows after it."""
    from onnx.helper import make_node

    unscaled = f"{result}_unscaled"
    factors = [_int8(activations), _int8(matrix), STEP, _scale(matrix), ROUNDED_ZERO]
    yield make_node("MatMulIntegerToFloat", factors, [unscaled], domain=DOMAIN)
    yield make_node("Mul", [unscaled, _scale(activations)], [result])


def _columns(matrix: TensorProto) -> list[TensorProto]:
    """A matrix in int8, and the scale of each of its columns."""
    from onnx.numpy_helper import from_array, to_array

    weights = to_array(matrix).astype(np.float32)
    scales = np.maximum(np.abs(weights).max(axis=0) / MAX_WEIGHT, np.float32(MIN_SCALE))
    rounded = np.rint(weights / scales).astype(np.int8)
    return [from_array(rounded, _int8(matrix.name)), from_array(scales, _scale(matrix.name))]


def _shared() -> list[TensorProto]:
    from onnx.numpy_helper import from_array

    return [
        from_array(np.array(MIN_SCALE, dtype=np.float32), SMALLEST),
        from_array(np.array(1 / MAX_ACTIVATION, dtype=np.float32), STEP),
        from_array(np.array(ZERO, dtype=np.uint8), ROUNDED_ZERO),
    ]


def _int8(name: str) -> str:
    return f"{name}_int8"


def _scale(name: str) -> str:
    return f"{name}_scale"
