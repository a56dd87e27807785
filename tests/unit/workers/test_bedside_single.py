"""The bedside worker where every observation gets a score of its own."""

from __future__ import annotations

from streams import topics
from streams.records import (
    PatientVersion,
    Tick,
    Version,
)
from streams.timeline.slot import SLOT
from tests.unit.workers.bedsides import OBS, PAT, SCORES, TICKS, Bedside
from tests.unit.workers.fakes import HOUR, START, encode, through, vitals


async def test_without_coalescing_every_observation_gets_the_score_that_stood_when_it_came(single: Bedside) -> None:
    minute = 60_000
    await single.take(vitals("p1", START), vitals("p2", START), vitals("p1", START + minute), vitals("p1", START))
    assert [(s.patient_id, s.as_of) for s in single.scores] == [
        ("p1", START),
        ("p2", START),
        ("p1", START + minute),
        ("p1", START + minute),
    ]
    # The last came a second time, so what followed from it before is looked at again for alerts: one minute more.
    assert single.triton.calls == [5]
    assert single.host.committable(OBS) == 4


async def test_without_coalescing_state_is_written_once_per_flush_and_the_last_score_is_the_same(
    single: Bedside, bedside: Bedside
) -> None:
    events = [vitals("p1", START + k * 1000, resource_id=f"o{k}") for k in range(5)]
    await single.take(*events)
    await bedside.take(*events)
    assert single.heads[-1]["ce_id"] == bedside.heads[-1]["ce_id"]
    assert single.pieces(START // SLOT) == bedside.pieces(START // SLOT) == [("p1", True)]


async def test_without_coalescing_a_tick_in_the_same_flush_still_publishes_again(single: Bedside) -> None:
    stale = START + 5 * HOUR
    record = single.broker.append(TICKS, 0, b"0", encode(Tick(stale, {OBS: 1, PAT: 0})))
    await through(single.work, single.run_of(vitals()), single.host.run(TICKS, [record]))
    assert len(single.scores) == 2


async def test_without_coalescing_nothing_is_said_of_an_id_after_its_retirement(single: Bedside) -> None:
    merged = PatientVersion("hospital", "p1", "p1", Version(version_id=2), False, START, "", "", replaced_by=("p2",))
    await single.take(merged)
    words = [out for out in single.host.producer.sent if out.topic == topics.EVENTS_TRANSFERS]
    before = single.run_of(vitals("p1"))
    kept = [single.broker.append(OBS, 0, out.key or b"", out.value or b"") for out in words]
    await through(single.work, before, single.host.run(OBS, kept))
    said = [out.value or b"" for out in single.host.producer.on(SCORES) if out.key == b"p1"]
    assert [b"merged into another" in value for value in said] == [True]
