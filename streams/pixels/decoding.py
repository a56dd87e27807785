"""One file to one picture, step by step; runs where memory is bounded (`streams.pixels.child`)."""

from __future__ import annotations

import numpy as np

from streams.pixels import files, frames
from streams.pixels.borders import paint_over_text
from streams.pixels.greyscale import grey
from streams.pixels.image import Image
from streams.pixels.limits import Limits
from streams.pixels.refusal import refusal

FILMS = frozenset({"CR", "DX", "MG", "RF", "RG", "XA"})
"""Modalities on whose border names and markers are burned in; sections (CT, MR) have none, and fixed values."""


def decode(content: bytes, limits: Limits, frame: int | None = None) -> Image:
    """Decode one frame of a DICOM file.

    Parameters
    ----------
    content
        The file, with or without the header of PS3.10; it may be anything.
    frame
        Which one, from 0; None takes the middle one.

    Raises
    ------
    RejectedMessage
        With the reason: `streams.pixels.files`, `streams.pixels.frames`, `streams.pixels.greyscale`, or ``not-finite``.
    MemoryError
        Where the process may not have as much as the file asks for.
    """
    found = files.dataset(content, limits)
    header = files.described(found)
    files.check(header, limits)
    index = frames.chosen(header.frames) if frame is None else frame
    if not 0 <= index < max(header.frames, 1):
        raise refusal("frame", f"a frame from 0 to {header.frames - 1}", str(index))
    values = grey(frames.stored(found, index), frames.of_frame(found, index))
    if values.shape != (header.rows, header.columns):
        raise refusal("undecodable", f"{header.rows} x {header.columns} pixels", "another shape")
    if not np.isfinite(values).all():
        raise refusal("not-finite", "finite values", "values that are not")
    if header.modality in FILMS:
        values, _ = paint_over_text(values)
    return Image(np.ascontiguousarray(values), header)
