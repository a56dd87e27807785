"""What the chart and the compose file deploy is run as it stands: every container's command, on real services.

Images cannot be built where the tests run. So each command runs in a Python that lacks what the image lacks and that
can write nothing outside ``/tmp``, with the environment of the rendered ConfigMap or of the compose file; what differs
are addresses, the port of each worker (they share a machine here) and the folder of models.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.commands.worker import Name
from streams.embedded import ports
from streams.embedded.stack import Stack
from streams.embedded.tansu import SETTINGS as TANSU_SETTINGS
from streams.settings import SECRETS_DIR
from tests.deploy import chart, compose
from tests.deploy.compose import Container

ROOT = Path(__file__).parents[2]
PATIENCE_S = 180.0
WORKERS = tuple(name.value for name in Name)
WARD = {"enabled": True, "patients": 3, "hours": 2, "speed": "max"}

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(400)]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Stack]:
    """Broker, Redis and Triton, and no worker; anew for each test, for static members stay in their groups."""
    with Stack(tmp_path / "stack", broker="tansu", model_repository=ROOT / "model_repo") as stack:
        yield stack


class Running:
    """Containers as processes of this machine."""

    def __init__(self, services: Stack, folder: Path) -> None:
        self.services, self.folder = services, folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, int] = {}

    def start(self, container: Container) -> None:
        """Run its command; what it says goes to a file."""
        self.ports[container.name] = ports.free_port()
        env = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests/deploy/container"), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            **container.env,
            "CARDIOSTREAM_MODEL_REPOSITORY": str(ROOT / "model_repo"),
            "CARDIOSTREAM_METRICS_PORT": str(self.ports[container.name]),
        }
        argv = [sys.executable, "-m", "streams.cli", *container.arguments]
        with self.log(container.name).open("wb") as log:
            self.processes[container.name] = subprocess.Popen(
                argv, cwd="/tmp", env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def finish(self, container: Container) -> int:
        """Run it to its end and return its exit status."""
        self.start(container)
        return self.processes.pop(container.name).wait(PATIENCE_S)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def said(self, name: str) -> str:
        return self.log(name).read_text("utf-8", "replace")

    def answers(self, name: str, path: str) -> str:
        """Return what a worker answers to a GET, empty where it does not answer 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[name], timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            given = connection.getresponse()
            if given.status == 200:
                return given.read().decode()
        return ""

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} ended: {self.said(name)}"
            assert time.monotonic() < deadline, f"gave up waiting: {what}"
            time.sleep(0.1)

    def counted(self, name: str, metric: str) -> float:
        """Return the sum of a counter over its labels."""
        lines = self.answers(name, "/metrics").splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric))

    def stop(self) -> dict[str, int]:
        """Ask all to end, and return how they did."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(PATIENCE_S) for name, process in self.processes.items()}


@pytest.fixture
def running(services: Stack, tmp_path: Path) -> Iterator[Running]:
    made = Running(services, tmp_path)
    yield made
    for process in made.processes.values():
        if process.poll() is None:
            process.kill()
            process.wait()


def from_the_chart(services: Stack) -> dict[str, Container]:
    """Return the containers of a release for these services."""
    given = services.settings
    own = TANSU_SETTINGS if not given.producer_idempotence else {}
    values = {
        "kafka": {"bootstrapServers": given.bootstrap_servers, "partitions": given.partitions, "replicationFactor": 1},
        "redis": {"url": given.redis_url},
        "triton": {"enabled": False, "url": given.triton_url},
        "networkPolicy": {"enabled": False},
        "settings": {**own, "stop_deadline_s": 12},
        "ward": WARD,
    }
    return chart.containers(values)


def from_compose(services: Stack, folder: Path) -> dict[str, Container]:
    """Return the containers of the compose file, with these addresses and Redis' as a secret."""
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "cardiostream_redis_url").write_text(services.settings.redis_url)
    given = services.env
    mapped = {name: given[name] for name in ("CARDIOSTREAM_BOOTSTRAP_SERVERS", "CARDIOSTREAM_TRITON_URL")}
    if not services.settings.producer_idempotence:
        mapped |= {name: given[name] for name in (f"CARDIOSTREAM_{n.upper()}" for n in TANSU_SETTINGS)}
    containers = {}
    for name, one in compose.ours().items():
        has_secrets = {SECRETS_DIR: str(secrets)} if SECRETS_DIR in one.env else {}
        containers[name] = one._replace(env={**one.env, **mapped, **has_secrets})
    return containers


def shortened(ward: Container) -> Container:
    """Return the ward of the compose file with fewer patients and an end."""
    kept = [word for word in ward.arguments if word != "--live"]
    for option, value in (("--patients", "3"), ("--hours", "2"), ("--speed", "max")):
        kept[kept.index(option) + 1] = value
    return ward._replace(arguments=tuple(kept))


def test_what_compose_deploys_scores_a_ward(services: Stack, running: Running, tmp_path: Path) -> None:
    containers = from_compose(services, tmp_path)
    assert_it_scores(running, containers, shortened(containers["ward"]))
    watch = containers["watch"]
    assert running.finish(watch._replace(arguments=(*watch.arguments, "--once"))) == 0
    assert "sim" in running.said("watch")


def test_what_the_chart_deploys_scores_a_ward(services: Stack, running: Running) -> None:
    containers = from_the_chart(services)
    assert_it_scores(running, containers, containers["ward"], lambda: assert_models_switch(running, containers))
    watch = containers["bedside"]._replace(name="watch", arguments=("watch", "--once"))
    assert running.finish(watch) == 0
    assert "sim" in running.said("watch")


def assert_models_switch(running: Running, containers: dict[str, Container]) -> None:
    """Check a model, silence it and make it live again, from a shell in the bedside pod."""
    model = str(ROOT / "model_repo/deterioration_gru")
    why = ("deterioration_gru", "3", "--why", "test", "--by", "test")
    for name, arguments in {"check": (model, "--triton"), "silence": why, "promote": why}.items():
        command = containers["bedside"]._replace(name=name, arguments=("models", name, *arguments))
        assert running.finish(command) == 0, running.said(name)


def assert_it_scores(
    running: Running, containers: dict[str, Container], ward: Container, then: Callable[[], None] = lambda: None
) -> None:
    assert running.finish(containers["topics"]) == 0, running.said("topics")
    for name in WORKERS:
        running.start(containers[name])
    running.wait("all are ready", lambda: all(running.answers(name, "/ready") for name in WORKERS))
    assert running.finish(ward) == 0, running.said("ward")
    running.wait("a score", lambda: running.counted("bedside", "cardiostream_scores_total") > 0)
    running.wait("a view", lambda: running.counted("cache", "cardiostream_view_writes_total") > 0)
    then()
    assert all(running.answers(name, "/live") for name in WORKERS)
    assert running.stop() == dict.fromkeys(WORKERS, 0), {name: running.said(name) for name in WORKERS}
    running.processes.clear()
