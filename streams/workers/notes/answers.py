"""What goes out for a note: predictions, or a wait for another try."""

from __future__ import annotations

from hashlib import sha256

from streams import metrics, topics
from streams.records import NoteBasis, NotePrediction, NotePredictions, NoteReading, NoteRetry, NoteVersion
from streams.workers.notes.texts import Text
from streams.workers.slow.judged import status_of, undated
from streams.workers.slow.replies import Errand, Trade

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
        predictions=predictions if note.written_at is not None else undated(predictions, UNDATED),
        reasons=reasons,
    )


def predicted(reading: NoteReading, text: Text) -> NotePrediction:
    """Return what a model says of a note, with the text as its basis."""
    return NotePrediction(reading.model, reading.version, status_of(reading), reading.refusals, basis_of(text), reading)


def basis_of(text: Text) -> NoteBasis:
    """Return what tells the text again that was judged, without a word of it."""
    digest = sha256(text.text.encode("utf-8", "surrogatepass")).hexdigest()
    return NoteBasis(len(text.text), digest, text.media_type, text.deidentified)


def _retry(errand: Errand[NoteVersion], reason: str, _have: int) -> NoteRetry:
    return NoteRetry(errand.event, errand.attempt + 1, errand.since, reason, errand.told)


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
        topic=topics.PREDICTIONS_NOTES,
        said=said_of,
        retry=_retry,
        letters_carry_it=letters_carry_it,
    )
