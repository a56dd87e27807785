"""The private parts of Faust and aiokafka that the transport builds on: fails where one of them has moved."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiokafka
import faust
import pytest
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.sensors import Sensor
from faust.streams import Stream
from faust.transport.consumer import Consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.threads import ServiceThread

from streams.settings import Settings
from streams.transport.app import RunApp, new_app
from streams.transport.consumer import RunConsumer, RunConsumerThread, RunTransport
from streams.transport.one_loop import LoopWorker

PINNED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}
PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
C, T = driver.Consumer, driver.AIOKafkaConsumerThread


def shape(function: Callable[..., Any]) -> str:
    """A signature's names, kinds and defaults, without annotations."""
    signature = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


@pytest.mark.parametrize("name", PINNED)
def test_the_installed_versions_are_those_that_the_transport_was_written_against(name: str) -> None:
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    assert f"{name}=={PINNED[name]}" in declared
    assert version(name) == PINNED[name]


OVERRIDDEN = [
    (C, RunConsumer, "_drain_messages", "(self, fetcher)"),
    (C, RunConsumer, "_new_consumer_thread", "(self)"),
    (C, RunConsumer, "ack", "(self, message)"),
    (C, RunConsumer, "track_message", "(self, message)"),
    (C, RunConsumer, "force_commit", "(self, topics=None, start_new_transaction=True)"),
    (C, RunConsumer, "on_partitions_revoked", "(self, revoked)"),
    (C, RunConsumer, "on_partitions_assigned", "(self, assigned, generation_id=0)"),
    (C, RunConsumer, "on_buffer_full", "(self, tp)"),
    (C, RunConsumer, "on_buffer_drop", "(self, tp)"),
    (C, RunConsumer, "on_stop", "(self)"),
    (C, RunConsumer, "verify_event_path", "(self, now, tp)"),
    (T, RunConsumerThread, "_create_worker_consumer", "(self, transport)"),
    (T, RunConsumerThread, "_gather_remaining_tasks", "(self)"),
    (T, RunConsumerThread, "on_thread_started", "(self)"),
    (T, RunConsumerThread, "call_thread", "(self, fun, *args, **kwargs)"),
    (T, RunConsumerThread, "cast_thread", "(self, fun, *args, **kwargs)"),
    (faust.App, RunApp, "_new_transport", "(self)"),
]


@pytest.mark.parametrize(("base", "ours", "name", "expected"), OVERRIDDEN)
def test_what_is_overridden_is_there_with_the_signature_relied_on(
    base: Any, ours: Any, name: str, expected: str
) -> None:
    theirs, own = getattr(base, name), getattr(ours, name)
    assert shape(theirs) == expected
    assert own is not theirs, f"{ours.__name__}.{name} overrides nothing"
    assert inspect.iscoroutinefunction(own) == inspect.iscoroutinefunction(theirs)


@pytest.mark.parametrize(("base", "ours", "name", "expected"), OVERRIDDEN)
def test_whatever_faust_passes_our_own_version_takes(base: Any, ours: Any, name: str, expected: str) -> None:
    call = inspect.signature(getattr(base, name)).parameters
    arguments = dict.fromkeys(call, object())
    inspect.signature(getattr(ours, name)).bind(*arguments.values())


@pytest.mark.parametrize(
    ("owner", "name", "expected", "is_coroutine"),
    [
        (C, "_wait_next_records", "(self, timeout)", True),
        (C, "wait_first", "(self, *coros, timeout=None)", True),
        (C, "assignment", "(self)", False),
        (C, "_commit", "(self, offsets)", True),
        (C, "seek_to_committed", "(self)", True),
        (C, "perform_seek", "(self)", True),
        (C, "stop_flow", "(self)", False),
        (C, "resume_flow", "(self)", False),
        (C, "pause_partitions", "(self, tps)", False),
        (T, "seek_to_beginning", "(self, *partitions)", True),
        (T, "_ensure_consumer", "(self)", False),
        (T, "call_thread", "(self, fun, *args, **kwargs)", True),
        (Stream, "noack", "(self)", False),
        (faust.App, "start", "(self)", True),
        (faust.App, "stop", "(self)", True),
        (faust.App, "wait_until_stopped", "(self)", True),
        (aiokafka.AIOKafkaConsumer, "beginning_offsets", "(self, partitions)", True),
        (aiokafka.AIOKafkaConsumer, "end_offsets", "(self, partitions)", True),
        (aiokafka.AIOKafkaConsumer, "committed", "(self, partition)", True),
        (aiokafka.AIOKafkaConsumer, "highwater", "(self, partition)", False),
        (aiokafka.AIOKafkaConsumer, "last_stable_offset", "(self, partition)", False),
        (aiokafka.AIOKafkaConsumer, "partitions_for_topic", "(self, topic)", False),
        (aiokafka.AIOKafkaConsumer, "getmany", "(self, *partitions, timeout_ms=0, max_records=None)", True),
        (aiokafka.AIOKafkaConsumer, "seek_to_committed", "(self, *partitions)", True),
        (aiokafka.AIOKafkaConsumer, "seek_to_beginning", "(self, *partitions)", True),
        (aiokafka.AIOKafkaProducer, "create_batch", "(self)", False),
        (aiokafka.AIOKafkaProducer, "send_batch", "(self, batch, topic, *, partition)", True),
        (BatchBuilder, "append", "(self, *, timestamp, key, value, headers=[])", False),
        (BatchBuilder, "close", "(self)", False),
    ],
)
def test_what_is_called_is_there_with_the_signature_relied_on(
    owner: Any, name: str, expected: str, is_coroutine: bool
) -> None:
    assert shape(getattr(owner, name)) == expected
    assert inspect.iscoroutinefunction(getattr(owner, name)) == is_coroutine


