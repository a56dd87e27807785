"""A patient at one clinical instant, as the models see them: the timeline's usable facts in one set of arrays."""

from __future__ import annotations

import numpy as np

from streams.clock import Instant
from streams.timeline.corrections import newest
from streams.timeline.hour import UNDATED, Columns
from streams.timeline.series import Series, Snapshot, series_of
from streams.timeline.timeline import Timeline

BASIS_LIMIT = 50


def as_of(timeline: Timeline) -> Instant | None:
    """Return the newest ``effective_at`` among the usable facts.

    Where all of them have been withdrawn it is the horizon, so that a score once published can be taken back; None
    where nothing clinical was ever accepted.
    """
    newest = (h.columns.newest_at for h in timeline.hours.values() if h.columns.newest_at is not None)
    return max(newest, default=timeline.horizon)


def snapshot(patient_id: str, timeline: Timeline) -> Snapshot | None:
    """Return what the models may see of this patient now; None where nothing clinical was ever accepted."""
    columns = [timeline.hours[n].columns for n in sorted(timeline.hours) if n > UNDATED]
    instant = as_of(timeline)
    if instant is None:
        return None
    birth_date, sex = demographics(timeline)
    basis, count, encounter_id = _basis(columns)
    corrections, corrected = newest(c for hour in timeline.hours.values() for c in hour.columns.corrections)
    return Snapshot(
        patient_id,
        instant,
        _series(columns),
        birth_date,
        sex,
        encounter_id,
        corrected > 0,
        basis,
        count,
        corrections,
        corrected,
    )


def demographics(timeline: Timeline) -> tuple[str, str]:
    """Return birth date and sex from the Patient resource whose version is highest; empty where none says them."""
    known = [p for p in timeline.patients.values() if not p.withdrawn]
    ranked = sorted(known, key=lambda p: (p.version, p.source, p.resource_id), reverse=True)
    birth_date = next((p.birth_date for p in ranked if p.birth_date), "")
    sex = next((p.sex for p in ranked if p.sex), "")
    return birth_date, sex


def _series(columns: list[Columns]) -> Series:
    if not columns:
        return series_of([])
    return Series(
        np.concatenate([c.quantity for c in columns]),
        np.concatenate([c.effective_at for c in columns]),
        np.concatenate([c.value for c in columns]),
    )


def _basis(columns: list[Columns]) -> tuple[tuple[str, ...], int, str]:
    newest: list[str] = []
    encounter = ""
    for column in reversed(columns):
        room = BASIS_LIMIT - len(newest)
        if room <= 0:
            break
        newest.extend(resource_id for _, resource_id, _ in reversed(column.basis[-room:]))
        encounter = encounter or next((e for _, _, e in reversed(column.basis) if e), "")
    return tuple(newest), sum(len(c.basis) for c in columns), encounter
