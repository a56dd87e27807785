"""Imaging studies of the simulated ward: who was filmed, when, and what the film shows; nobody's pictures."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from io import BytesIO
from typing import Literal

import msgspec
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from streams.clock import HOUR, MINUTE, Instant, isoformat
from streams.simulate.chance import stream
from streams.simulate.films import blank, film
from streams.simulate.resources import Resource

EVERY = 4
"""One patient in so many has a film."""
BLANK_EVERY = 5
"""One film in so many shows nobody, as when a plate is exposed by mistake."""
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, "urn:cardiostream:simulate:study")
_DCM = "http://dicom.nema.org/resources/ontology/DCM"

Kind = Literal["chest", "blank"]


class Filmed(msgspec.Struct, frozen=True):
    """One chest film of one patient."""

    number: int
    """Of the patient, counted from 0."""
    study_uid: str
    kind: Kind
    ratio: float
    """Width of the heart over that of the chest, as it is drawn."""
    hours: float
    """After the beginning."""
    seed: int

    @property
    def series_uid(self) -> str:
        """UID of its only series."""
        return f"{self.study_uid}.1"

    @property
    def sop_uid(self) -> str:
        """UID of its only instance."""
        return f"{self.study_uid}.1.1"


def filmed(patients: int, seed: int) -> Iterator[Filmed]:
    """Yield the films of a ward; a function of the number of patients and the seed."""
    for place, number in enumerate(range(1, patients, EVERY)):
        chance = stream(seed, number, "film")
        uid = f"2.25.{uuid.uuid5(_ROOT, f'{seed} {number}').int}"
        kind: Kind = "blank" if place % BLANK_EVERY == BLANK_EVERY - 2 else "chest"
        ratio = round(chance.uniform(0.40, 0.64), 3)
        yield Filmed(number, uid, kind, ratio, chance.uniform(0.05, 1.0), seed)


def study(one: Filmed, patient_id: str, start: Instant) -> tuple[Instant, Resource]:
    """Return the ImagingStudy (R4) of a film, and when it reaches the bus: minutes after the film."""
    at = start + round(one.hours * HOUR)
    known = at + 3 * MINUTE
    series = {"uid": one.series_uid, "modality": {"system": _DCM, "code": "DX"}, "numberOfInstances": 1}
    return known, {
        "resourceType": "ImagingStudy",
        # The beginning is part of the id: two wards on one stack must not be versions of each other.
        "id": f"{patient_id}-{one.seed}-{start // 60_000:x}-film",
        "meta": {"versionId": "1", "lastUpdated": isoformat(known)},
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{one.study_uid}"}],
        "subject": {"reference": f"Patient/{patient_id}"},
        "started": isoformat(at),
        "numberOfSeries": 1,
        "numberOfInstances": 1,
        "series": [series],
    }


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
