from __future__ import annotations

import numpy as np
import pytest

from streams.errors import RetryableError
from streams.inference.fake import SPEC, FakeClient, mean_sigmoid

TENSORS = {"a": np.array([[0.0, 0.0], [3.0, 3.0]], np.float32), "b": np.array([[[0.0]], [[0.0]]], np.float32)}


def test_its_answer_is_the_sigmoid_of_each_rows_mean() -> None:
    assert mean_sigmoid(TENSORS).tolist() == [[0.5], [pytest.approx(0.880797, abs=1e-6)]]


async def test_it_answers_under_the_manifests_output_name() -> None:
    answer = await FakeClient().infer("m", "1", TENSORS)
    assert list(answer) == [SPEC.output.name]


async def test_down_means_retryable_and_up_again_means_answers() -> None:
    client = FakeClient()
    client.down = True
    with pytest.raises(RetryableError):
        await client.infer("m", "1", TENSORS)
    client.down = False
    assert len((await client.infer("m", "1", TENSORS))["probability"]) == 2
    assert client.calls == [2, 2]
