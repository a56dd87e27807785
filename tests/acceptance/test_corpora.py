"""Public FHIR data through `normalise`: resources in, events out, and every skip and dead letter accounted for.

The tables are explained in ``docs/normalise.md``.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.normalise import Normalised, Raw, normalise
from streams.records import ObservationVersion
from streams.settings import Source

pytestmark = pytest.mark.realdata

SOURCE = Source(name="corpus", topic="fhir.replay", refuse_future=False)


def _messages(folder: str) -> Iterator[bytes]:
    for path in sorted((Path(os.environ["CARDIOSTREAM_DATA"]) / folder).iterdir()):
        if path.name.endswith(".ndjson.gz"):
            with gzip.open(path) as lines:
                yield from (line.strip() for line in lines)
        elif path.name.endswith(".json.gz"):
            yield gzip.decompress(path.read_bytes())
        elif path.suffix == ".json" and path.name != "package.json":
            yield path.read_bytes()


def _normalised(value: bytes) -> Normalised:
    return normalise(Raw(value, None, "fhir.replay", 0, 0, 0), SOURCE, future_tolerance_s=300)


def _count(folder: str) -> dict[str, int]:
    table: Counter[str] = Counter()
    for value in _messages(folder):
        result = _normalised(value)
        table["messages"] += 1
        for event in result.events:
            if isinstance(event, ObservationVersion):
                table["observations withdrawn" if event.withdrawn else "observations"] += 1
                table["measures"] += len(event.measures)
            else:
                table["patients"] += 1
        table.update(f"skip {skip.reason}" for skip in result.skips)
        table.update(f"dead letter {letter.reason}" for letter in result.dead_letters)
    return dict(table)


EXPECTED: dict[str, dict[str, int]] = {
    "fhir-r4-official": {
        "messages": 178,
        "observations": 3,
        "observations withdrawn": 3,
        "patients": 20,
        "measures": 3,
        "dead letter effective-missing": 183,
        "dead letter effective-precision": 6,
        "dead letter no-id": 1,
        "skip code": 292,
        "skip data-absent": 7,
        "skip empty-bundle": 4,
        "skip no-resource": 5,
        "skip panel-members": 3,
        "skip resource-type": 1602,
    },
    "synthea-r4": {
        "messages": 25,
        "observations": 1413,
        "patients": 25,
        "measures": 1628,
        "skip code": 1710,
        "skip resource-type": 2672,
    },
    "mimic-iv-fhir-demo": {
        "messages": 4449,
        "observations": 3251,
        "patients": 55,
        "measures": 3947,
        "skip data-absent": 457,
        "skip resource-type": 724,
    },
    "mimic-iv-fhir-demo-icu-vitals": {
        "messages": 55910,
        "observations": 55910,
        "measures": 55910,
    },
}


@pytest.mark.parametrize("folder", EXPECTED)
def test_corpus_is_accounted_for(folder: str) -> None:
    assert _count(folder) == EXPECTED[folder]


def _resources(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if document.get("resourceType") != "Bundle":
        yield document
        return
    for entry in document.get("entry", []):
        yield from _resources(entry.get("resource", {"resourceType": ""}))


@pytest.mark.parametrize("folder", EXPECTED)
def test_every_resource_of_a_corpus_ends_as_something(folder: str) -> None:
    for value in _messages(folder):
        result = _normalised(value)
        ends = len(result.events) + len(result.skips) + len(result.dead_letters)
        assert ends >= len(list(_resources(json.loads(value))))


def _values(folder: str, code: str) -> list[float]:
    return [
        measure.value
        for value in _messages(folder)
        for event in _normalised(value).events
        if isinstance(event, ObservationVersion)
        for measure in event.measures
        if measure.code == code
    ]


def test_emergency_temperatures_are_in_celsius() -> None:
    values = sorted(_values("mimic-iv-fhir-demo", "8310-5"))
    assert len(values) == 477
    assert 35 < values[len(values) // 2] < 38
    assert values[0] == pytest.approx((31.4 - 32) * 5 / 9)  # charted as 31.4 [degF]: a fact, though no living patient's


def test_charting_errors_stay_facts() -> None:
    assert max(_values("mimic-iv-fhir-demo", "8462-4")) == 879
    assert min(_values("mimic-iv-fhir-demo", "2708-6")) == 10
    assert min(_values("mimic-iv-fhir-demo-icu-vitals", "8478-0")) == -23


def test_synthea_observations_belong_to_the_patient_of_their_bundle() -> None:
    for value in _messages("synthea-r4"):
        owners = {event.patient_id for event in _normalised(value).events}
        patients = [r["id"] for r in _resources(json.loads(value)) if r["resourceType"] == "Patient"]
        assert owners == set(patients)
        assert len(patients) == 1


def test_icu_counts_by_code_are_those_of_the_data_sets_description() -> None:
    counts: Counter[str] = Counter()
    for value in _messages("mimic-iv-fhir-demo-icu-vitals"):
        counts.update(m.code for e in _normalised(value).events for m in getattr(e, "measures", ()))
    assert counts == {
        "8867-4": 8134,
        "9279-1": 8145,
        "2708-6": 7877,
        "8480-6": 5318 + 2821,
        "8462-4": 5317 + 2821,
        "8478-0": 5318 + 2853,
        "8310-5": 1941 + 144,
        "9267-6": 1746,
        "9270-0": 1741,
        "9268-4": 1734,
    }
