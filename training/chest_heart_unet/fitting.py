"""One fit of the network on films, with pictures of other things in between in which it must find nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training import harness
from training.chest_heart_unet.films import SIDE, Bytes, Films
from training.chest_heart_unet.network import CLASSES, MIRRORED, ChestUnet
from training.imaging.augment import Changes, moved, places, redone, scaled

FILM = Changes(mirror=0.5)
CALM = Changes(
    degrees=8.0, zoom=0.15, stretch=0.10, shift=0.06, mirror=0.5, gamma=0.4, high=0.22, shading=0.15, sharpness=0.5,
    coarse=0.2, noise=0.02, patches=0.15,
)  # fmt: skip
OTHER = Changes(degrees=180.0, zoom=0.4, stretch=0.3, mirror=0.5, coarse=0.2)
SMALL = 160
"""Side of small pictures: what is where is learned sooner on these (Tan and Le, EfficientNetV2, ICML 2021)."""


class Stage(NamedTuple):
    """One part of the fit."""

    name: str
    plan: harness.Plan
    changes: Changes
    small: float
    """For how much of it the pictures are small."""
    widths: float
    """Weight of what the ratio is made of: which columns each structure reaches."""


_PLAN = harness.Plan(
    seed=20240, epochs=26, patience=10_000, batch=8, rate=1.5e-3, weight_decay=0.02, averaging=0.99, keep_last=True,
    slow_rate=0.4,
)  # fmt: skip
STAGES = (
    Stage("broad", _PLAN, FILM, 0.7, 0.0),
    Stage("edges", msgspec.structs.replace(_PLAN, seed=20250, epochs=20, rate=1e-3), CALM, 0.0, 1.0),
)
"""First whatever a film may look like, then, more calmly and at full size, where exactly its edges are."""
SEED = _PLAN.seed
OTHERS = 2
"""Pictures per batch in which nothing must be found."""
TURNED = 0.5
"""How often such a picture is a film of a chest on its head, on its side or with black and white exchanged."""


class Rows:
    """What a fit learns from."""

    def __init__(self, films: Films, others: dict[str, Bytes]) -> None:
        self.images = torch.from_numpy(films.images).float()[:, None] / 255
        self.classes = F.one_hot(torch.from_numpy(films.masks).long(), CLASSES).permute(0, 3, 1, 2).byte()
        self.others = [torch.cat([_sized(image) for image in images]) for images in others.values()]

    def batches(self, stage: Stage, epoch: int) -> Iterator[harness.Batch]:
        """Yield every film once, changed afresh; a function of stage and epoch alone."""
        plan, changes = stage.plan, stage.changes
        random = torch.Generator().manual_seed(plan.seed * 1000 + epoch)
        side = SMALL if epoch < stage.small * plan.epochs else SIDE
        order = torch.randperm(len(self.images), generator=random)
        for start in range(0, len(order) - plan.batch // 2, plan.batch):
            images, labels = self._films(order[start : start + plan.batch], side, changes, random)
            others = torch.cat([self._other(side, random) for _ in range(OTHERS)])
            nothing = F.one_hot(torch.zeros(OTHERS, side, side).long(), CLASSES).permute(0, 3, 1, 2).float()
            yield (torch.cat([images, others]),), torch.cat([labels, nothing])

    def _films(self, mine: Tensor, side: int, changes: Changes, random: torch.Generator) -> tuple[Tensor, Tensor]:
        maps = places(len(mine), changes, random)
        both = moved(torch.cat([self.images[mine], self.classes[mine].float()], 1), maps, side)
        labels = both[:, 1:]
        labels[:, 0] = 1 - labels[:, 1:].sum(1)
        mirrored = (maps[:, 0, 0] * maps[:, 1, 1] < 0)[:, None, None, None]
        labels = torch.where(mirrored, labels[:, MIRRORED], labels)
        return redone(both[:, :1], changes, random), labels

    def _other(self, side: int, random: torch.Generator) -> Tensor:
        """Return one picture in which nothing must be found, shape (1, 1, side, side)."""
        turned, kind, which, quarter = torch.rand(4, generator=random).tolist()
        if turned < TURNED:
            film = self.images[int(which * len(self.images))][None]
            quarters = int(quarter * 4)
            picture = torch.rot90(film, quarters, (2, 3)) if quarters else 1 - film
            changes = FILM
        else:
            pool = self.others[int(kind * len(self.others))]
            picture, changes = pool[int(which * len(pool))][None], OTHER
        return redone(moved(picture, places(1, changes, random), side), changes, random)


def _sized(image: Bytes) -> Tensor:
    picture = torch.from_numpy(np.asarray(image, np.float32) / 255)[None, None]
    return F.interpolate(picture, size=(SIDE, SIDE), mode="bilinear", align_corners=False)


def loss(logits: Tensor, labels: Tensor, widths: float = 0.0) -> Tensor:
    """Return cross-entropy and, on what holds a chest, soft Dice (Milletari et al., 3DV 2016), both per picture.

    Parameters
    ----------
    widths
        Weight of the cross-entropy of which columns hold lungs and which the heart: a tail of a few pixels is nothing
        to the other two, and makes a ratio wrong.
    """
    logits = F.interpolate(logits, size=labels.shape[-2:], mode="bilinear", align_corners=False)
    entropy = -(labels * F.log_softmax(logits, 1)).sum(1).mean()
    chest = labels[:, 1:].sum((1, 2, 3)) > 0
    said, true = logits.softmax(1)[chest, 1:], labels[chest, 1:]
    both = 2 * (said * true).sum((2, 3)) + 1
    found = entropy + 1 - (both / ((said + true).sum((2, 3)) + 1)).mean()
    if widths:
        found = found + widths * F.binary_cross_entropy(_columns(said), _columns(true))
    return found


def _columns(maps: Tensor) -> Tensor:
    """Return how far each column belongs to a lung and to the heart, shape (rows, 2, columns)."""
    columns = maps.amax(2).clamp(1e-4, 1 - 1e-4)
    return torch.stack([columns[:, :2].amax(1), columns[:, 2]], 1)


def fit_network(films: Films, others: dict[str, Bytes], folder: Path, stages: Sequence[Stage] = STAGES) -> ChestUnet:
    """Fit on `films`, stage by stage; an interrupted fit goes on from `folder`."""
    harness.seed_everything(SEED)
    network = ChestUnet()
    network.encoder.take_imagenet_weights()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = Rows(films, others)
    for stage in stages:
        fit = harness.Fit(
            network,
            stage.plan,
            folder / stage.name,
            loss=partial(loss, widths=stage.widths),
            slow=network.encoder.parameters(),
        )
        fit.resume()
        fit.run(partial(rows.batches, stage), lambda net: _shown(net, rows))
    return network.eval()


def _shown(network: nn.Module, rows: Rows) -> dict[str, float]:
    """Return the Dice coefficients of some fitted films at the network's own size; for the progress display alone."""
    pictures, true = rows.images[::6], rows.classes[::6].argmax(1)[:, ::2, ::2]
    with torch.no_grad():
        said = network(scaled(pictures)).argmax(1)
    figures = {name: _dice(said == k, true == k) for k, name in enumerate(("right", "left", "heart"), 1)}
    return {"loss": 1 - sum(figures.values()) / len(figures), **figures}


def _dice(said: Tensor, true: Tensor) -> float:
    return float((2 * (said & true).sum((1, 2)) / (said.sum((1, 2)) + true.sum((1, 2)))).mean())
