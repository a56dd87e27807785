"""Drawn films are reproducible pictures of the size and scale that was asked for."""

import numpy as np

from streams.simulate.films import Film, drawn


def test_a_film_has_the_size_asked_for_and_is_the_same_again():
    one, again, other = drawn(Film(60, 80)), drawn(Film(60, 80)), drawn(Film(60, 80, seed=2))
    assert (one.shape, one.dtype) == ((60, 80), np.float32)
    assert (one == again).all()
    assert (one != other).any()


def test_lungs_are_darker_than_heart_and_belly_and_brighter_than_the_air_beside():
    film = drawn(Film(200, 200))
    lung, heart, belly, air = (
        film[70:90, 55:65].mean(),
        film[115:125, 105:115].mean(),
        film[180:190, 80:120].mean(),
        film[190, 0],
    )
    assert air < lung < heart < belly


def test_a_larger_heart_covers_more():
    small, large = (drawn(Film(200, 200, heart)) for heart in (0.3, 0.5))
    assert (large - small)[110:135].sum() > 100


def test_scale_and_offset_are_those_of_the_machine():
    plain, scaled = drawn(Film(50, 50)), drawn(Film(50, 50, offset=200.0, gain=3000.0))
    np.testing.assert_allclose(scaled, 200 + 3000 * plain, rtol=1e-4)
