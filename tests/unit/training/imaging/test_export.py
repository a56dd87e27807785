"""An exported folder keeps its contract, and the file answers as the network did before it was folded and rounded."""

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch

from streams.inference.declared import Calibration
from streams.inference.imaging_manifest import Limit
from training.chest_heart_unet import spec as unet
from training.chest_heart_unet.network import ChestUnet, Mirrored
from training.chest_xray_cnn import spec as cnn
from training.chest_xray_cnn.network import Calibrated, Voice
from training.imaging.export import export
from training.imaging.golden import read_golden


def randomised(network):
    """Give normalisations figures of their own, so that folding them has something to do."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def made(name):
    if name == "unet":
        return Mirrored(randomised(ChestUnet())), unet.draft(3, 0, (Limit("heart/area", 0.0, 1.0),))
    spec = msgspec.structs.replace(cnn.draft(3, 1, 0), calibration=Calibration("platt", 0.8, 0.1, True))
    return Calibrated([randomised(Voice()), randomised(Voice())], 0.8, 0.1), spec


@pytest.mark.parametrize("name", ["unet", "cnn"])
def test_the_file_answers_as_the_network(name, tmp_path):
    network, draft = made(name)
    picture = torch.rand(2, *draft.tensors[0].shape)
    with torch.no_grad():
        told = network.eval()(picture)
    expected = [t.numpy() for t in (told if isinstance(told, tuple) else (told,))]
    spec = export(network, draft, tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / spec.name / spec.onnx.file)
    found = session.run([o.name for o in spec.outputs], {spec.tensors[0].name: picture.numpy()})
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=2e-2)  # half precision of weights that were drawn by chance
    assert {"model.toml", "config.pbtxt", "golden.json", "1"} == {p.name for p in (tmp_path / spec.name).iterdir()}
    assert len(read_golden(tmp_path / spec.name / "golden.json").cases) >= 5


class Twice(torch.nn.Module):
    """Calls one part twice."""

    def __init__(self):
        super().__init__()
        self.part = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.BatchNorm2d(1))

    def forward(self, picture):
        return self.part(picture) + self.part(picture + 1)


def test_a_network_that_folding_would_change_is_not_exported(tmp_path):
    network = randomised(Twice())
    network.part[1].running_mean.fill_(3.0)
    with pytest.raises(ValueError, match="call every part of it once"):
        export(network, unet.draft(3, 0), tmp_path)


def test_a_mirrored_film_gives_the_mirrored_answer_with_the_lungs_exchanged():
    network = Mirrored(randomised(ChestUnet()))
    picture = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        plain, mirrored = network(picture), network(picture.flip(3))
    torch.testing.assert_close(mirrored.flip(3)[:, [1, 0, 2]], plain, atol=1e-4, rtol=1e-3)


def test_the_map_of_evidence_explains_the_probability():
    network = Calibrated([randomised(Voice())], 2.0, -1.0).eval()
    with torch.no_grad():
        probability, heat = network(torch.rand(3, 1, 28, 28))
    torch.testing.assert_close(torch.sigmoid(heat.mean((1, 2)))[:, None], probability)
