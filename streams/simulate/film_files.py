"""The ward's films as DICOM files; apart from what tells of them, for the libraries take a while to load."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from streams.simulate.chests import blank, film
from streams.simulate.studies import Filmed


def header(one: Filmed) -> Dataset:
    """Return the film's data set without its pixels; nothing in it names anybody."""
    made = Dataset()
    for keyword, value in {
        "SOPClassUID": DigitalXRayImageStorageForPresentation,
        "SOPInstanceUID": one.sop_uid,
        "StudyInstanceUID": one.study_uid,
        "SeriesInstanceUID": one.series_uid,
        "PatientID": f"M{one.number + 1:04d}",
        "PatientName": "Phantom^Simulated",
        "PatientAge": "060Y",
        "StudyID": "1",
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PresentationIntentType": "FOR PRESENTATION",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "InstanceNumber": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": 512,
        "Columns": 512,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
    }.items():
        setattr(made, keyword, value)
    return made


def file_of(one: Filmed) -> bytes:
    """Draw the film and return it as a DICOM file."""
    made, chance = header(one), np.random.default_rng((one.seed, one.number))
    pixels = blank(chance) if one.kind == "blank" else film(one.ratio, chance)
    made.Rows, made.Columns = pixels.shape
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    held = BytesIO()
    made.save_as(held, enforce_file_format=True)
    return held.getvalue()
