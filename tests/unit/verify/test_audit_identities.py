"""The audit and who is who: retirements, copies of merged identities, parked and given-up facts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams import topics
from streams.fusion.stage import Cutoffs
from streams.normalise import Raw, normalise
from streams.settings import Settings
from streams.timeline.encoding import decode_key
from streams.timeline.share import Share
from streams.transport.produce import Out
from streams.transport.runs import Run
from streams.verify import audit as audited
from streams.verify.audit import audit
from streams.verify.comparison import compare_retirements
from streams.verify.offline import OfflineScorer
from streams.workers import parking
from streams.workers.assessment import Publisher, case_of, judge, retired_out
from streams.workers.gathering import Gathered
from streams.workers.intake import dead_letter_out, route
from streams.workers.ownership import outs_of, retention_of
from streams.workers.relay import Relay
from tests.unit.normalise.fhir_messages import NOON, heart_rate
from tests.unit.verify.wards import REPOSITORY, SPEC
from tests.unit.workers.fakes import Broker, Rec

SETTINGS = Settings(partitions=2, model_repository=REPOSITORY)
AT = "2023-11-14T22:00:00Z"
RELAY = Relay(2)
KEPT, RETIRED = "p1", "p6"
"""Of different partitions."""


def reading(name: str, subject: dict[str, Any]) -> dict[str, Any]:
    return heart_rate(id=name, subject=subject, effectiveDateTime=AT)


def patient(name: str, **says: object) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "meta": {"versionId": "2"}, **says}


MERGED = patient(RETIRED, link=[{"type": "replaced-by", "other": {"reference": f"Patient/{KEPT}"}}])
KNOWN = patient(KEPT, identifier=[{"system": "urn:mrn", "value": "ann"}])
MESSAGES = (
    reading("a", {"reference": f"Patient/{KEPT}"}),
    reading("b", {"reference": f"Patient/{RETIRED}"}),
    reading("c", {"identifier": {"system": "urn:mrn", "value": "ann"}}),
    reading("d", {"identifier": {"system": "urn:mrn", "value": "nobody"}}),
    MERGED,
    KNOWN,
)


class World:
    """Two partitions of everything, worked off one record a flush as the workers do it."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.shares = {n: Share(b"mark", retention_of(SETTINGS)) for n in (0, 1)}
        for number, share in self.shares.items():
            self.write(outs_of(number, share.restore([])))

    def write(self, outs: list[Out]) -> None:
        for out in outs:
            self.broker.append(out.topic, out.partition, out.key, out.value, out.headers)

    def message(self, value: dict[str, Any]) -> None:
        source = next(s for s in SETTINGS.sources if s.topic == topics.OBSERVATIONS)
        record = self.broker.append(topics.OBSERVATIONS, 0, None, json.dumps(value).encode())
        raw = Raw(record.value, None, topics.OBSERVATIONS, 0, record.offset, record.timestamp)
        found = normalise(raw, source, future_tolerance_s=300)
        self.work_off([out for event in found.events for out in route(event, 2)])

    def work_off(self, outs: list[Out]) -> None:
        while outs:
            self.write(outs)
            outs = [further for out in outs for further in self.flush(out)]

    def flush(self, out: Out) -> list[Out]:
        number, share, gathered = out.partition, self.shares[out.partition], Gathered()
        record = Rec(0, out.value)
        gathered.take(record, Run(out.topic, number, (record,), 1), share)
        outs = gathered.relayed(share, number, RELAY)
        self.write(outs_of(number, share.changed(gathered.arrivals)))
        for found in gathered.last_words(share, number, RELAY):
            self.publish([retired_out(found, number, share.epoch)])
        for patient_id in gathered.patients(share, number, RELAY):
            timelines = share.gathered(patient_id)
            case = case_of(patient_id, timelines, SPEC, cutoffs=Cutoffs(), received_at=NOON)
            if case is not None:
                answer = OfflineScorer(REPOSITORY, SPEC).score([case.prepared.tensors])[0] if case.sufficient else None
                self.publish(Publisher([SPEC]).records(case, judge(case, answer, SPEC), number, share.epoch))
        return outs

    def publish(self, outs: list[Out]) -> None:
        self.write(outs)
        self.write([outs[-1]._replace(topic=topics.LATEST)])


