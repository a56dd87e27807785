"""A note's text: from its event or a server of the settings, read, and without identities where the site wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from streams.documents.deidentification import Deidentify
from streams.documents.reading import Limits, read
from streams.errors import RejectedMessage
from streams.gateways.documents.client import DocumentClient, Fetched
from streams.gateways.documents.places import Place, place_of
from streams.gateways.web.threads import Progress, nothing_more
from streams.records import Attachment
from streams.settings import DocumentServer, Settings
from streams.workers.slow.slots import Slots

_MIB = 1024 * 1024


class Text(NamedTuple):
    """What the models see of a note."""

    text: str
    media_type: str
    deidentified: bool


class Shelf:
    """The way to one server of documents."""

    def __init__(self, server: DocumentServer, settings: Settings, progress: Progress) -> None:
        at_once, timeout_s = settings.notes_at_once, settings.notes_request_timeout_s
        self.slots = Slots(server.name, at_once)
        self.client = DocumentClient(server, at_once=at_once, timeout_s=timeout_s, progress=progress)


class Texts:
    """Makes texts of attachments.

    Parameters
    ----------
    deidentify
        From `streams.documents.deidentification.deidentifier`; None where it is off.
    progress
        Called after each answer of a server and each text read, for either may take long: it is no stall.
    """

    def __init__(self, settings: Settings, deidentify: Deidentify | None, progress: Progress = nothing_more) -> None:
        self._progress = progress
        self._servers, self._deidentify = settings.document_servers, deidentify
        self.limits = Limits(round(settings.notes_largest_mb * _MIB), settings.notes_most_characters)
        self._shelves = {server.name: Shelf(server, settings, progress) for server in settings.document_servers}
        self._share = max(1, settings.notes_waiting // 2)

    def place(self, attachment: Attachment) -> Place | None:
        """Return where it has to be fetched; None where it is here. RejectedMessage where nobody may be asked."""
        return None if attachment.data is not None else place_of(attachment.url, self._servers)

    def is_full(self, place: Place) -> bool:
        """Tell whether so many wait for a server that others could not get on."""
        return self._shelves[place.server.name].slots.waiting >= self._share

    async def fetched(self, place: Place) -> Fetched:
        """Return a document of a server; see `DocumentClient.fetch`."""
        shelf = self._shelves[place.server.name]
        shelf.slots.waiting += 1
        try:
            async with shelf.slots.turn():
                return await shelf.client.fetch(place.url, self.limits.content_bytes)
        finally:
            shelf.slots.waiting -= 1

    async def of(self, attachment: Attachment) -> Text:
        """Return the text of an attachment, wherever it is; raises what `place`, `fetched` and `read` raise."""
        place = self.place(attachment)
        if place is None:
            return await self.read(attachment.data or b"", attachment.content_type)
        fetched = await self.fetched(place)
        return await self.read(fetched.content, agreed(attachment.content_type, fetched.content_type))

    async def read(self, content: bytes, content_type: str) -> Text:
        """Return the text of a document.

        Raises
        ------
        RejectedMessage
            As `streams.documents.reading.read`; ``deidentification``.
        """
        try:
            return await asyncio.to_thread(self._read, content, content_type)
        finally:
            self._progress()

    def _read(self, content: bytes, content_type: str) -> Text:
        document = read(content, content_type, self.limits)
        if self._deidentify is None:
            return Text(document.text, document.media_type, False)
        return Text(_without(self._deidentify, document.text), document.media_type, True)

    def close(self) -> None:
        """Close all connections."""
        for shelf in self._shelves.values():
            shelf.client.close()


def agreed(said: str, served: str) -> str:
    """Return the Content-Type of a fetched document.

    What the record says counts more than what a server of files makes of a name; a character set that it leaves out is
    the server's to say.
    """
    alike = said.partition(";")[0].strip().lower() == served.partition(";")[0].strip().lower()
    return served if not said or (alike and "charset" not in said.lower()) else said


def _without(deidentify: Callable[[str], str], text: str) -> str:
    try:
        found = deidentify(text)
    except RejectedMessage:
        raise
    except Exception as error:  # whatever it is, the note must not go on as it is
        expected = "a text that identities can be taken out of"
        raise RejectedMessage("deidentification", "attachment", expected, type(error).__name__) from None
    if not found.strip():
        raise RejectedMessage("no-text", "attachment", "a text beside what identifies somebody", "none")
    return found
