"""Standing alerts counted again: what the bedside tells in memory agrees, and each thing that is wrong is found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from streams import topics
from streams.alerts.file import load as load_policy
from streams.clock import MINUTE
from streams.records import Alert, AlertCommand, EncounterVersion, ObservationVersion, PatientVersion, Version
from streams.settings import Settings
from streams.verify.alerts import commands_of
from streams.verify.evidence import collect
from streams.verify.expectation import Expectation
from streams.verify.findings import Finding
from streams.verify.minutes import Minutes
from streams.verify.recount import Recount, judged_by_several
from streams.workers import late_words, ownership
from tests.unit.verify.wards import SCORER, SERVING
from tests.unit.workers.bedsides import Bedside
from tests.unit.workers.fakes import MODEL_REPOSITORY, START, Broker, Reader, encode, through, vitals
from tests.unit.workers.test_bedside_alerts import FIRST, POLICY, WORSE

Fact = ObservationVersion | PatientVersion | EncounterVersion


def at(minute: float) -> int:
    return FIRST + round(minute * MINUTE)


def fine(minute: float, patient_id: str = "p1", **more: Any) -> ObservationVersion:
    return vitals(patient_id, at(minute), resource_id=f"{patient_id}-{minute}", **more)


def bad(minute: float, patient_id: str = "p1", **more: Any) -> ObservationVersion:
    return fine(minute, patient_id, values=WORSE, **more)


class World:
    """A bedside in memory whose model is the one that is run offline, and everything that it was told."""

    def __init__(self, broker: Broker, policy: Path) -> None:
        self.broker = broker
        self.settings = Settings(model_repository=MODEL_REPOSITORY, partitions=1, alert_policy=policy)
        self.facts: list[Fact] = []
        self.bedside = self._made()

    def _made(self) -> Bedside:
        made = Bedside(self.broker, alert_policy=self.settings.alert_policy)
        made.triton.function = offline
        return made

    async def take(self, *facts: Fact) -> None:
        self.facts += facts
        await self.bedside.take(*facts)
        log = self.broker.log(topics.EVENTS_TRANSFERS)
        if log:
            await through(self.bedside.work, self.bedside.host.run(topics.EVENTS_TRANSFERS, log))

    async def say(self, word: AlertCommand, *, heard: bool = True) -> None:
        record = self.broker.append(topics.ALERT_COMMANDS, 0, word.patient_id.encode(), encode(word))
        if heard:
            await through(self.bedside.work, self.bedside.host.run(topics.ALERT_COMMANDS, [record]))

    async def taken_over(self) -> None:
        await self.bedside.work.stop()
        self.bedside = self._made()
        await self.bedside.own(0)

    @property
    def words(self) -> list[Any]:
        return self.broker.log(topics.ALERTS)

    async def recount(self, until: int | None = None) -> Recount:
        expectation, reader = Expectation(self.settings), Reader(self.broker)
        for word in await commands_of(reader, self.settings):
            expectation.whole.apply(word)
        for fact in self.facts:
            expectation._take(fact)
        evidence = await collect(reader, self.settings)
        assert self.settings.alert_policy is not None
        return Recount(expectation, evidence, load_policy(self.settings.alert_policy), until)

    async def findings(self, until: int | None = None) -> list[Finding]:
        recount = await self.recount(until)
        differ = recount.run(Minutes(SERVING, SCORER))
        recount.excuse(await judged_by_several(Reader(self.broker), self.settings, differ))
        return recount.findings()


def offline(tensors: Any) -> Any:
    return SCORER._session.run([SCORER.spec.output.name], tensors)[0]


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[World]:
    policy = tmp_path / "alerts.yaml"
    policy.write_text(POLICY)
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    monkeypatch.setattr(late_words, "reader", broker.reader)
    made = World(broker, policy)
    await made.bedside.own(0)
    yield made
    await made.bedside.work.stop()


def told(world: World) -> Alert:
    return msgspec.json.decode(world.words[-1].value or b"", type=Alert)


def ack(alert: Alert, minute: float) -> AlertCommand:
    return AlertCommand(
        "c1", alert.patient_id, alert.rule, "acknowledge", at(minute), "nurse-1", alert.raised_at, alert.alert_id
    )


async def test_late_corrected_and_merged_facts_people_time_and_a_change_of_owner_agree(world: World) -> None:
    await world.take(fine(0), bad(5), bad(9))
    await world.take(bad(3))
    await world.bedside.tick(at(12))
    await world.say(ack(told(world), 13))
    await world.take(bad(9, version=Version(version_id=2)), fine(3, version=Version(version_id=2)))
    await world.take(bad(4, "p2"), bad(20, "p3"), bad(30, "p3"))
    await world.taken_over()
    merged = PatientVersion("hospital", "p2", "p2", Version(version_id=2), False, START, replaced_by=("p1",))
    await world.take(merged, EncounterVersion("hospital", "Encounter/e1", "p1", Version(), False, START, ward="ICU"))
    await world.bedside.tick(at(50))
    recount = await world.recount()
    assert recount.run(Minutes(SERVING, SCORER)) == set()
    assert (recount.count, recount.findings()) == (2, [])


async def test_what_came_later_than_the_look_back_is_the_bedsides_word(world: World) -> None:
    await world.take(fine(0), bad(300), bad(310))
    await world.take(bad(10), bad(20), bad(30, version=Version(version_id=2)))
    await world.take(fine(600), bad(900), bad(905))
    await world.take(fine(305))
    assert await world.findings() == []


async def test_a_lost_alert_is_missing(world: World) -> None:
    await world.take(bad(1), bad(4))
    world.words.clear()
    assert await world.findings() == [Finding("alerts missing", 1)]


async def test_an_alert_that_was_lost_with_all_that_the_state_knows_of_it_is_missing(world: World) -> None:
    await world.take(bad(1), bad(4))
    world.words.clear()
    world.broker.log(topics.STATE).clear()
    assert await world.findings() == [Finding("alerts missing", 1)]


async def test_an_alert_without_a_reason_is_found_also_of_a_patient_of_whom_nothing_is_known(world: World) -> None:
    await world.take(bad(1), bad(4))
    [record] = world.words
    for patient_id in ("p1", "nobody"):
        other = msgspec.structs.replace(told(world), alert_id=f"other-{patient_id}", patient_id=patient_id)
        world.broker.append(topics.ALERTS, 0, patient_id.encode(), encode(other), record.headers)
    assert await world.findings() == [Finding("alerts of nothing", 2)]


async def test_an_acknowledgement_that_nobody_heard_is_found(world: World) -> None:
    await world.take(bad(1), bad(4))
    await world.say(ack(told(world), 5), heard=False)
    assert await world.findings() == [Finding("alerts in another state", 1)]


async def test_an_alert_that_stayed_with_the_former_ward_is_found(world: World) -> None:
    await world.take(EncounterVersion("hospital", "Encounter/e1", "p1", Version(), False, START, ward="North"))
    await world.take(bad(1), bad(4))
    world.facts.append(
        EncounterVersion("hospital", "Encounter/e1", "p1", Version(version_id=2), False, START, ward="ICU")
    )
    assert await world.findings() == [Finding("alerts in another ward", 1)]


async def test_steps_are_taken_as_far_as_time_has_passed(world: World) -> None:
    await world.take(bad(1), bad(4))
    await world.bedside.tick(at(17))
    assert await world.findings() == []
    assert await world.findings(until=at(18)) == [Finding("alerts in another state", 1)]
    await world.bedside.tick(at(18))
    assert await world.findings() == []


async def test_a_word_that_comes_while_it_is_counted_says_how_far_time_has_passed(world: World) -> None:
    await world.take(bad(1), bad(4))
    state = list(world.broker.log(topics.STATE))
    await world.bedside.tick(at(18))
    world.broker.records[topics.STATE, 0] = state
    assert await world.findings() == []


async def test_minutes_of_a_version_before_are_taken_at_its_word(world: World) -> None:
    world.bedside.triton.function = lambda tensors: np.full((len(next(iter(tensors.values()))), 1), 0.99, np.float32)
    await world.take(fine(0), fine(3))
    assert await world.findings() == [Finding("alerts of nothing", 1)]
    [score] = world.broker.log(topics.SCORES)
    other = (score.value or b"").replace(b'"valueString":"%s"' % SCORER.spec.version.encode(), b'"valueString":"0"')
    assert other != score.value
    world.broker.append(topics.SCORES, 0, score.key, other, score.headers)
    assert await world.findings() == []


async def test_the_last_digits_of_an_answer_make_no_difference(world: World) -> None:
    world.bedside.triton.function = lambda tensors: offline(tensors) + np.float32(2e-6)
    await world.take(*(bad(minute) for minute in range(0, 40, 3)))
    assert await world.findings() == []
