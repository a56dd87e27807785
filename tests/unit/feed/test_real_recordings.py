"""Real recordings on one time line: nothing lost, no value touched, ages and intervals kept."""

import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from streams.clock import DAY
from streams.feed.calendar import shifted
from streams.feed.outline import outline
from streams.feed.recording import Recorded, read
from streams.feed.sequence import Delivery, Placement, on_one_time_line

pytestmark = pytest.mark.realdata
END = 1_795_000_000_000  # 2026-11-18T11:06:40Z


@pytest.fixture(scope="module")
def data() -> Path:
    return Path(os.environ["CARDIOSTREAM_DATA"])


@pytest.fixture(scope="module")
def mimic(data: Path) -> list[Recorded]:
    demo, icu = data / "mimic-iv-fhir-demo", data / "mimic-iv-fhir-demo-icu-vitals"
    files = ("MimicPatient", "MimicEncounterICU", "MimicObservationVitalSignsED")
    return list(read([*(demo / f"{file}.ndjson.gz" for file in files), icu / "ObservationIcuVitals.ndjson.gz"]))


@pytest.fixture(scope="module")
def fed(mimic: list[Recorded]) -> list[Delivery]:
    return on_one_time_line(mimic, Placement(END))


def begins(records: list[tuple[str, int]]) -> dict[str, int]:
    first: dict[str, int] = defaultdict(lambda: 10**15)
    for patient, at in records:
        first[patient] = min(at, first[patient])
    return dict(first)


def observed(bodies: list[bytes]) -> list[tuple[str, int]]:
    found = map(outline, bodies)
    return [(one.patient, one.effective) for one in found if one.kind == "Observation" and one.effective is not None]


def test_every_mimic_record_is_fed_once_and_taking_the_shift_back_gives_it_to_the_byte(
    mimic: list[Recorded], fed: list[Delivery]
) -> None:
    old, new = begins(observed([one.body for one in mimic])), begins(observed([one.value for one in fed]))
    days = {patient: (old[patient] - new[patient]) / DAY for patient in old}
    assert all(shift.is_integer() for shift in days.values())
    back = Counter(shifted(one.value, int(days[(one.key or b"").decode()])) for one in fed)
    assert len(fed) == 55 + 80 + 3_670 + 55_910
    assert back == Counter(one.body for one in mimic)


def test_mimic_patients_of_many_decades_begin_on_one_day_and_end_before_the_end(
    mimic: list[Recorded], fed: list[Delivery]
) -> None:
    assert len({at // (3652 * DAY) for _, at in observed([one.body for one in mimic])}) >= 6
    times = observed([one.value for one in fed])
    assert len({at // DAY for at in begins(times).values()}) == 1
    assert END - DAY < max(at for _, at in times) <= END


def test_mimic_is_fed_patients_first_and_then_by_time(fed: list[Delivery]) -> None:
    assert {outline(one.value).kind for one in fed[:55]} == {"Patient"}
    assert [one.at for one in fed[55:]] == sorted(one.at for one in fed[55:])


def test_a_synthea_transaction_becomes_resources_under_their_patient(data: Path) -> None:
    recorded = list(read([sorted((data / "synthea-r4").glob("*.json.gz"))[0]]))
    observations = [one.outline for one in recorded if one.outline.kind == "Observation"]
    patients = {one.outline.patient for one in recorded if one.outline.kind == "Patient"}
    assert (len(observations), len(patients)) == (83, 1)
    assert {one.patient for one in observations} == patients
    assert all(one.effective is not None for one in observations)
