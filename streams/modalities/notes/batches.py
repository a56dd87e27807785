"""Rows of many notes to calls in which all rows have one length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.inference.answers import Checked, check_outputs
from streams.inference.notes_manifest import NotesManifest
from streams.modalities.notes.chunks import Chunk
from streams.modalities.notes.prepared import PreparedNote

Place = tuple[int, int]
"""Which note, and which of its chunks."""
Answers = tuple[dict[str, NDArray[np.float32]] | None, ...]
"""Of one note: each chunk's outputs by name, shape (length, heads); None where an answer broke the contract."""


class Batch(NamedTuple):
    """One call."""

    tensors: dict[str, NDArray[Any]]
    """By name, shape (rows, length)."""
    places: tuple[Place, ...]
    """Whose each row is."""


def stack(rows: Sequence[Chunk]) -> dict[str, NDArray[Any]]:
    """Stack chunks of one length into one batch; at least one."""
    return {name: np.stack([one.tensors[name] for one in rows]) for name in rows[0].tensors}


def batches(notes: Sequence[PreparedNote], manifest: NotesManifest) -> tuple[Batch, ...]:
    """Return the calls that ask about all notes, the shortest rows first; notes that cannot be used have no row."""
    by_length: dict[int, list[Place]] = {}
    for n, note in enumerate(notes):
        for c, chunk in enumerate(note.chunks):
            by_length.setdefault(chunk.length, []).append((n, c))
    most = manifest.max_batch
    parts = [places[k : k + most] for _, places in sorted(by_length.items()) for k in range(0, len(places), most)]
    return tuple(Batch(stack([notes[n].chunks[c] for n, c in places]), tuple(places)) for places in parts)


def dealt(
    notes: Sequence[PreparedNote],
    manifest: NotesManifest,
    asked: Sequence[Batch],
    outputs: Sequence[Mapping[str, NDArray[np.generic]]],
) -> tuple[Answers, ...]:
    """Hand the answers of calls back to the notes, each held against the manifest's contract first.

    Parameters
    ----------
    asked, outputs
        Every call that `batches` gave, and its tensors by name as the server returned them.
    """
    held: list[list[dict[str, NDArray[np.float32]] | None]] = [[None] * len(note.chunks) for note in notes]
    for batch, answer in zip(asked, outputs, strict=True):
        checked = checked_answer(manifest, answer, batch)
        for row, (n, c) in enumerate(batch.places):
            if checked.ok[row]:
                held[n][c] = {name: values[row] for name, values in checked.outputs.items()}
    return tuple(tuple(one) for one in held)


def checked_answer(manifest: NotesManifest, outputs: Mapping[str, NDArray[np.generic]], batch: Batch) -> Checked:
    """Hold one call's answer against the manifest; its `fault` is for the log."""
    rows, length = next(iter(batch.tensors.values())).shape
    return check_outputs(manifest, outputs, rows, free=length)
