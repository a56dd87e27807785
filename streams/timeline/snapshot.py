"""A patient at one clinical instant, as the models see them: the timeline's usable facts in one set of arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from streams.clock import Instant
from streams.timeline.corrections import newest
from streams.timeline.hour import UNDATED, Columns, Hour, united
from streams.timeline.place import place
from streams.timeline.series import Series, Snapshot, series_of
from streams.timeline.timeline import Timeline

BASIS_LIMIT = 50


def as_of(timelines: Sequence[Timeline]) -> Instant | None:
    """Return the newest ``effective_at`` among the usable facts of one patient.

    Where all of them have been withdrawn it is the horizon, so that a score once published can be taken back; None
    where nothing clinical was ever accepted.
    """
    newest = [h.columns.newest_at for t in timelines for h in t.hours.values() if h.columns.newest_at is not None]
    return max(newest) if newest else max((t.horizon for t in timelines if t.horizon is not None), default=None)


def snapshot(patient_id: str, timelines: Sequence[Timeline]) -> Snapshot | None:
    """Return what the models may see of this patient now; None where nothing clinical was ever accepted.

    Parameters
    ----------
    timelines
        Of every identity whose facts are this patient's.
    """
    instant = as_of(timelines)
    if instant is None:
        return None
    found = _columns(timelines)
    dated = [found[number] for number in sorted(found) if number > UNDATED]
    birth_date, sex = demographics(patient_id, timelines)
    basis, count, named = _basis(dated)
    where = place(timelines, named)
    corrections, corrected = newest(c for columns in found.values() for c in columns.corrections)
    return Snapshot(
        patient_id,
        instant,
        _series(dated),
        birth_date,
        sex,
        where.encounter_id or named,
        corrected > 0,
        basis,
        count,
        corrections,
        corrected,
        where.ward,
        where.bed,
    )


def _columns(timelines: Sequence[Timeline]) -> dict[int, Columns]:
    """Return the columns of every hour; those of an hour that several identities have facts in are made anew."""
    if len(timelines) == 1:
        return {number: hour.columns for number, hour in timelines[0].hours.items()}
    hours: defaultdict[int, list[Hour]] = defaultdict(list)
    for timeline in timelines:
        for number, hour in timeline.hours.items():
            hours[number].append(hour)
    return {number: united(each) for number, each in hours.items()}


def demographics(patient_id: str, timelines: Sequence[Timeline]) -> tuple[str, str]:
    """Return birth date and sex; empty where no Patient resource says them.

    The patient's own resource comes before those of retired records, then the higher version.
    """
    known = [p for t in timelines for p in t.patients.values() if not p.withdrawn]
    ranked = sorted(
        known, key=lambda p: (p.resource_id == patient_id, p.version, p.source, p.resource_id), reverse=True
    )
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
