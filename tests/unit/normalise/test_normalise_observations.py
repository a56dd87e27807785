"""What an Observation becomes."""

from __future__ import annotations

import pytest

from streams.records import Measure, ObservationVersion, Version
from tests.unit.normalise.fhir_messages import (
    NOON,
    coded,
    heart_rate,
    observations,
    overrulings,
    quantity,
    reasons,
    sent,
    skipped,
)


def test_heart_rate_becomes_one_event() -> None:
    result = sent(heart_rate(meta={"versionId": "1", "lastUpdated": "2025-03-01T12:00:01.250Z"}))
    (event,) = result.events
    assert event == ObservationVersion(
        source="hospital",
        resource_id="hr-1",
        patient_id="p1",
        version=Version(NOON + 1250, 1, 2, event.version.digest),
        withdrawn=False,
        received_at=NOON,
        effective_at=NOON,
        encounter_id="e1",
        measures=(Measure("8867-4", "8867-4", 72.0),),
    )
    assert len(event.version.digest) == 8
    assert (result.skips, result.dead_letters) == ((), ())


def measures_of(message: object) -> list[tuple[str, str, float]]:
    (event,) = sent(message).events
    assert isinstance(event, ObservationVersion)
    return [(measure.component, measure.code, measure.value) for measure in event.measures]


