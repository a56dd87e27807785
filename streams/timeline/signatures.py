"""Which timelines at rest may hold a resource, without looking into them: a few bits of each of their ids.

A bit-sliced signature file (Faloutsos and Christodoulakis 1984; a Bloom filter, Bloom 1970, for each column): to look a
resource up is to AND four rows of bits. About 1.3 bytes a fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_BITS = 1024
"""Bits of one column."""
EACH = 128
"""Resources that share a column; then 1 in 40 columns is looked into for nothing."""
_PROBES = 4
_WIDTH = 1024
"""Columns of one block, 128 KiB."""


class Signatures:
    """Columns of bits, each of one timeline; a timeline with many resources has several."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.uint8]] = []
        self._owners: list[str | None] = []
        self._free: list[int] = []

    def put(self, owner: str, columns: Sequence[int], ids: bytes) -> tuple[int, ...]:
        """Note the ids of a timeline in place of what its columns held; return the columns that it has from now on.

        Parameters
        ----------
        ids
            16 bytes each, from `rows.identify`.
        """
        wanted = -(-(len(ids) // 16) // EACH)
        self.clear(columns[wanted:], free=True)
        self.clear(columns[:wanted])
        mine = (*columns[:wanted], *(self._take(owner) for _ in range(wanted - len(columns))))
        places = _places(ids)
        for number, column in enumerate(mine):
            block, at, bit = self._at(column)
            block[places[number * EACH : (number + 1) * EACH].ravel(), at] |= bit
        return mine

    def clear(self, columns: Sequence[int], *, free: bool = False) -> None:
        """Forget what these columns hold, and whose they are."""
        for column in columns:
            block, at, bit = self._at(column)
            block[:, at] &= 255 - bit
            if free:
                self._owners[column] = None
                self._free.append(column)

    def holders(self, resource: bytes) -> Iterator[str]:
        """Yield whose columns may hold a resource, by the 16 bytes of its id."""
        places = _places(resource)[0]
        for number, block in enumerate(self._blocks):
            found = np.bitwise_and.reduce(block[places])
            if found.any():
                for column in np.flatnonzero(np.unpackbits(found, bitorder="little")).tolist():
                    owner = self._owners[number * _WIDTH + column]
                    if owner is not None:
                        yield owner

    def _take(self, owner: str) -> int:
        if self._free:
            column = self._free.pop()
            self._owners[column] = owner
            return column
        if len(self._owners) == len(self._blocks) * _WIDTH:
            self._blocks.append(np.zeros((_BITS, _WIDTH // 8), np.uint8))
        self._owners.append(owner)
        return len(self._owners) - 1

    def _at(self, column: int) -> tuple[NDArray[np.uint8], int, int]:
        block, place = divmod(column, _WIDTH)
        return self._blocks[block], place >> 3, 1 << (place & 7)


def _places(ids: bytes) -> NDArray[np.uint64]:
    """Return the bits of each id, shape (ids, probes): multiplied by odd constants, so that counted ids spread too."""
    halves = np.frombuffer(ids, "<u8").reshape(-1, 2)
    mixed = halves[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ halves[:, 1] * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ mixed >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
    shifts = np.arange(24, 64, 10, dtype=np.uint64)[:_PROBES]
    found: NDArray[np.uint64] = (mixed[:, None] >> shifts) & np.uint64(_BITS - 1)
    return found
