"""Whether a Kafka broker answers."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from streams.errors import RetryableError

REQUEST_TIMEOUT_MS = 15_000
BOOTSTRAP_TIMEOUT_MS = 5_000


@contextlib.contextmanager
def admin(
    bootstrap_servers: str, timeout_ms: int = REQUEST_TIMEOUT_MS, security: Mapping[str, Any] | None = None
) -> Iterator[KafkaAdminClient]:
    """Open an administration client, `security` as `secured` gives it; `RetryableError` where no broker answers."""
    try:
        client = KafkaAdminClient(
            bootstrap_servers=bootstrap_servers.split(","),
            client_id="cardiostream-admin",
            request_timeout_ms=timeout_ms,
            bootstrap_timeout_ms=min(timeout_ms, BOOTSTRAP_TIMEOUT_MS),
            **(security or {}),
        )
    except (KafkaError, OSError) as error:
        raise RetryableError(
            f"no Kafka broker answers at {bootstrap_servers} ({type(error).__name__}); start one with `cardiostream "
            "up` or set CARDIOSTREAM_BOOTSTRAP_SERVERS"
        ) from error
    try:
        yield client
    finally:
        client.close()


def answers(bootstrap_server: str) -> bool:
    """Tell whether the broker at host:port names itself in its metadata, that is, serves clients now."""
    host, _, port = bootstrap_server.rpartition(":")
    try:
        # A bare connect first: it is refused at once where nothing listens yet.
        socket.create_connection((host, int(port)), timeout=1).close()
        with quiet(), admin(bootstrap_server, timeout_ms=2000) as client:
            return bool(client.describe_cluster()["brokers"])
    except (KafkaError, OSError, RetryableError):
        return False


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the Kafka library's complaints about refused connections out of the log while a broker starts."""
    logger = logging.getLogger("kafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
