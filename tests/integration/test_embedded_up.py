"""The command ``cardiostream up`` as a user meets it: started, disturbed, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from streams import topics
from streams.embedded.watchdog import SHARED_MEMORY
from streams.provision.broker import answers

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0

pytestmark = pytest.mark.embedded


class Up:
    """One ``cardiostream up`` in a run folder of its own."""

    def __init__(self, folder: Path, repository: Path, *options: str, **popen: Any) -> None:
        """Start it; without ``--workers`` among the options it runs the services alone."""
        self.run_dir, self.output = folder / "run", folder / "output.txt"
        self.env = {
            **os.environ,
            "CARDIOSTREAM_RUN_DIR": str(self.run_dir),
            "CARDIOSTREAM_MODEL_REPOSITORY": str(repository),
            "COLUMNS": "200",
        }
        argv = [sys.executable, "-m", "streams.cli", "up", *options]
        if "--workers" not in options:
            argv.append("--no-workers")
        with self.output.open("wb") as output:
            given: dict[str, Any] = {
                "stdin": subprocess.DEVNULL,
                "stdout": output,
                "stderr": subprocess.STDOUT,
                **popen,
            }
            self.process = subprocess.Popen(argv, cwd=ROOT, env=self.env, start_new_session=True, **given)

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def addresses(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run_dir / "addresses.json").read_text())
        return found

    def wait_up(self) -> dict[str, Any]:
        def is_up() -> bool:
            assert self.process.poll() is None, self.said()
            with contextlib.suppress(FileNotFoundError, KeyError):
                return answers(self.addresses()["settings"]["bootstrap_servers"])
            return False

        wait_for(is_up)
        return self.addresses()

    def alive(self) -> list[str]:
        """Every process of this stack that still runs, known by its environment or, for Redis, its folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                marked = process.environ().get("CARDIOSTREAM_RUN_DIR") == str(self.run_dir)
                ours = marked or Path(process.cwd()).is_relative_to(self.run_dir)
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(f"{process.pid} {process.name()}")
        return found

    def shared_memory_prefix(self) -> str:
        """Prefix that only this stack's Triton gives its shared memory."""
        triton = psutil.Process(self.addresses()["parts"]["triton"]["pid"])
        found: list[str] = re.findall(r"cardiostream_[0-9a-f]{12}_", " ".join(triton.cmdline()))
        return found[0]


def shared_memory(prefix: str) -> list[Path]:
    return list(SHARED_MEMORY.glob(f"{prefix}*"))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.05)


@pytest.fixture
def start(tmp_path: Path, tiny_repository: Path) -> Iterator[Callable[..., Up]]:
    made: list[Up] = []

    def make(*options: str, **popen: Any) -> Up:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Up(folder, tiny_repository, *options, **popen))
        return made[-1]

    yield make
    for up in made:
        if up.process.poll() is None:
            up.process.kill()
            up.process.wait()


BROKERS = pytest.mark.parametrize("broker", ["tansu", pytest.param("kafka", marks=pytest.mark.kafka)])


@BROKERS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_stops_everything_and_succeeds(start: Callable[..., Up], broker: str, number: int) -> None:
    up = start("--broker", broker)
    up.wait_up()
    prefix = up.shared_memory_prefix()
    names = " ".join(up.alive())
    assert all(name in names for name in ("redis-server", "tritonserver", "triton_python_backend_stub"))
    assert len(up.alive()) >= 6
    up.process.send_signal(number)
    assert up.process.wait(PATIENCE_S) == 0, up.said()
    assert up.alive() == []
    assert shared_memory(prefix) == []
    assert up.said().rstrip().endswith("stopped")
    assert not (up.run_dir / "addresses.json").exists()


@BROKERS
def test_killed_outright_it_leaves_no_process_and_no_shared_memory(start: Callable[..., Up], broker: str) -> None:
    up = start("--broker", broker)
    up.wait_up()
    prefix = up.shared_memory_prefix()
    assert shared_memory(prefix)
    up.process.kill()
    up.process.wait()
    wait_for(lambda: up.alive() == [])
    wait_for(lambda: shared_memory(prefix) == [])


def test_killed_while_starting_it_leaves_no_process(start: Callable[..., Up]) -> None:
    up = start("--broker", "tansu")
    wait_for(lambda: len(up.alive()) >= 4)
    up.process.kill()
    up.process.wait()
    wait_for(lambda: up.alive() == [])


def test_asked_to_stop_while_starting_it_stops_what_has_started(start: Callable[..., Up]) -> None:
    up = start("--broker", "tansu")
    wait_for(lambda: "triton  starting" in up.said())
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(PATIENCE_S) == 0, up.said()
    assert up.alive() == []


