"""What notes bring to a score: of each class the note that says it most clearly, while it is fresh."""

from __future__ import annotations

from typing import Any

from streams.clock import DAY, HOUR
from streams.fusion.fuse import fuse
from streams.records import Prediction, Version
from streams.scoring.news2 import news2
from streams.scoring.notes import of_notes
from streams.scoring.studies import of_studies
from streams.timeline.series import Snapshot, series_of
from streams.timeline.studies import Found, HeldFinding, HeldStudy

AS_OF = 1_700_000_000_000


def finding(*found: tuple[str, float], reasons: tuple[str, ...] = ()) -> HeldFinding:
    heads = tuple(Found(name, "class", value, "high" if value >= 0.5 else "low", "") for name, value in found)
    return HeldFinding("notes_bert", "1", "indeterminate" if reasons else "ok", reasons, "", heads)


def note(name: str, at: int, *findings: HeldFinding, kind: str = "DocumentReference") -> HeldStudy:
    return HeldStudy("hospital", f"{kind}/{name}", Version(0, 1), False, at, at, "", findings, None)


def snapshot(*notes: HeldStudy) -> Snapshot:
    return Snapshot("p", AS_OF, series_of([]), "", "", "", False, (), 0, studies=notes)


def told(*notes: HeldStudy) -> list[tuple[Any, ...]]:
    return [(p.finding, p.status, p.value, p.reasons, p.study) for p in of_notes(snapshot(*notes))]


def test_without_a_note_nothing_is_said() -> None:
    assert told() == []


def test_a_fresh_note_is_told_with_its_time() -> None:
    [prediction] = of_notes(snapshot(note("x", AS_OF - HOUR, finding(("cardiovascular", 0.9)))))
    assert prediction == Prediction(
        "p", "notes_bert", "1", AS_OF - HOUR, "ok", 0.9, "high", study="DocumentReference/x", finding="cardiovascular"
    )


def test_of_each_class_the_note_counts_that_says_it_most_clearly() -> None:
    first = note("x", AS_OF - DAY, finding(("cardiovascular", 0.9), ("diabetes", 0.1)))
    second = note("y", AS_OF - HOUR, finding(("cardiovascular", 0.2), ("diabetes", 0.7)))
    assert told(first, second) == [
        ("cardiovascular", "ok", 0.9, (), "DocumentReference/x"),
        ("diabetes", "ok", 0.7, (), "DocumentReference/y"),
    ]


def test_of_two_that_say_it_alike_the_newer_one_speaks() -> None:
    notes = [note(name, at, finding(("cardiovascular", 0.9))) for name, at in (("x", AS_OF - DAY), ("y", AS_OF))]
    assert told(*notes) == [("cardiovascular", "ok", 0.9, (), "DocumentReference/y")]


def test_a_note_counts_for_a_week_either_way() -> None:
    for at, reasons in {
        AS_OF - 7 * DAY: (),
        AS_OF - 7 * DAY - 1: ("stale:note",),
        AS_OF + 7 * DAY: (),
        AS_OF + 7 * DAY + 1: ("ahead:note",),
    }.items():
        [(_, status, _, found, _)] = told(note("x", at, finding(("cardiovascular", 0.9))))
        assert (found, status) == (reasons, "indeterminate" if reasons else "ok")


def test_a_note_that_could_not_be_judged_takes_nothing_from_one_that_could() -> None:
    read = note("x", AS_OF - DAY, finding(("cardiovascular", 0.9)))
    assert told(read, note("y", AS_OF, finding(reasons=("too-long",)))) == [
        ("cardiovascular", "ok", 0.9, (), "DocumentReference/x")
    ]
    assert told(note("y", AS_OF, finding(reasons=("too-long",)))) == [
        ("", "indeterminate", None, ("too-long",), "DocumentReference/y")
    ]


def test_reports_and_compositions_are_notes_and_imaging_studies_are_none() -> None:
    heads = finding(("cardiovascular", 0.9))
    kinds = ("DiagnosticReport", "Composition", "ImagingStudy")
    found = snapshot(*(note("x", AS_OF, heads, kind=kind) for kind in kinds))
    assert [p.study for p in of_notes(found)] == ["Composition/x"]
    assert [p.study for p in of_studies(found)] == ["ImagingStudy/x"]


def test_what_a_note_documents_never_moves_the_whole() -> None:
    empty = snapshot()
    vital = (news2(empty),)
    documented = ("dementia", "diabetes", "pneumonia", "breast-cancer")
    notes = of_notes(snapshot(note("x", AS_OF, finding(*((name, 0.99) for name in documented)))))
    with_, without = fuse(empty, vital, notes), fuse(empty, vital)
    assert (with_.level, with_.index) == (without.level, without.index)
    assert {p.finding for p in with_.predictions if p.study} == set(documented)


def test_a_note_alone_makes_no_level() -> None:
    found = snapshot(note("x", AS_OF, finding(("cardiovascular", 0.99))))
    assert fuse(found, (news2(found),), of_notes(found)).level == "indeterminate"
