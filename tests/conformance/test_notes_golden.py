"""Every model of notes gives what its golden notes say, and what is not so of the patient never counts."""

from pathlib import Path

import numpy as np
import pytest

from streams.inference.repository import discover_notes
from streams.modalities.notes import batches, dealt, prepare, read, stack
from training.answering import onnx_answers, triton_answers
from training.notes_bert import golden

REPOSITORY = Path(__file__).parents[2] / "model_repo"
MODELS = discover_notes(REPOSITORY)
NEAR = 1e-3
EIGHT_BITS = 0.06
"""Most that eight bits may change of a probability."""

every_model = pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
HEART = (
    "HISTORY: 61-year-old man, two hours of crushing chest pain and sweating. ECG with ST elevation, troponin 3.1. "
    "ASSESSMENT: Acute myocardial infarction."
)
KNEE = (
    "HISTORY: 34-year-old woman twisted her left knee at soccer and cannot bend it. EXAM: Effusion, tender joint line. "
    "ASSESSMENT: Meniscal tear. PLAN: MRI, ice and crutches."
)


def stored(spec):
    return golden.read_golden(REPOSITORY / spec.name / "golden.json")


def ask(spec):
    return onnx_answers(REPOSITORY, spec)


def judged(spec, *texts, asking=None):
    asking = asking or ask(spec)
    notes = [prepare(text, spec) for text in texts]
    calls = batches(notes, spec)
    answers = dealt(notes, spec, calls, [asking(call.tensors) for call in calls])
    return [read(answer, note, spec) for answer, note in zip(answers, notes, strict=True)]


def said(reading):
    return [head.probability for head in reading.heads]


def test_there_are_models_of_notes():
    assert MODELS


@every_model
def test_the_golden_file_is_of_this_version_and_says_yes_and_no(spec):
    found = stored(spec)
    assert (found.model, found.version) == (spec.name, spec.version)
    assert {case.reading.refusals for case in found.cases} >= {(), ("empty",), ("not-text",)}
    assert any(len(case.rows) > 1 for case in found.cases)


@every_model
def test_the_notes_give_the_stored_tensors(spec):
    for case in stored(spec).cases:
        assert golden.rows_of(prepare(case.text, spec), spec) == case.rows, case.title


@every_model
def test_onnxruntime_answers_as_stored_and_near_what_was_trained(spec):
    for case in stored(spec).cases:
        (reading,) = judged(spec, case.text)
        assert reading.refusals == case.reading.refusals
        np.testing.assert_allclose(said(reading), said(case.reading), atol=NEAR)
        np.testing.assert_allclose(said(reading), case.trained, atol=EIGHT_BITS)


@every_model
def test_a_note_is_answered_alike_alone_in_a_batch_and_however_it_is_padded(spec):
    cases = [case for case in stored(spec).cases if case.rows]
    together = judged(spec, *(case.text for case in cases))
    for case, reading in zip(cases, together, strict=True):
        np.testing.assert_allclose(said(judged(spec, case.text)[0]), said(reading), atol=1e-5)
    (row,) = prepare(HEART, spec).chunks
    wider = {name: np.pad(tensor, (0, 100)) for name, tensor in stack([row]).items()}
    wider = {name: tensor[:1] for name, tensor in wider.items()}
    name = spec.outputs[0].name
    here = slice(row.at, row.at + row.tokens.stop)
    np.testing.assert_allclose(ask(spec)(wider)[name][0, here], ask(spec)(stack([row]))[name][0, here], atol=1e-3)


@every_model
@pytest.mark.parametrize(
    "more",
    [
        " No chest pain, no palpitations, no shortness of breath.",
        " Father had MI at 50. Mother has diabetes and dementia.",
        " FAMILY HISTORY: Heart failure, breast cancer, coronary artery disease.",
        " Return if chest pain or shortness of breath develops.",
    ],
)
def test_what_is_not_so_of_the_patient_does_not_count(spec, more):
    plain, longer = judged(spec, KNEE, KNEE + more)
    assert said(longer) == said(plain)
    assert all(head.mentions == () for head in longer.heads)


@every_model
def test_what_is_so_of_the_patient_counts(spec):
    plain, longer = judged(spec, KNEE, KNEE + " He also has crushing chest pain, and ST elevation on the ECG.")
    assert said(longer)[0] > said(plain)[0]


@every_model
def test_a_heart_attack_is_about_the_heart_and_a_knee_is_not(spec):
    heart, knee = judged(spec, HEART, KNEE)
    assert heart.heads[0].probability > 0.5 > knee.heads[0].probability
    carried = [HEART[one.start : one.end] for one in heart.heads[0].sentences if one.weight > 0]
    assert any("chest pain" in one or "infarction" in one or "ST elevation" in one for one in carried)


@every_model
def test_a_disease_is_told_by_name_where_it_is_the_patients(spec):
    (reading,) = judged(spec, "58-year-old man with type 2 diabetes on insulin. Sister had breast cancer. No dementia.")
    assert {head.name: len(head.mentions) for head in reading.heads if head.mentions} == {"diabetes": 1}


@every_model
def test_triton_answers_as_stored(spec, triton_url):
    asking = triton_answers(triton_url, spec)
    for case in stored(spec).cases:
        (reading,) = judged(spec, case.text, asking=asking)
        np.testing.assert_allclose(said(reading), said(case.reading), atol=NEAR)
