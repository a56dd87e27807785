"""What is negated, of the family or only supposed is told from what is so."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.modalities.notes.assertions import assertions, unsaid
from streams.modalities.notes.sections import sections
from streams.modalities.notes.sentences import sentences


def scopes(text):
    parts = sections(text)
    return assertions(text, parts, sentences(text, parts))


def said(text):
    """What is left of a text when all that is not so is taken away."""
    kept, at = [], 0
    for start, end in unsaid(scopes(text)):
        kept.append(text[at:start])
        at = end
    return " ".join("".join([*kept, text[at:]]).split())


@pytest.mark.parametrize(
    "text",
    [
        "No chest pain.",
        "Denies chest pain, shortness of breath, or palpitations.",
        "The patient is without chest pain.",
        "There is no evidence of pneumonia.",
        "He has never had a heart attack.",
        "Negative for chest pain.",
        "Pneumonia was ruled out.",
        "Chest pain: negative.",
        "She does not have diabetes.",
        "No personal history of diabetes, hypertension or heart disease.",
        "Neither chest pain nor palpitations.",
    ],
)
def test_what_is_negated_is_not_said(text):
    assert {scope.assertion for scope in scopes(text)} == {"negated"}
    assert not any(
        word in said(text).lower() for word in ("chest pain", "pneumonia", "heart", "diabetes", "palpitations")
    )


@pytest.mark.parametrize(
    "text",
    [
        "Father had MI at 50.",
        "His mother died of heart disease.",
        "Myocardial infarction in his father.",
        "FAMILY HISTORY: Heart disease, diabetes.",
        "Family history is significant for heart disease and diabetes.",
        "Maternal grandmother with diabetes.",
        "Heart disease runs in the family.",
        "Brother: diabetes.",
        "FHx DM, heart disease.",
        "Her sister was diagnosed with diabetes.",
    ],
)
def test_what_is_of_the_family_is_not_said_of_the_patient(text):
    assert "family" in {scope.assertion for scope in scopes(text)}
    assert not any(word in said(text).lower() for word in ("mi ", "heart", "diabetes", "infarction", "dm"))


@pytest.mark.parametrize(
    "text",
    [
        "Return if chest pain worsens.",
        "Risks of stroke and heart attack were explained.",
        "CT of the chest to rule out pneumonia.",
        "Call for chest pain.",
        "Should you have chest pain, come back.",
    ],
)
def test_what_is_only_supposed_is_not_said(text):
    assert "hypothetical" in {scope.assertion for scope in scopes(text)}
    assert not any(word in said(text).lower() for word in ("chest pain", "stroke", "heart", "pneumonia"))


@pytest.mark.parametrize(
    "text",
    [
        "He has chest pain.",
        "Chest pain with no change since yesterday.",
        "His wife reports that he has had chest pain for a week.",
        "Mother states that the child has a cough.",
        "Not only chest pain and fever.",
        "History of diabetes for ten years.",
    ],
)
def test_what_is_so_stays(text):
    assert [scope for scope in scopes(text) if "pain" in text[scope.start : scope.end]] == []
    assert said(text).startswith(text[:12])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("No fever but has chest pain.", "but has chest pain."),
        ("Denies cough; has chest pain.", "; has chest pain."),
        ("No cough and he has chest pain.", "and he has chest pain."),
        ("His father had MI, but the patient has diabetes.", "but the patient has diabetes."),
        ("Chest pain without radiation, has nausea.", "Chest pain , has nausea."),
    ],
)
def test_a_scope_ends_with_its_clause(text, left):
    assert said(text) == left


def test_the_family_history_ends_with_its_section():
    assert said("FAMILY HISTORY: Diabetes. Cancer.\nPLAN: Insulin.") == "PLAN: Insulin."


@given(
    st.lists(
        st.sampled_from(["no ", "father ", "had ", "if ", "pain", ". ", "; ", " but ", ": ", "\n", " was ruled out"]),
        max_size=30,
    ).map("".join)
)
def test_scopes_are_places_of_the_text_and_what_is_unsaid_rises(text):
    found = scopes(text)
    assert all(0 <= scope.start < scope.end <= len(text) for scope in found)
    places = unsaid(found)
    assert all(one[1] < two[0] for one, two in pairwise(places))
