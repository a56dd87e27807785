"""The index as people read it."""

from __future__ import annotations

import math


def in_points(index: float) -> str:
    """Return an index in whole points, cut and not rounded: 69.7 is no 70, with which another level begins."""
    return str(math.floor(index))
