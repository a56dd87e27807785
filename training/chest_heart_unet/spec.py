"""What the network is for, what it reads and what it answers."""

from __future__ import annotations

from streams.inference.declared import Onnx, Tensor
from streams.inference.imaging_manifest import (
    Framing,
    ImageOutput,
    ImageTraining,
    ImagingManifest,
    Limit,
    Selection,
    WidthRatio,
)

NAME, VERSION = "chest_heart_unet", "1"
SIDE = 256
STRUCTURES = ("right lung", "left lung", "heart")
RATIO = "cardiothoracic-ratio"

_TARGET = (
    "Width of the heart over the inner width of the chest (cardiothoracic ratio) on a frontal chest film of an adult, "
    "with the outlines it was drawn from."
)
_CITATION = (
    "Dong et al., Unsupervised domain adaptation for automatic estimation of cardiothoracic ratio, MICCAI 2018; "
    "Dong et al., Neural architecture search for adversarial medical image segmentation, MICCAI 2019"
)


def draft(films: int, seed: int, limits: tuple[Limit, ...] = ()) -> ImagingManifest:
    """Return the manifest as far as it is known before export."""
    return ImagingManifest(
        name=NAME,
        version=VERSION,
        kind="unet",
        modality="imaging",
        target=_TARGET,
        max_batch=8,
        selection=Selection(
            modalities=("CR", "DX"),
            body_parts=("CHEST", "THORAX"),
            unknown_body_part="refuse",
            views=("PA", "AP"),
            unknown_view="accept",
            min_age_years=18.0,
            unknown_age="accept",
        ),
        framing=Framing("stretch", "percentiles", 0.5, 99.5, min_side=48),
        tensors=(Tensor("picture", (1, SIDE, SIDE), "FP32", 0.0, 1.0),),
        outputs=(
            ImageOutput(
                name="structures",
                shape=(len(STRUCTURES), SIDE // 2, SIDE // 2),
                dtype="FP32",
                low=0.0,
                high=1.0,
                meaning="probability that a place belongs to the structure; the heart is in front where they overlap",
                kind="outline",
                names=STRUCTURES,
            ),
        ),
        measures=(WidthRatio(RATIO, of=("heart",), over=("right lung", "left lung"), usual_high=0.5),),
        limits=limits,
        training=ImageTraining(
            data="chest-ctr (extended Wingspan), role train; pictures of other things as what is to be left alone",
            citation=_CITATION,
            licence="MIT",
            images=films,
            positives=0,
            seed=seed,
            command="python -m training.chest_heart_unet.train",
        ),
        onnx=Onnx(f"{VERSION}/model.onnx", "", 17, 8),
    )
