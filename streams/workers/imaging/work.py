"""The imaging worker: studies of the record fetched from their PACS, decoded, judged; apart from vital signs."""

from __future__ import annotations

import logging
from typing import Any

from streams import topics
from streams.clock import Clock
from streams.gateways.dicomweb.picture import limits_of
from streams.inference.client import Client
from streams.inference.repository import discover_imaging
from streams.pixels.pool import Pool
from streams.settings import Settings
from streams.workers.imaging.clerk import Clerk
from streams.workers.imaging.feeds import Feeds
from streams.workers.imaging.lanes import Lanes
from streams.workers.imaging.models import Models
from streams.workers.imaging.pictures import Darkroom
from streams.workers.lifecycle import Host
from streams.workers.slow.waiting import of_imaging
from streams.workers.slow.work import POLL_RECORDS, SlowWork

log = logging.getLogger(__name__)


class ImagingWork(SlowWork):
    """Answers studies."""

    name = "imaging"
    topics: tuple[str, ...] = topics.IMAGING_INPUTS

    def __init__(
        self, settings: Settings, host: Host, client: Client | None = None, clock: Clock | None = None
    ) -> None:
        super().__init__(settings, host, client, clock)
        specs = discover_imaging(settings.model_repository)
        limits = limits_of(settings)
        self._pool, self._lanes = Pool(settings.imaging_decoders, limits), Lanes(settings, host.progressed)
        self.models = Models(specs, self._asked, settings.breaker_pause_s)
        darkroom = Darkroom(self._pool, limits, host.progressed)
        self.clerk = Clerk(settings, self.models, self._lanes, darkroom, self._clock)
        self._open(self.clerk.answer, of_imaging(settings), settings.imaging_waiting)
        self.pipeline.after = self.clerk.after
        self.feeds = Feeds(settings, host.producer, self._clock)

    async def start(self) -> None:
        """Step back before more urgent workers of this machine, and say what is missing.

        Raises
        ------
        ContractError
            Where a secret of a PACS cannot be read.
        """
        self._step_back(self.settings.pacs, self.settings.imaging_niceness)
        if not self.models.specs:
            log.warning("worker=imaging no model of images in the repository: every study is skipped")
        if not self.settings.pacs:
            log.warning("worker=imaging no PACS in the settings: every study is skipped; set CARDIOSTREAM_PACS")

    async def assigned(self, partitions: set[Any]) -> None:
        """Whoever has the first partition reads the change feeds."""
        self.clerk.results.forget()
        await self.feeds.follow(any(tuple(tp) == (topics.EVENTS_IMAGING, 0) for tp in partitions))

    async def idle(self) -> None:
        """Fetch no more of what waits for its time, and see that the change feeds are still followed."""
        await super().idle()
        self.feeds.check()

    async def _close(self) -> None:
        await self.feeds.follow(False)
        await self._pool.close()
        self._lanes.close()


async def run(settings: Settings) -> int:
    """Run the worker until it is told to stop."""
    host = Host(topics.GROUP_IMAGING, settings, poll_records=POLL_RECORDS)
    return await host.run(ImagingWork(settings, host))
