"""The notes worker: clinical notes of the record read and judged, apart from vital signs."""

from __future__ import annotations

import logging
from typing import Any

from streams import topics
from streams.clock import Clock, WallClock
from streams.documents.deidentification import deidentifier
from streams.gateways.web.session import check_secrets
from streams.inference.client import Client, TritonClient
from streams.inference.repository import discover_notes
from streams.settings import Settings
from streams.stepping_back import step_back
from streams.workers.lifecycle import Host
from streams.workers.notes.clerk import Clerk
from streams.workers.notes.models import Models
from streams.workers.notes.texts import Texts
from streams.workers.slow.desk import Desk, pause_waiting, paused
from streams.workers.slow.waiting import of_notes

POLL_RECORDS = 50
"""Most records of one run: it is acknowledged as a whole, and a long note takes a second."""
_INFERENCE_S = 30.0
"""Least deadline of a call to a model: rows of a long note behind those of others take longer than vital signs may."""
log = logging.getLogger(__name__)


class NotesWork:
    """Answers notes; keeps no state that anything depends on."""

    name = "notes"
    topics: tuple[str, ...] = topics.NOTES_INPUTS

    def __init__(
        self, settings: Settings, host: Host, client: Client | None = None, clock: Clock | None = None
    ) -> None:
        self.settings, self.host, self._clock = settings, host, clock or WallClock()
        deadline_s = max(settings.inference_deadline_ms / 1000, _INFERENCE_S)
        self._triton = None if client else TritonClient(settings.triton_url, deadline_s)
        asked = client or self._triton
        assert asked is not None
        specs = discover_notes(settings.model_repository)
        self.models = Models(specs, asked, settings.breaker_pause_s, host.progressed)
        self.texts = Texts(settings, deidentifier(settings.notes_deidentify, settings.notes_deidentify_model))
        self.clerk = Clerk(settings, self.models, self.texts, self._clock)
        self.pipeline = Desk(
            self.clerk.answer, self._send, host.acknowledge,
            delay_ms=of_notes(settings).delay_ms, now=self._clock.now, most=settings.notes_waiting,
            hold=lambda topic, partition: paused(host.app.run_consumer, topic, partition),
        )  # fmt: skip

    async def _send(self, outs: list[Any]) -> Any:
        self.host.progressed()
        return await self.host.producer.send(outs)

    async def start(self) -> None:
        """Step back before more urgent workers of this machine, and say what is missing.

        Raises
        ------
        ContractError
            Where a secret of a server cannot be read.
        """
        for server in self.settings.document_servers:
            check_secrets(server)
        step_back(self.settings.notes_niceness)
        if not self.models.specs:
            log.warning("worker=notes no model of notes in the repository: every note is skipped")

    async def assigned(self, partitions: set[Any]) -> None:
        """No state is kept."""

    async def idle(self) -> None:
        """Fetch no more of what waits for its time, and go on with the others."""
        pause_waiting(self.host.app.run_consumer, topics.NOTES_RETRIES, self.pipeline.waiting)

    async def stop(self) -> None:
        """Close the connections, with nothing under way any more: what had begun since the inputs ended comes again."""
        await self.pipeline.drain(self.settings.revoke_deadline_s)
        self.texts.close()
        if self._triton is not None:
            await self._triton.close()


async def run(settings: Settings) -> int:
    """Run the worker until it is told to stop."""
    host = Host(topics.GROUP_NOTES, settings, poll_records=POLL_RECORDS)
    return await host.run(NotesWork(settings, host))