def test_a_streams_events_are_an_async_generator() -> None:
    assert shape(Stream.events) == "(self)"
    assert inspect.isasyncgenfunction(Stream.events)


def test_a_consumer_message_is_made_as_the_transport_makes_it() -> None:
    assert shape(ConsumerMessage.__init__) == (
        "(self, topic, partition, offset, timestamp, timestamp_type, headers, key, value, checksum, "
        "serialized_key_size=None, serialized_value_size=None, tp=None, time_in=None, time_out=None, "
        "time_total=None, generation_id=None)"
    )
    tp = TP("t", 1)
    message = ConsumerMessage("t", 1, 7, 1.5, 0, None, None, "run", None, 0, 0, tp, generation_id=3)
    assert (message.tp, message.offset, message.value, message.acked, message.generation_id) == (tp, 7, "run", False, 3)


def test_a_messages_last_release_acknowledges_it_through_the_consumer() -> None:
    assert ConsumerMessage.use_tracking
    assert "consumer.ack(self)" in inspect.getsource(ConsumerMessage.on_final_ack)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (Consumer.stop_flow, ["self.flow_active = False", "self.suspend_flow.set()"]),
        (Consumer.resume_flow, ["self.flow_active = True"]),
        (Consumer._wait_next_records, ["return records, active_partitions", "self.can_resume_flow"]),
        (Consumer.__init__, ["self._read_offset", "self._committed_offset", "self.suspend_flow", "self.callback"]),
        (Consumer.perform_seek, ["self.seek_to_committed()", "self._read_offset", "self._committed_offset"]),
        (T._ensure_consumer, ["self._consumer"]),
        (driver.Consumer._new_consumer_thread, ["AIOKafkaConsumerThread(self, loop=self.loop, beacon=self.beacon)"]),
        (Consumer.commit, ["self.force_commit("]),
        (Stream.noack, ["enable_acks=False"]),
    ],
)
def test_what_the_transport_reads_or_sets_there_is_still_there(function: Any, expected: list[str]) -> None:
    source = inspect.getsource(function)
    assert [text for text in expected if text not in source] == []


def test_the_transport_makes_its_consumer_from_a_class_attribute() -> None:
    assert driver.Transport.Consumer is driver.Consumer
    assert RunTransport.Consumer is RunConsumer


def test_the_thread_is_whatever_its_worker_class_makes_of_serving() -> None:
    start = inspect.getsource(ServiceThread.start)
    assert "self._thread = self.Worker(self)" in start
    assert "self._thread.start()" in start
    assert "await self._thread_running" in start
    assert "self._thread.stop()" in inspect.getsource(ServiceThread.stop)
    assert "self.thread_loop = thread_loop or asyncio.new_event_loop()" in inspect.getsource(ServiceThread.__init__)
    assert "notify, self._thread_running" in inspect.getsource(ServiceThread._serve)
    assert RunConsumerThread.Worker is LoopWorker


def test_the_group_assigns_through_the_threads_assignor() -> None:
    assert "self._assignor" in inspect.getsource(T._create_worker_consumer)
    assert RangePartitionAssignor.name == "range"


def test_positions_that_cannot_be_moved_raise_what_is_caught() -> None:
    assert issubclass(IllegalStateError, KafkaError)
    assert "AssertionError" not in {error.__name__ for error in C.consumer_stopped_errors}


SENSOR_HOOKS = {
    "on_message_in": "(self, tp, offset, message)",
    "on_stream_event_in": "(self, tp, offset, stream, event)",
    "on_stream_event_out": "(self, tp, offset, stream, event, state=None)",
    "on_message_out": "(self, tp, offset, message)",
}


@pytest.mark.parametrize("name", SENSOR_HOOKS)
def test_the_sensor_hooks_that_are_made_quiet_are_still_hooks(name: str) -> None:
    assert shape(getattr(faust.Monitor, name)) == SENSOR_HOOKS[name]
    assert shape(getattr(Sensor, name)) == SENSOR_HOOKS[name]


CONSUMER_SETTINGS = {
    "client_id", "group_id", "bootstrap_servers", "partition_assignment_strategy", "enable_auto_commit",
    "auto_offset_reset", "max_poll_records", "max_poll_interval_ms", "max_partition_fetch_bytes", "fetch_max_wait_ms",
    "request_timeout_ms", "session_timeout_ms", "rebalance_timeout_ms", "heartbeat_interval_ms", "isolation_level",
    "metadata_max_age_ms", "fetch_min_bytes",
}  # fmt: skip
PRODUCER_SETTINGS = {
    "bootstrap_servers", "client_id", "acks", "enable_idempotence", "linger_ms", "max_batch_size", "max_request_size",
    "request_timeout_ms",
}  # fmt: skip


def test_aiokafka_knows_every_setting_that_is_passed() -> None:
    assert set(inspect.signature(aiokafka.AIOKafkaConsumer.__init__).parameters) >= CONSUMER_SETTINGS
    assert set(inspect.signature(aiokafka.AIOKafkaProducer.__init__).parameters) >= PRODUCER_SETTINGS


async def test_an_app_is_made_with_the_run_transport_in_order_and_quiet() -> None:
    app = new_app("contract-test", Settings(session_timeout_s=8.0))
    transport = app._new_transport()
    assert isinstance(transport, RunTransport)
    assert transport.settings is app.settings
    assert (app.conf.broker_session_timeout, app.conf.broker_heartbeat_interval) == (8.0, 1.6)
    assert (app.conf.web_enabled, app.conf.topic_allow_declare, app.conf.stream_wait_empty) == (False, False, False)
    assert app.conf.consumer_auto_offset_reset == "earliest"
