"""The audit on topics in memory: the last word by (epoch, offset), late words, latencies, and all of it together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams import topics
from streams.clock import DAY, SECOND, FixedClock
from streams.fusion.stage import Cutoffs
from streams.normalise import Raw, normalise
from streams.records import Tick, Version
from streams.settings import Settings
from streams.timeline.share import Share
from streams.transport.produce import partition_of
from streams.verify import audit as audited
from streams.verify.audit import Report, audit
from streams.verify.comparison import Finding, expected_scores
from streams.verify.evidence import Results, View
from streams.verify.expectation import Accounting
from streams.verify.offline import OfflineScorer
from streams.verify.words import quantile, table, verdict
from streams.workers.assessment import Publisher, case_of, judge
from streams.workers.intake import dead_letter_out, event_out
from streams.workers.ownership import outs_of, retention_of
from tests.unit.normalise.fhir_messages import NOON, heart_rate
from tests.unit.verify.wards import REPOSITORY, SERVING, SPEC
from tests.unit.workers.fakes import MARKED, START, Broker, Rec, encode
from tests.unit.workers.versions import film

SETTINGS = Settings(partitions=2, model_repository=REPOSITORY)
OTHER_STUDIES = "state: patients with other demographics, stays or studies"


def result(offset: int, *, epoch: int = 1, version: str = "v1", patient: str = "p1", arrived: int | None = None) -> Any:
    head = {"ce_id": version.encode(), "cs_epoch": b"%d" % epoch, "cs_level": b"low"}
    if arrived is not None:
        head["cs_received_at"] = b"%d" % arrived
    return Rec(offset, f"{version}".encode(), patient.encode(), tuple(head.items()), 5000)


def results(*records: Any) -> Results:
    found = Results()
    for record in records:
        found.read(record)
    return found


def test_the_last_word_of_one_epoch_is_the_one_with_the_highest_offset() -> None:
    assert results(result(0, version="v1"), result(1, version="v2")).last == {"p1": b"v2"}


def test_a_newer_epoch_has_the_last_word_over_a_late_older_one() -> None:
    found = results(result(0, epoch=2, version="v2"), result(1, epoch=1, version="v1"))
    assert found.last == {"p1": b"v2"}


def test_a_late_word_of_a_former_owner_is_a_finding() -> None:
    found = results(result(0, epoch=2, version="v2"), result(1, epoch=1, version="v1"))
    assert found.late_words == 1


def test_a_late_word_that_says_the_same_is_none() -> None:
    assert results(result(0, epoch=2, version="v1"), result(1, epoch=1, version="v1")).late_words == 0


def test_a_late_word_answered_by_the_owner_is_none() -> None:
    found = results(result(0, epoch=2, version="v2"), result(1, version="v1"), result(2, epoch=2, version="v2"))
    assert found.late_words == 0
    assert found.count == 3


def test_latency_is_from_arrival_to_the_broker_and_only_where_an_input_was_the_cause() -> None:
    assert results(result(0, arrived=4988), result(1)).latencies_ms == [12]


class World:
    """Two partitions of everything, as a run never disturbed leaves them."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.view = View({}, {})

    def message(self, value: bytes) -> None:
        self.broker.append(topics.OBSERVATIONS, 0, None, value)

    def work_off(self) -> None:
        """What normalise, bedside and cache do with the messages, step by step."""
        shares = {n: Share(b"mark", retention_of(SETTINGS)) for n in (0, 1)}
        for number, share in shares.items():
            self.write(outs_of(number, share.restore([])))
        for record in self.broker.log(topics.OBSERVATIONS):
            raw = Raw(record.value, None, topics.OBSERVATIONS, 0, record.offset, record.timestamp)
            found = normalise(raw, SETTINGS.sources[0], future_tolerance_s=300)
            for event in found.events:
                shares[event_out(event, 2).partition].apply(event)
            self.write([dead_letter_out(letter, 2) for letter in found.dead_letters])
        for number, share in shares.items():
            self.write(outs_of(number, share.changed(share.timelines)))
            for patient_id, timeline in share.timelines.items():
                case = case_of(patient_id, [timeline], SPEC, cutoffs=Cutoffs(), received_at=NOON)
                assert case is not None
                outcome = OfflineScorer(REPOSITORY, SPEC).score([case.prepared.tensors])[0] if case.sufficient else None
                outs = Publisher([SPEC]).records(case, judge(case, outcome, SPEC), number, share.epoch)
                self.write(outs)
                score = outs[-1]
                self.write([score._replace(topic=topics.LATEST)])
                self.view.latest[patient_id] = score.value or b""
                self.view.ranking[patient_id] = float(dict(score.headers)["cs_index"] or -1)

    def write(self, outs: Any) -> None:
        for out in outs:
            self.broker.append(out.topic, out.partition, out.key, out.value, out.headers)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()

    async def view(_: Settings) -> View:
        return made.view

    monkeypatch.setattr(audited, "reading", made.broker.reading)
    monkeypatch.setattr(audited, "read_view", view)
    at = "2023-11-14T22:00:00Z"
    for patient in ("p1", "p3"):
        subject = {"reference": f"Patient/{patient}"}
        made.message(json.dumps(heart_rate(id=f"hr-{patient}", subject=subject, effectiveDateTime=at)).encode())
    made.message(b"not JSON")
    made.work_off()
    assert {partition_of(p.encode(), 2) for p in made.view.latest} <= {0, 1}
    return made


