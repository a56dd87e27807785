"""Chest films of the ward: frontal pictures of nobody with a heart as wide as asked for, and plates exposed in vain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 512
"""Rows and columns."""
LUNGS = (0.115, 0.885)
"""Outer edges of the lungs at their widest, as shares of the picture; what a heart's width is compared to."""
_EDGE = 0.008
_TOP, _TALL = 0.115, 0.78
"""Where the lungs begin, and how tall the chest is drawn; the belly has the rest."""
_RIBS = 8

Float = NDArray[np.float64]


def film(ratio: float, chance: np.random.Generator, side: int = SIDE) -> NDArray[np.uint16]:
    """Return a frontal chest film of 12 bits, brighter where denser, shape (side, side).

    Parameters
    ----------
    ratio
        Width of the heart over the inner width of the chest that is drawn.
    chance
        For the grain and for how one chest differs from another.
    """
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    x, y = x + chance.normal(0, 0.004), _TOP + (y - _TOP) / _TALL + chance.normal(0, 0.006)
    lungs = np.maximum(_lung(x, y, right=True), _lung(x, y, right=False))
    trunk = _trunk(x, y)
    heart = _heart(x, y, ratio * (LUNGS[1] - LUNGS[0]))
    picture = 0.02 + trunk * (0.34 + 0.05 * np.clip(y, 0, 1.2) - 0.04 * (np.abs(x - 0.5) > 0.4))
    picture -= 0.15 * lungs * (1 - 0.95 * heart)
    texture = 0.030 * _vessels(x, y) + 0.030 * _ribs(x, y) + 0.035 * _strands(chance, side)
    picture += lungs * (1 - 0.75 * heart) * texture
    picture += 0.02 * trunk * (1 - lungs) * _ribs(x, y) * (y < 0.8)
    picture += 0.025 * _spine(x, y) * trunk + 0.03 * heart + 0.03 * _clavicles(x, y)
    picture = _blurred(picture, side // 256)
    picture += trunk * (0.004 * _clouds(chance, side) + chance.normal(0, 0.005, picture.shape))
    picture = np.where(_marker(x, y), 0.9, picture)
    return np.asarray(np.clip(picture, 0, 1) * 4095, np.uint16)


def blank(chance: np.random.Generator, side: int = SIDE) -> NDArray[np.uint16]:
    """Return a picture that is sent as a chest film and shows none: a plate exposed without anybody before it."""
    y, _ = np.mgrid[0:side, 0:side] / side
    picture = 0.3 + 0.3 * y + 0.05 * _clouds(chance, side) + chance.normal(0, 0.01, (side, side))
    return np.asarray(np.clip(picture, 0, 1) * 4095, np.uint16)


def _soft(far: Float, edge: float = _EDGE) -> Float:
    """Return 1 within and 0 beyond an edge of some softness; `far` is negative within."""
    return np.asarray(1 / (1 + np.exp(np.clip(far / edge, -40, 40))))


def _ellipse(x: Float, y: Float, middle: tuple[float, float], half: tuple[float, float]) -> Float:
    """Return how far each place is from an ellipse, as a share of the picture, negative within."""
    far = np.hypot((x - middle[0]) / half[0], (y - middle[1]) / half[1])
    return np.asarray((far - 1) * min(half))


def _trunk(x: Float, y: Float) -> Float:
    """Neck, shoulders and flanks, with dark air beside them."""
    across = np.abs(x - 0.5)
    shoulders = 0.13 + 0.40 / (1 + np.exp(-(y - 0.10) * 30))
    flanks = 0.455 + 0.02 * np.cos(y * 5) + 0.08 * np.exp(-(((y - 0.2) / 0.12) ** 2))
    return _soft(across - np.minimum(shoulders, flanks), 0.02)


def _marker(x: Float, y: Float) -> NDArray[np.bool_]:
    """Return the letter of lead that says which side is the right one; here a small frame."""
    far = np.maximum(np.abs(x - 0.12), np.abs(y - 0.03))
    return np.asarray((far < 0.018) & (far > 0.010))


def _strands(chance: np.random.Generator, side: int) -> Float:
    """Return the fine structure of lungs: grain of several sizes."""
    found = np.zeros((side, side))
    for cells, weight in ((32, 0.5), (64, 0.7), (128, 0.8)):
        grain = np.kron(chance.normal(0, 1, (cells, cells)), np.ones((side // cells, side // cells)))
        found += weight * _blurred(grain, side // cells // 2)
    return found


def _lung(x: Float, y: Float, *, right: bool) -> Float:
    """Return one lung; the right one is on the left of a film."""
    across = x - 0.5 if not right else 0.5 - x
    # From the inner edge at the spine to the ribs: narrow above, wide below.
    outer = 0.385 * np.sqrt(np.clip(1 - ((y - 0.66) / 0.56) ** 2, 0, 1)) ** 0.9
    inner = 0.055 + 0.02 * np.clip((0.3 - y) / 0.2, 0, 1)
    floor = (0.74 if right else 0.77) + 0.55 * (across - 0.17) ** 2 - 0.025 + 0.8 * np.clip(across - 0.3, 0, 1)
    top = 0.115
    within = np.maximum.reduce([across - outer, inner - across, y - floor, top - y])
    return _soft(within)


def _heart(x: Float, y: Float, width: float) -> Float:
    """Return the heart and the great vessels: a third of its width to the right of the spine, as on most films."""
    left, right = 0.5 - 0.33 * width, 0.5 + 0.67 * width
    # Narrow where the vessels leave it, widest a little above the diaphragm.
    rise = np.clip((y - 0.30) / 0.36, 0, 1) ** 1.2
    edge_right = 0.455 + (left - 0.455) * np.sin(rise * np.pi / 2)
    edge_left = 0.565 + (right - 0.565) * rise
    round_off = 0.5 * np.clip(y - 0.68, 0, 1)
    body = np.maximum(edge_right + round_off - x, x - edge_left + round_off)
    vessels = np.maximum(np.abs(x - 0.51) - 0.06, y - 0.5)
    arch = _ellipse(x, y, (0.565, 0.27), (0.05, 0.06))
    return np.asarray(np.maximum.reduce([_soft(np.maximum(body, 0.3 - y)), _soft(vessels), _soft(arch)]))


def _spine(x: Float, y: Float) -> Float:
    return np.asarray(_soft(np.abs(x - 0.5) - 0.045) * (0.8 + 0.2 * np.cos(y * 110)))


def _ribs(x: Float, y: Float) -> Float:
    """Ribs behind, which fall from the spine to the side."""
    across = np.abs(x - 0.5)
    return np.asarray(np.clip(np.cos((y - 0.55 * across + 1.1 * across**2) * 2 * np.pi * _RIBS / 0.72), 0, 1) ** 1.5)


def _vessels(x: Float, y: Float) -> Float:
    """The roots of the lungs, brightest near the heart."""
    across = np.abs(x - 0.5)
    roots = np.exp(-(((across - 0.11) / 0.07) ** 2) - ((y - 0.47) / 0.12) ** 2)
    return np.asarray(2.2 * roots + np.exp(-across / 0.2) * (0.6 + 0.4 * np.sin(60 * across + 25 * y)))


def _clavicles(x: Float, y: Float) -> Float:
    across = np.abs(x - 0.5)
    return np.asarray(_soft(np.abs(y - 0.175 + 0.16 * across) - 0.013) * (across > 0.05) * (across < 0.36))


def _blurred(picture: Float, times: int) -> Float:
    for _ in range(times):
        picture = (picture + np.roll(picture, 1, 0) + np.roll(picture, 1, 1) + np.roll(picture, (1, 1), (0, 1))) / 4
    return picture


def _clouds(chance: np.random.Generator, side: int) -> Float:
    """Return unevenness a sixteenth of the picture wide."""
    coarse = chance.normal(0, 1, (16, 16))
    return _blurred(np.kron(coarse, np.ones((side // 16, side // 16)))[:side, :side], 24)
