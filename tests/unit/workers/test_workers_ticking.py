"""Passing time: ticks wait for the backlog that they name, patients fall due once."""

from __future__ import annotations

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams import topics
from streams.records import Tick
from streams.transport.runs import Run
from streams.workers.ticking import DueTimes, Positions, Ticks
from tests.unit.workers.fakes import Rec

OBS, PAT = topics.EVENTS_OBSERVATIONS, topics.EVENTS_PATIENTS


def run(topic: str, *offsets: int, partition: int = 0) -> Run:
    return Run(topic, partition, tuple(Rec(offset, b"") for offset in offsets), 1)


def positions(**committed: int) -> Positions:
    made = Positions()
    made.reset({(OBS, 0): committed.get("obs", 0), (PAT, 0): committed.get("pat", 0)})
    return made


def test_an_input_is_passed_once_its_last_record_before_the_end_offset_has_been_taken_in() -> None:
    where = positions(obs=10)
    assert not where.are_past(0, {OBS: 12})
    where.passed(run(OBS, 10))
    assert not where.are_past(0, {OBS: 12})
    where.passed(run(OBS, 11))
    assert where.are_past(0, {OBS: 12})


def test_every_input_that_a_tick_names_must_be_passed() -> None:
    assert not positions(obs=5, pat=2).are_past(0, {OBS: 5, PAT: 3})
    assert positions(obs=5, pat=3).are_past(0, {OBS: 5, PAT: 3})


def test_an_empty_input_needs_no_record() -> None:
    assert Positions().are_past(0, {OBS: 0, PAT: 0})


def test_a_partition_is_not_passed_because_another_is() -> None:
    where = positions()
    where.passed(run(OBS, 7, partition=1))
    assert where.are_past(1, {OBS: 8})
    assert not where.are_past(0, {OBS: 8})


def test_positions_never_go_back_within_an_assignment_and_begin_anew_with_the_next() -> None:
    where = positions()
    where.passed(run(OBS, 9))
    where.passed(run(OBS, 3))
    assert where.are_past(0, {OBS: 10})
    where.reset({(OBS, 0): 4})
    assert not where.are_past(0, {OBS: 10})


def test_marks_of_transactions_behind_the_last_record_are_no_backlog() -> None:
    where = positions(obs=12, pat=2)
    where.read_on({TopicPartition(OBS, 0): 0, TopicPartition(PAT, 0): 3}.__getitem__, (OBS, PAT), 0)
    assert where.are_past(0, {OBS: 12, PAT: 3})
    assert not where.are_past(0, {OBS: 12, PAT: 4})


def test_of_ticks_that_pile_up_the_oldest_and_the_newest_stay() -> None:
    ticks, where = Ticks(), positions()
    for n in range(10_000):
        ticks.wait(Tick(n, {OBS: n + 1}), run(topics.TICKS, n))
    _, let_go = ticks.due(0, where)
    assert 9_890 <= len(let_go) < 10_000
    where.passed(run(OBS, 0))
    assert ticks.due(0, where) == (0, [run(topics.TICKS, 0)])
    where.passed(run(OBS, 9_999))
    at, rest = ticks.due(0, where)
    assert at == 9_999
    assert len(let_go) + 1 + len(rest) == 10_000


def test_a_tick_waits_for_the_backlog_that_it_names() -> None:
    ticks, where, came = Ticks(), positions(), run(topics.TICKS, 0)
    ticks.wait(Tick(1000, {OBS: 1, PAT: 0}), came)
    assert ticks.due(0, where) == (None, [])
    where.passed(run(OBS, 0))
    assert ticks.due(0, where) == (1000, [came])


def test_a_tick_is_acted_on_once() -> None:
    ticks = Ticks()
    ticks.wait(Tick(1000, {}), run(topics.TICKS, 0))
    ticks.due(0, Positions())
    assert ticks.due(0, Positions()) == (None, [])


