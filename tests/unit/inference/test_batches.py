from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from streams.errors import ContractError
from streams.inference.batches import Batches
from streams.inference.breaker import State
from streams.inference.client import UnknownModel
from streams.inference.fake import SPEC, FakeClient, mean_sigmoid
from streams.inference.outcomes import Contract, Outcome, Tensors, Unavailable, Value

MODEL = SPEC.name


def row(value: float) -> dict[str, NDArray[np.float32]]:
    return {"values": np.full((2, 3), value, np.float32), "statics": np.full(4, value, np.float32)}


def batches(client: Any, max_batch: int = 4, calls_in_flight: int = 2, now: list[float] | None = None) -> Batches:
    at = now or [0.0]
    return Batches(
        client,
        max_batch=max_batch,
        calls_in_flight=calls_in_flight,
        breaker_pause_s=5.0,
        monotonic=lambda: at[0],
    )


def values(outcomes: list[Outcome]) -> list[float]:
    return [outcome.value for outcome in outcomes if isinstance(outcome, Value)]


async def test_nobody_means_no_call() -> None:
    client = FakeClient()
    assert await batches(client).score(SPEC, []) == []
    assert client.calls == []


async def test_ten_rows_in_batches_of_four_are_three_calls_and_keep_their_order() -> None:
    client = FakeClient()
    outcomes = await batches(client).score(SPEC, [row(k / 10) for k in range(10)])
    assert sorted(client.calls) == [2, 4, 4]
    assert values(outcomes) == pytest.approx([1 / (1 + np.exp(-k / 10)) for k in range(10)], abs=1e-6)


async def test_a_row_gets_the_same_value_in_any_batch() -> None:
    alone = await batches(FakeClient(), max_batch=1).score(SPEC, [row(k) for k in range(5)])
    together = await batches(FakeClient(), max_batch=64).score(SPEC, [row(k) for k in range(5)])
    assert alone == together


