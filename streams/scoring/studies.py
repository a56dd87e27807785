"""What models said of a patient's imaging studies, to predictions as they stand at the score's instant.

Of each model the newest study counts of which it said something that is still fresh. Nothing is imputed: a patient
without a study has no prediction of one, and what a model refused is ``indeterminate`` with its reason.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from streams.clock import DAY, Instant
from streams.records import Level, Prediction
from streams.scoring.said import Said, by_model, refused, stated
from streams.timeline.series import Snapshot
from streams.timeline.studies import Found, HeldFinding

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


def of_studies(snapshot: Snapshot) -> tuple[Prediction, ...]:
    """Return the predictions that imaging studies bring to one patient's score, ascending by model and finding."""
    found: list[Prediction] = []
    for said in by_model(snapshot, notes=False, fresh_ms=FRESH_MS, otherwise_ms=FRESH_OTHERWISE_MS).values():
        # Studies come in order of their time, so that of two that stand the newer one is last. One that counts for
        # nothing, as a film from the front, takes no evidence away.
        one = max(enumerate(said), key=lambda each: (_is_evidence(each[1]), each[1].stands, each[0]))[1]
        found.extend(_predictions(one, snapshot.patient_id))
    return tuple(found)


def counts(prediction: Prediction) -> bool:
    """Tell whether a prediction is evidence of the heart that may raise a level."""
    known = prediction.model == HEART and prediction.finding == RATIO
    return known and prediction.value is not None and not prediction.reasons


def level_of_ratio(ratio: float) -> Level:
    """Return what a cardiothoracic ratio may raise a level to, at most."""
    return "low-medium" if bisect_right((LARGE,), ratio) else "low"


def _is_evidence(said: Said) -> bool:
    ratios = [one for one in said.finding.found if _is_ratio(said.finding, one)]
    return said.stands and any(not _remarks(said.finding, one) for one in ratios)


def _predictions(said: Said, patient_id: str) -> Iterable[Prediction]:
    if not said.stands:
        yield refused(said, patient_id)
        return
    for one in sorted(said.finding.found, key=lambda one: (one.name, one.kind, one.value)):
        yield stated(said, one, patient_id, _level(said.finding, one), _remarks(said.finding, one))


def _is_ratio(finding: HeldFinding, one: Found) -> bool:
    return finding.model == HEART and one.name == RATIO


def _level(finding: HeldFinding, one: Found) -> Level:
    return level_of_ratio(one.value) if _is_ratio(finding, one) and not _remarks(finding, one) else one.level


def _remarks(finding: HeldFinding, one: Found) -> tuple[str, ...]:
    if _is_ratio(finding, one) and finding.view != TRUE_TO_SIZE:
        return (f"view:{finding.view or 'unknown'}",)
    return ()
