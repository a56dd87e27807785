"""The network: experts on summaries and on the course, and trees, for all inputs and for vital signs alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from streams.inference.manifest import Manifest
from training.deterioration_gru.experts import Course, Summary
from training.deterioration_gru.summaries import (
    BLOCKS,
    EVER,
    STEP_BLOCKS,
    TAIL,
    WIDTH,
    WINDOWS,
    binned,
    steps_of,
    summaries,
    tree_figures,
)
from training.deterioration_gru.tasks import HOURS
from training.deterioration_gru.trees import Trees

HEADS = 8
RECURRENT = 32
"""States of the GRU."""
SHORTER = slice(5, 13)
"""Blocks of the shorter windows: laboratory values are rare, and there these say little that the long one does not."""
LASTING = BLOCKS - (SHORTER.stop - SHORTER.start)
ENOUGH_LABS = 4
"""Kinds of laboratory value from which the experts of all inputs speak alone; with none, those of vital signs."""

VOICES = ("cut", "recurrent", "trees", "vital cut", "recurrent without laboratory values", "vital trees")
"""Who is heard: the first three as far as laboratory values are known, the others as far as they are not."""


class Experts(nn.Module):
    """Logits from summaries and steps.

    While training it returns every head's logit, shape (batch, heads), so that each learns by itself; in evaluation
    mode those of the three experts, shape (batch, 3): cut, recurrent, vital cut.
    """

    def __init__(self, spec: Manifest, hidden: int, dropout: float) -> None:
        super().__init__()
        self.width = len(spec.inputs)
        self.vitals = sum(i.group == "vital" for i in spec.inputs)
        if any(i.group == "lab" for i in spec.inputs[: self.vitals]):
            raise ValueError("the manifest must list its vital signs before its laboratory values")
        inner, labs, tail = hidden // 3, self.width - self.vitals, TAIL
        vital = BLOCKS * self.vitals + tail
        self.cut = Summary(vital + LASTING * labs, 3, hidden, inner, HEADS, dropout)
        self.vital_cut = Summary(vital, 6, hidden, inner, HEADS, dropout)
        self.course = Course(STEP_BLOCKS * self.width + 1, RECURRENT, dropout)
        self.recurrent = Summary(vital + LASTING * labs, 0, hidden, inner, HEADS, dropout, 2 * RECURRENT)

    def learn(self, sample: Tensor) -> None:
        """Take the summaries' quantiles from training rows."""
        lasting, vital = self._parts(sample)
        self.cut.learn(lasting)
        self.recurrent.learn(lasting)
        self.vital_cut.learn(vital)

    def forward(self, summary: Tensor, steps: Tensor) -> Tensor:
        """Return logits from (batch, figures) and (batch, steps, figures)."""
        lasting, vital = self._parts(summary)
        told = (self.cut(lasting), self.recurrent(lasting, self.course(steps)), self.vital_cut(vital))
        return torch.cat(told if self.training else [heads.mean(1, True) for heads in told], 1)

    def _parts(self, summary: Tensor) -> tuple[Tensor, Tensor]:
        """Return the figures without short windows of laboratory values, and those of vital signs."""
        end = BLOCKS * self.width
        blocks, tail = summary[:, :end].reshape(-1, BLOCKS, self.width), summary[:, end:]
        vital = torch.cat([blocks[:, :, : self.vitals].flatten(1), tail], 1)
        labs = blocks[:, :, self.vitals :]
        lasting = torch.cat([labs[:, : SHORTER.start].flatten(1), labs[:, SHORTER.stop :].flatten(1), vital], 1)
        return lasting, vital


