"""The parts of the network: experts that read summaries, and experts that read the course."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

PRIOR = -1.8
"""Logit of the share of deaths; where every expert starts."""


class Summary(nn.Module):
    """Reads summaries: each figure as it is and cut into pieces at its quantiles, one layer shared by several heads.

    Piecewise linear pieces (Gorishniy et al. 2022) let a network turn corners as trees do; heads on one shared layer
    are an ensemble at the price of one network.
    """

    scale: Tensor
    shift: Tensor
    mean: Tensor
    std: Tensor

    def __init__(
        self, width: int, pieces: int, hidden: int, inner: int, heads: int, dropout: float, states: int = 0
    ) -> None:
        super().__init__()
        self.pieces, self.heads = pieces, heads
        self.register_buffer("scale", torch.ones(pieces, width))
        self.register_buffer("shift", torch.zeros(pieces, width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))
        self.drop = nn.Dropout(dropout)
        self.shared = nn.Linear(width * (pieces + 1), hidden)
        nn.init.normal_(self.shared.weight, std=1.5 / math.sqrt(width * (pieces + 1)))
        self.joined = nn.Linear(states, hidden, bias=False) if states else None
        self.inner = nn.Parameter(torch.randn(heads, hidden, inner) * math.sqrt(2 / hidden))
        self.offset = nn.Parameter(torch.zeros(heads, 1, inner))
        self.last = nn.Parameter(torch.randn(heads, inner, 1) / math.sqrt(inner))
        self.bias = nn.Parameter(torch.full((heads, 1, 1), PRIOR))

    def learn(self, sample: Tensor) -> None:
        """Take quantiles, mean and spread of the figures from training rows, shape (rows, width)."""
        self.mean.copy_(sample.mean(0))
        self.std.copy_(sample.std(0) + 1e-3)
        if self.pieces:
            cuts = torch.quantile(sample, torch.linspace(0.02, 0.98, self.pieces + 1), dim=0)
            width = (cuts[1:] - cuts[:-1]).clamp(min=1e-3)
            self.scale.copy_(1 / width)
            self.shift.copy_(-cuts[:-1] / width)

    def forward(self, mine: Tensor, states: Tensor | None = None) -> Tensor:
        """Return one logit per head, shape (batch, heads), from the expert's figures, shape (batch, width).

        Parameters
        ----------
        states
            Shape (batch, states): what a recurrent part says; joins the figures in the shared layer.
        """
        read = ((mine - self.mean) / self.std).clamp(-4, 4)
        if self.pieces:
            pieces = (mine[:, None] * self.scale + self.shift).clamp(0, 1)
            read = torch.cat([pieces.flatten(1) - 0.5, read], 1)
        read = self.shared(read)
        if self.joined is not None:
            read = read + self.joined(states)
        shared = self.drop(torch.relu(read))
        inner = self.drop(torch.relu(torch.matmul(shared, self.inner) + self.offset))
        logits: Tensor = (torch.matmul(inner, self.last) + self.bias)[..., 0]
        return logits.transpose(0, 1)


class Course(nn.Module):
    """Reads the steps in order: the last state of a GRU, and its states pooled by attention."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.noise = nn.Dropout(0.2)
        self.drop = nn.Dropout(dropout)
        self.narrow = nn.Linear(width, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.attention = nn.Linear(hidden, 1)

    def forward(self, steps: Tensor) -> Tensor:
        """Return states, shape (batch, 2 * hidden); steps before the first fact get no attention."""
        unknown = 1 - steps[:, :, -1:]
        states, _ = self.gru(self.drop(torch.relu(self.narrow(self.noise(steps)))))
        weight = torch.softmax(self.attention(states) - 30 * unknown, 1)
        found: Tensor = self.drop(torch.cat([states[:, -1], (weight * states).sum(1)], 1))
        return found
