"""One picture to a network's tensors, how it was framed, and whether it can be used at all."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.inference.imaging_manifest import Framing, ImagingManifest
from streams.modalities.imaging.frame import Float32, Frame, frame_of, framed

MOST_MASKED = 0.5
"""Share of masked pixels above which a picture is refused."""
_NOISE = 4e-6
"""Spread, of the largest value, below which there is nothing but the rounding of resampling: a quarter of a step of 16
bits. Stretched to the whole range it would look like a picture."""


class Prepared(msgspec.Struct, frozen=True):
    """One picture's model input."""

    tensors: dict[str, Float32]
    """By the manifest's names, without a batch dimension; the picture has shape (1, rows, columns), 0 to 1."""
    frame: Frame
    """For `read`."""
    reasons: tuple[str, ...]
    """Why the picture cannot be used (``min-side``, ``masked``, ``blank``); empty where it can. The model is not asked
    then."""


def prepare(values: NDArray[np.float32], manifest: ImagingManifest) -> Prepared:
    """Turn one picture into the tensors that `manifest` declares; raises nothing for a picture of two dimensions.

    Parameters
    ----------
    values
        Shape (rows, columns), any scale, brighter is denser; HU where the manifest scales by a window. NaN or infinite
        where masked: filled with the lowest value that is left.
    """
    declared = manifest.tensors[0]
    _, rows, columns = declared.shape
    frame = frame_of((values.shape[0], values.shape[1]), manifest.framing)
    reasons = _reasons(values, manifest.framing)
    if reasons:
        return Prepared({declared.name: np.zeros(declared.shape, np.float32)}, frame, reasons)
    picture = framed(_filled(values), frame, rows, columns)
    low, high = _ends(picture, manifest.framing)
    if high - low <= _NOISE * max(abs(low), abs(high)):
        return Prepared({declared.name: np.zeros(declared.shape, np.float32)}, frame, ("blank",))
    scaled = np.clip((picture - low) / (high - low), 0.0, 1.0).astype(np.float32)
    return Prepared({declared.name: scaled[None]}, frame, ())


def stack(prepared: Sequence[Prepared]) -> dict[str, Float32]:
    """Stack pictures into one batch: every tensor gets a leading dimension of ``len(prepared)``; at least one."""
    return {name: np.stack([one.tensors[name] for one in prepared]) for name in prepared[0].tensors}


def _reasons(values: NDArray[np.float32], framing: Framing) -> tuple[str, ...]:
    if min(values.shape) < framing.min_side:
        return ("min-side",)
    masked = 1.0 - float(np.isfinite(values).mean())
    return ("masked",) if masked > MOST_MASKED else ()


def _filled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    known = np.isfinite(values)
    if known.all():
        return values
    return np.where(known, values, values[known].min()).astype(np.float32)


def _ends(picture: Float32, framing: Framing) -> tuple[float, float]:
    if framing.scaling == "window":
        return framing.low, framing.high
    low, high = np.percentile(picture, (framing.low, framing.high))
    return float(low), float(high)
