"""A site's outcomes beside its scores: what is taken, what is left out, what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from streams.errors import ContractError
from streams.fusion.fuse import fuse
from streams.fusion.rule import DEFAULT
from streams.publish.riskassessment import write
from streams.publish.summary import Summary, read
from streams.publish.terms import ModelTerms
from streams.records import Prediction
from streams.timeline.series import Snapshot, series_of
from streams.verify.outcomes import Label, evidence_rows, read_labels, scores_of_file

AS_OF = 1_700_000_000_000
TERMS = {"deterioration_gru": ModelTerms("deterioration_gru", "3", "death in hospital", True)}


def assessment(patient_id: str, probability: float | None, at: int = AS_OF, points: float = 5.0) -> bytes:
    gru = Prediction(
        patient_id, "deterioration_gru", "3", at, "ok" if probability is not None else "unavailable", probability,
        "low" if probability is not None else "indeterminate",
    )  # fmt: skip
    news2 = Prediction(patient_id, "news2", "2017", at, "ok", points, "medium")
    snapshot = Snapshot(patient_id, at, series_of([]), "", "", "", False, (), 0)
    return write(fuse(snapshot, (gru, news2)), TERMS, "v")


def summary(patient_id: str, probability: float | None, at: int = AS_OF) -> Summary:
    return read(assessment(patient_id, probability, at))


def csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return path


def test_labels_are_read_with_and_without_their_time(tmp_path: Path) -> None:
    text = "patient_id,outcome,at\np1,1,2023-11-14T22:13:20Z\np2,0,\n"
    assert read_labels(csv(tmp_path, text)) == {"p1": Label(1.0, AS_OF), "p2": Label(0.0, None)}
    assert read_labels(csv(tmp_path, "patient_id,outcome\np1,1\n")) == {"p1": Label(1.0, None)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: expected the columns patient_id, outcome, at"),
        ("id,dead\np1,1\n", "line 1: expected the columns"),
        ("patient_id,outcome\np1,yes\n", "line 2: expected a patient id and an outcome of 0 or 1"),
        ("patient_id,outcome\np1\n", "line 2: expected a patient id"),
        ("patient_id,outcome\np1,1\np1,0\n", "line 3: expected one line a patient, received a second"),
        ("patient_id,outcome,at\np1,1,yesterday\n", "line 2: expected at as an ISO 8601 instant"),
        ("patient_id,outcome,at\np1,1,2023-11-14T22:13:20\n", "expected at as an ISO 8601 instant with its zone"),
    ],
)  # fmt: skip
def test_silly_labels_are_refused_by_line_and_without_the_patient(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ContractError, match=says) as found:
        read_labels(csv(tmp_path, text))
    assert "p1" not in str(found.value)


def test_what_each_modality_said_becomes_a_row() -> None:
    labels = {"a": Label(1.0, None), "b": Label(0.0, None)}
    taken = evidence_rows([summary("a", 0.14), summary("b", None), summary("a", 0.3, AS_OF + 1)], labels, DEFAULT)
    assert taken.rows.patient.tolist() == [0, 1, 0]
    assert taken.rows.outcome.tolist() == [1.0, 0.0, 1.0]
    assert taken.rows.known[:, :2].tolist() == [[True, True], [False, True], [True, True]]
    assert taken.rows.evidence[:, 0].tolist() == pytest.approx([0.0, 0.0, 0.968], abs=1e-3)
    assert taken.words == "no score left out"


def test_what_is_left_out_is_counted() -> None:
    labels = {"a": Label(1.0, AS_OF), "b": Label(0.0, None)}
    other = msgspec.structs.replace(summary("b", 0.2, AS_OF + 5), resource_id="x", fusion="fusion-3-other")
    given = [summary("a", 0.2, AS_OF - 1), summary("a", 0.2, AS_OF), summary("nobody", 0.2), summary("b", 0.2), other]
    taken = evidence_rows(given, labels, DEFAULT)
    assert len(taken.rows.outcome) == 2
    assert taken.words == "1 by another rule, 1 not before the outcome, 1 without a label"


def test_the_last_version_of_an_assessment_counts() -> None:
    taken = evidence_rows([summary("a", 0.2), summary("a", 0.14)], {"a": Label(1.0, None)}, DEFAULT)
    assert taken.rows.evidence[:, 0].tolist() == pytest.approx([0.0], abs=1e-9)


def test_nothing_left_is_refused() -> None:
    with pytest.raises(ContractError, match=r"received none \(1 without a label\)"):
        evidence_rows([summary("a", 0.2)], {}, DEFAULT)


def test_a_file_of_assessments_is_read_and_retired_ids_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_bytes(assessment("a", 0.2) + b"\n" + b'{"resourceType":"RiskAssessment","status":"cancelled"}\n\n')
    assert [one.patient_id for one in scores_of_file(path)] == ["a"]
    path.write_bytes(b'{"resourceType":"Observation","status":"final"}\n')
    with pytest.raises(ContractError, match=r"scores scores\.jsonl, line 1: expected a RiskAssessment"):
        list(scores_of_file(path))
