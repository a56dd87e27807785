"""Clinical notes: whose, what they say, and how they are replaced and taken back."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from streams.normalise import Normalised, Raw, normalise
from streams.normalise.attachments import LARGEST_INLINE
from streams.records import Attachment, NoteVersion, Overruling
from streams.settings import Source
from tests.unit.normalise.fhir_messages import NOON, Json, bundle, coded, overrulings, reasons, sent, skipped

WORDS = "Pt has chest pain."
MINUTE = 60_000


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def attachment(content_type: str | None = "text/plain", **changes: object) -> Json:
    whole = {"contentType": content_type, "data": b64(WORDS)} | changes
    return {key: value for key, value in whole.items() if value is not None}


def document(**changes: object) -> Json:
    """A discharge summary of ten to twelve; a change to None leaves the element out."""
    whole: Json = {
        "resourceType": "DocumentReference",
        "id": "n1",
        "status": "current",
        "docStatus": "final",
        "type": coded("18842-5"),
        "subject": {"reference": "Patient/p1"},
        "date": "2025-03-01T11:50:00Z",
        "context": {"encounter": [{"reference": "Encounter/e1"}]},
        "content": [{"attachment": attachment()}],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def event_of(message: Any, **changes: object) -> NoteVersion:
    (event,) = [e for e in sent(message, **changes).events if isinstance(e, NoteVersion)]  # type: ignore[arg-type]
    return event


def test_a_document_says_whose_it_is_when_it_was_written_and_what() -> None:
    event = event_of(document())
    assert (event.source, event.resource_id, event.patient_id, event.encounter_id) == (
        "hospital", "DocumentReference/n1", "p1", "e1",
    )  # fmt: skip
    assert (event.written_at, event.received_at, event.kind, event.withdrawn) == (
        NOON - 10 * MINUTE, NOON, "18842-5", False,
    )  # fmt: skip
    assert event.attachment == Attachment("text/plain", WORDS.encode())


def test_r5_names_the_encounter_and_the_relation_otherwise() -> None:
    replaced = {"code": {"coding": [{"code": "replaces"}]}, "target": {"reference": "DocumentReference/n0"}}
    event = event_of(document(context=[{"reference": "Encounter/e5"}], relatesTo=[replaced]))
    assert (event.encounter_id, event.replaces) == ("e5", ("DocumentReference/n0",))


def test_of_several_forms_the_one_that_reads_best_is_taken() -> None:
    kinds = ("application/pdf", "application/rtf", "text/html; charset=utf-8", "text/plain")
    content = [{"attachment": attachment(kind)} for kind in kinds]
    for most, best in ((4, "text/plain"), (3, "text/html; charset=utf-8"), (2, "application/rtf"), (1, kinds[0])):
        found = event_of(document(content=content[:most])).attachment
        assert found is not None
        assert found.content_type == best


def test_an_address_is_handed_on_and_nothing_is_fetched() -> None:
    content = [{"attachment": attachment(data=None, url="Binary/17")}]
    assert event_of(document(content=content)).attachment == Attachment("text/plain", None, "Binary/17")


def test_a_binary_of_the_same_bundle_is_read() -> None:
    binary = {"resourceType": "Binary", "id": "17", "contentType": "text/html", "data": b64("<p>x</p>")}
    content = [{"attachment": attachment(None, data=None, url="Binary/17")}]
    assert event_of(bundle(document(content=content), binary)).attachment == Attachment("text/html", b"<p>x</p>")


def test_a_large_document_travels_by_its_address_where_it_has_one() -> None:
    large = b64(b"x" * (LARGEST_INLINE + 1))
    content = [{"attachment": attachment(data=large, url="https://fhir.example/Binary/1")}]
    assert event_of(document(content=content)).attachment == Attachment(
        "text/plain", None, "https://fhir.example/Binary/1"
    )
    assert reasons(sent(document(content=[{"attachment": attachment(data=large)}]))) == ["attachment-too-large"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "entered-in-error"}, True),
        ({"status": "superseded"}, True),
        ({"docStatus": "entered-in-error"}, True),
        ({"docStatus": "deprecated"}, True),
        ({"status": "entered-in-error", "content": None, "date": None}, True),
    ],
)
def test_a_note_taken_back_is_withdrawn_and_told_to_all(changes: Json, told: bool) -> None:
    result = sent(document(**changes))
    (event,) = [e for e in result.events if isinstance(e, NoteVersion)]
    assert (event.withdrawn, event.attachment) == (True, None)
    assert overrulings(result) == [("DocumentReference/n1", "p1")]


def test_a_withdrawal_that_names_nobody_is_told_to_all() -> None:
    result = sent(document(status="entered-in-error", subject=None))
    assert [type(event) for event in result.events] == [Overruling]


@pytest.mark.parametrize("changes", [{"meta": {"versionId": "2"}}, {"docStatus": "amended"}])
def test_a_change_is_told_to_all_and_a_first_version_is_not(changes: Json) -> None:
    assert overrulings(sent(document(**changes))) == [("DocumentReference/n1", "p1")]
    assert overrulings(sent(document())) == []


def test_versions_are_ordered_by_what_the_record_says() -> None:
    first = event_of(document(docStatus="preliminary"))
    assert first.version < event_of(document()).version < event_of(document(docStatus="amended")).version
    assert event_of(document(docStatus="amended")).version < event_of(document(status="superseded")).version
    assert event_of(document()).version == event_of(document()).version


def test_appends_and_transforms_leave_the_other_note_standing() -> None:
    relations = [
        {"code": code, "target": {"reference": f"DocumentReference/{code}"}}
        for code in ("appends", "transforms", "signs", "replaces")
    ]
    assert event_of(document(relatesTo=relations)).replaces == ("DocumentReference/replaces",)


def test_a_note_replaces_not_itself() -> None:
    relations = [{"code": "replaces", "target": {"reference": "DocumentReference/n1"}}]
    assert event_of(document(relatesTo=relations)).replaces == ()


def test_without_id_a_note_is_known_by_its_content() -> None:
    one, other = (event_of(document(id=None, content=[{"attachment": attachment(data=b64(w))}])) for w in ("a", "b"))
    assert one.resource_id.startswith("DocumentReference/sha-")
    assert one.resource_id != other.resource_id
    assert reasons(sent(document(id=None, status="entered-in-error"))) == ["withdrawal-without-id"]


def test_a_date_alone_is_no_time_of_a_note() -> None:
    result = sent(document(date="2025-03-01"))
    (event,) = [e for e in result.events if isinstance(e, NoteVersion)]
    assert event.written_at is None
    assert skipped(result) == [("written-precision", "")]


@pytest.mark.parametrize("changes", [{"content": None}, {"content": [{"attachment": {"contentType": "text/plain"}}]}])
def test_a_note_without_any_text_is_a_skip_until_it_may_have_had_one(changes: Json) -> None:
    assert skipped(sent(document(**changes))) == [("no-text", "DocumentReference")]
    changed = sent(document(meta={"versionId": "2"}, **changes))
    assert [type(event) for event in changed.events] == [NoteVersion, Overruling]


@pytest.mark.parametrize("status", ["registered", "unknown"])
def test_a_report_that_is_not_there_yet_is_a_skip(status: str) -> None:
    assert skipped(sent(report(status=status))) == [(f"status-{status}", "DiagnosticReport")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "odd"}, "status"),
        ({"status": None}, "status"),
        ({"docStatus": "odd"}, "status"),
        ({"subject": None}, "no-subject"),
        ({"id": "not an id"}, "id"),
        ({"date": "yesterday"}, "written-format"),
        ({"date": "2026-01-01T00:00:00Z"}, "effective-future"),
        ({"content": [{"attachment": {"data": "no base64!"}}]}, "attachment-base64"),
        ({"content": [{"attachment": {"url": "x" * 3000}}]}, "attachment-url"),
        ({"content": "x"}, "structure"),
    ],
)
def test_what_the_sender_can_mend_is_a_dead_letter(changes: Json, reason: str) -> None:
    assert reasons(sent(document(**changes))) == [reason]


def report(**changes: object) -> Json:
    whole: Json = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "code": coded("18748-4"),
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
        "issued": "2025-03-01T11:50:00Z",
        "conclusion": "Large heart.",
        "presentedForm": [attachment("text/html")],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def test_a_report_is_read_as_it_was_issued_else_by_its_conclusion() -> None:
    event = event_of(report())
    assert (event.resource_id, event.kind, event.encounter_id) == ("DiagnosticReport/r1", "18748-4", "e1")
    assert event.attachment == Attachment("text/html", WORDS.encode())
    assert event_of(report(presentedForm=None)).attachment == Attachment("text/plain; charset=utf-8", b"Large heart.")


def test_a_report_without_words_is_a_skip() -> None:
    assert skipped(sent(report(presentedForm=None, conclusion=None))) == [("no-text", "DiagnosticReport")]


def composition(**changes: object) -> Json:
    whole: Json = {
        "resourceType": "Composition",
        "id": "c1",
        "status": "final",
        "type": coded("11488-4"),
        "subject": {"reference": "Patient/p1"},
        "date": "2025-03-01T11:50:00Z",
        "section": [
            {"title": "History & more", "text": {"div": "<div>Had <b>pain</b>.</div>"}},
            {"title": "Outer", "section": [{"title": "Inner", "text": {"div": "<div>Deep.</div>"}}]},
        ],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def test_a_compositions_sections_are_one_text() -> None:
    found = event_of(composition()).attachment
    assert found is not None
    assert found.data == (
        b"<h2>History &amp; more</h2>\n<div>Had <b>pain</b>.</div>\n<h2>Outer</h2>\n<h2>Inner</h2>\n<div>Deep.</div>"
    )


def test_r5_has_several_subjects_of_which_the_first_counts() -> None:
    assert event_of(composition(subject=[{"reference": "Patient/p5"}])).patient_id == "p5"
    assert reasons(sent(composition(subject=["x"]))) == ["no-subject"]


def test_a_document_bundle_is_read_by_its_composition() -> None:
    found = sent(bundle(composition(), {"resourceType": "Practitioner", "id": "d"}, kind="document"))
    assert [event.resource_id for event in found.events if isinstance(event, NoteVersion)] == ["Composition/c1"]


def test_an_entry_of_a_bundle_deletes_a_note() -> None:
    for kind in ("DocumentReference", "DiagnosticReport", "Composition"):
        entry = {"request": {"method": "DELETE", "url": f"{kind}/n1"}}
        result = sent({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
        assert overrulings(result) == [(f"{kind}/n1", "")]


def plain(value: bytes | None, key: bytes | None = b"p1", **headers: str) -> Normalised:
    raw = Raw(value, key, "notes.raw", 0, 1, NOON, tuple((k, v.encode()) for k, v in headers.items()))
    return normalise(raw, Source(name="notes", topic="notes.raw", form="text"), future_tolerance_s=300)


def test_a_bare_text_is_a_note_of_the_patient_in_its_key() -> None:
    [event] = plain(
        WORDS.encode(), note_id="n1", written_at="2025-03-01T11:50:00Z", type="34746-8", encounter_id="e1"
    ).events
    assert isinstance(event, NoteVersion)
    assert (event.source, event.resource_id, event.patient_id) == ("notes", "DocumentReference/n1", "p1")
    assert (event.written_at, event.kind, event.encounter_id) == (NOON - 10 * MINUTE, "34746-8", "e1")
    assert event.attachment == Attachment("text/plain; charset=utf-8", WORDS.encode())


def test_a_bare_text_says_its_character_set_version_and_what_it_replaces() -> None:
    told = plain(b"x", note_id="n2", content_type="text/plain; charset=latin1", version_id="2", replaces="n1")
    event = told.events[0]
    assert isinstance(event, NoteVersion)
    assert event.attachment == Attachment("text/plain; charset=latin1", b"x")
    assert (event.version.version_id, event.replaces) == (2, ("DocumentReference/n1",))


def test_an_empty_text_withdraws_the_note_of_its_id() -> None:
    event, word = plain(None, note_id="n1").events
    assert isinstance(event, NoteVersion)
    assert event.withdrawn
    assert isinstance(word, Overruling)
    assert reasons(plain(None)) == ["withdrawal-without-id"]


@pytest.mark.parametrize(
    ("value", "key", "headers", "reason"),
    [
        (b"x", None, {}, "key"),
        (b"x", b"not an id", {}, "key"),
        (b"x", b"p1", {"status": "odd"}, "status"),
        (b"x", b"p1", {"written_at": "noon"}, "written-format"),
        (b"x" * (LARGEST_INLINE + 1), b"p1", {}, "attachment-too-large"),
    ],
)
def test_a_bare_text_of_which_nothing_can_be_told_is_a_dead_letter(
    value: bytes, key: bytes | None, headers: dict[str, str], reason: str
) -> None:
    assert reasons(plain(value, key, **headers)) == [reason]
