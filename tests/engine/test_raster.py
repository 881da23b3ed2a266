"""How a raster over print is found and taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

from license_engine.geometry import PlaneMap
from license_engine.picture import Picture
from license_engine.raster import notch, spectrum, without_raster

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = (640, 480)
WHOLE = (0.0, 0.0, 640.0, 480.0)


def _print() -> NDArray[np.float32]:
    """Rows of print on noisy paper, as grey from 0 to 255."""
    page = Image.new("L", SIZE, 225)
    pen = ImageDraw.Draw(page)
    random = np.random.default_rng(3)
    for row in range(12):
        x = 30.0
        while x < SIZE[0] - 50:
            for _ in range(4):  # strokes of a letter
                one, other = (random.uniform((x, 30 + 36 * row), (x + 14, 46 + 36 * row)).tolist() for _ in range(2))
                pen.line((*one, *other), fill=60, width=2)
            x += random.uniform(18, 30)
    grey: NDArray[np.float32] = np.asarray(page, np.float32) + random.normal(0, 3, SIZE[::-1]).astype(np.float32)
    return grey


def _raster(across: float, down: float, strength: float = 20) -> NDArray[np.float32]:
    """Stripes of so many cycles a pixel each way."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    stripes: NDArray[np.float32] = (strength * np.sin(2 * np.pi * (across * x + down * y))).astype(np.float32)
    return stripes


def _photo(grey: NDArray[np.float32]) -> Picture:
    pixels = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    return Picture(Image.fromarray(pixels), PlaneMap(np.eye(3)))


def _grey(photo: Picture) -> NDArray[np.float32]:
    return np.asarray(photo.image.convert("L"), np.float32)


@pytest.mark.parametrize(("across", "down"), [(0.11, 0.13), (0.2, -0.17), (0.07, 0.3)])
def test_a_raster_is_found_where_it_stands_in_the_spectrum(across: float, down: float) -> None:
    row, column = spectrum(_print() + _raster(across, down)).peaks()[0]
    assert (row, column) == pytest.approx((round(down * SIZE[1]) % SIZE[1], round(across * SIZE[0])), abs=1)


def test_print_alone_has_no_raster() -> None:
    assert spectrum(_print()).peaks() == []
    assert without_raster(_photo(_print()), WHOLE) is None


def test_a_raster_as_coarse_as_print_is_left_alone() -> None:
    assert spectrum(_print() + _raster(0.02, 0.03)).peaks() == []


def test_what_is_left_without_the_raster_is_the_print() -> None:
    clean = without_raster(_photo(_print() + _raster(0.11, 0.13)), WHOLE)
    assert clean is not None
    before = np.abs(_raster(0.11, 0.13)).mean()
    assert np.abs(_grey(clean) - np.clip(_print(), 0, 255))[40:-40, 40:-40].mean() < before / 3


def test_only_the_region_is_changed() -> None:
    photo = _photo(_print() + _raster(0.11, 0.13))
    clean = without_raster(photo, (100, 80, 600, 440))
    assert clean is not None
    outside = np.ones(SIZE[::-1], bool)
    outside[80:440, 100:600] = False
    assert (_grey(clean) == _grey(photo))[outside].all()
    assert (_grey(clean) != _grey(photo))[~outside].mean() > 0.5


def test_a_notch_takes_out_its_place_and_what_wraps_around_to_it() -> None:
    weights = notch((480, 321), 0, 100)
    assert weights[0, 100] == 0
    assert weights[1, 100] == weights[-1, 100] < 0.2
    assert weights[240, 100] == weights[0, 300] == 1
