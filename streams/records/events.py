"""Clinical events on their way from `normalise` to those who judge: facts, and word that a fact has moved."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.clock import Instant
from streams.records.notes import NoteVersion
from streams.records.studies import ImagingStudyVersion
from streams.records.version import Version


class Measure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One measured value of one component of an Observation, in the vocabulary's code and unit."""

    component: str
    """Component key within the resource: the canonical LOINC code it came under, with ``#n`` if repeated."""
    code: str
    """Canonical code of `streams.vocabulary`."""
    value: float
    """In the vocabulary's unit for `code`; always finite."""


class ObservationVersion(msgspec.Struct, frozen=True, tag="observation", omit_defaults=True, gc=False):
    """One version of one Observation: all its usable measures, or its withdrawal."""

    source: str
    resource_id: str
    """``Observation.id``, or ``sha-`` and a digest of its content where it has none."""
    patient_id: str
    version: Version
    withdrawn: bool
    """True for entered-in-error and cancelled: the whole resource is void."""
    received_at: Instant
    """Arrival: the timestamp of the Kafka record; not part of the version's content."""
    effective_at: Instant | None = None
    """Clinical time; None only where a withdrawal does not say it."""
    encounter_id: str = ""
    measures: tuple[Measure, ...] = ()
    """Empty where it is withdrawn or holds no usable value; a measure missing here but present before is withdrawn."""


class PatientVersion(msgspec.Struct, frozen=True, tag="patient", omit_defaults=True):
    """One version of a Patient: demographics as the models need them, and who else this person is."""

    source: str
    resource_id: str
    patient_id: str
    version: Version
    withdrawn: bool
    received_at: Instant
    birth_date: str = ""
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` (R4 ``date``); empty where unknown."""
    sex: str = ""
    """``male``, ``female``, ``other``, ``unknown`` (administrative gender); empty where not given."""
    aliases: tuple[str, ...] = ()
    """`streams.identity.alias` of each ``Patient.identifier``; facts that name only an identifier wait under these."""
    replaced_by: tuple[str, ...] = ()
    """Patient ids of ``Patient.link`` of type replaced-by: this record is retired in favour of them."""
    replaces: tuple[str, ...] = ()
    """Patient ids of ``Patient.link`` of type replaces: those records are retired in favour of this one."""


EncounterStatus = Literal["planned", "active", "finished", "cancelled"]


class EncounterVersion(msgspec.Struct, frozen=True, tag="encounter", omit_defaults=True):
    """One version of an Encounter: admission, place and discharge."""

    source: str
    resource_id: str
    """``Encounter/<id>``."""
    patient_id: str
    version: Version
    withdrawn: bool
    received_at: Instant
    status: EncounterStatus = "active"
    """planned; active (arrived, triaged, in-progress, onleave, on-hold, discharged, unknown); finished (finished,
    completed, discontinued); cancelled."""
    start: Instant | None = None
    """Admission; None where unknown."""
    end: Instant | None = None
    """Discharge; None while open or unknown."""
    ward: str = ""
    """Name or id of the ward; empty where not said."""
    bed: str = ""
    """Name or id of the bed; empty where not said."""


ClinicalEvent = ObservationVersion | PatientVersion | EncounterVersion
"""What the bedside keeps as facts."""


class Overruling(msgspec.Struct, frozen=True, tag="overruling", omit_defaults=True):
    """Word to every partition that a version of a resource may have left another patient, or names none any more.

    It voids every lower version of the resource that is held for anyone but `patient_id`.
    """

    source: str
    resource_id: str
    """As in the event: ``Flag/<id>``, ``Encounter/<id>``, ``ImagingStudy/<id>``, ``DocumentReference/<id>``,
    ..., the bare id for Observations."""
    version: Version
    patient_id: str
    """Whose it is now; empty where it is deleted or names nobody."""
    received_at: Instant


BedsideEvent = ClinicalEvent | Overruling
"""What `normalise` hands on to the bedside."""

SlowEvent = ImagingStudyVersion | NoteVersion
"""What goes to workers of slow work."""

Event = BedsideEvent | SlowEvent
"""What `normalise` hands on."""
