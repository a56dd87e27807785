"""How a picture lies in the tensor, so that what is found there can be drawn in the picture."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.inference.imaging_manifest import Framing

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class Frame(msgspec.Struct, frozen=True):
    """The part of the source that the tensor shows, in pixels of the source."""

    left: float
    top: float
    width: float
    height: float

    def to_source(self, points: Float64, grid: tuple[int, int]) -> Float64:
        """Return places in the source of places in a `grid` (rows, columns) laid over the frame.

        Both are x, y, in pixels and in cells, shape (points, 2).
        """
        rows, columns = grid
        scale = np.array([self.width / columns, self.height / rows])
        return np.asarray(points * scale + np.array([self.left, self.top]), np.float64)


def frame_of(source: tuple[int, int], framing: Framing) -> Frame:
    """Return the frame of a picture of `source` (rows, columns) pixels."""
    height, width = source
    if framing.fit == "stretch":
        return Frame(0.0, 0.0, float(width), float(height))
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return Frame(float(left), float(top), float(side), float(side))


def framed(values: Float32, frame: Frame, rows: int, columns: int) -> Float32:
    """Return the frame's part of a picture at the tensor's size; a picture of that size comes out as it is.

    Shrinking takes the weighted mean of what falls together, so that fine structure does not alias; enlarging is
    bilinear.
    """
    top, left = int(frame.top), int(frame.left)
    part = values[top : top + int(frame.height), left : left + int(frame.width)]
    down = _weights(part.shape[0], rows)
    across = _weights(part.shape[1], columns)
    return np.asarray(down @ part @ across.T, np.float32)


def _weights(source: int, target: int) -> Float32:
    """Return a triangle filter as wide as the reduction, shape (target, source); each row adds to 1."""
    scale = source / target
    middle = (np.arange(target)[:, None] + 0.5) * scale - 0.5
    distance = np.abs(np.arange(source)[None, :] - middle) / max(scale, 1.0)
    weights = np.clip(1.0 - distance, 0.0, None)
    # Beyond the edge lies what lies on it.
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)
