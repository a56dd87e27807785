"""Blood results that agree with the course: lactate, cells, kidneys, salts."""

from __future__ import annotations

from random import Random

import msgspec

from streams.simulate.chance import within
from streams.simulate.trajectories import Course, Kind


class Assay(msgspec.Struct, frozen=True):
    """One laboratory value: usual mean and spread of inpatients, and its change at the height of an illness."""

    code: str
    name: str
    unit: str
    mean: float
    spread: float
    digits: int
    sepsis: float = 0.0
    respiratory: float = 0.0
    bleeding: float = 0.0
    low: float = 0.1

    def change(self, kind: Kind) -> float:
        """Return the change at the height of an illness."""
        return 0.0 if kind == "stable" else float(getattr(self, kind))


ASSAYS = (
    Assay("2524-7", "Lactate", "mmol/L", 1.2, 0.35, 1, sepsis=3.4, respiratory=0.8, bleeding=2.8, low=0.4),
    Assay("6690-2", "Leukocytes", "10*3/uL", 8.2, 1.8, 1, sepsis=9.5, respiratory=3.0, bleeding=2.0, low=1.0),
    Assay("4544-3", "Hematocrit", "%", 37.0, 4.0, 1, sepsis=-2.0, bleeding=-13.0, low=14.0),
    Assay("777-3", "Platelets", "10*3/uL", 235, 55, 0, sepsis=-90, bleeding=-60, low=25),
    Assay("2160-0", "Creatinine", "mg/dL", 0.95, 0.22, 2, sepsis=1.1, respiratory=0.2, bleeding=0.5, low=0.4),
    Assay("3094-0", "Urea nitrogen", "mg/dL", 17, 5, 0, sepsis=16, respiratory=3, bleeding=14, low=5),
    Assay("2951-2", "Sodium", "mmol/L", 138.5, 2.6, 0, sepsis=-2.0, low=118),
    Assay("2823-3", "Potassium", "mmol/L", 4.1, 0.35, 1, sepsis=0.5, bleeding=0.2, low=2.6),
    Assay("2345-7", "Glucose", "mg/dL", 118, 24, 0, sepsis=45, respiratory=20, bleeding=30, low=55),
)


class Chemistry:
    """One patient's blood: own level of each assay, moved by the course."""

    def __init__(self, course: Course, chance: Random) -> None:
        self._course, self._chance = course, chance
        self._own = [chance.gauss(assay.mean, 0.8 * assay.spread) for assay in ASSAYS]

    def sample(self, hours: float) -> list[tuple[Assay, float]]:
        """Return all values of a sample taken `hours` after the beginning, as printed by the laboratory."""
        severity = self._course.severity(hours)
        return [
            (assay, _printed(assay, own + severity * assay.change(self._course.kind), self._chance))
            for assay, own in zip(ASSAYS, self._own, strict=True)
        ]


def _printed(assay: Assay, value: float, chance: Random) -> float:
    return round(within(value + chance.gauss(0, 0.25 * assay.spread), assay.low, 1e4), assay.digits)