async def findings() -> set[str]:
    return {finding.kind for finding in (await audit(SETTINGS, with_view=False)).findings}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(audited, "reading", made.broker.reading)
    assert (RELAY.home(KEPT), RELAY.home(RETIRED)) == (0, 1)
    for one in MESSAGES:
        made.message(one)
    return made


async def test_merged_and_parked_facts_agree_and_are_counted(world: World) -> None:
    report = await audit(SETTINGS, with_view=False)
    assert report.findings == ()
    assert report.accounting.fates == {"in-use": 3, "parked": 1}
    assert report.patients == 1


async def test_a_retirement_that_is_missing_is_found(world: World) -> None:
    for topic in (topics.SCORES, topics.LATEST):
        log = world.broker.log(topic, 1)
        log[:] = [r for r in log if r.key != RETIRED.encode() or dict(r.headers)["cs_level"] != b"retired"]
    assert await findings() == {"retired ids without their last word", "scores of nobody"}


async def test_a_retired_id_that_was_scored_again_is_found(world: World) -> None:
    for topic in (topics.SCORES, topics.LATEST):
        first = next(r for r in world.broker.log(topic, 1) if r.key == RETIRED.encode())
        world.broker.append(topic, 1, first.key, first.value, first.headers)
    assert await findings() == {"retired ids without their last word", "scores of nobody"}


async def test_a_patient_who_is_scored_must_not_be_retired(world: World) -> None:
    retired = next(r for r in world.broker.log(topics.SCORES, 1) if dict(r.headers)["cs_level"] == b"retired")
    for topic in (topics.SCORES, topics.LATEST):
        world.broker.append(topic, 0, KEPT.encode(), retired.value, retired.headers)
    assert "scores missing" in await findings()


def test_a_retired_id_of_which_nobody_ever_heard_is_found() -> None:
    [finding] = compare_retirements({}, {"x": b"", "p2": b""}, {"x", "p2"}, lambda name: name == "p2")
    assert (finding.kind, finding.count) == ("retired ids of nobody", 1)


async def test_a_copy_of_a_merged_identity_that_was_lost_is_found(world: World) -> None:
    log = world.broker.log(topics.STATE, 0)
    log[:] = [
        r for r in log if not (decode_key(r.key or b"").patient_id == RETIRED and decode_key(r.key or b"").piece > 0)
    ]
    found = await findings()
    assert found & {"state: copies of merged identities that differ", "state: copies missing"}


async def test_a_parked_fact_that_was_lost_is_found(world: World) -> None:
    for number in (0, 1):
        log = world.broker.log(topics.STATE, number)
        lost = next((a for a in world.shares[number].timelines if a.startswith("idn:") and a in parked(world)), "")
        log[:] = [r for r in log if decode_key(r.key or b"").patient_id != lost or not lost]
    assert await findings() == {"state: facts missing"}


def parked(world: World) -> set[str]:
    return {
        name
        for share in world.shares.values()
        for name in share.timelines
        if name.startswith("idn:") and share.identities.resolve(name) == name
    }


async def test_a_fact_that_was_given_up_is_counted_by_its_dead_letter_and_not_missed(world: World) -> None:
    [name] = parked(world)
    number = RELAY.home(name)
    share = world.shares[number]
    world.write(outs_of(number, share.advance(NOON)))
    world.write(outs_of(number, parking.park(share, [name])))
    world.write(outs_of(number, share.advance(NOON + 1000)))
    pieces, letters = parking.given_up(share, number, 1000)
    world.write([dead_letter_out(letter, 2) for letter in letters])
    world.write(outs_of(number, pieces))
    report = await audit(SETTINGS, with_view=False)
    assert report.accounting.fates == {"in-use": 3, "given-up": 1}
    assert {f.kind for f in report.findings} <= {"scores of another version"}, "the tick made scores stale"


async def test_a_fact_that_is_gone_without_a_dead_letter_is_missed(world: World) -> None:
    [name] = parked(world)
    number = RELAY.home(name)
    world.write(outs_of(number, world.shares[number].drop(name)))
    assert await findings() == {"state: facts missing"}


async def test_a_moved_fact_is_counted_as_moved(world: World) -> None:
    moved = reading("b", {"reference": "Patient/p3"}) | {"meta": {"versionId": "2"}, "status": "corrected"}
    world.message(moved)
    report = await audit(SETTINGS, with_view=False)
    assert report.findings == ()
    assert report.accounting.fates == {"in-use": 3, "moved": 1, "parked": 1}
