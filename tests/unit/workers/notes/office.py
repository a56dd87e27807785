"""A clerk of the notes worker with Triton and a server of documents in memory, and what it says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from streams import topics
from streams.clock import FixedClock
from streams.documents.deidentification import Deidentify
from streams.gateways.documents.client import Fetched
from streams.inference.client import Unanswered
from streams.inference.notes_manifest import NotesManifest
from streams.records import Attachment, DeadLetter, NotePredictions, NoteRetry, NoteVersion, Version
from streams.settings import DocumentServer, Settings
from streams.transport.produce import Out
from streams.transport.runs import Run
from streams.workers.notes.clerk import Clerk
from streams.workers.notes.models import Models
from streams.workers.notes.texts import Texts
from tests.unit.modalities.notes.manifests import WORDS, reader
from tests.unit.workers.fakes import Rec

NOW, HOUR = 1_740_830_400_000, 3_600_000
FILES = DocumentServer(name="files", url="http://127.0.0.1:1/r4")
HEART = WORDS.index("heart")


class Triton:
    """Answers that a note is of the heart by each time it says so."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.away = False
        self.away_models: set[str] = set()
        self.asked: list[int] = []
        """Rows of each call."""

    async def infer(self, model: str, version: str, tensors: Any) -> dict[str, Any]:
        ids = tensors["input_ids"]
        self.asked.append(len(ids))
        if self.error is not None:
            raise self.error
        if self.away or model in self.away_models:
            raise Unanswered("unavailable", model)
        evidence = np.stack([np.where(ids == HEART, 20.0, -1.0)] * 2, axis=-1).astype(np.float32)
        nothing = np.zeros_like(evidence)
        return {"evidence": evidence, "weight": nothing, "word": nothing}


class Server:
    """Stands for a server of documents."""

    def __init__(self) -> None:
        self.documents: dict[str, Fetched] = {}
        self.error: Exception | None = None
        self.asked: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def fetch(self, url: str, most_bytes: int) -> Fetched:
        self.asked.append(url)
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return self.documents[url]

    def close(self) -> None: ...


class Office:
    """A clerk with everything around it."""

    def __init__(
        self, folder: Path, *, specs: tuple[NotesManifest, ...] | None = None, deidentify: Deidentify | None = None,
        **settings: Any,
    ) -> None:  # fmt: skip
        self.triton, self.server, self.clock = Triton(), Server(), FixedClock(NOW)
        found = Settings(**{"document_servers": (FILES,), **settings})
        self.texts = Texts(found, deidentify)
        for shelf in self.texts._shelves.values():
            shelf.client = self.server  # type: ignore[assignment]
        given = (reader(folder),) if specs is None else specs
        self.progressed = 0
        self.clerk = Clerk(found, Models(given, self.triton, 5.0, self._progress), self.texts, self.clock)

    def _progress(self) -> None:
        self.progressed += 1

    async def answer(self, said: Any, topic: str = topics.EVENTS_NOTES) -> list[Out]:
        record = Rec(7, said if isinstance(said, bytes) else msgspec.json.encode(said), timestamp=NOW)
        return await self.clerk.answer(record, Run(topic, 3, (record,), 1))


def note(text: str | bytes | None = "The patient had a heart attack.", **changes: Any) -> NoteVersion:
    content = text.encode() if isinstance(text, str) else text
    whole: dict[str, Any] = {
        "source": "hospital", "resource_id": "DocumentReference/n1", "patient_id": "p1",
        "version": Version(last_updated=NOW - HOUR), "withdrawn": False, "received_at": NOW - 1000,
        "written_at": NOW - 2 * HOUR, "kind": "18842-5",
        "attachment": None if content is None else Attachment("text/plain", content),
    }  # fmt: skip
    return NoteVersion(**(whole | changes))


def by_address(url: str = "Binary/17", content_type: str = "") -> NoteVersion:
    return note(None, attachment=Attachment(content_type, None, url))


def said(outs: list[Out]) -> NotePredictions:
    [out] = [one for one in outs if one.topic == topics.PREDICTIONS_NOTES]
    assert (out.key, out.partition) == (b"p1", 3)
    return msgspec.json.decode(out.value or b"", type=NotePredictions)


def retry(outs: list[Out]) -> tuple[str, NoteRetry]:
    [out] = outs
    assert (out.key, out.partition) == (b"p1", 3)
    return out.topic, msgspec.json.decode(out.value or b"", type=NoteRetry)


def letters(outs: list[Out]) -> list[DeadLetter]:
    return [msgspec.json.decode(o.value or b"", type=DeadLetter) for o in outs if o.topic == topics.DEAD_LETTERS]
