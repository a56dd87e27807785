"""The network: a plain GRU over hourly bins, and its calibrated form for export."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from streams.inference.manifest import Manifest

STATICS = 4


class DeteriorationGru(nn.Module):
    """Logit of death in hospital from the bins up to ``as_of``.

    Per bin and input it reads the value, whether it was measured in this bin, and the logarithm of the hours since;
    the last two are blanked for inputs whose timing differs between sites.
    """

    timing: Tensor

    def __init__(self, spec: Manifest, hidden: int, dropout: float) -> None:
        super().__init__()
        self.bins = spec.window.bins
        self.register_buffer("timing", torch.tensor([float(i.timing) for i in spec.inputs]))
        width = len(spec.inputs)
        self.drop = nn.Dropout(dropout)
        self.gru = nn.GRU(3 * width + 1, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden + STATICS, 32), nn.ReLU(), nn.Dropout(dropout), nn.Linear(32, 1))

    def forward(self, values: Tensor, hours_since: Tensor, statics: Tensor) -> Tensor:
        """Return logits of shape (batch, 1) from (batch, bins, inputs) twice and (batch, 4)."""
        seen = (hours_since >= 0).float()
        measured = (hours_since == 0).float() * self.timing
        decay = torch.log1p(torch.clamp(hours_since, min=0.0)) / math.log(1.0 + self.bins)
        since = (decay * seen + (1.0 - seen)) * self.timing
        known = seen.amax(dim=2, keepdim=True)  # 0 marks padding in front of the first fact
        _, last = self.gru(self.drop(torch.cat([values, measured, since, known], dim=2)))
        logit: Tensor = self.head(torch.cat([self.drop(last[-1]), statics], dim=1))
        return logit


class Calibrated(nn.Module):
    """The network with Platt scaling inside, so that nobody can forget it."""

    def __init__(self, network: DeteriorationGru, slope: float, intercept: float) -> None:
        super().__init__()
        self.network, self.slope, self.intercept = network, slope, intercept

    def forward(self, values: Tensor, hours_since: Tensor, statics: Tensor) -> Tensor:
        """Return calibrated probabilities of shape (batch, 1)."""
        return torch.sigmoid(self.slope * self.network(values, hours_since, statics) + self.intercept)
