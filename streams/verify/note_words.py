"""What models found in a patient's notes, with the sentences that carried it; on this terminal and nowhere else."""

from __future__ import annotations

import msgspec

from streams import topics
from streams.errors import CardioStreamError, RetryableError
from streams.records import HeadReading, NotePrediction, NotePredictions, NoteVersion, Overruling
from streams.settings import Settings
from streams.transport.produce import partition_of
from streams.transport.reading import read_to_end, reading

_event = msgspec.json.Decoder(NoteVersion | Overruling).decode
_LONGEST = 300


async def words_of(settings: Settings, said: NotePredictions) -> list[str]:
    """Say what was said of one note, with the sentences themselves; for one reader's terminal and nothing else."""
    if said.reasons and not said.predictions:
        return [f"nothing can be said: {', '.join(said.reasons)}"]
    found: list[str] = []
    for one in said.predictions:
        text = ""
        try:
            text = await _made_again(settings, said, one) if _carried(one) else ""
        except CardioStreamError as error:
            found.append(f"no text: {error}")
        found += lines(one, text)
    return found


def lines(one: NotePrediction, text: str) -> list[str]:
    """Say in words what one model says of a note.

    Parameters
    ----------
    text
        The note as the model saw it; empty where it could not be had, then places stand alone.
    """
    name = f"{one.model} {one.version}"
    if one.reading is None or one.status != "ok":
        return [f"{name}: {one.status} ({', '.join(one.reasons)})"]
    return [line for head in one.reading.heads for line in _head(name, head, text)]


def _head(name: str, head: HeadReading, text: str) -> list[str]:
    first = f"{name}: {head.name} {100 * head.probability:.1f} %, level {head.level}"
    carried = [
        f"  {carrying.weight:+.2f} at {carrying.start}-{carrying.end}{_quoted(text, carrying.start, carrying.end)}"
        for carrying in head.sentences
    ]
    named = [f"  named at {start}-{end}{_quoted(text, start, end)}" for start, end in head.mentions]
    return [first, *carried, *named]


def _quoted(text: str, start: int, end: int) -> str:
    found = " ".join(text[start:end].split())
    if not found:
        return ""
    return f': "{found[:_LONGEST]}{"…" if len(found) > _LONGEST else ""}"'


def _carried(one: NotePrediction) -> bool:
    return one.reading is not None and any(head.sentences or head.mentions for head in one.reading.heads)


async def _made_again(settings: Settings, said: NotePredictions, one: NotePrediction) -> str:
    # These bring HTTP and parsers along, which other commands need not wait for.
    from streams.documents.deidentification import deidentifier
    from streams.workers.notes.answers import basis_of
    from streams.workers.notes.texts import Texts

    note = await _note(settings, said)
    assert note.attachment is not None
    assert one.basis is not None
    kind = settings.notes_deidentify if one.basis.deidentified else "off"
    texts = Texts(settings, deidentifier(kind, settings.notes_deidentify_model))
    try:
        text = await texts.of(note.attachment)
    finally:
        texts.close()
    if basis_of(text) != one.basis:
        raise RetryableError("note: expected the text that was judged, received another; settings were others then")
    return text.text


async def _note(settings: Settings, said: NotePredictions) -> NoteVersion:
    number = partition_of(said.patient_id.encode(), settings.partitions)
    async with reading(settings, "cardiostream-explain") as consumer:
        for record in reversed(await read_to_end(consumer, topics.EVENTS_NOTES, number)):
            found = _event(record.value)
            wanted = said.source, said.resource_id, said.version
            if isinstance(found, NoteVersion) and (found.source, found.resource_id, found.version) == wanted:
                return found
    raise RetryableError(
        f"{topics.EVENTS_NOTES}/{number}: expected the note, received none; it is past the topic's retention"
    )
