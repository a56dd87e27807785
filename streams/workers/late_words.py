"""Late words: what a former owner writes on the results topic, found by the gaps that our own offsets leave."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams import topics
from streams.errors import RetryableError
from streams.publish.headers import epoch_of
from streams.records import Alert
from streams.settings import Settings
from streams.timeline.share import Share
from streams.transport.produce import Out
from streams.transport.reading import read_between, reader
from streams.transport.runs import Again
from streams.workers.alerts_shown import place as place_of
from streams.workers.alerts_shown import rows_of

log = logging.getLogger(__name__)
_alert = msgspec.json.Decoder(Alert).decode

_MOST_WORDS = 1000
"""Newest words on alerts looked at where a former owner was late."""
_TAIL = 100
"""Results looked at where nobody noted from where on."""

Span = tuple[int, int]
"""First offset, and the one after the last."""


class LateWords:
    """Looks at what stands on the results topic between our own records.

    A worker paused past its session time-out may still write, also what sits in its producer's buffer. Its record then
    stands behind ours, so that patient is published again. Reading back all results to see that costs as much as
    judging them; the broker has told where ours are, so only what lies between is read, and in order it is nothing.

    What was not yet acknowledged at the look before is not taken for another's at once: a look reaches as far as the
    topic went at the look before.

    Parameters
    ----------
    tell
        Called with what each look found, one partition at a time, also where nobody was late.
    """

    def __init__(self, settings: Settings, tell: Callable[[Again], Awaitable[None]]) -> None:
        self._reader: Any = reader(settings, "cardiostream-late-words")
        self._tell = tell
        self._looking: asyncio.Task[None] | None = None
        self._generation = 0
        self._epochs: dict[int, int] = {}
        self._ours: dict[int, list[Span]] = {}
        self._from: dict[int, int] = {}
        self._to: dict[int, int] = {}
        self._began: dict[int, int] = {}

    async def start(self) -> None:
        """Connect."""
        await self._reader.start()

    async def stop(self) -> None:
        """Disconnect."""
        self._break_off()
        await self._reader.stop()

    def _break_off(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    async def begin(self, shares: Mapping[int, Share], generation: int) -> None:
        """Begin a new assignment, each partition from where its results are known to be in order.

        What stands there already is compared with the owner before us: only older ones than that one were late.
        """
        self._break_off()
        ends = await self._ends(shares)
        heard = {
            number: end - _TAIL if (at := shares[number].heard.offset) is None else at for number, end in ends.items()
        }
        self._from = {number: min(max(0, at), ends[number]) for number, at in heard.items()}
        self._to, self._began = dict(ends), ends
        self._ours = {number: [] for number in shares}
        self._epochs, self._generation = {number: share.epoch for number, share in shares.items()}, generation

    def ours(self, results: Iterable[tuple[Out, int]]) -> None:
        """Note results that the broker has acknowledged, with their offsets."""
        for out, offset in results:
            spans = self._ours.get(out.partition)
            if spans is None or offset < 0:
                continue
            if spans and spans[-1][1] == offset:
                spans[-1] = spans[-1][0], offset + 1
            else:
                spans.append((offset, offset + 1))

    def tend(self, failed: asyncio.Future[None]) -> None:
        """Begin to look unless a look is under way; called about once a second.

        Parameters
        ----------
        failed
            Gets the exception where looking fails for good, as where something else than results stands on the topic.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_and_tell(failed))

    async def _look_and_tell(self, failed: asyncio.Future[None]) -> None:
        try:
            await self.look()
        except (KafkaError, RetryableError) as error:
            log.info("results not looked at yet: %s", type(error).__name__)
        except Exception as error:
            if not failed.done():
                failed.set_exception(error)

    async def look(self) -> None:
        """Tell of each partition on which something new stands whose patients were published by a former owner."""
        ends, upto = await self._ends(self._to), dict(self._to)
        found = [await self._heard(number, past) for number, past in upto.items() if past > self._from[number]]
        for number, past in upto.items():
            self._from[number] = past
            self._ours[number] = [span for span in self._ours[number] if span[1] > past]
            self._to[number] = max(past, ends[number])
        for one in found:
            await self._tell(one)

    async def _heard(self, number: int, upto: int) -> Again:
        late: set[str] = set()
        for first, past in gaps((self._from[number], upto), self._ours[number]):
            records = await read_between(self._reader, TopicPartition(topics.SCORES, number), first, past)
            late |= {r.key.decode() for r in records if r.key is not None and epoch_of(r) < self._owner(r)}
        strays = await self._strays(number, late) if late else ()
        return Again(number, tuple(sorted(late)), upto, self._generation, strays)

    async def _strays(self, number: int, late: Set[str]) -> tuple[Alert, ...]:
        """Return what former owners told last of alerts of some patients, of those that stand."""
        place = TopicPartition(topics.ALERTS, number)
        end = (await self._reader.end_offsets([place]))[place]
        records = await read_between(self._reader, place, max(0, end - _MOST_WORDS), end) if end else []
        rows = [row for row in rows_of(records) if row.patient_id in late and row.epoch < self._epochs[number]]
        last = {row.alert_id: row for row in sorted(rows, key=place_of)}
        return tuple(_alert(row.json) for row in last.values() if row.is_open)

    def _owner(self, record: Any) -> int:
        """Return the epoch of whoever owned the partition when a record should have been written."""
        epoch = self._epochs[record.partition]
        return epoch if record.offset >= self._began[record.partition] else epoch - 1

    async def _ends(self, numbers: Iterable[int]) -> dict[int, int]:
        places = [TopicPartition(topics.SCORES, number) for number in numbers]
        ends = await self._reader.end_offsets(places) if places else {}
        return {place.partition: end for place, end in ends.items()}


def gaps(within: Span, ours: Sequence[Span]) -> list[Span]:
    """Return what of a span of offsets is not ours, ascending."""
    found, at = [], within[0]
    for first, past in sorted(ours):
        if at < min(first, within[1]):
            found.append((at, min(first, within[1])))
        at = max(at, past)
    return [*found, (at, within[1])] if at < within[1] else found
