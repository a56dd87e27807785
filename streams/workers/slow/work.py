"""What every worker of slow work is: a desk with its models behind it, apart from vital signs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from streams.clock import Clock, WallClock
from streams.doors import Server
from streams.gateways.web.session import check_secrets
from streams.inference.client import Client, TritonClient
from streams.settings import Settings
from streams.stepping_back import step_back
from streams.workers.lifecycle import Host
from streams.workers.slow.desk import Answer, Desk, pause_waiting, paused
from streams.workers.slow.waiting import Waits

POLL_RECORDS = 50
"""Most records of one run: it is acknowledged as a whole, and a study or a long note takes seconds."""


class SlowWork(ABC):
    """Answers work that takes seconds, each piece by itself; keeps no state that anything depends on.

    Parameters
    ----------
    client
        What stands for Triton in tests.
    least_deadline_s
        Least deadline of a call to a model.
    """

    pipeline: Desk

    def __init__(
        self, settings: Settings, host: Host, client: Client | None, clock: Clock | None, least_deadline_s: float = 0.0
    ) -> None:
        self.settings, self.host, self._clock = settings, host, clock or WallClock()
        deadline_s = max(settings.inference_deadline_ms / 1000, least_deadline_s)
        self._triton = None if client else TritonClient(settings.triton_url, deadline_s)
        asked = client or self._triton
        assert asked is not None
        self._asked: Client = asked

    def _open(self, answer: Answer, waits: Waits, most: int) -> None:
        """Open the desk: who answers, how long what has to wait does so, how many records are under way at most."""
        self._retries = waits.topics
        self.pipeline = Desk(
            answer, self._send, self.host.acknowledge, delay_ms=waits.delay_ms, now=self._clock.now, most=most,
            hold=lambda topic, partition: paused(self.host.app.run_consumer, topic, partition),
        )  # fmt: skip

    async def _send(self, outs: list[Any]) -> Any:
        self.host.progressed()
        return await self.host.producer.send(outs)

    def _step_back(self, servers: Iterable[Server], niceness: int) -> None:
        """Step back before more urgent workers of this machine; ContractError where a server's secret is unreadable."""
        for server in servers:
            check_secrets(server)
        step_back(niceness)

    async def idle(self) -> None:
        """Fetch no more of what waits for its time, and go on with the others."""
        pause_waiting(self.host.app.run_consumer, self._retries, self.pipeline.waiting)

    async def stop(self) -> None:
        """End what is under way, then close the connections."""
        # What had begun since the inputs ended comes again; it must not meet closed connections and be refused for it.
        await self.pipeline.drain(self.settings.revoke_deadline_s)
        await self._close()
        if self._triton is not None:
            await self._triton.close()

    @abstractmethod
    async def _close(self) -> None:
        """Close what this worker alone has."""
