"""One thing that was said of an imaging study or a note, to a prediction of one patient's score."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from streams.clock import Instant
from streams.records import Level, Prediction
from streams.timeline.series import Snapshot
from streams.timeline.studies import Found, HeldFinding, HeldStudy


class Said(NamedTuple):
    """What one model said of one study or note."""

    study: HeldStudy
    finding: HeldFinding
    stale: str
    """Why it is not fresh: ``stale:study``, ``ahead:note``, ...; empty where it is."""

    @property
    def stands(self) -> bool:
        """Whether it says anything that is still fresh."""
        return self.finding.status == "ok" and not self.stale and bool(self.finding.found)


def by_model(snapshot: Snapshot, *, notes: bool, fresh_ms: dict[str, Instant], otherwise_ms: Instant) -> dict[
    str, list[Said]
]:  # fmt: skip
    """Return what was said of a patient's studies, or of the notes, by model, ascending; each in order of time."""
    found: defaultdict[str, list[Said]] = defaultdict(list)
    for study in snapshot.studies:
        if study.is_note == notes:
            for finding in study.findings:
                stale = staleness(study, snapshot.as_of, fresh_ms.get(finding.model, otherwise_ms))
                found[finding.model].append(Said(study, finding, stale))
    return dict(sorted(found.items()))


def staleness(study: HeldStudy, as_of: Instant, limit: Instant) -> str:
    """Return why what was said is too far from the score's instant, either way; empty where it is not."""
    kind = "note" if study.is_note else "study"
    if as_of - study.as_of > limit:
        return f"stale:{kind}"
    return f"ahead:{kind}" if study.as_of - as_of > limit else ""


def refused(said: Said, patient_id: str) -> Prediction:
    """Return that a model says nothing, and why."""
    reasons = (*said.finding.reasons, said.stale) if said.stale else said.finding.reasons
    return Prediction(
        patient_id=patient_id,
        model=said.finding.model,
        version=said.finding.version,
        as_of=said.study.as_of,
        status="unavailable" if said.finding.status == "unavailable" else "indeterminate",
        reasons=reasons or ("nothing-found",),
        study=said.study.resource_id,
    )


def stated(said: Said, one: Found, patient_id: str, level: Level, reasons: tuple[str, ...] = ()) -> Prediction:
    """Return one thing that a model says."""
    return Prediction(
        patient_id=patient_id,
        model=said.finding.model,
        version=said.finding.version,
        as_of=said.study.as_of,
        status="ok",
        value=one.value,
        level=level,
        reasons=reasons,
        study=said.study.resource_id,
        finding=one.name,
        unit=one.unit,
    )
