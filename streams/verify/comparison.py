"""Expectation against what stands: state, last scores, dead letters and the Redis view, patient by patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from streams.fusion.stage import Cutoffs
from streams.modes.standing import Standing
from streams.publish.alerts_view import AlertRow
from streams.publish.identity import facts_digest, version_id
from streams.publish.keys import INDETERMINATE
from streams.publish.retirement import Retirement, write
from streams.publish.summary import Summary, read
from streams.records import RiskScore
from streams.timeline.held import Held
from streams.timeline.snapshot import as_of
from streams.timeline.timeline import Timeline
from streams.verify.evidence import View
from streams.verify.expectation import Letter
from streams.verify.findings import Finding, counted
from streams.verify.offline import OfflineScorer
from streams.workers.assessment import Case, case_of, judge
from streams.workers.serving import Serving

TOLERANCE = 1e-5
"""Largest difference between a model's published value and the same model run offline on the same facts."""


INDEX_TOLERANCE = 0.2
"""Largest difference of the index, in points: what `TOLERANCE` comes to at a probability near 0."""


def compare_states(expected: Mapping[str, Timeline], found: Mapping[str, Timeline]) -> list[Finding]:
    """Hold the restored state against the union of all inputs."""
    missing = wrong = extra = people = 0
    for patient_id, timeline in expected.items():
        want, have = _facts(timeline), _facts(found.get(patient_id))
        missing += len(want.keys() - have.keys())
        extra += len(have.keys() - want.keys())
        wrong += sum(want[key] != have[key] for key in want.keys() & have.keys())
        people += _people(timeline) != _people(found.get(patient_id))
    extra += sum(len(_facts(t)) for p, t in found.items() if p not in expected)
    return counted(
        {
            "state: facts missing": missing,
            "state: facts wrong": wrong,
            "state: facts nobody sent": extra,
            "state: patients with other demographics, stays or studies": people,
        }
    )


def compare_copies(expected: Mapping[str, Timeline], copies: Iterable[tuple[str, Timeline]]) -> list[Finding]:
    """Hold what was sent on of retired ids and aliases against the union of all inputs."""
    differ = sum(_facts(expected.get(identity)) != _facts(copy) for identity, copy in copies)
    return counted({"state: copies of merged identities that differ": differ})


def _people(timeline: Timeline | None) -> object:
    return ({}, {}, {}) if timeline is None else (timeline.patients, timeline.encounters, timeline.studies.held)


def _facts(timeline: Timeline | None) -> dict[tuple[str, str], Held]:
    if timeline is None:
        return {}
    return {resource.key: resource for resource in timeline.resources()}


def compare_letters(expected: set[Letter], found: Iterable[Letter]) -> list[Finding]:
    """Hold the dead letters against those that the inputs must have become."""
    there = set(found)
    return counted({"dead letters missing": len(expected - there), "dead letters of nothing": len(there - expected)})


def expected_scores(
    patients: Mapping[str, Sequence[Timeline]],
    cutoffs: Mapping[str, Cutoffs],
    serving: Serving,
    scorer: OfflineScorer | None,
) -> dict[str, tuple[RiskScore, str]]:
    """Judge every patient offline and return the score and its version id.

    Parameters
    ----------
    serving
        What is live now: whoever was judged by something else is owed a score, and differs until that is paid.
    scorer
        Of the live version; None where none is.
    """
    cases: dict[str, Case] = {}
    for patient_id, timelines in patients.items():
        limit = cutoffs.get(patient_id, Cutoffs())
        case = case_of(patient_id, timelines, serving.live, cutoffs=limit, received_at=None)
        if case is not None:
            cases[patient_id] = case
    asked = [p for p, case in cases.items() if case.sufficient] if scorer is not None else []
    rows = [cases[p].prepared.tensors for p in asked]
    outcomes = dict(zip(asked, scorer.score(rows), strict=True)) if scorer is not None and rows else {}
    scores = {
        p: judge(case, outcomes.get(p), serving.live, serving.rule, serving.standing) for p, case in cases.items()
    }
    return {p: (score, version_id(score, facts_digest(cases[p].snapshot))) for p, score in scores.items()}


def expected_retirements(retired: Iterable[tuple[str, str]], timelines: Mapping[str, Timeline]) -> dict[str, bytes]:
    """Return the last word that must stand of every retired id that something clinical came under."""
    found = ((name, survivor, as_of([timelines[name]])) for name, survivor in retired)
    return {name: write(Retirement(name, survivor, at)) for name, survivor, at in found if at is not None}


def compare_retirements(
    expected: Mapping[str, bytes], last: Mapping[str, bytes], retired: Set[str], is_known: Callable[[str], bool]
) -> list[Finding]:
    """Hold the last words on retired ids against those that must stand.

    An id under which nothing clinical came has one where it was ever scored by another's facts, which the record does
    not tell.
    """
    wrong = sum(last.get(name) != value for name, value in expected.items())
    nobody = sum(not is_known(name) for name in retired - expected.keys())
    return counted({"retired ids without their last word": wrong, "retired ids of nobody": nobody})


