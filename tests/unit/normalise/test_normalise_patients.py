"""What a Patient becomes."""

from __future__ import annotations

import pytest

from streams.identity import alias
from streams.records import PatientVersion, Version
from tests.unit.normalise.fhir_messages import NOON, bundle, patient, reasons, sent, skipped

PATIENT = {"resourceType": "Patient", "id": "p1", "meta": {"versionId": "3"}, "birthDate": "1950-04-30"}


def test_patient_becomes_demographics() -> None:
    (event,) = sent(PATIENT | {"gender": "female", "active": False, "deceasedBoolean": True}).events
    assert event == PatientVersion(
        source="hospital",
        resource_id="p1",
        patient_id="p1",
        version=Version(0, 3, 0, event.version.digest),
        withdrawn=False,
        received_at=NOON,
        birth_date="1950-04-30",
        sex="female",
    )


@pytest.mark.parametrize("birth_date", ["1950", "1950-04", "1950-04-30", ""])
def test_partial_birth_date_is_kept_as_it_is(birth_date: str) -> None:
    (event,) = sent(PATIENT | {"birthDate": birth_date}).events
    assert isinstance(event, PatientVersion)
    assert event.birth_date == birth_date


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "no-id"),
        ({"id": ""}, "no-id"),
        ({"id": "a b"}, "id"),
        ({"birthDate": "30.04.1950"}, "birth-date"),
        ({"birthDate": "1950-02-30"}, "birth-date"),
        ({"birthDate": 1950}, "structure"),
        ({"gender": "F"}, "gender"),
        ({"meta": {"lastUpdated": "2025"}}, "last-updated-precision"),
    ],
)
def test_patient_that_cannot_be_used_is_rejected(changes: dict[str, object], reason: str) -> None:
    assert reasons(sent(PATIENT | changes)) == [reason]


def person(**changes: object) -> PatientVersion:
    (event,) = sent(patient(**changes)).events
    assert isinstance(event, PatientVersion)
    return event


def numbered(value: str, **changes: object) -> dict[str, object]:
    return {"system": "urn:mrn", "value": value, **changes}


def test_identifiers_in_use_become_aliases() -> None:
    identifiers = [
        numbered("1"),
        numbered("2", use="official"),
        {"value": "3"},
        numbered("1"),
        numbered("4", use="old"),
        {"system": "urn:mrn"},
        numbered(" "),
    ]
    expected = [alias("urn:mrn", "1", "hospital"), alias("urn:mrn", "2", "hospital"), alias("", "3", "hospital")]
    assert person(identifier=identifiers).aliases == tuple(sorted(expected))


def test_order_of_identifiers_does_not_make_another_version() -> None:
    one, two = [numbered("1"), numbered("2")], [numbered("2"), numbered("1")]
    assert person(identifier=one) == person(identifier=two)


def test_identifiers_beyond_thirty_two_are_counted() -> None:
    result = sent(patient(identifier=[numbered(str(n)) for n in range(35)]))
    (event,) = result.events
    assert event.aliases == tuple(sorted(alias("urn:mrn", str(n), "hospital") for n in range(32)))  # type: ignore[union-attr]
    assert skipped(result) == [("identifier-limit", "")] * 3


@pytest.mark.parametrize(
    ("other", "target"),
    [
        ({"reference": "Patient/p2"}, "p2"),
        ({"reference": "https://ehr.example/fhir/Patient/p2/_history/3"}, "p2"),
        ({"reference": "urn:uuid:0f3bd2f7"}, "0f3bd2f7"),
    ],
)
def test_links_that_replace_are_read(other: dict[str, object], target: str) -> None:
    assert person(link=[{"type": "replaced-by", "other": other}]).replaced_by == (target,)
    assert person(link=[{"type": "replaces", "other": other}]).replaces == (target,)


@pytest.mark.parametrize("other", [{"identifier": numbered("9")}, {"reference": "Patient?identifier=urn:mrn|9"}])
def test_a_record_known_by_identifier_alone_may_be_replaced_and_may_not_replace(other: dict[str, object]) -> None:
    assert person(link=[{"type": "replaces", "other": other}]).replaces == (alias("urn:mrn", "9", "hospital"),)
    result = sent(patient(link=[{"type": "replaced-by", "other": other}]))
    assert skipped(result) == [("link-identifier", "")]


def test_link_within_a_bundle_is_resolved() -> None:
    message = bundle(patient(link=[{"type": "replaces", "other": {"reference": "urn:uuid:1f"}}]))
    message["entry"].append({"fullUrl": "urn:uuid:1f", "resource": patient(id="p9")})
    first, second = sent(message).events
    assert (first.replaces, second.patient_id) == (("p9",), "p9")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ({"type": "refer", "other": {"reference": "Patient/p2"}}, "link-refer"),
        ({"type": "seealso", "other": {"reference": "Patient/p2"}}, "link-seealso"),
        ({"type": "replaces", "other": {"reference": "RelatedPerson/r"}}, "link-related-person"),
        ({"type": "replaces", "other": {"type": "RelatedPerson", "identifier": numbered("9")}}, "link-related-person"),
        ({"type": "replaced-by", "other": {"reference": "Patient/p1"}}, "link-self"),
        ({"type": "replaced-by", "other": {"identifier": numbered("1")}}, "link-self"),
        ({"type": "replaced-by", "other": {"type": "Patient", "identifier": numbered("9")}}, "link-identifier"),
    ],
)
def test_link_that_merges_nobody_is_skipped_by_reason(link: dict[str, object], reason: str) -> None:
    result = sent(patient(identifier=[numbered("1")], link=[link]))
    (event,) = result.events
    assert (event.replaced_by, event.replaces) == ((), ())  # type: ignore[union-attr]
    assert skipped(result) == [(reason, "")]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ({"other": {"reference": "Patient/p2"}}, "link-type"),
        ({"type": "twin", "other": {"reference": "Patient/p2"}}, "link-type"),
        ({"type": "replaces"}, "link-reference"),
        ({"type": "replaces", "other": {}}, "link-reference"),
        ({"type": "replaces", "other": {"reference": "Patient/p 2"}}, "link-reference"),
        ({"type": "replaces", "other": {"reference": "Group/g"}}, "link-reference"),
    ],
)
def test_link_that_cannot_be_read_spoils_the_patient(link: dict[str, object], reason: str) -> None:
    result = sent(patient(link=[link]))
    assert (reasons(result), result.events) == ([reason], ())


def test_more_links_than_anyone_has_are_rejected() -> None:
    links = [{"type": "replaces", "other": {"reference": f"Patient/q{n}"}} for n in range(257)]
    assert reasons(sent(patient(link=links))) == ["link-count"]


def test_patient_that_tells_nothing_of_identities_keeps_the_digest_it_always_had() -> None:
    assert person(identifier=[], link=[]).version.digest.hex() == person().version.digest.hex() == "15c10d9986ef2d10"


def test_other_identities_are_another_version() -> None:
    merged = [{"type": "replaces", "other": {"reference": "Patient/p2"}}]
    retired = [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]
    changes: list[dict[str, object]] = [{}, {"identifier": [numbered("1")]}, {"link": merged}, {"link": retired}]
    assert len({person(**change).version.digest for change in changes}) == 4
