"""Drawn chest films for demos and tests: no person's, but like enough that lungs and heart are found in them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.modalities.imaging.frame import Frame, framed

Float64 = NDArray[np.float64]


class Film(msgspec.Struct, frozen=True):
    """What is drawn; places and sizes are shares of the picture."""

    rows: int = 512
    columns: int = 512
    heart: float = 0.45
    """Width of the heart as a share of the picture's; the lungs take about 0.8 of it."""
    haze: float = 0.0
    """Brightness of a veil over the lower lungs."""
    seed: int = 375
    offset: float = 0.0
    gain: float = 1.0
    """The scale of the values, as machines differ in it."""


def drawn(film: Film) -> NDArray[np.float32]:
    """Return the film as pixels, brighter is denser, shape (rows, columns)."""
    x, y = _grid(film)
    random = np.random.default_rng(film.seed)
    body = _body(x, y)
    lungs = np.maximum(_lung(x, y, -1.0), _lung(x, y, 1.0))
    picture = 0.466 * body * (1 - 0.5 * np.abs(x - 0.5))
    picture = picture * (1 - lungs) + lungs * (0.151 + 0.10 * np.abs(y - 0.35) + film.haze * _step(y - 0.45, 12))
    picture = np.maximum(picture, 0.626 * _within(x, y, Oval(0.5, 0.3, 0.15, 1.0, 3, 20)) * body * (y < 0.95))
    picture += 0.05 * _within(x, y, Oval(0.5, 0.5, 0.06, 1.6, 4, 15))
    picture = np.maximum(picture, 0.604 * _heart(x, y, film.heart))
    belly = _step(y - 0.74 - 0.25 * (x - 0.5) ** 2, 45) * body
    picture = np.maximum(picture, 0.689 * belly * (1 - lungs))
    picture += 0.032 * _clouds(random, 40, film) * lungs + 0.02 * _clouds(random, 12, film)
    for side in (0.28, 0.72):
        picture += 0.07 * _within(x, y, Oval(side, 0.13, 0.36, 0.03, 2, 10))
    picture += 0.011 * random.normal(size=picture.shape)
    return (film.offset + film.gain * picture).astype(np.float32)


def _grid(film: Film) -> tuple[Float64, Float64]:
    y, x = np.mgrid[0 : film.rows, 0 : film.columns]
    return (x + 0.5) / film.columns, (y + 0.5) / film.rows


def _step(value: Float64, steepness: float) -> Float64:
    """Return 0 far below 0, 1 far above, evenly between."""
    return np.asarray(1 / (1 + np.exp(np.clip(-value * steepness, -50, 50))), np.float64)


class Oval(NamedTuple):
    """Middle and size of something round; of a higher power it is squarer, and steeper it has a sharper edge."""

    x: float
    y: float
    wide: float
    tall: float
    power: float
    steepness: float


def _within(x: Float64, y: Float64, oval: Oval) -> Float64:
    far = np.abs((x - oval.x) / (oval.wide / 2)) ** oval.power + np.abs((y - oval.y) / (oval.tall / 2)) ** oval.power
    return _step(1 - far ** (1 / oval.power), oval.steepness)


def _body(x: Float64, y: Float64) -> Float64:
    """Return trunk, shoulders and neck."""
    trunk = _within(x, y, Oval(0.5, 0.80, 0.90, 1.5, 4, 30))
    shoulders = _within(x, y, Oval(0.5, 0.42, 1.25, 0.62, 2.6, 20))
    return np.maximum(np.maximum(trunk, shoulders), _within(x, y, Oval(0.5, 0.0, 0.24, 0.6, 2, 25)))


def _lung(x: Float64, y: Float64, side: float) -> Float64:
    """Return a lung, narrow at the top, cut by the dome of the diaphragm; `side` is -1 left in the picture, else 1."""
    middle = 0.5 + side * (0.135 + 0.085 * np.clip((y - 0.12) / 0.5, 0, 1))
    half = 0.10 + 0.075 * np.clip((y - 0.10) / 0.35, 0, 1) ** 0.7
    inside = _step(1 - np.abs(x - middle) / half, 16) * _step(y - 0.131, 40)
    aside = x - (0.5 + side * 0.20)
    dome = 0.70 + (0.03 if side > 0 else 0.0) + 0.9 * aside**2 * (1 + 2 * (aside * side > 0))
    return np.asarray(inside * _step(dome - y, 70), np.float64)


def _heart(x: Float64, y: Float64, wide: float) -> Float64:
    """Return the heart, a third of it to the left of the middle of the picture."""
    middle = 0.5 + 0.18 * wide
    low = _within(x, y, Oval(middle, 0.63, wide, 0.30, 2, 23))
    high = _within(x, y, Oval(middle - 0.02, 0.55, 0.72 * wide, 0.34, 2, 18))
    return np.asarray(np.maximum(low, high) * _step(0.80 - y, 40), np.float64)


def _clouds(random: np.random.Generator, cells: int, film: Film) -> Float64:
    """Return slow noise, as of vessels."""
    coarse = random.normal(size=(cells, cells)).astype(np.float32)
    return framed(coarse, Frame(0.0, 0.0, float(cells), float(cells)), film.rows, film.columns).astype(np.float64)
