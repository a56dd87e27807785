"""A learned model's row and what became of it, to a Prediction."""

from __future__ import annotations

from streams.inference.manifest import Manifest
from streams.inference.outcomes import Contract, Outcome, Value
from streams.modalities.vitals import Prepared
from streams.records import Level, Prediction, Status
from streams.timeline.series import Snapshot


def insufficient(snapshot: Snapshot, prepared: Prepared, spec: Manifest) -> Prediction:
    """Return the ``indeterminate`` prediction of a patient whose input does not suffice; the model is not asked.

    The reasons are those of `prepared`: which vital sign is missing or too old.
    """
    return _prediction(snapshot, prepared, spec, "indeterminate", None, prepared.reasons)


def learned(snapshot: Snapshot, prepared: Prepared, outcome: Outcome, spec: Manifest) -> Prediction:
    """Judge one patient by a model's answer.

    Parameters
    ----------
    outcome
        A value becomes ``ok`` with the manifest's level; no answer ``unavailable`` (a debt); an answer outside the
        contract ``indeterminate`` with reason ``contract:nan``, ``contract:range``, ``contract:shape`` or
        ``contract:refused``.
    """
    if prepared.reasons:
        return insufficient(snapshot, prepared, spec)
    if isinstance(outcome, Value):
        return _prediction(snapshot, prepared, spec, "ok", outcome.value, ())
    if isinstance(outcome, Contract):
        return _prediction(snapshot, prepared, spec, "indeterminate", None, (f"contract:{outcome.reason}",))
    return _prediction(snapshot, prepared, spec, "unavailable", None, (outcome.reason,))


def _prediction(
    snapshot: Snapshot,
    prepared: Prepared,
    spec: Manifest,
    status: Status,
    value: float | None,
    reasons: tuple[str, ...],
) -> Prediction:
    level: Level = "indeterminate" if value is None else spec.level(value)
    return Prediction(
        patient_id=snapshot.patient_id,
        model=spec.name,
        version=spec.version,
        as_of=snapshot.as_of,
        status=status,
        value=value,
        level=level,
        reasons=reasons,
        inputs=prepared.inputs,
    )
