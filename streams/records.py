"""The typed records that travel between the steps; every topic's value type stands here."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.clock import Instant

Level = Literal["low", "low-medium", "medium", "high", "indeterminate"]
Standing = Level | Literal["retired"]
"""What a reader finds under a patient id: a level, or that the id has been merged into another."""


class Version(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """Place of one resource version in the total order of its versions; never arrival.

    Missing parts take the defaults below, which sort first. Field order is the order of comparison.
    """

    last_updated: Instant = 0
    """``meta.lastUpdated``; 0 where missing."""
    version_id: int = 0
    """``meta.versionId`` where it is an integer, else 0."""
    status_rank: int = 0
    """registered 0 < preliminary 1 < final 2 < amended, corrected 3 < cancelled, entered-in-error 4."""
    digest: bytes = b""
    """8-byte BLAKE2b of the normalised content; breaks the last ties."""


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


class Overruling(msgspec.Struct, frozen=True, tag="overruling", omit_defaults=True):
    """Word to every partition that a version of a resource may have left another patient, or names none any more.

    It voids every lower version of the resource that is held for anyone but `patient_id`.
    """

    source: str
    resource_id: str
    """As in the event: ``Flag/<id>`` for Flags, ``Encounter/<id>`` for Encounters, the bare id for Observations."""
    version: Version
    patient_id: str
    """Whose it is now; empty where it is deleted or names nobody."""
    received_at: Instant


Event = ClinicalEvent | Overruling
"""What `normalise` hands on."""


class Identity(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A Patient resource's word on whether the facts of one identity are those of a patient."""

    subject: str
    """Retired patient id, or alias."""
    target: str
    """The patient."""
    source: str
    resource_id: str
    """The Patient resource that says so."""
    version: Version
    stands: bool
    """False: that resource said so once and does not any more."""


class Identities(msgspec.Struct, frozen=True, tag="identities"):
    """What a Patient resource says of identities: retired ids to every partition, an alias to that of the alias."""

    words: tuple[Identity, ...]
    received_at: Instant


class Transfer(msgspec.Struct, frozen=True, tag="transfer"):
    """Facts of a retired id or an alias on their way to the partition of the patient whose they are."""

    origin: str
    """Identity under which the facts came; they keep it, so that a merge can be undone."""
    piece: int
    """Number of the piece of state in `value`."""
    value: bytes
    """The piece, as the state is written (base64 in JSON)."""
    words: tuple[Identity, ...]
    """What is known of the origin's identity where it was sent."""
    received_at: Instant
    """Arrival of the input that made it due."""


class Skip(msgspec.Struct, frozen=True):
    """A part of an input that is fine but of no use here, counted by reason."""

    reason: str
    """e.g. ``code``, ``resource-type``, ``data-absent``, ``status-registered``."""
    detail: str = ""
    """A code or type name from a closed set or a code system; never a value or an identifier."""


class DeadLetter(msgspec.Struct, frozen=True):
    """An input that could not be used, kept with its reason and its place in the source topic."""

    reason: str
    field: str
    expected: str
    received: str
    source: str
    topic: str
    partition: int
    offset: int
    entry: int
    """Index of the entry in a Bundle, -1 where the whole message is meant."""
    sha256: str
    """Hex digest of the whole message's value."""
    received_at: Instant
    payload: bytes | None = None
    """The message's value (base64 in JSON) where it fits; held on the topic only."""


class InputUsed(msgspec.Struct, frozen=True, gc=False):
    """How much of one code a model saw, and how old its newest value was."""

    code: str
    count: int
    """0 where there was one, but too old to be used."""
    newest_age_s: float
    """Seconds from the newest value to the score's ``as_of``."""


Status = Literal["ok", "indeterminate", "unavailable"]


class Prediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model's judgement of one patient at one clinical instant."""

    patient_id: str
    model: str
    """``deterioration_gru``, ``news2``, ..."""
    version: str
    as_of: Instant
    status: Status
    """``unavailable``: the model could not be asked; the debt is paid when it is back."""
    value: float | None = None
    """Calibrated probability 0..1 for a learned model; the aggregate score 0..20 for NEWS2, a lower bound where
    partial; None where there is no answer."""
    level: Level = "indeterminate"
    reasons: tuple[str, ...] = ()
    """Machine-readable: ``missing:8867-4``, ``stale:9279-1``, ``partial``, ``contract``, ``breaker-open``, ..."""
    inputs: tuple[InputUsed, ...] = ()


CorrectionKind = Literal["replaced", "withdrawn", "moved"]


class Correction(msgspec.Struct, frozen=True, array_like=True):
    """One fact that was corrected since it first came."""

    resource_id: str
    """As in its event."""
    kind: CorrectionKind
    """By a newer version; altogether; to another patient, whose it is now."""
    last_updated: Instant
    """``meta.lastUpdated`` of the version that corrected it; 0 where missing."""


class RiskScore(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fused judgement of one patient at one clinical instant; an index with a level, not a probability."""

    patient_id: str
    as_of: Instant
    level: Level
    index: float | None
    """0 to 100; None where indeterminate."""
    predictions: tuple[Prediction, ...]
    corrected: bool
    """True where a fact in the models' window has been replaced or withdrawn."""
    stale: bool
    """True once a tick found nothing new for longer than the setting allows."""
    degraded: bool
    """True where a learned model could not be asked and NEWS2 stands alone."""
    basis: tuple[str, ...]
    """``Observation/<id>`` or ``Flag/<id>`` of the newest facts used, at most 50."""
    basis_count: int
    """All facts used, listed in `basis` or not."""
    encounter_id: str = ""
    reasons: tuple[str, ...] = ()
    silent: bool = False
    """True once a tick found nothing new for so long that no level stands; `stale` is then true too."""
    corrections: tuple[Correction, ...] = ()
    """Newest first, at most 10; why it is `corrected`."""
    corrections_count: int = 0
    """All of them, listed in `corrections` or not."""
    ward: str = ""
    """Where the patient lies by the encounter that goes on; empty where unknown or discharged."""
    bed: str = ""


class Tick(msgspec.Struct, frozen=True):
    """Passing time as an event, for one partition of the bedside's inputs."""

    at: Instant
    end_offsets: dict[str, int]
    """Topic to end offset of this partition's inputs when the tick was made; acted on once they are passed."""
