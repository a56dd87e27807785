"""The bedside worker: clinical events to state, models, fusion and scores, one process per share of the patients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

import msgspec

from streams import metrics, topics
from streams.alerts.file import load as load_policy
from streams.clock import WallClock
from streams.identity import is_alias
from streams.inference.client import TritonClient
from streams.inference.outcomes import Outcome, Scorer
from streams.inference.repository import discover_slow
from streams.normalise import warm_up
from streams.records import Tick
from streams.settings import Settings
from streams.timeline.share import Share
from streams.transport.pipeline import Pipeline
from streams.transport.produce import Out
from streams.transport.runs import Again, Due, Item, Run
from streams.workers import ageing, parking
from streams.workers.alerting import Alerting
from streams.workers.assessment import NOTHING_SINCE, cases_of, noted, retired_out
from streams.workers.beside import Beside
from streams.workers.door import Door
from streams.workers.due_times import DUE_AT_ONCE, due_times, still_due, those_due
from streams.workers.early_view import EarlyView
from streams.workers.flush import Flush
from streams.workers.gathering import Gathered, decoded
from streams.workers.intake import dead_letter_out
from streams.workers.late_words import LateWords
from streams.workers.lifecycle import Host
from streams.workers.ownership import Owner, check_copartition, committed_offsets, cutoffs, due_after_ms, outs_of
from streams.workers.relay import Relay
from streams.workers.results import Results, waiting
from streams.workers.serving import MODEL, Models, batches
from streams.workers.switching import Switching
from streams.workers.ticking import DueTimes, Positions, Ticks

GROUP = topics.GROUP_BEDSIDE
_tick = msgspec.json.Decoder(Tick).decode


class BedsideWork:
    """Keeps the state of its patients and judges those that something came for."""

    name = "bedside"

    def __init__(self, settings: Settings, host: Host, scorer: Scorer | None = None) -> None:
        self.settings, self.host = settings, host
        self.topics: tuple[str, ...] = (*settings.bedside_inputs, topics.TICKS)
        self.models = Models(settings)
        self.client = TritonClient(settings.triton_url, settings.inference_deadline_ms / 1000)
        self.scorer: Scorer = scorer or batches(self.client, settings, settings.calls_in_flight)
        self.beside = Beside(lambda: batches(self.client, settings, 1), host.producer.send)
        self.owner = Owner(settings, host.producer, host.alive)
        self.shares: dict[int, Share] = {}
        self.results = Results(discover_slow(settings.model_repository))
        self.alerting = Alerting(load_policy(settings.alert_policy), on=settings.alerts)
        self.relay = Relay(settings.partitions)
        self.switching = Switching(self.relay, WallClock())
        self.door = Door(settings, self.relay)
        self.early = EarlyView(settings) if settings.early_view else None
        self.positions = Positions()
        self.ticks: dict[int, Ticks] = {}
        self.due: dict[int, DueTimes] = {}
        self._paying, self._park_ms = 0, int(settings.park_limit_s * 1000)
        self.pipeline: Pipeline[Flush] = Pipeline(
            self.begin, self.judge, self.publish, self.settle,
            max_records=settings.max_flush_records, in_flight=settings.flushes_in_flight,
        )  # fmt: skip
        self.late_words = LateWords(settings, self.pipeline.put)

    async def start(self) -> None:
        """Triton may be away at start; NEWS2 stands alone until it comes."""
        await self.models.start()
        if self.settings.keyed:
            await asyncio.to_thread(warm_up)
        await self.late_words.start()
        if self.early is not None:
            await self.early.start()

    async def stop(self) -> None:
        """Close the connections to Kafka, Triton and Redis."""
        await self.models.stop()
        await self.beside.stop()
        await self.late_words.stop()
        if self.early is not None:
            await self.early.stop()
        await self.client.close()

    async def assigned(self, partitions: set[Any]) -> None:
        """Own the state of the assigned partitions, and know how far their inputs have been taken in."""
        numbers = {tp.partition for tp in partitions}
        check_copartition(partitions, numbers, self.topics)
        shares = await self.owner.acquire(numbers)
        committed = await committed_offsets(self.host.app.run_consumer, self.settings.bedside_inputs, numbers)
        due = {n: due_times(share, n, self.relay, due_after_ms(self.settings)) for n, share in shares.items()}
        self.shares, self.due, self.ticks = shares, due, {number: Ticks() for number in numbers}
        self.positions.reset(committed)
        self.switching.reset()
        self.alerting.begin(shares)
        await self.late_words.begin(shares, self.host.generation)

    async def idle(self) -> None:
        """Pay debts: judge again those that were scored while the model was away; one batch while that is a probe."""
        consumer = self.host.app.run_consumer
        consumer.pause_partitions([tp for tp in consumer.assignment() if tp.topic in self.door.intake.stopped])
        generation, shares = self.host.generation, self.shares
        self.late_words.tend(self.pipeline.failed)
        metrics.DEGRADED.set(sum(len(share.owed) for share in shares.values()))
        if await self.models.heed():
            self.scorer.forget(MODEL)
        switching = self.switching.waited_for(shares, self.models.serving)
        for number in {*still_due(shares, self.ticks, self.due), *switching, *self.alerting.waiting()}:
            await self.pipeline.put(Due(number, (), generation))
        model_away = self.models.serving.live is not None and not self.scorer.would_ask(MODEL)
        if self._paying or self.pipeline.waits_for(Due) or model_away:
            return
        probe = self.models.serving.live is not None and not self.scorer.is_closed(MODEL)
        most = self.settings.max_batch if probe else DUE_AT_ONCE // (len(shares) or 1) or 1
        owed = [Due(n, tuple(sorted(share.owed)[:most]), generation) for n, share in shares.items() if share.owed]
        for due in owed[:1] if probe else owed:
            await self.pipeline.put(due)

    def begin(self, items: list[Item]) -> Flush:
        """Take what has come into the state and prepare those it touches; in order, without waiting."""
        flush = Flush(self.host.generation, [], time.monotonic(), self.models.serving)
        current = [item for item in items if item.generation == flush.generation]
        if current:
            self.switching.begin(flush, self.shares, self.positions)
        gathered = {number: self._gathering(number, flush) for number in {item.partition for item in current}}
        for item in current:
            if isinstance(item, Run):
                self._take(item, self.shares[item.partition], gathered[item.partition], flush)
        for number, found in gathered.items():
            self.positions.read_on(self.host.app.run_consumer.read_up_to, self.settings.bedside_inputs, number)
            self._act_on_tick(number, found, flush)
            for patient_id in those_due(self.shares[number], self.ticks[number], self.due[number], len(self.shares)):
                found.note(patient_id, None)
        for item in current:
            if isinstance(item, Due):
                self._take_debts(item, gathered[item.partition], flush)
            elif isinstance(item, Again):
                self._take_late_words(item, gathered[item.partition], flush)
        for number, found in gathered.items():
            self._prepare(number, found, flush)
        flush.cases = cases_of([found for *_, found in flush.noted], flush.serving.live)
        flush.earlier = self.alerting.earlier(flush.noted, flush.serving.live)
        self._paying += bool(flush.paying)
        return flush

    def _gathering(self, number: int, flush: Flush) -> Gathered:
        if self.settings.coalesce:
            return Gathered()
        return Gathered(judge=lambda alone: self._note_cases(number, alone, flush))

    def _take_debts(self, item: Due, gathered: Gathered, flush: Flush) -> None:
        share = self.shares[item.partition]
        concerned = gathered.patients(share, item.partition, self.relay)
        for patient_id in share.owed.intersection(item.patient_ids).difference(concerned):
            gathered.note(patient_id, None)
            flush.paying.add((item.partition, patient_id))

    def _take_late_words(self, item: Again, gathered: Gathered, flush: Flush) -> None:
        flush.heard[item.partition] = item.heard
        self.alerting.again(item.partition, item.patient_ids, item.strays)
        for patient_id in item.patient_ids:
            if self.shares[item.partition].gathered(patient_id):
                gathered.note(patient_id, None)
                flush.paying.discard((item.partition, patient_id))

    def _take(self, item: Run, share: Share, gathered: Gathered, flush: Flush) -> None:
        metrics.INPUTS.labels(self.name, item.topic).inc(item.size)
        if item.topic == topics.TICKS:
            for record in item.records:
                self.ticks[item.partition].wait(decoded(_tick, record, item), item)
            return
        if item.topic in self.door.intake.sources:
            flush.outs += self.door.take(item, share, gathered)
            if item.topic in self.door.intake.stopped:
                # Not acknowledged; ticks do not wait for it, for it is not read on before somebody mends it.
                self.positions.leave_out(item.topic)
                return
        else:
            gathered.take_all(item, share)
        self.positions.passed(item)
        flush.runs.append(item)

    def _act_on_tick(self, number: int, gathered: Gathered, flush: Flush) -> None:
        tick, runs = self.ticks[number].due(number, self.positions)
        flush.runs, share = flush.runs + runs, self.shares[number]
        if tick is None:
            return
        pieces = flush.pieces.setdefault(number, [])
        first = share.tick is None
        pieces += share.advance(tick)
        if first:
            pieces += parking.park(share, self.relay.of_here(share.timelines, number))
        removals, letters = parking.given_up(share, number, self._park_ms)
        pieces += removals
        flush.letters += [dead_letter_out(letter, self.settings.partitions) for letter in letters]
        for identity in ageing.aged(share, DUE_AT_ONCE // len(self.shares) or 1):
            gathered.note(identity, None)

    def _prepare(self, number: int, gathered: Gathered, flush: Flush) -> None:
        share, pieces = self.shares[number], flush.pieces.setdefault(number, [])
        flush.outs += gathered.relayed(share, number, self.relay)
        pieces += share.changed(gathered.arrivals)
        pieces += parking.park(share, self.relay.of_here(filter(is_alias, gathered.arrivals), number))
        self._retire(number, gathered, flush)
        self._note_cases(number, gathered, flush)

    def _note_cases(self, number: int, gathered: Gathered, flush: Flush) -> None:
        """Note those who are concerned for judgement, with their facts as they are now."""
        share = self.shares[number]
        limit, since = cutoffs(share, self.settings), gathered.changed_since(share)
        for patient_id, received_at in gathered.patients(share, number, self.relay).items():
            timelines, first = share.gathered(patient_id), since.get(patient_id, NOTHING_SINCE)
            found = noted(patient_id, timelines, cutoffs=limit, received_at=received_at, since=first)
            if found is not None:
                self.due[number].note(patient_id, found.snapshot.as_of)
                flush.noted.append((share, number, found))

    def _retire(self, number: int, gathered: Gathered, flush: Flush) -> None:
        """Take back what stands of ids that have been merged into another; they are not judged any more."""
        share = self.shares[number]
        for found in gathered.last_words(share, number, self.relay):
            flush.noted = [one for one in flush.noted if one[2].snapshot.patient_id != found.patient_id]
            flush.pieces[number] += share.settle([found.patient_id])
            flush.outs.append(retired_out(found, number, share.epoch))
            flush.retired.append((share, number, (found.patient_id, found.survivor)))

    async def judge(self, flush: Flush) -> None:
        """Ask the model for those whose input suffices."""
        cases = [*flush.cases, *(case for _, case in flush.earlier)]
        asked = [i for i, case in enumerate(cases) if case.sufficient]
        answers: list[Outcome | None] = [None] * len(cases)
        if asked and flush.serving.live is not None:
            rows = [cases[i].prepared.tensors for i in asked]
            for i, outcome in zip(asked, await self.scorer.score(flush.serving.live, rows), strict=True):
                answers[i] = outcome
        flush.answers, flush.earlier_answers = answers[: len(flush.cases)], answers[len(flush.cases) :]

    async def publish(self, flush: Flush) -> Awaitable[object]:
        """Hand the state's pieces, then predictions and scores, to the producer; nothing for partitions taken away."""
        # Letters before the state forgets them: between the two, a crash would leave them nowhere.
        if not await self._kept(flush.letters, flush):
            return asyncio.sleep(0)
        results = self.results.of(flush, self.models.serving)
        alerts = self.alerting.take(flush)
        pieces = [out for number, found in flush.pieces.items() for out in outs_of(number, found)]
        if alerts:
            # The state before alerts: one that it does not know of stands for ever, should others be told in the end.
            if not await self._kept(pieces, flush):
                return asyncio.sleep(0)
            pieces = []
        outs = pieces + flush.outs + results + alerts
        sent = await self.host.producer.send(outs)
        if flush.serving.beside:
            self.beside.put(waiting(flush))
        return self._known(outs, sent)

    async def _kept(self, outs: list[Out], flush: Flush) -> bool:
        """Have the broker keep something before anything else is sent; False where the partitions have gone."""
        if outs and flush.generation == self.host.generation:
            await (await self.host.producer.send(outs))
        return flush.generation == self.host.generation

    async def _known(self, outs: list[Out], sent: Awaitable[list[int]]) -> None:
        """Once the broker has them, scores are known as ours and go to the view."""
        scores = [(out, at) for out, at in zip(outs, await sent, strict=True) if out.topic == topics.SCORES]
        self.late_words.ours(scores)
        if self.early is not None:
            self.early.put(scores)

    async def settle(self, flush: Flush) -> None:
        """Acknowledge the inputs and remove what older owners' pieces have been replaced."""
        self._paying -= bool(flush.paying)
        if flush.generation == self.host.generation:
            shares = self.shares
            for number, offset in flush.heard.items():
                shares[number].heard.offset = offset
            removals = [o for n, found in flush.pieces.items() for o in outs_of(n, shares[n].superseded(found))]
            if removals:
                await (await self.host.producer.send(removals))
        self.host.acknowledge(list(flush.runs))
        metrics.FLUSH_SECONDS.labels(self.name).observe(time.monotonic() - flush.began)


async def run(settings: Settings) -> int:
    """Run the worker until it is told to stop."""
    host = Host(GROUP, settings)
    return await host.run(BedsideWork(settings, host))
