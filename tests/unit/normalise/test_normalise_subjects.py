"""Whose a resource is where no reference ``Patient/<id>`` says so."""

from __future__ import annotations

import pytest

from streams.identity import alias, is_alias
from tests.unit.normalise.fhir_messages import bundle, encounter, heart_rate, observations, patient, reasons, sent

MRN = {"system": "urn:mrn", "value": "123"}
UUID = "urn:uuid:0f3bd2f7-5f8f-4f43-b8d4-9c1f6d6a8c11"
ALIAS = alias("urn:mrn", "123", "hospital")


def key_of(subject: object, **changes: object) -> str:
    (event,) = observations(sent(heart_rate(subject=subject, **changes)))
    return event.patient_id


@pytest.mark.parametrize(
    "subject",
    [
        {"identifier": MRN},
        {"identifier": MRN | {"use": "official"}, "type": "Patient", "display": "Jane"},
        {"identifier": {"system": " urn:mrn", "value": "123 "}},
        {"reference": "Patient?identifier=urn:mrn|123"},
        {"reference": "Patient?identifier=urn%3Amrn%7C123"},
        {"reference": "https://ehr.example/fhir/Patient?identifier=urn:mrn|123"},
        {"reference": "Patient/p 1", "identifier": MRN},
        {"reference": "#nobody", "identifier": MRN},
        {"reference": "Patient?name=Jane", "identifier": MRN},
    ],
)
def test_identifier_gives_the_alias(subject: object) -> None:
    assert key_of(subject) == ALIAS


def test_alias_is_never_the_id_of_a_patient() -> None:
    assert is_alias(ALIAS)
    assert reasons(sent(heart_rate(subject={"reference": f"Patient/{ALIAS}"}))) == ["subject-reference"]


def test_identifier_without_system_means_something_within_its_source_only() -> None:
    assert key_of({"identifier": {"value": "123"}}) == alias("", "123", "hospital") != alias("", "123", "other")
    assert key_of({"reference": "Patient?identifier=|123"}) == alias("", "123", "hospital")


def test_reference_comes_before_the_identifier_beside_it() -> None:
    assert key_of({"reference": "Patient/p1", "identifier": MRN}) == "p1"
    assert key_of({"reference": UUID, "identifier": MRN}) == UUID.removeprefix("urn:uuid:")


def test_identifier_beside_a_reference_to_another_type_counts_for_nothing() -> None:
    assert reasons(sent(heart_rate(subject={"reference": "Group/g", "identifier": MRN}))) == ["subject-type"]


@pytest.mark.parametrize(
    "query",
    [
        "identifier=123",
        "identifier=urn:mrn|",
        "identifier=urn:mrn|1,urn:mrn|2",
        "identifier=urn:mrn|1&active=true",
        "identifier=%ff|1",
        "identifier=|" + "1" * 5000,
        "name=Jane",
    ],
)
def test_conditional_reference_that_names_no_single_identifier_is_rejected(query: str) -> None:
    assert reasons(sent(heart_rate(subject={"reference": f"Patient?{query}"}))) == ["subject-reference"]


def test_escaped_bar_belongs_to_the_value() -> None:
    assert key_of({"reference": r"Patient?identifier=urn:mrn|1\|2"}) == alias("urn:mrn", "1|2", "hospital")


def test_contained_patient_is_known_by_the_first_identifier_in_use() -> None:
    contained = [
        {"resourceType": "Device", "id": "p"},
        {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:mrn"}, MRN | {"use": "old"}, MRN, {}]},
    ]
    assert key_of({"reference": "#p"}, contained=contained) == ALIAS


@pytest.mark.parametrize(
    "contained",
    [
        None,
        [],
        {},
        "p",
        [None, 7],
        [{"resourceType": "Patient", "id": "q", "identifier": [MRN]}],
        [{"resourceType": "Device", "id": "p", "identifier": [MRN]}],
        [{"resourceType": "Patient", "id": "p"}],
        [{"resourceType": "Patient", "id": "p", "identifier": MRN}],
        [{"resourceType": "Patient", "id": "p", "identifier": [{"value": ""}, None]}],
    ],
)
def test_contained_subject_without_identifier_is_rejected_with_what_was_expected(contained: object) -> None:
    (letter,) = sent(heart_rate(subject={"reference": "#p"}, contained=contained)).dead_letters
    assert (letter.reason, letter.field, letter.expected) == (
        "subject-contained",
        "Observation.subject.reference",
        "a contained Patient with an identifier",
    )


def test_encounter_names_its_patient_in_the_same_ways() -> None:
    contained = [{"resourceType": "Patient", "id": "p", "identifier": [MRN]}]
    for subject in ({"identifier": MRN}, {"reference": "#p"}, {"reference": "Patient?identifier=urn:mrn|123"}):
        (event,) = sent(encounter(subject=subject, contained=contained)).events
        assert event.patient_id == ALIAS


def test_alias_of_the_subject_is_one_of_the_patients_own() -> None:
    (person,) = sent(patient(identifier=[MRN])).events
    assert key_of({"identifier": MRN}) in person.aliases  # type: ignore[union-attr]


def test_urn_uuid_that_a_bundle_resolves_to_another_type_is_rejected() -> None:
    message = bundle(encounter(subject={"reference": UUID}))
    message["entry"].append({"fullUrl": UUID, "resource": {"resourceType": "Device", "id": "d"}})
    (letter,) = sent(message).dead_letters
    assert (letter.reason, letter.field, letter.received) == ("subject-type", "Encounter.subject.reference", "Device")
