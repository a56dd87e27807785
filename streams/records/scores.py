"""What models say of a patient, and the fused score with its corrections."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.clock import Instant
from streams.records.modes import Mode

Level = Literal["low", "low-medium", "medium", "high", "indeterminate"]
Standing = Level | Literal["retired"]
"""What a reader finds under a patient id: a level, or that the id has been merged into another."""


class InputUsed(msgspec.Struct, frozen=True, gc=False):
    """How much of one code a model saw, and how old its newest value was."""

    code: str
    count: int
    """0 where there was one, but too old to be used."""
    newest_age_s: float
    """Seconds from the newest value to the score's ``as_of``."""


Status = Literal["ok", "indeterminate", "unavailable"]
Direction = Literal["raises", "lowers", "neither"]


def direction_of(size: float) -> Direction:
    """Return which way a contribution moves a judgement."""
    return "raises" if size > 0 else "lowers" if size < 0 else "neither"


class Contribution(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What one part did to one judgement: a modality to the whole, a quantity to a model's answer."""

    name: str
    """Modality (``news2``, ``imaging``) or code of the quantity (LOINC)."""
    model: str
    """Whose judgement: of a modality the model that gave the evidence."""
    direction: Direction
    size: float
    """Signed, in `unit`; those of one judgement add up to what moved it."""
    unit: Literal["log-odds", "points"]
    words: str
    """In clinical words."""
    evidence: float | None = None
    """Of a modality, in log-odds: what it says, faded by its age, before weight and bounds; None for a quantity."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """A single change that would change the level, everything else as it is."""

    level: Level
    """What the level would then be."""
    name: str
    """Modality."""
    model: str
    value: float
    """That the model would have to give, in its own terms, about: probability, score, or measure."""
    words: str


class Prediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model's judgement of one patient at one clinical instant."""

    patient_id: str
    model: str
    """``deterioration_gru``, ``news2``, ..."""
    version: str
    as_of: Instant
    """Of the score; of a study the time of its images, of a note when it was written."""
    status: Status
    """``unavailable``: the model could not be asked; the debt is paid when it is back."""
    value: float | None = None
    """Calibrated probability 0..1 for a learned model, or a measure in `unit`; the aggregate score 0..20 for NEWS2, a
    lower bound where partial; None where there is no answer."""
    level: Level = "indeterminate"
    reasons: tuple[str, ...] = ()
    """Machine-readable: ``missing:8867-4``, ``stale:9279-1``, ``partial``, ``contract``, ``breaker-open``, ..."""
    inputs: tuple[InputUsed, ...] = ()
    study: str = ""
    """``ImagingStudy/<id>`` of the images, or ``DocumentReference/<id>`` (``DiagnosticReport``, ``Composition``) of the
    note that it is of; empty for one of vital signs."""
    finding: str = ""
    """What of it: ``pneumonia``, ``cardiothoracic-ratio``, ``cardiovascular``; empty for vital signs and where there is
    none."""
    unit: str = ""
    """UCUM, where the value is a measure and no probability."""
    contributions: tuple[Contribution, ...] = ()
    """What the value is made of, where the model says it at once: of NEWS2 the points of each parameter."""
    mode: Mode = "live"
    """Whether it is part of the score, or was made beside it and is shown to nobody."""


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
    """Of vital signs first, then of slower evidence; which of them the whole is made of says `streams.fusion.fuse`."""
    corrected: bool
    """True where a fact in the models' window has been replaced or withdrawn."""
    stale: bool
    """True once a tick found nothing new for longer than the setting allows."""
    degraded: bool
    """True where a learned model could not be asked and NEWS2 stands alone."""
    basis: tuple[str, ...]
    """``ImagingStudy/<id>`` of the studies, ``DocumentReference/<id>`` of the notes, then ``Observation/<id>`` or
    ``Flag/<id>`` of the newest facts used, of these at most 50."""
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
    fusion: str = ""
    """Version of the rule: its kind and a digest of the file that a site may edit."""
    contributions: tuple[Contribution, ...] = ()
    """What each modality did to the index, in log-odds; largest first. Empty where there is no level."""
    held: bool = False
    """True where NEWS2's own level holds the whole up: without it level and index would be lower."""
    conflict: tuple[str, ...] = ()
    """The modality that raises most and the one that lowers most, where both do so by more than the rule calls a
    conflict."""
    missing: tuple[str, ...] = ()
    """Modalities of the rule of which there is no evidence; they moved nothing."""
    would_change: tuple[Change, ...] = ()
    """The nearest single change that would raise the level, and the nearest that would lower it; where any would."""
