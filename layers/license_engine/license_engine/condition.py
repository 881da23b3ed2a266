"""The picture's own condition, measured on it: soft print, a copy, print under glare or a cover, a page cut off.

What is measured is what the printed form and its paper guarantee, not what most photos look like: a front page bears a
red seal, a label is printed where the form has it, a page ends where its labels say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import and_
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from license_engine import seal
from license_engine.form import FORMS, HEIGHT, WIDTH
from license_engine.geometry import PlaneMap, height, length, part, rectangle
from license_engine.labels import find_labels
from license_engine.pages import TITLE_ERRORS
from license_engine.rectify import ASTRAY, CENTRE, UNIT, Page, Placed, anchor
from license_engine.repair import complete

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from license_engine.form import Form
    from license_engine.geometry import Points
    from license_engine.labels import Hit, Line
    from license_engine.picture import Picture
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

GLARING = 245.0
BRIGHTER = 6.0  # than the paper as it slopes about the labels that were read
NEAR_WHITE = 254.0  # paper that is all but white itself has glare only in what is whiter still
ROOM = 2  # millimetres about a spot that must be free of print too: more than lies between two rows
LEAST_LOST = 6.0  # square millimetres of print

GAPS = 1.5  # millimetres within which print leaves some of its paper bare
LEVEL = 0.1  # how firmly the light's slope over the page is held to none where little of its paper is known
OTHER_HUE, CLEARLY_OTHER = 0.08, 0.25  # by how much (as logarithms) red or blue stand off green otherwise than on paper
DARKER, MUCH_DARKER = 0.1, 0.9  # than the paper (as logarithms): a shadow, on which print still shows, or no paper
SMOOTH = 0.8  # of the brightest about a spot, the darkest where no print shows
BAND = 1.4  # millimetres that a label reaches above and below its middle line
GAP = 2.0  # millimetres from a label to its value, at least
COLUMN = 5.0  # millimetres by which labels of one column may stand apart
# Millimetres that a value fills at least, where no kind of vehicle or driver leaves it empty and the length is known.
FILLED: Mapping[str, float] = MappingProxyType(
    {
        "plate_no": 8,
        "vehicle_type": 8,
        "owner": 5,
        "address": 25,
        "use_character": 5,
        "brand_model": 12,
        "vin": 22,
        "register_date": 12,
        "issue_date": 12,
        "file_no": 12,
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
PITCH = 0.15  # by which share the rows of an edition may be farther apart or closer
NEXT_TO_NONE = 1e-6  # what holds a fit of no labels, whose doubt is the farthest

LONGEST = 8  # lines that are looked at for sharpness, each over a stretch of as many times its height
TALL = 32  # pixels that a line's height is looked at with
SOFT = 0.26  # of the contrast between print and paper: the steepest step over one such pixel, at least, in sharp print
LEAST_CONTRAST = 10.0


BEYOND, INWARD = 8, 14  # millimetres beyond a side and within it where its edge is looked for
STEP = 0.06  # by how much (as a logarithm) what lies beyond an edge is unlike the paper
ABRUPT = 1.5  # millimetres within which it is
ASLANT = 6  # millimetres by which an edge may run off the fit's
HELD = 0.8  # of a side, what lies between its corners
MOST = 0.7  # of that, how much must show the same
ALL_BUT = 0.95  # the same, where the picture ends no farther in than the fit may be wrong
FLUSH = 2.5  # millimetres beyond the form's edge to which a page's paper may reach
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
        view = laid_flat(picture, page)
        if is_copy(view):
            found.append("copy")
        unread = list(unread_print(page, values))
        if lost_print(view, unread) >= LEAST_LOST:
            found.append("reflection")
        if hidden_print(view, unread) >= LEAST_LOST:
            found.append("occluded")
        if is_cut_off(page, picture.size, rims(picture, page, pages)):
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


def lost_print(view: View, unread: Iterable[Box]) -> float:
    """Square millimetres of the unread print where all is glaring white.

    Glare on blank paper hides nothing; where print was read on paper as bright, that is the paper's own white.
    """
    inside = view.inside.repeat(DOTS, axis=0).repeat(DOTS, axis=1)
    lost = _marked(unread, inside)
    known = _marked(_read_print(view.page), inside)
    if not lost.any() or not known.any():
        return 0.0
    paper = np.exp(_paper(_extreme_about(view.pixels, GAPS, np.maximum), known)) @ LUMA
    glaring = np.maximum(np.minimum(paper + BRIGHTER, NEAR_WHITE), GLARING)
    bare = _extreme_about(view.pixels @ LUMA, ROOM, np.minimum) >= glaring
    return float((bare & lost).sum()) / DOTS**2


def hidden_print(view: View, unread: Iterable[Box]) -> float:
    """Square millimetres of the unread print where something else lies than paper.

    Paper shows between the strokes of print, and its colour is known from where print was read. What lies on it is
    told by a hue that no light gives paper, or by being darker without bearing print, as paper in a shadow would. What
    is a little paler than the paper may be glare.
    """
    inside = view.inside.repeat(DOTS, axis=0).repeat(DOTS, axis=1)
    lost = _marked(unread, inside)
    known = _marked(_read_print(view.page), inside)
    if not lost.any() or not known.any():
        return 0.0
    bare = _extreme_about(view.pixels, GAPS, np.maximum)
    hue, light = _off_paper(bare, _paper(bare, known))
    darkest = _extreme_about(view.pixels @ LUMA, ROOM, np.minimum)
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
    return (_box(placed) for placed in page.labels if placed.hit is not None)


def _box(placed: Placed) -> Box:
    """Where a label stands: left, top, right, bottom in millimetres."""
    (left, top), (right, bottom) = placed.begin.tolist(), placed.end.tolist()
    return left, (top + bottom) / 2 - BAND, right, (top + bottom) / 2 + BAND


def unread_print(page: Page, read: Mapping[str, Value]) -> Iterator[Box]:
    """Where print stands that the form is sure to bear and that was not read: left, top, right, bottom in millimetres.

    Labels stand where the form has them. How far from its label a value begins, editions differ in, but those below
    one another begin alike; of a value that was read in part the rest is asked for.
    """
    begins = {field: page.to_form(value.quad).min(axis=0)[0] for field, value in read.items()}
    for placed in page.labels:
        middle = float(placed.begin[1] + placed.end[1]) / 2
        begin, end, field = float(placed.begin[0]), float(placed.end[0]), placed.label.field
        if placed.hit is None:
            yield _box(placed)
        if not field or field not in FILLED or (field in read and complete(field, read[field].text)):
            continue
        column = [
            float(begins[other.label.field])
            for other in page.labels
            if other.label.field in begins and abs(float(other.begin[0]) - begin) < COLUMN
        ]
        first = max(end + GAP, min(column, default=0.0))
        past = first + FILLED[field]
        if field in read:
            first = max(first, float(page.to_form(read[field].quad).max(axis=0)[0]))
        if first < past:
            yield first, middle - BAND, past, middle + BAND


@dataclass(frozen=True, slots=True)
class Rim:
    """What a side of the page shows: its edge, or paper that runs out of the picture, within the edge or about it."""

    edge: bool = False
    within: bool = False
    about: bool = False


def is_cut_off(page: Page, size: tuple[int, int], sides: Sequence[Rim]) -> bool:
    """Whether a part of the page lies outside a picture of this size; `sides` begin at the left and run clockwise.

    A side is lost whose edge is not seen and of which a corner or the middle lies outside by more than the fit may be
    wrong. The fit alone cannot tell a smaller cut from its own error: then the paper must run out of the picture, and
    other sides' edges be seen, since a picture may be cut along its page's edges. Where it ends at about the page's
    own edge, all the others' must be.
    """
    edges = sum(side.edge for side in sides)
    return any(
        not side.edge and (outside or (side.within and edges > 1) or (side.about and edges == len(sides) - 1 > 1))
        for side, outside in zip(sides, _outside(page, size), strict=True)
    )


def of_title(picture: Picture, lines: Sequence[Line]) -> tuple[str, ...]:
    """What hides most labels of a page whose title is read; nothing when no license's title is.

    One label tells the page's place only roughly, and less its size: to be cut off, its paper must run out of the
    picture as well, and only labels that were seen nowhere can be hidden.
    """
    hits = find_labels(lines, {label.text for form in FORMS for label in form.labels})
    for form in FORMS:
        title = form.labels[0]
        for hit in hits:
            if hit.label == title.text and title.field is None and hit.errors <= TITLE_ERRORS * len(title.text):
                return _hiding(picture, _about_title(form, hit, lines[hit.line].text, hits))
    return ()


def _hiding(picture: Picture, page: Page) -> tuple[str, ...]:
    """What hides the labels of a page whose place only its title tells."""
    view, sides = laid_flat(picture, page), rims(picture, page, [page])
    lost = [side.within and not side.edge for side in sides]
    outside = _outside(replace(page, labels=page.labels[:1]), picture.size)
    cut = sum(side.edge for side in sides) > 1 and any(map(and_, lost, outside))
    unread = [_box(placed) for placed in page.labels if placed.hit is None]
    told = {
        "reflection": lost_print(view, unread) >= LEAST_LOST,
        "occluded": hidden_print(view, unread) >= LEAST_LOST,
        "border_incomplete": cut,
    }
    return tuple(flag for flag, raised in told.items() if raised)


def _about_title(form: Form, hit: Hit, text: str, hits: Sequence[Hit]) -> Page:
    """The page as its title alone tells it: not aslant, as large as the title's letters are wide."""
    title = form.labels[0]
    share = min((hit.past - hit.first) / len(title.text), 1.0)
    # Of a title that is covered in part, either its end is read or its beginning.
    begin = title.width * (1 - share) if text[hit.past - 1] == title.text[-1] else 0.0
    factor = complex(*(hit.end - hit.begin).tolist()) / (title.width * share)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    shift = hit.begin - turn @ np.array([title.x + begin, title.y])
    lead = PlaneMap(np.vstack([np.column_stack([turn, shift]), [0, 0, 1]]))
    back, seen = lead.inverse(), {other.label: other for other in hits}
    placed = []
    for label in form.labels:
        found = seen.get(label.text)
        ends = np.array([[label.x, label.y], [label.x + label.width, label.y]])
        if found and label is not title:
            ends = back(np.array([found.begin, found.end]))
        placed.append(Placed(label, ends[0], ends[1], found))
    return Page(form, lead, back, tuple(placed))


