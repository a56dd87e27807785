"""The patients of one contestant and their observations, handed to the broker all at once or at a rate."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.numbers import Sent
from bench.observations import observations
from streams.clock import HOUR, MINUTE, Instant, WallClock
from streams.settings import Settings
from streams.transport.produce import Out

MINUTES = 36 * 60
"""Clinical time that a contestant's patients may have in all, one observation a minute; all of it lies in the past."""


class Feed:
    """Patients of a contestant's own, whose clinical time goes on from part to part.

    Parameters
    ----------
    prefix
        Of the patients' ids, so that no contestant meets another's.
    topic
        That the contestant reads.
    minutes
        Of clinical time before now at which it begins.
    """

    def __init__(self, settings: Settings, prefix: str, patients: int, topic: str, minutes: int = MINUTES) -> None:
        self._settings, self._topic = settings, topic
        self.patients = [f"{prefix}-{n:05d}" for n in range(patients)]
        self._start = WallClock().now() // HOUR * HOUR - minutes * MINUTE
        self._made = 0

    @property
    def facts(self) -> int:
        """How many observations there have been."""
        return self._made * len(self.patients)

    @property
    def begun(self) -> bool:
        """Whether there have been any observations."""
        return self._made > 0

    @property
    def as_of(self) -> Instant:
        """Clinical time of the newest observation so far."""
        return self._start + (self._made - 1) * MINUTE

    def more(self, each: int) -> list[Out]:
        """Return the next observations of every patient."""
        outs = observations(self.patients, each, self._start, self._topic, self._settings.partitions, first=self._made)
        self._made += each
        if self._made > MINUTES:
            raise ValueError(f"a patient has at most {MINUTES} observations; use more patients for so long a feed")
        return outs

    def sent(self, outs: list[Out], times: list[float]) -> list[Sent]:
        """Return whose observations of the last `more` were sent when."""
        count = len(self.patients)
        first = self._made - len(outs) // count
        return [
            Sent(self.patients[k % count], self._start + (first + k // count) * MINUTE, at)
            for k, at in enumerate(times)
        ]


def produce(settings: Settings, outs: Sequence[Out], rate: float | None = None, together: int = 1) -> list[float]:
    """Produce records, at `rate` a second or as fast as the broker takes them; return when each was handed over.

    At a rate, each `together` records are handed over in one go, as a monitor's values of one instant are.

    Uses librdkafka, so that producing costs the contestants' cores as little as it can.
    """
    from confluent_kafka import Producer

    producer = Producer(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "linger.ms": 1 if rate else 20,
            "queue.buffering.max.messages": len(outs) + 1000,
        }
    )
    times, began = [], time.monotonic()
    for count, out in enumerate(outs):
        if rate and count % together == 0 and (ahead := began + count / rate - time.monotonic()) > 0.0003:
            producer.poll(0)
            time.sleep(ahead)
        times.append(time.monotonic())
        producer.produce(out.topic, out.value, out.key, out.partition)
    if producer.flush(60):
        raise TimeoutError("the broker did not take all observations within 60 s")
    return times