def test_when_the_terminal_hangs_up_it_stops_everything(start: Callable[..., Up]) -> None:
    controller, terminal = pty.openpty()
    up = start("--broker", "tansu", stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    up.wait_up()
    os.close(controller)
    up.process.send_signal(signal.SIGHUP)
    assert up.process.wait(PATIENCE_S) == 0
    assert up.alive() == []


def test_ctrl_c_twice_ends_at_once_and_still_leaves_nothing(start: Callable[..., Up]) -> None:
    up = start("--broker", "tansu")
    up.wait_up()
    up.process.send_signal(signal.SIGINT)
    wait_for(lambda: "stopping" in up.said())
    up.process.send_signal(signal.SIGINT)
    up.process.wait(PATIENCE_S)
    wait_for(lambda: up.alive() == [])


@pytest.mark.parametrize("part", ["broker", "redis", "triton"])
def test_a_part_that_dies_is_named_with_its_last_words_and_what_to_do(start: Callable[..., Up], part: str) -> None:
    up = start("--broker", "tansu")
    os.kill(up.wait_up()["parts"][part]["pid"], signal.SIGKILL)
    assert up.process.wait(PATIENCE_S) == 1
    said = up.said()
    assert f"{part} died (killed by SIGKILL)" in said
    assert f"Last lines of {up.run_dir}/logs/{part}.log" in said
    assert "What to do: " in said
    assert "Everything else has been stopped." in said
    assert "Traceback" not in said
    assert up.alive() == []


def test_a_taken_port_is_avoided_and_the_user_is_told(start: Callable[..., Up]) -> None:
    with contextlib.ExitStack() as taken:
        for port in (9092, 6379, 8001):
            with contextlib.suppress(OSError):  # some other program has it, which will do as well
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
        up = start("--broker", "tansu")
        found = up.wait_up()
        for part, port in (("broker", 9092), ("redis", 6379), ("triton", 8001)):
            assert f":{port}" not in found["parts"][part]["address"]
            assert re.search(rf"{part}  port {port} is taken, using \d+", up.said())


def test_two_stacks_cannot_share_a_run_folder_and_the_first_goes_on(start: Callable[..., Up]) -> None:
    up = start("--broker", "tansu")
    found = up.wait_up()
    argv = [sys.executable, "-m", "streams.cli", "up", "--no-workers", "--broker", "tansu"]
    second = subprocess.run(argv, cwd=ROOT, env=up.env, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert "another stack is running" in second.stderr
    assert "CARDIOSTREAM_RUN_DIR" in second.stderr
    assert answers(found["settings"]["bootstrap_servers"])


def test_other_commands_find_the_running_stack(start: Callable[..., Up]) -> None:
    up = start("--broker", "tansu")
    up.wait_up()
    argv = [sys.executable, "-m", "streams.cli", "topics", "create"]
    told = subprocess.run(argv, cwd=ROOT, env=up.env, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("there already") == len(topics.TOPICS)


def test_services_of_one_s_own_are_used_instead(start: Callable[..., Up]) -> None:
    up = start("--broker", "tansu")
    found = up.wait_up()["settings"]
    own = {
        "CARDIOSTREAM_BOOTSTRAP_SERVERS": found["bootstrap_servers"],
        "CARDIOSTREAM_REDIS_URL": found["redis_url"],
        "CARDIOSTREAM_TRITON_URL": found["triton_url"],
    }
    folder = up.run_dir.parent.parent
    env = {**up.env, **own, "CARDIOSTREAM_RUN_DIR": str(folder / "second")}
    argv = [sys.executable, "-m", "streams.cli", "up", "--no-workers", "--external", "all"]
    second = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for((folder / "second" / "addresses.json").exists)
    second.send_signal(signal.SIGTERM)
    said, _ = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0, said
    assert said.count("external, from the settings") == 3
    assert answers(found["bootstrap_servers"])


def test_a_model_that_cannot_be_served_ends_the_start_and_is_named(tmp_path: Path, tiny_repository: Path) -> None:
    (tmp_path / "repository" / "torn" / "1").mkdir(parents=True)
    (tmp_path / "repository" / "torn" / "1" / "model.onnx").write_bytes(b"not a network")
    (tmp_path / "repository" / "torn" / "config.pbtxt").write_text('backend: "onnxruntime"\n')
    up = Up(tmp_path, tmp_path / "repository", "--broker", "tansu")
    assert up.process.wait(PATIENCE_S) == 1
    assert "triton died" in up.said()
    assert "torn" in up.said()
    assert up.alive() == []


def test_with_the_real_workers_one_that_is_killed_comes_back_and_none_outlives_the_stack(tmp_path: Path) -> None:
    up = Up(tmp_path, ROOT / "model_repo", "--broker", "tansu", "--workers", "all")
    try:
        up.wait_up()
        wait_for(lambda: "CardioStream is up" in up.said())
        first = up.addresses()["parts"]["bedside"]["pid"]
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: "bedside  ready again" in up.said())
        assert "bedside  ended (killed by SIGKILL); starting again in 1 s, 1 of 5" in up.said()
        assert up.addresses()["parts"]["bedside"]["pid"] != first
        assert sum("python" in name for name in up.alive()) >= 5
    finally:
        up.process.kill()
        up.process.wait()
    wait_for(lambda: up.alive() == [])


def test_without_restarts_a_worker_that_ends_ends_the_stack_and_is_named(tmp_path: Path) -> None:
    up = Up(tmp_path, ROOT / "model_repo", "--broker", "tansu", "--workers", "normalise", "--no-restart-workers")
    up.wait_up()
    wait_for(lambda: "CardioStream is up" in up.said())
    os.kill(up.addresses()["parts"]["normalise"]["pid"], signal.SIGKILL)
    assert up.process.wait(PATIENCE_S) == 1
    assert "normalise ended, last with killed by SIGKILL" in up.said()
    assert up.alive() == []
