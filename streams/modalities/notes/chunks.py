"""A long note's word pieces in overlapping chunks, padded to a few lengths so that those of many notes form batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.inference.notes_manifest import Reach
from streams.modalities.notes.tokens import Token, Vocabulary

Row = NDArray[np.int64] | NDArray[np.float32]


class Words(NamedTuple):
    """What is read of a note, in order."""

    tokens: Sequence[Token]
    shares: NDArray[np.float32]
    """Shape (word pieces,); see `streams.modalities.notes.tokens.shares`."""


class Chunk(NamedTuple):
    """One row of a call."""

    tensors: dict[str, Row]
    """Numbers of word pieces, 1 where there is one, and their shares, shape (length,), by the manifest's names."""
    tokens: slice
    """Which of the note's word pieces count here; every one counts in just one chunk."""
    at: int
    """Place in the row of the first that counts."""

    @property
    def length(self) -> int:
        """Places in the row, padding among them."""
        return len(next(iter(self.tensors.values())))


def chunks(words: Words, reach: Reach, vocabulary: Vocabulary, names: Sequence[str]) -> tuple[Chunk, ...]:
    """Divide a note; of two chunks that overlap, each counts the half of the overlap that is its own.

    Parameters
    ----------
    names
        Of the three tensors, in the manifest's order.
    """
    room, length = reach.max_tokens - 2, len(words.tokens)
    starts = [0]
    while starts[-1] + room < length:
        starts.append(starts[-1] + room - reach.overlap)
    ends = [min(start + room, length) for start in starts]
    edges = [0, *((a + b) // 2 for a, b in zip(starts[1:], ends[:-1], strict=True)), length]
    return tuple(
        Chunk(_row(words, slice(start, end), reach, vocabulary, names), slice(low, high), 1 + low - start)
        for start, end, low, high in zip(starts, ends, edges[:-1], edges[1:], strict=True)
    )


def _row(words: Words, part: slice, reach: Reach, vocabulary: Vocabulary, names: Sequence[str]) -> dict[str, Row]:
    numbers = [vocabulary.first, *(token.number for token in words.tokens[part]), vocabulary.last]
    length = next(one for one in reach.lengths if one >= len(numbers))
    ids, there = np.full(length, vocabulary.pad, np.int64), np.zeros(length, np.int64)
    spread = np.zeros(length, np.float32)
    ids[: len(numbers)], there[: len(numbers)] = numbers, 1
    spread[1 : len(numbers) - 1] = words.shares[part]
    return dict(zip(names, (ids, there, spread), strict=True))
