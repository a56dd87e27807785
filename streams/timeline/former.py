"""What former owners of a partition left on the changelog, until it has been written anew and is removed."""

from __future__ import annotations

from collections.abc import Iterable

from streams.timeline.encoding import PieceKey, encode_key
from streams.timeline.timeline import Timeline


class Former:
    """Keys of pieces that former owners wrote.

    Those of a timeline's pieces stand in the timeline, as numbers: there are millions of them, of few owners.
    """

    def __init__(self) -> None:
        self._owners: dict[tuple[int, bytes], int] = {}
        """Epoch and mark of each, numbered."""
        self._keys: dict[tuple[str, int], list[bytes]] = {}

    def note(self, key: PieceKey, timeline: Timeline | None = None) -> None:
        """Note a piece that stands on the changelog.

        Parameters
        ----------
        timeline
            The one that it belongs to; None where it belongs to none.
        """
        if timeline is None:
            self._keys.setdefault((key.patient_id, key.piece), []).append(encode_key(key))
            return
        owner = self._owners.setdefault((key.epoch, key.mark), len(self._owners))
        timeline.older[key.piece] = (*timeline.older.get(key.piece, ()), owner)

    def keep(self, identity: str, timeline: Timeline) -> None:
        """Keep what a timeline remembers of former owners; it is forgotten."""
        for piece in timeline.older:
            self._keys[identity, piece] = self._of(identity, piece, timeline.older[piece])

    def taken(self, key: PieceKey, timeline: Timeline | None) -> list[bytes]:
        """Return the keys under which former owners wrote a piece, and forget them."""
        found = self._keys.pop((key.patient_id, key.piece), [])
        owners = () if timeline is None else timeline.older.pop(key.piece, ())
        return found + self._of(key.patient_id, key.piece, owners)

    def _of(self, identity: str, piece: int, owners: Iterable[int]) -> list[bytes]:
        known = list(self._owners)
        return [encode_key(PieceKey(identity, piece, *known[owner])) for owner in owners]
