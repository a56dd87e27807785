"""Films and sections that never were, as DICOM files: phantoms, nobody's data."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

CR, DX, CT = "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.2"
ROOT = "1.2.826.0.1.3680043.8.498."


def uid(*parts: object) -> str:
    """A UID that is the same for the same parts."""
    number = int.from_bytes(sha256(repr(parts).encode()).digest()[:8], "big")
    return f"{ROOT}{number}"


def chest(side: int = 256, brightness: float = 0.5, seed: int = 0) -> NDArray[np.uint16]:
    """Two dark lungs and a heart in a grey chest, 12 bits."""
    y, x = np.mgrid[0:side, 0:side] / side
    picture = np.full((side, side), 0.6)
    for middle in (0.3, 0.7):
        picture[((x - middle) / 0.16) ** 2 + ((y - 0.45) / 0.3) ** 2 < 1] = 0.2
    picture[((x - 0.55) / 0.2) ** 2 + ((y - 0.6) / 0.16) ** 2 < 1] = 0.7
    noise = np.random.default_rng(seed).normal(0, 0.01, picture.shape)
    return np.asarray(np.clip(picture * 2 * brightness + noise, 0, 1) * 4095, np.uint16)


def dataset(pixels: NDArray[Any], study: str, series: str = "1", instance: int = 1, **changes: Any) -> Dataset:
    """A chest film (PA, DX) of a woman of 60 years; a change to None leaves the attribute out."""
    found = Dataset()
    whole: dict[str, Any] = {
        "SOPClassUID": DX,
        "SOPInstanceUID": f"{study}.{series}.{instance}",
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.{series}",
        "PatientID": "MRN-1",
        "PatientName": "Phantom^Nobody",
        "PatientAge": "060Y",
        "StudyDate": "20250301",
        "StudyTime": "115000",
        "StudyID": "1",
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PresentationIntentType": "FOR PRESENTATION",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "InstanceNumber": instance,
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": pixels.dtype.itemsize * 8,
        "BitsStored": 12 if pixels.dtype.itemsize == 2 else 8,
        "HighBit": 11 if pixels.dtype.itemsize == 2 else 7,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    for keyword, value in (whole | changes).items():
        if value is not None:
            setattr(found, keyword, value)
    found.PixelData = pixels.tobytes()
    found["PixelData"].VR = "OW" if pixels.dtype.itemsize == 2 else "OB"
    return found


def file_of(found: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """The data set as a DICOM file (PS3.10)."""
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = syntax
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    held = BytesIO()
    found.save_as(held, enforce_file_format=True)
    return held.getvalue()


def film(study: str, *, side: int = 256, brightness: float = 0.5, **changes: Any) -> bytes:
    """One chest film as a file."""
    return file_of(dataset(chest(side, brightness), study, **changes))


def section(study: str, number: int, side: int = 128) -> bytes:
    """One axial section through a chest, in HU by its rescale."""
    y, x = np.mgrid[0:side, 0:side] / side
    hounsfield = np.where(((x - 0.5) / 0.4) ** 2 + ((y - 0.5) / 0.3) ** 2 < 1, 40 + number % 7, -1000)
    return file_of(
        dataset(
            np.asarray(hounsfield + 1024, np.int16), study, instance=number, SOPClassUID=CT, Modality="CT",
            ViewPosition=None, PresentationIntentType=None, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
            BitsStored=16, HighBit=15, RescaleSlope=1, RescaleIntercept=-1024,
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0], ImagePositionPatient=[0, 0, number],
        )
    )  # fmt: skip
