"""The answers of a note's rows to one reading: pooled over all its words, with the sentences that carried it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.inference.notes_manifest import NoteHead, NotesManifest
from streams.modalities.notes.batches import Answers
from streams.modalities.notes.prepared import PreparedNote
from streams.records.note_readings import Carrying, HeadReading, NoteReading

Float64 = NDArray[np.float64]
LEAST = 5e-5
"""Share of the log odds below which a sentence is not told."""


class Pooled(NamedTuple):
    """A note's log odds before calibration."""

    logits: Float64
    """Shape (heads,)."""
    shares: Float64
    """What each word piece adds, shape (word pieces, heads); its sum over word pieces is `logits`."""


def read(answers: Answers, prepared: PreparedNote, manifest: NotesManifest) -> NoteReading:
    """Return what a model says of a note.

    Parameters
    ----------
    answers
        Of the note's chunks in their order; see `streams.modalities.notes.dealt`.
    prepared
        The note as it was asked about.

    Returns
    -------
    NoteReading
        Refused with the note's own reasons, or with ``contract`` where an answer broke the manifest's contract.
    """
    if prepared.reasons:
        return refused(manifest, prepared.reasons)
    found = pooled(answers, prepared, manifest)
    if found is None:
        return refused(manifest, ("contract",))
    owners = _owners(prepared)
    heads = tuple(_head(prepared, manifest, k, head, found, owners) for k, head in enumerate(manifest.heads))
    return NoteReading(manifest.name, manifest.version, heads)


def refused(manifest: NotesManifest, reasons: tuple[str, ...]) -> NoteReading:
    """Return the reading of a note that the model was not asked about, with `PreparedNote.reasons`."""
    return NoteReading(manifest.name, manifest.version, refusals=reasons)


def pooled(answers: Answers, prepared: PreparedNote, manifest: NotesManifest) -> Pooled | None:
    """Return the weighted mean of evidence and the sum of words over all word pieces; None for a broken answer."""
    parts = []
    for chunk, answer in zip(prepared.chunks, answers, strict=True):
        if answer is None:
            return None
        here = slice(chunk.at, chunk.at + chunk.tokens.stop - chunk.tokens.start)
        parts.append([answer[output.name][here] for output in manifest.outputs])
    evidence, weight, word = (np.concatenate(each).astype(np.float64) for each in zip(*parts, strict=True))
    share = np.exp(weight - weight.max(0))
    shares = evidence * share / share.sum(0) + word
    return Pooled(shares.sum(0), shares)


def _owners(prepared: PreparedNote) -> NDArray[np.int64]:
    """Return the sentence that each word piece stands in."""
    starts = np.array([one.start for one in prepared.sentences])
    places = np.array([token.start for token in prepared.tokens])
    return np.maximum(np.searchsorted(starts, places, side="right") - 1, 0)


def _head(
    prepared: PreparedNote, manifest: NotesManifest, k: int, head: NoteHead, found: Pooled, owners: NDArray[np.int64]
) -> HeadReading:
    scaling = head.calibration
    logit = scaling.slope * float(found.logits[k]) + scaling.intercept
    probability = 1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, logit))))
    added = scaling.slope * np.bincount(owners, found.shares[:, k], len(prepared.sentences))
    order = np.argsort(-np.abs(added), kind="stable")[: manifest.sentences]
    carrying = tuple(
        Carrying(prepared.sentences[k].start, prepared.sentences[k].end, round(float(added[k]), 4))
        for k in order.tolist()
        if abs(added[k]) >= LEAST
    )
    mentioned = prepared.mentions.get(head.name, ())
    return HeadReading(head.name, probability, head.thresholds.level(probability), carrying, mentioned)
