"""Whether somebody was grown up at an instant, as far as the record's birth date tells."""

from __future__ import annotations

from streams.clock import Instant, isoformat

ADULT_YEARS = 18
"""Of the people whose films the heart's model is for, and of those whom the usual size of a heart is known of."""
_DAY = len("YYYY-MM-DD")
_FIRST = {4: "-01-01", 7: "-01", _DAY: ""}
_LAST = {4: "-12-31", 7: "-31", _DAY: ""}
"""What a birth date that leaves out month or day may mean at the earliest and at the latest; compared as text."""


def is_adult(birth_date: str, at: Instant) -> bool | None:
    """Tell whether somebody was grown up; None where the birth date is unknown or too coarse to say.

    Parameters
    ----------
    birth_date
        ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; empty where unknown.
    """
    length = len(birth_date)
    if length not in _FIRST:
        return None
    day = isoformat(at)[:_DAY]
    youngest = f"{int(day[:4]) - ADULT_YEARS:04d}{day[4:]}"
    if birth_date + _LAST[length] <= youngest:
        return True
    return False if birth_date + _FIRST[length] > youngest else None
