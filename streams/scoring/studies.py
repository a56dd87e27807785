"""What models said of a patient's imaging studies, to predictions as they stand at the score's instant.

Of each model the newest study counts of which it said something that is still fresh. Nothing is imputed: a patient
without a study has no prediction of one, and what a model refused is ``indeterminate`` with its reason. A child's film
is no evidence by the measure of adults, nor is one of somebody whose age neither film nor record tells.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from streams.clock import DAY, Instant
from streams.records import AGE_UNKNOWN, Level, Prediction
from streams.scoring.age import is_adult
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
TOO_YOUNG = "age"
"""Reason: by the record's birth date the film is a child's, in whom a wider heart is usual."""


def of_studies(snapshot: Snapshot) -> tuple[Prediction, ...]:
    """Return the predictions that imaging studies bring to one patient's score, ascending by model and finding."""
    found: list[Prediction] = []
    born = snapshot.birth_date
    for said in by_model(snapshot, notes=False, fresh_ms=FRESH_MS, otherwise_ms=FRESH_OTHERWISE_MS).values():
        # Studies come in order of their time, so that of two that stand the newer one is last. One that counts for
        # nothing, as a film from the front, takes no evidence away.
        one = max(enumerate(said), key=lambda each: (_is_evidence(each[1], born), each[1].stands, each[0]))[1]
        found.extend(_predictions(one, snapshot))
    return tuple(found)


def counts(prediction: Prediction) -> bool:
    """Tell whether a prediction is evidence of the heart that may raise a level."""
    known = prediction.model == HEART and prediction.finding == RATIO
    return known and prediction.value is not None and not prediction.reasons


def level_of_ratio(ratio: float) -> Level:
    """Return what a cardiothoracic ratio may raise a level to, at most."""
    return "low-medium" if bisect_right((LARGE,), ratio) else "low"


def _is_evidence(said: Said, born: str) -> bool:
    ratios = [one for one in said.finding.found if _is_ratio(said.finding, one)]
    return said.stands and any(not _remarks(said, one, born) for one in ratios)


def _predictions(said: Said, snapshot: Snapshot) -> Iterable[Prediction]:
    if not said.stands:
        yield refused(said, snapshot.patient_id)
        return
    for one in sorted(said.finding.found, key=lambda one: (one.name, one.kind, one.value)):
        remarks = _remarks(said, one, snapshot.birth_date)
        yield stated(said, one, snapshot.patient_id, _level(said.finding, one, remarks), remarks)


def _is_ratio(finding: HeldFinding, one: Found) -> bool:
    return finding.model == HEART and one.name == RATIO


def _level(finding: HeldFinding, one: Found, remarks: tuple[str, ...]) -> Level:
    return level_of_ratio(one.value) if _is_ratio(finding, one) and not remarks else one.level


def _remarks(said: Said, one: Found, born: str) -> tuple[str, ...]:
    """Return why what is said counts for nothing, or what of it nobody could check; empty where there is neither."""
    if not _is_ratio(said.finding, one):
        return said.finding.reasons
    view = said.finding.view
    seen = () if view == TRUE_TO_SIZE else (f"view:{view or 'unknown'}",)
    return (*seen, *_of_age(said, is_adult(born, said.study.as_of)))


def _of_age(said: Said, adult: bool | None) -> tuple[str, ...]:
    """Return what the record's birth date adds to, or takes from, what was not known of the picture."""
    if adult is None:
        return said.finding.reasons
    told = tuple(reason for reason in said.finding.reasons if reason != AGE_UNKNOWN)
    return told if adult else (*told, TOO_YOUNG)
