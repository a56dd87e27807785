"""Which offset may be committed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ContractError
from streams.transport.offsets import Offsets

TP = ("events.observations", 0)


def handed_out(*runs: tuple[int, int]) -> Offsets[tuple[str, int]]:
    offsets: Offsets[tuple[str, int]] = Offsets()
    offsets.assigned()
    for first, next_offset in runs:
        offsets.handed_out(TP, first, next_offset)
    return offsets


def test_nothing_is_committed_before_it_is_done() -> None:
    assert handed_out((10, 11)).committable() == {}


def test_a_done_run_is_committed_as_a_whole() -> None:
    offsets = handed_out((10, 15))
    assert offsets.acknowledged(TP, 10, 1)
    assert offsets.committable() == {TP: 15}


def test_an_open_run_at_the_head_holds_back_all_behind_it() -> None:
    offsets = handed_out((10, 11), (11, 12), (12, 13), (13, 14))
    for first in (11, 12, 13):
        offsets.acknowledged(TP, first, 1)
    assert offsets.committable() == {}
    offsets.acknowledged(TP, 10, 1)
    assert offsets.committable() == {TP: 14}


def test_offsets_missing_between_and_within_runs_do_not_stall_commits() -> None:
    offsets = handed_out((10, 20), (25, 31))
    offsets.acknowledged(TP, 10, 1)
    offsets.acknowledged(TP, 25, 1)
    assert offsets.committable() == {TP: 31}


def test_an_acknowledgement_of_an_older_assignment_counts_for_nothing() -> None:
    offsets = handed_out((10, 11))
    offsets.assigned()
    offsets.handed_out(TP, 10, 11)
    assert not offsets.acknowledged(TP, 10, 1)
    assert offsets.committable() == {}
    assert offsets.acknowledged(TP, 10, 2)


def test_what_was_done_under_an_older_assignment_is_not_committed_under_the_new_one() -> None:
    offsets = handed_out((10, 11))
    offsets.acknowledged(TP, 10, 1)
    offsets.assigned()
    assert offsets.committable() == {}


def test_a_commit_that_the_broker_refused_stays_due() -> None:
    offsets = handed_out((10, 11))
    offsets.acknowledged(TP, 10, 1)
    first = offsets.committable()
    assert offsets.committable() == first
    offsets.committed(first)
    assert offsets.committable() == {}


def test_a_newer_offset_stays_due_when_an_older_commit_returns() -> None:
    offsets = handed_out((10, 11), (11, 12))
    offsets.acknowledged(TP, 10, 1)
    under_way = offsets.committable()
    offsets.acknowledged(TP, 11, 1)
    offsets.committed(under_way)
    assert offsets.committable() == {TP: 12}


def test_a_run_is_acknowledged_once() -> None:
    offsets = handed_out((10, 11))
    assert offsets.acknowledged(TP, 10, 1)
    assert not offsets.acknowledged(TP, 10, 1)


def test_a_partition_taken_away_is_forgotten_and_the_others_are_not() -> None:
    offsets = handed_out((10, 11))
    other = ("events.observations", 1)
    offsets.handed_out(other, 5, 6)
    offsets.revoked([TP])
    assert not offsets.acknowledged(TP, 10, 1)
    assert offsets.acknowledged(other, 5, 1)


def test_a_position_that_went_back_under_way_stops_the_worker() -> None:
    with pytest.raises(ContractError, match="expected a run from offset 15 on, received one from 12"):
        handed_out((10, 15), (12, 16))


@given(st.permutations(range(8)), st.integers(0, 8))
def test_whatever_the_order_of_acks_only_an_unbroken_series_is_committed(order: list[int], acked: int) -> None:
    offsets = handed_out(*((10 * i, 10 * i + 5) for i in range(8)))
    done = set(order[:acked])
    for i in order[:acked]:
        offsets.acknowledged(TP, 10 * i, 1)
    unbroken = next((i for i in range(8) if i not in done), 8)
    assert offsets.committable() == ({} if unbroken == 0 else {TP: 10 * (unbroken - 1) + 5})
