"""What must neither silence alerts nor leave any behind: merges, transfers, a broken model, crashes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams import topics
from streams.records import Alert, EncounterVersion, PatientVersion, Version
from streams.transport.produce import Out
from streams.workers import late_words, ownership
from tests.unit.workers.bedsides import Bedside
from tests.unit.workers.fakes import START, Broker, through, vitals
from tests.unit.workers.test_bedside_alerts import (
    POLICY,
    WORSE,
    acknowledged,
    at,
    bad,
    fine,
    owner,
    read,
    relayed,
    standing,
    succeeded,
    told,
)
from tests.unit.workers.test_late_words import looked


@pytest.fixture
async def bedside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Bedside]:
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    monkeypatch.setattr(late_words, "reader", broker.reader)
    (tmp_path / "alerts.yaml").write_text(POLICY)
    made = await owner(broker, tmp_path / "alerts.yaml")
    yield made
    await made.work.stop()


def stay(ward: str, version: int) -> EncounterVersion:
    return EncounterVersion(
        "hospital", "Encounter/e1", "p1", Version(version_id=version), False, START, start=at(0), ward=ward
    )


async def test_what_was_said_of_a_merged_patient_long_ago_does_not_silence_the_survivor(bedside: Bedside) -> None:
    await bedside.take(bad(0), bad(3))
    [former] = standing(bedside).values()
    await bedside.take(acknowledged(former, 5))  # type: ignore[arg-type]
    await bedside.take(fine(20))
    assert standing(bedside) == {}

    for minute in (300, 320, 340, 500):
        await bedside.take(vitals("p2", at(minute), resource_id=f"p2-{minute}", values=WORSE))
    [calls] = standing(bedside).values()
    assert (calls.patient_id, calls.state, calls.by) == ("p2", "escalated", "")

    merge = PatientVersion("hospital", "p1", "p1", Version(version_id=2), False, START, replaced_by=("p2",))
    await bedside.take(merge)
    await relayed(bedside)
    [still] = standing(bedside).values()
    assert (still.alert_id, still.state, still.by) == (calls.alert_id, "escalated", "")


async def test_an_alert_goes_with_its_patient_to_another_ward(bedside: Bedside) -> None:
    await bedside.take(stay("North", 1), bad(0), bad(3))
    assert [(alert.state, alert.ward) for alert in standing(bedside).values()] == [("raised", "North")]
    await bedside.take(stay("ICU", 2))
    assert [(alert.state, alert.ward) for alert in standing(bedside).values()] == [("raised", "ICU")]
    count = len(told(bedside))
    await bedside.take(stay("ICU", 2))
    assert len(told(bedside)) == count


async def test_an_alert_that_the_model_raised_does_not_end_because_the_model_answers_nonsense(bedside: Bedside) -> None:
    bedside.triton.function = constant(0.99)
    await bedside.take(fine(0), fine(3))
    assert [alert.state for alert in standing(bedside).values()] == ["raised"]
    bedside.triton.function = constant(float("nan"))
    await bedside.take(fine(6))
    await bedside.take(fine(30))
    assert [alert.is_open for alert in standing(bedside).values()] == [True]
    bedside.triton.function = constant(0.01)
    bedside.work.scorer.forget("deterioration_gru")
    await bedside.take(fine(40))
    assert standing(bedside) == {}


def constant(value: float) -> Any:
    return lambda tensors: np.full((len(next(iter(tensors.values()))), 1), value, np.float32)


async def test_an_alert_that_a_crash_let_out_is_known_to_the_successor_which_ends_it(bedside: Bedside) -> None:
    await bedside.take(fine(0))
    run = bedside.run_of(bad(5), bad(9))
    await lost_after_the_first_that_named_an_alert(bedside, run)
    later = await succeeded(bedside)
    # It reads the same again, and with it a late value that moves the beginning.
    await through(later.work, later.host.run(run.topic, run.records), later.run_of(bad(2)))
    assert [alert.began_at for alert in standing(later).values()] == [at(2)]
    await later.work.stop()


async def lost_after_the_first_that_named_an_alert(bedside: Bedside, run: Any) -> None:
    """Take a run, and let the broker keep nothing that was not acknowledged before the first alert was handed over."""
    producer = bedside.host.producer
    send, marks = producer.send, []

    async def marked(records: list[Out]) -> Any:
        if any(out.topic == topics.ALERTS for out in records):
            marks.append({place: len(log) for place, log in bedside.broker.records.items()})
        return await send(records)

    producer.send = marked  # type: ignore[method-assign,assignment]
    await through(bedside.work, run)
    for (topic, number), log in bedside.broker.records.items():
        if topic != topics.ALERTS:
            del log[marks[0].get((topic, number), 0) :]


async def test_an_alert_that_a_former_owner_tells_of_late_is_ended(bedside: Bedside) -> None:
    await bedside.take(fine(0))
    run = bedside.run_of(bad(5), bad(9))
    flush = bedside.work.begin([run])
    await bedside.work.judge(flush)
    later = await succeeded(bedside)
    await through(later.work, later.host.run(run.topic, run.records), later.run_of(bad(2)))
    # The former owner wakes up.
    await (await bedside.work.publish(flush))
    assert {alert.began_at for alert in standing(later).values()} == {at(2), at(5)}
    await looked(later)
    assert [alert.began_at for alert in standing(later).values()] == [at(2)]
    ended = [alert for alert in words(later) if alert.began_at == at(5)][-1]
    assert (ended.state, ended.reason) == ("superseded", "replaced-by-alert")
    await later.work.stop()


def words(bedside: Bedside) -> list[Alert]:
    return [read(out.value or b"") for out in bedside.host.producer.on(topics.ALERTS)]
