"""How long facts are remembered: by what they are, counted from the newest clinical time of any of their versions."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.timeline.codebook import CODEBOOK
from streams.timeline.held import Held
from streams.timeline.rows import FIRST, FOREVER, NEVER, Rows
from streams.vocabulary import QUANTITIES

FAR: Instant = 2**62
"""An instant that never comes."""
_SLOW_KINDS = frozenset({"lab", "body"})
_FLAG = "Flag/"


_QUICK = frozenset(quantity.code for quantity in QUANTITIES if quantity.kind not in _SLOW_KINDS)
# The last stands for every code that the vocabulary does not have, and for none.
_SLOW = np.array([*(code not in _QUICK for code in CODEBOOK), True])


class Retention(msgspec.Struct, frozen=True):
    """How long before a patient's horizon facts are remembered, in milliseconds of clinical time.

    Laboratory and body measures and withdrawals are slow; a clinician's flag stands until it is taken back, and taken
    back it stays.
    """

    quick_ms: Instant
    slow_ms: Instant

    def of(self, resource: Held) -> Instant:
        """Return the retention of one resource."""
        if resource.resource_id.startswith(_FLAG):
            return FAR
        for measure in resource.measures:
            if measure.code in _QUICK:
                return self.quick_ms
        return self.slow_ms

    def due(self, rows: Rows) -> NDArray[np.int64]:
        """Return the horizon up to which each row is remembered; what has no clinical time is always."""
        firsts = np.flatnonzero(rows["flags"] & FIRST)
        slow = np.logical_and.reduceat(_SLOW[np.maximum(rows["code"], -1)], firsts)
        kept = np.where(slow, self.slow_ms, self.quick_ms)[np.cumsum(rows["flags"] & FIRST != 0) - 1]
        always = (rows["effective_at"] == NEVER) | (rows["flags"] & FOREVER != 0)
        found: NDArray[np.int64] = np.where(always, FAR, rows["newest_at"] + kept)
        return found
