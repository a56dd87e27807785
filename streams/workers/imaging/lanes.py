"""One lane per PACS: its own connections, slots, memory and breaker, so that none waits for another."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.dicomweb.hosts import Place, place_of
from streams.gateways.web.threads import Progress
from streams.settings import Pacs, Settings
from streams.workers.imaging.budget import Budget
from streams.workers.slow.slots import Slots

_MIB = 1024 * 1024
_MOST_ADDRESSES = 16
"""Base addresses below one PACS that are kept connected."""


class Lane:
    """The way to one PACS; `progress` is called after each of its answers."""

    def __init__(self, pacs: Pacs, settings: Settings, progress: Progress) -> None:
        self.pacs, self._progress = pacs, progress
        self.budget = Budget(settings.imaging_bytes_in_flight_mb * _MIB)
        self._at_once, self._timeout_s = settings.imaging_studies_at_once, settings.imaging_request_timeout_s
        self.slots = Slots(pacs.name, self._at_once)
        self._clients: dict[str, PacsClient] = {}
        self._in_use: Counter[str] = Counter()

    @asynccontextmanager
    async def slot(self, url: str, *, storing: bool = False) -> AsyncIterator[PacsClient]:
        """Wait for a turn and hand out the client; see `Slots.turn`."""
        async with self.slots.turn(storing=storing):
            self._in_use[url] += 1
            try:
                yield self._client(url)
            finally:
                self._in_use[url] -= 1

    def _client(self, url: str) -> PacsClient:
        if url not in self._clients:
            idle = [one for one in self._clients if not self._in_use[one]]
            if len(self._clients) >= _MOST_ADDRESSES and idle:
                self._clients.pop(idle[0]).close()
                del self._in_use[idle[0]]
            place = Place(self.pacs, url)
            self._clients[url] = PacsClient(
                place, at_once=self._at_once, timeout_s=self._timeout_s, progress=self._progress
            )
        return self._clients[url]

    def close(self) -> None:
        """Close its connections."""
        for client in self._clients.values():
            client.close()


class Lanes:
    """The lanes of all PACS of the settings; `progress` is called after each answer of one."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._pacs = settings.pacs
        self._lanes = {pacs.name: Lane(pacs, settings, progress) for pacs in settings.pacs}
        self._share = settings.imaging_waiting // len(self._lanes) if len(self._lanes) > 1 else None

    def of(self, endpoints: tuple[str, ...]) -> tuple[Lane, str]:
        """Return the lane of a study and the address it is asked for at; `RejectedMessage` where there is none."""
        place = place_of(endpoints, self._pacs)
        return self._lanes[place.pacs.name], place.url

    def is_full(self, lane: Lane) -> bool:
        """Tell whether a PACS has its share of what waits in memory; the only PACS may have all of it."""
        return self._share is not None and lane.slots.waiting >= self._share

    def close(self) -> None:
        """Close all connections."""
        for lane in self._lanes.values():
            lane.close()
