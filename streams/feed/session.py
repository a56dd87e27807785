"""One feed from beginning to end: clock in replay mode, records, ticks, clock live again, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, nullcontext

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams import topics
from streams.clock import SECOND, Clock, Instant
from streams.errors import RetryableError
from streams.feed.clock_mode import replay_clock
from streams.feed.outbox import Outbox, new_producer
from streams.feed.pacing import Pace, Step, steps
from streams.feed.positions import Positions
from streams.feed.sequence import Delivery
from streams.feed.ticking import Ticker
from streams.settings import Settings


class FeedOptions(msgspec.Struct, frozen=True):
    """How a feed is run."""

    pace: Pace
    topic: str = topics.REPLAY
    ticks: bool = True
    """False neither holds the clock nor ticks: live ticks go on."""
    final_tick_after_s: float | None = None
    """A second last tick, so many clinical seconds after the feed's end."""
    patience_s: float = 60.0
    """Seconds without progress of normalise after which a tick is given up."""


class FeedSummary(msgspec.Struct, frozen=True):
    """What a feed did; counts are of records that the broker acknowledged."""

    records: int
    patients: int
    unsent: dict[str, int]
    """Records not sent, by reason."""
    first: Instant | None
    last: Instant | None
    """Span of the time line that was fed."""
    ticks: int
    ticks_given_up: int
    before: dict[int, int]
    after: dict[int, int]
    """Offsets of each partition of the topic: the feed's records lie from the first to before the second."""
    sending_s: float
    """Wall seconds from the first record to the last acknowledgement."""


Progress = Callable[[int], None]
"""Told how many more records were handed to the broker."""


async def feed(
    deliveries: Iterable[Delivery],
    settings: Settings,
    options: FeedOptions,
    clock: Clock,
    progress: Progress = lambda _: None,
) -> FeedSummary:
    """Feed records onto a topic and tick on their time line.

    Parameters
    ----------
    deliveries
        In the order in which they are to arrive; read lazily.
    settings
        Where the broker is.
    options, clock, progress
        How to run it, the wall clock (arrival time), and a listener.

    Raises
    ------
    RetryableError
        Where the broker is away or refuses; the clock is given back as far as that is possible.
    """
    async with Positions(settings) as positions, _started(new_producer(settings)) as producer:
        before = await positions.ends(options.topic)
        outbox = Outbox(producer, options.topic, list(before), clock)
        inputs = settings.bedside_inputs
        ticker = Ticker(positions, _tick_publisher(producer), options.topic, options.patience_s, inputs)
        run = _Run(outbox, ticker, options, progress)
        async with replay_clock(_clock_publisher(producer), clock) if options.ticks else nullcontext():
            sending_s = await run.through(steps(deliveries, options.pace))
    return FeedSummary(
        records=outbox.sent,
        patients=len(run.keys),
        unsent=dict(outbox.unsent),
        first=run.first,
        last=run.last,
        ticks=ticker.made,
        ticks_given_up=ticker.given_up,
        before={**before, **outbox.starts},
        after={**before, **outbox.ends},
        sending_s=sending_s,
    )


class _Run:
    """Works a plan off, step by step, with the ticker beside it."""

    def __init__(self, outbox: Outbox, ticker: Ticker, options: FeedOptions, progress: Progress) -> None:
        self.first: Instant | None = None
        self.last: Instant | None = None
        self.keys: set[bytes] = set()
        self._outbox, self._ticker, self._options, self._progress = outbox, ticker, options, progress

    async def through(self, plan: Iterable[Step]) -> float:
        """Send and tick everything; return the wall seconds until the last acknowledgement."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        making = asyncio.create_task(self._ticker.run())
        try:
            for step in plan:
                await asyncio.sleep(max(0.0, began + step.due_s - loop.time()))
                await self._take(step)
            await self._outbox.drain()
            sending_s = loop.time() - began
            self._last_ticks()
        except BaseException:
            making.cancel()
            raise
        await self._ticker.finish(making)
        return sending_s

    async def _take(self, step: Step) -> None:
        if step.deliveries:
            await self._outbox.send(step.deliveries)
            self.first = step.deliveries[0].at if self.first is None else self.first
            self.last = step.at if self.last is None else max(self.last, step.at)
            self.keys.update(one.key for one in step.deliveries if one.key)
            self._progress(len(step.deliveries))
        elif self._options.ticks:
            await self._outbox.drain()
            self._ticker.due(step.at, self._outbox.ends)

    def _last_ticks(self) -> None:
        after = self._options.final_tick_after_s
        if self.last is None or not self._options.ticks:
            return
        self._ticker.due(self.last, self._outbox.ends)
        if after is not None:
            self._ticker.due(self.last + round(after * SECOND), self._outbox.ends)


@asynccontextmanager
async def _started(producer: AIOKafkaProducer) -> AsyncIterator[AIOKafkaProducer]:
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


def _tick_publisher(producer: AIOKafkaProducer) -> Callable[[int, bytes, bytes], Awaitable[None]]:
    async def publish(partition: int, key: bytes, value: bytes) -> None:
        await _published(producer.send_and_wait(topics.TICKS, key=key, value=value, partition=partition))

    return publish


def _clock_publisher(producer: AIOKafkaProducer) -> Callable[[bytes, bytes], Awaitable[None]]:
    async def publish(key: bytes, value: bytes) -> None:
        await _published(producer.send_and_wait(topics.CLOCK, key=key, value=value))

    return publish


async def _published(sending: Awaitable[object]) -> None:
    try:
        await sending
    except KafkaError as error:
        raise RetryableError(f"the broker did not take a tick or the clock's mode ({type(error).__name__})") from error
