"""The file answers as the network does, also where it keeps large weights in half precision."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from streams.inference.manifest import load
from training.network_file import round_large_weights, write_onnx

SPEC = load(Path(__file__).parents[3] / "model_repo", "deterioration_gru")


@pytest.fixture
def batch():
    """Five patients known for 3 to 48 hours, the first without laboratory values: every tree is asked for some."""
    torch.manual_seed(1)
    width = len(SPEC.inputs)
    hours_since = torch.randint(-1, 20, (5, 48, width)).float()
    for row, known in enumerate((3, 9, 12, 30, 48)):
        hours_since[row, : 48 - known] = -1
    hours_since[0, :, SPEC.inputs.index(next(i for i in SPEC.inputs if i.group == "lab")) :] = -1
    return torch.randn(5, 48, width), hours_since, torch.randn(5, 4)


def answers(network, path, batch):
    """Return the file's answers and the network's."""
    write_onnx(network, SPEC, path)
    named = {t.name: tensor.numpy() for t, tensor in zip(SPEC.tensors, batch, strict=True)}
    (file,) = onnxruntime.InferenceSession(path).run([SPEC.output.name], named)
    with torch.no_grad():
        return file, network(*batch).numpy()


def test_large_weights_once_rounded_take_half_the_room_and_change_no_answer(network, batch, tmp_path):
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    np.testing.assert_allclose(*answers(network, whole, batch), atol=1e-5)
    round_large_weights(network)
    np.testing.assert_allclose(*answers(network, half, batch), atol=1e-5)
    assert half.stat().st_size < 0.75 * whole.stat().st_size
