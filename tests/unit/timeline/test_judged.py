"""What a partition's patients are judged by, as owners noted it."""

from __future__ import annotations

from streams.timeline.judged import JudgedBy
from streams.timeline.retention import Retention
from streams.timeline.share import Share

RETENTION = Retention(1000, 2000)


def test_what_the_highest_epoch_noted_counts_in_any_order() -> None:
    for notes in [((1, "a"), (2, "b")), ((2, "b"), (1, "a"))]:
        judged = JudgedBy()
        for note in notes:
            judged.take(*note)
        assert judged.text == "b"


def test_of_two_that_took_one_epoch_and_differ_nobody_knows() -> None:
    judged = JudgedBy()
    judged.take(2, "a")
    judged.take(2, "b")
    assert judged.text == ""


def test_it_survives_a_restart_under_a_new_epoch() -> None:
    first = Share(b"one", RETENTION)
    pieces = [*first.restore([]), *first.judge_by("deterioration_gru/4")]
    second = Share(b"two", RETENTION)
    announced = second.restore(pieces)
    assert second.judged_by.text == "deterioration_gru/4"
    third = Share(b"six", RETENTION)
    third.restore(announced)
    assert third.judged_by.text == "deterioration_gru/4"


def test_nothing_is_known_where_nobody_noted_it() -> None:
    share = Share(b"one", RETENTION)
    share.restore([])
    assert share.judged_by.text is None
