"""What every peer shares: addresses, one fact of FHIR JSON, the question to Triton, the result and its place in Redis.

Reads plain environment variables, so that a peer also runs in a virtual environment of its own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import grpc  # type: ignore[import-untyped]
import msgspec
from redis import Redis

from bench.peers.window import Fact, Float32, Windows
from streams.clock import isoformat
from streams.inference import wire
from streams.inference.manifest import load

BATCH = 256
"""Rows per call: the model's largest batch, at which one caller of Triton is quickest."""
MODEL = "deterioration_gru"
GRPC_OPTIONS = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
TIMEOUT_US = 5_000_000


class Place(NamedTuple):
    """Where a peer finds everything, from ``BENCH_*`` variables."""

    bootstrap: str
    redis_url: str
    triton_url: str
    source: str
    results: str
    repository: Path

    @classmethod
    def from_environment(cls) -> Place:
        """Read the variables that `bench.contestants` sets."""
        names = ("BOOTSTRAP", "REDIS", "TRITON", "SOURCE", "RESULTS", "MODELS")
        bootstrap, redis, triton, source, results, models = (os.environ[f"BENCH_{name}"] for name in names)
        return cls(bootstrap, redis, triton, source, results, Path(models))

    @property
    def group(self) -> str:
        """Consumer group, of this source alone."""
        return f"peer-{self.source}"


class _Coding(msgspec.Struct):
    code: str


class _Concept(msgspec.Struct):
    coding: list[_Coding]


class _Quantity(msgspec.Struct):
    value: float


class _Reference(msgspec.Struct):
    reference: str


class _Observation(msgspec.Struct, rename="camel"):
    subject: _Reference
    effective_date_time: datetime
    code: _Concept
    value_quantity: _Quantity


_decode = msgspec.json.Decoder(_Observation).decode
_encode = msgspec.json.Encoder().encode


def parse(value: bytes) -> Fact:
    """Read one Observation."""
    found = _decode(value)
    patient_id = found.subject.reference.removeprefix("Patient/")
    at = round(found.effective_date_time.timestamp() * 1000)
    return Fact(patient_id, at, found.code.coding[0].code, found.value_quantity.value)


class Question:
    """Facts to the bytes of a request, and a response to one probability per fact; for any gRPC client."""

    def __init__(self, place: Place) -> None:
        self.spec = load(place.repository, MODEL)
        self.windows = Windows(self.spec)

    def request(self, facts: Sequence[Fact]) -> bytes:
        """Take the facts into their windows and return the question."""
        return wire.request(self.spec.name, self.spec.version, self.windows.take(facts), TIMEOUT_US)

    def risks(self, response: bytes) -> list[float]:
        """Return the probabilities in order."""
        answer: Float32 = wire.outputs(response)[self.spec.output.name]
        risks: list[float] = answer[:, 0].tolist()
        return risks


class Model(Question):
    """The question through a plain blocking client; `ask` returns at once, for those who keep calls in flight."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._call = grpc.insecure_channel(place.triton_url, options=GRPC_OPTIONS).unary_unary(wire.METHOD)

    def ask(self, facts: Sequence[Fact]) -> Any:
        """Send the question and return the future of its response, for `risks`."""
        return self._call.future(self.request(facts))

    def score(self, facts: Sequence[Fact]) -> list[float]:
        """Ask and wait."""
        return self.risks(self._call(self.request(facts)))


def result(fact: Fact, risk: float) -> bytes:
    """Write a small RiskAssessment."""
    return _encode(
        {
            "resourceType": "RiskAssessment",
            "status": "final",
            "subject": {"reference": f"Patient/{fact.patient_id}"},
            "occurrenceDateTime": isoformat(fact.at),
            "prediction": [{"probabilityDecimal": round(100 * risk, 2)}],
        }
    )


class Latest:
    """The newest result per patient in Redis, written in one pipeline per batch."""

    def __init__(self, place: Place) -> None:
        self._redis = Redis.from_url(place.redis_url)

    def write(self, facts: Sequence[Fact], results: Sequence[bytes]) -> None:
        """Write the last result of each patient of a batch."""
        newest = {fact.patient_id: (fact.at, value) for fact, value in zip(facts, results, strict=True)}
        with self._redis.pipeline(transaction=False) as pipeline:
            for patient_id, (at, value) in newest.items():
                pipeline.hset(f"risk:{{{patient_id}}}:latest", mapping={"as_of": at, "json": value})
            pipeline.execute()


def exit_on_sigterm() -> None:
    """Turn SIGTERM into an exception, so that ``finally`` leaves the consumer group."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
