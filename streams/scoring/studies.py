"""What models said of a patient's imaging studies, to predictions as they stand at the score's instant.

Of each model the newest study counts of which it said something that is still fresh. Nothing is imputed: a patient
without a study has no prediction of one, and what a model refused is ``indeterminate`` with its reason.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from streams.clock import DAY, Instant
from streams.records import Level, Prediction
from streams.timeline.series import Snapshot
from streams.timeline.studies import Found, HeldFinding, HeldStudy

HEART = "chest_heart_unet"
RATIO = "cardiothoracic-ratio"
FRESH_MS: dict[str, Instant] = {HEART: 7 * DAY}
"""How far the time of the images may lie from the score's ``as_of``, either way: the size of a heart changes over
weeks, a film of last month says little of today. Chosen by us, not fitted."""
FRESH_OTHERWISE_MS: Instant = 3 * DAY
LARGE = 0.55
"""Cardiothoracic ratio from which a heart counts as large. Above 0.5 is unusual (Danzer 1919); the difference leaves
room for the error of the outlines and for how deep the breath was."""
TRUE_TO_SIZE = "PA"
"""View on which the heart is hardly magnified; the ratio of any other is published and counts for nothing."""


class _Said(NamedTuple):
    study: HeldStudy
    finding: HeldFinding
    stale: str
    """Why it is not fresh: ``stale:study``, ``ahead:study``; empty where it is."""

    @property
    def stands(self) -> bool:
        return self.finding.status == "ok" and not self.stale

    @property
    def is_evidence(self) -> bool:
        return self.stands and any(
            _is_ratio(self.finding, one) and not _remarks(self.finding, one) for one in self.finding.found
        )


def of_studies(snapshot: Snapshot) -> tuple[Prediction, ...]:
    """Return the predictions that imaging studies bring to one patient's score, ascending by model and finding."""
    by_model: defaultdict[str, list[_Said]] = defaultdict(list)
    for study in snapshot.studies:
        for finding in study.findings:
            by_model[finding.model].append(_Said(study, finding, _staleness(finding.model, study, snapshot.as_of)))
    found: list[Prediction] = []
    for model in sorted(by_model):
        # Studies come in order of their time, so that of two that stand the newer one is last. One that counts for
        # nothing, as a film from the front, takes no evidence away.
        said = max(enumerate(by_model[model]), key=lambda one: (one[1].is_evidence, one[1].stands, one[0]))[1]
        found.extend(_predictions(said, snapshot.patient_id))
    return tuple(found)


def counts(prediction: Prediction) -> bool:
    """Tell whether a prediction is evidence of the heart that may raise a level."""
    known = prediction.model == HEART and prediction.finding == RATIO
    return known and prediction.value is not None and not prediction.reasons


def level_of_ratio(ratio: float) -> Level:
    """Return what a cardiothoracic ratio may raise a level to, at most."""
    return "low-medium" if bisect_right((LARGE,), ratio) else "low"


def _staleness(model: str, study: HeldStudy, as_of: Instant) -> str:
    limit = FRESH_MS.get(model, FRESH_OTHERWISE_MS)
    if as_of - study.as_of > limit:
        return "stale:study"
    return "ahead:study" if study.as_of - as_of > limit else ""


def _predictions(said: _Said, patient_id: str) -> Iterable[Prediction]:
    if not said.stands or not said.finding.found:
        reasons = (*said.finding.reasons, said.stale) if said.stale else said.finding.reasons
        yield Prediction(
            patient_id=patient_id,
            model=said.finding.model,
            version=said.finding.version,
            as_of=said.study.as_of,
            status="unavailable" if said.finding.status == "unavailable" else "indeterminate",
            reasons=reasons or ("nothing-found",),
            study=said.study.resource_id,
        )
        return
    for one in sorted(said.finding.found, key=lambda one: (one.name, one.kind, one.value)):
        yield Prediction(
            patient_id=patient_id,
            model=said.finding.model,
            version=said.finding.version,
            as_of=said.study.as_of,
            status="ok",
            value=one.value,
            level=_level(said.finding, one),
            reasons=_remarks(said.finding, one),
            study=said.study.resource_id,
            finding=one.name,
            unit=one.unit,
        )


def _is_ratio(finding: HeldFinding, one: Found) -> bool:
    return finding.model == HEART and one.name == RATIO


def _level(finding: HeldFinding, one: Found) -> Level:
    return level_of_ratio(one.value) if _is_ratio(finding, one) and not _remarks(finding, one) else one.level


def _remarks(finding: HeldFinding, one: Found) -> tuple[str, ...]:
    if _is_ratio(finding, one) and finding.view != TRUE_TO_SIZE:
        return (f"view:{finding.view or 'unknown'}",)
    return ()
