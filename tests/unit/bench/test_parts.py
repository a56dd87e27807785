"""Paced feeds leave their first seconds out; how warm a broker is; what is asked of broker and monitors."""

from __future__ import annotations

import json

import pytest

from bench.ground import owned
from bench.growth import POINTS, known, sized
from bench.holdings import sizes
from bench.monitor import FILLED, SETS_PER_S, SPACINGS, VITALS, Monitors, sent_of
from bench.numbers import Quantiles, Seen, Sent
from bench.parts import waits_of
from bench.warmth import Warmth, is_settled
from bench.watch import Sights
from streams.settings import Settings
from streams.timeline.slot import SLOT
from streams.vocabulary import QUANTITIES


def test_waits_of_the_lead_are_told_apart() -> None:
    sent = [Sent("a", 60, 1.0), Sent("a", 120, 3.9), Sent("a", 180, 4.0), Sent("b", 60, 5.0)]
    seen = [Seen("a", 60, 1.5), Seen("a", 120, 4.0), Seen("a", 180, 4.02)]
    found = waits_of(10.0, sent, Sights(seen, []), settled_at=4.0)
    assert found.to_redis == pytest.approx(Quantiles(20, 20, 20, 20))
    assert found.lead == pytest.approx(Quantiles(100, 500, 500, 500))
    assert found.lost == 1
    assert found.to_topic is None


def test_a_broker_is_warm_when_its_cost_no_longer_falls() -> None:
    assert not is_settled([1500, 700, 400, 300, 250])
    assert not is_settled([1500, 700, 400, 300, 250, 200])
    assert is_settled([1500, 700, 400, 150, 140, 150, 141, 143, 139])


def test_a_report_says_how_warm_it_was() -> None:
    told = str(Warmth((1500.0, 150.0, 140.0, 145.0), 12.4, True))
    assert told == "broker warmed for 12 s: 1500 to 145 µs of CPU per small record, settled"
    assert "still falling" in str(Warmth((1500.0, 900.0), 45.0, False))
    assert "not warmed" in str(Warmth())


def member(**assigned: list[int]) -> dict[str, object]:
    parts = [{"topic": name, "partitions": numbers} for name, numbers in assigned.items()]
    return {"member_assignment": {"assigned_partitions": parts}}


def test_partitions_that_a_group_has_are_counted_over_its_members() -> None:
    members = [member(a=[0, 1], b=[0]), member(a=[2]), member(b=[1])]
    assert owned({"group_state": "Stable", "members": members}, "a") == 3
    assert owned({"group_state": "Stable", "members": members}, "c") == 0
    assert owned({"group_state": "PreparingRebalance", "members": members}, "a") == 0


def test_logs_are_added_up_over_brokers_and_partitions() -> None:
    topic = {"name": "t", "partitions": [{"partition_size": 3}, {"partition_size": 4}]}
    described = [{"log_dirs": [{"topics": [topic]}]}, {"log_dirs": [{"topics": [topic]}]}]
    assert sizes(described) == {"t": 14}


def test_a_bed_sends_eight_values_of_one_instant_together() -> None:
    ward = Monitors(Settings(), "m", 2, "t", SPACINGS["minute"])
    outs, sets = ward.more(3)
    found = [json.loads(out.value or b"") for out in outs]
    assert len(found) == 3 * 2 * len(VITALS)
    assert len({one["id"] for one in found}) == len(found)
    first = found[: len(VITALS)]
    assert {one["effectiveDateTime"] for one in first} == {found[0]["effectiveDateTime"]}
    assert {one["subject"]["reference"] for one in first} == {"Patient/m-00000"}
    assert [name for name, _ in sets] == ["m-00000", "m-00001"] * 3
    assert sets[-1][1] == ward.as_of


def test_sets_go_on_without_repeating_an_id() -> None:
    ward = Monitors(Settings(), "m", 1, "t", SPACINGS["dense"])
    ids = [json.loads(out.value or b"")["id"] for _ in range(2) for out in ward.more(2)[0]]
    assert len(set(ids)) == 4 * len(VITALS)


def test_monitors_send_quantities_that_are_known_within_their_ranges() -> None:
    known = {q.code: q for q in QUANTITIES}
    for code, unit, low, high in VITALS:
        assert known[code].unit == unit
        assert known[code].plausible(low)
        assert known[code].plausible(high)


def test_dense_pieces_are_about_half_full_when_they_are_measured() -> None:
    full = SLOT / SPACINGS["dense"]
    assert 0.4 < FILLED["dense"] / full < 0.6
    assert len(VITALS) * SETS_PER_S == pytest.approx(3.4)


def test_the_last_value_of_a_set_is_when_it_was_sent() -> None:
    times = [float(n) for n in range(2 * len(VITALS))]
    assert sent_of([("a", 60), ("b", 60)], times) == [Sent("a", 60, 7.0), Sent("b", 60, 15.0)]


def test_curves_begin_at_the_same_point() -> None:
    assert {sized(curve, POINTS[curve][0]) for curve in POINTS if curve != "beds"} == {sized("workers", 1)}
    assert sized("patients", 50_000).each == 2


def test_the_first_point_of_partitions_is_not_measured_twice() -> None:
    row = {"patients": 500.0, "obs/s": 9000.0}
    assert known("partitions", {"patients": [row]}) == [{"partitions": 6, "obs/s": 9000.0}]
    assert known("partitions", {"patients": [row | {"patients": 5000.0}]}) == []
    assert known("workers", {"patients": [row]}) == []
    assert known("partitions", {}) == []
    assert row["patients"] == 500.0
