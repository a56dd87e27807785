"""From one model's version to another without a restart: everybody is owed a score, and the change is acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from streams import topics
from streams.clock import Clock
from streams.records import ModesApplied
from streams.timeline.pieces import Piece
from streams.timeline.share import Share
from streams.transport.produce import Out
from streams.workers.flush import Flush
from streams.workers.gathering import Gathered
from streams.workers.relay import Relay
from streams.workers.serving import Serving
from streams.workers.ticking import Positions

_encode = msgspec.json.Encoder().encode


class Switching:
    """Tells which partitions are judged by what is served now, and what a switch of each has to leave behind.

    A switch happens where a flush begins, so every score is made by one set of versions. Patients who were judged
    otherwise are noted as owed before the partition is noted as switched; debts survive a restart, and are paid as
    those of an absent Triton are.

    Parameters
    ----------
    clock
        The wall's, for the audit alone.
    """

    def __init__(self, relay: Relay, clock: Clock) -> None:
        self._relay, self._clock = relay, clock
        self._told: dict[int, Serving] = {}

    def reset(self) -> None:
        """Begin a new assignment: nothing has been said of its partitions."""
        self._told.clear()

    def waited_for(self, shares: Mapping[int, Share], serving: Serving) -> list[int]:
        """Return the partitions that must not wait for an input to be switched: somebody waits for their word."""
        known = (None, serving.text)
        return [n for n in self._due(shares, serving) if serving.offset >= 0 or shares[n].judged_by.text not in known]

    def _due(self, numbers: Iterable[int], serving: Serving) -> list[int]:
        """Return the partitions of this assignment of which nothing has been said under what is served now."""
        return [number for number in numbers if self._told.get(number) is not serving]

    def begin(self, flush: Flush, shares: Mapping[int, Share], positions: Positions) -> None:
        """Judge by what is served now from this flush on; its pieces and outputs say so.

        Parameters
        ----------
        positions
            How far the inputs have been taken in, and judged as it was before.
        """
        for number in self._due(shares, flush.serving):
            share = shares[number]
            flush.pieces[number] = self.switched(number, share, flush.serving)
            if flush.serving.offset >= 0:
                flush.outs.append(self._word(number, share.epoch, flush.serving, positions.of(number)))

    def switched(self, number: int, share: Share, serving: Serving) -> list[Piece]:
        """Note everybody as owed who was judged by something else, then what is judged by from here on."""
        self._told[number] = serving
        if share.judged_by.text == serving.text:
            return []
        # Where nobody ever noted it, it was an older program, by another rule of fusion.
        return [*share.owe(self._patients(number, share)), *share.judge_by(serving.text)]

    def _word(self, number: int, epoch: int, serving: Serving, positions: dict[str, int]) -> Out:
        """Return the word to `audit.models` that a partition is judged by what stands."""
        word = ModesApplied(number, epoch, serving.offset, positions, serving.text, self._clock.now())
        return Out(topics.MODELS_AUDIT, 0, b"partition %d" % number, _encode(word))

    def _patients(self, number: int, share: Share) -> Iterable[str]:
        everyone = Gathered(arrivals=dict.fromkeys(share.timelines))
        return (p for p in everyone.patients(share, number, self._relay) if share.as_of(p) is not None)
