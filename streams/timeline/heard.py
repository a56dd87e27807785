"""How far a partition's results are known to be in order, as its owners noted it."""

from __future__ import annotations


class Heard:
    """The offset on the results topic before which no former owner has the last word.

    Owners note it in the state. To a former owner its own late records are in order, so what the highest epoch noted
    counts, and of two that took one epoch the lower: too little is read again, too much would be missed.
    """

    def __init__(self) -> None:
        self.offset: int | None = None
        """None where nobody noted it."""
        self._epoch = 0

    def take(self, epoch: int, offset: int) -> None:
        """Take in what an owner noted."""
        if self.offset is None or epoch > self._epoch:
            self.offset, self._epoch = offset, epoch
        elif epoch == self._epoch:
            self.offset = min(self.offset, offset)

    def own(self, epoch: int) -> None:
        """Go on from here under a new epoch."""
        self._epoch = epoch
