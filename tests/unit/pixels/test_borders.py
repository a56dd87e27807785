"""Burned-in text: gone before a model sees the picture, and anatomy stays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.films import chest, dataset, file_of, uid
from streams.pixels.borders import BAND, paint_over_text
from streams.pixels.decoding import decode
from streams.pixels.limits import Limits

TEXTS = ((0.02, 0.02, "DOE^JOHN 1950-01-01"), (0.70, 0.96, "ID 123456 L"), (0.02, 0.92, "ACC 99"))


def labelled(picture: NDArray[np.uint8], fill: int = 255, size: int = 0) -> NDArray[np.uint8]:
    """The picture with a name, a number and a marker on its border."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    font: Any = ImageFont.load_default(size=size or max(12, picture.shape[0] // 50))
    for x, y, text in TEXTS:
        draw.text((x * picture.shape[1], y * picture.shape[0]), text, fill=fill, font=font)
    return np.asarray(image)


def phantom(side: int) -> NDArray[np.uint8]:
    return np.asarray(chest(side, 0.5) // 20, np.uint8)


def left_over(plain: NDArray[np.uint8], text: NDArray[np.uint8]) -> float:
    """How much of the text's contrast is left, as a share."""
    ink = np.abs(text.astype(float) - plain) > 40
    painted, _ = paint_over_text(text.astype(np.float32))
    return float(np.abs(painted - plain)[ink].mean() / np.abs(text.astype(float) - plain)[ink].mean())


@pytest.mark.parametrize("side", [256, 512, 1024, 2000])
@pytest.mark.parametrize("fill", [255, 0])
def test_text_on_the_border_is_painted_over(side: int, fill: int) -> None:
    plain = np.clip(phantom(side).astype(int) + 30, 0, 230).astype(np.uint8)
    assert left_over(plain, labelled(plain, fill)) < 0.05


def test_the_inside_of_a_picture_stays_as_it_is() -> None:
    text = labelled(phantom(512))
    painted, share = paint_over_text(text.astype(np.float32))
    edge = int(512 * BAND) + 16
    np.testing.assert_array_equal(painted[edge:-edge, edge:-edge], text[edge:-edge, edge:-edge])
    assert 0 < share < 0.1


def test_a_picture_without_text_comes_back_unchanged() -> None:
    plain = np.add.outer(np.linspace(0, 100, 512), np.linspace(0, 100, 512)).astype(np.float32)
    painted, share = paint_over_text(plain)
    assert share == 0
    np.testing.assert_array_equal(painted, plain)


@pytest.mark.parametrize("shape", [(1, 1), (8, 300), (300, 8), (64, 64), (513, 700)])
def test_any_shape_is_taken(shape: tuple[int, int]) -> None:
    painted, _ = paint_over_text(np.zeros(shape, np.float32))
    assert painted.shape == shape


def test_a_film_of_a_pacs_reaches_a_model_without_its_text() -> None:
    plain = np.clip(phantom(512), 0, 150)
    film = file_of(dataset(labelled(plain), uid("text")))
    ink = labelled(plain) > 200
    values = decode(film, Limits()).values
    assert ink.sum() > 300
    assert (values[ink] > 200).mean() < 0.01


def test_sections_are_left_alone_for_their_values_mean_something() -> None:
    text = labelled(phantom(512))
    found = decode(file_of(dataset(text, uid("ct text"), Modality="CT")), Limits())
    np.testing.assert_array_equal(found.values, text)


@pytest.mark.realdata
def test_real_films_lose_their_text_and_little_else() -> None:
    films = np.load(Path(os.environ["CARDIOSTREAM_DATA"]) / "chest-ctr/chest_ctr_256.npz")["images"][:40]
    shares, left = [], []
    for film in films:
        large = np.asarray(Image.fromarray(film).resize((1024, 1024), Image.Resampling.BICUBIC))
        painted, share = paint_over_text(large.astype(np.float32))
        # Against the film without its own markers, which are painted over too.
        shares.append(share)
        left.append(left_over(painted.astype(np.uint8), labelled(painted.astype(np.uint8))))
    assert np.median(shares) < 0.02
    assert np.median(left) < 0.03
    assert max(left) < 0.25
