"""The order of a feed: recorded resources, shifted to one time line, in the order in which they are to arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from streams.clock import DAY, Instant
from streams.feed.calendar import Align, day_shifts, shifted
from streams.feed.recording import Recorded

Order = Literal["effective", "recorded", "file"]


class Delivery(msgspec.Struct, frozen=True):
    """One record to be fed."""

    key: bytes | None
    """``Patient/<id>``; None where the patient is not known."""
    value: bytes
    """The resource's JSON."""
    at: Instant
    """Its place on the feed's time line."""


class Placement(msgspec.Struct, frozen=True):
    """How a recording is put on the time line."""

    end: Instant
    """The time line ends within the day before this instant."""
    keep_dates: bool = False
    """True: dates stay as recorded."""
    align: Align = "start"
    """Whether patients' feeds begin or end on the same day."""
    order: Order = "effective"
    """By clinical time, by the time of recording (``meta.lastUpdated``, ``issued``), or as the files have it."""


def on_one_time_line(recorded: Sequence[Recorded], placement: Placement) -> list[Delivery]:
    """Shift and order a recording: Patient resources first, then everything by time, ties as in the files.

    In the order of the files nothing is put first: where a Patient comes after its facts, that is part of the record.
    Observations span the time line; other dated resources (encounters, conditions) are sent within it. What has no
    readable time follows the record before it in its file.
    """
    shifts = _shifts(recorded, placement)
    days = [shifts.get(one.outline.patient, 0) for one in recorded]
    times = _times(recorded, days, placement.order)
    ahead = placement.order != "file"
    ranked = sorted(range(len(recorded)), key=lambda i: (not (ahead and _of_patient(recorded[i])), times[i]))
    return [_delivery(recorded[i], days[i], times[i]) for i in ranked]


def _shifts(recorded: Sequence[Recorded], placement: Placement) -> dict[str, int]:
    if placement.keep_dates:
        return {}
    return day_shifts(_observed(recorded), placement.end, placement.align)


def _observed(recorded: Iterable[Recorded]) -> Iterator[tuple[str, Instant]]:
    for one in recorded:
        if one.outline.kind == "Observation" and one.outline.effective is not None:
            yield one.outline.patient, one.outline.effective


def _times(recorded: Sequence[Recorded], days: Sequence[int], order: Order) -> list[Instant]:
    own = [_own_time(one, shift, order) for one, shift in zip(recorded, days, strict=True)]
    dated = [at for one, at in zip(recorded, own, strict=True) if one.outline.kind == "Observation" and at is not None]
    start, end = min(dated, default=0), max(dated, default=0)
    times, before = [], start
    for one, at in zip(recorded, own, strict=True):
        early = _of_patient(one) and order != "file"
        here = start if early else before if at is None else min(max(at, start), end)
        before = max(before, here) if order == "file" else here
        times.append(before)
    return times


def _of_patient(one: Recorded) -> bool:
    return one.outline.kind == "Patient"


def _own_time(one: Recorded, days: int, order: Order) -> Instant | None:
    at = one.outline.effective if order == "effective" else one.outline.recorded
    return None if at is None else at + days * DAY


def _delivery(one: Recorded, days: int, at: Instant) -> Delivery:
    patient = one.outline.patient
    return Delivery(key=patient.encode() if patient else None, value=shifted(one.body, days), at=at)
