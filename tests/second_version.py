"""A second version of the deterioration network, beside the real one: the same graph with its last bias moved."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from tests.conftest import MODEL_REPOSITORY

MODEL = "deterioration_gru"


def write_second(repository: Path, version: str = "4", moved: float = 0.4) -> Path:
    """Copy the shipped model into a repository, add a version whose log-odds are moved, and return the repository."""
    folder = repository / MODEL
    shutil.copytree(MODEL_REPOSITORY / MODEL, folder, dirs_exist_ok=True)
    shipped = re.search(r'^version = "(\d+)"', (folder / "model.toml").read_text(), re.M)
    assert shipped is not None
    return add_version(folder, shipped[1], version, moved)


def add_version(folder: Path, shipped: str, version: str, moved: float) -> Path:
    network = folder / version / "model.onnx"
    network.parent.mkdir()
    onnx.save(_moved(onnx.load(folder / shipped / "model.onnx"), moved), network)
    digest = hashlib.sha256(network.read_bytes()).hexdigest()
    manifest = (folder / "model.toml").read_text()
    manifest = re.sub(r'^version = ".*"', f'version = "{version}"', manifest, count=1, flags=re.M)
    manifest = re.sub(r'^file = ".*"', f'file = "{version}/model.onnx"', manifest, count=1, flags=re.M)
    manifest = re.sub(r'^sha256 = ".*"', f'sha256 = "{digest}"', manifest, count=1, flags=re.M)
    (network.parent / "model.toml").write_text(manifest)
    shutil.copy(folder / "MODEL_CARD.md", network.parent)
    (network.parent / "golden.json").write_text(json.dumps(_golden(folder, network, version)))
    config = folder / "config.pbtxt"
    config.write_text(re.sub(r"versions: \[ (.*?) \]", rf"versions: [ \1, {version} ]", config.read_text()))
    return folder.parent


def _golden(folder: Path, network: Path, version: str) -> dict[str, Any]:
    """Return the shipped golden cases with this network's answers."""
    golden: dict[str, Any] = json.loads((folder / "golden.json").read_text())
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    for case in golden["cases"]:
        tensors = {name: np.array([values], np.float32) for name, values in case["tensors"].items()}
        case["output"] = float(session.run(None, tensors)[0][0, 0])
    return {**golden, "version": version}


def _moved(model: onnx.ModelProto, by: float) -> onnx.ModelProto:
    """Move the log-odds of the answer, which a sigmoid makes of them at the end of the graph."""
    last = next(node for node in reversed(model.graph.node) if node.op_type == "Sigmoid")
    shift = numpy_helper.from_array(np.array(by, np.float32), "moved_by")
    model.graph.initializer.append(shift)
    logits = last.input[0]
    last.input[0] = "moved_logits"
    place = list(model.graph.node).index(last)
    model.graph.node.insert(place, onnx.helper.make_node("Add", [logits, "moved_by"], ["moved_logits"]))
    return model
