"""A reading as DICOM objects of its study: the drawing (Secondary Capture) and the measures (SR, TID 1500).

Both are marked as made by a model and for research. Their UIDs are digests of the picture, of the model and of its
version, so that what is written again is the same object to the archive.
"""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import Any

import numpy as np
from highdicom.sc import SCImage
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    SourceImageForMeasurementGroup,
    TrackingIdentifier,
)
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian

from streams.clock import Instant, utc
from streams.pixels.terms import MANUFACTURER
from streams.publish.pictures import REMARK, Rgb, drawn
from streams.records import ImageBasis, Reading

SERIES_NUMBERS = {"drawing": 9901, "measures": 9902}
"""Far behind those that a modality gives."""
SCHEME = "99CARDIOSTREAM"
"""Coding scheme of our own measures (PS3.16 8: private schemes begin with 99), e.g. ``ctr``, cardiothoracic ratio."""
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:cardiostream:dicom:result")
_CODES = {"cardiothoracic-ratio": "ctr"}
"""A code has at most 16 characters (PS3.5 6.2, SH)."""
_SITES = {"cardiothoracic-ratio": Code("80891009", "SCT", "Heart")}
_RATIO = Code("1", "UCUM", "no units")


def files_of(
    values: NDArray[np.float32], reading: Reading, basis: ImageBasis, source: Dataset, at: Instant
) -> list[bytes]:
    """Return the objects of a reading as DICOM files: the drawing, and the measures where there are any."""
    made = [drawing(drawn(values, reading), reading, basis, source, at)]
    if reading.measures:
        made.append(measures(reading, basis, source, at))
    return [_file(one) for one in made]


def _file(made: Dataset) -> bytes:
    held = BytesIO()
    made.save_as(held, enforce_file_format=True)
    return held.getvalue()


def uid(basis: ImageBasis, reading: Reading, *what: str) -> str:
    """Return the UID of one object (PS3.5 B.2: 2.25 and a UUID), the same for the same picture, model and version."""
    words = (*basis.instance_uids, str(basis.frame), reading.model, reading.version, *what)
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(31).join(words)).int}"


def drawing(picture: Rgb, reading: Reading, basis: ImageBasis, source: Dataset, at: Instant) -> Dataset:
    """Return a reading drawn over its picture as Secondary Capture.

    Parameters
    ----------
    picture
        From `streams.publish.pictures.drawn`.
    source
        The instance that was read, without pixels; patient and study are taken over from it.
    at
        When this is made.
    """
    made = SCImage.from_ref_dataset(
        source,
        pixel_array=np.ascontiguousarray(picture),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **_place("drawing", reading, basis),
    )
    made.ImageType = ["DERIVED", "SECONDARY"]
    # What was said of sides is repeated, and nothing where it was not; what is written over the picture is burned in.
    made.PatientOrientation = source.get("PatientOrientation")
    made.BurnedInAnnotation = "YES"
    made.DerivationDescription = f"Drawn by model {reading.model} {reading.version} over the picture it read"
    made.SourceImageSequence = [_reference(source)]
    return _marked(made, reading, at)


def measures(reading: Reading, basis: ImageBasis, source: Dataset, at: Instant) -> Dataset:
    """Return the measures of a reading as Comprehensive SR with a Measurement Report (TID 1500); see `drawing`."""
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=uid(basis, reading, "tracking"), identifier=f"{reading.model} {reading.version}"
        ),
        algorithm_id=AlgorithmIdentification(name=reading.model, version=reading.version),
        finding_sites=[FindingSite(site) for site in {_SITES[m.name] for m in reading.measures if m.name in _SITES}],
        measurements=[
            Measurement(
                name=CodedConcept(_CODES.get(one.name, one.name[:16]), SCHEME, one.name), value=one.value,
                unit=_RATIO if one.unit == "1" else Code(one.unit, "UCUM", one.unit),
            )
            for one in reading.measures
        ],
        source_images=[SourceImageForMeasurementGroup.from_source_image(source)],
    )  # fmt: skip
    observer = DeviceObserverIdentifyingAttributes(
        uid=uid(basis, reading, "observer"), name=reading.model, manufacturer_name=MANUFACTURER,
        model_name=f"{reading.model} {reading.version}",
    )  # fmt: skip
    report = MeasurementReport(
        observation_context=ObservationContext(ObserverContext(codes.DCM.Device, observer)),
        procedure_reported=Code("399208008", "SCT", "Plain chest X-ray"),
        imaging_measurements=[group],
        title=codes.DCM.ImagingMeasurementReport,
    )
    made = ComprehensiveSR(
        [source], report, is_complete=True, is_final=False, is_verified=False,
        transfer_syntax_uid=ExplicitVRLittleEndian, **_place("measures", reading, basis),
    )  # fmt: skip
    return _marked(made, reading, at)


def _place(what: str, reading: Reading, basis: ImageBasis) -> dict[str, Any]:
    return {
        "series_instance_uid": uid(basis, reading, what, "series"),
        "series_number": SERIES_NUMBERS[what],
        "sop_instance_uid": uid(basis, reading, what),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
    }


def _reference(source: Dataset) -> Dataset:
    made = Dataset()
    made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return made


def _marked(made: Dataset, reading: Reading, at: Instant) -> Dataset:
    """Say in every viewer's list what this is, and give it the time that was handed in."""
    made.SeriesDescription = f"{REMARK}: {reading.model}"[:64]
    made.ContentQualification = "RESEARCH"
    # What the PACS tells comes in DICOM JSON, which is UTF-8: any name can be repeated only in it.
    made.SpecificCharacterSet = "ISO_IR 192"
    made.ManufacturerModelName, made.SoftwareVersions = reading.model, reading.version
    now = utc(at)
    for name in ("InstanceCreation", "Content"):
        setattr(made, f"{name}Date", now.strftime("%Y%m%d"))
        setattr(made, f"{name}Time", now.strftime("%H%M%S"))
    return made
