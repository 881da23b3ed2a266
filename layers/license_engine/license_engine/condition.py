"""The picture's own condition, measured on it: soft print, a copy, print under glare or a cover, a page cut off.

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
from license_engine.repair import complete

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from license_engine.geometry import Points
    from license_engine.picture import Picture
    from license_engine.rectify import Page
    from license_engine.values import Value

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

GAPS = 1.5  # millimetres within which print leaves some of its paper bare
LEVEL = 0.1  # how firmly the light's slope over the page is held to none where little of its paper is known
OTHER_HUE, CLEARLY_OTHER = 0.08, 0.25  # by how much (as logarithms) red or blue stand off green otherwise than on paper
DARKER, MUCH_DARKER = 0.1, 0.9  # than the paper (as logarithms): a shadow, on which print still shows, or no paper
SMOOTH = 0.8  # of the brightest about a spot, the darkest where no print shows
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


BEYOND = 6  # millimetres about the page that are looked at for its edge
HELD = 0.8  # of a side, what lies between its corners
MOST = 0.7  # of that, how much must show the same
SHADE = 0.3  # how much darker (as a logarithm) the paper may be towards its edge
# Where another page would lie: left, above, right, below, as quarter turns bring them to the left.
OUTSIDE = ((-15.0, HEIGHT / 2), (WIDTH / 2, -15.0), (WIDTH + 15.0, HEIGHT / 2), (WIDTH / 2, HEIGHT + 15.0))


@dataclass(frozen=True, slots=True)
class View:
    """A page laid flat: its pixels, and which square millimetres of it lie in the picture."""

    page: Page
    pixels: Grid
    inside: Marks


def flags(picture: Picture, pages: Sequence[Page], read: Sequence[Mapping[str, Value]]) -> tuple[str, ...]:
    """What is wrong with this photo of pages, `read` being the values read on each, by field.

    A license on a screen has neither seal nor paper's edge, and its white is as bright as it pleases: of a page in
    a layout that is not the paper's nothing is told.
    """
    found = []
    for page, values in zip(pages, read, strict=True):
        if page.form not in FORMS:
            continue
        fields = {field for field, value in values.items() if complete(field, value.text)}
        view = laid_flat(picture, page)
        if is_copy(view):
            found.append("copy")
        if lost_print(view, fields) >= LEAST_LOST:
            found.append("reflection")
        if hidden_print(view, fields) >= LEAST_LOST:
            found.append("occluded")
        if is_cut_off(page, picture.size) or runs_out(picture, page, pages):
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
    bare = (_extreme_about(light, ROOM, np.minimum) >= min(max(GLARING, paper + BRIGHTER), NEAR_WHITE)) & inside
    return float((bare & _marked(unread_print(view.page, read), inside)).sum()) / DOTS**2


def hidden_print(view: View, read: Collection[str]) -> float:
    """Square millimetres of print that the form is sure to bear, that was not read, and where something else lies.

    Paper shows between the strokes of print, and its colour is known from where print was read. What lies on it is
    told by a hue that no light gives paper, or by being darker without bearing print, as paper in a shadow would. What
    is a little paler than the paper may be glare.
    """
    inside = view.inside.repeat(DOTS, axis=0).repeat(DOTS, axis=1)
    lost = _marked(unread_print(view.page, read), inside)
    known = _marked(_read_print(view.page), inside)
    if not lost.any() or not known.any():
        return 0.0
    bare = _extreme_about(view.pixels, GAPS, np.maximum)
    hue, light = _off_paper(bare, _paper(bare, known))
    darkest = _extreme_about(view.pixels @ LUMA, GAPS, np.minimum)
    smooth = darkest > SMOOTH * (bare @ LUMA)
    unlike_paper = (light < 0) & ((hue > OTHER_HUE) | (light < -DARKER))
    other = (hue > CLEARLY_OTHER) | (light < -MUCH_DARKER) | (smooth & unlike_paper)
    return float((lost & other).sum()) / DOTS**2


def _paper(bare: Grid, known: Marks) -> Grid:
    """The logarithm of what the page's paper would show everywhere, as it slopes where it is known."""
    down, across = np.mgrid[-1 : 1 : bare.shape[0] * 1j, -1 : 1 : bare.shape[1] * 1j]
    terms = np.stack([np.ones_like(across), across, down], axis=-1)
    kept, logs, paper = known, np.log(np.maximum(bare, 1)), bare
    for _ in range(3):
        seen = terms[kept]
        held = np.diag([0, LEVEL, LEVEL]) * len(seen)
        paper = terms @ np.linalg.solve(seen.T @ seen + held, seen.T @ logs[kept])
        off = np.abs(logs - paper).max(axis=-1)
        kept = known & (off <= max(3 * float(np.median(off[known])), OTHER_HUE / 2))
    return paper


