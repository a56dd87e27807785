"""Passing time at the bedside: ticks wait for the inputs they name, and patients fall due for each stage of silence."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from streams.clock import Instant
from streams.records import Tick
from streams.transport.runs import Run


class Positions:
    """How far each input of each partition has been taken into the state."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, int], int] = {}

    def reset(self, committed: Mapping[tuple[str, int], int]) -> None:
        """Begin a new assignment from the committed offsets."""
        self._next = dict(committed)

    def passed(self, run: Run) -> None:
        """Note that a run has been taken in."""
        key = run.topic, run.partition
        self._next[key] = max(self._next.get(key, 0), run.next_offset)

    def are_past(self, partition: int, end_offsets: Mapping[str, int]) -> bool:
        """Tell whether everything before these end offsets has been taken in."""
        return all(self._next.get((topic, partition), 0) >= end for topic, end in end_offsets.items())


class Ticks:
    """Ticks of one partition that wait until the backlog they name has been read."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Tick, Run]] = []

    def wait(self, tick: Tick, run: Run) -> None:
        """Keep a tick and the run it came in."""
        self._waiting.append((tick, run))

    def due(self, partition: int, positions: Positions) -> tuple[Instant | None, list[Run]]:
        """Return the highest tick that may be acted on, and the runs that are done with by that."""
        ready = [one for one in self._waiting if positions.are_past(partition, one[0].end_offsets)]
        if not ready:
            return None, []
        self._waiting = [one for one in self._waiting if one not in ready]
        still = {id(run) for _, run in self._waiting}
        runs = {id(run): run for _, run in ready if id(run) not in still}
        return max(tick.at for tick, _ in ready), list(runs.values())


class DueTimes:
    """When each patient's score reaches its next stage, unless something newer comes; a heap with lazy removal.

    Parameters
    ----------
    after_ms
        Milliseconds after a score's instant at which it is due: stale, and silent.
    """

    def __init__(self, after_ms: Sequence[int]) -> None:
        self._after_ms = tuple(after_ms)
        self._heap: list[tuple[Instant, str, Instant]] = []
        self._as_of: dict[str, Instant] = {}

    def note(self, patient_id: str, as_of: Instant) -> None:
        """Note the clinical instant of a patient's score."""
        if self._as_of.get(patient_id) != as_of:
            self._as_of[patient_id] = as_of
            for after in self._after_ms:
                heapq.heappush(self._heap, (as_of + after, patient_id, as_of))

    def take(self, tick: Instant) -> list[str]:
        """Return the patients that reached a stage by `tick`, each once, and forget these due times."""
        taken: dict[str, None] = {}
        while self._heap and self._heap[0][0] <= tick:
            _, patient_id, as_of = heapq.heappop(self._heap)
            if self._as_of.get(patient_id) == as_of:
                taken[patient_id] = None
        return list(taken)
