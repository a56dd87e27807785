"""Stacks that tests share: real brokers, Redis and Triton on loopback, started once per session."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from onnx import TensorProto, helper, save

from bench.orthanc import why_not as why_no_orthanc
from streams.embedded.apache_kafka import why_not
from streams.embedded.stack import Stack
from streams.log import _CHATTY
from streams.settings import Settings

ROOT = Path(__file__).parent.parent
MODEL_REPOSITORY = ROOT / "model_repo"
# A broker that lives for a minute: its Java's second compiler and parallel collector would cost more than they bring.
os.environ.setdefault("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true")
_MARKS = {"stack_embedded": "embedded", "triton_url": "embedded", "stack_kafka": "kafka"}

TINY_CONFIG = """\
backend: "onnxruntime"
max_batch_size: 64
input [{ name: "x" data_type: TYPE_FP32 dims: [3] }]
output [{ name: "risk" data_type: TYPE_FP32 dims: [1] }]
dynamic_batching { max_queue_delay_microseconds: 200000 }
instance_group [{ count: 1 kind: KIND_CPU }]
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the stack they use, and skip what this machine lacks, saying what that is."""
    no_kafka, no_orthanc = why_not(Settings().kafka_home), why_no_orthanc()
    for item in items:
        for fixture, mark in _MARKS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
        if no_kafka and item.get_closest_marker("kafka"):
            item.add_marker(pytest.mark.skip(reason=f"needs Apache Kafka: {no_kafka}"))
        if no_orthanc and item.get_closest_marker("orthanc"):
            item.add_marker(pytest.mark.skip(reason=f"needs Orthanc: {no_orthanc}"))
        if "CARDIOSTREAM_DATA" not in os.environ and item.get_closest_marker("realdata"):
            item.add_marker(pytest.mark.skip(reason="needs the public data sets: CARDIOSTREAM_DATA is not set"))
    _longest_first(items)


def _longest_first(items: list[pytest.Item]) -> None:
    """Let modules that may take longest begin, so that no process is left with one of them at the end."""
    limits: dict[object, float] = {}
    for item in items:
        found = item.get_closest_marker("timeout")
        limits[item.path] = max(limits.get(item.path, 0.0), found.args[0] if found else 0.0)
    items.sort(key=lambda item: -limits[item.path])


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a test's command has set of logging, so that the next test sees the records that it is about."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = {name: logging.getLogger(name).level for name in _CHATTY}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    for name, known in names.items():
        logging.getLogger(name).setLevel(known)


def vitals_alone(folder: Path) -> Path:
    """Return a repository with nothing but the model of vital signs: Triton is up in a third of the time."""
    models = folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    (models / "deterioration_gru").symlink_to(MODEL_REPOSITORY / "deterioration_gru")
    return models


@pytest.fixture(scope="session")
def stack_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The wheels' broker and Redis, and Triton serving the real ``model_repo/``."""
    with Stack(tmp_path_factory.mktemp("embedded"), broker="tansu", model_repository=MODEL_REPOSITORY) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Apache Kafka, the wheel's Redis, and Triton serving the real ``model_repo/``."""
    with Stack(tmp_path_factory.mktemp("kafka"), broker="kafka", model_repository=MODEL_REPOSITORY) as stack:
        yield stack


@pytest.fixture(scope="session")
def triton_url(stack_embedded: Stack) -> str:
    """Host:port of the gRPC of a Triton that serves the real ``model_repo/``."""
    return stack_embedded.settings.triton_url


@pytest.fixture(scope="session")
def tiny_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model repository with one model: risk = sigmoid(0.5 a - b + 2 c), float32, batches of up to 64."""
    folder = tmp_path_factory.mktemp("repository")
    _write_model(folder / "tiny", TINY_CONFIG)
    return folder


@pytest.fixture(scope="session")
def write_model() -> Callable[[Path, str], None]:
    """Return what writes that network into a model folder under another ``config.pbtxt``."""
    return _write_model


def _write_model(folder: Path, config: str) -> None:
    (folder / "1").mkdir(parents=True)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Sigmoid", ["z"], ["risk"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("risk", TensorProto.FLOAT, ["n", 1])],
        [helper.make_tensor("w", TensorProto.FLOAT, [3, 1], [0.5, -1.0, 2.0])],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "1/model.onnx")
    (folder / "config.pbtxt").write_text(config)
