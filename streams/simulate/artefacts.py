"""What devices and hands get wrong: motion, a slipped probe, a cuff error, a slip of the key."""

from __future__ import annotations

from random import Random

from streams.simulate.physiology import Vitals

MOTION = 0.004
"""Share of monitor readings disturbed by movement: pulse and breathing rate beyond belief."""
PROBE_OFF = 0.005
"""Share of monitor readings with the pulse oximeter slipped: saturation far too low."""
CUFF_ERROR = 0.006
"""Share of cuff readings that fail: pressures swapped, or far off."""


def disturbed(vitals: Vitals, chance: Random) -> Vitals:
    """Return a monitor reading, now and then as movement or a slipped probe shows it."""
    draw = chance.random()
    if draw < MOTION:
        return _replaced(vitals, heart_rate=chance.uniform(210, 320), respiratory_rate=chance.uniform(55, 130))
    if draw < MOTION + PROBE_OFF:
        return _replaced(vitals, spo2=chance.uniform(25, 68))
    return vitals


def cuffed(vitals: Vitals, chance: Random) -> Vitals:
    """Return a cuff reading, now and then failed."""
    if chance.random() >= CUFF_ERROR:
        return vitals
    if chance.random() < 0.5:
        return _replaced(vitals, systolic=vitals.diastolic, diastolic=vitals.systolic)
    return _replaced(vitals, systolic=chance.uniform(240, 310), diastolic=chance.uniform(150, 230))


def mistyped(value: float, chance: Random) -> float:
    """Return a number with a slip of the key: ten times too large, or one digit off."""
    return value * 10 if chance.random() < 0.5 and value else value + chance.choice((-30, -20, 20, 30))


def _replaced(vitals: Vitals, **changes: float) -> Vitals:
    fields = {name: getattr(vitals, name) for name in Vitals.__struct_fields__}
    return Vitals(**(fields | changes))
