"""A U-Net (Ronneberger et al., MICCAI 2015) over an ImageNet encoder: background, right lung, left lung, heart."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.imaging.backbone import CHANNELS, Encoder

CLASSES = 4
WIDTHS = (96, 64, 40, 24)
"""Channels of the decoder, coarsest first; the last at half the picture's size, where the edges are drawn."""
MIRRORED = [0, 2, 1, 3]
"""Class of each class in a mirrored picture."""


class Step(nn.Module):
    """Twice the size, joined with what the encoder saw at that size, two separable convolutions."""

    def __init__(self, entering: int, skipped: int, leaving: int) -> None:
        super().__init__()
        self.narrow = nn.Sequential(nn.Conv2d(entering, leaving, 1, bias=False), nn.BatchNorm2d(leaving))
        width = leaving + skipped
        self.mix = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
            nn.Conv2d(width, leaving, 1, bias=False),
            nn.BatchNorm2d(leaving),
            nn.ReLU(),
            nn.Conv2d(leaving, leaving, 3, padding=1, bias=False),
            nn.BatchNorm2d(leaving),
            nn.ReLU(),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Return features at twice the size of `x`."""
        x = nn.functional.interpolate(self.narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.mix(torch.cat([x, skip], 1))  # type: ignore[no-any-return]


class ChestUnet(nn.Module):
    """Pictures of shape (rows, 1, height, width), 0 to 1, to logits of `CLASSES` at half the height and width."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(len(CHANNELS))
        entering = (CHANNELS[-1], *WIDTHS[:-1])
        self.steps = nn.ModuleList(Step(e, s, w) for e, s, w in zip(entering, CHANNELS[-2::-1], WIDTHS, strict=True))
        self.head = nn.Conv2d(WIDTHS[-1], CLASSES, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """Return logits."""
        *skips, x = self.encoder(picture)
        for step, skip in zip(self.steps, reversed(skips), strict=True):
            x = step(x, skip)
        return self.head(x)  # type: ignore[no-any-return]


class Mirrored(nn.Module):
    """The mean of what the network says of a film and of its mirror image, as probabilities of the structures."""

    def __init__(self, network: ChestUnet) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        """Return probabilities of shape (rows, `CLASSES` - 1, height / 2, width / 2); background is left out."""
        pair = torch.stack([picture, torch.flip(picture, [3])], 1).flatten(0, 1)
        logits = self.network(pair).unflatten(0, (-1, 2))
        mean = (logits[:, 0] + torch.flip(logits[:, 1][:, MIRRORED], [3])) / 2
        return mean.softmax(1)[:, 1:]  # type: ignore[no-any-return]
