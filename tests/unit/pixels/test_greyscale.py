"""Stored values to one number per pixel, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from streams.errors import RejectedMessage
from streams.pixels.greyscale import grey


def attributes(photometric: str = "MONOCHROME2", **more: Any) -> Dataset:
    found = Dataset()
    found.PhotometricInterpretation = photometric
    found.BitsAllocated, found.BitsStored, found.PixelRepresentation = 16, 12, 0
    for keyword, value in more.items():
        setattr(found, keyword, value)
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return found


def u16(*values: int) -> NDArray[np.uint16]:
    return np.array([values], np.uint16)


def table(first: int, bits: int, values: list[int]) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item.LUTData = values
    return item


def test_monochrome2_stays_as_it_is() -> None:
    assert grey(u16(0, 5, 9), attributes()).tolist() == [[0, 5, 9]]


def test_monochrome1_is_turned_round_within_its_range() -> None:
    assert grey(u16(2, 5, 9), attributes("MONOCHROME1")).tolist() == [[9, 6, 2]]


def test_rescale_gives_hounsfield_units_and_no_window_is_applied_to_ct() -> None:
    window = {"WindowCenter": 40, "WindowWidth": 80}
    ct = attributes(Modality="CT", RescaleSlope=2, RescaleIntercept=-1024, **window)
    assert grey(u16(0, 512, 1000), ct).tolist() == [[-1024, 0, 976]]


def test_a_modality_table_comes_before_the_window() -> None:
    found = attributes(ModalityLUTSequence=[table(10, 16, [100, 200, 300])], Modality="CR")
    assert grey(u16(0, 10, 11, 12, 99), found).tolist() == [[100, 100, 200, 300, 300]]


def test_a_window_cuts_and_the_first_of_several_counts() -> None:
    found = attributes(WindowCenter=[100.5, 7], WindowWidth=[101, 7], Modality="DX")
    values = grey(u16(0, 50, 100, 150, 4000), found)[0]
    assert values[[0, 1, 2, 3, 4]].tolist() == [0, 0, 2047.5, 4095, 4095]


def test_a_sigmoid_window_has_its_middle_at_its_centre() -> None:
    found = attributes(WindowCenter=100, WindowWidth=50, VOILUTFunction="SIGMOID", Modality="DX")
    values = grey(u16(0, 100, 4000), found)[0]
    assert values[1] == pytest.approx(2047.5)
    assert values[0] < 5
    assert values[2] > 4090


def test_a_voi_table_is_applied_before_a_window_beside_it() -> None:
    found = attributes(VOILUTSequence=[table(0, 12, [7, 70, 700])], WindowCenter=1, WindowWidth=2, Modality="DX")
    assert grey(u16(0, 1, 2, 3), found).tolist() == [[7, 70, 700, 700]]


def test_a_voi_table_behind_a_rescale_is_indexed_by_whole_numbers() -> None:
    found = attributes(VOILUTSequence=[table(0, 12, [7, 70, 700])], RescaleSlope=1, RescaleIntercept=-10, Modality="DX")
    assert grey(u16(10, 11, 12), found).tolist() == [[7, 70, 700]]


def test_a_window_that_leaves_nothing_to_see_is_passed_over() -> None:
    found = attributes(WindowCenter=4000, WindowWidth=1, Modality="DX")
    assert grey(u16(0, 50, 100), found).tolist() == [[0, 50, 100]]


def test_signed_values_stay_signed() -> None:
    found = attributes(PixelRepresentation=1)
    assert grey(np.array([[-5, 0, 5]], np.int16), found).tolist() == [[-5, 0, 5]]


def test_padding_becomes_the_darkest_that_is_left() -> None:
    found = attributes(Modality="CT", RescaleSlope=1, RescaleIntercept=-1000, PixelPaddingValue=0)
    assert grey(u16(0, 100, 500), found).tolist() == [[-900, -900, -500]]


def test_padding_is_dark_in_monochrome1_too() -> None:
    assert grey(u16(0, 100, 500), attributes("MONOCHROME1", PixelPaddingValue=0)).tolist()[0][0] == 0


def test_padding_of_signed_pixels_may_be_written_unsigned() -> None:
    found = attributes(PixelRepresentation=1, PixelPaddingValue=63536)
    assert grey(np.array([[-2000, 10, 20]], np.int16), found).tolist() == [[10, 10, 20]]


def test_a_range_of_padding_counts_whole() -> None:
    found = attributes(PixelPaddingValue=0, PixelPaddingRangeLimit=10)
    assert grey(u16(0, 5, 10, 11, 20), found).tolist() == [[11, 11, 11, 11, 20]]


def test_a_picture_of_padding_alone_stays_as_it_is() -> None:
    assert grey(u16(0, 0), attributes(PixelPaddingValue=0)).tolist() == [[0, 0]]


def test_colour_becomes_luminance() -> None:
    colour = np.array([[[255, 0, 0], [0, 255, 0], [255, 255, 255]]], np.uint8)
    assert grey(colour, attributes("RGB")).round(1).tolist()[0] == pytest.approx([76.2, 149.7, 255.0], abs=0.1)


def test_a_palette_is_looked_up() -> None:
    found = attributes("PALETTE COLOR")
    found.PixelRepresentation, found.BitsStored = 0, 8
    for colour, values in (("Red", [0, 255]), ("Green", [0, 255]), ("Blue", [0, 0])):
        setattr(found, f"{colour}PaletteColorLookupTableDescriptor", [2, 0, 8])
        setattr(found, f"{colour}PaletteColorLookupTableData", bytes(values))
    assert grey(np.array([[0, 1]], np.uint8), found).round(1).tolist() == [[0, pytest.approx(225.9, abs=0.1)]]


@pytest.mark.parametrize("photometric", ["HSV", "ARGB", "", "YBR_PARTIAL_420"])
def test_other_photometries_are_refused(photometric: str) -> None:
    with pytest.raises(RejectedMessage, match="photometric"):
        grey(u16(1, 2), attributes(photometric))


def test_a_table_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(RejectedMessage, match="look-up-table"):
        grey(u16(1, 2), attributes(ModalityLUTSequence=[table(0, 3, [1])], Modality="DX"))
