"""What a network is shown of a note, and what it is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.modalities.notes import prepare

NOTE = "The patient has chest pain and fever on insulin."


def ids(prepared):
    return [row.tensors["input_ids"].tolist() for row in prepared.chunks]


@pytest.mark.parametrize(
    "more",
    [
        " No cough.",
        " Denies fever, cough, knee pain.",
        " Father had a heart attack.",
        "\nFAMILY HISTORY: Heart attack, type 2 diabetes.",
        " Return if chest pain is worse.",
    ],
)
def test_what_is_negated_of_the_family_or_supposed_changes_nothing(spec, more):
    assert ids(prepare(NOTE + more, spec)) == ids(prepare(NOTE, spec))


def test_what_is_so_does_change_something(spec):
    assert ids(prepare(NOTE + " Heart attack.", spec)) != ids(prepare(NOTE, spec))


def test_names_of_diseases_are_hidden_and_told_where_they_are_the_patients(spec):
    text = "The patient has type 2 diabetes. Father had diabetes. No DM."
    prepared = prepare(text, spec)
    assert [text[a:b] for a, b in prepared.mentions["diabetes"]] == ["type 2 diabetes"]
    assert "heart" not in prepared.mentions
    assert ids(prepared) == ids(prepare("The patient has DM.", spec))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("No chest pain. Father had a heart attack.", "empty"),
        ("very long note " * 30, "too-long"),
        ("12.5 88.1 4.02 17 3.3 :: 99 a", "not-text"),
    ],
)
def test_a_note_that_cannot_be_used_says_why_and_has_no_rows(spec, text, reason):
    prepared = prepare(text, spec)
    assert prepared.reasons == (reason,)
    assert prepared.chunks == ()


@given(text=st.text(max_size=200))
def test_any_text_is_prepared_or_refused_and_every_place_is_in_it(spec, text):
    prepared = prepare(text, spec)
    assert bool(prepared.chunks) == (not prepared.reasons)
    assert all(0 <= token.start <= token.end <= len(text) for token in prepared.tokens)
    assert all(np.isin(row.tensors["attention_mask"], (0, 1)).all() for row in prepared.chunks)
