"""The answers of a batch to one reading per picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.inference.answers import check_outputs
from streams.inference.imaging_manifest import ImageOutput, ImagingManifest
from streams.modalities.imaging.frame import Float32, Float64, Frame
from streams.modalities.imaging.measures import width_ratio
from streams.modalities.imaging.outlines import polygons
from streams.modalities.imaging.plausibility import figures, implausible
from streams.modalities.imaging.records import ClassProbability, Heat, Measured, Outline, Reading

Rows = Mapping[str, Float32]
"""One picture's outputs by name, without the batch dimension."""


def read(
    manifest: ImagingManifest, outputs: Mapping[str, NDArray[np.generic]], frames: Sequence[Frame]
) -> tuple[Reading, ...]:
    """Read a batch's answer.

    Parameters
    ----------
    outputs
        Tensors by name as the server returned them, batch first.
    frames
        Of the pictures of the batch, in its order.

    Returns
    -------
    tuple of Reading
        One per picture. An answer that breaks the manifest's contract (name, shape, type, range, NaN) is refused with
        ``contract``, one outside the manifest's limits with ``implausible:<figure>``; it spoils no other.
    """
    checked = check_outputs(manifest, outputs, len(frames))
    return tuple(
        _read(manifest, {name: values[k] for name, values in checked.outputs.items()}, frame)
        if checked.ok[k]
        else refused(manifest, ("contract",))
        for k, frame in enumerate(frames)
    )


def refused(manifest: ImagingManifest, reasons: tuple[str, ...]) -> Reading:
    """Return the reading of a picture that the model was not asked about, with `Prepared.reasons`."""
    return Reading(manifest.name, manifest.version, refusals=reasons)


def _read(manifest: ImagingManifest, answers: Rows, frame: Frame) -> Reading:
    found = {
        name: frame.to_source(polygon, (output.shape[1], output.shape[2]))
        for output in manifest.of_kind("outline")
        for name, polygon in _largest(output, answers[output.name])
    }
    outlines = tuple(Outline(name, _points(polygon)) for name, polygon in found.items())
    refusals = implausible(manifest, _figures(manifest, answers))
    if refusals:
        return Reading(manifest.name, manifest.version, outlines=outlines, refusals=refusals)
    drawn = [width_ratio(declared, found) for declared in manifest.measures]
    return Reading(
        manifest.name,
        manifest.version,
        tuple(_classes(manifest, answers)),
        (*_told(manifest, answers), *(one for one in drawn if one is not None)),
        outlines,
        tuple(_heat(output, answers[output.name], frame) for output in manifest.of_kind("heat")),
    )


def _largest(output: ImageOutput, maps: Float32) -> Iterable[tuple[str, Float64]]:
    """Yield the largest polygon of each structure that was found; crumbs are left out."""
    for name, each in zip(output.names, maps, strict=True):
        found = polygons(each)
        if found:
            yield name, found[0]


def _points(polygon: Float64) -> tuple[tuple[float, float], ...]:
    return tuple((x, y) for x, y in np.round(polygon, 2).tolist())


def _figures(manifest: ImagingManifest, answers: Rows) -> dict[str, float]:
    found: dict[str, float] = {}
    for output in manifest.of_kind("outline"):
        found |= figures(output, answers[output.name])
    return found


def _classes(manifest: ImagingManifest, answers: Rows) -> Iterable[ClassProbability]:
    for output in manifest.of_kind("class"):
        for name, value in zip(output.names, answers[output.name].tolist(), strict=True):
            level = "indeterminate" if manifest.thresholds is None else manifest.thresholds.level(value)
            yield ClassProbability(name, value, level)


def _told(manifest: ImagingManifest, answers: Rows) -> Iterable[Measured]:
    for output in manifest.of_kind("measure"):
        for name, value in zip(output.names, answers[output.name].tolist(), strict=True):
            yield Measured(name, value, output.unit, None, ())


def _heat(output: ImageOutput, grid: Float32, frame: Frame) -> Heat:
    rows = tuple(tuple(row) for row in np.round(grid.astype(np.float64), 4).tolist())
    return Heat(output.names[0], rows, (frame.left, frame.top), (frame.width, frame.height))