async def findings(**options: Any) -> list[str]:
    return [finding.kind for finding in (await audit(SETTINGS, **options)).findings]


async def test_an_undisturbed_run_agrees(world: World) -> None:
    report = await audit(SETTINGS)
    assert report.findings == ()
    assert (report.patients, report.scores, len(report.latencies_ms)) == (2, 2, 2)
    assert report.accounting == Accounting(3, 2, 0, 0, {"in-use": 2}, {}, {"not-json": 1})


async def test_an_input_that_was_never_read_is_found_in_state_scores_and_view(world: World) -> None:
    world.message(json.dumps(heart_rate(id="new", effectiveDateTime="2023-11-14T22:10:00Z")).encode())
    assert set(await findings()) == {
        "state: facts missing",
        "scores as of another instant",
        "scores of another version",
    }


async def test_a_refused_input_without_its_dead_letter_is_found(world: World) -> None:
    world.message(b"not JSON either")
    assert await findings() == ["dead letters missing"]


async def test_a_dead_letter_without_an_input_is_found(world: World) -> None:
    del world.broker.log(topics.OBSERVATIONS)[2]
    assert await findings() == ["dead letters of nothing"]


@pytest.mark.parametrize(
    ("topic", "kinds"),
    [
        (topics.STATE, {"state: facts missing"}),
        (
            topics.SCORES,
            {
                "scores missing",
                "latest: patients of nobody",
                "Redis: patients of nobody",
                "Redis: ranked patients of nobody",
            },
        ),
        (topics.LATEST, {"latest: patients missing"}),
        (topics.DEAD_LETTERS, {"dead letters missing"}),
    ],
)
async def test_a_topic_that_was_lost_is_found(world: World, topic: str, kinds: set[str]) -> None:
    for number in (0, 1):
        world.broker.records.pop((topic, number), None)
    assert set(await findings()) == kinds


async def test_what_was_said_of_a_study_and_is_neither_in_the_state_nor_in_the_score_is_found(world: World) -> None:
    said = film("x", "p1", NOON, Version(0, 1, 2), 0.6)
    world.broker.append(topics.PREDICTIONS_IMAGING, partition_of(b"p1", 2), b"p1", encode(said))
    assert {kind for kind in await findings() if not kind.startswith("answers")} == {
        OTHER_STUDIES,
        "scores of another version",
        "scores with other values",
    }


async def test_a_late_word_of_a_former_owner_is_found_though_the_last_one_by_epoch_is_right(world: World) -> None:
    number = partition_of(b"p1", 2)
    record = next(r for r in world.broker.log(topics.SCORES, number) if r.key == b"p1")
    head = dict(record.headers) | {"ce_id": b"older", "cs_epoch": b"0"}
    world.broker.append(topics.SCORES, number, b"p1", b"older", head.items())
    assert await findings() == ["scores behind which a former owner's stands"]


