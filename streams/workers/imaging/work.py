"""The imaging worker: studies of the record fetched from their PACS, decoded, judged; apart from vital signs."""

from __future__ import annotations

import logging
from typing import Any

from streams import topics
from streams.clock import Clock, WallClock
from streams.gateways.dicomweb.picture import limits_of
from streams.gateways.web.session import check_secrets
from streams.inference.client import Client, TritonClient
from streams.inference.repository import discover_imaging
from streams.pixels.pool import Pool
from streams.settings import Settings
from streams.stepping_back import step_back
from streams.workers.imaging.clerk import Clerk
from streams.workers.imaging.feeds import Feeds
from streams.workers.imaging.lanes import Lanes
from streams.workers.imaging.models import Models
from streams.workers.imaging.pictures import Darkroom
from streams.workers.lifecycle import Host
from streams.workers.slow.desk import Desk, pause_waiting, paused
from streams.workers.slow.waiting import of_imaging

POLL_RECORDS = 50
"""Most records of one run: it is acknowledged as a whole, and a study takes seconds."""
log = logging.getLogger(__name__)


class ImagingWork:
    """Answers studies; keeps no state that anything depends on."""

    name = "imaging"
    topics: tuple[str, ...] = topics.IMAGING_INPUTS

    def __init__(
        self, settings: Settings, host: Host, client: Client | None = None, clock: Clock | None = None
    ) -> None:
        self.settings, self.host, self._clock = settings, host, clock or WallClock()
        self._triton = None if client else TritonClient(settings.triton_url, settings.inference_deadline_ms / 1000)
        asked = client or self._triton
        assert asked is not None
        specs = discover_imaging(settings.model_repository)
        limits = limits_of(settings)
        self._pool, self._lanes = Pool(settings.imaging_decoders, limits), Lanes(settings)
        self.models = Models(specs, asked, settings.breaker_pause_s)
        darkroom = Darkroom(self._pool, limits, host.progressed)
        self.clerk = Clerk(settings, self.models, self._lanes, darkroom, self._clock)
        self.pipeline = Desk(
            self.clerk.answer, self._send, host.acknowledge,
            delay_ms=of_imaging(settings).delay_ms, now=self._clock.now, most=settings.imaging_waiting,
            hold=lambda topic, partition: paused(host.app.run_consumer, topic, partition),
        )  # fmt: skip
        self.pipeline.after = self.clerk.after
        self.feeds = Feeds(settings, host.producer, self._clock)

    async def _send(self, outs: list[Any]) -> Any:
        self.host.progressed()
        return await self.host.producer.send(outs)

    async def start(self) -> None:
        """Step back before more urgent workers of this machine, and say what is missing.

        Raises
        ------
        ContractError
            Where a secret of a PACS cannot be read.
        """
        for pacs in self.settings.pacs:
            check_secrets(pacs)
        step_back(self.settings.imaging_niceness)
        if not self.models.specs:
            log.warning("worker=imaging no model of images in the repository: every study is skipped")
        if not self.settings.pacs:
            log.warning("worker=imaging no PACS in the settings: every study is skipped; set CARDIOSTREAM_PACS")

    async def assigned(self, partitions: set[Any]) -> None:
        """Whoever has the first partition reads the change feeds."""
        self.clerk.results.forget()
        await self.feeds.follow(any(tuple(tp) == (topics.EVENTS_IMAGING, 0) for tp in partitions))

    async def idle(self) -> None:
        """Fetch no more of what waits for its time, and go on with the others."""
        pause_waiting(self.host.app.run_consumer, topics.IMAGING_RETRIES, self.pipeline.waiting)
        self.feeds.check()

    async def stop(self) -> None:
        """End the decoding processes and close the connections."""
        # What had begun since the inputs ended comes again; it must not meet closed connections and be refused for it.
        await self.pipeline.drain(self.settings.revoke_deadline_s)
        await self.feeds.follow(False)
        await self._pool.close()
        self._lanes.close()
        if self._triton is not None:
            await self._triton.close()


async def run(settings: Settings) -> int:
    """Run the worker until it is told to stop."""
    host = Host(topics.GROUP_IMAGING, settings, poll_records=POLL_RECORDS)
    return await host.run(ImagingWork(settings, host))
