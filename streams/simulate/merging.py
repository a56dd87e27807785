"""Second records of one person: how they come about, are merged by ``Patient.link``, and are told apart again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from streams.clock import MINUTE, Instant, isoformat
from streams.simulate.chance import stream
from streams.simulate.resources import Resource, hospital_number

UNDER_SECOND = 0.4
"""Share of the person's observations that come under the second record, before and after the merge."""


class Pair(msgspec.Struct, frozen=True):
    """Two records of one person."""

    survivor: Resource
    """The Patient that stays."""
    retired: Resource
    """The second Patient, in its first version."""
    merged_at: Instant
    undone_at: Instant | None
    """When they are found to be two persons after all; None where they are not."""

    def versions(self) -> Iterator[tuple[Instant, Resource]]:
        """Yield what the merge and its undoing change, with their times of arrival."""
        retired, survivor = self.retired["id"], self.survivor["id"]
        gone = {"active": False, "link": [_link(survivor, "replaced-by")]}
        yield self.merged_at, _version(self.retired, self.merged_at, "2") | gone
        kept = {"link": [_link(retired, "replaces")]}
        yield self.merged_at + MINUTE, _version(self.survivor, self.merged_at, "2") | kept
        if self.undone_at is not None:
            yield self.undone_at, _version(self.retired, self.undone_at, "3") | {"active": True}
            yield self.undone_at + MINUTE, _version(self.survivor, self.undone_at, "3")


def pairs(people: Sequence[Resource], seed: int, start: Instant, end: Instant, count: int) -> list[Pair]:
    """Draw the persons with two records; at most as many as there are people, and of two or more the last is undone."""
    chance = stream(seed, "merges")
    survivors = chance.sample(people, min(count, len(people)))
    last = len(survivors) - 1
    return [
        _pair(one, start, end, undone=number == last and count >= 2, chance=chance)
        for number, one in enumerate(survivors)
    ]


def second_stay(encounter: Resource, retired: Resource) -> Resource:
    """Return the Encounter that the second record got at admission."""
    return encounter | {"id": f"{encounter['id']}-2", "subject": {"reference": f"Patient/{retired['id']}"}}


def _pair(survivor: Resource, start: Instant, end: Instant, *, undone: bool, chance: Random) -> Pair:
    name = f"{survivor['id']}-2"
    merged, apart = (start + round(chance.uniform(*span) * (end - start)) for span in ((0.35, 0.55), (0.7, 0.85)))
    retired = survivor | {"id": name, "identifier": [hospital_number(name)]}
    return Pair(survivor, retired, merged, apart if undone else None)


def _version(patient: Resource, at: Instant, version: str) -> Resource:
    return patient | {"meta": patient["meta"] | {"versionId": version, "lastUpdated": isoformat(at)}}


def _link(patient_id: str, kind: str) -> Resource:
    return {"other": {"reference": f"Patient/{patient_id}"}, "type": kind}
