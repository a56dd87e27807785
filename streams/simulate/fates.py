"""What may become of one observation: its versions as the hospital's server has them, each with its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random

import msgspec

from streams.clock import DAY, HOUR, MINUTE, Instant, isoformat
from streams.simulate.delivery import slipped, version_of
from streams.simulate.resources import Resource, hospital_number
from streams.simulate.shares import Shares

SOONEST, LATEST = 5 * MINUTE, 3 * HOUR
"""When a change follows the first version."""

Version = tuple[Instant, Resource]
"""When the server has it, and what: a resource, or the transaction that deletes one."""


class Fact(msgspec.Struct, frozen=True):
    """An observation as it should have come, and what its fate depends on."""

    known: Instant
    resource: Resource
    later: Instant
    """When a change to it would be made."""
    elsewhere: Resource
    """Subject and encounter of another patient; empty on a ward of one."""
    chance: Random

    def changed(self, status: str, resource: Resource | None = None) -> Version:
        """Return the second version, by default with the content of the first."""
        return self.later, version_of(resource or self.resource, self.later, "2", status)


Fate = Callable[[Fact], Sequence[Version]]


def plain(fact: Fact) -> Sequence[Version]:
    """Nothing happens to it."""
    return ((fact.known, fact.resource),)


def corrected(fact: Fact) -> Sequence[Version]:
    """A slip of the key, put right."""
    return (fact.known, slipped(fact.resource, fact.chance)), fact.changed("corrected")


def withdrawn(fact: Fact) -> Sequence[Version]:
    """Entered in error."""
    return (fact.known, fact.resource), fact.changed("entered-in-error")


def moved(fact: Fact) -> Sequence[Version]:
    """Charted for another patient, put right."""
    return (fact.known, fact.resource | fact.elsewhere), fact.changed("corrected")


def nameless(fact: Fact) -> Sequence[Version]:
    """Found to be nobody's (Observation.subject is optional, R4 10.1.3)."""
    kept = {name: part for name, part in fact.resource.items() if name not in {"subject", "encounter"}}
    return (fact.known, fact.resource), fact.changed("corrected", kept)


def by_identifier(fact: Fact) -> Sequence[Version]:
    """Told by a system that knows the hospital's number and neither Patient nor Encounter."""
    kept = {name: part for name, part in fact.resource.items() if name != "encounter"}
    number = hospital_number(fact.resource["subject"]["reference"].removeprefix("Patient/"))
    return ((fact.known, kept | {"subject": {"type": "Patient", "identifier": number}}),)


def deleted(fact: Fact) -> Sequence[Version]:
    """Deleted by a transaction (R4 3.1.0.11.2)."""
    request = {"method": "DELETE", "url": f"Observation/{fact.resource['id']}"}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": request}]}
    return (fact.known, fact.resource), (fact.later, bundle)


def misdated(fact: Fact) -> Sequence[Version]:
    """Dated days ahead, withdrawn."""
    # Beyond the retention of three days everything true of the patient ages out, so that is kept for a few.
    days = fact.chance.randint(4, 9) if fact.chance.random() < 0.1 else fact.chance.randint(1, 2)
    at = round(datetime.fromisoformat(fact.resource["effectiveDateTime"]).timestamp() * 1000)
    wrong = fact.resource | {"effectiveDateTime": isoformat(at + days * DAY)}
    return (fact.known, wrong), fact.changed("entered-in-error", wrong)


def dealt(shares: Shares, chance: Random) -> Fate:
    """Draw one fate; at most one, so that every share is of all observations."""
    draw = chance.random()
    for share, fate in (
        (shares.corrected, corrected),
        (shares.withdrawn, withdrawn),
        (shares.moved, moved),
        (shares.nameless, nameless),
        (shares.by_identifier, by_identifier),
        (shares.deleted, deleted),
        (shares.misdated, misdated),
    ):
        if draw < share:
            return fate
        draw -= share
    return plain
