"""Every stay under many views, with what the experts read of each: computed once, so that epochs are quick."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from streams.inference.manifest import Manifest
from streams.modalities.vitals import prepare, stack
from training.deterioration_gru.examples import View, everything, snapshot_of
from training.deterioration_gru.network import DeteriorationGru
from training.deterioration_gru.p12 import Stay
from training.deterioration_gru.tasks import tasks

SLOTS = (
    (60, 180), (120, 300), (180, 420), (300, 540), (420, 660), (600, 780), (660, 840),
    (780, 1080), (1080, 1380), (1380, 1500), (1440, 1740), (1740, 2100), (2100, 2460), (2460, 2879),
)  # fmt: skip
"""Minutes between which a stay is cut once by chance; the hours of the tasks come on top."""

NEAR = {6: (2, 3), 12: (4, 5, 6), 24: (8, 9, 10), 48: (12, 13)}
"""Slots near the hours of the tasks, by number."""

CHUNK = 500


class Features(NamedTuple):
    """Half-precision features; views are the tasks in their order, then the slots."""

    summary: NDArray[np.float16]
    """Shape (views, stays, figures)."""
    steps: NDArray[np.float16]
    """Shape (views, stays, steps, figures)."""


def views_of(stays: list[Stay], spec: Manifest, seed: int = 0) -> list[list[View]]:
    """Return views by slot and stay."""
    random = np.random.default_rng(seed)
    fixed = [view for _, view in tasks(spec)]
    table = [[*fixed, *(View(int(random.integers(*slot)), everything()) for slot in SLOTS)] for _ in stays]
    return [list(column) for column in zip(*table, strict=True)]


def features_of(stays: list[Stay], views: list[View], spec: Manifest, network: DeteriorationGru) -> Features:
    """Return one view of every stay, shape (stays, ...)."""
    found = []
    for start in range(0, len(stays), CHUNK):
        rows = zip(stays[start : start + CHUNK], views[start : start + CHUNK], strict=True)
        batch = stack([prepare(snapshot_of(stay, view), spec) for stay, view in rows])
        with torch.no_grad():
            found.append(network.features(*(torch.from_numpy(batch[t.name]) for t in spec.tensors)))
    summary, steps = (torch.cat(part).numpy().astype(np.float16) for part in zip(*found, strict=True))
    return Features(summary, steps)


def load_or_build(stays: list[Stay], spec: Manifest, network: DeteriorationGru, folder: Path) -> Features:
    """Return the features of every view, from `folder` where they are of the same stays."""
    names = [folder / f"{name}.npy" for name in ("summary", "steps", "stays")]
    ids = np.array([s.record_id for s in stays])
    if not (names[2].exists() and np.array_equal(np.load(names[2]), ids)):
        folder.mkdir(parents=True, exist_ok=True)
        each = [features_of(stays, views, spec, network) for views in views_of(stays, spec)]
        np.save(names[0], np.stack([f.summary for f in each]))
        np.save(names[1], np.stack([f.steps for f in each]))
        np.save(names[2], ids)
    return Features(np.load(names[0], mmap_mode="r"), np.load(names[1], mmap_mode="r"))
