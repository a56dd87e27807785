"""Makes the declared topics on the broker and tells where the broker differs from the declaration."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError

from streams import topics
from streams.errors import ContractError
from streams.provision.broker import admin
from streams.provision.security import secured
from streams.settings import Settings

_EXISTS = 36  # TOPIC_ALREADY_EXISTS, Kafka protocol error codes
_UNKNOWN = 3  # UNKNOWN_TOPIC_OR_PARTITION


class Report(msgspec.Struct, frozen=True):
    """What `create` did."""

    created: tuple[str, ...]
    existing: tuple[str, ...]


class Drift(msgspec.Struct, frozen=True):
    """One difference between the declaration and the broker."""

    topic: str
    what: str
    """``topic``, ``partitions``, ``replication``, or the name of a topic setting."""
    expected: str
    found: str
    kind: Literal["drift", "unreported"] = "drift"
    """``unreported``: this broker cannot say, so it could not be checked."""


def partitions(topic: topics.Topic, settings: Settings) -> int:
    """Return how many partitions a topic must have."""
    return 1 if topic.single else settings.partitions


def create(settings: Settings) -> Report:
    """Create the declared topics that are missing; existing ones are left as they are (`check` tells of drift).

    Raises
    ------
    ContractError
        Where the broker refuses to create one.
    RetryableError
        Where no broker answers.
    """
    wanted = {
        topic.name: {
            "num_partitions": partitions(topic, settings),
            "replication_factor": settings.replication_factor,
            "configs": topic.config(),
        }
        for topic in topics.TOPICS
    }
    with admin(settings.bootstrap_servers, security=secured(settings)) as client:
        answer = client.create_topics(wanted, raise_errors=False)
        created, existing = _sort(answer["topics"])
        client.wait_for_topics(list(wanted))
        _wait_leaders(client)
    return Report(created, existing)


def _wait_leaders(client: KafkaAdminClient) -> None:
    """Wait until every partition's leader answers; the metadata names it a little before it does."""
    every = {
        TopicPartition(name, p): OffsetSpec.LATEST for name, (n, _) in _partitions(client).items() for p in range(n)
    }
    client.list_partition_offsets(every)


def _sort(rows: list[dict[str, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    refused = [row for row in rows if row["error_code"] not in (0, _EXISTS)]
    if refused:
        told = "; ".join(f"{row['name']}: {row['error_message'] or row['error_code']}" for row in refused)
        raise ContractError(f"the broker refused to create topics: {told}")
    created = tuple(row["name"] for row in rows if row["error_code"] == 0)
    return created, tuple(row["name"] for row in rows if row["error_code"] == _EXISTS)


def check(settings: Settings) -> list[Drift]:
    """Return every difference between the declared topics and those on the broker.

    The broker's answers about topic settings are compared as text. Entries of kind ``unreported`` are what the broker
    cannot say (the wheel's broker answers no DescribeConfigs that kafka-python reads); they are not drift.
    """
    with admin(settings.bootstrap_servers, security=secured(settings)) as client:
        found = _partitions(client)
        drifts = [drift for topic in topics.TOPICS for drift in _compare_shape(topic, found.get(topic.name), settings)]
        present = [topic for topic in topics.TOPICS if topic.name in found]
        configs = _configs(client, present)
    return drifts + [drift for topic in present for drift in _compare_config(topic, configs)]


def _partitions(client: KafkaAdminClient) -> dict[str, tuple[int, int]]:
    """Return partitions and replicas of each declared topic on the broker."""
    rows = client.describe_topics([topic.name for topic in topics.TOPICS])
    return {
        row["name"]: (len(row["partitions"]), min((len(p["replica_nodes"]) for p in row["partitions"]), default=0))
        for row in rows
        if row["error_code"] != _UNKNOWN
    }


def _configs(client: KafkaAdminClient, present: list[topics.Topic]) -> dict[str, dict[str, Any]] | None:
    if not present:
        return {}
    wanted = [ConfigResource(ConfigResourceType.TOPIC, t.name, configs=list(t.config())) for t in present]
    try:
        answer = client.describe_configs(wanted, config_filter="all")
    except KafkaError:
        return None
    configs: dict[str, dict[str, Any]] = answer.get("topic", {})
    return configs


def _compare_shape(topic: topics.Topic, found: tuple[int, int] | None, settings: Settings) -> list[Drift]:
    if found is None:
        return [Drift(topic.name, "topic", "present", "missing")]
    wanted = (partitions(topic, settings), settings.replication_factor)
    return [
        Drift(topic.name, what, str(expected), str(received))
        for what, expected, received in zip(("partitions", "replication"), wanted, found, strict=True)
        if expected != received
    ]


def _compare_config(topic: topics.Topic, configs: dict[str, dict[str, Any]] | None) -> list[Drift]:
    if configs is None or not configs.get(topic.name):
        return [Drift(topic.name, key, value, "not reported", "unreported") for key, value in topic.config().items()]
    found = {key: str(entry["value"]) for key, entry in configs[topic.name].items()}
    return [
        Drift(topic.name, key, value, found.get(key, "not reported"), "drift" if key in found else "unreported")
        for key, value in topic.config().items()
        if found.get(key) != value
    ]
