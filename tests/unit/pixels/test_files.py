"""Files as senders write them: without header, with odd bits, in frames, damaged, too large."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG2MPML, JPEG2000Lossless, RLELossless

from bench.films import CT, chest, dataset, file_of, film, uid
from streams.errors import RejectedMessage
from streams.pixels.decoding import decode
from streams.pixels.limits import Limits

STUDY = uid("files")
PIXELS = chest(64)


def refused(content: bytes, limits: Limits = Limits()) -> str:  # noqa: B008 - frozen
    with pytest.raises(RejectedMessage) as caught:
        decode(content, limits)
    return caught.value.reason


def without_header(found: Dataset, *, implicit: bool) -> bytes:
    held = BytesIO()
    found.save_as(held, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    return held.getvalue()


def test_a_film_is_read_with_what_it_says_of_itself() -> None:
    image = decode(film(STUDY, side=64), Limits())
    assert image.values.shape == (64, 64)
    found = image.header
    assert (found.study_uid, found.sop_uid, found.modality) == (STUDY, f"{STUDY}.1.1", "DX")
    assert (found.body_part, found.view, found.age_years, found.frames) == ("CHEST", "PA", 60.0, 1)


@pytest.mark.parametrize("implicit", [True, False])
def test_a_file_without_the_header_of_part_10_is_read_by_its_first_elements(implicit: bool) -> None:
    image = decode(without_header(dataset(PIXELS, STUDY, Modality="OT"), implicit=implicit), Limits())
    np.testing.assert_array_equal(image.values, PIXELS)


def test_bits_that_are_not_stored_do_not_count() -> None:
    overlaid = PIXELS | np.uint16(0x8000)
    image = decode(file_of(dataset(overlaid, STUDY, Modality="OT")), Limits())
    np.testing.assert_array_equal(image.values, PIXELS)


def test_run_lengths_are_unpacked() -> None:
    found = dataset(PIXELS, STUDY, Modality="OT")
    whole = file_of(found)
    found.compress(RLELossless)
    image = decode(file_of(found, RLELossless), Limits())
    np.testing.assert_array_equal(image.values, decode(whole, Limits()).values)


def frames(count: int, **changes: Any) -> bytes:
    pixels = np.stack([np.full((8, 8), n, np.uint16) for n in range(count)])
    found = dataset(pixels[0], STUDY, Modality="OT", NumberOfFrames=count, **changes)
    found.PixelData = pixels.tobytes()
    return file_of(found)


def test_the_middle_one_stands_for_many_frames() -> None:
    assert decode(frames(5), Limits()).values[0, 0] == 2
    assert decode(frames(4), Limits()).values[0, 0] == 1


def test_any_frame_can_be_asked_for() -> None:
    assert decode(frames(5), Limits(), frame=4).values[0, 0] == 4
    with pytest.raises(RejectedMessage, match="frame"):
        decode(frames(5), Limits(), frame=5)


def test_an_enhanced_object_keeps_its_rescale_per_frame() -> None:
    def group(intercept: int) -> Dataset:
        values, found = Dataset(), Dataset()
        values.RescaleSlope, values.RescaleIntercept = 1, intercept
        found.PixelValueTransformationSequence = [values]
        return found

    content = frames(
        3,
        SharedFunctionalGroupsSequence=[group(7)],
        PerFrameFunctionalGroupsSequence=[group(-1000), Dataset(), group(-3000)],
    )
    assert [decode(content, Limits(), frame=n).values[0, 0] for n in range(3)] == [-1000, 8, -2998]


def test_what_is_no_dicom_file_is_refused() -> None:
    assert refused(b"") == "not-dicom"
    assert refused(b"%PDF-1.7 and so on" * 50) == "not-dicom"


def test_a_file_cut_off_is_refused_and_not_filled_up() -> None:
    whole = film(STUDY, side=64)
    assert refused(whole[:-100]) == "undecodable"
    assert refused(whole[:600]) in {"no-pixels", "not-dicom"}


def test_a_code_stream_without_its_end_is_refused() -> None:
    found = dataset(PIXELS, STUDY)
    found.PixelData = encapsulate([b"\xff\x4f\xff\x51" + bytes(100)])
    found["PixelData"].VR = "OB"
    found["PixelData"].is_undefined_length = True
    assert refused(file_of(found, JPEG2000Lossless)) == "truncated"


def test_a_transfer_syntax_that_nothing_here_decodes_is_refused_by_its_name() -> None:
    found = dataset(PIXELS, STUDY)
    found.PixelData = encapsulate([bytes(100)])
    found["PixelData"].VR = "OB"
    found["PixelData"].is_undefined_length = True
    assert refused(file_of(found, MPEG2MPML)) == "transfer-syntax"


def test_sizes_beyond_the_limits_are_refused_before_anything_is_decoded() -> None:
    assert refused(film(STUDY, side=64), Limits(pixels=4095)) == "too-many-pixels"
    assert refused(film(STUDY, side=64), Limits(file_bytes=1000)) == "too-large"
    assert refused(frames(5), Limits(frames=4)) == "too-many-frames"
    assert refused(film(STUDY, side=64, Rows=65535, Columns=65535)) == "too-many-pixels"


def test_sizes_that_are_not_those_of_the_pixels_are_refused() -> None:
    assert refused(film(STUDY, side=64, Rows=128)) == "undecodable"
    assert refused(film(STUDY, side=64, Rows=0)) == "no-pixels"


def test_a_ct_without_its_words_is_still_in_hounsfield_units() -> None:
    found = dataset(PIXELS, STUDY, SOPClassUID=CT, Modality="CT", RescaleSlope=1, RescaleIntercept=-1024)
    np.testing.assert_array_equal(decode(file_of(found), Limits()).values, PIXELS.astype(np.float32) - 1024)
