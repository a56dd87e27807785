"""Who takes part: CardioStream in several modes, and the peers that are installed."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Protocol

from bench.feed import Feed, produce
from bench.ground import make_topics, wait_owned, wait_visible
from streams import topics
from streams.embedded.stack import Stack

ROOT = Path(__file__).resolve().parent.parent
VENVS = Path(os.environ.get("BENCH_VENVS", ROOT / ".venv-bench"))
"""Folder of virtual environments of those peers whose dependencies clash with the project's."""
PROBES = 24
READY_S = 600.0
"""A worker that restores a large state is ready late."""


class Contestant(Protocol):
    """One of those who do the work; started and stopped at will, keeping its place in its source topic."""

    name: str
    source: str
    results: str

    def start(self) -> None:
        """Start its processes and return at once."""

    def stop(self) -> None:
        """Stop them in good order."""

    def pids(self) -> dict[str, int]:
        """Return its own processes by name."""


class Mode(NamedTuple):
    """One way of running CardioStream."""

    name: str
    coalesce: bool = True
    keyed: bool = True
    """Whether `bedside` reads the source itself, as the peers do; else `normalise` is a hop of its own."""


MODES = (
    Mode("CardioStream, coalesced"),
    Mode("CardioStream, one inference per observation", coalesce=False),
    Mode("CardioStream, coalesced, normalise as a hop", keyed=False),
)


class CardioStream:
    """All workers that a site needs whose only source is `source`."""

    def __init__(self, stack: Stack, mode: Mode, number: int = 0, bedsides: int = 1) -> None:
        self.name, self._stack = mode.name, stack
        self.source, self.results = f"bench.fhir.{number}", topics.SCORES
        source = {"name": "bench", "topic": self.source, "keyed_by_patient": mode.keyed}
        self._environment = {
            "CARDIOSTREAM_SOURCES": json.dumps([source]),
            "CARDIOSTREAM_COALESCE": str(mode.coalesce).lower(),
            # No peer has a policy of alerts, which judges every minute of a backlog; docs/alerts.md has its cost.
            "CARDIOSTREAM_ALERTS": "false",
        }
        kinds = ("bedside", "cache") if mode.keyed else ("normalise", "bedside", "cache")
        self._group = topics.GROUP_BEDSIDE if mode.keyed else topics.GROUP_NORMALISE
        self._kinds = [kind for kind in kinds for _ in range(bedsides if kind == "bedside" else 1)]
        make_topics(stack.settings, (self.source,))

    def start(self) -> None:
        """Start the workers and wait until they have their partitions, those of the source too."""
        started = [self._stack.start_worker(kind, self._environment) for kind in self._kinds]
        for worker in started:
            worker.wait_ready(READY_S)
        wait_owned(self._stack.settings, self._group, self.source)

    def stop(self) -> None:
        """Stop the workers."""
        for worker in self._stack.workers.values():
            worker.stop()
        self._stack.workers.clear()

    def pids(self) -> dict[str, int]:
        """Return the workers."""
        return {name: worker.pid for name, worker in self._stack.workers.items()}


class Program(NamedTuple):
    """One peer as it lies in `bench.peers`."""

    name: str
    module: str
    needs: str
    venv: str = ""
    """Folder in `VENVS`, where it cannot live beside the project."""

    @property
    def python(self) -> str:
        """The interpreter that has what it needs."""
        return str(VENVS / self.venv / "bin" / "python") if self.venv else sys.executable

    def missing(self) -> str:
        """Say what it lacks; empty where it can run."""
        if self.venv:
            return "" if Path(self.python).exists() else f"no {VENVS / self.venv}; run `make bench-venvs`"
        return "" if importlib.util.find_spec(self.needs) else f"{self.needs} is not installed; extra `bench`"


PROGRAMS = (
    Program("confluent-kafka, two in flight", "confluent_two", "confluent_kafka"),
    Program("confluent-kafka, batch loop", "confluent_batch", "confluent_kafka"),
    Program("aiokafka, pipelined", "aiokafka_pipelined", "aiokafka"),
    Program("Pathway", "pathway_table", "pathway", "pathway"),
    Program("Bytewax", "bytewax_flow", "bytewax"),
    Program("Quix Streams, sink", "quix_sink", "quixstreams", "quix"),
    Program("Faust, take", "faust_take", "faust"),
)


class Peer:
    """One program as a process."""

    def __init__(self, stack: Stack, program: Program, number: int) -> None:
        self.name, self._stack, self._program = program.name, stack, program
        self.source, self.results = f"bench.in.{number}", f"bench.out.{number}"
        self._process: subprocess.Popen[bytes] | None = None
        make_topics(stack.settings, (self.source, self.results))

    def start(self) -> None:
        """Start it."""
        settings = self._stack.settings
        log_path = settings.run_dir / "logs" / f"{self._program.module}.log"
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "BENCH_BOOTSTRAP": settings.bootstrap_servers,
            "BENCH_REDIS": settings.redis_url,
            "BENCH_TRITON": settings.triton_url,
            "BENCH_MODELS": str(settings.model_repository),
            "BENCH_SOURCE": self.source,
            "BENCH_RESULTS": self.results,
        }
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program.python, "-m", f"bench.peers.{self._program.module}"],
                env=environment, stdout=log, stderr=log, cwd=settings.run_dir,
            )  # fmt: skip

    def stop(self) -> None:
        """Ask it to end, and kill it where it does not."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
            self._process = None

    def pids(self) -> dict[str, int]:
        """Return the process."""
        return {"peer": self._process.pid} if self._process is not None else {}


def probe(stack: Stack, contestant: Contestant, prefix: str, timeout_s: float = 90.0) -> float:
    """Send a few patients' observations through, so that all is connected and warm; return the seconds it took."""
    began = time.monotonic()
    feed = Feed(stack.settings, prefix, PROBES, contestant.source)
    produce(stack.settings, feed.more(6))
    wait_visible(stack.settings, feed.patients, feed.as_of, timeout_s)
    return time.monotonic() - began
