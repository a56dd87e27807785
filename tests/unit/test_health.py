"""What a worker answers about itself, and how a container asks."""

from __future__ import annotations

import http.client
import subprocess
import sys
from pathlib import Path

import pytest

from streams import health
from streams.health import Pulse, answer


class Seconds:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def pulse(seconds: Seconds) -> Pulse:
    return Pulse(60.0, seconds)


def test_a_worker_that_starts_is_live_and_not_ready(pulse: Pulse) -> None:
    assert answer("/live", pulse).status == 200
    assert answer("/ready", pulse) == (503, "text/plain; charset=utf-8", b"no: waits for its partitions\n")


def test_with_its_partitions_it_is_ready(pulse: Pulse) -> None:
    pulse.prepared = True
    assert answer("/ready", pulse) == (200, "text/plain; charset=utf-8", b"yes: has its partitions\n")


def test_one_that_hangs_is_neither_live_nor_ready(pulse: Pulse, seconds: Seconds) -> None:
    pulse.prepared = True
    seconds.now += 61.0
    assert answer("/live", pulse) == (503, "text/plain; charset=utf-8", b"no: last got on 61 s ago, limit 60 s\n")
    assert answer("/ready", pulse).status == 503


def test_a_beat_makes_it_live_again(pulse: Pulse, seconds: Seconds) -> None:
    seconds.now += 61.0
    pulse.beat()
    seconds.now += 60.0
    assert answer("/live", pulse).status == 200


def test_metrics_are_prometheus_text(pulse: Pulse) -> None:
    given = answer("/metrics", pulse)
    assert given.status == 200
    assert given.kind.startswith("text/plain")
    assert b"# TYPE python_info gauge" in given.body


@pytest.mark.parametrize("path", ["/", "/live/", "/metrics/../etc", ""])
def test_anything_else_is_not_there(path: str, pulse: Pulse) -> None:
    assert answer(path, pulse) == (404, "text/plain; charset=utf-8", b"expected /live, /ready or /metrics\n")


def test_it_answers_over_http_on_loopback_and_changes_nothing(pulse: Pulse) -> None:
    with health.serve("127.0.0.1", 0, pulse) as server:
        port = server.server_address[1]
        assert health.ask("live", port)
        assert not health.ask("ready", port)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("POST", "/live", body=b"x")
        assert connection.getresponse().status == 501
        connection.close()
        server.shutdown()


def test_nobody_answers_where_nobody_listens() -> None:
    assert not health.ask("live", 1)


@pytest.mark.parametrize("arguments", [[], ["dead"], ["live", "ready"]])
def test_a_question_that_is_none_is_an_error(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARDIOSTREAM_METRICS_PORT", "9100")
    assert health.main(arguments) == 2
    assert "expected `live` or `ready`" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "", "http"])
def test_without_a_port_it_says_which_variable_is_missing(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARDIOSTREAM_METRICS_PORT", port)
    assert health.main(["live"]) == 2
    assert "CARDIOSTREAM_METRICS_PORT" in capsys.readouterr().err


def test_the_question_of_a_container_is_asked_by_the_module_and_loads_no_library(pulse: Pulse) -> None:
    asked = "import sys, streams.health; print({'pydantic', 'prometheus_client', 'faust'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"
    pulse.prepared = True
    with health.serve("127.0.0.1", 0, pulse) as server:
        port, path = str(server.server_address[1]), str(Path(health.__file__).parents[1])
        env = {"CARDIOSTREAM_METRICS_PORT": port, "PYTHONPATH": path}
        argv = [sys.executable, "-m", "streams.health", "ready"]
        assert subprocess.run(argv, env=env, check=False).returncode == 0
        pulse.prepared = False
        assert subprocess.run(argv, env=env, check=False).returncode == 1
        server.shutdown()
