"""How a real feed brings it: some late, some twice, some corrected, some entered in error."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random

from streams.clock import HOUR, MINUTE, SECOND, Instant, isoformat
from streams.simulate.artefacts import mistyped
from streams.simulate.resources import Resource

LATE = 0.01
"""Share of observations that arrive 10 minutes to 3 hours after they are known elsewhere."""
TWICE = 0.005
"""Share delivered a second time, unchanged, within five minutes."""
CORRECTED = 0.003
"""Share whose first version holds a slip of the key, corrected within the hour."""
IN_ERROR = 0.001
"""Share withdrawn within the hour as entered in error."""


def deliveries(resource: Resource, known: Instant, chance: Random) -> Iterator[tuple[Instant, Resource]]:
    """Yield every delivery of one observation: when it reaches the bus, and what.

    ``issued`` and ``meta.lastUpdated`` of a version are when its own delivery was first made.
    """
    draw = chance.random()
    if draw < LATE:
        at = known + chance.randint(10 * MINUTE, 3 * HOUR)
        yield at, version_of(resource, at, "1", "final")
        return
    if draw < LATE + TWICE:
        yield known, resource
        yield known + chance.randint(SECOND, 5 * MINUTE), resource
        return
    later = known + chance.randint(5 * MINUTE, HOUR)
    if draw < LATE + TWICE + CORRECTED:
        yield known, slipped(resource, chance)
        yield later, version_of(resource, later, "2", "corrected")
        return
    yield known, resource
    if draw < LATE + TWICE + CORRECTED + IN_ERROR:
        yield later, version_of(resource, later, "2", "entered-in-error")


def version_of(resource: Resource, at: Instant, version: str, status: str) -> Resource:
    """Return a version of an observation as the server has it since `at`."""
    stamp = isoformat(at)
    meta = resource["meta"] | {"versionId": version, "lastUpdated": stamp}
    return resource | {"meta": meta, "status": status, "issued": stamp}


def slipped(resource: Resource, chance: Random) -> Resource:
    """Return an observation with a slip of the key in its first value; as it is where it has none."""
    wrong = copy.deepcopy(resource)
    holder = wrong["component"][0] if "component" in wrong else wrong
    number = holder.get("valueQuantity")
    if number is None:
        return wrong
    number["value"] = round(mistyped(number["value"], chance), 2)
    return wrong
