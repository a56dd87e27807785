"""The bedside worker and alerts: minutes, late and corrected facts, people, passing time, crashes and merges."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from streams import topics
from streams.clock import MINUTE
from streams.records import Alert, AlertCommand, ObservationVersion, PatientVersion, Version
from streams.transport.runs import Again, Due
from streams.workers import late_words, ownership
from tests.unit.workers.bedsides import Bedside
from tests.unit.workers.fakes import START, Broker, through, vitals
from tests.unit.workers.versions import film

POLICY = """
name: ward
look_back: 2 h
rules:
  - name: high-risk
    text: high risk
    priority: high
    raise_at: {level: high}
    clear_below: {level: high}
    minimum_duration: 2 min
    cooldown: 10 min
    escalation: [{after: 15 min, to: nurse in charge}]
"""
WORSE = {"9279-1": 30.0, "2708-6": 85.0, "8867-4": 140.0}
"""Respiratory rate, SpO2 and pulse of 3 points each."""
FIRST = START // MINUTE * MINUTE
read = msgspec.json.Decoder(Alert).decode


def sure(tensors: Any) -> Any:
    return np.full((len(next(iter(tensors.values()))), 1), 0.01, np.float32)


@pytest.fixture
async def ward(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Bedside]:
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    monkeypatch.setattr(late_words, "reader", broker.reader)
    (tmp_path / "alerts.yaml").write_text(POLICY)
    made = await owner(broker, tmp_path / "alerts.yaml")
    yield made
    await made.work.stop()


async def owner(broker: Broker, policy: Path) -> Bedside:
    made = Bedside(broker, alert_policy=policy)
    made.triton.function = sure
    await made.own(0)
    return made


async def succeeded(of: Bedside) -> Bedside:
    policy = of.work.settings.alert_policy
    assert policy is not None
    return await owner(of.broker, policy)


def at(minute: float) -> int:
    return FIRST + round(minute * MINUTE)


def fine(minute: float, **more: Any) -> ObservationVersion:
    return vitals("p1", at(minute), **more)


def bad(minute: float, **more: Any) -> ObservationVersion:
    return vitals("p1", at(minute), values=WORSE, **more)


def told(bedside: Bedside) -> list[tuple[str, float]]:
    """State and minute of change of everything that was told, in order."""
    found = [read(out.value or b"") for out in bedside.host.producer.on(topics.ALERTS)]
    return [(alert.state, (alert.changed_at - FIRST) / MINUTE) for alert in found]


def standing(bedside: Bedside) -> dict[str, Alert]:
    """What a reader of the topic holds for standing: of each alert the word of the highest (epoch, offset)."""
    last: dict[str, tuple[tuple[int, int], Alert]] = {}
    for record in bedside.broker.log(topics.ALERTS):
        alert = read(record.value or b"")
        place = int(dict(record.headers)["cs_epoch"]), record.offset
        last[alert.alert_id] = max(last.get(alert.alert_id, (place, alert)), (place, alert), key=lambda one: one[0])
    return {name: alert for name, (_, alert) in last.items() if alert.is_open}


def acknowledged(alert: Alert, minute: float, **more: Any) -> AlertCommand:
    whole: dict[str, Any] = {
        "command_id": "c1", "patient_id": "p1", "rule": alert.rule, "action": "acknowledge", "at": at(minute),
        "by": "nurse-1", "raised_at": alert.raised_at, "alert_id": alert.alert_id,
    }  # fmt: skip
    return AlertCommand(**(whole | more))


async def test_an_alert_is_raised_escalated_acknowledged_and_resolved(ward: Bedside) -> None:
    await ward.take(fine(0))
    await ward.take(bad(1))
    assert told(ward) == []
    await ward.tick(at(4))
    await ward.tick(at(19))
    assert told(ward) == [("raised", 3), ("escalated", 18)]
    [alert] = standing(ward).values()
    await ward.take(acknowledged(alert, 20))  # type: ignore[arg-type]
    await ward.take(fine(25))
    assert told(ward)[2:] == [("acknowledged", 20), ("resolved", 25)]
    assert standing(ward) == {}


async def test_an_alerts_headers_tell_its_owner_and_state(ward: Bedside) -> None:
    await ward.take(bad(1))
    await ward.tick(at(4))
    [out] = ward.host.producer.on(topics.ALERTS)
    heads = dict(out.headers)
    assert out.key == b"p1"
    assert (heads["cs_state"], heads["cs_epoch"], heads["ce_type"]) == (b"raised", b"1", b"cardiostream.risk.alert.v1")
    assert heads["cs_alert"].decode() == read(out.value or b"").alert_id


async def test_all_minutes_of_a_flush_are_assessed_as_if_each_had_come_alone(ward: Bedside) -> None:
    await ward.take(fine(0), bad(1), bad(4), fine(6), bad(7))
    await ward.tick(at(8))
    assert told(ward) == [("resolved", 6)]
    [alert] = [read(out.value or b"") for out in ward.host.producer.on(topics.ALERTS)]
    assert (alert.began_at, alert.raised_at) == (at(1), at(3))


async def test_a_late_fact_of_the_look_back_moves_the_beginning_of_an_alert(ward: Bedside) -> None:
    await ward.take(fine(0))
    await ward.take(bad(5), bad(9))
    await ward.take(bad(2))
    assert [(a.state, a.began_at) for a in standing(ward).values()] == [("raised", at(2))]
    assert told(ward)[-1] == ("superseded", 9)


async def test_a_correction_that_takes_the_reason_away_resolves_the_alert_and_says_so(ward: Bedside) -> None:
    await ward.take(fine(0), fine(9))
    await ward.take(bad(12, resource_id="worse"), bad(15, resource_id="worse still"))
    [alert] = standing(ward).values()
    calm = [
        vitals("p1", at(minute), resource_id=name, version=Version(version_id=2))
        for minute, name in ((12, "worse"), (15, "worse still"))
    ]
    await ward.take(*calm)
    last = read(ward.host.producer.on(topics.ALERTS)[-1].value or b"")
    assert (last.alert_id, last.state, last.reason) == (alert.alert_id, "resolved", "corrected")


async def test_a_film_that_changes_the_score_alone_calls_nobody(ward: Bedside) -> None:
    await ward.take(fine(0))
    calls = len(ward.triton.calls)
    await ward.take(film("x", "p1", at(0), Version(0, 1, 2), 0.6))
    assert len(ward.triton.calls) == calls + 1
    assert told(ward) == []


async def test_the_alerts_of_a_patient_whose_model_was_away_are_those_with_it_once_it_is_back(ward: Bedside) -> None:
    ward.triton.down = True
    for minute in range(5):
        await ward.take(fine(minute))
    watch = ward.work.alerting._watches[0, "p1"]
    assert [one.degraded for one in watch.rows] == [True] * 5
    ward.triton.down = False
    await through(ward.work, Due(0, ("p1",), ward.host.generation))
    assert [one.degraded for one in watch.rows] == [False] * 5


async def test_a_successor_ends_with_the_same_alerts_and_tells_again_what_may_have_been_lost(ward: Bedside) -> None:
    await ward.take(fine(0), bad(1))
    await ward.tick(at(4))
    before = standing(ward)
    later = await succeeded(ward)
    await later.tick(at(5))
    assert told(later) == [("raised", 3)]
    assert standing(later) == before
    await later.tick(at(18))
    assert told(later)[-1] == ("escalated", 18)
    await later.work.stop()


async def test_what_a_crash_lost_between_state_and_result_is_told_when_the_input_comes_again(ward: Bedside) -> None:
    run = ward.run_of(fine(0), bad(1), bad(4))
    flush = ward.work.begin([run])
    await ward.work.judge(flush)
    await (await ward.work.publish(flush))
    ward.broker.records[topics.ALERTS, 0].clear()
    later = await succeeded(ward)
    await through(later.work, later.host.run(run.topic, run.records))
    assert [alert.began_at for alert in standing(later).values()] == [at(1)]
    await later.work.stop()


async def test_a_late_word_of_a_former_owner_is_answered_by_telling_again(ward: Bedside) -> None:
    await ward.take(fine(0), bad(1), bad(4))
    count = len(told(ward))
    await through(ward.work, Again(0, ("p1",), 1, ward.host.generation))
    assert told(ward)[count:] == [("raised", 3)]


async def test_of_a_merged_patient_the_alert_is_superseded_and_the_survivors_stands(ward: Bedside) -> None:
    await ward.take(fine(0), bad(1), bad(4))
    [mine] = standing(ward).values()
    await ward.take(acknowledged(mine, 5))  # type: ignore[arg-type]
    merge = PatientVersion("hospital", "p1", "p1", Version(version_id=2), False, START, replaced_by=("p2",))
    await ward.take(vitals("p2", at(4), resource_id="other", values=WORSE))
    await ward.take(merge)
    await relayed(ward)
    last = {alert.alert_id: alert for alert in map(read, values(ward))}
    assert (last[mine.alert_id].state, last[mine.alert_id].replaced_by) == ("superseded", "Patient/p2")
    [other] = [alert for alert in standing(ward).values() if alert.patient_id == "p2"]
    assert (other.state, other.began_at, other.by) == ("acknowledged", at(1), "nurse-1")
    assert len(standing(ward)) == 1


def values(ward: Bedside) -> list[bytes]:
    return [out.value or b"" for out in ward.host.producer.on(topics.ALERTS)]


async def relayed(ward: Bedside) -> None:
    """Take in what the partition has told itself."""
    records = ward.broker.log(topics.EVENTS_TRANSFERS)
    if records:
        await through(ward.work, ward.host.run(topics.EVENTS_TRANSFERS, records))


def everything(rng: random.Random) -> list[Any]:
    """An hour of a patient: values, corrections, withdrawals, a film, a merge, and what people say; bad at its end."""
    events: list[Any] = [bad(k) if rng.random() < 0.6 else fine(k) for k in range(0, 60, 2)]
    changed = rng.sample(events, 8)
    events += [bad(61), bad(64)]
    for one in changed:
        gone = rng.random() < 0.5
        later = Version(version_id=2, status_rank=4 if gone else 3)
        measures = () if gone else (fine if rng.random() < 0.5 else bad)(0).measures
        events.append(msgspec.structs.replace(one, version=later, withdrawn=gone, measures=measures))
    events += [vitals("p2", at(k), resource_id=f"other-{k}", values=WORSE) for k in (11, 31)]
    events.append(PatientVersion("hospital", "p2", "p2", Version(version_id=2), False, START, replaced_by=("p1",)))
    events.append(film("x", "p1", at(20), Version(0, 1, 2), 0.6))
    events += [
        AlertCommand(f"c{k}", "p1", "high-risk", "acknowledge", at(k), "nurse-1", START)
        for k in rng.sample(range(60), 2)
    ]
    return events


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_any_batches_and_restarts_end_with_the_same_alerts_under_the_same_ids(
    ward: Bedside, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    events = everything(rng)
    await ward.take(*events)
    await relayed(ward)
    await ward.tick(at(90))
    expected = {name: (a.state, a.changed_at, a.by) for name, a in standing(ward).items()}
    assert expected
    for _ in range(4):
        left = events + rng.sample(events, 5)
        rng.shuffle(left)
        broker = Broker()
        monkeypatch.setattr(ownership, "reading", broker.reading)
        assert ward.work.settings.alert_policy is not None
        one = await owner(broker, ward.work.settings.alert_policy)
        while left:
            batch = [left.pop() for _ in range(min(len(left), rng.randint(1, 6)))]
            await one.take(*batch)
            if rng.random() < 0.2:
                await one.tick(at(rng.choice([0, 30, 60])))
            if rng.random() < 0.2:
                # Killed: another takes over, and what was taken last comes again.
                one = await owner(broker, ward.work.settings.alert_policy)
                await one.take(*batch)
        await relayed(one)
        await one.tick(at(90))
        assert {name: (a.state, a.changed_at, a.by) for name, a in standing(one).items()} == expected


async def test_where_alerts_are_off_only_the_newest_minute_is_judged_and_nobody_is_called(ward: Bedside) -> None:
    other = Bedside(ward.broker, alerts=False)
    await other.own(0)
    await other.take(fine(0), bad(1), bad(4))
    await other.tick(at(60))
    assert told(other) == []
    assert other.triton.calls == [1]
    await other.work.stop()
