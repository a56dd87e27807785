"""The films of the folder ``pneumoniamnist``, each picture once, and their deal to folds."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from training.measures import Floats

ROLES = ("train", "val", "test")
FOLDS = 3
GROUPS = 150
"""Of pictures that look alike: the data name no patients, but films of one child do, so groups are kept whole."""


class Films(msgspec.Struct, frozen=True):
    """Films in the order of the file."""

    ids: tuple[str, ...]
    """Role and place in the file, e.g. ``val/17``."""
    images: NDArray[np.uint8]
    """Shape (films, 28, 28)."""
    labels: Floats
    """1 for pneumonia, shape (films,)."""


def read_films(folder: Path, role: str) -> Films:
    """Read one role (``all`` for all there are), less pictures that stand there twice.

    Of the same picture in several roles the later of train, val, test keeps it.
    """
    with np.load(folder / "pneumoniamnist.npz") as table:
        there = [name for name in ROLES if f"{name}_images" in table]
        wanted = there if role == "all" else [name for name in there if name == role]
        if not wanted:
            raise SystemExit(f"no films of role {role} in {folder}; it has {', '.join(there)}")
        parts = {name: (table[f"{name}_images"], table[f"{name}_labels"].reshape(-1)) for name in there}
    return _once(parts, wanted)


def _once(parts: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]], wanted: list[str]) -> Films:
    seen: set[bytes] = set()
    kept: list[tuple[str, NDArray[np.uint8], float]] = []
    for name in sorted(parts, key=ROLES.index, reverse=True):
        for k, (image, label) in enumerate(zip(*parts[name], strict=True)):
            picture = image.tobytes()
            if picture in seen:
                continue
            seen.add(picture)
            if name in wanted:
                kept.append((f"{name}/{k}", image, float(label)))
    kept.sort(key=lambda row: (ROLES.index(row[0].split("/")[0]), int(row[0].split("/")[1])))
    ids, images, labels = zip(*kept, strict=True)
    return Films(tuple(ids), np.stack(images), np.array(labels, np.float64))


def folds_of(films: Films) -> NDArray[np.int64]:
    """Deal films to `FOLDS` folds, films that look alike to the same; depends on the pictures alone."""
    pixels = films.images.reshape(len(films.images), -1).astype(np.float64)
    pixels = (pixels - pixels.mean(1, keepdims=True)) / pixels.std(1, keepdims=True)
    shape = PCA(30, random_state=0).fit_transform(pixels)
    group = KMeans(GROUPS, n_init=1, random_state=0).fit_predict(shape)
    sizes = np.bincount(group, minlength=GROUPS)
    fold, held = np.zeros(GROUPS, np.int64), np.zeros(FOLDS)
    for each in np.argsort(-sizes, kind="stable"):
        fold[each] = int(held.argmin())
        held[fold[each]] += sizes[each]
    return np.asarray(fold[group], np.int64)
