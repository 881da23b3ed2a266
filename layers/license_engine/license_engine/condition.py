"""The picture's own condition, measured on it: soft print, a copy, glare over print, a part of the page left outside.

What is measured is what the printed form and its paper guarantee, not what most photos look like: a front page bears a
red seal, a label is printed where the form has it, a page ends where its labels say.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from license_engine import seal
from license_engine.form import FORMS, HEIGHT, WIDTH
from license_engine.geometry import height, length, part, rectangle
from license_engine.rectify import CENTRE, UNIT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from license_engine.geometry import Points
    from license_engine.picture import Picture
    from license_engine.rectify import Page

    type Grid = NDArray[np.float32]
    type Marks = NDArray[np.bool_]
    type Box = tuple[float, float, float, float]

DOTS = 2  # pixels a millimetre that the page is looked at with: fewer and print would not show between its gaps
ROWS, COLUMNS = round(HEIGHT), round(WIDTH)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

RIM = 5.0  # millimetres at the page's edge where the background may show
CLIPPED = 250.0  # a channel this bright may have been brighter
RED = 0.05  # of the paper's brightness: how much redder than black print a seal is, at least
COLOURED = 0.08  # the same for any colour anywhere on the page
SPECKS = 0.02  # of the page that may be coloured by chance
LEAST_SEEN = 100  # square millimetres of the seal's place without which nothing is told of it

GLARING = 240.0
BRIGHTER = 6.0  # than the page's own paper
NEAR_WHITE = 254.0  # paper that is all but white itself has glare only in what is whiter still
ROOM = 1  # millimetres about a spot that must be free of print too
LEAST_LOST = 6.0  # square millimetres of print
BAND = 1.4  # millimetres that a label reaches above and below its middle line
GAP = 2.0  # millimetres from a label to its value
# Millimetres that a value fills at least, where the form is never left empty and the length is known.
FILLED: Mapping[str, float] = MappingProxyType(
    {
        "plate_no": 8,
        "vehicle_type": 8,
        "owner": 5,
        "address": 25,
        "use_character": 5,
        "brand_model": 12,
        "vin": 22,
        "engine_no": 7,
        "register_date": 12,
        "issue_date": 12,
        "file_no": 12,
        "passengers": 3,
        "gross_mass_kg": 5,
        "curb_mass_kg": 5,
        "dimensions": 14,
        "license_no": 24,
        "name": 5,
        "sex": 2,
        "nationality": 4,
        "birth_date": 12,
        "first_issue_date": 12,
        "vehicle_classes": 2,
        "valid_from": 12,
    }
)

STRAY = 1.7  # millimetres that a page's labels may stand off the form's all together, which the fit cannot show
FARTHEST = 4.0  # how much more a fit may be wrong far off its labels: beyond, its being near a plain turn holds it
STIFFNESS = 0.15  # as in the fit

LONGEST = 8  # lines that are looked at for sharpness, each over a stretch of as many times its height
TALL = 32  # pixels that a line's height is looked at with
SOFT = 0.26  # of the contrast between print and paper: the steepest step over one such pixel, at least, in sharp print
LEAST_CONTRAST = 10.0


@dataclass(frozen=True, slots=True)
class View:
    """A page laid flat: its pixels, and which square millimetres of it lie in the picture."""

    page: Page
    pixels: Grid
    inside: Marks


def flags(picture: Picture, pages: Sequence[Page], read: Sequence[Collection[str]]) -> tuple[str, ...]:
    """What is wrong with this photo of pages, `read` being the fields read on each.

    A license on a screen has neither seal nor paper's edge, and its white is as bright as it pleases: of a page in
    a layout that is not the paper's nothing is told.
    """
    found = []
    for page, fields in zip(pages, read, strict=True):
        if page.form not in FORMS:
            continue
        view = laid_flat(picture, page)
        if is_copy(view):
            found.append("copy")
        if lost_print(view, fields) >= LEAST_LOST:
            found.append("reflection")
        if is_cut_off(page, picture.size):
            found.append("border_incomplete")
    return tuple(dict.fromkeys(found))


def is_soft(picture: Picture, lines: Sequence[Points]) -> bool:
    """Whether the edges of the print on these lines are wide against its letters; False when there are no lines.

    Softness is no fault by itself: print is read until its strokes run together.
    """
    steepest = []
    for quad in sorted(lines, key=length, reverse=True)[:LONGEST]:
        half = min(LONGEST * height(quad) / max(length(quad), 1e-6), 1.0) / 2
        middle = part(quad, 0.5 - half, 0.5 + half)
        wide = max(round(TALL * length(middle) / max(height(middle), 1e-6)), 2)
        light = np.asarray(picture.sampled(middle, wide, TALL).convert("L"), np.float32)
        dark, bright = np.percentile(light, (5, 95))
        if bright - dark >= LEAST_CONTRAST:
            steepest.append(float(np.percentile(np.abs(np.diff(light, axis=1)), 98) / (bright - dark)))
    return bool(steepest) and float(np.median(steepest)) < SOFT


def laid_flat(picture: Picture, page: Page) -> View:
    """The page as it would lie before one, at `DOTS` pixels a millimetre."""
    flat = picture.sampled(page.to_photo(rectangle(0, 0, WIDTH, HEIGHT)), COLUMNS * DOTS, ROWS * DOTS)
    down, across = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    spots = page.to_photo(np.stack([across, down], axis=-1))
    return View(page, np.asarray(flat, np.float32), ((spots > 1) & (spots < np.array(picture.size) - 1)).all(axis=-1))


def is_copy(view: View) -> bool:
    """Whether the seal's place has no red, nor the page any colour; False for a page that bears no seal.

    A side page's black print on pale paper has no colour to miss, so it cannot be told from its copy.
    """
    if view.page.form.seal is None:
        return False
    colours = view.pixels.reshape(ROWS, DOTS, COLUMNS, DOTS, 3).mean(axis=(1, 3))
    down, across = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    left, top, right, bottom = seal.room(view.page, view.page.form.seal)
    place = (across > left) & (across < right) & (down > top) & (down < bottom)
    within = (across > RIM) & (across < WIDTH - RIM) & (down > RIM) & (down < HEIGHT - RIM)
    seen = view.inside & within & (colours.max(axis=-1) < CLIPPED)
    if (place & seen).sum() < LEAST_SEEN or (seen & ~place).sum() < LEAST_SEEN:
        return False
    red, blue = (_off_grey(colours, channel, seen & ~place) for channel in (0, 2))
    coloured = np.maximum(np.abs(red), np.abs(blue))[seen] > COLOURED
    return bool(np.percentile(red[place & seen], 95) < RED and coloured.mean() < SPECKS)


def _off_grey(colours: Grid, channel: int, grey: Marks) -> Grid:
    """How far the channel stands off what light alone makes of grey, against the paper's brightness.

    Black print on paper is grey under any lamp: on it the channel follows green by a factor and an offset, be the light
    warm, uneven, or its white clipped. The relation is learned from the page's print, and a copy's seal keeps to it.
    """
    green, target = colours[..., 1], colours[..., channel]
    down, across = np.mgrid[-1 : 1 : ROWS * 1j, -1 : 1 : COLUMNS * 1j]
    terms = np.stack([np.ones_like(across), green, green * across, green * down], axis=-1)
    kept, off = grey, np.zeros_like(target)
    for _ in range(3):
        known = terms[kept]
        weights = np.linalg.lstsq(known.T @ known, known.T @ target[kept], rcond=None)[0]
        off = target - terms @ weights
        kept = grey & (np.abs(off) <= max(4 * float(np.median(np.abs(off[kept]))), 1.0))
    scaled: Grid = off / max(float(np.median(target[grey])), 1.0)
    return scaled


def lost_print(view: View, read: Collection[str]) -> float:
    """Square millimetres of print that the form is sure to bear, that was not read, and where all is glaring white.

    Glare on blank paper hides nothing; a page that is as bright everywhere shows no glare.
    """
    light = view.pixels @ LUMA
    inside = view.inside.repeat(DOTS, axis=0).repeat(DOTS, axis=1)
    if not inside.any():
        return 0.0
    paper = float(np.median(light[inside]))
    bare = (_darkest_about(light) >= min(max(GLARING, paper + BRIGHTER), NEAR_WHITE)) & inside
    lost = np.zeros_like(bare)
    for left, top, right, bottom in unread_print(view.page, read):
        rows, columns = _stretch(top, bottom), _stretch(left, right)
        lost[rows, columns] = bare[rows, columns]
    return float(lost.sum()) / DOTS**2


def unread_print(page: Page, read: Collection[str]) -> Iterator[Box]:
    """Where labels and values stand on the form that were not read: left, top, right, bottom in millimetres."""
    for placed in page.labels:
        middle = float(placed.begin[1] + placed.end[1]) / 2
        begin, end = float(placed.begin[0]), float(placed.end[0])
        if placed.hit is None:
            yield begin, middle - BAND, end, middle + BAND
        field = placed.label.field
        if field and field in FILLED and field not in read:
            yield end + GAP, middle - BAND, end + GAP + FILLED[field], middle + BAND


def is_cut_off(page: Page, size: tuple[int, int]) -> bool:
    """Whether a corner of the page lies outside a picture of this size, by more than the fit may be wrong there."""
    corners = rectangle(0, 0, WIDTH, HEIGHT)
    inward = np.sign(CENTRE - corners)
    seen = page.to_photo(corners + inward * _doubt(page, corners)[:, None])
    return bool((seen < 0).any() or (seen > np.array(size)).any())


def _doubt(page: Page, spots: Points) -> Points:
    """Millimetres by which the fit may be wrong at each spot: by the labels' own straying, more where none is near."""
    hit = [placed for placed in page.labels if placed.hit and placed.label in page.form.labels]
    anchors = np.array([[placed.label.x, placed.label.y] for placed in hit])
    off = np.array([placed.begin for placed in hit]) - anchors
    known, asked = (np.column_stack([(points - CENTRE) / UNIT, np.ones(len(points))]) for points in (anchors, spots))
    spread = np.linalg.inv(known.T @ known + np.diag([STIFFNESS**2, STIFFNESS**2, 0]))
    leverage = np.sqrt(np.einsum("ni,ij,nj->n", asked, spread, asked))
    straying = STRAY + float(np.sqrt((off**2).sum() / (len(hit) - 2)))
    doubt: Points = straying * (1 + np.minimum(leverage, FARTHEST))
    return doubt


def _stretch(begin: float, end: float) -> slice:
    return slice(max(round(DOTS * begin), 0), max(round(DOTS * end), 0))


def _darkest_about(light: Grid) -> Grid:
    """The least within `ROOM` of each spot, to all sides."""
    high, wide = light.shape
    reach = ROOM * DOTS
    padded = np.pad(light, reach, constant_values=255.0)
    shifted = [padded[step : step + high] for step in range(2 * reach + 1)]
    least: Grid = np.minimum.reduce(shifted)
    least = np.minimum.reduce([least[:, step : step + wide] for step in range(2 * reach + 1)])
    return least