async def test_no_more_calls_are_under_way_than_allowed_whoever_makes_them() -> None:
    class Slow(FakeClient):
        now = most = 0

        async def infer(self, model: str, version: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            return await super().infer(model, version, tensors)

    client = Slow()
    scorer = batches(client, max_batch=1, calls_in_flight=3)
    await asyncio.gather(*(scorer.score(SPEC, [row(0)] * 5) for _ in range(4)))
    assert client.most == 3
    assert len(client.calls) == 20


async def test_a_failing_call_hurts_no_other() -> None:
    class Picky(FakeClient):
        async def infer(self, model: str, version: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
            self.down = bool(tensors["statics"][0, 0] == 7)
            return await super().infer(model, version, tensors)

    outcomes = await batches(Picky(), max_batch=1).score(SPEC, [row(1), row(7), row(2)])
    assert outcomes[1] == Unavailable("unavailable")
    assert len(values(outcomes)) == 2


async def test_rows_of_different_shapes_are_refused_without_hurting_the_next_call() -> None:
    odd = {"values": np.zeros((1, 3), np.float32), "statics": np.zeros(4, np.float32)}
    outcomes = await batches(FakeClient(), max_batch=2).score(SPEC, [row(0), odd, row(0), row(0)])
    assert outcomes == [Contract("refused"), Contract("refused"), Value(0.5), Value(0.5)]


async def test_while_the_breaker_is_open_rows_come_back_at_once_and_nothing_is_asked() -> None:
    client, now = FakeClient(), [0.0]
    client.down = True
    scorer = batches(client, max_batch=1, now=now)
    await scorer.score(SPEC, [row(0)] * 10)
    asked = len(client.calls)
    assert await scorer.score(SPEC, [row(0)] * 3) == [Unavailable("breaker-open")] * 3
    assert len(client.calls) == asked
    assert not scorer.would_ask(MODEL)


async def test_the_probe_after_the_pause_closes_the_breaker_when_the_model_is_back() -> None:
    client, now = FakeClient(), [0.0]
    client.down = True
    scorer = batches(client, max_batch=1, now=now)
    await scorer.score(SPEC, [row(0)] * 10)
    client.down, now[0] = False, 5.0
    assert scorer.would_ask(MODEL)
    assert await scorer.score(SPEC, [row(0)]) == [Value(0.5)]
    assert scorer.breaker(MODEL).state is State.CLOSED


async def test_one_failing_model_leaves_another_alone() -> None:
    client = FakeClient()
    other = msgspec.structs.replace(SPEC, name="other")
    scorer = batches(client, max_batch=1)
    client.down = True
    await scorer.score(SPEC, [row(0)] * 10)
    client.down = False
    assert await scorer.score(other, [row(0)]) == [Value(0.5)]


async def test_an_unknown_model_is_unavailable_and_owed_not_marked_off() -> None:
    client = FakeClient()
    client.error = UnknownModel("model deterioration_gru is not served")
    scorer = batches(client, max_batch=1)
    outcomes = await scorer.score(SPEC, [row(0)] * 4)
    assert outcomes == [Unavailable("unknown-model")] * 4
    assert all(isinstance(outcome, Unavailable) and outcome.owed for outcome in outcomes)
    assert scorer.off == set()


def answering(*answers: float) -> FakeClient:
    return FakeClient(function=lambda _: np.array(answers, np.float32).reshape(-1, 1))


async def test_only_the_rows_that_break_the_contract_are_marked() -> None:
    outcomes = await batches(answering(0.25, float("nan"), 1.5, -0.1)).score(SPEC, [row(0)] * 4)
    assert outcomes == [Value(0.25), Contract("nan"), Contract("range"), Contract("range")]


@pytest.mark.parametrize(
    "client",
    [
        FakeClient(output="probabilities"),
        FakeClient(function=lambda t: mean_sigmoid(t)[:, 0]),
        FakeClient(function=lambda t: mean_sigmoid(t)[:1]),
        FakeClient(function=lambda t: mean_sigmoid(t).astype(np.float64)),
    ],
    ids=["name", "axes", "rows", "type"],
)
async def test_an_answer_of_the_wrong_form_is_believed_in_no_row(client: FakeClient) -> None:
    assert await batches(client).score(SPEC, [row(0)] * 2) == [Contract("shape")] * 2


async def test_three_broken_calls_in_a_row_mark_the_model_off_until_restart(caplog: pytest.LogCaptureFixture) -> None:
    client = answering(float("nan"))
    scorer = batches(client, max_batch=1)
    assert await scorer.score(SPEC, [row(0)] * 3) == [Contract("nan")] * 3
    outcomes = await scorer.score(SPEC, [row(0)])
    assert outcomes == [Unavailable("model-off")]
    assert not Unavailable("model-off").owed
    assert scorer.counts[MODEL, "off"] == 1
    assert not scorer.would_ask(MODEL)
    assert "NEWS2 only" in caplog.text


async def test_a_good_call_between_keeps_the_model_on() -> None:
    client = FakeClient()
    scorer = batches(client, max_batch=1)
    for broken in (True, True, False, True, True):
        client.function = (lambda _: np.full((1, 1), np.nan, np.float32)) if broken else mean_sigmoid
        await scorer.score(SPEC, [row(0)])
    assert scorer.off == set()


async def test_one_odd_patient_among_others_never_marks_a_model_off() -> None:
    scorer = batches(answering(0.1, float("nan"), 0.3))
    for _ in range(10):
        await scorer.score(SPEC, [row(0)] * 3)
    assert scorer.off == set()


async def test_refused_tensors_count_as_a_broken_contract() -> None:
    client = FakeClient()
    client.error = ContractError("unexpected shape")
    scorer = batches(client)
    for _ in range(3):
        assert await scorer.score(SPEC, [row(0)]) == [Contract("refused")]
    assert scorer.off == {MODEL}


async def test_counters_add_up() -> None:
    scorer = batches(answering(0.25, float("nan"), 1.5, 0.5))
    await scorer.score(SPEC, [row(0)] * 4)
    assert dict(scorer.counts) == {(MODEL, "calls"): 1, (MODEL, "rows"): 4, (MODEL, "nan"): 1, (MODEL, "range"): 1}


async def test_a_cancelled_probe_does_not_lock_the_breaker() -> None:
    class Hanging(FakeClient):
        async def infer(self, model: str, version: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
            if not self.down:
                await asyncio.Event().wait()
            return await super().infer(model, version, tensors)

    client, now = Hanging(), [0.0]
    client.down = True
    scorer = batches(client, max_batch=1, now=now)
    await scorer.score(SPEC, [row(0)] * 10)
    client.down, now[0] = False, 5.0
    probe = asyncio.create_task(scorer.score(SPEC, [row(0)]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert scorer.would_ask(MODEL)
