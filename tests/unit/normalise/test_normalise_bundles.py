"""Bundles: each entry ends as something, and a bad one keeps back none."""

from __future__ import annotations

import json

import pytest

from tests.unit.normalise.fhir_messages import bundle, heart_rate, reasons, sent, skipped

PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1950-04", "gender": "female"}


@pytest.mark.parametrize(
    "kind", ["transaction", "batch", "collection", "searchset", "history", "message", "document", "of my own"]
)
def test_bundle_of_any_type_gives_its_observations_and_patients(kind: str) -> None:
    result = sent(bundle(heart_rate(), PATIENT, {"resourceType": "Claim"}, kind=kind))
    assert [type(event).__name__ for event in result.events] == ["ObservationVersion", "PatientVersion"]
    assert skipped(result) == [("resource-type", "Claim")]


def test_bad_entry_is_a_dead_letter_of_its_own() -> None:
    result = sent(bundle(heart_rate(), heart_rate(subject=None), heart_rate(status=7), heart_rate()))
    assert len(result.events) == 2
    assert [(letter.entry, letter.reason) for letter in result.dead_letters] == [(1, "no-subject"), (2, "structure")]


def test_only_the_first_dead_letter_of_a_message_carries_the_payload() -> None:
    message = json.dumps(bundle(heart_rate(status=None), heart_rate(status=None))).encode()
    first, second = sent(message).dead_letters
    assert (first.payload, second.payload) == (message, None)
    assert first.sha256 == second.sha256


def test_number_beyond_a_double_spoils_its_own_entry_only() -> None:
    bad = json.dumps(bundle(heart_rate(), heart_rate(valueQuantity={"value": 777}))).encode().replace(b"777", b"1e999")
    result = sent(bad)
    assert len(result.events) == 1
    assert [(letter.entry, letter.reason) for letter in result.dead_letters] == [(1, "value")]


def test_repeated_key_spoils_its_own_entry_only() -> None:
    text = json.dumps(bundle(heart_rate(), heart_rate(id="hr-2"))).replace(
        '"id": "hr-2"', '"id": "hr-2", "status": "amended"'
    )
    result = sent(text.encode())
    assert len(result.events) == 1
    (letter,) = result.dead_letters
    assert (letter.entry, letter.reason, letter.field) == (1, "duplicate-key", "Observation.status")


@pytest.mark.parametrize(
    ("entry", "skip"),
    [
        ({"request": {"method": "DELETE", "url": "Claim/c1"}}, ("resource-type", "Claim")),
        ({"request": {"method": "DELETE", "url": "Observation?status=final"}}, ("delete-conditional", "")),
        ({"response": {"status": "201"}}, ("no-resource", "")),
        ({}, ("no-resource", "")),
        ({"resource": {"resourceType": "Jane"}}, ("resource-type", "")),
        ({"resource": {"resourceType": "Bundle"}}, ("empty-bundle", "")),
    ],
)
def test_entry_of_no_use_is_skipped(entry: object, skip: tuple[str, str]) -> None:
    assert skipped(sent({"resourceType": "Bundle", "entry": [entry]})) == [skip]


@pytest.mark.parametrize("message", [{"resourceType": "Bundle"}, {"resourceType": "Bundle", "entry": []}])
def test_empty_bundle_is_skipped(message: object) -> None:
    assert skipped(sent(message)) == [("empty-bundle", "")]


@pytest.mark.parametrize("entry", [None, 5, [], "x", {"resource": 5}, {"resource": []}])
def test_entry_of_another_shape_is_rejected(entry: object) -> None:
    assert reasons(sent({"resourceType": "Bundle", "entry": [entry]})) == ["structure"]


def test_entries_of_another_shape_are_rejected() -> None:
    assert reasons(sent({"resourceType": "Bundle", "entry": {"resource": heart_rate()}})) == ["structure"]


def test_one_bundle_in_a_bundle_is_read() -> None:
    result = sent(bundle(bundle(heart_rate(), heart_rate(subject=None))))
    assert len(result.events) == 1
    assert [(letter.entry, letter.reason) for letter in result.dead_letters] == [(0, "no-subject")]


def test_bundle_nested_twice_is_rejected() -> None:
    assert reasons(sent(bundle(bundle(bundle(heart_rate()))))) == ["nested-bundle"]
