"""Rows of many patients to calls of at most one batch each, a few under way at once, and back to rows."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.errors import ContractError, RetryableError
from streams.inference.breaker import Breaker, State
from streams.inference.client import Client, UnknownModel
from streams.inference.manifest import NUMPY, Answer, Manifest, check_output
from streams.inference.outcomes import MODEL_OFF, Contract, Outcome, Row, Unavailable, Value

BROKEN_CALLS = 3
"""Calls in a row, most of whose rows break the contract, after which a model is marked off until restart."""
log = logging.getLogger(__name__)


class Batches:
    """Asks models for any number of rows; keeps one breaker per model and one limit on calls for all of them.

    Parameters
    ----------
    client
        `TritonClient`, or `FakeClient` in tests.
    max_batch
        Most rows per call; at most the ``max_batch_size`` of every model asked.
    calls_in_flight
        Most calls under way at once, whoever made them.
    breaker_pause_s
        Seconds that a model's breaker stays open before a probe.
    """

    def __init__(
        self,
        client: Client,
        *,
        max_batch: int,
        calls_in_flight: int,
        breaker_pause_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._max_batch, self._pause_s = client, max_batch, breaker_pause_s
        self._slots = asyncio.Semaphore(calls_in_flight)
        self._monotonic = monotonic
        self._breakers: dict[str, Breaker] = {}
        self._broken: Counter[str] = Counter()
        self.off: set[str] = set()
        """Models marked off: NEWS2 only, until this process is started again."""
        self.counts: Counter[tuple[str, str]] = Counter()
        """(model, word): ``calls``, ``rows``, ``off``, and rows by outcome reason. Live counters, a convenience."""

    def breaker(self, model: str) -> Breaker:
        """Return the breaker of `model`, for looking at its state."""
        if model not in self._breakers:
            self._breakers[model] = Breaker(self._pause_s)
        return self._breakers[model]

    def would_ask(self, model: str) -> bool:
        """Tell whether a call of `model` made now would go out."""
        return model not in self.off and self.breaker(model).would_admit(self._monotonic())

    def forget(self, model: str) -> None:
        """Forget how a model has fared: another version of it is asked from now on."""
        self._breakers.pop(model, None)
        self._broken.pop(model, None)
        self.off.discard(model)

    def is_closed(self, model: str) -> bool:
        """Tell whether calls of `model` go out freely; False while the next one would be a probe."""
        return self.breaker(model).state is State.CLOSED

    async def score(self, spec: Manifest, rows: Sequence[Row]) -> list[Outcome]:
        """Return one outcome per row, in order; a call that fails leaves the rows of the others alone."""
        size = self._max_batch
        parts = [rows[start : start + size] for start in range(0, len(rows), size)]
        answers = await asyncio.gather(*(self._call(spec, part) for part in parts))
        outcomes = [outcome for part in answers for outcome in part]
        self._count(spec.name, outcomes)
        return outcomes

    async def _call(self, spec: Manifest, rows: Sequence[Row]) -> list[Outcome]:
        async with self._slots:
            if spec.name in self.off:
                return _all(rows, Unavailable(MODEL_OFF))
            ticket = self.breaker(spec.name).admit(self._monotonic())
            if ticket is None:
                return _all(rows, Unavailable("breaker-open"))
            self.counts[spec.name, "calls"] += 1
            return await self._ask(spec, rows, ticket)

    async def _ask(self, spec: Manifest, rows: Sequence[Row], ticket: int) -> list[Outcome]:
        try:
            outputs = await self._client.infer(spec.name, spec.version, _stack(rows))
        except RetryableError as error:
            self._record(spec.name, ticket, ok=False)
            return _all(rows, Unavailable(getattr(error, "reason", "unavailable")))
        except UnknownModel as error:
            self._record(spec.name, ticket, ok=False)
            log.error("%s", error)
            return _all(rows, Unavailable("unknown-model"))
        except ContractError as error:
            self._record(spec.name, ticket, ok=True)
            self._judge(spec.name, broken=True, fault=str(error))
            return _all(rows, Contract("refused"))
        except BaseException:
            self.breaker(spec.name).abandon(ticket, self._monotonic())
            raise
        self._record(spec.name, ticket, ok=True)
        answer = check_output(spec, outputs, len(rows))
        self._judge(spec.name, broken=2 * int(answer.ok.sum()) < len(rows), fault=answer.fault)
        return _outcomes(spec, answer, outputs.get(spec.output.name))

    def _record(self, model: str, ticket: int, *, ok: bool) -> None:
        breaker = self.breaker(model)
        before = breaker.state
        breaker.record(ticket, ok, self._monotonic())
        if breaker.state is not before:
            say = log.info if breaker.state is State.CLOSED else log.warning
            say("model %s: breaker %s, was %s", model, breaker.state, before)

    def _judge(self, model: str, *, broken: bool, fault: str) -> None:
        """Mark a model off that keeps breaking its contract; one patient's odd row among others does not."""
        self._broken[model] = self._broken[model] + 1 if broken else 0
        if fault:
            log.warning("model %s broke its contract: %s", model, fault)
        if self._broken[model] >= BROKEN_CALLS and model not in self.off:
            self.off.add(model)
            self.counts[model, "off"] += 1
            log.error(
                "model %s broke its contract %d calls in a row; NEWS2 only until this worker is started again; "
                "check the model repository",
                model,
                BROKEN_CALLS,
            )

    def _count(self, model: str, outcomes: list[Outcome]) -> None:
        self.counts[model, "rows"] += len(outcomes)
        for outcome in outcomes:
            if not isinstance(outcome, Value):
                self.counts[model, outcome.reason] += 1


def _stack(rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
    try:
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    except (KeyError, ValueError):
        raise ContractError(
            "rows of one batch: expected the same names and shapes in all, received different ones; "
            "mend the modality's prepare()"
        ) from None


def _all(rows: Sequence[Row], outcome: Outcome) -> list[Outcome]:
    return [outcome] * len(rows)


def _outcomes(spec: Manifest, answer: Answer, raw: NDArray[Any] | None) -> list[Outcome]:
    values, ok = answer.values.tolist(), answer.ok.tolist()
    if all(ok):
        return [Value(value) for value in values]
    shape = (len(values), *spec.output.shape)
    if raw is None or raw.shape != shape or raw.dtype != NUMPY[spec.output.dtype]:
        return [Contract("shape")] * len(values)
    finite = np.isfinite(raw.reshape(len(values), -1)[:, 0]).tolist()
    reasons = [Contract("range" if known else "nan") for known in finite]
    return [Value(v) if good else reason for v, good, reason in zip(values, ok, reasons, strict=True)]
