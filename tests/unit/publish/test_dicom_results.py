"""A reading as DICOM: what a viewer reads back, that it says what it is, and that it is the same object again."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import msgspec
import numpy as np
import pydicom
from highdicom.sr import srread

from bench.films import chest, dataset
from streams.gateways.dicomweb.returning import reference_of
from streams.publish.dicom_results import files_of
from streams.records import ImageBasis, Line, Measured, Outline, Reading

AT = 1_700_000_000_000
RATIO = Measured(
    "cardiothoracic-ratio", 0.42, "1", 0.5,
    (Line("heart", (40.0, 60.0), (80.0, 60.0)), Line("lungs", (10.0, 60.0), (105.0, 60.0))),
)  # fmt: skip
READING = Reading(
    "chest_heart_unet", "1", (), (RATIO,), (Outline("heart", ((40.0, 50.0), (80.0, 50.0), (60.0, 90.0))),)
)
BASIS = ImageBasis("1.2.3.1", ("1.2.3.1.1",), 0, 128, 128, "DX", "CHEST", "PA")
VALUES = np.asarray(chest(128), np.float32)


def told(**changes: Any) -> Any:
    """The source as a PACS tells of it."""
    found = dataset(chest(128), "1.2.3", **changes)
    del found.PixelData
    return found.to_json_dict()


def objects(reading: Reading = READING, at: int = AT, **changes: Any) -> list[Any]:
    source = reference_of([told(**changes)], ("1.2.3", "1.2.3.1", "1.2.3.1.1"))
    return [pydicom.dcmread(BytesIO(one)) for one in files_of(VALUES, reading, BASIS, source, at)]


def test_the_drawing_is_a_secondary_capture_of_the_study_that_says_what_it_is() -> None:
    drawing, _ = objects()
    assert drawing.SOPClassUID == pydicom.uid.SecondaryCaptureImageStorage
    assert (drawing.StudyInstanceUID, drawing.PatientID) == ("1.2.3", "MRN-1")
    assert drawing.SeriesDescription == "AI-derived, for research only: chest_heart_unet"
    assert (list(drawing.ImageType), drawing.ContentQualification) == (["DERIVED", "SECONDARY"], "RESEARCH")
    assert drawing.pixel_array.shape == (128 + 18, 128, 3)
    assert drawing.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.1.1"


def test_the_outline_is_drawn_in_colour_and_the_remark_below() -> None:
    pixels = objects()[0].pixel_array.astype(int)
    colourful = np.ptp(pixels, axis=2) > 30
    assert colourful[:128].any()
    assert (pixels[128:] > 200).any()


def test_the_measures_are_a_measurement_report_that_a_reader_of_tid_1500_understands(tmp_path: Any) -> None:
    path = tmp_path / "measures.dcm"
    objects()[1].save_as(path)
    report = srread(path)
    [group] = report.content.get_image_measurement_groups()
    [measurement] = group.get_measurements()
    assert (measurement.name.value, measurement.name.scheme_designator) == ("ctr", "99CARDIOSTREAM")
    assert (measurement.value, measurement.unit.value) == (0.42, "1")
    assert [site.value.value for site in group.finding_sites] == ["80891009"]
    assert report.VerificationFlag == "UNVERIFIED"


def test_the_same_picture_and_model_are_the_same_objects_whenever_they_are_made() -> None:
    again = objects(at=AT + 86_400_000)
    assert [one.SOPInstanceUID for one in objects()] == [one.SOPInstanceUID for one in again]
    assert len({one.SOPInstanceUID for one in again}) == 2
    newer = objects(msgspec.structs.replace(READING, version="2"))
    assert not {one.SOPInstanceUID for one in newer} & {one.SOPInstanceUID for one in again}


def test_without_measures_there_is_the_drawing_alone() -> None:
    assert len(objects(msgspec.structs.replace(READING, measures=()))) == 1


def test_a_source_without_names_and_numbers_is_enough() -> None:
    gone = {"PatientName": None, "PatientAge": None, "StudyID": None, "StudyDate": None, "StudyTime": None}
    drawing, report = objects(**gone)
    assert (drawing.PatientName, report.StudyID) == ("", "")
