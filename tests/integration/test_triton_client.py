"""The client and its batches against a real Triton: the real model, refusals, and a server that dies and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from streams.embedded.child import stop_all
from streams.embedded.leash import Leash
from streams.embedded.part import Place
from streams.embedded.triton import TritonServer
from streams.errors import ContractError
from streams.inference.batches import Batches
from streams.inference.breaker import State
from streams.inference.client import TritonClient, Unanswered, UnknownModel
from streams.inference.fake import SPEC
from streams.inference.manifest import Manifest, load
from streams.inference.outcomes import Contract, Outcome, Row, Unavailable, Value
from streams.modalities.vitals import prepare
from streams.timeline.series import Snapshot, series_of
from streams.vocabulary import INDEX

pytestmark = pytest.mark.embedded

REPOSITORY = Path(__file__).parents[2] / "model_repo"
AS_OF = 1_700_000_000_000
TINY = msgspec.structs.replace(SPEC, name="tiny", output=msgspec.structs.replace(SPEC.output, name="risk"))
PAUSE_S = 0.3


def tiny_row(value: float) -> Row:
    return {"x": np.array([value, 0.0, 0.0], np.float32)}


def tiny_answer(value: float) -> float:
    return 1.0 / (1.0 + float(np.exp(-0.5 * value)))


def batches(client: TritonClient, max_batch: int = 64) -> Batches:
    return Batches(client, max_batch=max_batch, calls_in_flight=3, breaker_pause_s=PAUSE_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tiny_repository: Path) -> Iterator[TritonServer]:
    """A Triton of our own that may be killed."""
    leash = Leash()
    place = Place(tmp_path_factory.mktemp("triton-client"), leash)
    place.folder("logs")
    part = TritonServer(place, tiny_repository)
    part.start()
    yield part
    stop(part)
    part.clean_up()
    leash.close()


def stop(part: TritonServer) -> None:
    if part.child is not None:
        stop_all([part.child], 10.0)


async def until_ready(part: TritonServer) -> None:
    async with asyncio.timeout(60):
        while not part.ready():
            part.check()
            await asyncio.sleep(0.05)


@pytest.fixture
async def tiny(server: TritonServer) -> AsyncIterator[TritonClient]:
    await until_ready(server)
    client = TritonClient(server.address, deadline_s=5.0)
    yield client
    await client.close()


@pytest.fixture
async def real(triton_url: str) -> AsyncIterator[TritonClient]:
    client = TritonClient(triton_url, deadline_s=10.0)
    yield client
    await client.close()


@pytest.fixture(scope="module")
def gru() -> Manifest:
    return load(REPOSITORY, "deterioration_gru")


def patient(seed: int) -> Snapshot:
    random = np.random.default_rng(seed)
    middles = {"8867-4": 90, "8480-6": 110, "9279-1": 20, "2708-6": 95, "8310-5": 37.5, "9269-2": 13}
    rows = [
        (AS_OF - hour * 3_600_000, INDEX[code], float(middle * random.uniform(0.9, 1.05)))
        for hour in range(0, int(random.integers(2, 60)), 2)
        for code, middle in middles.items()
    ]
    return Snapshot(f"p{seed}", AS_OF, series_of(rows), "1950", "male", "", False, (), len(rows))


async def test_the_real_model_answers_a_ward_as_onnxruntime_does(real: TritonClient, gru: Manifest) -> None:
    rows = [prepare(patient(seed), gru).tensors for seed in range(150)]
    outcomes = await batches(real).score(gru, rows)
    session = onnxruntime.InferenceSession(REPOSITORY / gru.name / gru.onnx.file)
    stacked = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    expected = session.run([gru.output.name], stacked)[0][:, 0]
    assert all(isinstance(outcome, Value) for outcome in outcomes)
    np.testing.assert_allclose([outcome.value for outcome in outcomes], expected, rtol=0, atol=1e-5)  # type: ignore[union-attr]
    assert np.ptp(expected) > 0.001


async def test_a_model_that_is_not_served_is_a_contract_error(real: TritonClient) -> None:
    with pytest.raises(UnknownModel, match="nobody"):
        await real.infer("nobody", "1", tiny_row(0))
    assert not await real.ready("nobody")


async def test_a_version_that_is_not_served_is_a_contract_error(tiny: TritonClient) -> None:
    with pytest.raises(UnknownModel):
        await tiny.infer("tiny", "9", {"x": np.zeros((1, 3), np.float32)})


@pytest.mark.parametrize(
    "tensors",
    [
        {"x": np.zeros((1, 4), np.float32)},
        {"x": np.zeros((1, 3), np.float64)},
        {"y": np.zeros((1, 3), np.float32)},
        {"x": np.zeros((65, 3), np.float32)},
    ],
    ids=["shape", "type", "name", "batch"],
)
async def test_tensors_that_the_model_does_not_take_are_a_contract_error(
    tiny: TritonClient, tensors: dict[str, NDArray[Any]]
) -> None:
    with pytest.raises(ContractError) as caught:
        await tiny.infer("tiny", "1", tensors)
    assert not isinstance(caught.value, UnknownModel)


async def test_rows_of_a_wrong_shape_are_refused_and_the_model_still_answers_others(tiny: TritonClient) -> None:
    scorer = batches(tiny)
    assert await scorer.score(TINY, [{"x": np.zeros(4, np.float32)}]) == [Contract("refused")]
    assert await scorer.score(TINY, [tiny_row(0)]) == [Value(0.5)]


async def test_many_rows_come_back_in_order(tiny: TritonClient) -> None:
    outcomes = await batches(tiny, max_batch=7).score(TINY, [tiny_row(k / 50) for k in range(100)])
    found = [outcome.value for outcome in outcomes if isinstance(outcome, Value)]
    assert found == pytest.approx([tiny_answer(k / 50) for k in range(100)], abs=1e-6)


async def test_a_name_behind_dns_is_found(server: TritonServer, tiny: TritonClient) -> None:
    port = server.address.rpartition(":")[2]
    client = TritonClient(f"dns:///127.0.0.1:{port}", deadline_s=5.0)
    try:
        assert await client.ready("tiny")
    finally:
        await client.close()


async def test_an_answer_slower_than_the_deadline_is_given_up(server: TritonServer, tiny: TritonClient) -> None:
    """Triton gathers single rows of this model for 200 ms."""
    hasty = TritonClient(server.address, deadline_s=0.05)
    try:
        with pytest.raises(Unanswered) as caught:
            await hasty.infer("tiny", "1", {"x": np.zeros((1, 3), np.float32)})
        assert caught.value.reason == "deadline"
    finally:
        await hasty.close()


async def scored(scorer: Batches) -> list[Outcome]:
    return await scorer.score(TINY, [tiny_row(0)])


async def test_triton_dies_the_breaker_opens_triton_returns_and_it_closes(
    server: TritonServer, tiny: TritonClient
) -> None:
    scorer = batches(tiny, max_batch=1)
    assert await scored(scorer) == [Value(0.5)]
    stop(server)
    with pytest.raises(Unanswered):
        await tiny.infer("tiny", "1", {"x": np.zeros((1, 3), np.float32)})
    outcomes = await scorer.score(TINY, [tiny_row(0)] * 20)
    assert all(isinstance(outcome, Unavailable) and outcome.owed for outcome in outcomes)
    assert scorer.breaker("tiny").state is State.OPEN
    assert outcomes[-1] == Unavailable("breaker-open")
    server.start()
    await until_ready(server)
    async with asyncio.timeout(30):
        while await scored(scorer) != [Value(0.5)]:  # noqa: ASYNC110 - the breaker's pause is what is tested
            await asyncio.sleep(PAUSE_S / 3)
    assert scorer.breaker("tiny").state is State.CLOSED
