"""A patient at one clinical instant, as the models see them: the timeline's usable facts in one set of arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.clock import HOUR, Instant
from streams.timeline.columns import Basis, Columns
from streams.timeline.corrections import newest
from streams.timeline.place import place
from streams.timeline.rows import NEVER
from streams.timeline.series import Series, Snapshot
from streams.timeline.stretch import united
from streams.timeline.studies import Key, in_order
from streams.timeline.timeline import Timeline

BASIS_LIMIT = 50


def as_of(timelines: Sequence[Timeline]) -> Instant | None:
    """Return the newest ``effective_at`` among the usable facts of one patient.

    Where all of them have been withdrawn it is the horizon, so that a score once published can be taken back; None
    where nothing clinical was ever accepted.
    """
    newest = max((timeline.facts.newest_usable() for timeline in timelines), default=NEVER)
    return newest if newest > NEVER else max((t.horizon for t in timelines if t.horizon is not None), default=None)


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
    birth_date, sex = demographics(patient_id, timelines)
    basis, count, named = _basis(found)
    where = place(timelines, named)
    replaced = _replaced(timelines)
    of_studies = [c for timeline in timelines for c in timeline.studies.corrections(replaced)]
    corrections, corrected = newest([*of_studies, *(c for columns in found for c in columns.corrections)])
    return Snapshot(
        patient_id,
        instant,
        _series(found),
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
        in_order(one for timeline in timelines for one in timeline.studies.standing(replaced)),
    )


def _replaced(timelines: Sequence[Timeline]) -> dict[Key, Instant]:
    """Return the notes whose place others take, each with the earliest change that did; whatever that does in circles.

    A note that is itself replaced keeps the place that it took: what it stood for is not brought back.
    """
    found: dict[Key, Instant] = {}
    for timeline in timelines:
        if timeline.studies.held:
            for key, at in timeline.studies.taken_places():
                found[key] = min(at, found.get(key, at))
    return found


def _columns(timelines: Sequence[Timeline]) -> list[Columns]:
    """Return the columns of all stretches, ascending; those that several identities have facts in are made anew."""
    if len(timelines) == 1:
        return timelines[0].facts.columns()
    return united([(stretch, t.facts.words) for t in timelines for stretch in t.facts.stretches])


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
    if len(columns) == 1:
        return Series(columns[0].quantity, columns[0].effective_at, columns[0].value)
    return Series(
        np.concatenate([c.quantity for c in columns]),
        np.concatenate([c.effective_at for c in columns]),
        np.concatenate([c.value for c in columns]),
    )


def _basis(columns: list[Columns]) -> tuple[tuple[str, ...], int, str]:
    """Return the newest resources, the count of all, and the encounter that the newest of them names that names one."""
    newest: list[Basis] = []
    for one in reversed(columns):
        if len(newest) == BASIS_LIMIT:
            break
        newest += one.newest(BASIS_LIMIT - len(newest))
    encounter = next((name for _, _, name in newest if name), "")
    if newest and not encounter:
        # Within the hour of the oldest of them, and no further back.
        since = newest[-1][0] // HOUR * HOUR
        encounter = max((found for one in columns for found in one.naming(since)), default=(0, "", ""))[2]
    return tuple(resource_id for _, resource_id, _ in newest), sum(c.count for c in columns), encounter
