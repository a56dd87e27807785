from pathlib import Path

import pytest

from streams.embedded import apache_kafka


@pytest.fixture
def distribution(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kafka-server-start.sh").touch()
    return tmp_path


def test_without_kafka_home_there_is_no_apache_kafka() -> None:
    assert apache_kafka.why_not(None) == "KAFKA_HOME is not set"


def test_a_folder_that_is_no_distribution_is_named(tmp_path: Path) -> None:
    assert apache_kafka.why_not(tmp_path) == f"KAFKA_HOME={tmp_path} holds no bin/kafka-server-start.sh"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ('openjdk version "17.0.15" 2025-04-15', ""),
        ('openjdk version "21" 2023-09-19', ""),
        ('java version "1.8.0_402"', "Java 8 is too old, Kafka needs 17"),
        ('openjdk version "11.0.2"', "Java 11 is too old, Kafka needs 17"),
        ("no version at all", "no working Java on the path"),
    ],
)
def test_java_must_be_new_enough(
    told: str, reason: str, distribution: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{told}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert apache_kafka.why_not(distribution) == reason


def test_without_java_there_is_no_apache_kafka(
    distribution: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    assert apache_kafka.why_not(distribution) == "no working Java on the path"


def test_a_cluster_id_never_looks_like_an_option() -> None:
    ids = {apache_kafka._cluster_id() for _ in range(500)}
    assert len(ids) == 500
    assert all(len(text) == 22 and not text.startswith("-") for text in ids)
