"""Passing time at the bedside: ticks wait for the inputs they name, and patients fall due for each stage of silence."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiokafka import TopicPartition

from streams.clock import Instant
from streams.records import Tick
from streams.transport.runs import Run

MOST_WAITING = 100
"""Ticks that wait at once; of more, every second is let go."""


class Positions:
    """How far each input of each partition has been taken into the state."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, int], int] = {}
        self._left_out: set[str] = set()

    def leave_out(self, topic: str) -> None:
        """Wait no more for a topic that is not read on."""
        self._left_out.add(topic)

    def reset(self, committed: Mapping[tuple[str, int], int]) -> None:
        """Begin a new assignment from the committed offsets."""
        self._next = dict(committed)

    def passed(self, run: Run) -> None:
        """Note that a run has been taken in."""
        self._pass(run.topic, run.partition, run.next_offset)

    def read_on(self, read_up_to: Callable[[TopicPartition], int], topics: Iterable[str], partition: int) -> None:
        """Note how far inputs have been read that bring nothing: behind the last record may stand a transaction's mark.

        Parameters
        ----------
        read_up_to
            Tells the offset before which everything is done, 0 where it is not known.
        """
        for topic in topics:
            self._pass(topic, partition, read_up_to(TopicPartition(topic, partition)))

    def _pass(self, topic: str, partition: int, offset: int) -> None:
        self._next[topic, partition] = max(self._next.get((topic, partition), 0), offset)

    def of(self, partition: int) -> dict[str, int]:
        """Return, for each topic, the offset before which a partition's records have been taken in."""
        return {topic: offset for (topic, number), offset in sorted(self._next.items()) if number == partition}

    def are_past(self, partition: int, end_offsets: Mapping[str, int]) -> bool:
        """Tell whether everything before these end offsets has been taken in."""
        waited_for = ((topic, end) for topic, end in end_offsets.items() if topic not in self._left_out)
        return all(self._next.get((topic, partition), 0) >= end for topic, end in waited_for)


class Ticks:
    """Ticks of one partition that wait until the backlog they name has been read."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Tick, Run]] = []
        self._done: list[Run] = []
        self.acted = False
        """Whether a tick of this assignment has been acted on."""

    def wait(self, tick: Tick, run: Run) -> None:
        """Keep a tick and the run it came in.

        The oldest stays, which is ready first, and so does the newest; those between only say in finer steps how time
        passed during a long backlog.
        """
        self._waiting.append((tick, run))
        if len(self._waiting) > MOST_WAITING:
            between = self._waiting[1:-1:2]
            self._waiting = [one for one in self._waiting if one not in between]
            self._done += self._without_waiting(between)

    def due(self, partition: int, positions: Positions) -> tuple[Instant | None, list[Run]]:
        """Return the highest tick that may be acted on, and the runs that are done with by that."""
        done, self._done = self._done, []
        ready = [one for one in self._waiting if positions.are_past(partition, one[0].end_offsets)]
        if not ready:
            return None, done
        self.acted = True
        self._waiting = [one for one in self._waiting if one not in ready]
        return max(tick.at for tick, _ in ready), done + self._without_waiting(ready)

    def _without_waiting(self, gone: list[tuple[Tick, Run]]) -> list[Run]:
        """Return the runs of these ticks in which no other tick waits, each once."""
        still = {id(run) for _, run in self._waiting}
        return list({id(run): run for _, run in gone if id(run) not in still}.values())


class DueTimes:
    """When each patient's score reaches its next stage, unless something newer comes.

    A patient waits in the heap once, however often something newer comes: it is looked at again when its turn comes.

    Parameters
    ----------
    after_ms
        Milliseconds after a score's instant at which it is due: stale, and silent.
    """

    def __init__(self, after_ms: Sequence[int]) -> None:
        self._after_ms = sorted(after_ms)
        self._heap: list[tuple[Instant, str]] = []
        self._next: dict[str, Instant] = {}
        self._as_of: dict[str, Instant] = {}
        self._stages: dict[str, int] = {}
        """How many stages of its instant a score has been taken for."""

    def note(self, patient_id: str, as_of: Instant) -> None:
        """Note the clinical instant of a patient's score."""
        if self._as_of.get(patient_id) != as_of:
            self._as_of[patient_id], self._stages[patient_id] = as_of, 0
            self._wait(patient_id)

    def has_due(self, tick: Instant) -> bool:
        """Tell whether anybody may have reached a stage by `tick`."""
        return bool(self._heap) and self._heap[0][0] <= tick

    def take(self, tick: Instant, most: int | None = None) -> list[str]:
        """Return the patients that reached a stage by `tick`, each once, and forget these due times.

        Parameters
        ----------
        most
            How many to take at once; the others stay due.
        """
        taken: list[str] = []
        while self.has_due(tick) and (most is None or len(taken) < most):
            due, patient_id = heapq.heappop(self._heap)
            if self._next.get(patient_id) != due:
                continue  # something earlier took its place
            del self._next[patient_id]
            passed = sum(self._as_of[patient_id] + after <= tick for after in self._after_ms)
            if passed > self._stages[patient_id]:
                self._stages[patient_id] = passed
                taken.append(patient_id)
            self._wait(patient_id)
        return taken

    def _wait(self, patient_id: str) -> None:
        stage = self._stages[patient_id]
        if stage == len(self._after_ms):
            return
        due = self._as_of[patient_id] + self._after_ms[stage]
        if due < self._next.get(patient_id, due + 1):
            self._next[patient_id] = due
            heapq.heappush(self._heap, (due, patient_id))
