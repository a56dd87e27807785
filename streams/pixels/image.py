"""One picture as models take it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.pixels.header import Header


class Image(NamedTuple):
    """One frame of one instance, decoded."""

    values: NDArray[np.float32]
    """Shape (rows, columns); brighter is denser (the sense of MONOCHROME2; HU for CT); NaN where text was masked."""
    header: Header
    """As the file itself says it, not as the PACS announced it."""
