"""Which offset may be committed: the end of the longest unbroken series of runs that are done, per partition."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

import msgspec

from streams.errors import ContractError

TP = TypeVar("TP", bound=Hashable)


class _Pending(msgspec.Struct):
    first: int
    next_offset: int
    done: bool = False


class Offsets(Generic[TP]):
    """Bookkeeping of runs handed out and acknowledged.

    Runs may be acknowledged in any order; an offset is only released when everything handed out before it is done.
    Offsets that were never delivered, between runs or within one, need no acknowledgement.
    """

    def __init__(self) -> None:
        self.generation = 0
        """Number of the assignment; acknowledgements of an older one are ignored."""
        self._pending: dict[TP, deque[_Pending]] = {}
        self._due: dict[TP, int] = {}

    def assigned(self) -> int:
        """Begin a new assignment: forget what was handed out or done under the one before."""
        self.generation += 1
        self._pending.clear()
        self._due.clear()
        return self.generation

    def revoked(self, partitions: Iterable[TP]) -> None:
        """Forget partitions that were taken away."""
        for tp in partitions:
            self._pending.pop(tp, None)
            self._due.pop(tp, None)

    def handed_out(self, tp: TP, first: int, next_offset: int) -> None:
        """Note that a run begins its way.

        Raises
        ------
        ContractError
            Where it does not lie behind the run before it.
        """
        queue = self._pending.setdefault(tp, deque())
        if queue and first < queue[-1].next_offset:
            raise ContractError(
                f"{tp}: expected a run from offset {queue[-1].next_offset} on, received one from {first}; "
                "the position was moved while runs were under way; restart the worker"
            )
        queue.append(_Pending(first, next_offset))

    def acknowledged(self, tp: TP, first: int, generation: int) -> bool:
        """Note that a run's effects are on the broker; False where the acknowledgement counts for nothing."""
        if generation != self.generation:
            return False
        queue = self._pending.get(tp, deque())
        run = next((r for r in queue if r.first == first and not r.done), None)
        if run is None:
            return False
        run.done = True
        while queue and queue[0].done:
            self._due[tp] = queue.popleft().next_offset
        return True

    def committable(self) -> dict[TP, int]:
        """Return the offsets that may be committed now and have not been."""
        return dict(self._due)

    def committed(self, offsets: Mapping[TP, int]) -> None:
        """Note that the broker has taken these offsets; newer ones stay due."""
        for tp, offset in offsets.items():
            if self._due.get(tp) == offset:
                del self._due[tp]

    def outstanding(self, tp: TP | None = None) -> int:
        """Return how many runs are under way."""
        queues = self._pending.values() if tp is None else [self._pending.get(tp, deque())]
        return sum(len(queue) for queue in queues)
