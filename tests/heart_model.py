"""A stand-in for the network that measures hearts: outlines by brightness, right for the phantoms of `tests.films`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from bench.imaging_models import write_model

_SIDE = 64
_STEEP = 400.0
_LUNG, _HEART = 0.35, 0.65
"""Brightness below which a place is lung, and above which it is heart."""

_CONFIG = """\
name: "chest_heart_unet"
backend: "onnxruntime"
max_batch_size: 8
input [ { name: "picture" data_type: TYPE_FP32 dims: [ 1, 64, 64 ] } ]
output [ { name: "structures" data_type: TYPE_FP32 dims: [ 3, 64, 64 ] } ]
version_policy { specific { versions: [ 1 ] } }
instance_group [ { kind: KIND_CPU count: 1 } ]
dynamic_batching { max_queue_delay_microseconds: 500 }
"""

_MANIFEST = """\
name = "chest_heart_unet"
version = "1"
kind = "unet"
modality = "imaging"
target = "Width of the heart over the inner width of the chest on a phantom; says nothing of anybody."
max_batch = 8

[selection]
modalities = ["CR", "DX"]
body_parts = ["CHEST"]
views = ["PA", "AP"]
unknown_view = "accept"
unknown_age = "accept"

[framing]
fit = "stretch"
scaling = "window"
low = 0.0
high = 4095.0
min_side = 32

[[tensor]]
name = "picture"
shape = [1, 64, 64]
dtype = "FP32"
low = 0.0
high = 1.0

[[output]]
name = "structures"
shape = [3, 64, 64]
dtype = "FP32"
low = 0.0
high = 1.0
kind = "outline"
names = ["right lung", "left lung", "heart"]
meaning = "how likely each place belongs to each structure"

[[measure]]
name = "cardiothoracic-ratio"
of = ["heart"]
over = ["right lung", "left lung"]
usual_high = 0.5

[[limit]]
figure = "heart/area"
low = 0.01
high = 0.5
"""


def write_heart(repository: Path) -> Path:
    """Write the model into a repository and return that."""
    sides = np.zeros((1, 2, 1, _SIDE), np.float32)
    sides[0, 0, 0, : _SIDE // 2] = sides[0, 1, 0, _SIDE // 2 :] = 1
    constants = {"lung": _LUNG, "heart": _HEART, "steep": _STEEP}
    graph = helper.make_graph(
        [
            helper.make_node("Sub", ["lung", "picture"], ["darker"]),
            helper.make_node("Mul", ["darker", "steep"], ["lung_odds"]),
            helper.make_node("Sigmoid", ["lung_odds"], ["lungs"]),
            helper.make_node("Mul", ["lungs", "sides"], ["both_lungs"]),
            helper.make_node("Sub", ["picture", "heart"], ["brighter"]),
            helper.make_node("Mul", ["brighter", "steep"], ["heart_odds"]),
            helper.make_node("Sigmoid", ["heart_odds"], ["hearts"]),
            helper.make_node("Concat", ["both_lungs", "hearts"], ["structures"], axis=1),
        ],
        "brightness",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 1, _SIDE, _SIDE])],
        [helper.make_tensor_value_info("structures", TensorProto.FLOAT, ["n", 3, _SIDE, _SIDE])],
        [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in constants.items()]
        + [numpy_helper.from_array(sides, "sides")],
    )
    write_model(repository / "chest_heart_unet", graph, _MANIFEST, _CONFIG)
    return repository
