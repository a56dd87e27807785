"""A torch network as an ONNX file that older servers take."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from streams.inference.manifest import Manifest, Onnx

OPSET, IR_VERSION = 17, 8
"""Highest that Triton images from 23.04 on read; ``tests/conformance`` keeps the ceiling."""


def write_onnx(network: nn.Module, spec: Manifest, path: Path) -> Onnx:
    """Export with a free batch dimension and return what the manifest must say of the file."""
    names = [t.name for t in spec.tensors]
    rows = tuple(torch.zeros(2, *t.shape) for t in spec.tensors)
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
            output_names=[spec.output.name],
            dynamic_axes={name: {0: "batch"} for name in (*names, spec.output.name)},
        )
    model = onnx.load(path)
    model.ir_version = IR_VERSION
    model.graph.doc_string = spec.target
    onnx.checker.check_model(model, full_check=True)
    written = model.SerializeToString(deterministic=True)
    path.write_bytes(written)
    return Onnx(f"{spec.version}/{path.name}", hashlib.sha256(written).hexdigest(), OPSET, IR_VERSION)
