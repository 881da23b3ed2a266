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
EDGE = 1.0  # millimetres inside the page: what lies beyond may be red itself
LEAST_RED = 0.08  # of a line's box, where its print is the seal's
AS_RED = 0.3  # as the reddest line: print that a seal was set over is redder than other print, but less than the seal's
SLIGHT = 0.8  # millimetres
UNEVEN = 1.6
FILLED, OVERFULL = 0.75, 1.35  # of the seal's height that its rows take, at least and at most
AUTHORITY = re.compile(r".{2,}(?:公安|交通|交警|警察|车辆|车管|监理|农机).*[队所局处厅站]")


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal: its left, top, right and bottom in the form's millimetres, the lines found on it, and its ink's rows.

    The lines stand in rows, from the top and in each from the left; `bands` tells where the ink's rows begin and end,
    as far as the ink shows it.
    """

    left: float
    top: float
    right: float
    bottom: float
    lines: tuple[tuple[Line, ...], ...]
    bands: tuple[tuple[float, float], ...] = ()

    def inked(self, page: Page) -> list[Points]:
        """The quads of the ink's rows on the photo, from the top, each as wide as the seal within its frame."""
        rim = RIM * (self.right - self.left)
        return [
            page.to_photo(rectangle(self.left + rim, upper, self.right - rim, lower)) for upper, lower in self.bands
        ]

    def widened(self, page: Page) -> list[Points]:
        """The quads of its lines' rows, each as wide as the widest: a character at the frame is easily lost."""
        boxes = [np.concatenate([page.to_form(line.quad) for line in row]) for row in self.lines]
        rim = RIM * (self.right - self.left)
        left = min([self.left + rim, *(float(box[:, 0].min()) for box in boxes)])
        right = max([self.right - rim, *(float(box[:, 0].max()) for box in boxes)])
        return [page.to_photo(rectangle(left, box[:, 1].min(), right, box[:, 1].max())) for box in boxes]

    def around(self, page: Page) -> Points:
        """The seal's own quad on the photo."""
        return page.to_photo(rectangle(self.left, self.top, self.right, self.bottom))


def find(picture: Picture, page: Page, lines: Sequence[Line]) -> Seal | None:
    """The page's seal by its ink, or, on photos without colour, by the lines on its place; None when there is none."""
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
        return from_lines(page, lines)
    x0, y0, x1, y1 = box
    bands = tuple(
        (top + (y0 + upper) / DOTS, top + (y0 + lower) / DOTS) for upper, lower in row_bands(ink[y0:y1, x0:x1])
    )
    lines = [
        line for line in lines if left < (spot := page.to_form(along(line.quad, 0.5)))[0] < right and spot[1] > top
    ]
    shares = [_share(ink, page.to_form(line.quad) - (left, top)) for line in lines]
    least = max(LEAST_RED, AS_RED * max(shares, default=0.0))
    place = (left + x0 / DOTS, top + y0 / DOTS, left + x1 / DOTS, top + y1 / DOTS)
    own = [
        line
        for line, share in zip(lines, shares, strict=True)
        if share > least or _within(page.to_form(line.quad), place)
    ]
    return Seal(*place, in_rows(page, own), bands)


def _within(box: Points, place: tuple[float, float, float, float]) -> bool:
    """Whether the box lies in the place, but for its rim: print in shadow shows less red."""
    (left, top), (right, bottom) = box.min(axis=0), box.max(axis=0)
    return bool(
        left > place[0] - SLIGHT and top > place[1] and right < place[2] + SLIGHT and bottom < place[3] + SLIGHT
    )


def _share(ink: NDArray[np.bool_], box: Points) -> float:
    """The ink's share of the box, which is in millimetres; outside of what is seen there is none."""
    (left, top), (right, bottom) = box.min(axis=0) * DOTS, box.max(axis=0) * DOTS
    within = ink[round(max(top, 0)) : round(max(bottom, 0)), round(max(left, 0)) : round(max(right, 0))]
    return float(within.sum() / max((right - left) * (bottom - top), 1.0))


def in_rows(page: Page, lines: Sequence[Line]) -> tuple[tuple[Line, ...], ...]:
    """The lines by rows, from the top, each row's from the left."""
    places = sorted(
        ((*page.to_form(along(line.quad, 0.5)).tolist(), number) for number, line in enumerate(lines)),
        key=lambda place: place[1],
    )
    rows: list[list[tuple[float, float, int]]] = []
    for place in places:
        if rows and place[1] - rows[-1][0][1] < LEAST_ROW:
            rows[-1].append(place)
        else:
            rows.append([place])
    return tuple(tuple(lines[number] for _, _, number in sorted(row)) for row in rows)


def room(page: Page, place: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Where the seal can be: within reach of its place on the form, and clear of the labels about it."""
    left, top, right, bottom = place
    above, beside, below = [top - SLACK], [right + SLACK], [bottom + SLACK]
    for placed in page.labels:
        x, y = float(placed.begin[0]), float(placed.begin[1])
        if placed.hit is None:
            continue
        if placed.label.y < top:
            above.append(y + CLEAR)
        elif placed.label.y > bottom and x < right - SLACK / 2:
            below.append(y - CLEAR)
        elif placed.label.x > right - SLACK:
            beside.append(x - CLEAR / 2)
    margin = min(float(placed.begin[0]) for placed in page.labels) - SLACK / 2
    return max(left - SLACK, margin, EDGE), max(above), min(beside), min(below)


def from_lines(page: Page, lines: Sequence[Line]) -> Seal | None:
    """The seal as the lines on its place tell it; None when they are too few."""
    if page.form.seal is None:
        return None
    left, top, right, bottom = page.form.seal
    spots = [page.to_form(along(line.quad, 0.5)).tolist() for line in lines]
    held = [
        line
        for line, (x, y) in zip(lines, spots, strict=True)
        if len(line.letters) > 1 and left - 1 < x < right + 1 and top - 1 < y < bottom + 1
    ]
    if len(held) < LEAST_LINES:
        return None
    corners = np.concatenate([page.to_form(line.quad) for line in held])
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Seal(left, top, right, bottom, in_rows(page, held))


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


def whole_name(rows: Sequence[Letters]) -> Letters:
    """The rows' letters up to where an authority's name ends; none when a row would be lost or no name is told."""
    joined = tuple(letter for row in rows for letter in row if letter.character.strip())
    found = AUTHORITY.match("".join(letter.character for letter in joined))
    if not found or len(joined) - found.end() > 2:
        return ()
    return joined[: found.end()]


def is_whole(stamp: Seal, heights: Sequence[float], counts: Sequence[int]) -> bool:
    """Whether no row seems to be missing: they fill the seal evenly, each as long as the first but for the last."""
    if len(counts) < 2:
        return False
    gaps = np.diff(heights)
    taken = (heights[-1] - heights[0] + float(gaps.mean())) / (stamp.bottom - stamp.top)
    fills = FILLED < taken < OVERFULL
    same = len(set(counts[:-1])) == 1 and counts[-1] <= counts[0]
    return bool(fills and same and gaps.max() < UNEVEN * gaps.min())
