"""Watches a running stack: restarts workers that end, and gives up, saying why, where a service does."""

from __future__ import annotations

import time
from collections.abc import Callable

from streams.embedded.part import PartFailed
from streams.embedded.stack import Stack
from streams.embedded.worker import Worker

RESTARTS = 5
"""How often one worker is started again before the stack gives up."""
FORGIVEN_AFTER_S = 120.0
"""Seconds of running after which a worker's earlier ends no longer count."""
_POLL_S = 0.2


def backoff_s(restart: int) -> float:
    """Return the pause before the n-th restart of a worker: 1, 2, 4, 8, then 15 s."""
    return float(min(15, 2 ** (restart - 1)))


class Supervisor:
    """Keeps the workers of one stack running.

    Parameters
    ----------
    stack
        A stack that has started.
    restarts
        How often one worker may be started again; 0 ends the stack with the first worker that ends.
    """

    def __init__(self, stack: Stack, restarts: int = RESTARTS) -> None:
        self.stack, self.restarts = stack, restarts
        self._count: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._pending: set[str] = set()

    def watch(self, interrupted: Callable[[], bool]) -> None:
        """Return when `interrupted` says so; raise `PartFailed` when a part is beyond help."""
        while not interrupted():
            self.stack.check()
            for worker in list(self.stack.workers.values()):
                self._tend(worker)
            time.sleep(_POLL_S)

    def _tend(self, worker: Worker) -> None:
        name = worker.name
        if name in self._due:
            if time.monotonic() >= self._due[name]:
                self._start_again(worker)
        elif worker.poll() is not None:
            self._ended(worker)
        elif name in self._pending and worker.ready():
            self._pending.discard(name)
            self.stack.progress(name, f"ready again after {worker.age_s():.1f} s")

    def _ended(self, worker: Worker) -> None:
        name = worker.name
        if worker.age_s() > FORGIVEN_AFTER_S:
            self._count[name] = 0
        self._count[name] = self._count.get(name, 0) + 1
        if self._count[name] > self.restarts:
            raise self._beyond_help(worker)
        pause = backoff_s(self._count[name])
        self._due[name] = time.monotonic() + pause
        told = (
            f"ended ({worker.how_it_ended()}); starting again in {pause:.0f} s, {self._count[name]} of {self.restarts}"
        )
        self.stack.progress(name, told)
        for line in worker.reason()[-3:]:
            self.stack.progress(name, f"  {line[:300]}")

    def _beyond_help(self, worker: Worker) -> PartFailed:
        times = "" if self.restarts == 0 else f" {self._count[worker.name]} times"
        return worker.failed(f"ended{times}, last with {worker.how_it_ended()}")

    def _start_again(self, worker: Worker) -> None:
        del self._due[worker.name]
        # What the last start left behind must not keep its partitions.
        worker.kill()
        worker.start()
        self._pending.add(worker.name)
        self.stack.publish_addresses()
