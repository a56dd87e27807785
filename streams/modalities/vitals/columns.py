"""A manifest's inputs as look-up arrays, made once per model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import SECOND, Instant
from streams.inference.manifest import Manifest
from streams.vocabulary import INDEX, QUANTITIES

NONE = -1


class Columns(NamedTuple):
    """What the feature function looks up for every fact and bin."""

    codes: tuple[str, ...]
    """Per column."""
    bins: int
    bin_ms: Instant
    column: NDArray[np.int64]
    """Column of each row of `QUANTITIES`, `NONE` where it is no input."""
    low: NDArray[np.float64]
    """Per column: lowest value that is read."""
    high: NDArray[np.float64]
    narrow: bool
    """Whether any column reads less than the vocabulary's range."""
    sums: tuple[int, ...]
    """Columns whose bins hold a total, not a mean."""
    log: NDArray[np.bool_]
    """Per column: log(1 + x) before it is normalised."""
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    composed: tuple[tuple[int, tuple[int, ...]], ...]
    """(row of `QUANTITIES`, rows of those that add up to it)."""
    part: NDArray[np.bool_]
    """Per row of `QUANTITIES`: whether it is a part of any composed column."""


_COMPILED: dict[int, tuple[Manifest, Columns]] = {}
"""By identity, since hashing a whole manifest costs a quarter of what the features cost; the manifest is held on to, so
that its identity stays its own."""


def columns_of(spec: Manifest) -> Columns:
    """Return a manifest's inputs, compiled when first asked for."""
    known = _COMPILED.get(id(spec))
    if known is None:
        known = _COMPILED[id(spec)] = spec, _compiled(spec)
    return known[1]


def _compiled(spec: Manifest) -> Columns:
    inputs = spec.inputs
    column = np.full(len(QUANTITIES), NONE, np.int64)
    column[[INDEX[i.code] for i in inputs]] = np.arange(len(inputs))
    composed = tuple((INDEX[i.code], tuple(INDEX[c] for c in i.parts)) for i in inputs if i.parts)
    part = np.zeros(len(QUANTITIES), np.bool_)
    part[[row for _, rows in composed for row in rows]] = True
    low, high = np.array([i.low for i in inputs]), np.array([i.high for i in inputs])
    return Columns(
        codes=tuple(i.code for i in inputs),
        bins=spec.window.bins,
        bin_ms=spec.window.bin_s * SECOND,
        column=column,
        low=low,
        high=high,
        narrow=bool(np.isfinite(low).any() or np.isfinite(high).any()),
        sums=tuple(k for k, i in enumerate(inputs) if i.aggregate == "sum"),
        log=np.array([i.scale == "log1p" for i in inputs]),
        mean=np.array([i.mean for i in inputs]),
        std=np.array([i.std for i in inputs]),
        composed=composed,
        part=part,
    )