def _off_paper(pixels: Grid, paper: Grid) -> tuple[Grid, Grid]:
    """How far the pixels stand off the paper, as logarithms: in hue, either way, and in light."""
    off = np.log(np.maximum(pixels, 1)) - paper
    hue: Grid = np.maximum(np.abs(off[..., 0] - off[..., 1]), np.abs(off[..., 2] - off[..., 1]))
    light: Grid = off @ LUMA
    return hue, light


def _read_print(page: Page) -> Iterator[Box]:
    """Where labels stand that were read, with the paper about them."""
    for placed in page.labels:
        if placed.hit is not None:
            (left, top), (right, bottom) = placed.begin.tolist(), placed.end.tolist()
            yield left, (top + bottom) / 2 - BAND, right, (top + bottom) / 2 + BAND


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
    """Whether a corner or a side's middle lies outside a picture of this size, by more than the fit may be wrong."""
    corners = rectangle(0, 0, WIDTH, HEIGHT)
    rim = np.concatenate([corners, (corners + np.roll(corners, 1, axis=0)) / 2])
    inward = np.sign(CENTRE - rim)
    seen = page.to_photo(rim + inward * _doubt(page, rim)[:, None])
    return bool((seen < 0).any() or (seen > np.array(size)).any())


def runs_out(picture: Picture, page: Page, pages: Sequence[Page]) -> bool:
    """Whether one side's paper runs out of the picture with no edge seen, where another side's edge is seen.

    The fit alone cannot tell a small cut from its own error. A picture cut along its pages' edges shows none of them,
    but for those between its pages, which therefore tell nothing.
    """
    wide, high = COLUMNS + 2 * BEYOND, ROWS + 2 * BEYOND
    room = rectangle(-BEYOND, -BEYOND, WIDTH + BEYOND, HEIGHT + BEYOND)
    pixels = np.asarray(picture.sampled(page.to_photo(room), wide * DOTS, high * DOTS), np.float32)
    down, across = (np.mgrid[0 : high * DOTS, 0 : wide * DOTS] + 0.5) / DOTS - BEYOND
    spots = page.to_photo(np.stack([across, down], axis=-1))
    inside = ((spots > 1) & (spots < np.array(picture.size) - 1)).all(axis=-1)
    known = _marked((_shifted(box, BEYOND) for box in _read_print(page)), inside)
    if not known.any():
        return False
    bare = _extreme_about(pixels, GAPS, np.maximum)
    near = _extreme_about(pixels, 1 / DOTS, np.maximum)
    hue, light = _off_paper(near, _paper(bare, known))
    paper = (hue < 2 * OTHER_HUE) & (light > -SHADE)
    sides = [
        _at_rim(np.rot90(paper, turns), np.rot90(inside, turns))
        for turns, outside in enumerate(OUTSIDE)
        if not any(_bears(other, page.to_photo(np.array(outside))) for other in pages if other is not page)
    ]
    return any(cut for cut, _ in sides) and any(edge for _, edge in sides)


def _bears(page: Page, spot: Points) -> bool:
    """Whether the spot on the photo lies on the page."""
    x, y = page.to_form(spot).tolist()
    return bool(0 < x < WIDTH and 0 < y < HEIGHT)


def _at_rim(paper: Marks, inside: Marks) -> tuple[bool, bool]:
    """Whether at the left the paper runs out of the picture, and whether something else than paper is seen there."""
    margin = BEYOND * DOTS
    skipped = margin + round((len(inside) - 2 * margin) * (1 - HELD) / 2)
    rows = np.arange(skipped, len(inside) - skipped)
    first = inside[rows].argmax(axis=1)
    seen = inside[rows].any(axis=1)
    at_rim = paper[rows, np.minimum(first + 1, inside.shape[1] - 1)]
    runs_out = (seen & at_rim & (first > margin)).mean() > MOST
    return bool(runs_out), bool((seen & ~at_rim).mean() > MOST)


def _shifted(box: Box, distance: float) -> Box:
    """The box as much farther right and down."""
    left, top, right, bottom = box
    return left + distance, top + distance, right + distance, bottom + distance


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


def _marked(boxes: Iterable[Box], inside: Marks) -> Marks:
    """Which spots of a page laid flat lie in the boxes and in the picture."""
    marks = np.zeros_like(inside)
    for box in boxes:
        left, top, right, bottom = (max(round(DOTS * edge), 0) for edge in box)
        marks[top:bottom, left:right] = True
    return marks & inside


def _extreme_about(values: Grid, distance: float, extreme: np.ufunc) -> Grid:
    """The least or the greatest within so many millimetres of each spot, to all sides."""
    high, wide = values.shape[:2]
    reach = round(distance * DOTS)
    padded = np.pad(values, [(reach, reach)] * 2 + [(0, 0)] * (values.ndim - 2), mode="edge")
    rows: Grid = extreme.reduce([padded[step : step + high] for step in range(2 * reach + 1)])
    both: Grid = extreme.reduce([rows[:, step : step + wide] for step in range(2 * reach + 1)])
    return both
