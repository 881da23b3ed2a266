"""The photo as the engine gets it: upright, of working size, with what leads back; or refused, whatever the bytes."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import numpy as np
import pytest
from bench.reliability.photos import bombs, mutated
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageStat

from license_engine.picture import WORKING_EDGE, NotAPicture, decode

MARK = (300, 200, 380, 240)


def saved(drawn: Image.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    drawn.save(written, kind, **options)
    return written.getvalue()


def marked(kind: str, turn: int, width: int = 800, height: int = 640) -> bytes:
    """A grey picture as stored, with a red mark."""
    drawn = Image.new("RGB", (width, height), (200, 200, 200))
    drawn.paste((255, 0, 0), MARK)
    exif = Image.Exif()
    exif[0x0112] = turn
    return saved(drawn, kind, exif=exif)


def place(drawn: Image.Image) -> tuple[int, int, int, int]:
    """Where the red mark is."""
    red, green, _ = drawn.convert("RGB").split()
    box = ImageChops.subtract(red, green).point(lambda level: 255 * (level > 130)).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("size", [(800, 640), (4000, 900)])
def test_what_is_found_upright_leads_back_to_the_picture_as_stored(kind: str, turn: int, size: tuple[int, int]) -> None:
    picture = decode(marked(kind, turn, *size))
    assert max(picture.size) <= WORKING_EDGE
    assert (picture.size[0] > picture.size[1]) is (turn < 5)
    left, top, right, bottom = place(picture.image)
    there = picture.stored(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float))
    found = (*there.min(axis=0), *there.max(axis=0))
    assert found == pytest.approx(MARK, abs=4)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGBA", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("CMYK", "TIFF")],
)
@pytest.mark.parametrize("size", [(300, 200), (1700, 1300), (6000, 1500)])
def test_a_picture_of_any_mode_looks_the_same_in_colour(mode: str, kind: str, size: tuple[int, int]) -> None:
    drawn = Image.linear_gradient("L").resize(size).convert("RGB")
    ImageDraw.Draw(drawn).ellipse((40, 40, 250, 160), fill=(180, 20, 60))
    converted = drawn.convert(mode)
    picture = decode(saved(converted, kind))
    assert picture.image.mode == "RGB"
    expected = converted.convert("RGB").resize(picture.size, Image.Resampling.BOX)
    assert max(ImageStat.Stat(ImageChops.difference(picture.image, expected)).mean) < 4


def test_what_is_transparent_becomes_white() -> None:
    drawn = Image.new("RGBA", (2000, 1500), (0, 0, 0, 0))
    drawn.paste((10, 20, 30, 255), (100, 1000, 900, 1400))
    pixels = decode(saved(drawn, "PNG")).image
    assert pixels.getpixel((20, 20)) == (255, 255, 255)
    assert pixels.getpixel((500, 1200)) == (10, 20, 30)


@pytest.mark.parametrize(
    "name", ["webp whose notes are garbage", "jpeg whose notes are garbage", "jpeg turned by a text"]
)
def test_notes_about_a_photo_that_cannot_be_read_do_no_harm(name: str) -> None:
    assert decode(bombs()[name]()).size == (96, 64)


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "jpeg of 2000 scans",
        "jpeg of 65535 x 65535",
        "png whose text is a bomb",
        "png of half a million empty chunks",
        "png of 60 texts of a megabyte",
        "png of 8000 x 8000 without pixels",
        "tiff of 48 megapixels in one long row",
    ],
)
def test_a_bomb_is_no_picture(name: str) -> None:
    with pytest.raises(NotAPicture):
        decode(bombs()[name]())


def test_a_progressive_photo_of_few_scans_is_read() -> None:
    drawn = Image.linear_gradient("L").resize((3000, 2400)).convert("RGB")
    assert decode(saved(drawn, "JPEG", progressive=True)).size == (2560, 2048)


@given(st.integers(0, 10**9))
def test_mutated_bytes_are_a_picture_or_none(seed: int) -> None:
    try:
        picture = decode(mutated(Random(seed)))  # noqa: S311 - to be repeated, not to be secret
    except NotAPicture:
        return
    assert picture.image.mode == "RGB"
