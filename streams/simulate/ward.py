"""The simulated ward: its patients and everything their feed brings, in the order in which it arrives."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime

from streams.clock import HOUR, Instant
from streams.simulate.chance import stream
from streams.simulate.charting import chart, habits
from streams.simulate.delivery import deliveries
from streams.simulate.laboratory import Chemistry
from streams.simulate.physiology import Baseline, Body, baseline
from streams.simulate.resources import Resource, birth_year, observation, patient
from streams.simulate.trajectories import Course, courses

Arrival = tuple[Instant, Resource]
"""When a resource reaches the bus, and the resource."""
Delivered = tuple[Instant, Instant, Resource]
"""When it was measured, when it reaches the bus, and the resource."""


def ward(patients: int, hours: float, seed: int, start: Instant) -> Iterator[Resource]:
    """Simulate a ward and yield its FHIR R4 resources in the order in which they reach the bus.

    Parameters
    ----------
    patients
        Number of patients, ``sim-0001`` onwards; one in eight gets worse.
    hours
        Simulated time from `start`; nothing arrives after it.
    seed
        The same arguments give the same resources, byte for byte.
    start
        Clinical time of the beginning.
    """
    return (resource for _, resource in arrivals(patients, hours, seed, start))


def arrivals(patients: int, hours: float, seed: int, start: Instant) -> Iterator[Arrival]:
    """Yield as `ward` does, each resource with its time of arrival; Patient resources come first."""
    illnesses = courses(patients, hours, seed)
    people = [baseline(stream(seed, number, "baseline")) for number in range(patients)]
    for number, person in enumerate(people):
        yield start, _admitted(number, person, seed, start)
    feeds = [
        _in_order(_observations(number, person, course, hours, seed, start))
        for number, (person, course) in enumerate(zip(people, illnesses, strict=True))
    ]
    end = start + round(hours * HOUR)
    # The key keeps equal times in the order of the patients, so that dictionaries are never compared.
    yield from (arrival for arrival in heapq.merge(*feeds, key=lambda arrival: arrival[0]) if arrival[0] <= end)


def patient_id(number: int) -> str:
    """Return the id of the patient with this number, counted from 0."""
    return f"sim-{number + 1:04d}"


def _admitted(number: int, person: Baseline, seed: int, start: Instant) -> Resource:
    sex = stream(seed, number, "sex").choice(("female", "male"))
    return patient(patient_id(number), birth_year(person.age, start), sex, start)


def _observations(
    number: int, person: Baseline, course: Course, hours: float, seed: int, start: Instant
) -> Iterator[Delivered]:
    day_hour = datetime.fromtimestamp(start / 1000, UTC).hour
    body = Body(person, course, day_hour, stream(seed, number, "body"))
    chemistry = Chemistry(course, stream(seed, number, "blood"))
    kept = habits(stream(seed, number, "habits"))
    fate, name = stream(seed, number, "delivery"), patient_id(number)
    # Seed and beginning are part of the id, so that two simulated wards on one stack are not versions of each other.
    prefix = f"{name}-{seed}-{start // 60_000:x}"
    charted = chart(body, chemistry, course, kept, hours, stream(seed, number, "chart"))
    for place, one in enumerate(charted):
        at, known = start + round(one.hours * HOUR), start + round(one.known_h * HOUR)
        resource = observation(one.content, f"{prefix}-{place}", name, at, known)
        yield from ((at, due, version) for due, version in deliveries(resource, known, fate))


def _in_order(feed: Iterator[Delivered]) -> Iterator[Arrival]:
    """Sort one patient's feed by arrival, holding back no more than its delays ask for."""
    waiting: list[tuple[Instant, int, Resource]] = []
    for place, (measured, at, resource) in enumerate(feed):
        heapq.heappush(waiting, (at, place, resource))
        # Nothing arrives before it is measured, so what is due before this measurement has nothing to wait for.
        while waiting and waiting[0][0] <= measured:
            yield waiting[0][0], heapq.heappop(waiting)[2]
    while waiting:
        yield waiting[0][0], heapq.heappop(waiting)[2]
