"""A bedside worker with two versions of its model, and the commands that people give."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams import topics
from streams.inference.batches import Batches
from streams.inference.client import Unanswered
from streams.records import Mode, ModelModes, ModesApplied, Prediction
from tests.unit.workers.bedsides import SPEC, Bedside
from tests.unit.workers.fakes import START, Broker, encode

SHIPPED = SPEC.version


class TwoVersions:
    """Answers each version with a figure of its own; a version may be away, or never answer."""

    def __init__(self) -> None:
        self.answers = {SHIPPED: 0.1, "4": 0.9}
        self.away: set[str] = set()
        self.hangs: set[str] = set()
        self.asked: list[tuple[str, int]] = []

    async def infer(self, model: str, version: str, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        rows = len(next(iter(tensors.values())))
        self.asked.append((version, rows))
        if version in self.hangs:
            await asyncio.Event().wait()
        if version in self.away:
            raise Unanswered("unavailable", model)
        return {SPEC.output.name: np.full((rows, 1), self.answers[version], np.float32)}


class Site:
    """A bedside worker whose repository holds a second version, and the commands that people give."""

    def __init__(self, repository: Path, broker: Broker) -> None:
        self.repository, self.broker, self.client = repository, broker, TwoVersions()
        self.bedside = self.process()

    def process(self) -> Bedside:
        made = Bedside(self.broker, model_repository=self.repository)
        made.work.scorer = Batches(self.client, max_batch=8, calls_in_flight=1, breaker_pause_s=5.0)
        made.work.beside._made = lambda: Batches(self.client, max_batch=8, calls_in_flight=1, breaker_pause_s=5.0)
        return made

    async def started(self) -> Bedside:
        await self.bedside.work.models.start()
        await self.bedside.own(0)
        return self.bedside

    async def succeeded(self) -> Bedside:
        """Another process takes over."""
        await self.bedside.work.stop()
        self.bedside = self.process()
        return await self.started()

    def says(self, **modes: Mode) -> None:
        versions = {name[1:]: mode for name, mode in modes.items()}
        record = ModelModes(SPEC.name, versions, {}, "c-1", START, "ward lead", "tried")
        self.broker.append(topics.MODELS, 0, SPEC.name.encode(), encode(record))

    async def passes(self, seconds: int = 4) -> None:
        """Let the worker do what falls due, and its pipeline work off what waits."""
        running = asyncio.create_task(self.bedside.work.pipeline.run())
        for _ in range(seconds):
            await self.bedside.work.idle()
            for _ in range(200):
                await asyncio.sleep(0)
        running.cancel()

    def scored(self) -> list[tuple[str, str | None, float | None]]:
        """Patient, the version that answered, and its value, of every score in order."""
        found = []
        for score in self.bedside.scores:
            model = next((m for m in score.models if m.model == SPEC.name), None)
            value = None if model is None or model.value is None else round(model.value, 3)
            found.append((score.patient_id, model.version if model else None, value))
        return found

    def predictions(self) -> list[Prediction]:
        outs = self.bedside.host.producer.on(topics.PREDICTIONS)
        return [p for p in (msgspec.json.decode(o.value or b"", type=Prediction) for o in outs) if p.model == SPEC.name]

    def applied(self) -> list[ModesApplied]:
        outs = self.bedside.host.producer.on(topics.MODELS_AUDIT)
        return [msgspec.json.decode(out.value or b"", type=ModesApplied) for out in outs]
