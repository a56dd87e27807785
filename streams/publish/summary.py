"""A published RiskAssessment read back: what `verify`, the cache and readers need of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from streams.clock import Instant
from streams.errors import ContractError
from streams.publish import terms
from streams.records import Change, Contribution, Level, Status, direction_of


class ModelSummary(msgspec.Struct, frozen=True):
    """One model's part in a published score."""

    model: str
    version: str
    status: Status
    value: float | None
    """Exactly the prediction's value: probability 0..1 or score."""
    level: Level
    reasons: tuple[str, ...]
    study: str = ""
    """``ImagingStudy/<id>``; empty for a model of vital signs."""
    finding: str = ""
    unit: str = ""
    """UCUM where the value is a measure; empty for a probability or a score."""
    contributions: tuple[Contribution, ...] = ()


class Summary(msgspec.Struct, frozen=True):
    """A published score; the counterpart of `RiskScore`."""

    resource_id: str
    version_id: str
    patient_id: str
    as_of: Instant
    level: Level
    index: float | None
    corrected: bool
    stale: bool
    silent: bool
    degraded: bool
    encounter_id: str
    basis: tuple[str, ...]
    basis_count: int
    reasons: tuple[str, ...]
    models: tuple[ModelSummary, ...]
    ward: str = ""
    bed: str = ""
    fusion: str = ""
    """Version of the rule."""
    contributions: tuple[Contribution, ...] = ()
    """Of the modalities, largest first; without words, as in `would_change`: those stand in the rationale."""
    conflict: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    would_change: tuple[Change, ...] = ()


class _Reference(msgspec.Struct, frozen=True):
    reference: str


class _Extension(msgspec.Struct, frozen=True):
    url: str
    value_decimal: float | None = msgspec.field(default=None, name="valueDecimal")
    value_integer: int | None = msgspec.field(default=None, name="valueInteger")
    value_boolean: bool | None = msgspec.field(default=None, name="valueBoolean")
    value_string: str | None = msgspec.field(default=None, name="valueString")
    value_code: str | None = msgspec.field(default=None, name="valueCode")
    value_reference: _Reference | None = msgspec.field(default=None, name="valueReference")
    extension: tuple[_Extension, ...] = ()

    @property
    def value(self) -> Any:
        found = (self.value_decimal, self.value_integer, self.value_boolean, self.value_string, self.value_code)
        plain = next((value for value in found if value is not None), None)
        return self.value_reference.reference if plain is None and self.value_reference else plain


class _Coding(msgspec.Struct, frozen=True):
    code: str
    system: str = ""


class _Concept(msgspec.Struct, frozen=True):
    coding: tuple[_Coding, ...] = ()


class _Prediction(msgspec.Struct, frozen=True):
    qualitative: _Concept = msgspec.field(name="qualitativeRisk")
    extension: tuple[_Extension, ...] = ()


class _Meta(msgspec.Struct, frozen=True):
    version_id: str = msgspec.field(name="versionId")


class _Assessment(msgspec.Struct, frozen=True, tag="RiskAssessment", tag_field="resourceType"):
    id: str
    meta: _Meta
    status: str
    subject: _Reference
    occurrence: datetime = msgspec.field(name="occurrenceDateTime")
    prediction: tuple[_Prediction, ...]
    extension: tuple[_Extension, ...] = ()
    basis: tuple[_Reference, ...] = ()
    encounter: _Reference | None = None
    method: _Concept = _Concept()


_DECODER = msgspec.json.Decoder(_Assessment)


def read(value: bytes) -> Summary:
    """Read a RiskAssessment that `streams.publish.riskassessment.write` wrote.

    Raises
    ------
    ContractError
        Where it is not one of ours.
    """
    try:
        found = _DECODER.decode(value)
        *models, whole = found.prediction
        return _summary(found, tuple(map(_model, models)), whole)
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError, KeyError, TypeError, StopIteration):
        raise ContractError(
            "risk score: expected a RiskAssessment as this version writes it, received something else; "
            "check what else writes this topic"
        ) from None


def _summary(found: _Assessment, models: tuple[ModelSummary, ...], whole: _Prediction) -> Summary:
    marks = {extension.url: extension.value for extension in found.extension}
    place = {part.url: part.value for e in found.extension if e.url == terms.LOCATION for part in e.extension}
    return Summary(
        resource_id=found.id,
        version_id=found.meta.version_id,
        patient_id=found.subject.reference.removeprefix("Patient/"),
        as_of=_instant(found.occurrence),
        level=_level(whole),
        index=next((e.value_decimal for e in whole.extension if e.url == terms.INDEX), None),
        corrected=found.status == "corrected",
        stale=marks.get(terms.STALE, False),
        silent=marks.get(terms.SILENT, False),
        degraded=marks.get(terms.DEGRADED, False),
        encounter_id=found.encounter.reference.removeprefix("Encounter/") if found.encounter else "",
        basis=tuple(basis.reference for basis in found.basis),
        basis_count=marks[terms.BASIS_COUNT],
        reasons=tuple(e.value for e in found.extension if e.url == terms.REASON),
        models=models,
        ward=place.get("ward", ""),
        bed=place.get("bed", ""),
        fusion=next((coding.code for coding in found.method.coding if coding.system == terms.METHODS), ""),
        contributions=_contributions(whole),
        conflict=tuple(part.value for e in whole.extension if e.url == terms.CONFLICT for part in e.extension),
        missing=tuple(e.value for e in whole.extension if e.url == terms.MISSING),
        would_change=tuple(Change(words="", **_named(e)) for e in whole.extension if e.url == terms.WOULD_CHANGE),
    )


def _contributions(prediction: _Prediction) -> tuple[Contribution, ...]:
    return tuple(
        Contribution(direction=direction_of(parts["size"]), words="", **parts)
        for parts in (_named(e) for e in prediction.extension if e.url == terms.CONTRIBUTION)
    )


def _named(extension: _Extension) -> dict[str, Any]:
    return {part.url: part.value for part in extension.extension}


def _model(prediction: _Prediction) -> ModelSummary:
    parts = next(e.extension for e in prediction.extension if e.url == terms.MODEL)
    by_url = {part.url: part.value for part in parts}
    return ModelSummary(
        model=by_url["model"],
        version=by_url["version"],
        status=by_url["status"],
        value=by_url.get("value"),
        level=_level(prediction),
        reasons=tuple(part.value for part in parts if part.url == "reason"),
        study=by_url.get("study", ""),
        finding=by_url.get("finding", ""),
        unit=by_url.get("unit", ""),
        contributions=_contributions(prediction),
    )


def _level(prediction: _Prediction) -> Level:
    code = next(coding.code for coding in prediction.qualitative.coding if coding.system == terms.LEVELS)
    level: Level = msgspec.convert(code, Level)
    return level


def _instant(at: datetime) -> Instant:
    return round(at.timestamp() * 1000)
