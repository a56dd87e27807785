"""Each part of the embedded stack, up and down, alone and together."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis
from tritonclient import grpc

from streams.embedded import addresses
from streams.embedded.part import PartFailed
from streams.embedded.services import BrokerChoice
from streams.embedded.stack import Stack
from streams.embedded.supervisor import Supervisor
from streams.embedded.triton import TritonServer
from streams.embedded.watchdog import SHARED_MEMORY
from streams.embedded.worker import Worker
from streams.errors import ContractError
from streams.provision.broker import admin, answers
from streams.settings import Settings

pytestmark = pytest.mark.embedded


@pytest.fixture(params=["tansu", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> BrokerChoice:
    chosen: BrokerChoice = request.param
    return chosen


def pids(stack: Stack) -> list[int]:
    running = json.loads((stack.settings.run_dir / "addresses.json").read_text())
    return [running["watchdog"], *(part["pid"] for part in running["parts"].values())]


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def listening(pid: int) -> set[str]:
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return {c.laddr.ip for p in family for c in p.net_connections("tcp") if c.status == psutil.CONN_LISTEN}


def test_everything_comes_up_on_loopback_and_goes_down_without_a_trace(
    broker: BrokerChoice, tiny_repository: Path, tmp_path: Path
) -> None:
    with Stack(tmp_path, broker=broker, model_repository=tiny_repository) as stack:
        settings = stack.settings
        assert answers(settings.bootstrap_servers)
        assert redis.Redis.from_url(settings.redis_url).ping()
        assert grpc.InferenceServerClient(settings.triton_url).is_model_ready("tiny")
        triton = stack.services["triton"]
        assert isinstance(triton, TritonServer)
        shared = triton.shared_memory
        assert list(SHARED_MEMORY.glob(f"{shared}*"))
        started = pids(stack)
        assert len(started) == 4
        heard = set().union(*(listening(pid) for pid in started[1:]))
        assert heard <= {"127.0.0.1", "::ffff:127.0.0.1"}
        assert heard
    assert all(is_gone(pid) for pid in started)
    assert not answers(settings.bootstrap_servers)
    assert not (tmp_path / "addresses.json").exists()
    assert not list(SHARED_MEMORY.glob(f"{shared}*"))
    assert {path.name for path in (tmp_path / "logs").glob("*.log")} >= {"broker.log", "redis.log", "triton.log"}


def test_another_process_finds_the_stack_by_its_environment(tiny_repository: Path, tmp_path: Path) -> None:
    with Stack(
        tmp_path, broker="tansu", model_repository=tiny_repository, settings_overrides={"partitions": 3}
    ) as stack:
        code = "from streams.settings import Settings; print(Settings().model_dump_json())"
        env = {**stack.env, "PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])}
        told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
        assert json.loads(told) == json.loads(stack.settings.model_dump_json())
        assert stack.settings.partitions == 3


def test_commands_find_the_stack_by_its_run_folder(tiny_repository: Path, tmp_path: Path) -> None:
    with Stack(tmp_path, broker="tansu", model_repository=tiny_repository) as stack:
        found = addresses.connect(Settings(run_dir=tmp_path))
        assert found.bootstrap_servers == stack.settings.bootstrap_servers
        assert (found.producer_idempotence, found.session_timeout_s, found.linger_ms) == (False, 6.0, 20)
        assert found.fetch_max_wait_ms == 20
    assert addresses.connect(Settings(run_dir=tmp_path)).bootstrap_servers == "127.0.0.1:9092"


def test_a_user_s_own_choice_overrules_what_the_wheel_s_broker_would_like(
    tiny_repository: Path, tmp_path: Path
) -> None:
    chosen = {"linger_ms": 1}
    with Stack(tmp_path, broker="tansu", model_repository=tiny_repository, settings_overrides=chosen) as stack:
        assert stack.settings.linger_ms == 1
        assert stack.settings.producer_idempotence is False


def test_triton_and_redis_come_back_at_the_same_address(tiny_repository: Path, tmp_path: Path) -> None:
    with Stack(tmp_path, broker="tansu", model_repository=tiny_repository) as stack:
        client, url = redis.Redis.from_url(stack.settings.redis_url), stack.settings.triton_url
        client.set("key", "value")
        stack.stop_redis()
        stack.stop_triton()
        assert not grpc_ready(url)
        stack.check()
        stack.start_redis()
        stack.start_triton()
        assert client.get("key") is None
        assert grpc_ready(url)


def grpc_ready(url: str) -> bool:
    try:
        with grpc.InferenceServerClient(url) as client:
            return bool(client.is_server_ready(client_timeout=2))
    except grpc.InferenceServerException:
        return False


def test_an_external_service_is_used_and_not_started(tiny_repository: Path, tmp_path: Path) -> None:
    with Stack(tmp_path / "one", broker="tansu", model_repository=tiny_repository) as first:
        others = {name: getattr(first.settings, name) for name in ("bootstrap_servers", "triton_url")}
        second = Stack(
            tmp_path / "two",
            external=("broker", "triton"),
            model_repository=tiny_repository,
            settings_overrides=others,
        )
        with second:
            assert list(second.services) == ["redis"]
            assert second.settings.triton_url == first.settings.triton_url
            assert second.settings.redis_url != first.settings.redis_url
        assert answers(first.settings.bootstrap_servers)


def test_the_password_of_an_external_redis_is_not_written_down(tiny_repository: Path, tmp_path: Path) -> None:
    secret = {"redis_url": "redis://cache:s3cr3t@127.0.0.1:6379/0"}
    stack = Stack(
        tmp_path, broker="tansu", external=("redis",), model_repository=tiny_repository, settings_overrides=secret
    )
    with stack:
        written = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*.*") if path.is_file())
        assert "bootstrap_servers" in written
        assert "s3cr3t" not in written


def test_an_external_broker_that_does_not_answer_is_named(tiny_repository: Path, tmp_path: Path) -> None:
    away = {"bootstrap_servers": "127.0.0.1:1"}
    stack = Stack(
        tmp_path, external=("broker", "redis", "triton"), model_repository=tiny_repository, settings_overrides=away
    )
    with pytest.raises(Exception, match=r"no Kafka broker answers at 127\.0\.0\.1:1"):
        stack.start()


def test_a_missing_model_repository_is_named_before_anything_is_left_running(tmp_path: Path) -> None:
    stack = Stack(tmp_path, broker="tansu", model_repository=tmp_path / "none")
    with pytest.raises(ContractError, match="CARDIOSTREAM_MODEL_REPOSITORY"):
        stack.start()
    assert not addresses.is_running(tmp_path)


def test_the_wheel_s_broker_cannot_keep_and_says_so(tiny_repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="--keep"):
        Stack(tmp_path, broker="tansu", keep=True, model_repository=tiny_repository).start()


@pytest.mark.kafka
@pytest.mark.parametrize("keep", [True, False])
def test_apache_kafka_starts_empty_unless_told_to_keep(keep: bool, tiny_repository: Path, tmp_path: Path) -> None:
    first = Stack(tmp_path, broker="kafka", model_repository=tiny_repository)
    with first, admin(first.settings.bootstrap_servers) as client:
        client.create_topics({"kept": {"num_partitions": 1, "replication_factor": 1}})
    second = Stack(tmp_path, broker="kafka", keep=keep, model_repository=tiny_repository)
    with second, admin(second.settings.bootstrap_servers) as client:
        assert ("kept" in client.list_topics()) is keep


@pytest.mark.parametrize(
    ("part", "name"),
    [("redis", "port"), ("broker", "port"), ("triton", "port"), ("triton", "http_port"), ("triton", "metrics_port")],
)
def test_a_port_lost_to_another_program_between_choice_and_start_is_replaced(
    part: str, name: str, tiny_repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as thief:
        stolen = thief.getsockname()[1]
        original = Stack._build_services

        def steal(stack: Stack) -> None:
            original(stack)
            setattr(stack.services[part], name, stolen)

        monkeypatch.setattr(Stack, "_build_services", steal)
        with Stack(tmp_path, broker="tansu", model_repository=tiny_repository) as stack:
            assert getattr(stack.services[part], name) != stolen
            assert redis.Redis.from_url(stack.settings.redis_url).ping()
            assert answers(stack.settings.bootstrap_servers)
            assert grpc.InferenceServerClient(stack.settings.triton_url).is_model_ready("tiny")


def test_a_worker_that_ends_before_it_is_ready_is_told_with_its_last_words(
    tiny_repository: Path, tmp_path: Path
) -> None:
    with Stack(tmp_path, broker="tansu", model_repository=tiny_repository) as stack:
        worker = stack.start_worker("no-such-worker")
        with pytest.raises(PartFailed, match="no-such-worker") as failure:
            worker.wait_ready(30)
        assert "exit code" in str(failure.value)


class ShortLived(Worker):
    """A worker that is ready at once and ends with code 3, as one with a broken contract would."""

    def start(self) -> None:
        self.ready_file.unlink(missing_ok=True)
        code = f"import pathlib,sys; pathlib.Path({str(self.ready_file)!r}).touch(); sys.exit('contract broken')"
        self._run([sys.executable, "-c", code])


def test_a_worker_that_keeps_ending_is_restarted_and_then_given_up_with_the_reason(
    tiny_repository: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    with Stack(
        tmp_path, broker="tansu", model_repository=tiny_repository, progress=lambda part, what: told.append(what)
    ) as stack:
        stack.workers["bedside"] = ShortLived(stack._open_place, "bedside", "bedside", {})
        stack.workers["bedside"].start()
        with pytest.raises(PartFailed, match="ended 2 times, last with exit code 1") as failure:
            Supervisor(stack, restarts=1).watch(lambda: False)
    assert "contract broken" in str(failure.value)
    assert "ended (exit code 1); starting again in 1 s, 1 of 1" in told


def test_a_stopped_worker_does_not_outlive_the_stack(tiny_repository: Path, tmp_path: Path) -> None:
    class Stubborn(Worker):
        def start(self) -> None:
            code = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
            self._run([sys.executable, "-c", code])

    stack = Stack(tmp_path, broker="tansu", model_repository=tiny_repository)
    stack.start()
    worker = stack.workers["bedside"] = Stubborn(stack._open_place, "bedside", "bedside", {})
    worker.start()
    time.sleep(0.3)
    pid = worker.pid
    stack.stop(grace_s=0.5)
    assert is_gone(pid)


def test_the_logs_of_the_last_start_are_put_aside(tiny_repository: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with Stack(tmp_path, broker="tansu", model_repository=tiny_repository):
            log = (tmp_path / "logs" / "redis.log").read_text()
            assert log.count("Ready to accept connections") <= 1
    assert (tmp_path / "logs" / "redis.log.1").exists()
    assert not (tmp_path / "logs" / "redis.log.1.1").exists()