def _outside(page: Page, size: tuple[int, int]) -> list[bool]:
    """Whether a corner or the middle of each side lies outside the picture, by more than the fit may be wrong."""
    corners = rectangle(0, 0, WIDTH, HEIGHT)
    ends = np.roll(corners, 1, axis=0)
    rim = np.stack([corners, (corners + ends) / 2, ends], axis=1)
    inward = np.sign(CENTRE - rim) * _doubt(page, rim.reshape(-1, 2)).reshape(4, 3, 1)
    seen = page.to_photo(rim + inward)
    outside: list[bool] = ((seen < 0) | (seen > np.array(size))).any(axis=(1, 2)).tolist()
    return outside


def rims(picture: Picture, page: Page, pages: Sequence[Page]) -> list[Rim]:
    """What each side of the page shows, from the left clockwise; nothing where another page lies."""
    wide, high = COLUMNS + 2 * BEYOND, ROWS + 2 * BEYOND
    room = rectangle(-BEYOND, -BEYOND, WIDTH + BEYOND, HEIGHT + BEYOND)
    pixels = np.asarray(picture.sampled(page.to_photo(room), wide * DOTS, high * DOTS), np.float32)
    down, across = (np.mgrid[0 : high * DOTS, 0 : wide * DOTS] + 0.5) / DOTS - BEYOND
    spots = page.to_photo(np.stack([across, down], axis=-1))
    inside = ((spots > 1) & (spots < np.array(picture.size) - 1)).all(axis=-1)
    known = _marked((_shifted(box, BEYOND) for box in _read_print(page)), inside)
    if not known.any():
        return [Rim()] * len(OUTSIDE)
    bare = _extreme_about(pixels, GAPS, np.maximum)
    near = _extreme_about(pixels, 1 / DOTS, np.maximum)
    hue, light = _off_paper(near, _paper(bare, known))
    paper = (hue < 2 * OTHER_HUE) & (light > -SHADE)
    if page.form.portrait:  # it reaches almost to the edge, and is no table
        left, top, _, _ = page.form.portrait
        paper |= (across > left) & (across < WIDTH) & (down > top) & (down < HEIGHT)
    return [
        Rim()
        if any(_bears(other, page.to_photo(np.array(outside))) for other in pages if other is not page)
        else _rim(np.rot90(near, turns), np.rot90(paper, turns), np.rot90(inside, turns))
        for turns, outside in enumerate(OUTSIDE)
    ]


