"""A client and a manifest that need no Triton and no model folder: for tests of whatever calls a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.inference.client import Unanswered
from streams.inference.manifest import (
    Calibration,
    Input,
    Manifest,
    Onnx,
    Output,
    Statics,
    Step,
    Sufficiency,
    Thresholds,
    Training,
    Window,
)
from streams.inference.outcomes import Tensors

SPEC = Manifest(
    name="deterioration_gru",
    version="1",
    kind="gru",
    modality="vitals",
    target="death in hospital",
    window=Window(bins=48, bin_s=3600),
    sufficiency=Sufficiency(min_facts=6, min_codes=2),
    inputs=(Input("8867-4", "heart rate", "/min", "vital", 80.0, 15.0, required=True, fresh_s=43200.0),),
    statics=Statics(age_mean=60.0, age_std=15.0, age_max=90.0),
    tensors=(),
    output=Output(name="probability", shape=(1,), dtype="FP32", low=0.0, high=1.0, meaning="death in hospital"),
    calibration=Calibration(method="platt", slope=1.0, intercept=0.0, inside_graph=True),
    thresholds=Thresholds(0.2, "stated, for tests", (Step("low", 0.0), Step("medium", 0.2), Step("high", 0.5))),
    training=Training("none", "", "", 0, 0, 0, ""),
    onnx=Onnx("1/model.onnx", "0" * 64, 17, 8),
)
"""A manifest that needs no model folder; levels low from 0, medium from 0.2, high from 0.5."""


def mean_sigmoid(tensors: Tensors) -> NDArray[np.float32]:
    """Return the sigmoid of the mean of everything in each row, shape (rows, 1)."""
    parts = [array.reshape(len(array), -1).astype(np.float64) for array in tensors.values()]
    means = np.concatenate(parts, axis=1).mean(axis=1, keepdims=True)
    sigmoid: NDArray[np.float32] = (1.0 / (1.0 + np.exp(-means))).astype(np.float32)
    return sigmoid


class FakeClient:
    """Answers with a stated function of the tensors; can be told to be down.

    Parameters
    ----------
    output
        Name of the one output tensor.
    function
        Tensors with batch axis to the output's array.
    """

    def __init__(self, output: str = "probability", function: Callable[[Tensors], NDArray[Any]] = mean_sigmoid) -> None:
        self.output, self.function = output, function
        self.down = False
        """True: every call is refused as if nothing listened."""
        self.error: Exception | None = None
        """Raised by every call where set."""
        self.calls: list[int] = []
        """Rows of each call that came, answered or not."""

    async def infer(self, model: str, version: str, tensors: Tensors) -> dict[str, NDArray[Any]]:  # noqa: ARG002
        """Answer one batch of any model and version."""
        self.calls.append(len(next(iter(tensors.values()))))
        if self.error is not None:
            raise self.error
        if self.down:
            raise Unanswered("unavailable", model)
        return {self.output: self.function(tensors)}
