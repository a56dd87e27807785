"""Notes scored as in serving: the modality's steps around the exported file or Triton."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.inference.notes_manifest import NotesManifest
from streams.modalities.notes import NoteReading, batches, dealt, prepare, read
from training.answering import Ask
from training.measures import Floats


def readings(ask: Ask, spec: NotesManifest, texts: Sequence[str], at_once: int = 64) -> list[NoteReading]:
    """Return one reading per note, in order; what cannot be used is refused as in serving."""
    return [one for k in range(0, len(texts), at_once) for one in _some(ask, spec, texts[k : k + at_once])]


def _some(ask: Ask, spec: NotesManifest, texts: Sequence[str]) -> list[NoteReading]:
    notes = [prepare(text, spec) for text in texts]
    asked = batches(notes, spec)
    answers = dealt(notes, spec, asked, [ask(batch.tensors) for batch in asked])
    return [read(answer, note, spec) for answer, note in zip(answers, notes, strict=True)]


def probabilities(found: Sequence[NoteReading], spec: NotesManifest) -> Floats:
    """Return probabilities, shape (notes, heads); of a refused note the share of notes that the head is true of."""
    usual = [spec.training.positives[head.name] / max(1, spec.training.notes) for head in spec.heads]
    return np.array([[head.probability for head in one.heads] or usual for one in found])
