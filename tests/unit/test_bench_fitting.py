"""The row of fitting: a picture that is quickly made and poor does not pass, nor one that takes what Pillow takes."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest
from bench.performance.fitting import Cost, Likeness, cost, judged, likeness, ours, photo, plain
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (2016, 1512)
PEER, PEERS_WORTH = Cost(0.2, 80e6), Likeness(38.0, 0.96)
OWN, OWN_WORTH = Cost(0.07, 20e6), Likeness(37.5, 0.95)

shot = cache(photo)


def test_the_photo_weighs_as_much_as_a_phones() -> None:
    content, _ = shot()
    assert 4_000_000 < len(content) < 6_000_000
    assert Image.open(io.BytesIO(content)).size == (4032, 3024)


def test_a_photo_is_fitted_in_less_than_a_third_of_the_memory_that_pillow_takes(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(shot()[0])
    assert cost(ours, path).memory < 0.33 * cost(partial(plain, size=SIZE), path).memory


def test_a_photo_is_fitted_as_well_as_pillow_does_it() -> None:
    content, shown = shot()
    worths = (likeness(way(content), shown) for way in (ours, partial(plain, size=SIZE)))
    assert judged(OWN, PEER, *worths).held


@pytest.mark.parametrize(
    ("size", "resampling", "quality"),
    [(SIZE, Image.Resampling.NEAREST, 92), ((1008, 756), Image.Resampling.BICUBIC, 92), (SIZE, None, 40)],
    ids=["pixels left out", "a quarter enlarged", "a low quality"],
)
def test_a_poor_picture_is_told(size: tuple[int, int], resampling: Image.Resampling | None, quality: int) -> None:
    content, shown = shot()
    saved = io.BytesIO()
    with Image.open(io.BytesIO(content)) as opened:
        opened.resize(size, resampling).resize(SIZE).save(saved, "JPEG", quality=quality)
    worths = (likeness(poor, shown) for poor in (saved.getvalue(), plain(content, size=SIZE)))
    assert not judged(OWN, PEER, *worths).held


def test_what_is_quick_lean_and_as_good_holds() -> None:
    assert judged(OWN, PEER, OWN_WORTH, PEERS_WORTH).held


@pytest.mark.parametrize(
    ("own", "worth"),
    [
        (replace(OWN, seconds=0.081), OWN_WORTH),
        (replace(OWN, memory=41e6), OWN_WORTH),
        (OWN, replace(OWN_WORTH, decibels=36.9)),
        (OWN, replace(OWN_WORTH, sharpness=0.9)),
    ],
)
def test_whatever_is_missed_is_told(own: Cost, worth: Likeness) -> None:
    assert not judged(own, PEER, worth, PEERS_WORTH).held
