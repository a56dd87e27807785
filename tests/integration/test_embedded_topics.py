"""The declared topics on real brokers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from streams import topics
from streams.embedded.stack import Stack
from streams.provision.broker import admin
from streams.provision.topics import Drift, check, create

ROOT = Path(__file__).parents[2]


def command(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **stack.env, "COLUMNS": "200"}
    argv = [sys.executable, "-m", "streams.cli", *words]
    return subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module", params=["tansu", pytest.param("kafka", marks=pytest.mark.kafka)])
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_repository: Path
) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("topics"), broker=request.param, model_repository=tiny_repository) as made:
        yield made


@pytest.fixture
def own_kafka(tmp_path: Path, tiny_repository: Path) -> Iterator[Stack]:
    with Stack(tmp_path, broker="kafka", model_repository=tiny_repository) as made:
        yield made


@pytest.mark.embedded
def test_a_started_stack_has_every_declared_topic(stack: Stack) -> None:
    assert [drift for drift in check(stack.settings) if drift.kind == "drift"] == []
    with admin(stack.settings.bootstrap_servers) as client:
        assert {topic.name for topic in topics.TOPICS} <= set(client.list_topics())


@pytest.mark.embedded
def test_creating_again_changes_nothing(stack: Stack) -> None:
    report = create(stack.settings)
    assert report.created == ()
    assert set(report.existing) == {topic.name for topic in topics.TOPICS}
    assert [drift for drift in check(stack.settings) if drift.kind == "drift"] == []


@pytest.mark.embedded
def test_the_command_shows_every_topic_with_its_writers_and_readers(stack: Stack) -> None:
    told = command(stack, "topics", "create")
    assert told.returncode == 0, told.stderr
    for topic in topics.TOPICS:
        assert topic.name in told.stdout
        assert topic.consumers in told.stdout


@pytest.mark.embedded
def test_another_partition_count_is_drift_on_any_broker(stack: Stack) -> None:
    other = stack.settings.model_copy(update={"partitions": 5})
    drifts = [drift for drift in check(other) if drift.kind == "drift"]
    assert Drift("risk.scores", "partitions", "5", "6") in drifts
    assert {drift.what for drift in drifts} == {"partitions"}
    assert "control.clock" not in {drift.topic for drift in drifts}


@pytest.mark.embedded
def test_a_stack_is_refused_on_topics_with_another_partition_count(
    stack: Stack, tmp_path: Path, tiny_repository: Path
) -> None:
    second = Stack(
        tmp_path,
        external=("broker", "redis", "triton"),
        model_repository=tiny_repository,
        settings_overrides={"bootstrap_servers": stack.settings.bootstrap_servers, "partitions": 5},
    )
    with pytest.raises(Exception, match="partitions expected 5, found 6"):
        second.start()


@pytest.mark.embedded
def test_what_the_wheel_s_broker_cannot_report_is_said(tmp_path: Path, tiny_repository: Path) -> None:
    with Stack(tmp_path, broker="tansu", model_repository=tiny_repository) as stack:
        told = command(stack, "topics", "check")
    assert told.returncode == 0, told.stderr
    assert "not checked, because this broker does not report them: cleanup.policy" in told.stdout
    assert f"{len(topics.TOPICS)} topics declared, 0 differences" in told.stdout


@pytest.mark.kafka
def test_every_kind_of_drift_is_found_and_the_command_fails(own_kafka: Stack) -> None:
    ok = command(own_kafka, "topics", "check")
    assert (ok.returncode, ok.stdout.strip()) == (0, f"{len(topics.TOPICS)} topics declared, 0 differences")
    with admin(own_kafka.settings.bootstrap_servers) as client:
        client.delete_topics(["risk.latest"])
        client.create_partitions({"events.ticks": 8})
        changed = {
            "cleanup.policy": "delete",
            "retention.ms": "1000",
            "max.message.bytes": "2048",
            "message.timestamp.type": "LogAppendTime",
        }
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "state.bedside", configs=changed)])
    assert check(own_kafka.settings) == [
        Drift("events.ticks", "partitions", "6", "8"),
        Drift("risk.latest", "topic", "present", "missing"),
        Drift("state.bedside", "cleanup.policy", "compact", "delete"),
        Drift("state.bedside", "retention.ms", "-1", "1000"),
        Drift("state.bedside", "max.message.bytes", "1048576", "2048"),
        Drift("state.bedside", "message.timestamp.type", "CreateTime", "LogAppendTime"),
    ]
    told = command(own_kafka, "topics", "check")
    assert told.returncode == 1
    assert f"{len(topics.TOPICS)} topics declared, 6 differences" in told.stdout
    assert create(own_kafka.settings).created == ("risk.latest",)


def test_without_a_broker_the_command_says_what_to_do() -> None:
    env = {**os.environ, "CARDIOSTREAM_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    argv = [sys.executable, "-m", "streams.cli", "topics", "check"]
    told = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 1
    assert told.stderr.startswith("error: no Kafka broker answers at 127.0.0.1:1")
    assert "cardiostream up" in told.stderr
