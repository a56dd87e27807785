"""By which models' versions a partition's patients are judged, as its owners noted it."""

from __future__ import annotations


class JudgedBy:
    """What scores are made of beside the facts, in one line; patients judged otherwise are owed a score.

    Owners note it in the state once everybody who has to be judged again is noted as owed. What the highest epoch noted
    counts; where two took one epoch and differ, nobody knows, and all are judged again.
    """

    def __init__(self) -> None:
        self.text: str | None = None
        """None where nobody noted it; empty where it is not known."""
        self._epoch = 0

    def take(self, epoch: int, text: str) -> None:
        """Take in what an owner noted."""
        if self.text is None or epoch > self._epoch:
            self.text, self._epoch = text, epoch
        elif epoch == self._epoch and text != self.text:
            self.text = ""

    def own(self, epoch: int) -> None:
        """Go on from here under a new epoch."""
        self._epoch = epoch
