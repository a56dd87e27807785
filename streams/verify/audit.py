"""The verification: the sources read and recomputed, and held against everything that stands."""

from __future__ import annotations

from typing import Any

import msgspec

from streams import topics
from streams.alerts.file import load as load_policy
from streams.clock import SECOND, Clock, Instant, WallClock
from streams.fusion import rule
from streams.inference.repository import discover_imaging, discover_notes
from streams.modes.reading import read_modes
from streams.modes.standing import Standing
from streams.normalise import Raw
from streams.settings import Settings
from streams.transport.reading import read_to_end, reading
from streams.verify import studies
from streams.verify.alerts import commands_of
from streams.verify.comparison import (
    compare_alerts,
    compare_copies,
    compare_latest,
    compare_letters,
    compare_modes,
    compare_retirements,
    compare_scores,
    compare_states,
    compare_view,
    expected_retirements,
    expected_scores,
)
from streams.verify.evidence import Evidence, collect, read_view
from streams.verify.expectation import Accounting, Expectation
from streams.verify.findings import Finding, counted
from streams.verify.minutes import Minutes
from streams.verify.offline import OfflineScorer
from streams.verify.recount import Recount, judged_by_several
from streams.verify.settled import places
from streams.workers.relay import Relay
from streams.workers.serving import Serving, serving_of


class Report(msgspec.Struct, frozen=True):
    """What was counted and what differs; agreement means no findings."""

    accounting: Accounting
    patients: int
    scores: int
    """Records on the results topic, repeats included."""
    largest_difference: float
    """Of any model's last value from the same model run offline."""
    latencies_ms: tuple[int, ...]
    """Arrival of the oldest input to the published score, of every score that an input made due."""
    findings: tuple[Finding, ...]
    first_score_at: Instant | None = None
    """Arrival time of the first score; None where there is none."""
    studies: dict[str, int] = {}
    """What became of the versions of imaging studies."""
    notes: dict[str, int] = {}
    """What became of the versions of notes."""
    alerts: int = 0
    """Those that must stand."""


async def audit(
    settings: Settings, *, with_view: bool = True, at: Instant | None = None, clock: Clock | None = None
) -> Report:
    """Verify everything between the sources and the view, independently, from the topics.

    Parameters
    ----------
    at
        How far time has passed for alerts; None: to the newest tick that the bedside has acted on.
    clock
        Tells what the view need not remember any more.
    """
    expectation = Expectation(settings)
    async with reading(settings, "cardiostream-verify") as consumer:
        for word in await commands_of(consumer, settings):
            expectation.whole.apply(word)
        await _read_sources(consumer, settings, expectation)
        evidence = await collect(consumer, settings)
        modes = await read_to_end(consumer, topics.MODELS, 0)
        answers = {k.noun: await studies.collect(consumer, range(settings.partitions), k) for k in studies.SLOW}
    for said in (said for one in answers.values() for said in one.heard):
        # What models say of pictures and notes is an input here: it is not made again.
        expectation.whole.apply(said)
    expectation.give_up(evidence.given_up)
    expectation.age(evidence.ticks, Relay(settings.partitions).home)
    results = evidence.results
    serving = serving_of(
        settings.model_repository, Standing().followed_by(read_modes(modes)), by=rule.load(settings.fusion_file)
    )
    scorer = None if serving.live is None else OfflineScorer(settings.model_repository, serving.live)
    findings, largest = _score_findings(expectation, evidence, serving, scorer)
    findings += counted(
        {
            "inputs read: none at all": not expectation.messages,
            "scores behind which a former owner's stands": results.late_words,
            "partitions that have not acted on a tick": evidence.ticks_missed,
        }
    )
    fates: dict[str, dict[str, int]] = {}
    for kind in studies.SLOW:
        fates[kind.noun], unanswered = studies.compare(expectation.slow[kind.noun], answers[kind.noun], kind)
        findings += unanswered if _runs(kind, settings) else []
    findings += compare_states(expectation.timelines, evidence.state)
    findings += compare_copies(expectation.timelines, evidence.copies)
    findings += compare_letters(expectation.letters, evidence.letters)
    findings += compare_latest(results.last, results.latest)
    alerts = Recount(expectation, evidence, load_policy(settings.alert_policy), at)
    if settings.alerts:
        findings += await _alert_findings(settings, alerts, Minutes(serving, scorer))
    if with_view:
        findings += await _view_findings(settings, evidence, serving.standing, clock or WallClock())
    return Report(
        expectation.accounting(),
        len(expectation.patients()),
        results.count,
        largest,
        tuple(sorted(results.latencies_ms)),
        tuple(findings),
        results.first_at,
        fates["studies"],
        fates["notes"],
        alerts.count,
    )


async def _view_findings(settings: Settings, evidence: Evidence, standing: Standing, clock: Clock) -> list[Finding]:
    view, results = await read_view(settings), evidence.results
    expired = results.said_before(clock.now() - settings.latest_ttl_s * SECOND)
    found = compare_view(results.last, view, results.retired, expired)
    return found + compare_modes(standing, view) + compare_alerts(evidence.alerts, view)


def _runs(kind: studies.Kind, settings: Settings) -> bool:
    """Tell whether there is a worker of a kind: where no model is for images or notes, none for them runs."""
    discover = discover_imaging if kind is studies.STUDIES else discover_notes
    return bool(discover(settings.model_repository))


async def _read_sources(consumer: Any, settings: Settings, expectation: Expectation) -> None:
    for source in settings.sources:
        for place in await places(consumer, [source.topic]):
            for r in await read_to_end(consumer, place.topic, place.partition):
                raw = Raw(
                    value=r.value, key=r.key, topic=r.topic, partition=r.partition, offset=r.offset,
                    received_at=r.timestamp, headers=r.headers,
                )  # fmt: skip
                expectation.read(raw, source)


def _score_findings(
    expectation: Expectation, evidence: Evidence, serving: Serving, scorer: OfflineScorer | None
) -> tuple[list[Finding], float]:
    patients = {patient_id: expectation.whole.gathered(patient_id) for patient_id in expectation.patients()}
    expected = expected_scores(patients, evidence.cutoffs, serving, scorer)
    results = evidence.results
    retired = expected_retirements(expectation.retired(), expectation.timelines)
    scored = {name: value for name, value in results.last.items() if name not in results.retired}
    findings, largest = compare_scores(expected, scored)
    return findings + compare_retirements(retired, results.last, results.retired, expectation.is_known), largest


async def _alert_findings(settings: Settings, alerts: Recount, minutes: Minutes) -> list[Finding]:
    """Return what of standing alerts differs, but for what a version before said of minutes that it assessed."""
    if differ := alerts.run(minutes):
        async with reading(settings, "cardiostream-verify") as consumer:
            alerts.excuse(await judged_by_several(consumer, settings, differ))
    return alerts.findings()
