"""Drawn pictures that resemble films as far as golden cases need; none of them is of a person."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


class Ellipse(msgspec.Struct, frozen=True):
    """An ellipse in shares of the picture."""

    x: float
    y: float
    wide: float
    tall: float
    brightness: float
    """Added within."""


class Phantom(msgspec.Struct, frozen=True):
    """A picture made of ellipses, blurred at their edges."""

    title: str
    rows: int
    columns: int
    ellipses: tuple[Ellipse, ...]
    ribs: float = 0.0
    """Brightness of stripes, as of ribs."""
    offset: float = 0.0
    gain: float = 1.0
    """The scale of the values, as machines differ in it."""


def drawn(phantom: Phantom) -> Float32:
    """Return the picture as it would come from the door, shape (rows, columns)."""
    y, x = np.mgrid[0 : phantom.rows, 0 : phantom.columns]
    x, y = (x + 0.5) / phantom.columns, (y + 0.5) / phantom.rows
    picture = np.zeros((phantom.rows, phantom.columns))
    for each in phantom.ellipses:
        far = np.hypot((x - each.x) / (each.wide / 2), (y - each.y) / (each.tall / 2))
        picture += each.brightness / (1 + np.exp((far - 1) * 30))
    picture += phantom.ribs * np.sin(y * 60 + np.abs(x - 0.5) * 12) * (picture > 0.05)
    return (phantom.offset + phantom.gain * picture).astype(np.float32)


def chest(heart: float) -> tuple[Ellipse, ...]:
    """Return trunk, lungs, spine, belly and a heart whose width is this share of the picture's."""
    return (
        Ellipse(0.5, 0.62, 0.92, 1.3, 0.45),
        Ellipse(0.29, 0.42, 0.30, 0.62, -0.30),
        Ellipse(0.71, 0.42, 0.30, 0.62, -0.30),
        Ellipse(0.5, 0.5, 0.10, 1.2, 0.20),
        Ellipse(0.5, 0.95, 0.95, 0.45, 0.25),
        Ellipse(0.54, 0.58, heart, 0.34, 0.35),
    )


CASES: tuple[Phantom, ...] = (
    Phantom("a chest with a small heart, 12 bit", 512, 512, chest(0.34), 0.02, 200.0, 3000.0),
    Phantom("a chest with a large heart, wider than tall", 400, 480, chest(0.52), 0.03),
    Phantom("a chest with hazy lungs", 300, 300, (*chest(0.42), Ellipse(0.3, 0.5, 0.25, 0.4, 0.2)), 0.02, -50.0, 90.0),
    Phantom("one bright disc in the dark", 256, 256, (Ellipse(0.5, 0.5, 0.5, 0.5, 1.0),)),
    Phantom("nothing but one grey", 256, 256, (), 0.0, 7.0),
    Phantom("too small", 20, 20, chest(0.4)),
)
