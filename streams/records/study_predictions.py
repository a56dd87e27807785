"""What the models say of an imaging study, each with the pictures that it is based on."""

from __future__ import annotations

import msgspec

from streams.clock import Instant
from streams.records.readings import Reading
from streams.records.scores import Status
from streams.records.version import Version

AGE_UNKNOWN = "age:unknown"
"""Reason: the model is for certain ages alone, and the picture does not say how old the patient was."""


class ImageBasis(msgspec.Struct, frozen=True):
    """The picture that a model saw; the study and its version stand in the record around it."""

    series_uid: str
    instance_uids: tuple[str, ...]
    frame: int
    """Of the instance, from 0."""
    rows: int
    columns: int
    """Size of the picture, in whose pixels outlines and lines are drawn."""
    modality: str
    body_part: str
    view: str
    """As the picture itself says it; empty where it does not."""


class StudyPrediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model's judgement of one picture of a study."""

    model: str
    version: str
    """Of the model."""
    status: Status
    """``unavailable``: the model could not be asked in time; ``indeterminate``: nothing is to be believed."""
    reasons: tuple[str, ...] = ()
    """Machine-readable: ``implausible:heart/area``, ``min-side``, ``undecodable``, ``contract``, ...; beside a reading
    that stands, what could not be checked of the picture: ``age:unknown``."""
    basis: ImageBasis | None = None
    """None where no picture was had."""
    reading: Reading | None = None
    """Probabilities, measures with their lines, outlines and heat; None where the model was not asked."""


class StudyPredictions(msgspec.Struct, frozen=True, tag="study-predictions", omit_defaults=True):
    """All that is said of one version of an imaging study; of several the highest version stands, and it alone.

    A version that is withdrawn, or of which no model can say anything, has no predictions: whatever was said of a lower
    version is void all the same.
    """

    patient_id: str
    source: str
    resource_id: str
    """``ImagingStudy/<id>``."""
    version: Version
    """Of the ImagingStudy."""
    study_uid: str
    as_of: Instant
    """When the images were taken, as the record says; else when it was last changed; else its arrival."""
    received_at: Instant
    withdrawn: bool = False
    encounter_id: str = ""
    predictions: tuple[StudyPrediction, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why there are none (``modality``, ``body-part``, ``view:unknown``, ``not-arrived``, ...), or ``incomplete`` where
    fewer instances had come than were announced."""
