"""Alerts at rest: of each patient the bytes that the latest owner wrote, opaque to the state."""

from __future__ import annotations

from collections.abc import Iterable

from streams.timeline.encoding import PieceKey
from streams.timeline.pieces import ALERTS

Owner = tuple[int, bytes]
"""Epoch and mark of the process that wrote a piece."""


class RestingAlerts(dict[str, bytes]):
    """Patient to alerts as they are written; whoever runs the policy takes them from here and lays them back.

    Of several pieces the one of the highest epoch counts: whoever owned the partition later knew all that those before
    had committed, and reads the rest again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._owners: dict[str, Owner] = {}

    def take(self, found: Iterable[tuple[PieceKey, bytes]]) -> None:
        """Take in pieces of the changelog, those of other kinds among them."""
        for key, value in found:
            owner = key.epoch, key.mark
            if key.piece == ALERTS and owner > self._owners.get(key.patient_id, (-1, b"")):
                self[key.patient_id], self._owners[key.patient_id] = value, owner
