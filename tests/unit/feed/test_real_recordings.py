"""Real recordings on one time line: nothing lost, no value touched, intervals kept."""

import os
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.clock import DAY
from streams.feed.outline import outline
from streams.feed.recording import Recorded, read
from streams.feed.sequence import Placement, on_one_time_line

pytestmark = pytest.mark.realdata
END = 1_795_000_000_000  # 2026-11-18T11:06:40Z


@pytest.fixture(scope="module")
def mimic() -> list[Recorded]:
    data = Path(os.environ["CARDIOSTREAM_DATA"])
    return list(
        read(
            [
                data / "mimic-iv-fhir-demo/MimicPatient.ndjson.gz",
                data / "mimic-iv-fhir-demo/MimicEncounterICU.ndjson.gz",
                data / "mimic-iv-fhir-demo/MimicObservationVitalSignsED.ndjson.gz",
                data / "mimic-iv-fhir-demo-icu-vitals/ObservationIcuVitals.ndjson.gz",
            ]
        )
    )


def content(body: bytes) -> dict[str, Any]:
    return dict(msgspec.json.decode(body))


def undated(body: bytes) -> dict[str, Any]:
    dated = {"effectiveDateTime", "birthDate", "deceasedDateTime", "period", "location"}
    return {name: part for name, part in content(body).items() if name not in dated}


def test_every_mimic_record_is_fed_once_with_every_value_as_it_was(mimic: list[Recorded]) -> None:
    fed = on_one_time_line(mimic, Placement(END))
    assert len(fed) == len(mimic) == 55 + 80 + 3_670 + 55_910
    before = {content(one.body)["id"]: undated(one.body) for one in mimic}
    assert {content(one.value)["id"]: undated(one.value) for one in fed} == before


def test_mimic_patients_of_six_different_decades_begin_on_one_day_and_end_before_the_end(mimic: list[Recorded]) -> None:
    fed = on_one_time_line(mimic, Placement(END))
    times: dict[str, list[int]] = defaultdict(list)
    for one in fed:
        found = outline(one.value)
        if found.kind == "Observation":
            assert found.effective == one.at
            times[found.patient].append(one.at)
    assert len({one.outline.effective // (3652 * DAY) for one in mimic if one.outline.effective}) >= 6
    assert len({min(ats) // DAY for ats in times.values()}) == 1
    assert END - DAY < max(max(ats) for ats in times.values()) <= END
    assert [one.at for one in fed[55:]] == sorted(one.at for one in fed[55:])


def test_mimic_patients_keep_their_age_and_their_intervals(mimic: list[Recorded]) -> None:
    fed = on_one_time_line(mimic, Placement(END))
    old, new = ([content(one) for one in bodies] for bodies in ((m.body for m in mimic), (f.value for f in fed)))
    for ages in zip(*(sorted(ages_in_days(contents)) for contents in (old, new)), strict=True):
        assert ages[0] == ages[1]


def ages_in_days(contents: list[dict[str, Any]]) -> list[tuple[str, int]]:
    births = {f"Patient/{one['id']}": date.fromisoformat(one["birthDate"]) for one in contents if "birthDate" in one}
    return [
        (one["id"], (date.fromisoformat(one["effectiveDateTime"][:10]) - births[one["subject"]["reference"]]).days)
        for one in contents
        if one["resourceType"] == "Observation"
    ]


def test_a_synthea_transaction_becomes_resources_under_their_patient() -> None:
    file = sorted((Path(os.environ["CARDIOSTREAM_DATA"]) / "synthea-r4").glob("*.json.gz"))[0]
    recorded = list(read([file]))
    observations = [one for one in recorded if one.outline.kind == "Observation"]
    patients = {one.outline.patient for one in recorded if one.outline.kind == "Patient"}
    assert len(observations) > 100
    assert len(patients) == 1
    assert {one.outline.patient for one in observations} == patients
    assert all(one.outline.effective is not None for one in observations)
