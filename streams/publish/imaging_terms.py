"""Models of images in words, as FHIR readers see them."""

from __future__ import annotations

import msgspec

from streams.inference.imaging_manifest import ImagingManifest
from streams.publish.terms import ModelTerms
from streams.records import Prediction


def terms_of_images(spec: ImagingManifest) -> ModelTerms:
    """Return the words for the model of a manifest."""
    return ModelTerms(
        spec.name,
        spec.version,
        spec.target,
        probability=False,
        sha256=spec.onnx.sha256,
        training_data=spec.training.data,
    )


def terms_of_study(prediction: Prediction, known: ModelTerms | None) -> ModelTerms:
    """Return the words for what was said of a study.

    Parameters
    ----------
    known
        Of the model as it is installed now; it may have been another when it spoke, or be gone.
    """
    probability = bool(prediction.finding) and not prediction.unit
    if known is None:
        outcome = f"{prediction.finding or 'Finding'} on images"
        return ModelTerms(prediction.model, prediction.version, outcome, probability)
    same = known.version == prediction.version
    return msgspec.structs.replace(
        known, version=prediction.version, probability=probability, sha256=known.sha256 if same else ""
    )
