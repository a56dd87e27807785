"""Thousands of damaged messages: each ends as something, none raises, and none is repeated in a message of ours."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import cycle, islice, zip_longest
from pathlib import Path
from typing import Any, get_args

import pytest

from streams.normalise import Normalised, Raw, normalise
from streams.normalise.ucum import size
from streams.settings import FhirVersion, Source
from tests.acceptance.corpora import EXPECTED, messages, resources
from tests.unit.normalise.fhir_messages import NOON, bundle, coded, encounter, heart_rate, patient, quantity
from tests.unit.normalise.mutation import mutant, strings

UUID = "urn:uuid:0f3bd2f7-5f8f-4f43-b8d4-9c1f6d6a8c11"
MRN = {"system": "urn:mrn", "value": "Jane-7f3a-1970"}
DELETE = {"request": {"method": "DELETE", "url": "Observation/hr-1"}}
BED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "bd"}]}
PRESSURES = [
    {"code": coded("8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
    {"code": coded("8462-4"), "valueQuantity": quantity(10.7, "kPa", "kPa")},
]
OURS: list[dict[str, Any]] = [
    heart_rate(),
    heart_rate(status="corrected", meta={"versionId": "2", "lastUpdated": "2025-03-01T12:00:00Z"}),
    heart_rate(status="entered-in-error", subject=None),
    heart_rate(id=None, subject={"identifier": MRN}),
    heart_rate(subject={"reference": "Patient?identifier=urn:mrn|7"}),
    heart_rate(subject={"reference": "#p"}, contained=[patient(id="p", identifier=[MRN])]),
    heart_rate(code=coded("85354-9"), valueQuantity=None, component=PRESSURES),
    heart_rate(valueQuantity=None, valueAttachment={"data": "eA=="}),
    patient(identifier=[MRN, {"value": "7"}], link=[{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]),
    patient(link=[{"type": "replaces", "other": {"identifier": MRN}}, {"type": "seealso", "other": {}}]),
    encounter(location=[{"location": {"reference": "Location/b"}, "physicalType": BED, "form": BED}]),
    encounter(actualPeriod={"start": "2025-03-01T12:00:00Z", "end": "2025-03-02"}, meta={"versionId": "3"}),
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": UUID, "resource": patient(identifier=[MRN])},
            {"resource": heart_rate(subject={"reference": UUID})},
            DELETE,
            {"resource": bundle(encounter())},
        ],
    },
]
READ = frozenset({"Observation", "Patient", "Encounter", "Bundle"})
CODE = re.compile(r"(?:mdc\||sct\|)?[0-9]+(?:-[0-9])?")
STREAMS = Path(__file__).parents[3] / "streams"
OWN_WORDS = "\n".join(path.read_text() for path in [*STREAMS.glob("normalise/*.py"), *STREAMS.glob("*.toml")])


def sent(value: bytes, chance: random.Random) -> Normalised:
    release: FhirVersion = chance.choice(get_args(FhirVersion))
    source = Source(name="hospital", topic="t", fhir_version=release, key_is_id_of="Observation", refuse_future=False)
    return normalise(Raw(value, b"hr-1", "t", 0, 0, NOON), source, future_tolerance_s=300)


def told(result: Normalised) -> str:
    """Everything that people read of a message."""
    words = [part for d in result.dead_letters for part in (d.reason, d.field, d.expected, d.received)]
    return "\n".join([*words, *(part for skip in result.skips for part in (skip.reason, skip.detail))])


def repeated(value: bytes, result: Normalised) -> list[str]:
    """Strings of a message that are told again, but for codes, units and words that our own code holds."""
    text = told(result)
    try:
        found = [leaf for leaf in strings(json.loads(value)) if len(leaf.strip()) > 4 and leaf in text]
    except ValueError:
        return []
    return [leaf for leaf in found if leaf not in OWN_WORDS and not CODE.fullmatch(leaf) and not size(leaf.strip())]


def hunt(seeds: Iterator[bytes], number: int) -> Counter[str]:
    """Damage seeds in turn and count how the mutants end."""
    chance, ends = random.Random(5), Counter[str]()
    for seed in islice(seeds, number):
        value = mutant(seed, chance)
        result = sent(value, chance)
        reasons = [letter.reason for letter in result.dead_letters]
        assert result.events or result.skips or reasons, value
        assert "internal" not in reasons, value
        assert repeated(value, result) == []
        ends["event"] += bool(result.events)
        ends["skip"] += bool(result.skips)
        ends["dead letter"] += bool(reasons)
        ends.update(reasons)
    return ends


def test_two_thousand_mutants_of_our_own_messages_end_as_something() -> None:
    ends = hunt(cycle(json.dumps(message).encode() for message in OURS), 2000)
    assert min(ends["event"], ends["skip"], ends["dead letter"]) > 200
    assert len(ends) > 20


def public_seeds() -> Iterator[bytes]:
    """All distinct resources of the public data, shuffled: three of a type that is read, then one that is not."""
    read, others = dict[bytes, None](), dict[bytes, None]()
    for folder in EXPECTED:
        for value in messages(folder):
            for resource in resources(json.loads(value)):
                pile = read if resource["resourceType"] in READ else others
                pile[json.dumps(resource).encode()] = None
    turns, rest = cycle(in_turn(list(read))), cycle(random.Random(5).sample(list(others), len(others)))
    while True:
        yield from (next(turns), next(turns), next(turns), next(rest))


def in_turn(seeds: list[bytes]) -> list[bytes]:
    """Take every length in turn, lest one corpus of resources that are all alike crowd out the rest."""
    groups: dict[int, list[bytes]] = defaultdict(list)
    for seed in random.Random(5).sample(seeds, len(seeds)):
        groups[len(seed) // 100].append(seed)
    return [seed for turn in zip_longest(*groups.values()) for seed in turn if seed is not None]


@pytest.mark.realdata
def test_twenty_thousand_mutants_of_public_resources_end_as_something() -> None:
    ends = hunt(public_seeds(), 20_000)
    assert min(ends["event"], ends["skip"], ends["dead letter"]) > 1000
    assert len(ends) > 20
