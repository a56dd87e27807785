"""Manifests of models that exist nowhere: a measurer and a classifier of small pictures."""

from streams.inference.declared import Onnx, Step, Tensor, Thresholds
from streams.inference.imaging_manifest import (
    Framing,
    ImageOutput,
    ImageTraining,
    ImagingManifest,
    Limit,
    Selection,
    WidthRatio,
)

SELECTION = Selection(
    modalities=("CR", "DX"),
    body_parts=("CHEST",),
    views=("PA", "AP"),
    unknown_view="accept",
    min_age_years=18.0,
    unknown_age="refuse",
)
NOWHERE = {
    "version": "1",
    "modality": "imaging",
    "target": "nothing",
    "max_batch": 4,
    "selection": SELECTION,
    "tensors": (Tensor("picture", (1, 8, 8), "FP32", 0.0, 1.0),),
    "training": ImageTraining("none", "", "", 0, 0, 0, ""),
    "onnx": Onnx("1/model.onnx", "0" * 64, 17, 8),
}

MEASURER = ImagingManifest(
    name="measurer",
    kind="unet",
    framing=Framing("stretch", "percentiles", 0.0, 100.0, min_side=4),
    outputs=(
        ImageOutput(
            name="structures", shape=(3, 8, 8), dtype="FP32", low=0.0, high=1.0, meaning="", kind="outline",
            names=("right", "left", "heart"),
        ),
    ),
    measures=(WidthRatio("ratio", of=("heart",), over=("right", "left"), usual_high=0.5),),
    limits=(Limit("heart/area", 0.05, 0.5), Limit("right/whole", 0.8, 1.0)),
    **NOWHERE,
)  # fmt: skip

CLASSIFIER = ImagingManifest(
    name="classifier",
    kind="cnn",
    framing=Framing("centre-square", "window", -1000.0, 400.0, min_side=4),
    outputs=(
        ImageOutput(
            name="found", shape=(1,), dtype="FP32", low=0.0, high=1.0, meaning="", kind="class", names=("pneumonia",)
        ),
        ImageOutput(
            name="heat", shape=(2, 2), dtype="FP32", low=-9.0, high=9.0, meaning="", kind="heat", names=("pneumonia",)
        ),
        ImageOutput(
            name="told", shape=(1,), dtype="FP32", low=0.0, high=99.0, meaning="", kind="measure", names=("age",),
            unit="a",
        ),
    ),
    thresholds=Thresholds(0.5, "stated, for tests", (Step("low", 0.0), Step("high", 0.5))),
    **NOWHERE,
)  # fmt: skip
