"""The models of notes, and Triton's answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from streams.errors import ContractError
from streams.inference.client import Client
from streams.inference.notes_manifest import NotesManifest
from streams.modalities.notes import NoteReading, batches, dealt, prepare, read, refused
from streams.workers.slow.asking import Asking


class Models:
    """Asks the models of the repository about notes.

    Parameters
    ----------
    specs
        Every model of notes.
    client
        `TritonClient`, or what stands for it in tests.
    pause_s
        Seconds that a model which keeps failing is not asked.
    progress
        Called after each call, one without an answer too, for a long note takes many: it is no stall.
    """

    def __init__(
        self,
        specs: tuple[NotesManifest, ...],
        client: Client,
        pause_s: float,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self.specs, self._progress = specs, progress
        self._asking = Asking(specs, client, pause_s)

    async def ask(self, spec: NotesManifest, text: str) -> NoteReading:
        """Return what a model says of a note, or why nothing is to be believed.

        Raises
        ------
        ModelAway
            Where Triton is away, does not serve the model, or it keeps failing.
        """
        prepared = await asyncio.to_thread(prepare, text, spec)
        if prepared.reasons:
            return refused(spec, prepared.reasons)
        calls, outputs = batches([prepared], spec), []
        try:
            # One after the other: of a long note no more is under way than of a short one.
            for call in calls:
                try:
                    outputs.append(await self._asking.infer(spec, call.tensors))
                finally:
                    self._progress()
        except ContractError:
            return refused(spec, ("contract",))
        [answers] = dealt([prepared], spec, calls, outputs)
        return await asyncio.to_thread(read, answers, prepared, spec)
