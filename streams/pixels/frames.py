"""Stored values of one frame, and the attributes that apply to that frame alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from streams.pixels.refusal import refusal

_PLUGINS: dict[UID, tuple[str, ...]] = {
    **dict.fromkeys(JPEGTransferSyntaxes, ("gdcm", "pillow")),
    **dict.fromkeys(JPEGLSTransferSyntaxes, ("gdcm",)),
    **dict.fromkeys([*JPEG2000TransferSyntaxes, JPEG2000, JPEG2000Lossless], ("pylibjpeg", "gdcm")),
    RLELossless: ("pylibjpeg", "pydicom"),
}
"""Decoders by transfer syntax, the preferred one first; native pixels need none."""
_END = b"\xff\xd9"
"""EOI of JPEG and JPEG-LS (ISO/IEC 10918-1, 14495-1), EOC of JPEG 2000 (ISO/IEC 15444-1)."""
_FILL = b"\x00\xff"
"""What writers put behind the end, so that the length is even."""


def stored(found: Dataset, frame: int) -> NDArray[Any]:
    """Return the stored values of one frame; colour comes as RGB, palettes as indices.

    Raises
    ------
    RejectedMessage
        ``transfer-syntax`` where nothing here decodes it, else ``undecodable``.
    """
    syntax = found.file_meta.TransferSyntaxUID
    _check_whole(found, frame)
    errors: list[Exception] = []
    for plugin in _PLUGINS.get(syntax, ("",)):
        try:
            return np.asarray(pixel_array(found, index=frame, decoding_plugin=plugin))
        except MemoryError:
            raise
        except Exception as error:  # decoders raise whatever the bytes make them stumble over
            errors.append(error)
    if any(isinstance(error, NotImplementedError) for error in errors):
        named = syntax.name if syntax.is_transfer_syntax and not syntax.is_private else "an unknown one"
        raise refusal("transfer-syntax", "a transfer syntax that is decoded here", named)
    raise refusal("undecodable", "whole pixel data as the header announces it", type(errors[0]).__name__)


def _check_whole(found: Dataset, frame: int) -> None:
    """Refuse a code stream that lacks its end; decoders make grey of what is missing, and say nothing."""
    syntax = found.file_meta.TransferSyntaxUID
    if not (syntax in JPEGTransferSyntaxes or syntax in JPEGLSTransferSyntaxes or syntax in JPEG2000TransferSyntaxes):
        return
    try:
        frames = int(found.get("NumberOfFrames") or 1)
        stream = get_frame(found.PixelData, frame, number_of_frames=frames, extended_offsets=_offsets(found))
    except MemoryError:
        raise
    except Exception as error:
        raise refusal("undecodable", "pixel data in whole fragments", type(error).__name__) from None
    if not stream.rstrip(_FILL).endswith(_END):
        raise refusal("truncated", "a code stream with its end marker", "one without")


def _offsets(found: Dataset) -> tuple[bytes, bytes] | None:
    if "ExtendedOffsetTable" in found and "ExtendedOffsetTableLengths" in found:
        return found.ExtendedOffsetTable, found.ExtendedOffsetTableLengths
    return None


def chosen(frames: int) -> int:
    """Return the frame that stands for a file of several: the middle one."""
    return max(frames - 1, 0) // 2


def of_frame(found: Dataset, frame: int) -> Dataset:
    """Return the attributes that turn stored values of one frame into values.

    Enhanced objects keep them in functional groups, of the frame before those shared by all (PS3.3 C.7.6.16).
    """
    result = Dataset()
    for keyword in _ATTRIBUTES:
        if keyword in found:
            result[keyword] = found[keyword]
    for group in _groups(found, frame):
        for sequence in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for element in group.get(sequence, [])[:1]:
                result.update(element)
    result.file_meta = found.file_meta
    return result


_ATTRIBUTES = (
    "PhotometricInterpretation", "BitsAllocated", "BitsStored", "PixelRepresentation", "SamplesPerPixel",
    "ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "VOILUTSequence", "WindowCenter", "WindowWidth",
    "VOILUTFunction", "PresentationLUTShape", "PixelPaddingValue", "PixelPaddingRangeLimit", "Modality",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData",
)  # fmt: skip


def _groups(found: Dataset, frame: int) -> list[Dataset]:
    """Return the functional groups of a frame, those shared by all first, so that its own have the last word."""
    shared = list(found.get("SharedFunctionalGroupsSequence") or [])[:1]
    own = list(found.get("PerFrameFunctionalGroupsSequence") or [])
    return shared + own[frame : frame + 1]
