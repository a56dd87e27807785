"""The films of the folder ``chest-ctr``, and pictures of other things in which nothing must be found."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
SIDE = 256


class Films(msgspec.Struct, frozen=True):
    """Films with their label maps, in the folder's order."""

    ids: tuple[str, ...]
    images: Bytes
    """Shape (films, `SIDE`, `SIDE`)."""
    masks: Bytes
    """Shape (films, `SIDE`, `SIDE`): 0 background, 1 right lung, 2 left lung, 3 heart."""
    ratio: NDArray[np.float32]
    """Cardiothoracic ratio, shape (films,)."""
    source: tuple[str, ...]


def read_films(folder: Path, role: str) -> Films:
    """Read the films of one role (``train``, ``val``, ``test``; ``all`` for all)."""
    (path,) = sorted(folder.glob("chest_ctr_*.npz"))
    with np.load(path) as table:
        mine = np.ones(len(table["ids"]), bool) if role == "all" else table["split"] == role
        return Films(
            tuple(table["ids"][mine].tolist()),
            table["images"][mine],
            table["masks"][mine],
            table["ctr"][mine],
            tuple(table["source"][mine].tolist()),
        )


def read_others(data: Path, role: str, most: int) -> dict[str, Bytes]:
    """Return pictures of other things by name, each of its own size: at most `most` of each, evenly spread.

    Children's chest films, breast ultrasound, patches of lung CT, slices of cardiac MRI; `role` is ``train`` or
    ``val``.
    """
    found: dict[str, Bytes] = {}
    with np.load(data / "pneumoniamnist" / "pneumoniamnist.npz") as table:
        found["children"] = table[f"{role}_images"]
    with np.load(data / "busi-seg" / "busi_seg_128.npz") as table:
        found["ultrasound"] = table["images"][table["split"] == role]
    with np.load(data / "luna16-patches" / "luna16_patches_50.npz") as table:
        found["ct"] = table["images"][table["block_split"] == role]
    with np.load(data / "sunnybrook-lv" / "sunnybrook_lv_160.npz") as table:
        found["mri"] = table["images"][table["split"] == role]
    return {
        name: images[np.linspace(0, len(images) - 1, min(most, len(images))).astype(int)]
        for name, images in found.items()
    }
