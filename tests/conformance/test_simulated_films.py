"""The films of the demo and the network that is shipped: chests are measured, a picture of nobody is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.inference.repository import discover_imaging
from streams.modalities.imaging import Reading, prepare, read
from streams.simulate.chests import blank, film
from streams.simulate.studies import filmed

REPOSITORY = Path(__file__).parents[2] / "model_repo"
SPECS = [spec for spec in discover_imaging(REPOSITORY) if spec.name == "chest_heart_unet"]
ERROR = 0.06
"""Ratio; phantoms are not films, so this is no claim about patients."""


def seen(pixels: np.ndarray) -> Reading:
    import onnxruntime

    [spec] = SPECS
    session = onnxruntime.InferenceSession(str(REPOSITORY / spec.name / spec.version / "model.onnx"))
    row = prepare(pixels.astype(np.float32), spec)
    names = [output.name for output in session.get_outputs()]
    answers = session.run(None, {name: tensor[None] for name, tensor in row.tensors.items()})
    return read(spec, dict(zip(names, answers, strict=True)), [row.frame])[0]


def test_the_demos_chests_are_measured_and_its_blanks_refused() -> None:
    for one in filmed(40, 1):
        chance = np.random.default_rng((one.seed, one.number))
        reading = seen(blank(chance) if one.kind == "blank" else film(one.ratio, chance))
        if one.kind == "blank":
            assert reading.refusals
        else:
            assert reading.refusals == ()
            assert reading.measures[0].value == pytest.approx(one.ratio, abs=ERROR)
