"""One fit of one voice on films changed as other machines would change them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training import harness
from training.chest_xray_cnn.films import Films
from training.chest_xray_cnn.network import SIDE, Voice
from training.imaging.augment import Changes, moved, places, redone, scaled

PLAN = harness.Plan(
    seed=20241, epochs=8, patience=10_000, batch=64, rate=1e-3, weight_decay=0.05, averaging=0.99, keep_last=True,
    slow_rate=0.5,
)  # fmt: skip
CHANGES = Changes(
    degrees=12.0, zoom=0.2, stretch=0.15, shift=0.07, mirror=0.5, gamma=0.6, low=0.1, high=0.15, shading=0.3,
    sharpness=0.5, coarsest=0.7, coarse=0.3, noise=0.04, patches=0.3,
)  # fmt: skip
FINE = 3 * SIDE
"""Pictures are moved at this size, so that moving does not blur them."""
DOUBT = 0.03
"""A label says this much less than certainty: they are read by people."""


class Rows:
    """What a fit learns from."""

    def __init__(self, films: Films) -> None:
        images = torch.from_numpy(films.images).float()[:, None] / 255
        self.fine = F.interpolate(images, size=(FINE, FINE), mode="bicubic", align_corners=False).clamp(0, 1)
        self.labels = torch.from_numpy(films.labels).float()[:, None]

    def batches(self, plan: harness.Plan, epoch: int) -> Iterator[harness.Batch]:
        """Yield every film once, changed afresh; a function of plan and epoch alone."""
        random = torch.Generator().manual_seed(plan.seed * 1000 + epoch)
        order = torch.randperm(len(self.fine), generator=random)
        for mine in torch.split(order, plan.batch):
            if len(mine) > 1:
                yield (self.changed(mine, random),), self.labels[mine]

    def changed(self, mine: Tensor, random: torch.Generator, changes: Changes = CHANGES) -> Tensor:
        """Return films as other machines would have made them."""
        maps = places(len(mine), changes, random)
        return redone(moved(self.fine[mine], maps, SIDE, "border"), changes, random)


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return binary cross-entropy against labels that leave some doubt (Szegedy et al., CVPR 2016)."""
    return F.binary_cross_entropy_with_logits(logits, labels * (1 - 2 * DOUBT) + DOUBT)


def fit_voice(films: Films, seed: int, folder: Path, epochs: int) -> Voice:
    """Fit one voice; an interrupted fit goes on from `folder`."""
    plan = msgspec.structs.replace(PLAN, seed=seed, epochs=epochs)
    harness.seed_everything(seed)
    voice = Voice()
    voice.encoder.take_imagenet_weights()
    voice.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = Rows(films)
    fit = harness.Fit(voice, plan, folder, loss=loss, slow=voice.encoder.parameters())
    fit.resume()
    shown = torch.arange(0, len(films.labels), max(1, len(films.labels) // 300))
    fit.run(lambda epoch: rows.batches(plan, epoch), lambda net: _shown(net, rows, shown))
    return voice.eval()


def _shown(voice: nn.Module, rows: Rows, shown: Tensor) -> dict[str, float]:
    """Return the cross-entropy on some of the fitted films; for the progress display alone."""
    with torch.no_grad():
        logits = voice(scaled(F.interpolate(rows.fine[shown], size=(SIDE, SIDE), mode="bilinear", antialias=True)))
    return {"loss": float(F.binary_cross_entropy_with_logits(logits, rows.labels[shown]))}
