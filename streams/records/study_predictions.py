"""What the models say of an imaging study, each with the pictures that it is based on."""

from __future__ import annotations

import msgspec

from streams.clock import Instant
from streams.records.judgements import Judgement, Judgements
from streams.records.readings import Reading

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


class StudyPrediction(Judgement, frozen=True, omit_defaults=True):
    """One model's judgement of one picture of a study.

    Reasons are ``implausible:heart/area``, ``min-side``, ``undecodable``, ``contract``, ...; beside a reading that
    stands, what could not be checked of the picture: ``age:unknown``.
    """

    basis: ImageBasis | None = None
    """None where no picture was had."""
    reading: Reading | None = None
    """Probabilities, measures with their lines, outlines and heat; None where the model was not asked."""


class StudyPredictions(Judgements, frozen=True, tag="study-predictions", omit_defaults=True):
    """All that is said of one version of an imaging study, ``ImagingStudy/<id>``."""

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
