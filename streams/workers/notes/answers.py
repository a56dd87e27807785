"""What goes out for a note: predictions, or a wait for another try."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from streams import metrics, topics
from streams.records import NoteBasis, NotePrediction, NotePredictions, NoteReading, NoteRetry, NoteVersion, Status
from streams.transport.produce import Out
from streams.workers.notes.texts import Text
from streams.workers.slow.replies import Errand, Trade

_encode = msgspec.json.Encoder().encode

UNDATED = "written:unknown"
"""Reason: the record does not say when the note was written, and its arrival says little of it."""


def said_of(
    note: NoteVersion, predictions: tuple[NotePrediction, ...] = (), reasons: tuple[str, ...] = ()
) -> NotePredictions:
    """Return what is said of one version of a note; a withdrawn one has nothing but its withdrawal."""
    return NotePredictions(
        patient_id=note.patient_id,
        source=note.source,
        resource_id=note.resource_id,
        version=note.version,
        as_of=note.written_at or note.version.last_updated or note.received_at,
        received_at=note.received_at,
        withdrawn=note.withdrawn,
        encounter_id=note.encounter_id,
        kind=note.kind,
        replaces=note.replaces,
        predictions=predictions if note.written_at is not None else tuple(map(_undated, predictions)),
        reasons=reasons,
    )


def _undated(one: NotePrediction) -> NotePrediction:
    """Let a note of which nobody says when it was written count for nothing: it may be years old."""
    status: Status = "indeterminate" if one.status == "ok" else one.status
    return msgspec.structs.replace(one, status=status, reasons=(*one.reasons, UNDATED))


def predicted(reading: NoteReading, text: Text) -> NotePrediction:
    """Return what a model says of a note, with the text as its basis."""
    status: Status = "indeterminate" if reading.refusals else "ok"
    return NotePrediction(reading.model, reading.version, status, reading.refusals, basis_of(text), reading)


def basis_of(text: Text) -> NoteBasis:
    """Return what tells the text again that was judged, without a word of it."""
    digest = sha256(text.text.encode("utf-8", "surrogatepass")).hexdigest()
    return NoteBasis(len(text.text), digest, text.media_type, text.deidentified)


def predictions_out(said: NotePredictions, partition: int) -> Out:
    """Return the record that carries predictions to the patient's partition."""
    return Out(topics.PREDICTIONS_NOTES, partition, said.patient_id.encode(), _encode(said))


def _said_out(
    note: NoteVersion, predictions: tuple[NotePrediction, ...], reasons: tuple[str, ...], partition: int
) -> Out:
    return predictions_out(said_of(note, predictions, reasons), partition)


def _retry_out(errand: Errand[NoteVersion], reason: str, _have: int, topic: str) -> Out:
    retry = NoteRetry(errand.event, errand.attempt + 1, errand.since, reason)
    return Out(topic, errand.run.partition, errand.event.patient_id.encode(), _encode(retry))


def trade(*, letters_carry_it: bool) -> Trade[NoteVersion, NotePrediction]:
    """Return what the answers to notes have of their own.

    Parameters
    ----------
    letters_carry_it
        Whether dead letters hold the note; not where the site wants identities taken out of it first.
    """
    return Trade(
        what="note",
        needs="its text and the models' answers",
        server="server-away",
        outcomes=metrics.NOTES,
        seconds=metrics.NOTE_SECONDS,
        said=_said_out,
        retry=_retry_out,
        letters_carry_it=letters_carry_it,
    )
