"""One study on its way: waited for, fetched, decoded, judged; whatever happens, something goes out for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import NamedTuple

import msgspec

from streams import topics
from streams.clock import Clock
from streams.errors import ContractError, RejectedMessage, RetryableError
from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.web.failures import ServerAway
from streams.inference.imaging_manifest import ImagingManifest
from streams.log import where_it_failed
from streams.modalities.imaging import unchecked
from streams.pixels.choice import choose
from streams.pixels.header import Header
from streams.pixels.image import Image
from streams.records import ImagingStudyVersion, Overruling, StudyPrediction, StudyRetry
from streams.settings import Settings
from streams.transport.produce import Out
from streams.transport.runs import Record, Run
from streams.workers.gathering import decoded
from streams.workers.imaging import answers
from streams.workers.imaging.lanes import Lane, Lanes
from streams.workers.imaging.models import Models
from streams.workers.imaging.pictures import Darkroom, Inventory, inventory
from streams.workers.imaging.results import Kept, Results, store
from streams.workers.intake import OVERRULING_KEY
from streams.workers.slow import waiting
from streams.workers.slow.abandoned import raise_if_abandoned
from streams.workers.slow.asking import ModelAway
from streams.workers.slow.known import Known
from streams.workers.slow.replies import AWAY, Errand, Replies

log = logging.getLogger(__name__)
_event = msgspec.json.Decoder(ImagingStudyVersion | Overruling).decode
_retry = msgspec.json.Decoder(StudyRetry).decode


Study = Errand[ImagingStudyVersion]
"""One study and the record that brought it."""


class Found(NamedTuple):
    """What came of a study whose pictures were there."""

    predictions: tuple[StudyPrediction, ...]
    reasons: tuple[str, ...]
    rejected: tuple[RejectedMessage, ...]


class Clerk:
    """Turns one record of the worker's inputs into what goes out for it."""

    def __init__(self, settings: Settings, models: Models, lanes: Lanes, darkroom: Darkroom, clock: Clock) -> None:
        self._settings, self._models, self._lanes, self._darkroom = settings, models, lanes, darkroom
        self._clock, self._waits, self._known = clock, waiting.of_imaging(settings), Known()
        self._replies = Replies(answers.TRADE, self._waits, clock, settings.partitions)
        self.results = Results(clock)

    async def answer(self, record: Record, run: Run) -> list[Out]:
        """Return what goes out for a record; ContractError where it is none of ours."""
        if run.topic != topics.EVENTS_IMAGING:
            return await self._study(self._errand(record, run))
        event = decoded(_event, record, run)
        self._known.hear(event)
        if isinstance(event, Overruling):
            self._replies.count("overruled")
            return [Out(topics.PREDICTIONS_IMAGING, run.partition, OVERRULING_KEY, record.value)]
        return await self._study(Errand(event, 0, event.received_at, record, run))

    async def after(self, record: Record, run: Run) -> list[Out]:
        """Put what was found into the PACS, now that the prediction stands; return what goes out where it cannot be."""
        kept = self.results.take(record, run)
        if not (kept.files or kept.failed):
            return []
        errand = self._errand(record, run)
        if self._known.is_overtaken(errand.event):
            return []
        failed = [self._replies.letter(errand, self._replies.given_up("not-stored"))] if kept.failed else []
        return failed + (await self._stored(errand, kept) if kept.files else [])

    async def _stored(self, errand: Study, kept: Kept) -> list[Out]:
        lane, url = self._lanes.of(_endpoints(errand.event))
        try:
            async with lane.slot(url, storing=True) as client:
                await store(kept.files, client)
        except RejectedMessage as rejected:
            return [self._replies.letter(errand, rejected)]
        except RetryableError as error:
            # One wait is enough: two, each of which made two, would double with every try.
            return [] if kept.waits else self._not_stored(errand, error)
        except Exception as error:  # the prediction stands whatever becomes of its drawing
            raise_if_abandoned(error)
            log.error("worker=imaging a result could not be stored: %s", where_it_failed(error))
            return [self._replies.letter(errand, self._replies.given_up("not-stored"))]
        return []

    def _not_stored(self, errand: Study, error: RetryableError) -> list[Out]:
        if (isinstance(error, ServerAway) and error.forbidden) or self._replies.gives_up(errand):
            return [self._replies.letter(errand, self._replies.given_up("not-stored"))]
        # It is judged again then, to the same end, and stored under the same UIDs.
        return self._replies.wait(errand._replace(told=True), "not-stored")

    def _errand(self, record: Record, run: Run) -> Study:
        if run.topic != topics.EVENTS_IMAGING:
            waited = decoded(_retry, record, run)
            return Errand(waited.study, waited.attempt, waited.since, record, run, waited.told)
        event = decoded(_event, record, run)
        return Errand(event, 0, event.received_at, record, run)

    async def _study(self, errand: Study) -> list[Out]:
        spared = self._spared(errand)
        if spared is not None:
            return spared
        try:
            lane, url = self._lanes.of(_endpoints(errand.event))
        except RejectedMessage as rejected:
            return self._replies.refused(errand, rejected)
        if self._lanes.is_full(lane):
            return self._replies.wait(errand, waiting.BUSY)
        lane.slots.waiting += 1
        try:
            return await self._fetched(errand, lane, url)
        finally:
            lane.slots.waiting -= 1

    def _spared(self, errand: Study) -> list[Out] | None:
        """Return what goes out for a study that no PACS has to be asked about; None where one has to be."""
        study = errand.event
        if self._known.is_overtaken(study):
            self._replies.count("skipped", "overtaken")
            return []
        if study.withdrawn:
            self._replies.count("withdrawn")
            return self._replies.said(errand, (), ())
        if not self._settings.pacs:
            return self._replies.skipped(errand, "no-pacs")
        if study.modalities and not any(map(self._models.may_take, study.modalities)):
            return self._replies.skipped(errand, "modality")
        return None

    async def _fetched(self, errand: Study, lane: Lane, url: str) -> list[Out]:
        try:
            async with lane.slot(url) as client:
                if self._known.is_overtaken(errand.event):
                    self._replies.count("skipped", "overtaken")
                    return []
                found = await self._in_time(errand, client, lane)
        except RejectedMessage as rejected:
            return self._replies.refused(errand, rejected)
        except RetryableError as error:
            return self._replies.not_now(errand, error)
        except ContractError:
            raise
        except Exception as error:  # one odd study must not stop all others; where it failed tells us what to mend
            raise_if_abandoned(error)
            log.error("worker=imaging a study made it fail: %s", where_it_failed(error))
            return self._replies.refused(errand, RejectedMessage("internal", "study", "a study", type(error).__name__))
        outs = self._replies.answered(errand, *found)
        if any(out.topic in self._waits.topics for out in outs):
            self.results.note_wait(errand.record, errand.run)
        return outs

    async def _in_time(self, errand: Study, client: PacsClient, lane: Lane) -> Found:
        try:
            async with asyncio.timeout(self._settings.imaging_study_timeout_s):
                return await self._judged(errand, client, lane)
        except TimeoutError:
            self.results.take(errand.record, errand.run)
            raise ServerAway("timeout", lane.pacs.name) from None
        except Exception:
            self.results.take(errand.record, errand.run)
            raise

    async def _judged(self, errand: Study, client: PacsClient, lane: Lane) -> Found:
        """Let every model whose selection takes a picture of the study judge it."""
        study = errand.event
        wait = not self._waits.has_arrived(study.received_at, self._clock.now())
        most = self._settings.imaging_most_instances
        listed = await inventory(study, client, self._models.may_take, most, wait=wait)
        wanted, reasons = self._wanted(listed)
        predictions: list[StudyPrediction] = []
        rejected: list[RejectedMessage] = []
        for header, specs in wanted.items():
            try:
                predictions += [one async for one in self._seen(header, specs, client, lane, errand)]
            except RejectedMessage as refused:
                rejected.append(refused)
                predictions += [StudyPrediction(s.name, s.version, "indeterminate", (refused.reason,)) for s in specs]
        incomplete = () if listed.complete else ("incomplete",)
        return Found(tuple(predictions), incomplete or (() if predictions else _one(reasons)), tuple(rejected))

    def _wanted(self, listed: Inventory) -> tuple[dict[Header, list[ImagingManifest]], list[str]]:
        """Return the instances that models are to see, each with its models, and why others see none."""
        wanted: dict[Header, list[ImagingManifest]] = {}
        reasons: list[str] = []
        for spec in self._models.specs:
            header, reason = choose(listed.headers, partial(self._models.refuses, spec))
            if header is None:
                # Series of modalities that no model is for are not even listed.
                reasons.append(reason if listed.headers else "modality")
            else:
                wanted.setdefault(header, []).append(spec)
        return wanted, reasons

    async def _seen(
        self, header: Header, specs: list[ImagingManifest], client: PacsClient, lane: Lane, errand: Study
    ) -> AsyncIterator[StudyPrediction]:
        async with self._darkroom.picture(header, client, lane.budget) as image:
            for spec in specs:
                said = await self._said_by(spec, image)
                if lane.pacs.store_results:
                    await self.results.keep(errand.record, errand.run, said, image, client)
                yield said

    async def _said_by(self, spec: ImagingManifest, image: Image) -> StudyPrediction:
        # The file itself has the last word on what it shows.
        if reason := self._models.refuses(spec, image.header):
            return StudyPrediction(spec.name, spec.version, "indeterminate", (reason,))
        try:
            reading = await self._models.ask(spec, image)
        except ModelAway as away:
            return StudyPrediction(spec.name, spec.version, AWAY, (away.reason,))
        return answers.predicted(reading, image, unchecked(spec, image.header.age_years))


def _one(reasons: list[str]) -> tuple[str, ...]:
    """Return the different reasons of the models, or that there is no model at all."""
    return tuple(dict.fromkeys(reasons)) or ("no-model",)


def _endpoints(study: ImagingStudyVersion) -> tuple[str, ...]:
    """Return where a study says it is, by itself or by its series."""
    return study.endpoints or tuple(dict.fromkeys(one for series in study.series for one in series.endpoints))
