"""What the network is for, what it reads and what it answers."""

from __future__ import annotations

from streams.inference.declared import Calibration, Onnx, Step, Tensor, Thresholds
from streams.inference.imaging_manifest import Framing, ImageOutput, ImageTraining, ImagingManifest, Selection
from training.chest_xray_cnn.network import CELLS, SIDE

NAME, VERSION = "chest_xray_cnn", "1"
LEVELS = (Step("low", 0.0), Step("low-medium", 0.25), Step("medium", 0.5), Step("high", 0.8))
"""Calibrated probability of pneumonia, at the share of it that the training films have; stated, not fitted."""
MOST = 100.0
"""Log odds of one cell beyond which the answer is broken."""

_TARGET = "Probability that the chest film of a child of one to five years shows pneumonia, as readers labelled it."
_CITATION = (
    "Kermany et al., Identifying medical diagnoses and treatable diseases by image-based deep learning, Cell "
    "2018;172:1122-1131; Yang et al., MedMNIST v2, Sci Data 2023;10:41"
)


def draft(films: int, positives: int, seed: int) -> ImagingManifest:
    """Return the manifest as far as it is known before calibration and export."""
    return ImagingManifest(
        name=NAME,
        version=VERSION,
        kind="cnn",
        modality="imaging",
        target=_TARGET,
        max_batch=64,
        selection=Selection(
            modalities=("CR", "DX"),
            body_parts=("CHEST", "THORAX"),
            unknown_body_part="refuse",
            views=("PA", "AP"),
            unknown_view="refuse",
            min_age_years=1.0,
            max_age_years=6.0,
            unknown_age="refuse",
        ),
        framing=Framing("centre-square", "percentiles", 0.5, 99.5, min_side=SIDE),
        tensors=(Tensor("picture", (1, SIDE, SIDE), "FP32", 0.0, 1.0),),
        outputs=(
            ImageOutput(
                name="pneumonia",
                shape=(1,),
                dtype="FP32",
                low=0.0,
                high=1.0,
                meaning="calibrated probability of pneumonia",
                kind="class",
                names=("pneumonia",),
            ),
            ImageOutput(
                name="heat",
                shape=(CELLS, CELLS),
                dtype="FP32",
                low=-MOST,
                high=MOST,
                meaning="log odds that each part of the film speaks for; their mean is the logit of the probability",
                kind="heat",
                names=("pneumonia",),
            ),
        ),
        calibration=Calibration("platt", 1.0, 0.0, True),
        thresholds=Thresholds(0.5, "not chosen yet", LEVELS),
        training=ImageTraining(
            data="PneumoniaMNIST (MedMNIST v2), role train, each picture once",
            citation=_CITATION,
            licence="CC BY 4.0",
            images=films,
            positives=positives,
            seed=seed,
            command="python -m training.chest_xray_cnn.train --cv 3",
        ),
        onnx=Onnx(f"{VERSION}/model.onnx", "", 17, 8),
    )
