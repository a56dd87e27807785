"""Weights as whole numbers of eight bits, and activations too, each word piece on a scale of its own.

onnxruntime's own dynamic quantisation takes one scale for a whole call, so that an answer would depend on which other
notes happened to be asked about with it, and on padding; a score must be a function of its facts. Here every word
piece has its scale (per-token quantisation; Yao et al., ZeroQuant, NeurIPS 2022), every output channel of the weights
as well. Weights keep to seven bits, because processors without VNNI add pairs of products in sixteen.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

LARGE = 4096
BROAD = 128
"""Columns from which a row of a table is made eight bits; narrow rows would save little and lose more."""
LONG = 100_000
"""Rows from which a table of narrow rows is made eight bits on a scale per column."""
WEIGHT_TOP, ACTIVATION_TOP, MIDDLE = 63, 127, 128
_CONSTANTS = {
    "q.top": np.float32(1 / ACTIVATION_TOP), "q.least": np.float32(1e-9), "q.middle": np.float32(MIDDLE),
    "q.zero": np.uint8(MIDDLE),
}  # fmt: skip


def quantise(model: onnx.ModelProto) -> None:
    """Replace every product with large constant weights, and every large table of broad rows, in place; standard
    operators alone.
    """
    graph = model.graph
    weights = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
    large = {name for name, array in weights.items() if array.dtype == np.float32 and array.size > LARGE}
    nodes: list[NodeProto] = []
    added, scaled = dict(_CONSTANTS), set()
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in large:
            if node.input[0] not in scaled:
                scaled.add(node.input[0])
                nodes += _scaled(node.input[0])
            added |= _columns(node.input[1], weights[node.input[1]])
            nodes += _product(node)
        elif node.op_type == "Gather" and node.input[0] in large and weights[node.input[0]].shape[1] >= BROAD:
            added |= _rows(node.input[0], weights[node.input[0]])
            nodes += _looked_up(node)
        elif node.op_type == "Gather" and node.input[0] in large and len(weights[node.input[0]]) >= LONG:
            added |= _columns(node.input[0], weights[node.input[0]], ACTIVATION_TOP)
            nodes += _looked_up_by_column(node)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(np.asarray(array), name) for name, array in added.items())
    _forget_unused(graph)


def _scaled(name: str) -> Iterator[NodeProto]:
    """Yield an activation's scale per word piece, and its values as bytes around `MIDDLE`."""
    yield helper.make_node("Abs", [name], [f"{name}.abs"])
    yield helper.make_node("ReduceMax", [f"{name}.abs"], [f"{name}.max"], axes=[-1], keepdims=1)
    yield helper.make_node("Max", [f"{name}.max", "q.least"], [f"{name}.most"])
    yield helper.make_node("Mul", [f"{name}.most", "q.top"], [f"{name}.scale"])
    yield helper.make_node("Div", [name, f"{name}.scale"], [f"{name}.steps"])
    yield helper.make_node("Round", [f"{name}.steps"], [f"{name}.whole"])
    yield helper.make_node("Add", [f"{name}.whole", "q.middle"], [f"{name}.shifted"])
    yield helper.make_node("Cast", [f"{name}.shifted"], [f"{name}.bytes"], to=TensorProto.UINT8)


def _product(node: NodeProto) -> Iterator[NodeProto]:
    name, weight, out = node.input[0], node.input[1], node.output[0]
    yield helper.make_node("MatMulInteger", [f"{name}.bytes", f"{weight}.int8", "q.zero"], [f"{out}.sum"], node.name)
    yield helper.make_node("Cast", [f"{out}.sum"], [f"{out}.float"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{out}.float", f"{name}.scale"], [f"{out}.half"])
    yield helper.make_node("Mul", [f"{out}.half", f"{weight}.scale"], [out])


def _looked_up(node: NodeProto) -> Iterator[NodeProto]:
    table, rows, out = node.input[0], node.input[1], node.output[0]
    yield helper.make_node("Gather", [f"{table}.int8", rows], [f"{out}.row"], node.name)
    yield helper.make_node("Gather", [f"{table}.scale", rows], [f"{out}.row_scale"])
    yield helper.make_node("Cast", [f"{out}.row"], [f"{out}.row_float"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{out}.row_float", f"{out}.row_scale"], [out])


def _looked_up_by_column(node: NodeProto) -> Iterator[NodeProto]:
    table, rows, out = node.input[0], node.input[1], node.output[0]
    yield helper.make_node("Gather", [f"{table}.int8", rows], [f"{out}.row"], node.name)
    yield helper.make_node("Cast", [f"{out}.row"], [f"{out}.row_float"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{out}.row_float", f"{table}.scale"], [out])


def _columns(name: str, weights: NDArray[np.float32], top: int = WEIGHT_TOP) -> dict[str, NDArray[np.generic]]:
    """Return weights of shape (in, out) with a scale per column."""
    scale = np.maximum(np.abs(weights).max(0), 1e-9) / top
    return {f"{name}.int8": np.round(weights / scale).astype(np.int8), f"{name}.scale": scale.astype(np.float32)}


def _rows(name: str, table: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    """Return a table with a scale per row."""
    scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-9) / ACTIVATION_TOP
    return {f"{name}.int8": np.round(table / scale).astype(np.int8), f"{name}.scale": scale.astype(np.float32)}


def _forget_unused(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [weights for weights in graph.initializer if weights.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