@pytest.mark.parametrize("panel", ["85354-9", "55284-4", "85353-1"])
def test_panel_gives_its_components(panel: str) -> None:
    components = [
        {"code": coded("8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
        {"code": coded("8462-4"), "valueQuantity": quantity(80, "mm[Hg]")},
    ]
    message = heart_rate(code=coded(panel), valueQuantity=None, component=components)
    assert measures_of(message) == [("8480-6", "8480-6", 120.0), ("8462-4", "8462-4", 80.0)]


def test_coma_scale_gives_its_total_and_its_parts() -> None:
    parts = [{"code": coded(code), "valueInteger": n} for code, n in (("9267-6", 3), ("9270-0", 4), ("9268-4", 6))]
    message = heart_rate(code=coded("9269-2"), valueQuantity=quantity(13, "{score}"), component=parts)
    assert measures_of(message) == [
        ("9269-2", "9269-2", 13.0),
        ("9267-6", "9267-6", 3.0),
        ("9270-0", "9270-0", 4.0),
        ("9268-4", "9268-4", 6.0),
    ]


def test_coma_scale_without_total_gives_its_parts_and_no_skip() -> None:
    message = heart_rate(
        code=coded("9269-2"), valueQuantity=None, component=[{"code": coded("9267-6"), "valueInteger": 3}]
    )
    assert measures_of(message) == [("9267-6", "9267-6", 3.0)]
    assert skipped(sent(message)) == []


def test_repeated_component_gets_a_number() -> None:
    twice = [{"code": coded("8480-6"), "valueQuantity": quantity(value, "mm[Hg]")} for value in (120, 118)]
    assert measures_of(heart_rate(code=coded("85354-9"), valueQuantity=None, component=twice)) == [
        ("8480-6", "8480-6", 120.0),
        ("8480-6#2", "8480-6", 118.0),
    ]


def test_monitor_code_and_unit_are_understood() -> None:
    mdc = "urn:iso:std:iso:11073:10101"
    value = {"value": 97, "system": mdc, "code": "262688", "unit": "percent of something"}
    assert measures_of(heart_rate(code=coded("150456", mdc), valueQuantity=value)) == [("2708-6", "2708-6", 97.0)]


def test_first_coding_that_maps_is_taken() -> None:
    code = {"coding": [{"system": "urn:local", "code": "HR"}, {"system": "http://loinc.org", "code": "8867-4"}]}
    assert measures_of(heart_rate(code=code)) == [("8867-4", "8867-4", 72.0)]


def test_codings_of_two_quantities_are_rejected() -> None:
    code = {"coding": [*coded("8867-4")["coding"], *coded("9279-1")["coding"]]}
    (letter,) = sent(heart_rate(code=code)).dead_letters
    assert (letter.reason, letter.field, letter.received) == ("code-conflict", "Observation.code", "8867-4 and 9279-1")


def test_implausible_value_stays_a_fact() -> None:
    assert measures_of(heart_rate(valueQuantity=quantity(879, "/min"))) == [("8867-4", "8867-4", 879.0)]


@pytest.mark.parametrize(
    ("code", "label"),
    [
        (coded("39156-5"), "39156-5"),
        (coded("150087", "urn:iso:std:iso:11073:10101"), "mdc|150087"),
        (coded("363779003", "http://snomed.info/sct"), "sct|363779003"),
        (coded("Jane Doe"), ""),
        (coded("39156-4"), ""),
        (coded("12345678", "urn:hospital:mrn"), ""),
        ({"text": "Jane Doe's pulse"}, ""),
    ],
)
def test_unused_code_is_skipped_by_name_only_where_the_name_is_safe(code: object, label: str) -> None:
    result = sent(heart_rate(code=code))
    assert skipped(result) == [("code", label)]
    assert (result.events, result.dead_letters) == ((), ())


def test_unused_component_is_skipped_beside_the_others() -> None:
    components = [
        {"code": coded("8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
        {"code": coded("8357-6"), "valueString": "cuff"},
    ]
    result = sent(heart_rate(code=coded("85354-9"), valueQuantity=None, component=components))
    assert len(result.events) == 1
    assert skipped(result) == [("code", "8357-6")]


def test_panel_of_members_is_skipped() -> None:
    message = heart_rate(code=coded("85353-1"), valueQuantity=None, hasMember=[{"reference": "Observation/hr-1"}])
    assert skipped(sent(message)) == [("panel-members", "85353-1")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valueQuantity": quantity(5, "/min") | {"comparator": "<"}}, "comparator"),
        ({"valueQuantity": None, "dataAbsentReason": {"text": "asleep"}}, "data-absent"),
        ({"valueQuantity": {"unit": "/min"}}, "data-absent"),
        ({"valueQuantity": None}, "data-absent"),
        ({"valueQuantity": None, "valueString": "fast"}, "value-type"),
        ({"valueQuantity": None, "valueCodeableConcept": {"text": "fast"}}, "value-type"),
        ({"valueQuantity": None, "valueSampledData": {"data": "1 2"}}, "value-type"),
        ({"status": "registered"}, "status-registered"),
        ({"status": "unknown"}, "status-unknown"),
    ],
)
def test_result_without_usable_number_is_skipped(changes: dict[str, object], reason: str) -> None:
    result = sent(heart_rate(**changes))
    assert skipped(result) == [(reason, "8867-4")]
    assert (result.events, result.dead_letters) == ((), ())


@pytest.mark.parametrize(
    ("literal", "received"),
    [
        (b'"72"', "a JSON string"),
        (b"true", "a JSON boolean"),
        (b"{}", "a JSON object"),
        (b"1e400", "a number beyond that"),
        (b"-1e400", "a number beyond that"),
        (b"9" * 400, "a number beyond that"),
        (b"9" * 100_000, "a number beyond that"),
    ],
)
def test_value_that_is_no_double_is_rejected(literal: bytes, received: str) -> None:
    import json

    message = json.dumps(heart_rate()).encode().replace(b"72", literal)
    (letter,) = sent(message).dead_letters
    assert (letter.reason, letter.field, letter.received) == ("value", "Observation.valueQuantity", received)


def test_bad_component_is_rejected_and_the_good_one_counts() -> None:
    components = [
        {"code": coded("8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
        {"code": coded("8462-4"), "valueQuantity": quantity(80, "kg")},
    ]
    result = sent(heart_rate(code=coded("85354-9"), valueQuantity=None, component=components))
    (letter,) = result.dead_letters
    assert (letter.reason, letter.field) == ("unit", "Observation.component[1].valueQuantity")
    assert (letter.expected, letter.received) == ("a unit that converts to mm[Hg]", "kg")
    assert len(result.events) == 1


@pytest.mark.parametrize("status", ["amended", "corrected"])
def test_correction_without_usable_value_still_overrules(status: str) -> None:
    result = sent(heart_rate(status=status, valueQuantity=None, dataAbsentReason={"text": "artefact"}))
    (event,) = observations(result)
    assert (event.measures, event.withdrawn) == ((), False)
    assert overrulings(result) == [("hr-1", "p1")]
    assert skipped(result) == [("data-absent", "8867-4")]


def test_second_version_under_an_unused_code_still_overrules() -> None:
    result = sent(heart_rate(code=coded("39156-5"), meta={"versionId": "2"}))
    assert [event.measures for event in observations(result)] == [()]
    assert overrulings(result) == [("hr-1", "p1")]
    assert skipped(result) == [("code", "39156-5")]


def test_second_version_under_an_unused_code_that_cannot_be_placed_is_skipped_and_no_event_of_its_patient() -> None:
    result = sent(heart_rate(code=coded("39156-5"), meta={"versionId": "2"}, effectiveDateTime="2025-03-01"))
    assert (observations(result), result.dead_letters) == ([], ())
    assert overrulings(result) == [("hr-1", "p1")]
    assert skipped(result) == [("code", "39156-5")]


@pytest.mark.parametrize("version", ["1", None])
def test_first_version_without_usable_value_overrules_nothing(version: str | None) -> None:
    meta = {"versionId": version} if version else {}
    assert sent(heart_rate(meta=meta, valueQuantity=None)).events == ()


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_withdrawal_needs_neither_time_nor_value(status: str) -> None:
    (event,) = observations(sent(heart_rate(status=status, effectiveDateTime=None, valueQuantity=None)))
    assert (event.withdrawn, event.effective_at, event.measures) == (True, None, ())
    assert event.version.status_rank == 4


def test_withdrawal_with_a_date_alone_is_still_a_withdrawal() -> None:
    (event,) = observations(sent(heart_rate(status="entered-in-error", effectiveDateTime="2025-03-01")))
    assert (event.withdrawn, event.effective_at) == (True, None)


@pytest.mark.parametrize("code", [None, {"text": "withdrawn"}, coded("85354-9")])
def test_withdrawal_that_may_have_been_ours_is_kept(code: object) -> None:
    (event,) = observations(sent(heart_rate(status="entered-in-error", code=code)))
    assert event.withdrawn


def test_withdrawal_of_an_unused_code_is_skipped() -> None:
    result = sent(heart_rate(status="entered-in-error", code=coded("39156-5")))
    assert (skipped(result), result.events) == ([("code", "39156-5")], ())


def test_withdrawal_without_id_finds_the_fact_by_its_content() -> None:
    (first,) = observations(sent(heart_rate(id=None)))
    (second,) = observations(sent(heart_rate(id=None, status="entered-in-error")))
    assert first.resource_id == second.resource_id
    assert first.resource_id.startswith("sha-")
    assert second.withdrawn
    assert overrulings(sent(heart_rate(id=None, status="entered-in-error"))) == []


def test_withdrawal_without_id_and_value_is_rejected() -> None:
    stripped = heart_rate(id=None, status="entered-in-error", valueQuantity=None)
    assert reasons(sent(stripped)) == ["withdrawal-without-id"]


@pytest.mark.parametrize("changes", [{"status": None}, {"status": "done"}, {"status": "FINAL"}])
def test_status_that_is_missing_or_invented_is_rejected(changes: dict[str, object]) -> None:
    assert reasons(sent(heart_rate(**changes))) == ["status"]


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"code": None}, "no-code", "Observation.code"),
        ({"id": "has space"}, "id", "Observation.id"),
        ({"status": 5}, "structure", "Observation.status"),
        ({"component": {}}, "structure", "Observation.component"),
        ({"subject": "Patient/p1"}, "structure", "Observation.subject"),
        ({"valueInteger": 72}, "value-conflict", "Observation.value[x]"),
        ({"meta": {"lastUpdated": "yesterday"}}, "last-updated-format", "Observation.meta.lastUpdated"),
    ],
)
def test_broken_resource_is_rejected_with_its_place(changes: dict[str, object], reason: str, field: str) -> None:
    (letter,) = sent(heart_rate(**changes)).dead_letters
    assert (letter.reason, letter.field) == (reason, field)


def test_dead_letters_never_name_the_patient() -> None:
    message = heart_rate(subject={"reference": "Device/Jane-Doe-19700101"}, valueQuantity=quantity("Jane", "/min"))
    (letter,) = sent(message).dead_letters
    told = (letter.reason, letter.field, letter.expected, letter.received)
    assert "Jane" not in " ".join(told)