def test_of_several_due_ticks_the_highest_counts_and_all_their_runs_are_done_with() -> None:
    ticks, first, second = Ticks(), run(topics.TICKS, 0), run(topics.TICKS, 1)
    ticks.wait(Tick(1000, {}), first)
    ticks.wait(Tick(2000, {}), second)
    assert ticks.due(0, Positions()) == (2000, [first, second])


def test_a_run_is_not_done_with_while_one_of_its_ticks_waits() -> None:
    ticks, where, came = Ticks(), positions(), run(topics.TICKS, 0, 1)
    ticks.wait(Tick(1000, {OBS: 0}), came)
    ticks.wait(Tick(2000, {OBS: 1}), came)
    assert ticks.due(0, where) == (1000, [])
    where.passed(run(OBS, 0))
    assert ticks.due(0, where) == (2000, [came])


def test_a_patient_falls_due_when_the_newest_fact_is_old_enough_and_not_a_moment_earlier() -> None:
    due = DueTimes([500])
    due.note("p1", 1000)
    assert due.take(1499) == []
    assert due.take(1500) == ["p1"]


def test_a_patient_falls_due_once() -> None:
    due = DueTimes([500])
    due.note("p1", 1000)
    assert due.take(2000) == ["p1"]
    due.note("p1", 1000)
    assert due.take(9000) == []


def test_something_newer_moves_the_due_time() -> None:
    due = DueTimes([500])
    due.note("p1", 1000)
    due.note("p1", 1400)
    assert due.take(1899) == []
    assert due.take(1900) == ["p1"]


def test_a_withdrawal_that_makes_the_newest_fact_older_moves_it_back() -> None:
    due = DueTimes([500])
    due.note("p1", 1400)
    due.note("p1", 1000)
    assert due.take(1500) == ["p1"]
    assert due.take(9000) == []


def test_each_patient_has_a_due_time_of_their_own() -> None:
    due = DueTimes([500])
    due.note("p1", 1000)
    due.note("p2", 2000)
    assert due.take(2000) == ["p1"]
    assert due.take(2500) == ["p2"]


def test_a_patient_falls_due_for_each_stage() -> None:
    due = DueTimes([500, 2000])
    due.note("p1", 1000)
    assert due.take(1500) == ["p1"]
    assert due.take(2999) == []
    assert due.take(3000) == ["p1"]
    assert due.take(9000) == []


def test_a_patient_who_reached_both_stages_by_one_tick_falls_due_once() -> None:
    due = DueTimes([500, 2000])
    due.note("p1", 1000)
    assert due.take(3000) == ["p1"]
    assert due.take(9000) == []


def test_a_monitor_that_sends_every_second_waits_once() -> None:
    due = DueTimes([500, 2000])
    for as_of in range(1000):
        due.note("p1", as_of)
    assert len(due._heap) == 1
    assert due.take(1498) == []
    assert due.take(1499) == ["p1"]
    assert len(due._heap) == 1


def test_something_newer_moves_both_stages() -> None:
    due = DueTimes([500, 2000])
    due.note("p1", 1000)
    assert due.take(1500) == ["p1"]
    due.note("p1", 2000)
    assert due.take(2499) == []
    assert due.take(2500) == ["p1"]
    assert due.take(3999) == []
    assert due.take(4000) == ["p1"]


@given(
    st.lists(st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.integers(0, 50)), max_size=30),
    st.integers(0, 80),
    st.integers(0, 80),
)
def test_whoevers_last_as_of_reached_a_stage_between_two_ticks_falls_due_and_nobody_else(
    notes: list[tuple[str, int]], first: int, later: int
) -> None:
    due = DueTimes([10, 25])
    for patient_id, as_of in notes:
        due.note(patient_id, as_of)
    last, tick = dict(notes).items(), first + later
    assert set(due.take(first)) == {p for p, as_of in last if as_of + 10 <= first}
    assert set(due.take(tick)) == {p for p, as_of in last if any(first < as_of + after <= tick for after in (10, 25))}
    assert due.take(tick) == []
