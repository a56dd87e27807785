"""What models say of a patient, and the fused score with its corrections."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.clock import Instant

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
