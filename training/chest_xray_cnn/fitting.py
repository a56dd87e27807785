"""One fit of one voice on films changed as other machines would change them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training import harness
from training.chest_xray_cnn.films import Films
from training.chest_xray_cnn.network import SIDE, Voice
from training.imaging.augment import Changes, moved, places, redone, scaled

BROAD = Changes(
    degrees=12.0, zoom=0.2, stretch=0.15, shift=0.07, mirror=0.5, gamma=0.6, low=0.1, high=0.15, shading=0.3,
    sharpness=0.5, coarsest=0.7, coarse=0.3, noise=0.04, patches=0.3,
)  # fmt: skip
CALM = Changes(
    degrees=7.0, zoom=0.12, stretch=0.08, shift=0.04, mirror=0.5, gamma=0.3, low=0.05, high=0.08, shading=0.15,
    sharpness=0.3, coarse=0.0, noise=0.015, patches=0.1,
)  # fmt: skip


class Stage(NamedTuple):
    """One part of the fit."""

    name: str
    plan: harness.Plan
    changes: Changes


_PLAN = harness.Plan(
    seed=20241, epochs=4, patience=10_000, batch=32, rate=1e-3, weight_decay=0.05, averaging=0.99, keep_last=True,
    slow_rate=0.5,
)  # fmt: skip
STAGES = (
    Stage("broad", _PLAN, BROAD),
    Stage("calm", msgspec.structs.replace(_PLAN, seed=30241, epochs=4, rate=6e-4), CALM),
)
"""First whatever a film may look like, then films much as they are, so that normalisations fit what will be served."""
SEED = _PLAN.seed
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

    def batches(self, stage: Stage, epoch: int) -> Iterator[harness.Batch]:
        """Yield every film once, changed afresh; a function of stage and epoch alone."""
        random = torch.Generator().manual_seed(stage.plan.seed * 1000 + epoch)
        order = torch.randperm(len(self.fine), generator=random)
        for mine in torch.split(order, stage.plan.batch):
            if len(mine) > 1:
                yield (self.changed(mine, stage.changes, random),), self.labels[mine]

    def changed(self, mine: Tensor, changes: Changes, random: torch.Generator) -> Tensor:
        """Return films as other machines would have made them."""
        maps = places(len(mine), changes, random)
        return redone(moved(self.fine[mine], maps, SIDE, "border"), changes, random)


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return binary cross-entropy against labels that leave some doubt (Szegedy et al., CVPR 2016)."""
    return F.binary_cross_entropy_with_logits(logits, labels * (1 - 2 * DOUBT) + DOUBT)


def fit_voice(films: Films, number: int, folder: Path, stages: Sequence[Stage] = STAGES) -> Voice:
    """Fit one voice, stage by stage; an interrupted fit goes on from `folder`."""
    harness.seed_everything(SEED + number)
    voice = Voice()
    voice.encoder.take_imagenet_weights()
    voice.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = Rows(films)
    shown = torch.arange(0, len(films.labels), max(1, len(films.labels) // 300))
    for each in stages:
        stage = each._replace(plan=msgspec.structs.replace(each.plan, seed=each.plan.seed + number))
        fit = harness.Fit(voice, stage.plan, folder / stage.name, loss=loss, slow=voice.encoder.parameters())
        fit.resume()
        fit.run(partial(rows.batches, stage), lambda net: _shown(net, rows, shown))
    return voice.eval()


def _shown(voice: nn.Module, rows: Rows, shown: Tensor) -> dict[str, float]:
    """Return the cross-entropy on some of the fitted films; for the progress display alone."""
    with torch.no_grad():
        logits = voice(scaled(F.interpolate(rows.fine[shown], size=(SIDE, SIDE), mode="bilinear", antialias=True)))
    return {"loss": float(F.binary_cross_entropy_with_logits(logits, rows.labels[shown]))}
