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
STEP_BLOCKS = 6
"""Figures per input in `steps`."""
_BEYOND = 9.0


class Binned(NamedTuple):
    """Per patient, step and input; shape (batch, steps, inputs)."""

    number: Tensor
    total: Tensor
    square: Tensor
    high: Tensor
    low: Tensor
    last: Tensor
    """Carried forward."""
    since: Tensor
    """Hours, -1 before the first."""


def binned(values: Tensor, hours_since: Tensor, timing: Tensor) -> Binned:
    """Gather hourly bins to steps; an input whose timing is not told counts every hour that has a carried value."""
    batch, hours, width = values.shape
    shape = (batch, hours // WIDTH, WIDTH, width)
    # Arithmetic, not masks: several times faster in onnxruntime. hours_since is whole and not below -1.
    seen = (hours_since + 1).clamp(0, 1)
    weight = (seen * torch.maximum((1 - hours_since).clamp(0, 1), 1 - timing)).reshape(shape)
    value = values.reshape(shape)
    kept = value * weight
    out = (weight - 1) * _BEYOND
    return Binned(
        number=weight.sum(2),
        total=kept.sum(2),
        square=(kept * value).sum(2),
        high=(kept + out).amax(2),
        low=(kept - out).amin(2),
        last=value[:, :, -1],
        since=hours_since.reshape(shape)[:, :, -1],
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
    blocks = [block for steps in WINDOWS for block in _window(bins, steps, now, ever, timing)]
    before = torch.cat([torch.zeros_like(seen[:, :1]), seen[:, :-1]], 1)
    first = (bins.last * seen * (1 - before)).sum(1)
    age = torch.log1p(bins.since[:, -1].clamp(min=0)) / 3 * timing * ever + (1 - ever)
    blocks += [now, first, now - first, age, ever]
    return torch.cat([*blocks, known, torch.log1p(known * 48) / 2 - 1, statics], 1)


def _window(bins: Binned, steps: int, now: Tensor, ever: Tensor, timing: Tensor) -> list[Tensor]:
    """Sum up the last `steps`; where nothing was measured in them the carried value stands in."""
    count = bins.number[:, -steps:].sum(1)
    has, least = count.clamp(0, 1), count.clamp(min=1)
    carried = (1 - has) * now
    mean = has * bins.total[:, -steps:].sum(1) / least
    low = has * bins.low[:, -steps:].amin(1) + carried
    high = has * bins.high[:, -steps:].amax(1) + carried
    blocks = [mean + carried, low, high, torch.log1p(count) * timing * 0.5]
    if steps == WINDOWS[0]:
        spread = (bins.square.sum(1) / least - mean * mean).clamp(min=0)
        blocks.append(torch.sqrt(spread + 1e-6) * ever)
    return blocks


def steps_of(bins: Binned, timing: Tensor) -> Tensor:
    """Return (batch, steps, STEP_BLOCKS * inputs + 1): newest, mean, greatest, least, count, age; whether known."""
    seen = (bins.since + 1).clamp(0, 1)
    has = bins.number.clamp(0, 1)
    mean = has * (bins.total / bins.number.clamp(min=1) - bins.last)
    age = (torch.log1p(bins.since.clamp(min=0)) / math.log(49) * seen + (1 - seen)) * timing
    count = bins.number / WIDTH * timing
    high, low = has * (bins.high - bins.last), has * (bins.low - bins.last)
    return torch.cat([bins.last, mean, high, low, count, age, seen.amax(2, keepdim=True)], 2)
