"""Where text stands on a photo: the detection model's heat map turned into rectangles, in plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from license_engine.geometry import (
    Points,
    convex_hull,
    grown,
    height,
    length,
    rectangle_at,
    smallest_rectangle,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

    from license_engine.picture import Picture

type Region = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

CLOSER = 0.75  # text that fills less of the photo's edge is looked at again from nearer
ROOM = 0.12
INPUT_EDGE, AFAR_EDGE = 1088, 544
GRID = 32
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
HEAT = 0.2
SCORE = 0.45
GROWTH = 1.4
MIN_HEIGHT = 3.0
STEADY_ASPECT = 2.5  # a shorter box tells no direction of its own


@dataclass(frozen=True, slots=True)
class Runs:
    """The horizontal runs of a mask: row, first column, column past the last, and the component each belongs to."""

    row: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    component: NDArray[np.int64]


class Detector:
    """The text detection model."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session

    def __call__(self, picture: Picture) -> list[Points]:
        """A quad in the picture's pixels about each line of text, all read in one common direction."""
        whole = _whole(picture)
        boxes = self._within(picture, whole)
        near = text_region(boxes, picture.size)
        return self._within(picture, near) if near and _edge(near) < CLOSER * _edge(whole) else boxes

    def from_afar(self, picture: Picture) -> list[Points]:
        """The same by a smaller image, on which print far out of focus still shows as rows."""
        return self._within(picture, _whole(picture), AFAR_EDGE)

    def _within(self, picture: Picture, region: Region, edge: int = INPUT_EDGE) -> list[Points]:
        """The quads in a region of the picture, looked at as an image of this longer edge."""
        left, top, right, bottom = region
        width, tall = _input_size(right - left, bottom - top, edge)
        pixels = picture.fitted(region, width, tall)[..., ::-1] / 255
        tensor = ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
        heat = self._session.run(None, {self._session.get_inputs()[0].name: np.ascontiguousarray(tensor)})[0][0, 0]
        scale = np.array([(right - left) / width, (bottom - top) / tall])
        return [quad * scale + (left, top) for quad in text_boxes(heat)]


def text_region(boxes: list[Points], size: tuple[int, int]) -> Region | None:
    """The upright region about all boxes, with room at its edges for text that was missed."""
    if not boxes:
        return None
    corners = np.concatenate(boxes)
    room = ROOM * float(np.ptp(corners, axis=0).max())
    left, top = np.maximum(corners.min(axis=0) - room, 0).tolist()
    right, bottom = np.minimum(corners.max(axis=0) + room, size).tolist()
    return left, top, right, bottom


def _whole(picture: Picture) -> Region:
    return 0.0, 0.0, float(picture.size[0]), float(picture.size[1])


def _edge(region: Region) -> float:
    return max(region[2] - region[0], region[3] - region[1])


def _input_size(width: float, tall: float, longer: int) -> tuple[int, int]:
    scale = longer / max(width, tall)
    return tuple(max(GRID, round(edge * scale / GRID) * GRID) for edge in (width, tall))  # type: ignore[return-value]


def text_boxes(heat: NDArray[np.float32]) -> list[Points]:
    """The quads of a heat map's warm regions."""
    runs = mask_runs(heat > HEAT)
    if not len(runs.row):
        return []
    order = np.argsort(runs.component, kind="stable")
    bounds = np.flatnonzero(np.diff(runs.component[order], prepend=-1, append=-1))
    sums = np.concatenate([np.zeros((len(heat), 1)), np.cumsum(heat, axis=1, dtype=np.float64)], axis=1)
    hulls = []
    for first, last in pairwise(bounds.tolist()):
        members = order[first:last]
        row, begin, end = runs.row[members], runs.begin[members], runs.end[members]
        area = int((end - begin).sum())
        warmth = float((sums[row, end] - sums[row, begin]).sum()) / area
        if area >= MIN_HEIGHT**2 and warmth >= SCORE:
            hulls.append(convex_hull(_outline(row, begin, end)))
    rectangles = [smallest_rectangle(hull) for hull in hulls]
    angle = reading_angle(rectangles)
    return [
        quad for hull, box in zip(hulls, rectangles, strict=True) if (quad := _line_box(hull, box, angle)) is not None
    ]


def mask_runs(mask: NDArray[np.bool_]) -> Runs:
    """The mask's runs, those that touch (corners too) sharing a component."""
    edges = np.diff(mask.astype(np.int8), axis=1, prepend=0, append=0)
    row, begin = np.nonzero(edges == 1)
    end = np.nonzero(edges == -1)[1]
    stride = mask.shape[1] + 2
    # A run touches those of the row above that end at or past its beginning and begin at or before its end.
    first = np.searchsorted(row * stride + end, (row - 1) * stride + begin, side="left")
    past = np.searchsorted(row * stride + begin, (row - 1) * stride + end, side="right")
    parent = list(range(len(row)))
    for run, (one, other) in enumerate(zip(first.tolist(), past.tolist(), strict=True)):
        for above in range(one, other):
            _join(parent, run, above)
    component = np.array([_root(parent, run) for run in range(len(row))], dtype=np.int64)
    return Runs(row, begin, end, component)


def _root(parent: list[int], run: int) -> int:
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


def _join(parent: list[int], one: int, other: int) -> None:
    low, high = sorted((_root(parent, one), _root(parent, other)))
    parent[high] = low


def _outline(row: NDArray[np.int64], begin: NDArray[np.int64], end: NDArray[np.int64]) -> Points:
    """The corner points of the runs' pixels."""
    x = np.concatenate([begin, end, begin, end])
    y = np.concatenate([row, row, row + 1, row + 1])
    return np.stack([x, y], axis=1).astype(np.float64)


def reading_angle(rectangles: list[Points]) -> float:
    """The direction of the long boxes, from -90 to 90 degrees, in radians; which of its two ends begins is open."""
    sides = [max((box[1] - box[0], box[2] - box[1]), key=lambda side: float(side @ side)) for box in rectangles]
    long = [side for side, box in zip(sides, rectangles, strict=True) if _aspect(box) >= STEADY_ASPECT]
    if not long:
        return 0.0
    angles = np.array([np.arctan2(side[1], side[0]) for side in long])
    weights = np.array([float(np.linalg.norm(side)) for side in long])
    mean = 0.0
    for spread in (np.pi, 0.5, 0.25):
        away = np.abs((angles - mean + np.pi / 2) % np.pi - np.pi / 2)
        kept = weights * (away < spread)
        if kept.any():
            mean = float(np.angle((kept * np.exp(2j * angles)).sum())) / 2
    return mean


def _aspect(box: Points) -> float:
    one, other = sorted((length(box), height(box)))
    return other / max(one, 1e-6)


def _line_box(hull: Points, box: Points, angle: float) -> Points | None:
    """The component's quad, begun where reading at this angle begins; None when too thin to be text."""
    if _aspect(box) < STEADY_ASPECT:
        box = rectangle_at(hull, angle)
    else:
        side = box[1] - box[0]
        quarter = round((np.arctan2(side[1], side[0]) - angle) / (np.pi / 2))
        box = np.roll(box, quarter % 4, axis=0)
    if min(length(box), height(box)) < MIN_HEIGHT:
        return None
    return grown(box, length(box) * height(box) * GROWTH / (2 * (length(box) + height(box))))
