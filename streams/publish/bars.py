"""Contributions drawn for people: a bar for each, to the right what raises, to the left what lowers; as PNG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from streams.publish.pictures import REMARK, Rgb
from streams.records import Contribution

WIDTH, LINE, MOST = 1100, 22, 24
"""Pixels across, pixels of a line, and bars drawn at most."""
_LABEL, _FIGURE, _MARGIN = 620, 60, 12
_RAISES, _LOWERS, _INK, _PALE = (178, 34, 34), (30, 90, 160), (20, 20, 20), (200, 200, 200)


def drawn(groups: Sequence[tuple[str, Sequence[Contribution]]]) -> Rgb:
    """Return one picture of several judgements, each under its title; shape (rows, columns, 3).

    The longest bar of a judgement fills its half; bars of different judgements are not to the same scale, and the
    figure beside each says its size.
    """
    shown = [(title, those[:MOST]) for title, those in groups if those]
    lines = sum(2 + len(those) for _, those in shown) + 2
    picture = Image.new("RGB", (WIDTH, lines * LINE), (255, 255, 255))
    draw, y = ImageDraw.Draw(picture), _MARGIN
    for title, those in shown:
        draw.text((_MARGIN, y), title, fill=_INK)
        y += LINE
        for one in those:
            _bar(draw, y, one, max(abs(each.size) for each in those))
            y += LINE
        y += LINE // 2
    draw.text((_MARGIN, y), REMARK, fill=_INK)
    return np.asarray(picture)


def _bar(draw: ImageDraw.ImageDraw, y: int, one: Contribution, largest: float) -> None:
    middle = _LABEL + (WIDTH - _LABEL - _FIGURE) // 2
    half = (WIDTH - _LABEL - _FIGURE) // 2 - _MARGIN
    end = middle + round(half * one.size / largest) if largest else middle
    draw.text((2 * _MARGIN, y), one.words, fill=_INK)
    draw.line([(middle, y - 2), (middle, y + LINE - 4)], fill=_PALE)
    if end != middle:
        draw.rectangle(
            [(min(middle, end), y + 2), (max(middle, end), y + LINE - 8)], fill=_RAISES if one.size > 0 else _LOWERS
        )
    draw.text((WIDTH - _FIGURE, y), f"{one.size:+.2f}" if one.unit == "log-odds" else f"{one.size:+.0f}", fill=_INK)
