"""Identities taken out of notes: marked ones by what they look like; whatever fails stops the note."""

from __future__ import annotations

import pytest

from streams.documents.deidentification import Deidentify, deidentifier
from streams.errors import ContractError, RejectedMessage

pytest.importorskip("presidio_analyzer")
pytest.importorskip("presidio_anonymizer")

NOTE = """Patient: Zmarkovski, Jane M.  MRN: MK-7731324  DOB: 03/19/1937
Seen by Dr. Qvistgaard on 2025-03-01; call (555) 010-7731 or jane.z@marked.example.
Mrs. Zmarkovski lives at 42 Marked Tree Lane and has SSN 777-31-7313.
History: chest pain for 3 days, ejection fraction 35 %, BP 142/88, potassium 4.1.
Electronically signed: Ole Qvistgaard, M.D., March 2, 2025"""


@pytest.fixture(scope="module")
def deidentify() -> Deidentify:
    found = deidentifier("presidio", "")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "mark",
    ["Zmarkovski", "Jane", "7731324", "1937", "Qvistgaard", "2025", "010-7731", "marked.example", "Tree Lane", "7313"],
)  # fmt: skip
def test_a_marked_identity_is_gone(deidentify: Deidentify, mark: str) -> None:
    assert mark in NOTE
    assert mark not in deidentify(NOTE)


def test_what_was_found_is_said_by_its_kind_and_findings_stay(deidentify: Deidentify) -> None:
    found = deidentify(NOTE)
    for kind in ("<PERSON>", "<ID_NUMBER>", "<DATE>", "<CONTACT>", "<ADDRESS>"):
        assert kind in found
    assert "History: chest pain for 3 days, ejection fraction 35 %, BP 142/88, potassium 4.1." in found


def test_the_same_note_gives_the_same_text(deidentify: Deidentify) -> None:
    assert deidentify(NOTE) == deidentify(NOTE)


def test_a_note_that_names_nobody_is_left_as_it_is(deidentify: Deidentify) -> None:
    text = "SUBJECTIVE: 70-year-old man with chest pain. Denies fever. Father had a heart attack at 58."
    assert deidentify(text) == text


def test_off_takes_nothing_out() -> None:
    assert deidentifier("off", "") is None


def test_a_model_that_is_not_installed_stops_the_worker_before_anything_is_read() -> None:
    with pytest.raises(ContractError, match="no_such_model"):
        deidentifier("presidio", "no_such_model")


def test_a_failure_of_the_library_refuses_the_note_without_a_word_of_it(
    deidentify: Deidentify, monkeypatch: pytest.MonkeyPatch
) -> None:
    from presidio_anonymizer import AnonymizerEngine

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("Zmarkovski")

    monkeypatch.setattr(AnonymizerEngine, "anonymize", fails)
    with pytest.raises(RejectedMessage) as caught:
        deidentify(NOTE)
    assert caught.value.reason == "deidentification"
    assert "Zmarkovski" not in str(caught.value)
