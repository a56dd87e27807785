"""A note's sentences, with their places."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.modalities.notes.sections import sections
from streams.modalities.notes.sentences import LONGEST, sentences


def found(text):
    return [text[one.start : one.end] for one in sentences(text, sections(text))]


def test_full_stops_semicolons_and_lines_end_sentences():
    assert found("He coughs. No fever; sleeps well\nEats well!") == [
        "He coughs.",
        "No fever;",
        "sleeps well",
        "Eats well!",
    ]


def test_titles_numbers_and_entries_of_a_list_do_not():
    assert found("Seen by Dr. Moss. Potassium 3.4 today.") == ["Seen by Dr. Moss.", "Potassium 3.4 today."]
    assert found("1. Gout. 2. Asthma.") == ["1. Gout.", "2. Asthma."]


def test_no_sentence_reaches_over_a_heading():
    assert found("HISTORY: cough FAMILY\nPLAN: rest") == ["HISTORY: cough FAMILY", "PLAN: rest"]


def test_what_was_dictated_without_full_stops_is_divided():
    pieces = found("word " * 400)
    assert len(pieces) == 4
    assert max(map(len, pieces)) <= LONGEST + 5


@given(st.text(st.sampled_from("Ab1 .;:,\n"), max_size=120))
def test_sentences_rise_do_not_overlap_and_leave_out_nothing_but_blanks_and_commas(text):
    places = sentences(text, sections(text))
    assert all(one.end <= two.start for one, two in pairwise(places))
    covered = {k for one in places for k in range(one.start, one.end)}
    assert {letter for k, letter in enumerate(text) if k not in covered} <= set(" ,\n")
