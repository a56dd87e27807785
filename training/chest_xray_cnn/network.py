"""Encoders with ImageNet weights whose maps of evidence are averaged; the map explains, its mean answers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.imaging.backbone import CHANNELS, Encoder

LEVELS = 4
SIDE, ENLARGED = 28, 64
"""Of the pictures, and of what the encoder sees."""
CELLS = ENLARGED // 2**LEVELS
"""Of the map of evidence, each way."""
WIDTH, DROPOUT = 160, 0.3


class Voice(nn.Module):
    """Picture of shape (rows, 1, `SIDE`, `SIDE`), 0 to 1, to evidence of shape (rows, `CELLS`, `CELLS`), log odds."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(LEVELS)
        self.widen = nn.Sequential(
            nn.Conv2d(CHANNELS[LEVELS - 1], WIDTH, 1, bias=False),
            nn.BatchNorm2d(WIDTH),
            nn.ReLU(),
            nn.Dropout2d(DROPOUT),
        )
        self.weigh = nn.Conv2d(WIDTH, 1, 1)

    def evidence(self, picture: Tensor) -> Tensor:
        """Return the class-activation map (Zhou et al., CVPR 2016): with mean pooling, the weighted features."""
        large = F.interpolate(picture, size=(ENLARGED, ENLARGED), mode="bilinear", align_corners=False)
        return self.weigh(self.widen(self.encoder(large)[-1]))[:, 0]  # type: ignore[no-any-return]

    def forward(self, picture: Tensor) -> Tensor:
        """Return logits of shape (rows, 1)."""
        return self.evidence(picture).mean((1, 2))[:, None]


class Calibrated(nn.Module):
    """Several voices' mean evidence, Platt-scaled: the probability, and the map whose mean is its logit."""

    def __init__(self, voices: Sequence[Voice], slope: float, intercept: float) -> None:
        super().__init__()
        self.voices = nn.ModuleList(voices)
        self.slope, self.intercept = slope, intercept

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities of shape (rows, 1) and maps of shape (rows, `CELLS`, `CELLS`)."""
        maps = [voice.evidence(picture) for voice in self.voices]  # type: ignore[operator]
        heat = self.slope * torch.stack(maps).mean(0) + self.intercept
        return torch.sigmoid(heat.mean((1, 2)))[:, None], heat
