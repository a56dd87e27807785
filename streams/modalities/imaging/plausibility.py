"""Figures of outlines by which a picture is refused that is none of those the model is for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from streams.inference.imaging_manifest import ImageOutput, ImagingManifest
from streams.modalities.imaging.frame import Float32
from streams.modalities.imaging.outlines import HALF, area, polygons

Figures = Mapping[str, float]


def figures(output: ImageOutput, maps: Float32) -> dict[str, float]:
    """Return figures of the maps of one ``outline`` output, shape (names, rows, columns); NaN where nothing is found.

    For each name: ``<name>/area``, share of the picture; ``<name>/whole``, share of it in the largest piece;
    ``<name>/sure``, mean probability within; ``<name>/x`` and ``<name>/y``, its middle as shares of the picture.
    """
    found: dict[str, float] = {}
    for name, each in zip(output.names, maps, strict=True):
        found |= {f"{name}/{figure}": value for figure, value in _figures(each).items()}
    return found


def _figures(probability: Float32) -> dict[str, float]:
    rows, columns = probability.shape
    inside = probability >= HALF
    pieces = polygons(probability)
    if not pieces or not inside.any():
        return {"area": 0.0, "whole": np.nan, "sure": np.nan, "x": np.nan, "y": np.nan}
    areas = [area(piece) for piece in pieces]
    y, x = np.nonzero(inside)
    return {
        "area": float(inside.mean()),
        "whole": areas[0] / sum(areas),
        "sure": float(probability[inside].mean()),
        "x": float((x.mean() + 0.5) / columns),
        "y": float((y.mean() + 0.5) / rows),
    }


def implausible(manifest: ImagingManifest, found: Figures) -> tuple[str, ...]:
    """Return ``implausible:<figure>`` for the first figure of each structure that is outside the manifest's limits.

    What is missing is outside.
    """
    outside = [one.figure for one in manifest.limits if not one.low <= found.get(one.figure, np.nan) <= one.high]
    first = {figure.split("/")[0]: figure for figure in reversed(outside)}
    return tuple(f"implausible:{figure}" for figure in outside if first[figure.split("/")[0]] == figure)