async def test_a_view_that_differs_is_found_unless_it_is_not_asked_for(world: World) -> None:
    world.view.latest["p1"] = b"older"
    assert await findings() == ["Redis: not the last word"]
    assert await findings(with_view=False) == []


async def test_who_has_left_redis_in_time_is_not_missed_and_who_left_early_is(world: World) -> None:
    del world.view.latest["p1"], world.view.ranking["p1"]
    kept_s = SETTINGS.latest_ttl_s
    assert await findings(clock=FixedClock(START + kept_s * SECOND + 1)) == []
    assert "Redis: patients missing" in await findings(clock=FixedClock(START + kept_s * SECOND))


async def test_a_tick_acted_on_is_heeded_by_the_expectation(world: World) -> None:
    for number in (0, 1):
        share = Share(b"tick", retention_of(SETTINGS))
        share.restore((r.key or b"", r.value) for r in world.broker.log(topics.STATE, number))
        world.write(outs_of(number, share.advance(NOON)))
    assert set(await findings()) == {"scores of another version"}


@pytest.mark.parametrize(
    ("days", "kept", "found"), [(14, True, []), (14, False, [OTHER_STUDIES]), (15, True, []), (15, False, [])]
)
async def test_a_film_without_vital_signs_is_looked_for_until_the_tick_acted_on_has_aged_it(
    world: World, days: int, kept: bool, found: list[str]
) -> None:
    said = film("x", "p9", NOON, Version(0, 1, 2), 0.6)
    home = partition_of(b"p9", 2)
    world.broker.append(topics.PREDICTIONS_IMAGING, home, b"p9", encode(said))
    for number in (0, 1):
        share = Share(b"tick", retention_of(SETTINGS))
        share.restore((r.key or b"", r.value) for r in world.broker.log(topics.STATE, number))
        if kept and number == home:
            share.apply(said)
        world.write(outs_of(number, share.changed(["p9"]) + share.advance(NOON + days * DAY)))
    assert [kind for kind in await findings() if kind.startswith("state")] == found


async def test_a_tick_that_nobody_acted_on_is_found(world: World) -> None:
    world.broker.append(topics.TICKS, 1, b"1", encode(Tick(NOON, {})))
    assert await findings() == ["partitions that have not acted on a tick"]


async def test_nothing_read_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audited, "reading", Broker().reading)
    assert await findings(with_view=False) == ["inputs read: none at all"]


def report(*found: Finding) -> Report:
    return Report(Accounting(3, 2, 0, 1, {"in-use": 2}, {"code": 1}, {}), 1, 4, 1e-7, (1, 2, 30), found)


def test_the_verdict_names_every_kind_of_difference_and_nobody() -> None:
    assert verdict(report()).startswith("verified:")
    words = verdict(report(Finding("scores missing", 1200), Finding("Redis: not the last word", 1)))
    assert words == "not verified: 1,200 scores missing; 1 Redis: not the last word"


@pytest.mark.parametrize(
    ("ordered", "share", "found"),
    [((), 0.5, None), ((7,), 0.99, 7), ((1, 2, 3, 4), 0.5, 3), (tuple(range(100)), 0.99, 99)],
)
def test_quantiles_of_latencies(ordered: tuple[int, ...], share: float, found: int | None) -> None:
    assert quantile(ordered, share) == found


def test_the_table_shows_every_count() -> None:
    cells = list(table(report()).columns[0].cells)
    assert cells[:3] == ["messages read", "observation versions", "  in-use"]
    assert {"skipped", "  code", "dead letters", "scores published"} <= set(cells)


def test_an_expectation_needs_no_scores_where_nothing_was_read() -> None:
    assert expected_scores({}, {}, SERVING, OfflineScorer(REPOSITORY, SPEC)) == {}


def test_the_report_names_nobody() -> None:
    assert MARKED not in verdict(report(Finding("scores missing", 1)))
