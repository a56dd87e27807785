"""Faust's aiokafka consumer, handing on runs instead of records; rebalance and flow control stay Faust's.

Overridden, and held by a contract test: `Consumer._drain_messages`, `ack`, `track_message`, `force_commit`,
`on_partitions_revoked`, `on_partitions_assigned`, `on_buffer_full`, `on_buffer_drop`, `on_stop` and
`AIOKafkaConsumerThread._create_worker_consumer`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import aiokafka
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from streams.provision.security import secured
from streams.settings import Settings
from streams.transport.fetching import PacedConsumer
from streams.transport.offsets import Offsets
from streams.transport.one_loop import OneLoopThread
from streams.transport.runs import Run

log = logging.getLogger(__name__)

RETRY_S = 0.5

AssignmentHook = Callable[[set[TP]], Awaitable[None]]


class RunConsumerThread(OneLoopThread):
    """The part that talks to the broker, with this site's fetch settings."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        settings: Settings = transport.settings
        conf = self.app.conf
        # Ranges give a member the same partition numbers of every topic, so one patient's inputs meet in one process.
        self._assignor = RangePartitionAssignor
        return PacedConsumer(
            gather_s=settings.gather_ms / 1000,
            is_read=lambda place: place in self.consumer._get_active_partitions(),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=settings.group_instance_id or None,
            bootstrap_servers=settings.bootstrap_servers,
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            # aiokafka leaves the group, for good, when nobody asks it for records: a spare worker without partitions
            # does not. Whether a worker gets on is watched by the worker itself.
            max_poll_interval_ms=2**31 - 1,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            fetch_min_bytes=1,
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            request_timeout_ms=40_000,
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            rebalance_timeout_ms=int((settings.session_timeout_s + settings.revoke_deadline_s) * 1000),
            heartbeat_interval_ms=max(300, int(settings.session_timeout_s * 1000 / 5)),
            isolation_level=settings.isolation_level,
            metadata_max_age_ms=30_000,
            **secured(settings),
        )

    def positions(self) -> Iterator[tuple[Any, int]]:
        """Yield the offset that is read next of every partition of which that is known."""
        assignment = self._ensure_consumer()._subscription.subscription.assignment
        for tp in assignment.tps if assignment is not None else ():
            state = assignment.state_value(tp)
            if state.has_valid_position:
                yield tp, state.position


