"""How often a policy calls and how early: figures over all patients of a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

from streams.clock import DAY, HOUR, Instant
from streams.trial.calls import Calls

WINDOW_MS = 48 * HOUR
"""An alert counts as warning of an outcome that follows within this time."""


class Figures(msgspec.Struct, frozen=True):
    """One policy on one set of patients; None where there is nothing to divide by."""

    title: str
    patients: int
    patient_days: float
    """From each patient's first to last assessment, gaps included."""
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
    """Share of outcomes with an alert in the 48 hours before."""
    lead_h: float | None = None
    """Median hours from the first alert of those 48 hours to the outcome."""
    followed: float | None = None
    """Share of alerts that an outcome of the patient follows within 48 hours."""


def figures(title: str, found: Sequence[Calls], outcomes: Mapping[str, Instant] | None = None) -> Figures:
    """Sum up what a policy would have told of all patients.

    Parameters
    ----------
    outcomes
        Patient to time of the outcome; of patients of the trial alone. None where none are known.
    """
    days = sum(one.last_at - one.first_at for one in found) / DAY
    alerts = sum(len(one.raised) for one in found)
    gaps = [later - earlier for one in found for earlier, later in zip(one.raised, one.raised[1:], strict=False)]
    rate = alerts / days if days else None
    return Figures(
        title,
        len(found),
        days,
        alerts,
        rate,
        None if rate is None else 100 * rate,
        sum(one.called for one in found),
        _share(sum(not one.raised for one in found), len(found)),
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
        at = known.get(one.patient_id)
        before = [] if at is None else [at - raised for raised in one.raised if 0 <= at - raised <= WINDOW_MS]
        followed += len(before)
        leads += [max(before)] if before else []
    alerts = sum(len(one.raised) for one in found)
    lead = median(leads) / HOUR if leads else None
    return len(known), _share(len(leads), len(known)), lead, _share(followed, alerts)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
