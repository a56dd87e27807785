"""What an Encounter becomes, by FHIR release."""

from __future__ import annotations

from typing import Any

import pytest

from streams.records import EncounterVersion, Version
from tests.unit.normalise.fhir_messages import NOON, encounter, overrulings, reasons, sent, skipped

HOUR = 3_600_000
TYPES = "http://terminology.hl7.org/CodeSystem/location-physical-type"


def stay(message: object, **changes: Any) -> EncounterVersion:
    (event,) = [e for e in sent(message, **changes).events if isinstance(e, EncounterVersion)]
    return event


def place(name: str, kind: str | None = None, system: str = TYPES, **changes: object) -> dict[str, object]:
    """A Location of an R4 Encounter."""
    typed = {"physicalType": {"coding": [{"system": system, "code": kind}]}} if kind else {}
    return {"location": {"reference": f"Location/{name}", "display": "a name"}, **typed, **changes}


def r5(**changes: object) -> dict[str, object]:
    """The same stay in R5."""
    changed = {"class": [{"coding": [{"code": "IMP"}]}], "period": None, **changes}
    return encounter(**{"actualPeriod": {"start": "2025-03-01T12:00:00Z"}, **changed})


def test_encounter_becomes_one_event() -> None:
    event = stay(
        encounter(
            meta={"versionId": "1", "lastUpdated": "2025-03-01T12:00:00Z"},
            status="finished",
            period={"start": "2025-03-01T12:00:00Z", "end": "2025-03-01T15:00:00+01:00"},
            location=[place("ward-3", "wa"), place("bed-7", "bd")],
        )
    )
    assert event == EncounterVersion(
        source="hospital",
        resource_id="Encounter/e1",
        patient_id="p1",
        version=Version(NOON, 1, 2, event.version.digest),
        withdrawn=False,
        received_at=NOON,
        status="finished",
        start=NOON,
        end=NOON + 2 * HOUR,
        ward="ward-3",
        bed="bed-7",
    )


R4_STATUSES = {
    "planned": "planned",
    "arrived": "active",
    "triaged": "active",
    "in-progress": "active",
    "onleave": "active",
    "unknown": "active",
    "finished": "finished",
    "cancelled": "cancelled",
}
R5_STATUSES = {
    "planned": "planned",
    "in-progress": "active",
    "on-hold": "active",
    "discharged": "active",
    "unknown": "active",
    "completed": "finished",
    "discontinued": "finished",
    "cancelled": "cancelled",
}


@pytest.mark.parametrize("release", ["R4", "R4B"])
@pytest.mark.parametrize(("status", "expected"), R4_STATUSES.items())
def test_status_of_r4_is_understood(release: str, status: str, expected: str) -> None:
    event = stay(encounter(status=status), fhir_version=release)
    assert (event.status, event.withdrawn) == (expected, False)


@pytest.mark.parametrize(("status", "expected"), R5_STATUSES.items())
def test_status_of_r5_is_understood(status: str, expected: str) -> None:
    event = stay(r5(status=status), fhir_version="R5")
    assert (event.status, event.withdrawn) == (expected, False)


@pytest.mark.parametrize(
    ("release", "status"),
    [
        *(("R4", status) for status in sorted(R5_STATUSES.keys() - R4_STATUSES.keys())),
        *(("R4B", status) for status in sorted(R5_STATUSES.keys() - R4_STATUSES.keys())),
        *(("R5", status) for status in sorted(R4_STATUSES.keys() - R5_STATUSES.keys())),
        ("R4", "FINISHED"),
        ("R5", "entered in error"),
        ("R4", ""),
        ("R5", None),
    ],
)
def test_status_that_the_release_does_not_have_is_rejected(release: str, status: str | None) -> None:
    (letter,) = sent(encounter(status=status), fhir_version=release).dead_letters
    assert (letter.reason, letter.field) == ("status", "Encounter.status")
    assert letter.expected == f"a code of encounter-status of {release}"


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_entered_in_error_withdraws_and_every_partition_hears_of_it(release: str) -> None:
    result = sent(encounter(status="entered-in-error"), fhir_version=release)
    assert [event.version.status_rank for event in result.events] == [4, 4]
    assert stay(encounter(status="entered-in-error"), fhir_version=release).withdrawn
    assert overrulings(result) == [("Encounter/e1", "p1")]


def test_without_metadata_a_stay_goes_from_planned_to_its_end() -> None:
    words = ["planned", "in-progress", "finished", "cancelled", "entered-in-error"]
    versions = [stay(encounter(status=status)).version for status in words]
    assert versions == sorted(versions)


def test_r5_reads_the_actual_period_and_the_form_of_a_location() -> None:
    form = {"coding": [{"system": TYPES, "code": "bd"}]}
    message = r5(
        period={"start": "2025-03-01T09:00:00Z"},
        location=[{"location": {"reference": "Location/b1"}, "form": form, "physicalType": {"coding": []}}],
    )
    event = stay(message, fhir_version="R5")
    assert (event.start, event.ward, event.bed) == (NOON, "", "b1")


def test_r4_does_not_read_what_only_r5_has() -> None:
    event = stay(r5(), fhir_version="R4")
    assert event.start is None


