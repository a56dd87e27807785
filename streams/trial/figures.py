"""How often a policy calls and how early: figures over all patients of a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

import msgspec

from streams.clock import DAY, HOUR, Instant
from streams.trial.calls import Calls, Stood

WINDOW_MS = 48 * HOUR
"""An alert counts as warning of an outcome that follows within this time."""


class Figures(msgspec.Struct, frozen=True):
    """One policy on one set of patients; None where there is nothing to divide by."""

    title: str
    patients: int
    patient_days: float
    """Between assessments, without pauses of more than 12 hours."""
    alerts: int
    per_patient_day: float | None
    per_100_beds: float | None
    """Alerts a day of 100 occupied beds."""
    calls: int
    """Raised, raised again and steps of escalation."""
    without: float | None
    """Share of patients without any alert."""
    between_h: float | None
    """Median hours between two alerts of one patient."""
    recovered: float | None
    """Share of all alerts that resolved by itself within the record."""
    outcomes: int | None = None
    sensitivity: float | None = None
    """Share of outcomes in whose 48 hours before an alert stood."""
    lead_h: float | None = None
    """Median hours from the first of those alerts to the outcome, 48 at most."""
    followed: float | None = None
    """Share of alerts that stood in the 48 hours before an outcome of the patient."""


def figures(title: str, found: Sequence[Calls], outcomes: Mapping[str, Instant] | None = None) -> Figures:
    """Sum up what a policy would have told of all patients.

    Parameters
    ----------
    outcomes
        Patient to time of the outcome; of patients of the trial alone. None where none are known.
    """
    days = sum(one.observed_ms for one in found) / DAY
    alerts = sum(len(one.alerts) for one in found)
    gaps = [later.raised_at - earlier.raised_at for one in found for earlier, later in pairwise(one.alerts)]
    rate = alerts / days if days else None
    return Figures(
        title,
        len(found),
        days,
        alerts,
        rate,
        None if rate is None else 100 * rate,
        sum(one.called for one in found),
        _share(sum(not one.alerts for one in found), len(found)),
        median(gaps) / HOUR if gaps else None,
        _share(sum(one.recovered for one in found), alerts),
        *_against(found, outcomes),
    )


def _against(
    found: Sequence[Calls], outcomes: Mapping[str, Instant] | None
) -> tuple[int | None, float | None, float | None, float | None]:
    if outcomes is None:
        return None, None, None, None
    known = {one.patient_id: outcomes[one.patient_id] for one in found if one.patient_id in outcomes}
    leads: list[Instant] = []
    followed = 0
    for one in found:
        before = _before(one.alerts, known.get(one.patient_id))
        followed += len(before)
        leads += [max(before)] if before else []
    alerts = sum(len(one.alerts) for one in found)
    lead = median(leads) / HOUR if leads else None
    return len(known), _share(len(leads), len(known)), lead, _share(followed, alerts)


def _before(alerts: Sequence[Stood], at: Instant | None) -> list[Instant]:
    """Return how long before an outcome each alert that stood in its window was raised, the window's length at most."""
    if at is None:
        return []
    stood = (one for one in alerts if one.raised_at <= at and (one.ended_at is None or one.ended_at >= at - WINDOW_MS))
    return [min(at - one.raised_at, WINDOW_MS) for one in stood]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
