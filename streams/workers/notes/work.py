"""The notes worker: clinical notes of the record read and judged, apart from vital signs."""

from __future__ import annotations

import logging
from typing import Any

from streams import topics
from streams.clock import Clock
from streams.documents.deidentification import deidentifier
from streams.inference.client import Client
from streams.inference.repository import discover_notes
from streams.settings import Settings
from streams.workers.lifecycle import Host
from streams.workers.notes.clerk import Clerk
from streams.workers.notes.models import Models
from streams.workers.notes.texts import Texts
from streams.workers.slow.waiting import of_notes
from streams.workers.slow.work import POLL_RECORDS, SlowWork

_INFERENCE_S = 30.0
"""Least deadline of a call to a model: rows of a long note behind those of others take longer than vital signs may."""
log = logging.getLogger(__name__)


class NotesWork(SlowWork):
    """Answers notes."""

    name = "notes"
    topics: tuple[str, ...] = topics.NOTES_INPUTS

    def __init__(
        self, settings: Settings, host: Host, client: Client | None = None, clock: Clock | None = None
    ) -> None:
        super().__init__(settings, host, client, clock, _INFERENCE_S)
        specs = discover_notes(settings.model_repository)
        self.models = Models(specs, self._asked, settings.breaker_pause_s, host.progressed)
        without = deidentifier(settings.notes_deidentify, settings.notes_deidentify_model)
        self.texts = Texts(settings, without, host.progressed)
        self.clerk = Clerk(settings, self.models, self.texts, self._clock)
        self._open(self.clerk.answer, of_notes(settings), settings.notes_waiting)

    async def start(self) -> None:
        """Step back before more urgent workers of this machine, and say what is missing.

        Raises
        ------
        ContractError
            Where a secret of a server cannot be read.
        """
        self._step_back(self.settings.document_servers, self.settings.notes_niceness)
        if not self.models.specs:
            log.warning("worker=notes no model of notes in the repository: every note is skipped")

    async def assigned(self, partitions: set[Any]) -> None:
        """No state is kept."""

    async def _close(self) -> None:
        self.texts.close()


async def run(settings: Settings) -> int:
    """Run the worker until it is told to stop."""
    host = Host(topics.GROUP_NOTES, settings, poll_records=POLL_RECORDS)
    return await host.run(NotesWork(settings, host))
