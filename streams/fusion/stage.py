"""How far time has passed over a score: fresh, stale, silent; a function of its instant and of the tick alone."""

from __future__ import annotations

from typing import Literal, NamedTuple

from streams.clock import Instant

Stage = Literal["fresh", "stale", "silent"]


class Cutoffs(NamedTuple):
    """Instants that a tick sets; a score as of one of them or earlier has reached that stage.

    Ticks never go back, so neither do these, and a score only ages until something newer comes.
    """

    stale_before: Instant | None = None
    """None where no tick has been acted on yet."""
    silent_before: Instant | None = None

    def stage(self, as_of: Instant) -> Stage:
        """Return the stage of a score as of a clinical instant."""
        if self.silent_before is not None and as_of <= self.silent_before:
            return "silent"
        if self.stale_before is not None and as_of <= self.stale_before:
            return "stale"
        return "fresh"


def cutoffs(tick: Instant | None, stale_after_ms: int, silent_after_ms: int) -> Cutoffs:
    """Return what a tick makes of scores; None is before the first tick, when nothing is late."""
    return Cutoffs() if tick is None else Cutoffs(tick - stale_after_ms, tick - silent_after_ms)