def _rim(near: Grid, paper: Marks, inside: Marks) -> Rim:
    """What is seen at the left."""
    margin = BEYOND * DOTS
    skipped = margin + round((len(inside) - 2 * margin) * (1 - HELD) / 2)
    rows = slice(skipped, len(inside) - skipped)
    near, paper, inside = near[rows], paper[rows], inside[rows]
    first = inside.argmax(axis=1)
    at_rim = paper[np.arange(len(first)), np.minimum(first + 1, inside.shape[1] - 1)] & inside.any(axis=1)
    return Rim(
        edge=_steps_along(near[:, : margin + INWARD * DOTS], inside[:, : margin + INWARD * DOTS]),
        within=bool((at_rim & (first > margin)).mean() > MOST),
        about=bool((at_rim & (first > margin - FLUSH * DOTS)).mean() > ALL_BUT),
    )


def _steps_along(pixels: Grid, inside: Marks) -> bool:
    """Whether the light or the colour changes at once along one straight line that runs down, as at a sheet's edge."""
    reach = round(ABRUPT * DOTS)
    logs = np.log(np.maximum(pixels, 1))
    change = np.abs(logs[:, reach:] - logs[:, :-reach]).max(axis=-1)
    stepped = (change > STEP) & inside[:, reach:] & inside[:, :-reach]
    stepped[:, 1:-1] |= stepped[:, 2:] | stepped[:, :-2]
    rows, wide = stepped.shape
    down = np.linspace(-0.5, 0.5, rows)[:, None]
    for slant in range(-ASLANT * DOTS, ASLANT * DOTS + 1):
        across = np.arange(wide) + np.round(slant * down).astype(np.intp)
        met = np.take_along_axis(stepped, np.clip(across, 0, wide - 1), axis=1) & (across >= 0) & (across < wide)
        if met.mean(axis=0).max() > MOST:
            return True
    return False


