"""A bad day's feed: what a ward brings, late, twice, corrected, withdrawn, moved, merged."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from random import Random

from streams.clock import HOUR, MINUTE, SECOND, Instant
from streams.simulate.chance import stream
from streams.simulate.fates import LATEST, SOONEST, Fact, dealt
from streams.simulate.merging import UNDER_SECOND, pairs, second_stay
from streams.simulate.resources import Resource
from streams.simulate.shares import AS_STATED, Shares
from streams.simulate.ward import Arrival, arrivals

SHORTEST_DELAY, LONGEST_DELAY = 10 * MINUTE, 6 * HOUR


def disturbed_arrivals(
    patients: int, hours: float, seed: int, start: Instant, shares: Shares = AS_STATED
) -> Iterator[Arrival]:
    """Yield a disturbed ward's resources in the order of arrival; the same arguments give the same bytes.

    The ward's own small faults are left out, so that the shares are those of the whole feed.
    """
    feed = arrivals(patients, hours, seed, start, faultless=True)
    return disturbed(feed, seed, start + round(hours * HOUR), shares)


def disturbed(feed: Iterable[Arrival], seed: int, end: Instant, shares: Shares = AS_STATED) -> Iterator[Arrival]:
    """Disturb the arrivals of a ward; read lazily, and all that happens is seeded.

    Parameters
    ----------
    feed
        Arrivals of one ward without faults of its own, admissions first.
    seed
        Of the disturbance; each observation has its own chance, so a fate depends on nothing but its id.
    end
        Nothing arrives after it: delays and changes near the end are shortened, and nothing is lost.
    shares
        How much is disturbed.
    """
    rest = iter(feed)
    admissions, first = _admissions(rest)
    day = _Day(admissions, seed, end, shares)
    changes = sorted(day.merges(), key=lambda arrival: arrival[0])
    incoming = heapq.merge([*day.admissions, *first], rest, changes, key=lambda arrival: arrival[0])
    yield from _in_order(incoming, day)


def _admissions(feed: Iterator[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    """Take what stands before the first observation off the feed, and that observation."""
    taken: list[Arrival] = []
    for arrival in feed:
        if arrival[1]["resourceType"] == "Observation":
            return taken, [arrival]
        taken.append(arrival)
    return taken, []


class _Day:
    """What is known of the ward at the beginning, and what becomes of each arrival."""

    def __init__(self, admissions: Sequence[Arrival], seed: int, end: Instant, shares: Shares) -> None:
        self._seed, self._end, self._shares = seed, end, shares
        people = [one for _, one in admissions if one["resourceType"] == "Patient"]
        start = admissions[0][0] if admissions else end
        self._pairs = {_name(pair.survivor): pair for pair in pairs(people, seed, start, end, shares.merges)}
        both = [*admissions, *self._second_admissions(admissions)]
        self.admissions = sorted(both, key=lambda arrival: arrival[0])
        """The ward's, and those of the second records."""
        self._people = [_name(one) for one in people]
        self._places = {name: place for place, name in enumerate(self._people)}
        self._stays = {
            one["subject"]["reference"]: f"Encounter/{one['id']}"
            for _, one in self.admissions
            if one["resourceType"] == "Encounter"
        }

    def merges(self) -> Iterator[Arrival]:
        """Yield the versions of Patients that merge and part records."""
        for pair in self._pairs.values():
            yield from ((min(at, self._end), version) for at, version in pair.versions())

    def brought(self, at: Instant, resource: Resource) -> Iterator[Arrival]:
        """Yield every delivery of an arrival, none before `at`."""
        chance = stream(self._seed, "disturbance", _name(resource), resource["meta"]["versionId"])
        if resource["resourceType"] == "Observation":
            (known, version), *changes = self._versions(at, resource, chance)
        else:
            (known, version), changes = (at, resource), []
        late = resource["meta"]["versionId"] == "1" and chance.random() < self._shares.delayed
        due = self._after(known, SHORTEST_DELAY, LONGEST_DELAY, chance) if late else known
        yield due, version
        if chance.random() < self._shares.duplicated:
            yield self._after(due, SECOND, HOUR, chance), version
        yield from changes

    def _versions(self, at: Instant, resource: Resource, chance: Random) -> Sequence[Arrival]:
        later = self._after(at, SOONEST, LATEST, chance)
        elsewhere = self._elsewhere(resource, chance)
        fact = Fact(at, self._under_one_record(resource, chance), later, elsewhere, chance)
        return dealt(self._shares, chance)(fact)

    def _under_one_record(self, resource: Resource, chance: Random) -> Resource:
        pair = self._pairs.get(resource["subject"]["reference"])
        if pair is None or chance.random() >= UNDER_SECOND:
            return resource
        return resource | self._subject(_name(pair.retired))

    def _elsewhere(self, resource: Resource, chance: Random) -> Resource:
        """Draw another patient than the observation's own."""
        if len(self._people) < 2:
            return {}
        own = self._places.get(resource["subject"]["reference"], 0)
        return self._subject(self._people[(own + chance.randrange(1, len(self._people))) % len(self._people)])

    def _subject(self, name: str) -> Resource:
        stay = self._stays.get(name)
        return {"subject": {"reference": name}} | ({"encounter": {"reference": stay}} if stay else {})

    def _second_admissions(self, admissions: Sequence[Arrival]) -> Iterator[Arrival]:
        for at, one in admissions:
            if one["resourceType"] == "Patient" and (pair := self._pairs.get(_name(one))):
                yield at, pair.retired
            elif one["resourceType"] == "Encounter" and (pair := self._pairs.get(one["subject"]["reference"])):
                yield at, second_stay(one, pair.retired)

    def _after(self, at: Instant, soonest: Instant, latest: Instant, chance: Random) -> Instant:
        left = max(0, self._end - at)
        return at + chance.randint(min(soonest, left), min(latest, left))


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _in_order(incoming: Iterable[Arrival], day: _Day) -> Iterator[Arrival]:
    """Sort deliveries by time; nothing is brought before it comes in, so what is due by then need not wait."""
    waiting: list[tuple[Instant, int, Resource]] = []
    place = 0
    for at, resource in incoming:
        for due, version in day.brought(at, resource):
            heapq.heappush(waiting, (due, place, version))
            place += 1
        while waiting and waiting[0][0] <= at:
            yield waiting[0][0], heapq.heappop(waiting)[2]
    while waiting:
        yield waiting[0][0], heapq.heappop(waiting)[2]
