"""Invented patients, none of them real, for ``golden.json``."""

from __future__ import annotations

from training.golden import Case

_WELL = {
    "8867-4": 72.0,
    "8480-6": 124.0,
    "8462-4": 74.0,
    "8478-0": 91.0,
    "9279-1": 15.0,
    "2708-6": 98.0,
    "8310-5": 36.8,
}

_WELL_FOR_A_DAY = tuple((code, 240.0 * k, value) for k in range(7) for code, value in _WELL.items())

_SEPSIS_VITALS = tuple(
    fact
    for hours in range(12)
    for fact in (
        ("8867-4", 60.0 * hours, 132.0 - 4 * hours),
        ("8480-6", 60.0 * hours, 84.0 + 3 * hours),
        ("8462-4", 60.0 * hours, 42.0 + 2 * hours),
        ("8478-0", 60.0 * hours, 56.0 + 2 * hours),
        ("9279-1", 60.0 * hours, 32.0 - hours),
        ("2708-6", 60.0 * hours, 89.0 + 0.5 * hours),
        ("9187-6", 60.0 * hours + 30.0, 10.0 + 5 * hours),
    )
)
_SEPSIS_LABS = (
    ("2524-7", 45.0, 6.8),
    ("2524-7", 360.0, 3.1),
    ("2160-0", 45.0, 2.9),
    ("3094-0", 45.0, 54.0),
    ("1963-8", 45.0, 14.0),
    ("2744-1", 45.0, 7.19),
    ("6690-2", 45.0, 24.5),
    ("777-3", 45.0, 61.0),
    ("1975-2", 45.0, 3.8),
    ("8310-5", 20.0, 39.4),
    ("3150-6", 20.0, 60.0),
    ("9269-2", 20.0, 9.0),
)

# Three days of charting: what is older than 48 hours must not be read; the coma score comes in its parts.
_LONG_STAY = tuple(
    fact
    for k in range(72)
    for fact in (
        ("8867-4", 60.0 * k, 150.0 if k >= 48 else 88.0),
        ("8480-6", 60.0 * k + 5.0, 70.0 if k >= 48 else 118.0),
        ("9267-6", 60.0 * k, 4.0),
        ("9270-0", 60.0 * k, 1.0),
        ("9268-4", 60.0 * k, 6.0),
    )
)

CASES: tuple[Case, ...] = (
    Case("well for a day, vital signs only", "1979-03-12", "female", _WELL_FOR_A_DAY),
    Case("twelve hours into septic shock, with laboratory values", "1944-11", "male", _SEPSIS_VITALS + _SEPSIS_LABS),
    Case("one heart rate, nothing known of the person", "", "", (("8867-4", 0.0, 95.0),)),
    Case("three days, coma score in parts, stale pressure cut at 48 hours", "1960", "other", _LONG_STAY),
)
