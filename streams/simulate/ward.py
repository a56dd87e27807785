"""The simulated ward: its patients and everything their feed brings, in the order in which it arrives."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from streams.clock import HOUR, Instant
from streams.simulate.chance import stream
from streams.simulate.charting import Charted, chart, habits
from streams.simulate.delivery import deliveries
from streams.simulate.laboratory import Chemistry
from streams.simulate.notes import documents, noted
from streams.simulate.physiology import Baseline, Body, baseline
from streams.simulate.resources import Resource, birth_year, observation, patient
from streams.simulate.stays import Stay, stay, versions
from streams.simulate.studies import filmed, study
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


def arrivals(
    patients: int, hours: float, seed: int, start: Instant, *,
    faultless: bool = False, films: bool = False, notes: bool = False,
) -> Iterator[Arrival]:  # fmt: skip
    """Yield as `ward` does, each resource with its time of arrival; Patients come first, then their Encounters.

    Parameters
    ----------
    faultless
        True: every observation arrives once, when it is known, as it is; for who brings faults of their own.
    films
        True: some patients have chest films in `streams.simulate.pacs`, and ImagingStudies tell of them.
    notes
        True: some patients have clinical notes, some of which are replaced or withdrawn.
    """
    illnesses = courses(patients, hours, seed)
    people = [Person(number, illness, hours, seed, start) for number, illness in enumerate(illnesses)]
    yield from ((start, one.admitted()) for one in people)
    feeds = [one.encounters() for one in people]
    feeds += [_in_order(one.observations(hours, faultless=faultless)) for one in people]
    if films:
        feeds.append(iter(sorted(_studies(patients, seed, start), key=lambda arrival: arrival[0])))
    if notes:
        feeds.append(iter(sorted(_notes(patients, seed, start), key=lambda arrival: arrival[0])))
    end = start + round(hours * HOUR)
    # The key keeps equal times in the order of the patients, so that dictionaries are never compared.
    yield from (arrival for arrival in heapq.merge(*feeds, key=lambda arrival: arrival[0]) if arrival[0] <= end)


def _studies(patients: int, seed: int, start: Instant) -> Iterator[Arrival]:
    return (study(one, patient_id(one.number), start) for one in filmed(patients, seed))


def _notes(patients: int, seed: int, start: Instant) -> Iterator[Arrival]:
    return (arrival for one in noted(patients, seed) for arrival in documents(one, patient_id(one.number), start))


def heights(patients: int, hours: float, seed: int, start: Instant) -> list[tuple[str, Instant]]:
    """Return who gets worse, and when their illness is at its height: the truth that alerts are held against."""
    found = enumerate(courses(patients, hours, seed))
    return [(patient_id(n), start + round((c.onset_h + c.ramp_h) * HOUR)) for n, c in found if c.kind != "stable"]


class Person:
    """One patient of the ward, and what the feed brings of them."""

    def __init__(self, number: int, course: Course, hours: float, seed: int, start: Instant) -> None:
        self._number, self._course, self._seed, self._start = number, course, seed, start
        self._baseline: Baseline = baseline(self._chance("baseline"))
        self._name = patient_id(number)
        # Seed and beginning are part of every id: two wards on one stack must not be versions of each other.
        self._prefix = f"{self._name}-{seed}-{start // 60_000:x}"
        self._encounter = f"{self._prefix}-stay"
        self._stay: Stay = stay(hours, course.kind == "stable", self._chance("stay"))

    def admitted(self) -> Resource:
        """Return the Patient resource."""
        sex = self._chance("sex").choice(("female", "male"))
        return patient(self._name, birth_year(self._baseline.age, self._start), sex, self._start)

    def encounters(self) -> Iterator[Arrival]:
        """Yield the versions of the stay's Encounter in order."""
        chance = self._chance("registration")
        return versions(self._stay, self._encounter, self._name, self._number, self._start, chance)

    def observations(self, hours: float, *, faultless: bool) -> Iterator[Delivered]:
        """Yield every delivery of every observation, in the order in which they are measured."""
        fate = self._chance("delivery")
        for place, one in enumerate(self._charted(hours)):
            at, known = self._start + round(one.hours * HOUR), self._start + round(one.known_h * HOUR)
            resource = observation(one.content, f"{self._prefix}-{place}", self._name, self._encounter, at, known)
            brought = [(known, resource)] if faultless else deliveries(resource, known, fate)
            yield from ((at, due, version) for due, version in brought)

    def _charted(self, hours: float) -> Iterator[Charted]:
        day_hour = datetime.fromtimestamp(self._start / 1000, UTC).hour
        body = Body(self._baseline, self._course, day_hour, self._chance("body"))
        chemistry, kept = Chemistry(self._course, self._chance("blood")), habits(self._chance("habits"))
        charted = chart(body, chemistry, self._course, kept, hours, self._chance("chart"))
        return (one for one in charted if self._stay.lasts(one.hours))

    def _chance(self, purpose: str) -> Random:
        return stream(self._seed, self._number, purpose)


def patient_id(number: int) -> str:
    """Return the id of the patient with this number, counted from 0."""
    return f"sim-{number + 1:04d}"


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
