"""Stacks with all workers, feeds and the independent count, for the acceptance tests."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.embedded.stack import Stack
from streams.verify.audit import Report, audit
from streams.verify.settled import wait_until_settled
from tests.conftest import vitals_alone

SESSION_TIMEOUT_S = 4.0
FOR_VITALS = ("normalise", "bedside", "cache")


class Ward:
    """A running stack, and what the tests do to it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self.folder = stack, folder

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a `cardiostream` command against this stack."""
        with (self.folder / "commands.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "streams.cli", *arguments],
                env={**os.environ, **self.stack.env},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def run(self, *arguments: str) -> None:
        """Run a `cardiostream` command to its end."""
        assert self.command(*arguments).wait(300) == 0, (self.folder / "commands.log").read_text()[-2000:]

    def recorded(self, patients: int, hours: float, seed: int = 1) -> Path:
        """Return a recorded feed of a simulated ward."""
        path = self.folder / f"ward-{patients}-{hours}-{seed}.ndjson.gz"
        if not path.exists():
            self.run(
                "simulate", "--patients", str(patients), "--hours", str(hours), "--seed", str(seed), "--out", str(path)
            )
        return path

    def settled(self, wait_s: float = 90.0) -> Report:
        """Wait until everything has been read, and count."""
        return asyncio.run(self._settled(wait_s))

    async def _settled(self, wait_s: float) -> Report:
        await wait_until_settled(self.stack.settings, wait_s)
        return await audit(self.stack.settings)

    def eventually(self, wait_s: float = 120.0) -> Report:
        """Count again and again until everything agrees, or the time is over."""
        end = time.monotonic() + wait_s
        report = self.settled()
        while report.findings and time.monotonic() < end:
            time.sleep(1.0)
            report = self.settled()
        return report


@contextmanager
def opened(
    folder: Path, broker: str, workers: tuple[str, ...] = FOR_VITALS, models: Path | None = None, **settings: Any
) -> Iterator[Ward]:
    """Start a stack of its own, for vital signs where no other models are named."""
    overrides = {**({"session_timeout_s": SESSION_TIMEOUT_S} if broker == "kafka" else {}), **settings}
    with Stack(
        folder / "run",
        broker=broker,  # type: ignore[arg-type]
        workers=workers,
        model_repository=models or vitals_alone(folder),
        settings_overrides=overrides,
    ) as stack:
        yield Ward(stack, folder)


@pytest.fixture
def kafka_ward(tmp_path: Path) -> Iterator[Ward]:
    """Apache Kafka, Redis, Triton and the workers of vital signs, with a short session time-out."""
    with opened(tmp_path, "kafka") as ward:
        yield ward


@pytest.fixture
def wheel_ward(tmp_path: Path) -> Iterator[Ward]:
    """The wheel's broker, Redis, Triton and the workers of vital signs."""
    with opened(tmp_path, "tansu") as ward:
        yield ward
