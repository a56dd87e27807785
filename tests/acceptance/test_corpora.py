"""Public FHIR data through `normalise`: resources in, events out, and every skip and dead letter accounted for."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from streams.records import ObservationVersion
from tests.acceptance.corpora import EXPECTED, count, messages, normalised, resources

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize("folder", EXPECTED)
def test_corpus_is_accounted_for(folder: str) -> None:
    assert count(folder) == EXPECTED[folder]


@pytest.mark.parametrize("folder", EXPECTED)
def test_every_resource_of_a_corpus_ends_as_something(folder: str) -> None:
    for value in messages(folder):
        result = normalised(value)
        ends = len(result.events) + len(result.skips) + len(result.dead_letters)
        assert ends >= len(list(resources(json.loads(value))))


def _values(folder: str, code: str) -> list[float]:
    return [
        measure.value
        for value in messages(folder)
        for event in normalised(value).events
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
    for value in messages("synthea-r4"):
        owners = {event.patient_id for event in normalised(value).events}
        patients = [r["id"] for r in resources(json.loads(value)) if r["resourceType"] == "Patient"]
        assert owners == set(patients)
        assert len(patients) == 1


def test_icu_counts_by_code_are_those_of_the_data_sets_description() -> None:
    counts: Counter[str] = Counter()
    for value in messages("mimic-iv-fhir-demo-icu-vitals"):
        counts.update(m.code for e in normalised(value).events for m in getattr(e, "measures", ()))
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
