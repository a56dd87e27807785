"""The ward's notes: valid, repeatable, read back whole in every form, with what is denied and what is in the family."""

from __future__ import annotations

from typing import get_args

import pytest
from fhir.resources.R4B.documentreference import DocumentReference

from streams.documents.reading import read
from streams.simulate.chance import stream
from streams.simulate.note_texts import STYLES, Illness, written
from streams.simulate.notes import CONTENT_TYPES, FORMS, Form, documents, noted
from streams.simulate.ward import arrivals

START = 1_767_225_600_000


def test_every_second_patient_has_a_note_and_some_are_replaced_or_withdrawn() -> None:
    notes = list(noted(80, 1))
    assert [one.number for one in notes] == list(range(0, 80, 2))
    fates = [one.fate for one in notes]
    assert (fates.count("replaced"), fates.count("withdrawn")) == (8, 3)
    assert notes == list(noted(80, 1))
    assert {one.form for one in notes} == set(get_args(Form))


@pytest.mark.parametrize("form", get_args(Form))
def test_a_note_says_the_same_in_every_form(form: Form) -> None:
    for illness in get_args(Illness):
        for style in STYLES:
            parts = written(illness, style, 70, "female", stream(1, illness, style))
            found = read(FORMS[form](parts).encode(), CONTENT_TYPES[form]).text
            for heading, text in parts:
                assert heading in found
                assert " ".join(text.split()) in " ".join(found.split())


def test_notes_deny_and_tell_of_the_family() -> None:
    said = " ".join(text for n in range(40) for _, text in written("fracture", "soap", 70, "male", stream(n)))
    for words in (
        "Denies loss of consciousness",
        "Father had a myocardial infarction",
        "No family history",
        "Return if",
    ):
        assert words in said


def test_documents_are_valid_fhir_and_a_replaced_one_names_what_it_replaces() -> None:
    for one in noted(80, 1):
        found = [resource for _, resource in documents(one, "sim-0001", START)]
        for resource in found:
            DocumentReference.model_validate(resource)
        assert len(found) == (1 if one.fate == "stands" else 2)
        if one.fate == "replaced":
            assert found[1]["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{found[0]['id']}"
        if one.fate == "withdrawn":
            assert (found[1]["id"], found[1]["status"]) == (found[0]["id"], "entered-in-error")


def test_the_ward_writes_notes_only_where_asked_and_in_order() -> None:
    told = [at for at, r in arrivals(8, 3.0, 1, START, notes=True) if r["resourceType"] == "DocumentReference"]
    assert len(told) >= 4
    assert told == sorted(told)
    assert not [r for _, r in arrivals(8, 2.0, 1, START) if r["resourceType"] == "DocumentReference"]
