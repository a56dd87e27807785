"""Every Kafka topic of the system, declared once: key, value, partitions, retention, size, who writes and reads it."""

from __future__ import annotations

from typing import Literal

import msgspec

DAY_MS = 86_400_000
MIB = 1_048_576

Cleanup = Literal["delete", "compact"]


class Topic(msgspec.Struct, frozen=True):
    """One topic as it must stand on the broker."""

    name: str
    key: str
    value: str
    cleanup: Cleanup
    retention_ms: int
    """-1 keeps for ever; meaningless where compacted."""
    producers: str
    consumers: str
    single: bool = False
    """True: one partition whatever the settings say; else as many as all patient-keyed topics."""
    max_message_bytes: int = MIB

    def config(self) -> dict[str, str]:
        """Return the broker-side settings of the topic; timestamps are arrival times, never clinical ones."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "CreateTime",
        }


OBSERVATIONS, PATIENTS, ENCOUNTERS, REPLAY = "fhir.observations", "fhir.patients", "fhir.encounters", "fhir.replay"
IMAGING, NOTES, NOTES_RAW = "fhir.imaging", "fhir.notes", "notes.raw"
EVENTS_OBSERVATIONS, EVENTS_PATIENTS, EVENTS_TRANSFERS = "events.observations", "events.patients", "events.transfers"
EVENTS_IMAGING, EVENTS_NOTES = "events.imaging", "events.notes"
IMAGING_RETRIES = "imaging.retry.short", "imaging.retry.medium", "imaging.retry.long"
"""One topic per delay, so that whoever waits never waits for somebody with a longer delay."""
NOTES_RETRIES = "notes.retry.short", "notes.retry.medium", "notes.retry.long"
TICKS = "events.ticks"
STATE = "state.bedside"
PREDICTIONS = "predictions.bedside"
PREDICTIONS_IMAGING, PREDICTIONS_NOTES = "predictions.imaging", "predictions.notes"
SCORES, LATEST = "risk.scores", "risk.latest"
ALERTS = "risk.alerts"
CLOCK = "control.clock"
ALERT_COMMANDS = "control.alerts"
PACS = "control.pacs"
MODELS, MODELS_AUDIT = "control.models", "audit.models"
DEAD_LETTERS = "dead-letters"

TOPICS: tuple[Topic, ...] = (
    Topic(OBSERVATIONS, "any", "FHIR JSON: Observation, Bundle", "delete", 7 * DAY_MS, "hospital", "normalise"),
    Topic(PATIENTS, "any", "FHIR JSON: Patient, Bundle", "delete", 7 * DAY_MS, "hospital", "normalise"),
    Topic(ENCOUNTERS, "any", "FHIR JSON: Encounter, Bundle", "delete", 7 * DAY_MS, "hospital", "normalise"),
    Topic(IMAGING, "any", "FHIR JSON: ImagingStudy, Bundle", "delete", 7 * DAY_MS, "hospital, imaging", "normalise"),
    Topic(
        NOTES,
        "any",
        "FHIR JSON: DocumentReference, DiagnosticReport, Composition, Bundle",
        "delete",
        7 * DAY_MS,
        "hospital",
        "normalise",
        max_message_bytes=4 * MIB,
    ),
    Topic(
        NOTES_RAW,
        "patient_id",
        "text of a note; headers",
        "delete",
        7 * DAY_MS,
        "hospital",
        "normalise",
        max_message_bytes=4 * MIB,
    ),
    Topic(REPLAY, "any", "FHIR JSON, any resource", "delete", 7 * DAY_MS, "replay, simulate", "normalise"),
    Topic(EVENTS_OBSERVATIONS, "patient_id", "ObservationVersion", "delete", 7 * DAY_MS, "normalise", "bedside"),
    Topic(
        EVENTS_PATIENTS,
        "patient_id, or broadcast",
        "PatientVersion, EncounterVersion, Overruling",
        "delete",
        7 * DAY_MS,
        "normalise",
        "bedside",
    ),
    Topic(
        EVENTS_TRANSFERS,
        "patient_id, or broadcast",
        "Transfer, Identities",
        "delete",
        7 * DAY_MS,
        "bedside",
        "bedside",
        max_message_bytes=2 * MIB,
    ),
    Topic(
        EVENTS_IMAGING,
        "patient_id, or broadcast",
        "ImagingStudyVersion, Overruling",
        "delete",
        7 * DAY_MS,
        "normalise, bedside",
        "imaging",
    ),
    *(
        Topic(name, "patient_id", "StudyRetry", "delete", 7 * DAY_MS, "imaging", "imaging", max_message_bytes=2 * MIB)
        for name in IMAGING_RETRIES
    ),
    Topic(
        EVENTS_NOTES,
        "patient_id, or broadcast",
        "NoteVersion, Overruling",
        "delete",
        7 * DAY_MS,
        "normalise, bedside",
        "notes",
        max_message_bytes=4 * MIB,
    ),
    *(
        Topic(name, "patient_id", "NoteRetry", "delete", 7 * DAY_MS, "notes", "notes", max_message_bytes=4 * MIB)
        for name in NOTES_RETRIES
    ),
    Topic(TICKS, "partition", "Tick", "delete", DAY_MS, "cache, replay", "bedside"),
    Topic(STATE, "patient, slot, epoch, process", "piece of state", "compact", -1, "bedside", "bedside"),
    Topic(PREDICTIONS, "patient_id", "Prediction", "delete", 7 * DAY_MS, "bedside", "sites"),
    Topic(
        PREDICTIONS_IMAGING,
        "patient_id, or broadcast",
        "StudyPredictions, Overruling",
        "delete",
        30 * DAY_MS,
        "imaging",
        "bedside, sites",
        max_message_bytes=4 * MIB,
    ),
    Topic(
        PREDICTIONS_NOTES,
        "patient_id, or broadcast",
        "NotePredictions, Overruling",
        "delete",
        30 * DAY_MS,
        "notes",
        "bedside, sites",
    ),
    Topic(SCORES, "patient_id", "FHIR RiskAssessment", "delete", -1, "bedside", "cache, bedside, sites"),
    Topic(LATEST, "patient_id", "FHIR RiskAssessment", "compact", -1, "cache", "cache, sites"),
    Topic(ALERTS, "patient_id", "Alert", "delete", -1, "bedside", "cache, alerts, sites"),
    Topic(ALERT_COMMANDS, "patient_id", "AlertCommand", "delete", 30 * DAY_MS, "alerts, sites", "bedside"),
    Topic(CLOCK, "clock", "ClockMode", "compact", -1, "replay", "cache", single=True),
    Topic(PACS, "PACS", "FeedPosition", "compact", -1, "imaging", "imaging", single=True),
    Topic(MODELS, "model", "ModelModes", "compact", -1, "models", "bedside, cache, models", single=True),
    Topic(
        MODELS_AUDIT,
        "model, or partition",
        "ModelModes, ModesApplied",
        "delete",
        -1,
        "models, bedside",
        "models, sites",
        single=True,
    ),
    Topic(
        DEAD_LETTERS,
        "source",
        "DeadLetter",
        "delete",
        30 * DAY_MS,
        "normalise, imaging, notes",
        "dlq",
        max_message_bytes=2 * MIB,
    ),
)

BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}

BEDSIDE_INPUTS = (
    EVENTS_OBSERVATIONS,
    EVENTS_PATIENTS,
    EVENTS_TRANSFERS,
    PREDICTIONS_IMAGING,
    PREDICTIONS_NOTES,
    ALERT_COMMANDS,
)
"""What `bedside` takes into its state, and whose ends a tick names."""

GROUP_NORMALISE, GROUP_BEDSIDE, GROUP_CACHE = "cardiostream-normalise", "cardiostream-bedside", "cardiostream-cache"
GROUP_IMAGING, GROUP_NOTES = "cardiostream-imaging", "cardiostream-notes"
"""Consumer groups of the workers; whoever asks how far they have come names them from here."""

IMAGING_INPUTS = (EVENTS_IMAGING, *IMAGING_RETRIES)
"""What `imaging` reads; a study that has to wait comes again in the partition where it was."""

NOTES_INPUTS = (EVENTS_NOTES, *NOTES_RETRIES)
"""The same for `notes`."""

COPARTITIONED: tuple[str, ...] = (
    *BEDSIDE_INPUTS,
    *IMAGING_INPUTS,
    *NOTES_INPUTS,
    TICKS,
    STATE,
    PREDICTIONS,
    SCORES,
    LATEST,
    ALERTS,
)
"""Topics whose partition numbers mean the same share of the patients; counts are checked at start."""
