"""One fit of the experts on a set of stays: random views, hidden inputs, labels softened by the teachers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from streams.inference.manifest import Manifest
from training import harness
from training.deterioration_gru.network import HEADS, DeteriorationGru, Experts
from training.deterioration_gru.specialists import grow
from training.deterioration_gru.summaries import BLOCKS, SINCE, STEP_BLOCKS
from training.deterioration_gru.tasks import HOURS
from training.deterioration_gru.views import Features
from training.measures import Floats

HIDDEN, DROPOUT = 84, 0.3
PLAN = harness.Plan(
    epochs=30, patience=10_000, batch=128, rate=1e-3, weight_decay=0.05, averaging=0.998, keep_last=True
)
TRUTH = 0.5
"""Share of the label in a target; the rest is the teacher's."""
WITHOUT_LABS = 0.2
LAST_HOUR = 0.2
"""Share of rows that see all 48 hours; the others are spread evenly over the other views with all inputs."""

Logits = NDArray[np.float32]


class Rows:
    """What a fit learns from."""

    def __init__(self, features: Features, labels: Floats, targets: dict[str, Logits], spec: Manifest) -> None:
        self.features, self.labels, self.spec = features, labels.astype(np.float32), spec
        self.soft = {name: TRUTH * self.labels + (1 - TRUTH) * _sigmoid(logits) for name, logits in targets.items()}
        width = len(spec.inputs)
        self.timing = torch.tensor([float(i.timing) for i in spec.inputs])
        self.lab = torch.tensor([i.group == "lab" for i in spec.inputs])
        self.hidden = torch.tensor([_chance_hidden(i.required, i.timing, bool(i.parts)) for i in spec.inputs])
        self.no_summary = torch.zeros(BLOCKS, width)
        self.no_summary[SINCE] = 1.0
        self.no_steps = torch.zeros(STEP_BLOCKS, width)
        self.no_steps[STEP_BLOCKS - 1] = self.timing
        last = 2 * (len(HOURS) - 1)
        self.views = np.array([v for v in range(features.summary.shape[0]) if v >= 2 * len(HOURS) or v % 2 == 0])
        self.share = np.where(self.views == last, LAST_HOUR, (1 - LAST_HOUR) / (len(self.views) - 1))

    def batches(self, rows: NDArray[np.int64], plan: harness.Plan, epoch: int) -> Iterator[harness.Batch]:
        """Yield every row once under a fresh random view; a function of plan and epoch alone."""
        random = np.random.default_rng((plan.seed, epoch))
        noise = torch.Generator().manual_seed(plan.seed * 1000 + epoch)
        for part in np.array_split(random.permutation(rows), len(rows) // plan.batch):
            yield self._batch(part, random.choice(self.views, len(part), p=self.share), noise)

    def _batch(self, part: NDArray[np.int64], view: NDArray[np.int64], noise: torch.Generator) -> harness.Batch:
        summary = torch.from_numpy(np.asarray(self.features.summary[view, part], np.float32))
        steps = torch.from_numpy(np.asarray(self.features.steps[view, part], np.float32))
        bare = torch.rand(len(part), 1, generator=noise) < WITHOUT_LABS
        gone = torch.rand(len(part), len(self.lab), generator=noise) < self.hidden
        inputs = self._blanked(summary, steps, gone | (bare & self.lab))
        everything, vitals = (torch.from_numpy(self.soft[name][view, part]) for name in ("all", "vitals"))
        everything = torch.where(bare[:, 0], vitals, everything)[:, None]
        return inputs, torch.cat([everything.expand(-1, 2 * HEADS), vitals[:, None].expand(-1, HEADS)], 1)

    def _blanked(self, summary: Tensor, steps: Tensor, gone: Tensor) -> tuple[Tensor, Tensor]:
        """Make inputs look as if they had never been measured."""
        rows, width, end = len(summary), gone.shape[1], BLOCKS * gone.shape[1]
        blocks = torch.where(gone[:, None], self.no_summary, summary[:, :end].reshape(rows, BLOCKS, width))
        course = steps[:, :, :-1].reshape(rows, -1, STEP_BLOCKS, width)
        course = torch.where(gone[:, None, None], self.no_steps, course)
        return (
            torch.cat([blocks.flatten(1), summary[:, end:]], 1),
            torch.cat([course.flatten(2), steps[:, :, -1:]], 2),
        )


def fit_network(rows: Rows, mine: NDArray[np.int64], seed: int, folder: Path, epochs: int) -> DeteriorationGru:
    """Fit experts and trees on the stays `mine`; an interrupted fit goes on from `folder`."""
    plan = msgspec.structs.replace(PLAN, seed=seed, epochs=epochs)
    harness.seed_everything(seed)
    network = DeteriorationGru(rows.spec, HIDDEN, DROPOUT)
    sample = np.concatenate([rows.features.summary[view][mine[::4]] for view in (0, 2, 4, 6, 9, 12)])
    network.experts.learn(torch.from_numpy(sample.astype(np.float32)))
    fit = harness.Fit(network.experts, plan, folder)
    fit.resume()
    shown = mine[:: max(1, len(mine) // 500)]
    fit.run(lambda epoch: rows.batches(mine, plan, epoch), lambda net: _shown(net, rows, shown))
    network.plant(grow(rows.features, rows.labels.astype(np.float64), mine, rows.spec, seed))
    return network.eval()


def voices_of(network: DeteriorationGru, features: Features, view: int, stays: NDArray[np.int64]) -> Floats:
    """Return what each of a network's voices says of one view, shape (stays, voices)."""
    summary, steps = (torch.from_numpy(np.asarray(f[view][stays], np.float32)) for f in features)
    with torch.no_grad():
        return np.asarray(network.eval().voices(summary, steps).double().numpy())


def _shown(experts: nn.Module, rows: Rows, stays: NDArray[np.int64]) -> dict[str, float]:
    """Return the cross-entropy at 48 hours on some of the fitted stays; for the progress display alone."""
    view = 2 * (len(HOURS) - 1)
    summary, steps = (torch.from_numpy(np.asarray(f[view][stays], np.float32)) for f in rows.features)
    labels = torch.from_numpy(rows.labels[stays])
    with torch.no_grad():
        logits = experts(summary, steps)[:, :2].mean(1)
    return {"loss": float(nn.functional.binary_cross_entropy_with_logits(logits, labels))}


def _chance_hidden(required: bool, timing: bool, composed: bool) -> float:
    """Return how often an input is hidden while training: rarely, more often what only some stays have."""
    if required:
        return 0.0
    return (0.06 if composed else 0.02) if timing else 0.1


def _sigmoid(logits: Logits) -> Logits:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


__all__ = ["PLAN", "Experts", "Rows", "fit_network", "voices_of"]
