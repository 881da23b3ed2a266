"""The red seal: found by its ink, its rows told apart by the gaps between them, each read at the seal's full width."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from license_engine.geometry import Points, along, rectangle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from license_engine.labels import Line
    from license_engine.picture import Picture
    from license_engine.recognize import Letters
    from license_engine.rectify import Page

DOTS = 12  # pixels a millimetre
SLACK = 6.0
CLEAR = 1.2  # millimetres from a label's middle line to where the seal's room begins
LEAST_SIDE = 8.0
LEAST_LINES = 2
LEAST_INK = 0.025  # of a row's or a column's pixels
BREAK = 3.5  # millimetres without ink that part the seal from what is beside it
LEAST_ROW = 1.4
GAP = 0.3  # what a gap between rows has of the rows' own ink, at most
RIM = 0.03
AUTHORITY = re.compile(r".{2,}(?:公安|交通|交警|警察|车辆|车管|监理|农机).*[队所局处厅站]")


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal: its left, top, right and bottom in the form's millimetres, and where each of its rows begins and ends."""

    left: float
    top: float
    right: float
    bottom: float
    bands: tuple[tuple[float, float], ...]

    def rows(self, page: Page) -> list[Points]:
        """The quads of its rows on the photo, from the top."""
        rim = RIM * (self.right - self.left)
        return [
            page.to_photo(rectangle(self.left + rim, upper, self.right - rim, lower)) for upper, lower in self.bands
        ]

    def bears(self, page: Page, line: Line) -> bool:
        """Whether the line stands among the seal's rows."""
        x, y = page.to_form(along(line.quad, 0.5)).tolist()
        inside = self.left < x < self.right and bool(self.bands)
        return bool(inside and self.bands[0][0] < y < self.bands[-1][1])


def find(picture: Picture, page: Page) -> Seal | None:
    """The page's seal; None when the page has none or its ink is not seen."""
    if page.form.seal is None:
        return None
    left, top, right, bottom = room(page, page.form.seal)
    if min(right - left, bottom - top) < LEAST_SIDE:
        return None
    region = page.to_photo(rectangle(left, top, right, bottom))
    flat = picture.sampled(region, round((right - left) * DOTS), round((bottom - top) * DOTS))
    ink = red_ink(np.asarray(flat, np.float32))
    box = ink_box(ink)
    if box is None:
        return None
    x0, y0, x1, y1 = box
    bands = tuple(
        (top + (y0 + upper) / DOTS, top + (y0 + lower) / DOTS) for upper, lower in row_bands(ink[y0:y1, x0:x1])
    )
    return Seal(left + x0 / DOTS, top + y0 / DOTS, left + x1 / DOTS, top + y1 / DOTS, bands)


def room(page: Page, place: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Where the seal can be: within reach of its place on the form, and clear of the labels about it."""
    left, top, right, bottom = place
    above, beside, below = [top - SLACK], [right + SLACK], [bottom + SLACK]
    for placed in page.labels:
        x, y = float(placed.begin[0]), float(placed.begin[1])
        if placed.label.y < top:
            above.append(y + CLEAR)
        elif placed.label.y > bottom:
            below.append(y - CLEAR)
        elif placed.label.x > right - SLACK:
            beside.append(x - CLEAR / 2)
    margin = min(float(placed.begin[0]) for placed in page.labels) - SLACK / 2
    return max(left - SLACK, margin), max(above), min(beside), min(below)


def from_lines(page: Page, lines: Sequence[Line]) -> Seal | None:
    """The seal as the lines on its place tell it, for photos without colour; None when they are too few."""
    if page.form.seal is None:
        return None
    left, top, right, bottom = page.form.seal
    spot = Seal(left - 1, top - 1, right + 1, bottom + 1, ((top - 1, bottom + 1),))
    boxes = [page.to_form(line.quad) for line in lines if len(line.letters) > 1 and spot.bears(page, line)]
    if len(boxes) < LEAST_LINES:
        return None
    corners = np.concatenate(boxes)
    bands = sorted((float(box[:2, 1].mean()), float(box[2:, 1].mean())) for box in boxes)
    # A character at the frame is easily lost, so each row is taken at the widest one's length.
    begin, end = float(corners[:, 0].min()), float(corners[:, 0].max())
    return Seal(begin - RIM * (end - begin), bands[0][0], end + RIM * (end - begin), bands[-1][1], tuple(bands))


def red_ink(pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which pixels are clearly redder than the paper about them."""
    redness = pixels[..., 0] - (pixels[..., 1] + pixels[..., 2]) / 2
    paper, strong = np.percentile(redness, 20), np.percentile(redness, 97)
    if strong - paper < 25:
        return np.zeros(redness.shape, np.bool_)
    ink: NDArray[np.bool_] = redness > paper + 0.4 * (strong - paper)
    return ink


def ink_box(ink: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the ink, what lies apart from it left out; None when it is too small for a seal."""
    left, right, top, bottom = 0, ink.shape[1], 0, ink.shape[0]
    for _ in range(2):
        first, past = longest_run(ink[top:bottom, left:right].mean(axis=0) > LEAST_INK)
        left, right = left + first, left + past
        first, past = longest_run(ink[top:bottom, left:right].mean(axis=1) > LEAST_INK)
        top, bottom = top + first, top + past
    return (left, top, right, bottom) if min(right - left, bottom - top) >= LEAST_SIDE * DOTS else None


def longest_run(marked: NDArray[np.bool_]) -> tuple[int, int]:
    """Where the longest marked stretch begins and ends, short gaps passed over."""
    places = np.flatnonzero(marked)
    if not len(places):
        return 0, 1
    stretches = np.split(places, np.flatnonzero(np.diff(places) > BREAK * DOTS) + 1)
    longest = max(stretches, key=lambda stretch: int(stretch[-1] - stretch[0]))
    return int(longest[0]), int(longest[-1]) + 1


def row_bands(ink: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Where each row of characters begins and ends, with half the gap to its neighbour; the frame's lines left out."""
    wide = ink.shape[1]
    profile = ink[:, round(0.08 * wide) : round(0.92 * wide)].mean(axis=1)
    dark = profile > GAP * float(np.percentile(profile, 75))
    edges = np.flatnonzero(np.diff(dark.astype(np.int8), prepend=0, append=0))
    bands = [(begin, end) for begin, end in edges.reshape(-1, 2).tolist() if end - begin >= LEAST_ROW * DOTS]
    tall = float(np.median([end - begin for begin, end in bands])) if bands else 0.0
    return [(begin - 0.12 * tall, end + 0.12 * tall) for begin, end in bands if end - begin > 0.55 * tall]


def whole_name(letters: Sequence[Letters]) -> Letters:
    """The rows' letters up to where an authority's name ends; none when a row would be lost or no name is told."""
    joined = tuple(letter for row in letters for letter in row if letter.character.strip())
    found = AUTHORITY.match("".join(letter.character for letter in joined))
    if not found or len(joined) - found.end() > 2:
        return ()
    return joined[: found.end()]
