"""Stays in hospital: admission to a bed, a transfer for some, a discharge for some, as versions of an Encounter."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import msgspec

from streams.clock import HOUR, MINUTE, Instant, isoformat
from streams.simulate.resources import Resource, encounter, location

BEDS = 20
"""Beds of a ward; patients lie in them in the order of their numbers."""
LONGEST_H = 72.0
"""Hours before the beginning within which the patients were admitted."""
TRANSFERRED = 0.15
"""Share of patients that move to high care once, in the first half of the simulated time."""
DISCHARGED = 0.08
"""Share of the steady patients that leave in its last third; nothing is charted of them afterwards."""


class Stay(msgspec.Struct, frozen=True):
    """One patient's stay, in hours after the beginning."""

    admitted_h: float
    """Negative: everybody lies in bed when the simulation begins."""
    transferred_h: float | None
    discharged_h: float | None

    def lasts(self, hours: float) -> bool:
        """Tell whether the patient is still here."""
        return self.discharged_h is None or hours < self.discharged_h


def stay(hours: float, steady: bool, chance: Random) -> Stay:
    """Draw one patient's stay over the simulated `hours`; only the steady go home."""
    admitted = -chance.uniform(0.5, LONGEST_H)
    moved, left = chance.random() < TRANSFERRED, chance.random() < DISCHARGED
    transferred, discharged = chance.uniform(0.15, 0.5) * hours, chance.uniform(0.65, 0.95) * hours
    return Stay(admitted, transferred if moved else None, discharged if left and steady else None)


def versions(
    one: Stay, encounter_id: str, patient_id: str, number: int, start: Instant, chance: Random
) -> Iterator[tuple[Instant, Resource]]:
    """Yield each version of a stay's Encounter with its time of arrival, minutes after what it tells of."""
    admitted = start + round(one.admitted_h * HOUR)
    places = [_place("ward", number, admitted)]
    yield start, encounter(encounter_id, patient_id, "1", start, {"start": isoformat(admitted)}, places[0])
    version = 1
    for kind, hours in (("transfer", one.transferred_h), ("discharge", one.discharged_h)):
        if hours is None:
            continue
        version += 1
        at = start + round(hours * HOUR)
        known, over = at + chance.randint(MINUTE, 15 * MINUTE), kind == "discharge"
        places[-1] = [_left(part, at) for part in places[-1]]
        places += [] if over else [_place("high-care", number, at)]
        period = {"start": isoformat(admitted)} | ({"end": isoformat(at)} if over else {})
        parts = [part for place in places for part in place]
        yield known, encounter(encounter_id, patient_id, str(version), known, period, parts)


def _place(kind: str, number: int, since: Instant) -> list[Resource]:
    ward = f"{kind}-{number // BEDS + 1}"
    return [location("wi", ward, since), location("bd", f"{ward}-bed-{number % BEDS + 1:02d}", since)]


def _left(part: Resource, at: Instant) -> Resource:
    return part | {"status": "completed", "period": part["period"] | {"end": isoformat(at)}}
