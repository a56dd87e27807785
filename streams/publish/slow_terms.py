"""Models of images and notes in words, as FHIR readers see them."""

from __future__ import annotations

import msgspec

from streams.inference.imaging_manifest import ImagingManifest
from streams.inference.notes_manifest import NotesManifest
from streams.publish.terms import ModelTerms
from streams.records import Prediction


def terms_of_slow(spec: ImagingManifest | NotesManifest) -> ModelTerms:
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
    """Return the words for what was said of a study or a note.

    Parameters
    ----------
    known
        Of the model as it is installed now; it may have been another when it spoke, or be gone.
    """
    probability = bool(prediction.finding) and not prediction.unit
    is_note = not prediction.study.startswith("ImagingStudy/")
    named = f"{prediction.finding or 'Finding'} {'in a clinical note' if is_note else 'on images'}"
    if known is None:
        return ModelTerms(prediction.model, prediction.version, named, probability)
    same = known.version == prediction.version
    return msgspec.structs.replace(
        known,
        version=prediction.version,
        # A model of notes says several things, each an outcome of its own.
        outcome=named if is_note else known.outcome,
        probability=probability,
        sha256=known.sha256 if same else "",
    )
