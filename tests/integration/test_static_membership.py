"""Static membership on Apache Kafka: a worker that restarts in time moves nobody's partitions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.embedded.stack import Stack
from streams.embedded.worker import Worker
from tests.conftest import vitals_alone

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(tmp_path, broker="kafka", model_repository=vitals_alone(tmp_path / "vitals")) as made:
        yield made


def assignments(worker: Worker) -> list[int]:
    """How many partitions it got each time that it got some."""
    text = worker.log_path.read_text("utf-8")
    return [int(number) for number in re.findall(r"ready partitions=(\d+)", text)]


def start(stack: Stack, name: str, member: str) -> Worker:
    worker = stack.start_worker(
        name, {"CARDIOSTREAM_GROUP_INSTANCE_ID": member, "CARDIOSTREAM_SESSION_TIMEOUT_S": "40"}
    )
    worker.wait_ready(90)
    return worker


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.05)


@pytest.mark.parametrize(("members", "moved"), [(("bedside-0", "bedside-1"), False), (("", ""), True)])
def test_a_member_that_comes_back_under_its_name_moves_nothing(
    stack: Stack, members: tuple[str, str], moved: bool
) -> None:
    first = start(stack, "bedside", members[0])
    second = start(stack, "bedside", members[1])
    # Both again: the group deals out anew when the second joins.
    wait_for(lambda: len(assignments(first)) == 2)
    before = assignments(first)[-1], assignments(second)
    first.stop()
    assert first.poll() == 0
    again = start(stack, "bedside", members[0])
    assert (assignments(second) != before[1]) is moved
    if not moved:
        assert assignments(again) == [before[0]]