def compare_scores(
    expected: Mapping[str, tuple[RiskScore, str]], last: Mapping[str, bytes]
) -> tuple[list[Finding], float]:
    """Hold every patient's last word on the results topic against the score recomputed offline.

    Returns
    -------
    findings
        Scores missing, of nobody, as of another instant, of another version, in another place, with other values, or
        with another index.
    largest
        Largest difference of a model's value.
    """
    kinds = (
        "missing",
        "as of another instant",
        "of another version",
        "in another place",
        "with other values",
        "with another index",
    )
    counts = dict.fromkeys(kinds, 0)
    largest = 0.0
    for patient_id, (score, version) in expected.items():
        if patient_id not in last:
            counts["missing"] += 1
            continue
        found = read(last[patient_id])
        difference = _difference(score, found)
        largest = max(largest, difference)
        counts["as of another instant"] += found.as_of != score.as_of
        counts["of another version"] += found.version_id != version
        counts["in another place"] += (found.ward, found.bed) != (score.ward, score.bed)
        counts["with other values"] += difference > TOLERANCE or found.level != score.level
        counts["with another index"] += abs(_place(score.index) - _place(found.index)) > INDEX_TOLERANCE
    counts["of nobody"] = len(last.keys() - expected.keys())
    return counted({f"scores {kind}": count for kind, count in counts.items()}), largest


def _difference(score: RiskScore, found: Summary) -> float:
    values = {(m.model, m.finding, m.study): m.value for m in found.models}
    pairs = [(p.value, values.get((p.model, p.finding, p.study))) for p in score.predictions]
    differences = [abs((ours or 0.0) - (theirs or 0.0)) for ours, theirs in pairs]
    unlike = len(values) != len(pairs) or any((ours is None) != (theirs is None) for ours, theirs in pairs)
    return float("inf") if unlike else max(differences, default=0.0)


def compare_latest(last: Mapping[str, bytes], latest: Mapping[str, bytes]) -> list[Finding]:
    """Hold the compacted topic against the last words on the results topic."""
    return counted(
        {
            "latest: patients missing": len(last.keys() - latest.keys()),
            "latest: patients of nobody": len(latest.keys() - last.keys()),
            "latest: not the last word": sum(latest[p] != last[p] for p in last.keys() & latest.keys()),
        }
    )


def compare_view(
    last: Mapping[str, bytes], view: View, retired: Set[str] = frozenset(), expired: Set[str] = frozenset()
) -> list[Finding]:
    """Hold Redis against the last words on the results topic, and the rankings against those that are not retired.

    Parameters
    ----------
    expired
        Patients that the view need not remember any more: where one is not there, nothing of it is asked.
    """
    gone = expired - view.latest.keys()
    last = {p: value for p, value in last.items() if p not in gone}
    scores = {p: read(value) for p, value in last.items() if p not in retired}
    wanted = {p: _place(score.index) for p, score in scores.items()}
    wards = {(score.ward, p): wanted[p] for p, score in scores.items() if score.ward}
    ranked = {(ward, p): place for ward, places in view.wards.items() for p, place in places.items()}
    return counted(
        {
            "Redis: patients missing": len(last.keys() - view.latest.keys()),
            "Redis: patients of nobody": len(view.latest.keys() - last.keys()),
            "Redis: not the last word": sum(view.latest[p] != last[p] for p in last.keys() & view.latest.keys()),
            "Redis: wrong places in the ranking": sum(view.ranking.get(p) != place for p, place in wanted.items()),
            "Redis: ranked patients of nobody": len(view.ranking.keys() - wanted.keys() - gone),
            "Redis: wrong places in the ranking of a ward": sum(ranked.get(k) != place for k, place in wards.items()),
            "Redis: patients ranked in a ward they are not in": sum(
                p not in gone for _, p in ranked.keys() - wards.keys()
            ),
        }
    )


def compare_alerts(alerts: Mapping[str, AlertRow], view: View) -> list[Finding]:
    """Hold the open alerts in Redis against the newest words on `risk.alerts`."""
    wanted = {name: word.json for name, word in alerts.items() if word.is_open}
    lists = {(w.patient_id, w.alert_id): {"", w.ward} for w in alerts.values() if w.is_open}
    return counted(
        {
            "Redis: alerts in wrong lists": sum(
                lists.get(name) != view.alert_lists.get(name) for name in lists.keys() | view.alert_lists.keys()
            ),
            "Redis: open alerts missing": len(wanted.keys() - view.alerts.keys()),
            "Redis: open alerts that have ended": len(view.alerts.keys() - wanted.keys()),
            "Redis: open alerts by another word": sum(
                view.alerts[name] != wanted[name] for name in wanted.keys() & view.alerts.keys()
            ),
        }
    )


def compare_modes(standing: Standing, view: View) -> list[Finding]:
    """Hold the modes of models in Redis against those that stand."""
    wanted = {model: record.change for model, record in standing.models.items()}
    differ = sum(wanted.get(model) != view.modes.get(model) for model in wanted.keys() | view.modes.keys())
    return counted({"Redis: models with other modes": differ})


def _place(index: float | None) -> float:
    return INDETERMINATE if index is None else index
