"""Boxes from heat maps, and maps between planes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from license_engine import geometry
from license_engine.detect import mask_runs, reading_angle, text_boxes


def _bar(angle: float, *, size: tuple[int, int] = (200, 200)) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """A heat map with one bar of 120 by 16 at this angle in its middle."""
    corners = geometry.rectangle_at(geometry.rectangle(-60, -8, 60, 8), 0) @ _rotation(angle).T + np.array(size) / 2
    image = Image.new("L", size)
    ImageDraw.Draw(image).polygon([(x, y) for x, y in corners.tolist()], fill=255)
    return (np.asarray(image) / 255).astype(np.float32)


def _rotation(angle: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize("degrees", [-60, -25, 0, 10, 45, 80])
def test_a_bars_box_has_its_direction_and_its_middle(degrees: int) -> None:
    (box,) = text_boxes(_bar(np.radians(degrees)))
    side = box[1] - box[0]
    assert np.degrees(np.arctan2(side[1], side[0])) == pytest.approx(degrees, abs=2)
    assert np.abs(box.mean(axis=0) - 100).max() < 2
    assert geometry.length(box) > 120


def test_runs_that_touch_at_a_corner_are_one_component() -> None:
    mask = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]], bool)
    assert len(set(mask_runs(mask).component.tolist())) == 3


def test_an_empty_map_has_no_boxes() -> None:
    assert text_boxes(np.zeros((64, 64), np.float32)) == []


def test_short_boxes_have_no_say_in_the_reading_angle() -> None:
    square = geometry.rectangle(0, 0, 20, 24)
    line = geometry.rectangle(0, 0, 200, 20)
    assert reading_angle([square, line, square]) == pytest.approx(0)


def test_a_plane_map_carries_its_corners_and_leads_back() -> None:
    source = geometry.rectangle(0, 0, 88, 60)
    target = np.array([[10.0, 20], [900, 60], [880, 640], [30, 600]])
    lead = geometry.PlaneMap.between(source, target)
    assert lead(source) == pytest.approx(target)
    assert lead.inverse()(target) == pytest.approx(source, abs=1e-6)


def test_a_quad_read_from_its_other_end_keeps_its_corners() -> None:
    quad = geometry.rectangle(0, 0, 10, 4)
    assert geometry.turned(quad)[0].tolist() == [10, 4]
    assert geometry.turned(geometry.turned(quad)).tolist() == quad.tolist()


def test_growing_a_rectangle_moves_every_side_outward() -> None:
    assert geometry.grown(geometry.rectangle(0, 0, 10, 4), 2).tolist() == [[-2, -2], [12, -2], [12, 6], [-2, 6]]


def test_a_band_of_a_quad_lies_between_two_shares_of_its_height() -> None:
    quad = np.array([[0, 0], [10, 0], [12, 20], [2, 20]], float)
    assert geometry.band(quad, 0, 1) == pytest.approx(quad)
    assert geometry.band(quad, 0.25, 0.5) == pytest.approx(np.array([[0.5, 5], [10.5, 5], [11, 10], [1, 10]]))
