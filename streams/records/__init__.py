"""The typed records that travel between the steps; every topic's value type stands here."""

from __future__ import annotations

from streams.records.events import (
    BedsideEvent,
    ClinicalEvent,
    EncounterStatus,
    EncounterVersion,
    Event,
    Measure,
    ObservationVersion,
    Overruling,
    PatientVersion,
)
from streams.records.refusals import DeadLetter, Skip
from streams.records.scores import Correction, CorrectionKind, InputUsed, Level, Prediction, RiskScore, Standing, Status
from streams.records.studies import ImagingStudyVersion, SeriesAnnounced, StudyRetry
from streams.records.ticks import Tick
from streams.records.transfers import Identities, Identity, Transfer
from streams.records.version import Version

__all__ = [
    "BedsideEvent",
    "ClinicalEvent",
    "Correction",
    "CorrectionKind",
    "DeadLetter",
    "EncounterStatus",
    "EncounterVersion",
    "Event",
    "Identities",
    "Identity",
    "ImagingStudyVersion",
    "InputUsed",
    "Level",
    "Measure",
    "ObservationVersion",
    "Overruling",
    "PatientVersion",
    "Prediction",
    "RiskScore",
    "SeriesAnnounced",
    "Skip",
    "Standing",
    "Status",
    "StudyRetry",
    "Tick",
    "Transfer",
    "Version",
]
