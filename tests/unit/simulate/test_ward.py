"""The simulated ward as a whole: valid, repeatable, plausible, coherent, and with the faults of real feeds."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.encounter import Encounter
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient

from streams.clock import HOUR
from streams.feed.outline import instant, outline
from streams.simulate import ward
from streams.simulate.trajectories import courses
from streams.simulate.ward import arrivals

START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
PATIENTS, HOURS, SEED = 64, 24.0, 11
Series = dict[str, list[tuple[int, float]]]


@pytest.fixture(scope="module")
def resources() -> list[dict[str, Any]]:
    return list(ward(PATIENTS, HOURS, SEED, START))


@pytest.fixture(scope="module")
def observations(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in resources if one["resourceType"] == "Observation"]


@pytest.fixture(scope="module")
def stays(resources: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Encounter to its versions, in the order of arrival."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in resources:
        if one["resourceType"] == "Encounter":
            found[one["id"]].append(one)
    return found


@pytest.fixture(scope="module")
def charts(resources: list[dict[str, Any]]) -> dict[str, Series]:
    """Patient to LOINC code and unit to clinical time and value, of what stands at the end."""
    standing: dict[str, dict[str, Any]] = {}
    for one in resources:
        standing[one["id"]] = one
    by_patient: dict[str, Series] = defaultdict(lambda: defaultdict(list))
    for one in standing.values():
        if one["resourceType"] == "Observation" and one["status"] in {"final", "corrected"}:
            for code, at, value in values(one):
                by_patient[one["subject"]["reference"]][code].append((at, value))
    for series in by_patient.values():
        for points in series.values():
            points.sort()
    return by_patient


def values(resource: dict[str, Any]) -> Iterator[tuple[str, int, float]]:
    at = instant(resource["effectiveDateTime"])
    assert at is not None
    for part in resource.get("component", [resource]):
        if "valueQuantity" in part:
            code, number = part["code"]["coding"][0]["code"], part["valueQuantity"]
            yield f"{code} {number['code']}", at, number["value"]


def early_warning(series: Series, first: bool) -> float:
    """NEWS2 of the medians of the first or last five of each vital sign (Royal College of Physicians 2017, scale 1)."""

    def typical(code: str) -> float:
        points = [value for _, value in series[code]]
        return median(points[:5] if first else points[-5:])

    def band(value: float, *bands: tuple[float, int]) -> int:
        return next(points for limit, points in bands if value <= limit)

    end = math.inf
    return (
        band(typical("9279-1 /min"), (8, 3), (11, 1), (20, 0), (24, 2), (end, 3))
        + band(typical("2708-6 %"), (91, 3), (93, 2), (95, 1), (end, 0))
        + band(typical("8480-6 mm[Hg]"), (90, 3), (100, 2), (110, 1), (219, 0), (end, 3))
        + band(typical("8867-4 /min"), (40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (end, 3))
    )


def test_the_same_seed_gives_the_same_ward_to_the_byte() -> None:
    again = [msgspec.json.encode(list(ward(8, 6, 3, START))) for _ in range(2)]
    assert again[0] == again[1]
    assert msgspec.json.encode(list(ward(8, 6, 4, START))) != again[0]


def test_resources_come_in_order_of_arrival_patients_first_and_none_after_the_end() -> None:
    fed = list(arrivals(16, 8, 5, START))
    times = [at for at, _ in fed]
    assert times == sorted(times)
    assert times[-1] <= START + 8 * HOUR
    kinds = [one["resourceType"] for _, one in fed[:33]]
    assert kinds == ["Patient"] * 16 + ["Encounter"] * 16 + ["Observation"]


def test_nothing_arrives_before_it_was_measured(observations: list[dict[str, Any]]) -> None:
    for one in observations:
        found = outline(msgspec.json.encode(one))
        assert found.effective is not None
        assert found.recorded is not None
        assert START <= found.effective <= found.recorded <= START + HOURS * HOUR


def test_every_kind_of_resource_is_valid_fhir(
    resources: list[dict[str, Any]], observations: list[dict[str, Any]], stays: dict[str, list[dict[str, Any]]]
) -> None:
    for one in resources[:PATIENTS]:
        Patient(**one)
    for versions in stays.values():
        for one in versions:
            Encounter(**one)
    for one in observations[::40]:
        Observation(**one)
    kinds = {(one["code"]["coding"][0]["code"], one["status"], "dataAbsentReason" in one): one for one in observations}
    for one in kinds.values():
        Observation(**one)


def test_no_patient_has_a_name(resources: list[dict[str, Any]]) -> None:
    people = [one for one in resources if one["resourceType"] == "Patient"]
    assert [one["id"] for one in people] == [f"sim-{number:04d}" for number in range(1, PATIENTS + 1)]
    assert {key for one in people for key in one} == {"resourceType", "id", "meta", "identifier", "gender", "birthDate"}
    assert people[6]["identifier"] == [{"system": "urn:cardiostream:simulate:mrn", "value": "M0007"}]


def test_everyone_lies_in_a_bed_of_a_ward_from_before_the_beginning(stays: dict[str, list[dict[str, Any]]]) -> None:
    assert len(stays) == PATIENTS
    for first, *_ in stays.values():
        at = instant(first["period"]["start"])
        assert at is not None
        assert at < START
        assert (first["status"], first["meta"]["versionId"]) == ("in-progress", "1")
    twentyfirst = stays[f"sim-0021-{SEED}-{START // 60_000:x}-stay"][0]
    assert [
        (one["physicalType"]["coding"][0]["code"], one["location"]["display"]) for one in twentyfirst["location"]
    ] == [
        ("wi", "ward-2"),
        ("bd", "ward-2-bed-01"),
    ]


def test_some_move_to_another_bed_and_keep_the_history(stays: dict[str, list[dict[str, Any]]]) -> None:
    moved = [versions[1] for versions in stays.values() if len(versions) > 1 and versions[1]["status"] == "in-progress"]
    assert 0.05 * PATIENTS < len(moved) < 0.3 * PATIENTS
    for one in moved:
        assert [(place["status"], "end" in place["period"]) for place in one["location"]] == [
            ("completed", True),
            ("completed", True),
            ("active", False),
            ("active", False),
        ]
        assert one["location"][2]["location"]["display"].startswith("high-care-")


def test_some_go_home_and_nothing_is_charted_of_them_afterwards(
    stays: dict[str, list[dict[str, Any]]], observations: list[dict[str, Any]]
) -> None:
    gone = {
        f"Encounter/{name}": versions[-1] for name, versions in stays.items() if versions[-1]["status"] == "finished"
    }
    assert 0.02 * PATIENTS < len(gone) < 0.2 * PATIENTS
    assert all(place["status"] == "completed" for one in gone.values() for place in one["location"])
    for one in observations:
        if one["encounter"]["reference"] in gone:
            assert one["effectiveDateTime"] < gone[one["encounter"]["reference"]]["period"]["end"]


def test_every_version_of_a_stay_is_newer_than_the_one_before(stays: dict[str, list[dict[str, Any]]]) -> None:
    for versions in stays.values():
        assert [one["meta"]["versionId"] for one in versions] == [str(n + 1) for n in range(len(versions))]
        stamps = [one["meta"]["lastUpdated"] for one in versions]
        assert stamps == sorted(set(stamps))


def test_every_observation_belongs_to_the_stay_of_its_patient(
    stays: dict[str, list[dict[str, Any]]], observations: list[dict[str, Any]]
) -> None:
    whose = {f"Encounter/{name}": versions[0]["subject"] for name, versions in stays.items()}
    assert all(whose[one["encounter"]["reference"]] == one["subject"] for one in observations)


def test_a_faultless_ward_brings_everything_once_when_it_is_known() -> None:
    fed = list(arrivals(8, 12, 5, START, faultless=True))
    charted = [(at, one) for at, one in fed if one["resourceType"] == "Observation"]
    assert all(instant(one["issued"]) == at and one["status"] == "final" for at, one in charted)
    assert len({one["id"] for _, one in charted}) == len(charted)


def test_every_value_is_finite(observations: list[dict[str, Any]]) -> None:
    assert all(math.isfinite(value) for one in observations for _, _, value in values(one))


@pytest.mark.parametrize(
    ("code", "low", "high"),
    [
        ("8867-4 /min", 65, 90),
        ("9279-1 /min", 12, 20),
        ("2708-6 %", 95, 99),
        ("8310-5 Cel", 36.1, 37.2),
        ("8310-5 [degF]", 97, 99),
        ("8480-6 mm[Hg]", 105, 140),
        ("8462-4 mm[Hg]", 60, 90),
        ("9269-2 {score}", 15, 15),
        ("2524-7 mmol/L", 0.5, 2.0),
        ("2823-3 mmol/L", 3.5, 5.1),
        ("2951-2 mmol/L", 135, 145),
        ("2160-0 mg/dL", 0.5, 1.3),
    ],
)
def test_the_steady_patients_medians_are_normal(charts: dict[str, Series], code: str, low: float, high: float) -> None:
    steady = [name for name, course in named_courses().items() if course.kind == "stable"]
    found = [value for name in steady for _, value in charts[name][code]]
    assert low <= median(found) <= high


def named_courses() -> dict[str, Any]:
    return {f"Patient/sim-{k + 1:04d}": course for k, course in enumerate(courses(PATIENTS, HOURS, SEED))}


def test_who_gets_worse_scores_worse_at_the_end_and_who_is_steady_does_not(charts: dict[str, Series]) -> None:
    change: dict[str, list[float]] = defaultdict(list)
    for name, course in named_courses().items():
        kind = "steady" if course.kind == "stable" else "turned" if course.turn_h else "worse"
        change[kind].append(early_warning(charts[name], first=False) - early_warning(charts[name], first=True))
    assert len(change["worse"]) >= 3
    assert min(change["worse"]) >= 1
    assert median(change["worse"]) >= 4
    assert abs(sum(change["steady"]) / len(change["steady"])) < 1


def test_systolic_is_above_diastolic_apart_from_failed_readings(observations: list[dict[str, Any]]) -> None:
    panels = [{code: value for code, _, value in values(one)} for one in observations if "component" in one]
    crossed = [one for one in panels if one["8480-6 mm[Hg]"] <= one["8462-4 mm[Hg]"]]
    assert len(panels) > 1000
    assert 0 < len(crossed) < 0.01 * len(panels)


def test_the_feed_has_the_faults_of_real_feeds_at_their_stated_rates(observations: list[dict[str, Any]]) -> None:
    status = Counter(one["status"] for one in observations)
    twice = Counter((one["id"], one["meta"]["versionId"]) for one in observations)
    late = sum(instant(one["issued"]) - instant(one["effectiveDateTime"]) > 2 * HOUR for one in observations)  # type: ignore[operator]
    shares = {
        "corrected": status["corrected"] / len(observations),
        "entered-in-error": status["entered-in-error"] / len(observations),
        "twice": sum(count == 2 for count in twice.values()) / len(observations),
        "late": late / len(observations),
        "absent": sum("dataAbsentReason" in one for one in observations) / len(observations),
    }
    bounds = {
        "corrected": (0.001, 0.005),
        "entered-in-error": (0.0003, 0.002),
        "twice": (0.003, 0.008),
        "late": (0.001, 0.02),
        "absent": (0.0005, 0.01),
    }
    assert {name: (low <= shares[name] <= high) for name, (low, high) in bounds.items()} == dict.fromkeys(bounds, True)


def test_a_newer_version_says_so_and_comes_later(observations: list[dict[str, Any]]) -> None:
    first: dict[str, dict[str, Any]] = {}
    newer = 0
    for one in observations:
        if one["meta"]["versionId"] == "2":
            newer += 1
            assert one["meta"]["lastUpdated"] > first[one["id"]]["meta"]["lastUpdated"]
            assert one["effectiveDateTime"] == first[one["id"]]["effectiveDateTime"]
        else:
            first.setdefault(one["id"], one)
    assert newer > 20


def test_monitors_chart_every_five_minutes_and_nurses_seldom(charts: dict[str, Series]) -> None:
    pulses = sorted(len(series["8867-4 /min"]) for series in charts.values())
    assert pulses[0] < 10
    assert pulses[-1] > 250


def test_ids_fit_fhir_and_two_wards_never_share_them() -> None:
    one, other, later = (
        {r["id"] for r in ward(4, 4, seed, start) if r["resourceType"] == "Observation"}
        for seed, start in ((1, START), (2, START), (1, START + HOUR))
    )
    assert not one & other
    assert not one & later
    assert all(len(name) <= 64 and name.replace("-", "").isalnum() for name in one)
