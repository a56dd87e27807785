"""Pictures for people: a reading drawn over its picture, with what it is written into it, as PNG."""

from __future__ import annotations

from io import BytesIO

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from streams.modalities.imaging import Reading, overlay

REMARK = "AI-derived, for research only"
LONGEST_SIDE = 1024
"""Pixels of the longer side beyond which a picture is made smaller."""
_BAR = 18
"""Pixels of the line of text below."""

Rgb = NDArray[np.uint8]


def drawn(values: NDArray[np.float32], reading: Reading) -> Rgb:
    """Return the picture with the reading drawn in and a remark below that says what it is, shape (rows, columns, 3).

    Parameters
    ----------
    values
        The picture that was read; see `streams.modalities.imaging.drawing.overlay`.
    """
    return _remarked(_fitted(overlay(values, reading)), f"{REMARK}: {reading.model} {reading.version}")


def beside(values: NDArray[np.float32], reading: Reading) -> Rgb:
    """Return the original and the picture with the reading drawn in, next to each other."""
    plain = _fitted(overlay(values, msgspec.structs.replace(reading, outlines=(), measures=(), heat=())))
    both = np.concatenate([plain, _fitted(overlay(values, reading))], axis=1)
    return _remarked(both, f"{REMARK}: {reading.model} {reading.version}")


def png(picture: Rgb) -> bytes:
    """Write a picture as PNG."""
    held = BytesIO()
    Image.fromarray(picture).save(held, "PNG")
    return held.getvalue()


def _fitted(picture: Rgb) -> Rgb:
    scale = LONGEST_SIDE / max(picture.shape[:2])
    if scale >= 1:
        return picture
    rows, columns = (max(1, round(side * scale)) for side in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((columns, rows), Image.Resampling.BOX))


def _remarked(picture: Rgb, words: str) -> Rgb:
    bar = Image.new("RGB", (picture.shape[1], _BAR))
    ImageDraw.Draw(bar).text((4, 3), words, fill=(255, 255, 255))
    return np.concatenate([picture, np.asarray(bar)], axis=0)
