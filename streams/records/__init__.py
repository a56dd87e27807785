"""The typed records that travel between the steps; every topic's value type stands here."""

from __future__ import annotations

from streams.records.alerts import Alert, AlertCommand, AlertReason, AlertState, CommandAction, Priority
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
    SlowEvent,
)
from streams.records.modes import Mode, ModelAudit, ModelModes, ModesApplied
from streams.records.note_predictions import NoteBasis, NotePrediction, NotePredictions
from streams.records.note_readings import Carrying, HeadReading, NoteReading
from streams.records.notes import Attachment, NoteRetry, NoteVersion
from streams.records.readings import ClassProbability, Heat, Line, Measured, Outline, Point, Reading
from streams.records.refusals import DeadLetter, Skip
from streams.records.scores import (
    Change,
    Contribution,
    Correction,
    CorrectionKind,
    Direction,
    InputUsed,
    Level,
    Prediction,
    RiskScore,
    Standing,
    Status,
    direction_of,
)
from streams.records.studies import ImagingStudyVersion, SeriesAnnounced, StudyRetry
from streams.records.study_predictions import AGE_UNKNOWN, ImageBasis, StudyPrediction, StudyPredictions
from streams.records.ticks import Tick
from streams.records.transfers import Identities, Identity, Transfer
from streams.records.version import Version

Said = StudyPredictions | NotePredictions
"""What slow workers say of one resource."""

__all__ = [
    "AGE_UNKNOWN",
    "Alert",
    "AlertCommand",
    "AlertReason",
    "AlertState",
    "Attachment",
    "BedsideEvent",
    "Carrying",
    "Change",
    "ClassProbability",
    "ClinicalEvent",
    "CommandAction",
    "Contribution",
    "Correction",
    "CorrectionKind",
    "DeadLetter",
    "Direction",
    "EncounterStatus",
    "EncounterVersion",
    "Event",
    "HeadReading",
    "Heat",
    "Identities",
    "Identity",
    "ImageBasis",
    "ImagingStudyVersion",
    "InputUsed",
    "Level",
    "Line",
    "Measure",
    "Measured",
    "Mode",
    "ModelAudit",
    "ModelModes",
    "ModesApplied",
    "NoteBasis",
    "NotePrediction",
    "NotePredictions",
    "NoteReading",
    "NoteRetry",
    "NoteVersion",
    "ObservationVersion",
    "Outline",
    "Overruling",
    "PatientVersion",
    "Point",
    "Prediction",
    "Priority",
    "Reading",
    "RiskScore",
    "Said",
    "SeriesAnnounced",
    "Skip",
    "SlowEvent",
    "Standing",
    "Status",
    "StudyPrediction",
    "StudyPredictions",
    "StudyRetry",
    "Tick",
    "Transfer",
    "Version",
    "direction_of",
]