class DeteriorationGru(nn.Module):
    """Logit of death in hospital from the bins up to ``as_of``; what it reads is computed inside.

    Of inputs whose timing differs between sites it reads the values and not when they were taken.
    """

    timing: Tensor
    shares: Tensor

    def __init__(self, spec: Manifest, hidden: int, dropout: float) -> None:
        super().__init__()
        if spec.window.bins != WINDOWS[0] * WIDTH:
            raise ValueError(f"the network reads {WINDOWS[0] * WIDTH} bins, the manifest has {spec.window.bins}")
        self.register_buffer("timing", torch.tensor([float(i.timing) for i in spec.inputs]))
        self.experts = Experts(spec, hidden, dropout)
        self.width, self.vitals = self.experts.width, self.experts.vitals
        self.trees = nn.ModuleList()
        self.register_buffer("shares", torch.full((len(VOICES), 1), 0.5))

    def features(self, values: Tensor, hours_since: Tensor, statics: Tensor) -> tuple[Tensor, Tensor]:
        """Return summaries and steps."""
        bins = binned(values, hours_since, self.timing)
        known = (hours_since.amax(2) + 1).clamp(0, 1).mean(1, keepdim=True)
        return summaries(bins, known, statics, self.timing), steps_of(bins, self.timing)

    def plant(self, trees: list[Trees]) -> None:
        """Take in the trees: by hour with all inputs, then by hour with vital signs alone."""
        self.trees.extend(trees)

    def weigh(self, shares: list[float]) -> None:
        """Set how much each of `VOICES` counts."""
        self.shares.copy_(torch.tensor(shares)[:, None])

    def voices(self, summary: Tensor, steps: Tensor) -> Tensor:
        """Return what each of `VOICES` says, times how far it is heard, shape (batch, 6)."""
        cut, recurrent, vital_cut = torch.split(self.experts(summary, steps), 1, 1)
        kinds = summary[:, EVER * self.width + self.vitals : (EVER + 1) * self.width].sum(1, keepdim=True)
        gate = (kinds / ENOUGH_LABS).clamp(max=1)
        other = 1 - gate
        trees, vital_trees = self._trees(summary, gate, other)
        return torch.cat([gate * cut, gate * recurrent, trees, other * vital_cut, other * recurrent, vital_trees], 1)

    def _trees(self, summary: Tensor, gate: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """Return what trees with all inputs and with vital signs say, between the hours that they were grown at."""
        hours = summary[:, BLOCKS * self.width, None] * WINDOWS[0] * WIDTH
        place = torch.log2(hours.clamp(min=HOURS[0]) / HOURS[0])
        near = (1 - (place - torch.arange(len(HOURS))).abs()).clamp(min=0)
        shares = torch.split(torch.cat([gate * near, other * near], 1), 1, 1)
        figures = tree_figures(summary, self.width)
        told = torch.cat([_heard(*pair, figures) for pair in zip(self.trees, shares, strict=True)], 1)
        return told[:, : len(HOURS)].sum(1, keepdim=True), told[:, len(HOURS) :].sum(1, keepdim=True)

    def forward(self, values: Tensor, hours_since: Tensor, statics: Tensor) -> Tensor:
        """Return logits of shape (batch, 1) from (batch, bins, inputs) twice and (batch, 4)."""
        logits: Tensor = torch.matmul(self.voices(*self.features(values, hours_since, statics)), self.shares)
        return logits


def _heard(trees: nn.Module, share: Tensor, figures: Tensor) -> Tensor:
    """Return logits times `share`, shape (batch, 1); only the patients whose share is not 0 are looked at."""
    rows = share[:, 0].nonzero()
    return share.scatter(0, rows, share[rows[:, 0]] * trees(figures[rows[:, 0]]))


class Calibrated(nn.Module):
    """The network with Platt scaling inside, so that nobody can forget it."""

    def __init__(self, network: DeteriorationGru, slope: float, intercept: float) -> None:
        super().__init__()
        self.network, self.slope, self.intercept = network, slope, intercept

    def forward(self, values: Tensor, hours_since: Tensor, statics: Tensor) -> Tensor:
        """Return calibrated probabilities of shape (batch, 1)."""
        return torch.sigmoid(self.slope * self.network(values, hours_since, statics) + self.intercept)
