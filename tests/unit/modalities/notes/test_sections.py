"""The parts of a note are found by their headings, as people write them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.modalities.notes.sections import sections


def kinds(text):
    return [(part.kind, text[part.body : part.end].strip(" \n,.")) for part in sections(text)]


def test_headings_in_capitals_begin_sections():
    text = "CHIEF COMPLAINT: Cough.\nFAMILY HISTORY: Father had asthma.\nPLAN: Rest."
    assert kinds(text) == [("history", "Cough"), ("family-history", "Father had asthma"), ("plan", "Rest")]


def test_transcripts_write_the_end_of_a_line_as_a_comma():
    text = "HISTORY:,  Cough for a week.,FAMILY HISTORY: , Father had asthma.,ALLERGIES:,None."
    assert kinds(text) == [
        ("history", "Cough for a week"),
        ("family-history", "Father had asthma"),
        ("allergies", "None"),
    ]


def test_the_usual_names_are_known_in_any_case():
    text = "Past medical history: gout.\nFamily Hx: mother with lupus.\nAssessment: gout.\nPlan: rest."
    assert [kind for kind, _ in kinds(text)] == ["past-history", "family-history", "diagnosis", "plan"]


def test_the_four_letters_of_soap():
    assert [kind for kind, _ in kinds("S: sore. O: red. A: gout. P: rest.")] == [
        "history", "examination", "diagnosis", "plan",
    ]  # fmt: skip


def test_a_heading_of_no_known_name_ends_the_family_history():
    text = "FAMILY HISTORY: Asthma.\nSPECIAL REMARKS: He has gout."
    assert kinds(text) == [("family-history", "Asthma"), ("other", "He has gout")]


def test_words_before_a_colon_are_no_heading():
    assert kinds("He takes two things: water and bread.") == [("other", "He takes two things: water and bread")]


def test_a_note_without_headings_is_one_part():
    assert kinds("cough, no fever") == [("other", "cough, no fever")]


@given(st.text(st.sampled_from("AB: ,.\nab"), max_size=80))
def test_parts_cover_the_note_without_overlap(text):
    parts = sections(text)
    assert parts[0].start == 0
    assert parts[-1].end == len(text)
    assert all(one.end == two.start for one, two in pairwise(parts))
    assert all(part.start <= part.body <= part.end for part in parts)
