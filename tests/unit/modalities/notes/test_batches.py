"""Rows of many notes become calls of one length each, and find back."""

import numpy as np

from streams.modalities.notes import batches, dealt, prepare

SHORT, LONG = "knee is sore", "the patient has chest pain and fever on insulin"


def prepared(spec, *texts):
    return [prepare(text, spec) for text in texts]


def answer(batch, value=0.0):
    rows, length = batch.tensors["input_ids"].shape
    marks = np.arange(rows * length * 2, dtype=np.float32).reshape(rows, length, 2) / 100 + value
    return {"evidence": marks, "weight": np.zeros_like(marks), "word": np.zeros_like(marks)}


def test_calls_hold_rows_of_one_length_and_no_more_than_the_model_takes(spec):
    calls = batches(prepared(spec, LONG, SHORT, SHORT, SHORT, SHORT), spec)
    assert [call.tensors["input_ids"].shape for call in calls] == [(3, 8), (1, 8), (1, 16)]
    assert [call.places for call in calls] == [((1, 0), (2, 0), (3, 0)), ((4, 0),), ((0, 0),)]


def test_a_note_that_cannot_be_used_is_not_asked_about(spec):
    assert batches(prepared(spec, "", "12 34 56 78 9 a"), spec) == ()


def test_answers_find_back_to_their_notes(spec):
    notes = prepared(spec, LONG, SHORT, "", SHORT)
    calls = batches(notes, spec)
    found = dealt(notes, spec, calls, [answer(call) for call in calls])
    assert [len(one) for one in found] == [1, 1, 0, 1]
    assert found[0][0]["evidence"].shape == (16, 2)
    assert found[1][0]["evidence"][0, 0] == 0.0
    assert found[3][0]["evidence"][0, 0] == np.float32(0.16)


def test_a_row_that_breaks_the_contract_spoils_no_other(spec):
    notes = prepared(spec, SHORT, SHORT)
    (call,) = batches(notes, spec)
    broken = answer(call)
    broken["evidence"][1, 2, 0] = np.nan
    found = dealt(notes, spec, [call], [broken])
    assert found[0][0] is not None
    assert found[1] == (None,)


def test_an_answer_of_another_length_is_none(spec):
    notes = prepared(spec, SHORT)
    (call,) = batches(notes, spec)
    shorter = {name: values[:, :-1] for name, values in answer(call).items()}
    assert dealt(notes, spec, [call], [shorter]) == ((None,),)
