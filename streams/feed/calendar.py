"""Whole-day shifts of dates, so that patients recorded in different years share one time line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from streams.clock import DAY, Instant

Align = Literal["start", "end"]

_KEY = (
    rb"(?:[a-zA-Z]*(?:DateTime|Instant|Date)|issued|lastUpdated|start|end|date|authoredOn|recorded|sent|created|event)"
)
_DATED = re.compile(rb'("' + _KEY + rb'"\s*:\s*\[?\s*")(\d{4}(?:-\d\d(?:-\d\d)?)?)(?=["T])')


def day_shifts(times: Iterable[tuple[str, Instant]], end: Instant, align: Align = "start") -> dict[str, int]:
    """Return each patient's shift in whole days.

    Parameters
    ----------
    times
        Patient and clinical time of every dated Observation.
    end
        Instant that the time line must not pass; the last observation falls within the day before it.
    align
        ``start``: all feeds begin on the same (UTC) day; ``end``: all end on the same day.

    Returns
    -------
    dict
        Days to add to every date of the patient, so intervals within a patient never change.
    """
    first: dict[str, Instant] = {}
    last: dict[str, Instant] = {}
    for patient, at in times:
        first[patient] = min(at, first.get(patient, at))
        last[patient] = max(at, last.get(patient, at))
    anchor = first if align == "start" else last
    shifts = {patient: -(anchor[patient] // DAY) for patient in anchor}
    latest = max((last[patient] + shifts[patient] * DAY for patient in last), default=0)
    common = (end - latest) // DAY
    return {patient: days + common for patient, days in shifts.items()}


def shifted(body: bytes, days: int) -> bytes:
    """Move the dates of one resource by whole days, in its text; nothing else of the text changes.

    Dates are the elements that R4 types as date, dateTime or instant (``effective*``, ``issued``, ``birthDate``,
    ``meta.lastUpdated``, ``period``, ...); time of day and zone stay. Partial dates keep their precision, so a birth
    year is right to one year. Numbers keep every digit, as no number is read.
    """
    if not days:
        return body
    return _DATED.sub(lambda found: found[1] + _moved(found[2], days), body)


@lru_cache(maxsize=65_536)
def _moved(text: bytes, days: int) -> bytes:
    written = text.decode("ascii")
    try:
        moved = date.fromisoformat((written + "-01-01")[:10]) + timedelta(days=days)
    except (ValueError, OverflowError):
        return text
    return moved.isoformat()[: len(written)].encode("ascii")
