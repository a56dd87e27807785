"""The network: experts on summaries and on the course, for all inputs and for vital signs; calibrated for export."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from streams.inference.manifest import Manifest
from training.deterioration_gru.experts import Course, Summary
from training.deterioration_gru.summaries import (
    BLOCKS,
    EVER,
    STEP_BLOCKS,
    WINDOWS,
    binned,
    steps_of,
    summaries,
)

STATICS = 4
HEADS = 8
SHORTER = slice(5, 13)
"""Blocks of the shorter windows: laboratory values are rare, and there these say little that the long one does not."""
LASTING = BLOCKS - (SHORTER.stop - SHORTER.start)
ENOUGH_LABS = 4
"""Kinds of laboratory value from which the experts of all inputs speak alone; with none, those of vital signs."""

SHARES, VITAL_SHARES = (0.4, 0.4, 0.2), (0.8, 0.2)
"""Weight of (cut, straight, course) with all inputs and of (cut, course) with vital signs; set by hand, after looking
at two of the five folds."""


class Experts(nn.Module):
    """Logits from summaries and steps.

    While training it returns every head's logit, shape (batch, heads), so that each learns by itself; in evaluation
    mode their blend, shape (batch, 1).
    """

    def __init__(self, spec: Manifest, hidden: int, dropout: float) -> None:
        super().__init__()
        self.width = len(spec.inputs)
        self.vitals = sum(i.group == "vital" for i in spec.inputs)
        if any(i.group == "lab" for i in spec.inputs[: self.vitals]):
            raise ValueError("the manifest must list its vital signs before its laboratory values")
        inner, labs, tail = hidden // 3, self.width - self.vitals, 2 + STATICS
        vital = BLOCKS * self.vitals + tail
        self.cut = Summary(vital + LASTING * labs, 3, hidden, inner, HEADS, dropout)
        self.straight = Summary(BLOCKS * self.width + tail, 0, hidden, inner, HEADS, dropout)
        self.vital_cut = Summary(vital, 6, hidden, inner, HEADS, dropout)
        self.course = Course(STEP_BLOCKS * self.width + 1, STATICS, hidden // 3, hidden // 3, dropout)

    def learn(self, sample: Tensor) -> None:
        """Take the summaries' quantiles from training rows."""
        lasting, vital, _ = self._parts(sample)
        self.cut.learn(lasting)
        self.straight.learn(sample)
        self.vital_cut.learn(vital)

    def forward(self, summary: Tensor, steps: Tensor) -> Tensor:
        """Return logits from (batch, figures) and (batch, steps, figures)."""
        lasting, vital, kinds = self._parts(summary)
        cut, straight, vital_cut = self.cut(lasting), self.straight(summary), self.vital_cut(vital)
        course = self.course(steps, summary[:, -STATICS:])
        if self.training:
            return torch.cat([cut, straight, vital_cut, course], 1)
        gate = (kinds / ENOUGH_LABS).clamp(max=1)
        whole = SHARES[0] * cut.mean(1, True) + SHARES[1] * straight.mean(1, True) + SHARES[2] * course
        alone = VITAL_SHARES[0] * vital_cut.mean(1, True) + VITAL_SHARES[1] * course
        blend: Tensor = gate * whole + (1 - gate) * alone
        return blend

    def _parts(self, summary: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the figures without short windows of laboratory values, those of vital signs, kinds of labs seen."""
        end = BLOCKS * self.width
        blocks, tail = summary[:, :end].reshape(-1, BLOCKS, self.width), summary[:, end:]
        vital = torch.cat([blocks[:, :, : self.vitals].flatten(1), tail], 1)
        labs = blocks[:, :, self.vitals :]
        lasting = torch.cat([labs[:, : SHORTER.start].flatten(1), labs[:, SHORTER.stop :].flatten(1), vital], 1)
        return lasting, vital, labs[:, EVER].sum(1, keepdim=True)


class DeteriorationGru(nn.Module):
    """Logit of death in hospital from the bins up to ``as_of``; what it reads is computed inside.

    Of inputs whose timing differs between sites it reads the values and not when they were taken.
    """

    timing: Tensor

    def __init__(self, spec: Manifest, hidden: int, dropout: float) -> None:
        super().__init__()
        if spec.window.bins != WINDOWS[0] * 4:
            raise ValueError(f"the network reads {WINDOWS[0] * 4} bins, the manifest has {spec.window.bins}")
        self.register_buffer("timing", torch.tensor([float(i.timing) for i in spec.inputs]))
        self.experts = Experts(spec, hidden, dropout)

    def features(self, values: Tensor, hours_since: Tensor, statics: Tensor) -> tuple[Tensor, Tensor]:
        """Return summaries and steps."""
        bins = binned(values, hours_since, self.timing)
        known = (hours_since.amax(2) + 1).clamp(0, 1).mean(1, keepdim=True)
        return summaries(bins, known, statics, self.timing), steps_of(bins, self.timing)

    def forward(self, values: Tensor, hours_since: Tensor, statics: Tensor) -> Tensor:
        """Return logits of shape (batch, 1) from (batch, bins, inputs) twice and (batch, 4)."""
        logits: Tensor = self.experts(*self.features(values, hours_since, statics))
        return logits


class Calibrated(nn.Module):
    """The network with Platt scaling inside, so that nobody can forget it."""

    def __init__(self, network: DeteriorationGru, slope: float, intercept: float) -> None:
        super().__init__()
        self.network, self.slope, self.intercept = network, slope, intercept

    def forward(self, values: Tensor, hours_since: Tensor, statics: Tensor) -> Tensor:
        """Return calibrated probabilities of shape (batch, 1)."""
        return torch.sigmoid(self.slope * self.network(values, hours_since, statics) + self.intercept)