class RunConsumer(driver.Consumer):
    """Consumer whose messages are runs, whose acks are whole runs and whose commits are in order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offsets: Offsets[TP] = Offsets()
        self._nothing_before: dict[TP, int] = {}
        self.before_revoked: AssignmentHook | None = None
        """Called while the partitions are still ours, to finish what is in flight."""
        self.after_assigned: AssignmentHook | None = None
        """Called with every new assignment before its first run is handed on."""

    def _new_consumer_thread(self) -> RunConsumerThread:
        return RunConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                await self._drain_once()
        except (*self.consumer_stopped_errors, asyncio.CancelledError):
            if not self.transport.app.should_stop:
                raise

    async def _drain_once(self) -> None:
        generation = self.offsets.generation
        fetched, _ = await self._wait_next_records(1.0)
        if generation == self.offsets.generation and self.flow_active:
            self._note_quiet(fetched or {})
        if not fetched or self.should_stop:
            return
        waiting = [(TP(*tp), records) for tp, records in fetched.items() if records]
        await self.wait_first(self._hand_on_all(waiting, generation), self.suspend_flow.wait())
        if waiting:
            # The fetch has moved the position past these records, perhaps under the new assignment already; nothing
            # has been handed on under that one, so going back to what is committed brings them again.
            await self._go_back()

    def _note_quiet(self, fetched: Mapping[Any, Any]) -> None:
        """Note how far partitions are read that brought nothing: marks of transactions have offsets, but no records."""
        for tp, position in self._thread.positions():
            if tp not in fetched:
                self._nothing_before[TP(*tp)] = position

    def read_up_to(self, tp: TP) -> int:
        """Return the offset before which everything is done or is no record; 0 where some run is under way."""
        return 0 if self.offsets.outstanding(tp) else self._nothing_before.get(tp, 0)

    async def _hand_on_all(self, waiting: list[tuple[TP, list[Any]]], generation: int) -> None:
        """Hand on run after run, and leave those waiting whose partitions are being taken away."""
        while waiting and generation == self.offsets.generation and self.flow_active:
            await self._hand_on(*waiting[0], generation)
            del waiting[0]

    async def _go_back(self) -> None:
        """Move to the committed offsets; not given up before it worked, unless yet another assignment has begun."""
        generation = self.offsets.generation
        while generation == self.offsets.generation and not self.should_stop:
            try:
                committed = await self.seek_to_committed()
                # Seeking leaves partitions without a committed offset where they are, which is past these records.
                unread = [tp for tp, offset in committed.items() if not offset]
                if unread:
                    await self._thread.seek_to_beginning(*unread)
                return
            except (KafkaError, AssertionError) as error:
                log.info("positions not moved back yet: %s", type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def _hand_on(self, tp: TP, records: list[Any], generation: int) -> None:
        run = Run(tp.topic, tp.partition, tuple(records), generation)
        last = records[-1]
        message = ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.timestamp / 1000.0, 0, None, None, run, None, 0, 0, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip
        self.offsets.handed_out(tp, run.first, run.next_offset)
        self._read_offset[tp] = last.offset
        await self.callback(message)

    def on_buffer_full(self, tp: TP) -> None:
        """Leave the partition active; handing on waits by itself, and Faust's pause would last a second."""

    def on_buffer_drop(self, tp: TP) -> None:
        """See `on_buffer_full`."""

    def track_message(self, message: ConsumerMessage) -> None:
        """Tracked where runs are handed on."""

    def ack(self, message: ConsumerMessage) -> bool:
        """Mark a whole run as done."""
        run: Run = message.value
        message.acked = True
        return self.ack_run(run)

    def ack_run(self, run: Run) -> bool:
        """Mark a run as done; False where it belongs to an older assignment."""
        return self.offsets.acknowledged(TP(run.topic, run.partition), run.first, run.generation)

    async def force_commit(self, *_: Any, **__: Any) -> bool:
        """Commit what is done, in order; what the broker did not take stays due."""
        assignment = self.assignment()
        due = {tp: offset for tp, offset in self.offsets.committable().items() if tp in assignment}
        if not due or not await self._commit(due):
            return False
        self._note_committed(due)
        return True

    def _note_committed(self, due: Mapping[TP, int]) -> None:
        self.offsets.committed(due)
        self._committed_offset.update(due)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give what is in flight its deadline and commit it while the partitions are still ours."""
        self.stop_flow()
        if self.before_revoked is not None:
            await self.before_revoked(revoked)
            await self._commit_in_time(self.transport.settings.revoke_deadline_s)
        self.offsets.revoked(revoked)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Begin a new assignment; nothing of the one before counts any more."""
        self.offsets.assigned()
        self._nothing_before.clear()
        if self.after_assigned is not None:
            await self.after_assigned(assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        """Commit what is done before leaving the group; a broker that is away does not hold up the end."""
        await self._commit_in_time(self.transport.settings.revoke_deadline_s)

    async def _commit_in_time(self, deadline_s: float) -> None:
        committing = asyncio.ensure_future(self.force_commit())
        done, _ = await asyncio.wait([committing], timeout=deadline_s)
        if not done or isinstance(committing.exception(), (KafkaError, ConsumerNotStarted)):
            log.warning("not committed before the partitions go; these inputs come again")
        elif (error := committing.exception()) is not None:
            raise error

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Leave liveness to the worker's own watch; Faust's needs per-event bookkeeping that runs do without."""


class RunTransport(driver.Transport):
    """Faust transport whose consumer hands on runs."""

    Consumer = RunConsumer

    def __init__(self, *args: Any, settings: Settings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = settings
