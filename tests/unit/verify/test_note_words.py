"""What ``explain`` prints of a note: each class, and the sentences that carried it, by their places."""

from __future__ import annotations

from streams.records import Carrying, HeadReading, NotePrediction, NoteReading
from streams.verify.note_words import lines

TEXT = "Had a heart attack. No fever."


def prediction(*heads: HeadReading) -> NotePrediction:
    return NotePrediction("notes_bert", "1", "ok", reading=NoteReading("notes_bert", "1", heads))


def test_a_sentence_is_shown_with_its_place_and_what_it_adds() -> None:
    head = HeadReading("cardiovascular", 0.912, "high", (Carrying(0, 19, 1.5), Carrying(20, 29, -0.25)), ((6, 18),))
    assert lines(prediction(head), TEXT) == [
        "notes_bert 1: cardiovascular 91.2 %, level high",
        '  +1.50 at 0-19: "Had a heart attack."',
        '  -0.25 at 20-29: "No fever."',
        '  named at 6-18: "heart attack"',
    ]


def test_without_the_text_the_places_stand_alone() -> None:
    head = HeadReading("cardiovascular", 0.912, "high", (Carrying(0, 19, 1.5),))
    assert lines(prediction(head), "") == ["notes_bert 1: cardiovascular 91.2 %, level high", "  +1.50 at 0-19"]


def test_what_could_not_be_judged_says_why() -> None:
    assert lines(NotePrediction("notes_bert", "1", "indeterminate", ("too-long",)), "") == [
        "notes_bert 1: indeterminate (too-long)"
    ]


def test_a_long_sentence_is_cut() -> None:
    head = HeadReading("x", 0.1, "low", (Carrying(0, 1000, 1.0),))
    assert lines(prediction(head), "a" * 1000)[1].endswith('aaa…"')
