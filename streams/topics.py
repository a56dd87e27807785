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
EVENTS_OBSERVATIONS, EVENTS_PATIENTS, EVENTS_TRANSFERS = "events.observations", "events.patients", "events.transfers"
TICKS = "events.ticks"
STATE = "state.bedside"
PREDICTIONS = "predictions.bedside"
SCORES, LATEST = "risk.scores", "risk.latest"
CLOCK = "control.clock"
DEAD_LETTERS = "dead-letters"

TOPICS: tuple[Topic, ...] = (
    Topic(OBSERVATIONS, "any", "FHIR JSON: Observation, Bundle", "delete", 7 * DAY_MS, "hospital", "normalise"),
    Topic(PATIENTS, "any", "FHIR JSON: Patient, Bundle", "delete", 7 * DAY_MS, "hospital", "normalise"),
    Topic(ENCOUNTERS, "any", "FHIR JSON: Encounter, Bundle", "delete", 7 * DAY_MS, "hospital", "normalise"),
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
    Topic(TICKS, "partition", "Tick", "delete", DAY_MS, "cache, replay", "bedside"),
    Topic(STATE, "patient, slot, epoch, process", "piece of state", "compact", -1, "bedside", "bedside"),
    Topic(PREDICTIONS, "patient_id", "Prediction", "delete", 7 * DAY_MS, "bedside", "sites"),
    Topic(SCORES, "patient_id", "FHIR RiskAssessment", "delete", -1, "bedside", "cache, bedside, sites"),
    Topic(LATEST, "patient_id", "FHIR RiskAssessment", "compact", -1, "cache", "cache, sites"),
    Topic(CLOCK, "clock", "ClockMode", "compact", -1, "replay", "cache", single=True),
    Topic(DEAD_LETTERS, "source", "DeadLetter", "delete", 30 * DAY_MS, "normalise", "dlq", max_message_bytes=2 * MIB),
)

BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}

BEDSIDE_INPUTS = (EVENTS_OBSERVATIONS, EVENTS_PATIENTS, EVENTS_TRANSFERS)
"""What `bedside` takes into its state, and whose ends a tick names."""

GROUP_NORMALISE, GROUP_BEDSIDE, GROUP_CACHE = "cardiostream-normalise", "cardiostream-bedside", "cardiostream-cache"
"""Consumer groups of the workers; whoever asks how far they have come names them from here."""

COPARTITIONED: tuple[str, ...] = (*BEDSIDE_INPUTS, TICKS, STATE, PREDICTIONS, SCORES, LATEST)
"""Topics whose partition numbers mean the same share of the patients; counts are checked at start."""
