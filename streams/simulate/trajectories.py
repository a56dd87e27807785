"""Courses of illness: what changes together, how fast, and whether it turns.

Directions and rough sizes follow the textbook pictures that early warning scores are built on: sepsis (fever, fast
pulse and breathing, falling pressure; Singer et al., JAMA 2016;315:801), respiratory failure (desaturation and fast
breathing first), bleeding (pulse up before pressure falls; ATLS classes II-III).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal

import msgspec

from streams.simulate.chance import stream

Kind = Literal["stable", "sepsis", "respiratory", "bleeding"]
DETERIORATING = 0.125
"""Share of the ward's patients that get worse."""
RECOVERING = 0.3
"""Share of those that are treated and turn."""


class Shift(msgspec.Struct, frozen=True):
    """Change of the vital signs against the baseline, in the vocabulary's units."""

    heart_rate: float = 0.0
    respiratory_rate: float = 0.0
    spo2: float = 0.0
    temperature: float = 0.0
    systolic: float = 0.0
    diastolic: float = 0.0
    coma_score: float = 0.0


FULL: dict[Kind, Shift] = {
    "stable": Shift(),
    "sepsis": Shift(48, 13, -5, 2.2, -42, -24, -2.0),
    "respiratory": Shift(28, 15, -11, 0.4, 8, 3, -1.2),
    "bleeding": Shift(50, 9, -1.5, -0.6, -45, -18, -1.2),
}
"""Change at the height of each illness."""
EARLY: dict[Kind, tuple[str, ...]] = {
    "stable": (),
    "sepsis": ("temperature", "heart_rate", "respiratory_rate"),
    "respiratory": ("spo2", "respiratory_rate"),
    "bleeding": ("heart_rate",),
}
"""What moves first; the rest follows with the square of the severity."""


class Course(msgspec.Struct, frozen=True):
    """One patient's illness over the simulated hours."""

    kind: Kind
    onset_h: float = 0.0
    ramp_h: float = 1.0
    """Hours from the onset to the height."""
    turn_h: float | None = None
    """Hours after the beginning at which treatment takes hold; None where it does not."""

    def severity(self, hours: float) -> float:
        """Return 0 (well) to 1 (height) at `hours` after the beginning; smooth at both ends."""
        if self.kind == "stable":
            return 0.0
        if self.turn_h is not None and hours > self.turn_h:
            return _ramp((self.turn_h - self.onset_h) / self.ramp_h) * (1 - _ramp((hours - self.turn_h) / self.ramp_h))
        return _ramp((hours - self.onset_h) / self.ramp_h)

    def shift(self, hours: float) -> Shift:
        """Return the change of the vital signs at `hours` after the beginning."""
        severity, full = self.severity(hours), FULL[self.kind]
        if severity == 0.0:
            return full if self.kind == "stable" else Shift()
        early = EARLY[self.kind]
        return Shift(
            *(getattr(full, n) * (severity if n in early else severity * severity) for n in Shift.__struct_fields__)
        )


def courses(patients: int, hours: float, seed: int) -> Sequence[Course]:
    """Deal the ward's courses: one patient in eight gets worse, at least one in a ward of four or more."""
    chance = stream(seed, "courses")
    count = round(DETERIORATING * patients) or int(patients >= 4)
    ill = set(chance.sample(range(patients), count))
    return [_course(hours, chance) if number in ill else Course("stable") for number in range(patients)]


def _course(hours: float, chance: Random) -> Course:
    kind: Kind = chance.choice(("sepsis", "respiratory", "bleeding"))
    onset = chance.uniform(0.15, 0.45) * hours
    ramp = min(chance.uniform(3, 9), 0.45 * hours)
    turn = onset + 0.9 * ramp + 0.05 * hours if chance.random() < RECOVERING else None
    return Course(kind, onset, ramp, turn)


def _ramp(share: float) -> float:
    held = min(max(share, 0.0), 1.0)
    return held * held * (3 - 2 * held)
