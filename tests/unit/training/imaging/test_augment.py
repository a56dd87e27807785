"""Pictures are changed widely, reproducibly, and stay pictures."""

import pytest
import torch

from training.imaging.augment import Changes, moved, places, redone, scaled

STILL = Changes(degrees=0.0, zoom=0.0, stretch=0.0, shift=0.0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=4, side=32):
    return torch.rand((n, 1, side, side), generator=seeded(7))


def test_the_same_seed_changes_alike_and_another_does_not():
    one, two, other = (redone(pictures(), Changes(), seeded(s)) for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_what_comes_out_is_a_scaled_picture():
    found = redone(pictures(), Changes(), seeded(3))
    assert found.shape == (4, 1, 32, 32)
    assert torch.isfinite(found).all()
    assert found.amin((1, 2, 3)).tolist() == [0.0] * 4
    assert found.amax((1, 2, 3)).tolist() == [1.0] * 4


def test_the_pictures_themselves_are_left_as_they_were():
    mine = pictures()
    redone(mine, Changes(patches=1.0), seeded())
    assert torch.equal(mine, pictures())


def test_a_picture_that_is_not_moved_is_the_same():
    torch.testing.assert_close(moved(pictures(), places(4, STILL, seeded())), pictures())


def test_a_mirrored_picture_has_left_and_right_exchanged():
    mirrored = Changes(degrees=0.0, zoom=0.0, stretch=0.0, shift=0.0, mirror=1.0)
    torch.testing.assert_close(moved(pictures(), places(4, mirrored, seeded())), pictures().flip(3))


def test_places_stay_within_what_was_allowed():
    maps = places(500, Changes(degrees=10.0, zoom=0.1, stretch=0.0, shift=0.05), seeded())
    size = torch.linalg.det(maps[:, :, :2]).sqrt()
    assert 0.904 <= float(size.min()) <= float(size.max()) <= 1.106
    assert float(maps[:, :, 2].abs().max()) <= 0.1


@pytest.mark.parametrize(("outside", "corner"), [("zeros", 0.0), ("border", 1.0)])
def test_beyond_the_edge_lies_what_was_asked_for(outside, corner):
    half = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]])
    assert moved(torch.ones(1, 1, 8, 8), half, outside=outside)[0, 0, 0, 0] == corner


def test_moving_may_change_the_size():
    assert moved(pictures(), places(4, STILL, seeded()), side=10).shape == (4, 1, 10, 10)


def test_scaling_is_that_of_the_feature_function():
    x = torch.linspace(5, 9, 1000).reshape(1, 1, 20, 50)
    found = scaled(x)
    assert float(found.min()) == 0.0
    assert float(found.max()) == 1.0
    assert float(found.median()) == pytest.approx(0.5, abs=0.01)