def _bears(page: Page, spot: Points) -> bool:
    """Whether the spot on the photo lies on the page."""
    x, y = page.to_form(spot).tolist()
    return bool(0 < x < WIDTH and 0 < y < HEIGHT)


def _shifted(box: Box, distance: float) -> Box:
    """The box as much farther right and down."""
    left, top, right, bottom = box
    return left + distance, top + distance, right + distance, bottom + distance


def _doubt(page: Page, spots: Points) -> Points:
    """Millimetres by which the fit may be wrong at each spot: by the labels' own straying, more where none is near.

    Labels that stand where other editions have them do not tell how well the others fit. How far apart rows are, and so
    how much page is left beyond them, editions differ in as well.
    """
    own = set(page.form.labels)
    hit = [placed for placed in page.labels if placed.hit and placed.label in own]
    anchors = np.array([anchor(placed.label) for placed in hit])
    off = np.array([_spot(placed) for placed in hit]) - anchors
    fitted = (np.abs(off) < ASTRAY).all(axis=1)
    anchors, off = anchors[fitted], off[fitted]
    known, asked = (np.column_stack([(points - CENTRE) / UNIT, np.ones(len(points))]) for points in (anchors, spots))
    spread = np.linalg.inv(known.T @ known + np.diag([STIFFNESS**2, STIFFNESS**2, NEXT_TO_NONE]))
    leverage = np.sqrt(np.einsum("ni,ij,nj->n", asked, spread, asked))
    straying = STRAY + float(np.sqrt((off**2).sum() / max(len(off) - 2, 1)))
    rows = anchors[:, 1] if len(anchors) else CENTRE[1:]
    past = np.maximum(spots[:, 1] - rows.max(), rows.min() - spots[:, 1])
    doubt: Points = straying * (1 + np.minimum(leverage, FARTHEST)) + PITCH * np.maximum(past, 0)
    return doubt


def _spot(placed: Placed) -> Points:
    """The place that the fit goes by: where a label begins, or a title's middle, since titles are centred."""
    return (placed.begin + placed.end) / 2 if placed.label.field is None else placed.begin


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
