"""A Faust app set up for one worker: run-delivering transport, no tables, no web server, in-order commits."""

from __future__ import annotations

import logging
from typing import Any

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.sensors import Sensor

from streams.provision.security import secured
from streams.settings import Settings
from streams.transport.consumer import RunConsumer, RunTransport

BUFFERED_RUNS = 64
POLL_RECORDS = 2000
"""Most records of one fetch, and so of a run."""


class RunApp(faust.App):
    """Faust app that reads runs of records."""

    settings: Settings

    def _new_transport(self) -> RunTransport:
        return RunTransport(self.conf.broker_consumer, self, settings=self.settings)

    def _create_directories(self) -> None:
        """Make none: there are no tables on disk."""

    @property
    def run_consumer(self) -> RunConsumer:
        """The consumer, once the app has been started."""
        consumer: RunConsumer = self.consumer
        return consumer

    def run_topic(self, *names: str) -> Any:
        """Return the channel of these topics, its values being runs of raw records."""
        return self.topic(*names, key_type=None, value_type=None, key_serializer="raw", value_serializer="raw")


class _QuietMonitor(faust.Monitor):
    """Faust's monitor without its per-event bookkeeping; our own counters live in `streams.metrics`."""

    on_message_in = Sensor.on_message_in
    on_stream_event_in = Sensor.on_stream_event_in
    on_stream_event_out = Sensor.on_stream_event_out
    on_message_out = Sensor.on_message_out


def new_app(group_id: str, settings: Settings, poll_records: int = POLL_RECORDS) -> RunApp:
    """Return a Faust app of the consumer group `group_id`.

    Only the consumer, the conductor and agents of Faust are used; state has its own changelog because pieces carry
    the owner's epoch, and producing goes straight through aiokafka because Faust's path costs three times as much.
    """
    app = RunApp(
        group_id,
        broker=[f"kafka://{host}" for host in settings.bootstrap_servers.split(",")],
        broker_credentials=_credentials(settings),
        broker_commit_interval=0.25,
        broker_max_poll_records=poll_records,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 5,
        broker_request_timeout=max(40.0, settings.session_timeout_s * 2),
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=BUFFERED_RUNS,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        web_enabled=False,
        web_tables_enabled=False,
        worker_redirect_stdouts=False,
        Monitor=_QuietMonitor,
        loghandlers=[],
    )
    app.settings = settings
    logging.getLogger("faust").setLevel(logging.WARNING)
    return app


def _credentials(settings: Settings) -> SASLCredentials | SSLCredentials | None:
    """Return what Faust's own producer shows the brokers; it connects, though nothing is sent with it."""
    given = secured(settings)
    if "sasl_mechanism" in given:
        return SASLCredentials(
            username=given["sasl_plain_username"],
            password=given["sasl_plain_password"],
            ssl_context=given.get("ssl_context"),
            mechanism=given["sasl_mechanism"],
        )
    return SSLCredentials(given["ssl_context"]) if given else None
