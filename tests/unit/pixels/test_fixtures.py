"""Public DICOM files: stored values as an independent decoder has them, or a clear reason."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels.utils import pixel_array

from streams.errors import RejectedMessage
from streams.pixels import files, frames
from streams.pixels.decoding import decode
from streams.pixels.limits import Limits

# One of the files has UIDs that are none.
pytestmark = [pytest.mark.realdata, pytest.mark.filterwarnings("ignore:Invalid value for VR UI:UserWarning")]
FOLDER = Path(os.environ.get("CARDIOSTREAM_DATA", "")) / "dicom-fixtures"
BY_PLUGIN = {
    "J2K_pixelrep_mismatch.dcm": "pillow",
    "RG1_J2KI.dcm": "pillow",
    "RG1_J2KR.dcm": "pillow",
    "RG3_J2KI.dcm": "pillow",
    "examples_jpeg2k.dcm": "gdcm",
    "examples_ybr_color.dcm": "pillow",
}
"""Files and a decoder that is not the one used for their transfer syntax here."""
BY_DCMTK = {
    "JPGLosslessP14SV1_1s_1f_8b.dcm": "dcmdjpeg",
    "bad_sequence.dcm": "dcmdjpeg",
    "OBXXXX1A_rle_2frame.dcm": "dcmdrle",
}
"""Files and the program of DCMTK that unpacks them."""
NATIVE = ("CT_small.dcm", "eCT_Supplemental.dcm")
"""Files whose pixels are not packed."""
IMAGES = [*BY_PLUGIN, *BY_DCMTK, *NATIVE]


def stored(path: Path) -> NDArray[Any]:
    """Every frame as it is decoded here."""
    found = files.dataset(path.read_bytes(), Limits())
    count = int(found.get("NumberOfFrames") or 1)
    return np.stack([frames.stored(found, frame) for frame in range(count)])


def framed(values: NDArray[Any], found: pydicom.Dataset) -> NDArray[Any]:
    """With a dimension for frames where there is but one."""
    return values if int(found.get("NumberOfFrames") or 1) > 1 else values[None]


def test_every_file_of_the_folder_is_held_against_something() -> None:
    assert {path.name for path in FOLDER.glob("*.dcm")} == {*IMAGES, "waveform_ecg.dcm"}


@pytest.mark.parametrize(("name", "plugin"), BY_PLUGIN.items())
def test_packed_pixels_are_those_of_another_library(name: str, plugin: str) -> None:
    found = pydicom.dcmread(FOLDER / name)
    assert frames._PLUGINS[found.file_meta.TransferSyntaxUID][0] != plugin
    np.testing.assert_array_equal(stored(FOLDER / name), framed(pixel_array(found, decoding_plugin=plugin), found))


@pytest.mark.parametrize(("name", "program"), BY_DCMTK.items())
def test_packed_pixels_are_those_of_dcmtk(name: str, program: str, tmp_path: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}: apt-get install dcmtk")
    plain = tmp_path / "plain.dcm"
    subprocess.run([program, FOLDER / name, plain], check=True, capture_output=True)
    found = pydicom.dcmread(plain)
    assert not found.file_meta.TransferSyntaxUID.is_compressed
    np.testing.assert_array_equal(stored(FOLDER / name), framed(pixel_array(found), found))


@pytest.mark.parametrize("name", NATIVE)
def test_pixels_that_are_not_packed_are_the_bytes_of_the_file(name: str) -> None:
    found = pydicom.dcmread(FOLDER / name)
    kind = np.int16 if found.PixelRepresentation else np.uint16
    shape = (int(found.get("NumberOfFrames") or 1), found.Rows, found.Columns)
    expected = np.frombuffer(found.PixelData, np.dtype(kind).newbyteorder("<")).reshape(shape)
    np.testing.assert_array_equal(stored(FOLDER / name), expected)


def test_a_waveform_is_no_picture() -> None:
    with pytest.raises(RejectedMessage, match="no-pixels"):
        decode((FOLDER / "waveform_ecg.dcm").read_bytes(), Limits())


@pytest.mark.parametrize("name", IMAGES)
def test_every_image_becomes_one_finite_number_per_pixel(name: str) -> None:
    image = decode((FOLDER / name).read_bytes(), Limits())
    assert image.values.shape == (image.header.rows, image.header.columns)
    assert image.values.dtype == np.float32
    assert np.isfinite(image.values).all()
    assert image.values.std() > 0


def test_ct_is_in_hounsfield_units() -> None:
    found = pydicom.dcmread(FOLDER / "CT_small.dcm")
    image = decode((FOLDER / "CT_small.dcm").read_bytes(), Limits())
    plain = pixel_array(found) != found.PixelPaddingValue
    np.testing.assert_array_equal(image.values[plain], pixel_array(found)[plain] - 1024.0)


def test_a_monochrome1_film_comes_out_the_other_way_round() -> None:
    found = pydicom.dcmread(FOLDER / "RG1_J2KR.dcm")
    image = decode((FOLDER / "RG1_J2KR.dcm").read_bytes(), Limits())
    assert (image.header.modality, image.header.body_part, image.header.view) == ("CR", "CHEST", "PA")
    assert image.header.age_years == pytest.approx(64.5, abs=0.1)
    inside = (slice(400, -400), slice(400, -400))
    assert np.corrcoef(image.values[inside].ravel(), pixel_array(found)[inside].ravel())[0, 1] < -0.99
