"""Examines an installation: can the embedded stack run here, and if not, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from streams.embedded import checks, programs
from streams.embedded.apache_kafka import java_version
from streams.embedded.checks import Finding
from streams.settings import Settings


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the finding of each check, the quick ones first."""
    yield checks.python()
    yield checks.wheels()
    yield checks.glibc()
    yield checks.binary("Tansu", programs.tansu, "--version")
    yield checks.binary("Redis", programs.redis_server, "--version")
    yield checks.stub()
    yield checks.java(java_version())
    yield checks.kafka_home(settings.kafka_home)
    yield checks.default_ports()
    yield checks.fusion_file(settings.fusion_file)
    yield checks.disk(settings.run_dir)
    yield checks.shared_memory()
    yield checks.model_repository(settings.model_repository)
