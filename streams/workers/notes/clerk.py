"""One note on its way: fetched, read, judged; whatever happens, something goes out for it."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from streams import topics
from streams.clock import Clock
from streams.errors import ContractError, RejectedMessage, RetryableError
from streams.inference.notes_manifest import NotesManifest
from streams.log import where_it_failed
from streams.records import NotePrediction, NoteRetry, NoteVersion, Overruling
from streams.settings import Settings
from streams.transport.produce import Out
from streams.transport.runs import Record, Run
from streams.workers.gathering import decoded
from streams.workers.intake import OVERRULING_KEY
from streams.workers.notes import answers
from streams.workers.notes.models import Models
from streams.workers.notes.texts import Text, Texts, agreed
from streams.workers.slow import waiting
from streams.workers.slow.abandoned import raise_if_abandoned
from streams.workers.slow.asking import ModelAway
from streams.workers.slow.known import Known
from streams.workers.slow.replies import AWAY, Errand, Replies

NO_WORDS = frozenset({"content-type", "no-text"})
"""A scan or an empty page is no error of whoever sent it: it is said of the note, and is no dead letter."""
log = logging.getLogger(__name__)
_event = msgspec.json.Decoder(NoteVersion | Overruling).decode
_retry = msgspec.json.Decoder(NoteRetry).decode

Note = Errand[NoteVersion]
"""One note and the record that brought it."""


class Clerk:
    """Turns one record of the worker's inputs into what goes out for it."""

    def __init__(self, settings: Settings, models: Models, texts: Texts, clock: Clock) -> None:
        self._models, self._texts, self._known = models, texts, Known()
        trade = answers.trade(letters_carry_it=settings.notes_deidentify == "off")
        self._replies = Replies(trade, waiting.of_notes(settings), clock, settings.partitions)
        self._turns = asyncio.Semaphore(settings.notes_at_once)

    async def answer(self, record: Record, run: Run) -> list[Out]:
        """Return what goes out for a record; ContractError where it is none of ours."""
        if run.topic != topics.EVENTS_NOTES:
            waited = decoded(_retry, record, run)
            return await self._note(Errand(waited.note, waited.attempt, waited.since, record, run, waited.told))
        event = decoded(_event, record, run)
        self._known.hear(event)
        if isinstance(event, Overruling):
            self._replies.count("overruled")
            return [Out(topics.PREDICTIONS_NOTES, run.partition, OVERRULING_KEY, record.value)]
        return await self._note(Errand(event, 0, event.received_at, record, run))

    async def _note(self, errand: Note) -> list[Out]:
        spared = self._spared(errand)
        if spared is not None:
            return spared
        try:
            return await self._answered(errand)
        except RejectedMessage as rejected:
            if rejected.reason in NO_WORDS:
                return self._replies.skipped(errand, rejected.reason)
            return self._replies.refused(errand, rejected)
        except RetryableError as error:
            return self._replies.not_now(errand, error)
        except ContractError:
            raise
        except Exception as error:  # one odd note must not stop all others; where it failed tells us what to mend
            raise_if_abandoned(error)
            log.error("worker=notes a note made it fail: %s", where_it_failed(error))
            return self._replies.refused(errand, RejectedMessage("internal", "note", "a note", type(error).__name__))

    def _spared(self, errand: Note) -> list[Out] | None:
        """Return what goes out for a note that nobody has to read; None where somebody has to."""
        if self._known.is_overtaken(errand.event):
            self._replies.count("skipped", "overtaken")
            return []
        if errand.event.withdrawn:
            self._replies.count("withdrawn")
            return self._replies.said(errand, (), ())
        if not self._models.specs:
            return self._replies.skipped(errand, "no-model")
        if errand.event.attachment is None:
            return self._replies.skipped(errand, "no-text")
        return None

    async def _answered(self, errand: Note) -> list[Out]:
        attachment = errand.event.attachment
        assert attachment is not None
        place = self._texts.place(attachment)
        if place is not None and self._texts.is_full(place):
            return self._replies.wait(errand, waiting.BUSY)
        content, kind = attachment.data or b"", attachment.content_type
        if place is not None:
            fetched = await self._texts.fetched(place)
            content, kind = fetched.content, agreed(kind, fetched.content_type)
        async with self._turns:
            if self._known.is_overtaken(errand.event):
                self._replies.count("skipped", "overtaken")
                return []
            text = await self._texts.read(content, kind)
            predictions = [await self._said_by(spec, text) for spec in self._models.specs]
        return self._replies.answered(errand, tuple(predictions), ())

    async def _said_by(self, spec: NotesManifest, text: Text) -> NotePrediction:
        try:
            return answers.predicted(await self._models.ask(spec, text.text), text)
        except ModelAway as away:
            return NotePrediction(spec.name, spec.version, AWAY, (away.reason,))
