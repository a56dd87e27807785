"""Bytes to a DICOM data set, with or without the header of PS3.10, checked before anything is decoded."""

from __future__ import annotations

from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from streams.pixels import header
from streams.pixels.header import Header
from streams.pixels.limits import Limits
from streams.pixels.refusal import refusal


def dataset(content: bytes, limits: Limits) -> Dataset:
    """Read a file; one without preamble and meta header is read by the encoding that its first elements show.

    Raises
    ------
    RejectedMessage
        ``too-large``, ``not-dicom``, or ``no-pixels``.
    """
    if len(content) > limits.file_bytes:
        raise refusal("too-large", f"a file of at most {limits.file_bytes} bytes", f"{len(content)} bytes")
    try:
        found = pydicom.dcmread(BytesIO(content), force=True)
        _complete(found)
        known = "SOPClassUID" in found or "Modality" in found
        pixels = "PixelData" in found
    except MemoryError:
        raise
    except Exception as error:  # the library raises whatever the bytes make it stumble over
        raise refusal("not-dicom", "a DICOM file", type(error).__name__) from None
    if not known:
        raise refusal("not-dicom", "a DICOM file", "a file without modality and SOP class")
    if not pixels:
        raise refusal("no-pixels", "an image", "a file without (integer) pixel data")
    return found


def _complete(found: Dataset) -> None:
    """Give a data set without meta header the transfer syntax that it was read by."""
    if not hasattr(found, "file_meta"):
        found.file_meta = FileMetaDataset()
    if not found.file_meta.get("TransferSyntaxUID"):
        implicit, little = found.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        found.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def described(found: Dataset) -> Header:
    """Return the header of a data set; elements that cannot be read count as missing."""
    plain: dict[str, object] = {}
    for tag in header.NEEDED:
        try:
            element = found.get(int(tag, 16))
            if element is not None:
                plain[tag] = element.to_json_dict(None, 1024)
        except MemoryError:
            raise
        except Exception:  # noqa: S112 - one odd element must not hide the others
            continue
    return header.read(plain)


def check(found: Header, limits: Limits) -> None:
    """Refuse a picture that is larger than the limits by its own header, before it is decoded.

    Raises
    ------
    RejectedMessage
        ``no-pixels``, ``too-many-pixels`` or ``too-many-frames``.
    """
    if not (found.rows and found.columns and found.bits):
        raise refusal("no-pixels", "rows, columns and bits of the pixels", "none")
    if found.rows * found.columns * found.samples > limits.pixels:
        expected, received = f"at most {limits.pixels} samples a frame", f"{found.rows} x {found.columns}"
        raise refusal("too-many-pixels", expected, f"{received} x {found.samples}")
    if found.frames > limits.frames:
        raise refusal("too-many-frames", f"at most {limits.frames} frames", f"{found.frames}")
