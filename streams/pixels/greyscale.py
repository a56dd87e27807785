"""Stored values to one number per pixel, brighter being denser: rescale, look-up tables, window, colour, padding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from streams.pixels.refusal import refusal

Values = NDArray[np.float32]
Stored = NDArray[Any]
"""Whole numbers as the file holds them, or as a table has made them."""
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601, as DICOM's YBR_FULL (PS3.3 C.7.6.3.1.2)."""
_ABSOLUTE = frozenset({"CT", "PT"})
"""Modalities whose values mean something by themselves (HU, activity), so that no window is applied."""


def grey(stored: Stored, attributes: Dataset) -> Values:
    """Turn the stored values of one frame into values in the sense of MONOCHROME2, float32 of shape (rows, columns).

    The steps of PS3.3 C.11 in their order: Modality LUT or rescale, then, but for CT and PET, VOI LUT or window (the
    first of several), then inversion of MONOCHROME1. Padding becomes the lowest value. Colour becomes luminance.

    Raises
    ------
    RejectedMessage
        ``photometric`` or ``look-up-table``.
    """
    photometric = str(attributes.get("PhotometricInterpretation", "")).strip()
    try:
        if photometric in {"MONOCHROME1", "MONOCHROME2"} and stored.ndim == 2:
            return _monochrome(stored, attributes, inverse=photometric == "MONOCHROME1")
        if photometric == "PALETTE COLOR" and stored.ndim == 2:
            return _luminance(apply_color_lut(stored, attributes))
    except MemoryError:
        raise
    except Exception as error:  # a table or a window that contradicts itself
        raise refusal("look-up-table", "a table or window that can be applied", type(error).__name__) from None
    if stored.ndim == 3 and stored.shape[2] == 3:
        return _luminance(stored)
    raise refusal("photometric", "MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB or YBR", "another, or other samples")


def _monochrome(stored: Stored, attributes: Dataset, *, inverse: bool) -> Values:
    padded = _padding(stored, attributes)
    values = apply_modality_lut(stored, attributes)
    if str(attributes.get("Modality", "")) not in _ABSOLUTE:
        shown = _windowed(values, attributes)
        # A window that leaves nothing to see was not meant for these values.
        values = shown if shown.max() > shown.min() else values
    result = np.asarray(values, np.float32)
    if inverse:
        result = result.max() + result.min() - result
    if padded is not None and not padded.all():
        result[padded] = result[~padded].min()
    return result


def _windowed(values: Stored, attributes: Dataset) -> Stored:
    if attributes.get("VOILUTSequence"):
        # A table is indexed by whole numbers, also where a rescale came before it.
        return np.asarray(apply_voi_lut(np.rint(values).astype(np.int32), attributes))
    if "WindowCenter" in attributes and "WindowWidth" in attributes:
        return np.asarray(apply_voi_lut(values, attributes))
    return values


def _padding(stored: Stored, attributes: Dataset) -> NDArray[np.bool_] | None:
    """Return which pixels hold nothing of the patient (PS3.3 C.7.5.1.1.2); None where the file does not say."""
    first = attributes.get("PixelPaddingValue")
    if first is None:
        return None
    last = attributes.get("PixelPaddingRangeLimit", first)
    low, high = sorted((_signed(first, stored), _signed(last, stored)))
    return np.asarray((stored >= low) & (stored <= high))


def _signed(value: object, stored: Stored) -> int:
    """Return a padding value as the pixels have it: writers give it unsigned where the pixels are signed."""
    number = int(value)  # type: ignore[call-overload]
    if stored.dtype.kind == "i" and number > np.iinfo(stored.dtype).max:
        number -= 2 ** (8 * stored.dtype.itemsize)
    return int(number)


def _luminance(colour: Stored) -> Values:
    return np.asarray(colour[..., :3].astype(np.float32) @ _LUMINANCE, np.float32)
