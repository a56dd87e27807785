"""Facts of many patients as they come from a ward's charts, made on the way so that they are not what is measured."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

from streams.clock import MINUTE, Instant
from streams.records import Measure, ObservationVersion, Version

START: Instant = 1_740_830_400_000
CHARTED = (
    ("8867-4", 55, 120, 0), ("9279-1", 10, 28, 0), ("2708-6", 88, 100, 0), ("8310-5", 35, 40, 1),
    ("8480-6", 90, 170, 0), ("8462-4", 45, 95, 0), ("8478-0", 60, 120, 0), ("3151-8", 0, 10, 1),
)  # fmt: skip
"""A nurse's set of vital signs: code, lowest, highest, decimals."""
LABORATORY = (("2823-3", 3, 6, 1), ("2160-0", 0, 3, 2), ("2345-7", 60, 300, 0), ("6690-2", 2, 25, 1))
FORMS = ("uuid", "short", "long")
"""Ids as FHIR servers give them: random UUIDs; the patient's and a running number; 45 random letters."""


def patient_id(number: int) -> str:
    """Return the id of a patient."""
    return str(uuid.UUID(int=random.Random(number).getrandbits(128), version=4))


def sets(number: int, facts: int, together: int = 8, form: str = "uuid") -> Iterator[list[ObservationVersion]]:
    """Yield what is charted of one patient, those of one instant together; one fact an Observation.

    The last 4 of 100 are laboratory values. Sets are 20 to 80 minutes apart, single facts as many to the day.

    Parameters
    ----------
    together
        Facts that are charted at one instant, and so stand in one piece of state.
    """
    rng = random.Random(number)
    name = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    encounter = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    at, made = START + rng.randrange(1440) * MINUTE, 0
    while made < facts:
        at += rng.randrange(20, 80) * MINUTE * together // 8
        count = min(together, facts - made)
        charted = LABORATORY if facts - made <= 4 else CHARTED
        yield [_observation(rng, name, encounter, at, charted[(made + k) % len(charted)], form) for k in range(count)]
        made += count


def _observation(
    rng: random.Random, name: str, encounter: str, at: Instant, quantity: tuple[str, int, int, int], form: str
) -> ObservationVersion:
    code, low, high, decimals = quantity
    value = round(rng.uniform(low, high), decimals)
    version = Version(at + rng.randrange(2_000, 300_000), 1, 2, rng.randbytes(8))
    measures = (Measure(code, code, float(value)),)
    return ObservationVersion("hospital", _id(rng, name, form), name, version, False, at, at, encounter, measures)


def _id(rng: random.Random, name: str, form: str) -> str:
    if form == "uuid":
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    if form == "short":
        return f"{name[:8]}-{rng.randrange(10**6)}"
    return "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=45))
