"""What the experts read, computed inside the exported graph: four-hour bins, and what sums up the whole window."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

WIDTH = 4
"""Hourly bins per step of the recurrent experts; every longer window is added up from these."""

WINDOWS = (12, 6, 2)
"""In steps: all 48 hours, the last 24 and the last 8."""

BLOCKS = 18
"""Figures per input in `summaries`; `EVER` is the place of the last, `SINCE` of the one before."""
SINCE, EVER = 16, 17
NOW = 13
"""Place of the newest value."""
TAIL = 6
"""Figures of `summaries` and `tree_figures` that belong to no input: hours known, twice, and four statics."""
TREE_BLOCKS = 5
"""Figures per input in `tree_figures`."""
STEP_BLOCKS = 6
"""Figures per input in `steps`."""
_BEYOND, _NEVER = 9.0, 10.0


class Binned(NamedTuple):
    """Per patient, step and input: shape (batch, steps, inputs); sums also per window: (batch, windows, inputs)."""

    number: Tensor
    total: Tensor
    high: Tensor
    low: Tensor
    last: Tensor
    """Carried forward."""
    since: Tensor
    """Hours, -1 before the first."""
    window_number: Tensor
    window_total: Tensor
    square: Tensor
    """Of the whole window, shape (batch, inputs)."""


def _adding() -> Tensor:
    """Return (steps + windows, hours) of ones and zeros: which hours each step and window adds up."""
    hours, steps = torch.arange(WINDOWS[0] * WIDTH), torch.arange(WINDOWS[0])
    per_step = hours // WIDTH == steps[:, None]
    per_window = hours >= (WINDOWS[0] - torch.tensor(WINDOWS)[:, None]) * WIDTH
    return torch.cat([per_step, per_window]).float()


_ADDING = _adding()


def binned(values: Tensor, hours_since: Tensor, timing: Tensor) -> Binned:
    """Gather hourly bins to steps; an input whose timing is not told counts every hour that has a carried value."""
    batch, hours, width = values.shape
    # Arithmetic, not masks, and one product for all sums: several times faster in onnxruntime. hours_since is whole
    # and not below -1; an hour counts where it is 0, of an input without timing where it is not below 0.
    weight = torch.minimum(hours_since + 1, 1 - hours_since * timing).clamp(0, 1)
    kept = values * weight
    sums = torch.matmul(_ADDING, torch.cat([weight, kept, kept * values], 2))
    number, total, square = torch.split(sums, width, 2)
    out = weight * _BEYOND - _BEYOND
    shape, steps = (batch, hours // WIDTH, WIDTH, width), hours // WIDTH
    return Binned(
        number=number[:, :steps],
        total=total[:, :steps],
        high=(kept + out).reshape(shape).amax(2),
        low=(kept - out).reshape(shape).amin(2),
        last=values[:, WIDTH - 1 :: WIDTH],
        since=hours_since[:, WIDTH - 1 :: WIDTH],
        window_number=number[:, steps:],
        window_total=total[:, steps:],
        square=square[:, steps],
    )


def summaries(bins: Binned, known: Tensor, statics: Tensor, timing: Tensor) -> Tensor:
    """Return (batch, BLOCKS * inputs + 2 + statics): per window mean, least, greatest, count, then what is newest.

    Parameters
    ----------
    known
        Shape (batch, 1): share of the window's hours since the first fact.
    """
    seen = (bins.since + 1).clamp(0, 1)
    ever, now = seen[:, -1], bins.last[:, -1]
    before = torch.cat([torch.zeros_like(seen[:, :1]), seen[:, :-1]], 1)
    first = (bins.last * (seen - before)).sum(1)
    age = torch.log1p(bins.since[:, -1].clamp(min=0)) / 3 * timing * ever + (1 - ever)
    whole, spread, shorter = _windows(bins, now, ever, timing)
    newest = torch.cat([now, first, now - first, age, ever], 1)
    return torch.cat([whole, spread, shorter, newest, known, torch.log1p(known * 48) / 2 - 1, statics], 1)


def _windows(bins: Binned, now: Tensor, ever: Tensor, timing: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, least, greatest and count of the whole window, its spread, and the four of each shorter window.

    Where nothing was measured in a window the carried value stands in.
    """
    count = bins.window_number
    has, least = count.clamp(0, 1), count.clamp(min=1)
    carried = (1 - has) * now[:, None]
    mean = bins.window_total / least
    low = torch.stack([bins.low[:, -steps:].amin(1) for steps in WINDOWS], 1)
    high = torch.stack([bins.high[:, -steps:].amax(1) for steps in WINDOWS], 1)
    blocks = [mean + carried, has * low + carried, has * high + carried, torch.log1p(count) * timing * 0.5]
    spread = (bins.square / least[:, 0] - mean[:, 0] * mean[:, 0]).clamp(min=0)
    told = torch.stack(blocks, 2)
    return told[:, 0].flatten(1), torch.sqrt(spread + 1e-6) * ever, told[:, 1:].flatten(1)


def steps_of(bins: Binned, timing: Tensor) -> Tensor:
    """Return (batch, steps, STEP_BLOCKS * inputs + 1): newest, mean, greatest, least, count, age; whether known."""
    seen = (bins.since + 1).clamp(0, 1)
    has = bins.number.clamp(0, 1)
    mean = has * (bins.total / bins.number.clamp(min=1) - bins.last)
    age = (torch.log1p(bins.since.clamp(min=0)) / math.log(49) * seen + (1 - seen)) * timing
    count = bins.number / WIDTH * timing
    high, low = has * (bins.high - bins.last), has * (bins.low - bins.last)
    return torch.cat([bins.last, mean, high, low, count, age, seen.amax(2, keepdim=True)], 2)


def tree_figures(summary: Tensor, width: int) -> Tensor:
    """Return what the trees read of `summaries`: (batch, TREE_BLOCKS * inputs + TAIL).

    Mean, least, greatest and newest of the whole window, far below everything where nothing was ever measured, so
    that one split sets those apart; then the number of values, hours known and statics.
    """
    end = BLOCKS * width
    blocks = summary[:, :end].reshape(-1, BLOCKS, width)
    read = torch.cat([blocks[:, :3], blocks[:, NOW : NOW + 1]], 1) + (blocks[:, EVER:] - 1) * _NEVER
    return torch.cat([read.flatten(1), blocks[:, 3], summary[:, end:]], 1)