@pytest.mark.parametrize("text", ["2025", "2025-03", "2025-03-01"])
def test_partial_date_of_the_period_is_skipped_and_the_stay_is_kept(text: str) -> None:
    result = sent(encounter(period={"start": text, "end": "2025-03-01T12:00:00Z"}))
    (event,) = result.events
    assert (event.start, event.end) == (None, NOON)  # type: ignore[union-attr]
    assert skipped(result) == [("period-precision", "")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yesterday", "period-format"),
        ("2025-03-01T12:00:00", "period-zone"),
        ("0001-03-01T12:00:00Z", "period-range"),
    ],
)
def test_unreadable_time_of_the_period_is_rejected_and_the_stay_is_kept(text: str, reason: str) -> None:
    result = sent(encounter(period={"end": text}))
    (letter,) = result.dead_letters
    assert (letter.reason, letter.field) == (reason, "Encounter.period.end")
    assert len(result.events) == 1


def places(*locations: dict[str, object]) -> tuple[str, str]:
    event = stay(encounter(location=list(locations)))
    return event.ward, event.bed


def test_location_without_physical_type_is_the_ward() -> None:
    assert places(place("w")) == ("w", "")
    assert places(place("w", "ICU", system="urn:local")) == ("w", "")
    assert places(place("x"), place("w", "wa")) == ("w", "")


def test_ward_comes_before_wing_and_wing_before_a_location_without_type() -> None:
    assert places(place("a", "wa"), place("i", "wi"), place("x")) == ("a", "")
    assert places(place("i", "wi"), place("x")) == ("i", "")


def test_room_is_the_bed_only_where_no_bed_is_said() -> None:
    assert places(place("r", "ro")) == ("", "r")
    assert places(place("b", "bd"), place("r", "ro")) == ("", "b")


def test_other_physical_types_are_neither_ward_nor_bed() -> None:
    assert places(place("h", "bu"), place("c", "co")) == ("", "")


@pytest.mark.parametrize("status", ["planned", "reserved", "completed", "of my own"])
def test_location_where_the_patient_is_not_does_not_count(status: str) -> None:
    assert places(place("w", "wi", status=status)) == ("", "")


def test_active_location_counts() -> None:
    assert places(place("w", "wi", status="active")) == ("w", "")


def test_of_several_wards_the_one_not_yet_left_counts_then_the_newest_then_the_last() -> None:
    left = place("left", period={"start": "2025-03-01T11:00:00Z", "end": "2025-03-01T12:00:00Z"})
    earlier = place("earlier", period={"start": "2025-03-01T09:00:00Z", "end": "2025-03-01T11:00:00Z"})
    still = place("still", period={"start": "2025-03-01T08:00:00Z"})
    assert places(left, still, earlier)[0] == "still"
    assert places(left, earlier)[0] == "left"
    assert places(place("a"), place("b", period={"start": "2025"}))[0] == "b"


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ({"reference": "https://ehr.example/Location/w1/_history/2"}, "w1"),
        ({"reference": "#w1", "display": " Ward 1 "}, "Ward 1"),
        ({"identifier": {"value": "7"}, "display": "x" * 100}, "x" * 64),
        ({"reference": "Group/w1"}, ""),
        ({"display": 7}, ""),
        (None, ""),
    ],
)
def test_name_of_a_location_is_its_id_else_its_display(location: object, name: str) -> None:
    assert places({"location": location}) == (name, "")


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"id": None}, "no-id", "Encounter.id"),
        ({"id": "a b"}, "id", "Encounter.id"),
        ({"subject": None}, "no-subject", "Encounter.subject"),
        ({"subject": {"reference": "Group/g"}}, "subject-type", "Encounter.subject.reference"),
        ({"meta": {"lastUpdated": "2025"}}, "last-updated-precision", "Encounter.meta.lastUpdated"),
        ({"location": {}}, "structure", "Encounter.location"),
    ],
)
def test_encounter_that_cannot_be_used_is_rejected(changes: dict[str, object], reason: str, field: str) -> None:
    (letter,) = sent(encounter(**changes)).dead_letters
    assert (letter.reason, letter.field) == (reason, field)


def test_first_version_of_an_encounter_is_told_to_its_patient_only() -> None:
    for meta in ({}, {"versionId": "1"}):
        assert overrulings(sent(encounter(meta=meta, status="cancelled"))) == []


def test_second_version_of_an_encounter_is_told_to_all() -> None:
    result = sent(encounter(meta={"versionId": "2"}))
    event, word = result.events
    assert overrulings(result) == [("Encounter/e1", "p1")]
    assert event.version == word.version


def test_second_version_of_an_encounter_that_names_nobody_is_told_to_all_and_no_dead_letter() -> None:
    result = sent(encounter(meta={"versionId": "2"}, subject=None))
    assert (overrulings(result), reasons(result), len(result.events)) == ([("Encounter/e1", "")], [], 1)


def test_digest_tells_versions_of_an_encounter_apart() -> None:
    changes: list[dict[str, object]] = [
        {},
        {"status": "finished"},
        {"subject": {"reference": "Patient/p2"}},
        {"period": {"start": "2025-03-01T12:00:01Z"}},
        {"period": {"start": "2025-03-01T12:00:00Z", "end": "2025-03-01T12:00:01Z"}},
        {"location": [place("w")]},
        {"location": [place("w", "bd")]},
    ]
    assert len({stay(encounter(**change)).version.digest for change in changes}) == len(changes)
