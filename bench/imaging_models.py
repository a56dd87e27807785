"""Models of images as small as they get: the mean brightness of a picture, and where it is bright."""

from __future__ import annotations

import hashlib
from pathlib import Path

from onnx import GraphProto, TensorProto, helper, save

_SIDE, _CELL = 64, 8

_CONFIG = """\
name: "{name}"
backend: "onnxruntime"
max_batch_size: 8
input [ {{ name: "picture" data_type: TYPE_FP32 dims: [ 1, 64, 64 ] }} ]
output [
  {{ name: "bright" data_type: TYPE_FP32 dims: [ 1 ] }},
  {{ name: "heat" data_type: TYPE_FP32 dims: [ 8, 8 ] }}
]
version_policy {{ specific {{ versions: [ 1 ] }} }}
instance_group [ {{ kind: KIND_CPU count: 1 }} ]
dynamic_batching {{ max_queue_delay_microseconds: 500 }}
"""

_MANIFEST = """\
name = "{name}"
version = "1"
kind = "cnn"
modality = "imaging"
target = "how bright a picture is; says nothing of anybody"
max_batch = 8

[selection]
{selection}

[framing]
fit = "stretch"
{framing}
min_side = 32

[[tensor]]
name = "picture"
shape = [1, 64, 64]
dtype = "FP32"
low = 0.0
high = 1.0

[[output]]
name = "bright"
shape = [1]
dtype = "FP32"
low = 0.0
high = 1.0
kind = "class"
names = ["bright"]
meaning = "probability that it is bright"

[[output]]
name = "heat"
shape = [8, 8]
dtype = "FP32"
low = -100.0
high = 100.0
kind = "heat"
names = ["bright"]
meaning = "mean brightness of each cell"

[thresholds]
operating_point = 0.5
chosen = "by hand"
levels = [{{ level = "low", at = 0.0 }}, {{ level = "high", at = 0.5 }}]
"""

_UNTRAINED = """
[training]
data = "none"
citation = "none"
licence = "none"
images = 0
positives = 0
seed = 0
command = "none"

[onnx]
file = "1/model.onnx"
sha256 = "{sha256}"
opset = 17
ir_version = 9
"""
"""What every manifest ends with: nobody trained this, and which network it is of."""

FILM = (
    'modalities = ["CR", "DX"]\nbody_parts = ["CHEST"]\nviews = ["PA", "AP"]\nunknown_age = "accept"',
    'scaling = "window"\nlow = 0.0\nhigh = 4095.0',
)
SECTION = (
    'modalities = ["CT"]\nbody_parts = ["CHEST"]\nunknown_age = "accept"',
    'scaling = "window"\nlow = -1000.0\nhigh = 400.0',
)


def write_repository(folder: Path) -> Path:
    """Write a repository with ``film_brightness`` (chest films) and ``section_brightness`` (chest CT)."""
    _write(folder / "film_brightness", *FILM)
    _write(folder / "section_brightness", *SECTION)
    return folder


def _write(folder: Path, selection: str, framing: str) -> None:
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["picture"], ["bright"], axes=[2, 3], keepdims=0),
            helper.make_node(
                "AveragePool", ["picture"], ["pooled"], kernel_shape=[_CELL, _CELL], strides=[_CELL, _CELL]
            ),
            helper.make_node("Squeeze", ["pooled", "one"], ["heat"]),
        ],
        "brightness",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 1, _SIDE, _SIDE])],
        [
            helper.make_tensor_value_info("bright", TensorProto.FLOAT, ["n", 1]),
            helper.make_tensor_value_info("heat", TensorProto.FLOAT, ["n", 8, 8]),
        ],
        [helper.make_tensor("one", TensorProto.INT64, [1], [1])],
    )
    write_model(
        folder,
        graph,
        _MANIFEST.format(name=folder.name, selection=selection, framing=framing),
        _CONFIG.format(name=folder.name),
    )


def write_model(folder: Path, graph: GraphProto, manifest: str, config: str) -> None:
    """Write a model's folder: its network, its manifest but for how it was trained, and what Triton reads."""
    network = folder / "1/model.onnx"
    network.parent.mkdir(parents=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), network)
    digest = hashlib.sha256(network.read_bytes()).hexdigest()
    (folder / "model.toml").write_text(manifest + _UNTRAINED.replace("{sha256}", digest))
    (folder / "config.pbtxt").write_text(config)
