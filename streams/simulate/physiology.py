"""One patient's vital signs as they truly are: own baseline, time of day, slow drift, and the course of an illness.

Baselines follow adult reference values: resting pulse 60-100/min, breathing 12-20/min, SpO2 96 % and more, temperature
36.1-37.2 Cel (Royal College of Physicians, NEWS2 2017, normal bands), systolic pressure rising with age by about
0.5 mmHg a year (Franklin et al., Circulation 1997;96:308). Circadian swings: temperature lowest near 04:00 and 0.5 Cel
from low to high, pulse and pressure lower at night (Refinetti and Menaker, Physiol Behav 1992;51:613). The sizes of
drift and noise are chosen, not fitted: this is a demonstration ward, not a model of disease.
"""

from __future__ import annotations

import math
from random import Random

import msgspec

from streams.simulate.chance import within
from streams.simulate.trajectories import Course

DRIFT_HOURS = 3.0
"""Time after which the drift has forgotten two thirds of itself."""
LOWEST_AT_HOUR = 4.0


class Vitals(msgspec.Struct, frozen=True):
    """Vital signs at one instant, in the vocabulary's units."""

    heart_rate: float
    respiratory_rate: float
    spo2: float
    temperature: float
    systolic: float
    diastolic: float
    coma_score: float


class Baseline(msgspec.Struct, frozen=True):
    """A patient well: what the body returns to."""

    age: int
    vitals: Vitals


SWING = Vitals(3.5, 0.6, -0.2, 0.25, 5.0, 3.0, 0.0)
"""Half of the way from night to day."""
DRIFT = Vitals(5.0, 1.1, 0.7, 0.12, 7.0, 4.0, 0.0)
"""Standard deviation of the slow drift."""
NOISE = Vitals(1.5, 0.8, 0.5, 0.06, 3.0, 2.0, 0.0)
"""Standard deviation of one measurement."""


def baseline(chance: Random) -> Baseline:
    """Draw a patient; one in twenty has chronic lung disease, one in twenty a lasting coma score of 14."""
    age = round(within(chance.gauss(66, 16), 19, 97))
    systolic = within(chance.gauss(112 + 0.35 * (age - 40), 9), 96, 158)
    lungs = chance.random() < 0.05
    vitals = Vitals(
        heart_rate=within(chance.gauss(75, 8), 55, 96),
        respiratory_rate=within(chance.gauss(18.5 if lungs else 15.5, 1.4), 12, 22),
        spo2=within(chance.gauss(91.0 if lungs else 97.2 - 0.01 * max(0, age - 60), 0.8), 88, 99),
        temperature=within(chance.gauss(36.7, 0.2), 36.1, 37.3),
        systolic=systolic,
        diastolic=within(systolic * chance.gauss(0.6, 0.04), 50, systolic - 28),
        coma_score=14 if chance.random() < 0.05 else 15,
    )
    return Baseline(age, vitals)


class Body:
    """One patient's true vital signs through time; asked in order of time."""

    def __init__(self, start: Baseline, course: Course, day_hour: float, chance: Random) -> None:
        self._start, self._course, self._day_hour, self._chance = start.vitals, course, day_hour, chance
        self._drift = [chance.gauss(0, 1) for _ in Vitals.__struct_fields__]
        self._at = 0.0

    def at(self, hours: float) -> Vitals:
        """Return the vital signs `hours` after the beginning; `hours` must not go back."""
        self._wander(hours - self._at)
        self._at = hours
        day = -math.cos(2 * math.pi * (self._day_hour + hours - LOWEST_AT_HOUR) / 24)
        shift = self._course.shift(hours)
        start, values = self._start, []
        for name, drift in zip(Vitals.__struct_fields__, self._drift, strict=True):
            own = getattr(start, name) + day * getattr(SWING, name) + drift * getattr(DRIFT, name)
            values.append(own + getattr(shift, name))
        return possible(Vitals(*values))

    def measured(self, hours: float) -> Vitals:
        """Return the vital signs as a sound device reads them: with noise, in a living body's limits."""
        true, gauss = self.at(hours), self._chance.gauss
        return possible(Vitals(*(getattr(true, n) + gauss(0, getattr(NOISE, n)) for n in Vitals.__struct_fields__)))

    def _wander(self, hours: float) -> None:
        kept = math.exp(-hours / DRIFT_HOURS)
        fresh = math.sqrt(1 - kept * kept)
        self._drift = [kept * drift + fresh * self._chance.gauss(0, 1) for drift in self._drift]


def possible(vitals: Vitals) -> Vitals:
    """Hold vital signs within what a living adult shows; pulse pressure stays above 12 mmHg."""
    systolic = within(vitals.systolic, 55, 220)
    return Vitals(
        heart_rate=within(vitals.heart_rate, 38, 190),
        respiratory_rate=within(vitals.respiratory_rate, 7, 48),
        spo2=within(vitals.spo2, 70, 100),
        temperature=within(vitals.temperature, 34.0, 41.2),
        systolic=systolic,
        diastolic=within(vitals.diastolic, 28, systolic - 12),
        coma_score=within(vitals.coma_score, 3, 15),
    )
