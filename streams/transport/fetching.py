"""Fetches at a pace and of the whole assignment; aiokafka's own are as many as there are records at a low rate.

aiokafka asks again for every partition but those whose records still wait to be taken, as soon as anything has come.
Such a request leaves out the very partition that was busy, which is then held back until another one has something.

Overridden, and held by a contract test: `Fetcher._get_actions_per_node`, `Fetcher._records`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import aiokafka

Actions = tuple[list[Any], dict[Any, Any], float, bool, list[Any]]
"""Fetches, position resets, seconds to wait, whether metadata are stale, what to wait for: as aiokafka has it."""


_LOOK_AGAIN_S = 1.0
"""Taking records asks for the next actions at once; this is for records whose partition was paused meanwhile."""


class PacedConsumer(aiokafka.AIOKafkaConsumer):
    """Consumer that sends no two fetches within `gather_s` seconds.

    Parameters
    ----------
    gather_s
        Time in which records gather at the broker while there is more than one fetch has brought. What comes after a
        pause comes at once.
    is_read
        Tells of a partition whether its records are taken; one that is paused holds up no fetch.
    """

    def __init__(self, *, gather_s: float, is_read: Callable[[Any], bool], **settings: Any) -> None:
        super().__init__(**settings)
        self._gather_s, self._is_read = gather_s, is_read

    async def start(self) -> None:
        """Connect."""
        await super().start()
        fetcher = self._fetcher
        fetcher._get_actions_per_node = Pace(fetcher, fetcher._get_actions_per_node, self._gather_s, self._is_read)


class Pace:
    """Stands for a fetcher's own choice of what to fetch next, and puts it off.

    Parameters
    ----------
    fetcher
        Whose records are looked at.
    choose
        The fetcher's own choice.
    is_read
        See `PacedConsumer`.
    """

    def __init__(
        self,
        fetcher: Any,
        choose: Callable[[Any], Actions],
        gather_s: float,
        is_read: Callable[[Any], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher, self._choose, self._gather_s, self._monotonic = fetcher, choose, gather_s, monotonic
        self._is_read = is_read
        self._last = -gather_s

    def __call__(self, assignment: Any) -> Actions:
        """Choose now, or name the seconds after which to ask again; positions that are not known are asked for at once.

        Whoever moves a position waits for it, and takes no records meanwhile.
        """
        if any(self._is_read(place) for place in self._fetcher._records):
            return [], self._resets(assignment), _LOOK_AGAIN_S, False, []
        now = self._monotonic()
        if (ahead := self._last + self._gather_s - now) > 0:
            return [], self._resets(assignment), ahead, False, []
        chosen = self._choose(assignment)
        if chosen[0]:
            self._last = now
        return chosen

    def _resets(self, assignment: Any) -> dict[Any, Any]:
        if all(assignment.state_value(place).has_valid_position for place in assignment.tps):
            return {}
        return self._choose(assignment)[1]
