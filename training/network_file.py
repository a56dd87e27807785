"""A torch network as an ONNX file that older servers take."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from streams.inference.declared import Declared, Onnx, Tensor

OPSET, IR_VERSION = 17, 8
"""Highest that Triton images from 23.04 on read; ``tests/conformance`` keeps the ceiling."""
TREES = {"ai.onnx.ml": 3}
"""The operators that networks with trees use, in the version that opset 17 came with."""

LARGE = 4096
"""Weights of more elements than this are kept in half precision; what is computed with them stays in single."""


LENGTH = 16
"""What a free dimension is while a network is exported."""


def round_large_weights(network: nn.Module) -> None:
    """Round to what half precision holds, so that the file may hold it so and answers as the network does."""
    with torch.no_grad():
        for weights in network.parameters():
            if weights.numel() > LARGE:
                weights.copy_(weights.half().float())


def write_onnx(
    network: nn.Module, spec: Declared, path: Path, change: Callable[[onnx.ModelProto], None] | None = None
) -> Onnx:
    """Export with a free batch dimension and return what the manifest must say of the file.

    Parameters
    ----------
    change
        What is done to the exported graph before it is written, e.g. quantisation.
    """
    names, answers = [t.name for t in spec.tensors], [t.name for t in spec.answers]
    rows = tuple(_zeros(t) for t in spec.tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The TorchScript exporter is deprecated; the newer one writes no opset below 18.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            rows,
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=names,
            output_names=answers,
            dynamic_axes={t.name: _free(t) for t in (*spec.tensors, *spec.answers)},
            custom_opsets=TREES,
        )
    model = onnx.load(path)
    model.ir_version = IR_VERSION
    model.graph.doc_string = spec.target
    if change:
        change(model)
    _halve(model.graph)
    onnx.checker.check_model(model, full_check=True)
    written = model.SerializeToString(deterministic=True)
    path.write_bytes(written)
    return Onnx(f"{spec.version}/{path.name}", hashlib.sha256(written).hexdigest(), OPSET, IR_VERSION)


def _zeros(tensor: Tensor) -> torch.Tensor:
    dtype = torch.int64 if tensor.dtype == "INT64" else torch.float32
    return torch.zeros(2, *(n if n >= 0 else LENGTH for n in tensor.shape), dtype=dtype)


def _free(tensor: Tensor) -> dict[int, str]:
    return {0: "batch", **{k: "length" for k, n in enumerate(tensor.shape, 1) if n < 0}}


def _halve(graph: onnx.GraphProto) -> None:
    """Keep large weights that lose nothing by it in half precision; servers widen them once, when they load."""
    for weights in graph.initializer:
        array = numpy_helper.to_array(weights)
        if array.dtype != np.float32 or array.size <= LARGE:
            continue
        half, name = array.astype(np.float16), weights.name
        if np.array_equal(half.astype(np.float32), array):
            weights.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
            graph.node.insert(0, helper.make_node("Cast", [weights.name], [name], to=TensorProto.FLOAT))
