"""Every version of an imaging study ends as predictions, a stated nothing, a withdrawal, a wait, or is replaced."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.records import ImagingStudyVersion, Overruling, StudyPrediction, StudyPredictions, StudyRetry, Version
from streams.verify.findings import Finding
from streams.verify.studies import Answers, Expected, compare

encode = msgspec.json.encode
JUDGED = (StudyPrediction("film_brightness", "1", "ok"),)


def study(version: int = 1, **changes: Any) -> ImagingStudyVersion:
    whole: dict[str, Any] = {
        "source": "hospital", "resource_id": "ImagingStudy/s1", "patient_id": "p1", "withdrawn": False,
        "version": Version(version_id=version), "received_at": 0, "study_uid": "1.2.3",
    }  # fmt: skip
    return ImagingStudyVersion(**(whole | changes))


def said(of: ImagingStudyVersion, predictions: tuple[StudyPrediction, ...] = JUDGED) -> bytes:
    return encode(
        StudyPredictions(of.patient_id, of.source, of.resource_id, of.version, "1.2.3", 0, 0, predictions=predictions)
    )


def outcome(events: list[Any], spoken: list[bytes] = [], waits: list[bytes] = []) -> tuple[dict[str, int], list[str]]:  # noqa: B006
    expected, answers = Expected(), Answers({}, set())
    for event in events:
        expected.take(event)
    for value in spoken:
        answers.read_said(value)
    for value in waits:
        answers.read_retry(value)
    fates, findings = compare(expected, answers)
    return fates, [finding.kind for finding in findings]


def test_a_study_that_was_judged_is_judged() -> None:
    assert outcome([study()], [said(study())]) == ({"judged": 1}, [])


def test_a_study_of_which_nothing_can_be_said_has_an_answer_too() -> None:
    assert outcome([study()], [said(study(), ())]) == ({"nothing-to-say": 1}, [])


def test_a_study_without_an_answer_is_found() -> None:
    assert outcome([study()]) == ({}, ["studies without an answer"])


def test_a_study_that_waits_is_not_lost() -> None:
    assert outcome([study()], [], [encode(StudyRetry(study(), 1, 0, "arriving"))]) == ({"waiting": 1}, [])


def test_a_lower_version_needs_no_answer() -> None:
    assert outcome([study(1), study(2)], [said(study(2))]) == ({"judged": 1, "replaced": 1}, [])


def test_an_answer_to_a_lower_version_alone_is_not_enough() -> None:
    fates, findings = outcome([study(1), study(2)], [said(study(1))])
    assert (fates, findings) == ({"replaced": 1}, ["studies without an answer"])


def test_a_withdrawal_has_an_answer() -> None:
    assert outcome([study(2, withdrawn=True)], [said(study(2), ())]) == ({"withdrawn": 1}, [])
    assert outcome([study(2, withdrawn=True)])[1] == ["studies without an answer"]


def test_a_study_deleted_before_it_was_judged_needs_none() -> None:
    gone = Overruling("hospital", "ImagingStudy/s1", Version(version_id=9), "", 0)
    assert outcome([study(), gone], [encode(gone)]) == ({"replaced": 1}, [])


def test_an_answer_to_nothing_is_found() -> None:
    assert outcome([], [said(study())]) == ({}, ["answers to studies that nobody told of"])
    moved = said(study(patient_id="p2"))
    assert outcome([study()], [said(study()), moved])[1] == ["answers to studies that nobody told of"]


def test_findings_count() -> None:
    expected = Expected()
    expected.take(study())
    expected.take(study(resource_id="ImagingStudy/s2"))
    assert compare(expected, Answers({}, set()))[1] == [Finding("studies without an answer", 2)]
