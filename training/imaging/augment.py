"""Pictures changed as other machines, positions and prints would change them; batches at a time, seeded.

Trained for shift: what differs between hospitals is size, place, window, sharpness and noise, so these are what is
varied, and widely. Every result is scaled by its own percentiles, as the feature function scales what it serves.
"""

from __future__ import annotations

import math

import msgspec
import torch
from torch import Tensor
from torch.nn import functional as F

Generator = torch.Generator


class Changes(msgspec.Struct, frozen=True):
    """How far pictures are changed; each is drawn evenly between minus and plus, or from 0."""

    degrees: float = 12.0
    zoom: float = 0.22
    """Of log size; both sides alike."""
    stretch: float = 0.12
    """Of log width less log height."""
    shift: float = 0.10
    """Share of the side."""
    mirror: float = 0.0
    """How often left and right are exchanged."""
    gamma: float = 0.6
    """Of log exponent."""
    low: float = 0.10
    """Greatest share cut off at the dark end."""
    high: float = 0.22
    """Greatest share cut off at the bright end: films burnt out below the diaphragm."""
    shading: float = 0.25
    """Of log brightness, slowly changing over the picture."""
    sharpness: float = 0.9
    """Share of the fine structure added or taken away."""
    coarsest: float = 0.18
    """Smallest size, as a share of the side, that a picture is reduced to and enlarged again."""
    coarse: float = 0.35
    """How often it is."""
    noise: float = 0.04
    patches: float = 0.3
    """How often a rectangle, bright or dark, hides a part: markers, electrodes, collimation."""


def uniform(random: Generator, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    """Return even draws."""
    return torch.rand(shape, generator=random) * (high - low) + low


def places(n: int, changes: Changes, random: Generator) -> Tensor:
    """Return affine maps of shape (n, 2, 3) from places in the new picture to places in the old."""
    angle = uniform(random, (n,), -1, 1) * math.radians(changes.degrees)
    zoom = uniform(random, (n,), -1, 1) * changes.zoom
    stretch = uniform(random, (n,), -1, 1) * changes.stretch
    wide, high = torch.exp(-(zoom + stretch / 2)), torch.exp(-(zoom - stretch / 2))
    flip = torch.where(torch.rand(n, generator=random) < changes.mirror, -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    move = uniform(random, (n, 2), -2, 2) * changes.shift
    return torch.stack(
        [torch.stack([cos * wide * flip, -sin * high, move[:, 0]], 1),
         torch.stack([sin * wide * flip, cos * high, move[:, 1]], 1)], 1
    )  # fmt: skip


def moved(pictures: Tensor, maps: Tensor, side: int = 0, outside: str = "zeros") -> Tensor:
    """Sample pictures of shape (n, channels, height, width) under affine maps.

    Parameters
    ----------
    side
        Height and width of the result; 0 for those of the pictures.
    outside
        What lies beyond the edge: ``zeros``, or ``border`` for what lies on it.
    """
    size = [*pictures.shape[:2], side, side] if side else list(pictures.shape)
    grid = F.affine_grid(maps, size, align_corners=False)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode=outside, align_corners=False)


def scaled(pictures: Tensor, low: float = 0.005, high: float = 0.995) -> Tensor:
    """Scale every picture by two of its own quantiles to 0..1, as the feature function does."""
    ends = torch.quantile(pictures.flatten(1), torch.tensor([low, high]), dim=1)[:, :, None, None, None]
    return ((pictures - ends[0]) / (ends[1] - ends[0]).clamp_min(1e-6)).clamp(0, 1)


def redone(pictures: Tensor, changes: Changes, random: Generator) -> Tensor:
    """Change brightness, window, shading, sharpness and noise of pictures of shape (n, 1, height, width), 0 to 1."""
    n, side = len(pictures), pictures.shape[-1]
    each = (n, 1, 1, 1)
    x = pictures.clamp(0, 1) ** torch.exp(uniform(random, each, -1, 1) * changes.gamma)
    field = F.interpolate(uniform(random, (n, 1, 4, 4), -1, 1), size=pictures.shape[-2:], mode="bicubic")
    x = x * torch.exp(field * changes.shading)
    x = _sharpened(x, changes, random)
    x = _coarsened(x, changes, random, side)
    low, high = uniform(random, each, 0, changes.low), 1 - uniform(random, each, 0, changes.high)
    x = ((scaled(x) - low) / (high - low)).clamp(0, 1)
    x = _patched(x, changes, random)
    x = x + torch.randn(x.shape, generator=random) * uniform(random, each, 0, changes.noise)
    return scaled(x)


def _sharpened(x: Tensor, changes: Changes, random: Generator) -> Tensor:
    reach = max(3, x.shape[-1] // 24) | 1
    smooth = F.avg_pool2d(F.pad(x, [reach // 2] * 4, mode="reflect"), reach, 1)
    share = uniform(random, (len(x), 1, 1, 1), -0.7, 1) * changes.sharpness
    return x + (x - smooth) * share


def _coarsened(x: Tensor, changes: Changes, random: Generator, side: int) -> Tensor:
    chosen = torch.rand(len(x), generator=random) < changes.coarse
    size = torch.exp(uniform(random, (len(x),), math.log(changes.coarsest), 0.0)) * side
    rows = [
        F.interpolate(_reduced(x[k : k + 1], int(size[k])), size=x.shape[-2:], mode="bilinear", align_corners=False)
        if chosen[k]
        else x[k : k + 1]
        for k in range(len(x))
    ]
    return torch.cat(rows)


def _reduced(x: Tensor, size: int) -> Tensor:
    return F.interpolate(x, size=(size, size), mode="bilinear", antialias=True, align_corners=False)


def _patched(x: Tensor, changes: Changes, random: Generator) -> Tensor:
    n, _, height, width = x.shape
    chosen = torch.rand(n, generator=random) < changes.patches
    spots = torch.rand((n, 5), generator=random)
    for k in torch.nonzero(chosen)[:, 0].tolist():
        top, left, tall, wide, value = spots[k].tolist()
        rows = slice(int(top * height), int((top + 0.02 + 0.13 * tall) * height))
        columns = slice(int(left * width), int((left + 0.02 + 0.13 * wide) * width))
        x[k, :, rows, columns] = value
    return x
