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
from numpy.lib.stride_tricks import sliding_window_view

from license_engine import seal
from license_engine.form import FORMS, HEIGHT, WIDTH
from license_engine.geometry import along, height, length, part, rectangle
from license_engine.labels import Hit, find_labels
from license_engine.pages import TITLE_ERRORS
from license_engine.rectify import ASTRAY, CENTRE, UNIT, Page, Placed, anchor, fit, spot, through
from license_engine.repair import complete

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from license_engine.form import Form
    from license_engine.geometry import Points
    from license_engine.labels import Line
    from license_engine.picture import Picture
    from license_engine.values import Value

    type Grid = NDArray[np.float32]
    type Marks = NDArray[np.bool_]
    type Pixels = NDArray[np.uint8]
    type Box = tuple[float, float, float, float]

DOTS = 2  # pixels a millimetre that the page is looked at with: fewer and print would not show between its gaps
ROWS, COLUMNS = round(HEIGHT), round(WIDTH)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

RIM = 5.0  # millimetres at the page's edge where the background may show
CLIPPED = 250.0  # a channel this bright may have been brighter
RED = 0.05  # of the paper's brightness: how much redder than black print a seal is, at least
COLOURED = 0.08  # the same for any colour anywhere on the page
SPECKS = 0.02  # of the page that may be coloured by chance
MOST_COVERED = 0.25  # of the seal's place: where a thing hides more, nothing is told of it
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
NARROW = 0.7  # of what a value fills at least: what is narrower was read in part
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
        "sex": 2.5,
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
PITCH = np.array([0.05, 0.15])  # by which share an edition's columns and rows may be farther apart or closer
LEAST_REST = 5  # letters of a title that is covered in part
NEXT_TO_NONE = 1e-6  # what holds a fit of no labels, whose doubt is the farthest

LONGEST = 8  # lines that are looked at for sharpness, each over a stretch of as many times its height
TALL = 32  # pixels that a line's height is looked at with
SOFT = 0.26  # of the contrast between print and paper: the steepest step over one such pixel, at least, in sharp print
LEAST_CONTRAST = 10.0

BEYOND, INWARD = 12, 14  # millimetres beyond a side and within it where its edge is looked for
STEP = 0.06  # by how much (as a logarithm) what lies beyond an edge is unlike the paper
ABRUPT = 1.5  # millimetres within which it is
ASLANT = 6  # millimetres by which an edge may run off the fit's
HELD = 0.8  # of a side, what lies between its corners
MOST = 0.7  # of that, how much must show the same
ALL_BUT = 0.95  # the same, where the fit does not tell that the picture ends within the page
A_PART = 0.15  # of that, how much of an edge must be seen, and how much be lost, if it runs out of the picture
LEAST_SEEN_OUT = 0.35  # of a side that runs out of the picture, how much must show it: print hides no more
DEEP = 1.5  # millimetres by which an edge then lies outside, at least
CLOSE = 1.0  # millimetres between an edge and the picture's rim that comes up to it
SHADE = 0.3  # how much darker (as a logarithm) the paper may be towards its edge
UNLIKE = 0.4  # of that shade: ground that differs from the paper by less is not told from it
# Where another page would lie: left, above, right, below, as quarter turns bring them to the left.
OUTSIDE = ((-15.0, HEIGHT / 2), (WIDTH / 2, -15.0), (WIDTH + 15.0, HEIGHT / 2), (WIDTH / 2, HEIGHT + 15.0))


@dataclass(frozen=True, slots=True)
class View:
    """A page laid flat with `BEYOND` millimetres about it: its pixels, and which of them lie in the picture.

    `bare` is the brightest about each pixel, which is paper even among print, and `paper` the logarithm of what paper
    would show there.
    """

    page: Page
    pixels: Pixels
    inside: Marks
    bare: Pixels
    paper: Grid


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
        if is_cut_off(page, picture.size, rims(view, pages)):
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
    room = rectangle(-BEYOND, -BEYOND, WIDTH + BEYOND, HEIGHT + BEYOND)
    wide, high = (COLUMNS + 2 * BEYOND) * DOTS, (ROWS + 2 * BEYOND) * DOTS
    pixels = np.asarray(picture.sampled(page.to_photo(room), wide, high))
    spots = page.to_photo(np.stack(np.meshgrid(*map(_millimetres, (wide, high))), axis=-1))
    inside = ((spots > 1) & (spots < np.array(picture.size) - 1)).all(axis=-1)
    bare = _extreme_about(pixels, GAPS, np.maximum)
    known = _marked(_read_print(page), inside)
    return View(page, pixels, inside, bare, _paper(bare, known))


def _millimetres(pixels: int) -> Points:
    """Where so many pixels of a view stand along the page's edge, whose corner is at nought."""
    return (np.arange(pixels) + 0.5) / DOTS - BEYOND


def is_copy(view: View) -> bool:
    """Whether the seal's place has no red, nor the page any colour; False for a page that bears no seal.

    A side page's black print on pale paper has no colour to miss, so it cannot be told from its copy.
    """
    if view.page.form.seal is None:
        return False
    margin = BEYOND * DOTS
    pixels = view.pixels[margin:-margin, margin:-margin].reshape(ROWS, DOTS, COLUMNS, DOTS, 3)
    colours = pixels.mean(axis=(1, 3), dtype=np.float32)
    inside = view.inside[margin:-margin, margin:-margin].reshape(ROWS, DOTS, COLUMNS, DOTS).all(axis=(1, 3))
    down, across = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    left, top, right, bottom = seal.room(view.page, view.page.form.seal)
    place = (across > left) & (across < right) & (down > top) & (down < bottom)
    within = (across > RIM) & (across < WIDTH - RIM) & (down > RIM) & (down < HEIGHT - RIM)
    _, light = _off_paper(view.bare, view.paper)
    light = light[margin:-margin, margin:-margin].reshape(ROWS, DOTS, COLUMNS, DOTS).mean(axis=(1, 3))
    covered = light < -MUCH_DARKER
    seen = inside & within & ~covered & (colours.max(axis=-1) < CLIPPED)
    if (place & covered).sum() > MOST_COVERED * place.sum():
        return False
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
    lost = _marked(unread, view.inside)
    if not lost.any():
        return 0.0
    paper = np.exp(view.paper) @ LUMA
    glaring = np.maximum(np.minimum(paper + BRIGHTER, NEAR_WHITE), GLARING)
    bare = _extreme_about(view.pixels @ LUMA, ROOM, np.minimum) >= glaring
    return float((bare & lost).sum()) / DOTS**2


def hidden_print(view: View, unread: Iterable[Box]) -> float:
    """Square millimetres of the unread print where something else lies than paper.

    Paper shows between the strokes of print, and its colour is known from where print was read. What lies on it is
    told by a hue that no light gives paper, or by being darker without bearing print, as paper in a shadow would. What
    is a little paler than the paper may be glare.
    """
    lost = _marked(unread, view.inside)
    if not lost.any():
        return 0.0
    hue, light = _off_paper(view.bare, view.paper)
    darkest = _extreme_about(view.pixels @ LUMA, ROOM, np.minimum)
    smooth = darkest > SMOOTH * (view.bare @ LUMA)
    unlike_paper = (light < 0) & ((hue > OTHER_HUE) | (light < -DARKER))
    other = (hue > CLEARLY_OTHER) | (light < -MUCH_DARKER) | (smooth & unlike_paper)
    return float((lost & other).sum()) / DOTS**2


def _paper(bare: Pixels, known: Marks) -> Grid:
    """The logarithm of what the page's paper would show everywhere, as it slopes where it is known.

    Where it is known nowhere, all that is seen may be paper.
    """
    if not known.any():
        return _logs(bare)
    high, wide = known.shape
    across, down = _millimetres(wide) / CENTRE[0] - 1, _millimetres(high) / CENTRE[1] - 1
    rows, columns = np.nonzero(known)
    terms = np.stack([np.ones(len(rows)), across[columns], down[rows]], axis=-1)
    logs, kept, slope = _logs(bare[known]), np.ones(len(rows), bool), np.zeros((3, 3))
    for _ in range(3):
        seen = terms[kept]
        held = np.diag([0, LEVEL, LEVEL]) * len(seen)
        slope = np.linalg.solve(seen.T @ seen + held, seen.T @ logs[kept])
        off = np.abs(logs - terms @ slope).max(axis=-1)
        kept = off <= max(3 * float(np.median(off)), OTHER_HUE / 2)
    paper: Grid = (slope[0] + across[:, None] * slope[1] + down[:, None, None] * slope[2]).astype(np.float32)
    return paper


def _off_paper(pixels: Pixels, paper: Grid) -> tuple[Grid, Grid]:
    """How far the pixels stand off the paper, as logarithms: in hue, either way, and in light."""
    off: Grid = _logs(pixels) - paper
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
    one another begin alike; of a value that was read in part the rest is asked for, before that part and after it.
    """
    spans = {field: page.to_form(value.quad)[:, 0] for field, value in read.items()}
    whole = {
        field
        for field, value in read.items()
        if complete(field, value.text) and float(np.ptp(spans[field])) >= NARROW * FILLED.get(field, 0)
    }
    begins = {field: spans[field].min() for field in whole}
    for placed in page.labels:
        middle = float(placed.begin[1] + placed.end[1]) / 2
        begin, end, field = float(placed.begin[0]), float(placed.end[0]), placed.label.field
        if placed.hit is None:
            yield _box(placed)
        if not field or field not in FILLED or field in whole:
            continue
        column = [
            float(begins[other.label.field])
            for other in page.labels
            if other.label.field in begins and abs(float(other.begin[0]) - begin) < COLUMN
        ]
        first = max(end + GAP, min(column, default=0.0))
        past = first + FILLED[field]
        if field in read:
            seen_from, seen_to = float(spans[field].min()), float(spans[field].max())
            if seen_from > end + 2 * GAP:
                yield end + GAP, middle - BAND, seen_from, middle + BAND
            first = max(first, seen_to)
        if first < past:
            yield first, middle - BAND, past, middle + BAND


@dataclass(frozen=True, slots=True)
class Rim:
    """What a side of the page shows: its edge, or paper that runs out of the picture."""

    edge: bool = False
    telling: bool = False  # an edge beyond which the ground is unlike the paper
    touched: bool = False  # an edge that the picture's rim comes up to
    broken: bool = False  # an edge that is seen in part, and whose other part lies outside the picture
    within: bool = False  # most of the side runs out of the picture, within the page as it was fitted
    throughout: bool = False  # all but its seen edge does, be it anywhere


def is_cut_off(page: Page, size: tuple[int, int], sides: Sequence[Rim]) -> bool:
    """Whether a part of the page lies outside a picture of this size; `sides` begin at the left and run clockwise.

    A side is lost whose edge is not seen and of which a corner or the middle lies outside by more than the fit may be
    wrong. The fit alone cannot tell a smaller cut from its own error: then the paper must run out of the picture, and
    other sides' edges be seen. Where the fit does not tell that the picture ends within the page, they must tell paper
    from the ground as well, and no side but this one be without an edge, if nothing of its own is seen. A picture whose
    rim comes up to every edge that is seen was cut to its page, and so along its other edges too.
    """
    edges, telling = (sum(seen) for seen in zip(*((side.edge, side.telling) for side in sides), strict=True))
    if all(side.touched for side in sides if side.edge):
        edges = telling = 0
    return any(
        (side.broken and telling > 1)
        or (not side.edge and (outside or (side.within and edges > 1)))
        or (side.throughout and telling == len(sides) - 1)
        for side, outside in zip(sides, _outside(page, size), strict=True)
    )


def of_title(picture: Picture, lines: Sequence[Line]) -> tuple[str, ...]:
    """What hides most labels of a page whose title is read, at least in part; nothing when no license's title is.

    One label tells the page's place only roughly, and less its size: to be cut off, its paper must run out of the
    picture as well, and only labels that were seen nowhere can be hidden.
    """
    hits = find_labels(lines, {label.text for form in FORMS for label in form.labels})
    for form in FORMS:
        title = form.labels[0]
        for hit in hits:
            wrong = hit.errors - max(len(title.text) - (hit.past - hit.first), 0)  # letters that are covered are not
            if hit.label == title.text and title.field is None and wrong <= TITLE_ERRORS * len(title.text):
                return _hiding(picture, _about_title(form, hit, lines[hit.line].text, hits))
    pages = [page for form in FORMS if (page := _about_rest(form, lines, hits))]
    return _hiding(picture, max(pages, key=lambda page: page.found)) if pages else ()


def _about_rest(form: Form, lines: Sequence[Line], hits: Sequence[Hit]) -> Page | None:
    """The page as the beginning or the end of its title and further labels tell it; None when they do not agree."""
    title = form.labels[0]
    rests = {title.text[:size] for size in range(LEAST_REST, len(title.text))}
    rests |= {title.text[-size:] for size in range(LEAST_REST, len(title.text))}
    others = [other.labels[0].text for other in FORMS if other.document != form.document]
    telling = [rest for rest in rests if title.field is None and not any(rest in other for other in others)]
    for rest in sorted(telling, key=lambda rest: (len(rest), rest), reverse=True):
        for number, line in enumerate(lines):
            if rest in line.text:
                hit = _seen(rest, number, line)
                share, letter = len(rest) / len(title.text), title.width / len(title.text)
                left = replace(title, text=rest, x=title.x + title.text.index(rest) * letter, width=share * title.width)
                forward = complex(*(hit.end - hit.begin).tolist())
                page = fit(replace(form, labels=(left, *form.labels[1:])), [*hits, hit], float(np.angle(forward)))
                return page if page and page.labels[0].hit else None
    return None


def _seen(text: str, number: int, line: Line) -> Hit:
    """Where the text stands on the line that bears it."""
    first = line.text.index(text)
    past = first + len(text)
    centres = [letter.centre for letter in line.letters[first:past]]
    half = (centres[-1] - centres[0]) / (len(text) - 1) / 2
    begin, end = along(line.quad, max(centres[0] - half, 0.0)), along(line.quad, min(centres[-1] + half, 1.0))
    return Hit(text, number, first, past, 0, begin, end)


def _hiding(picture: Picture, page: Page) -> tuple[str, ...]:
    """What hides the labels of a page whose place only its title tells."""
    view = laid_flat(picture, page)
    sides = rims(view, [page])
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
    rest = replace(title, x=title.x + begin, width=title.width * share)
    lead = through((rest, hit), complex(*(hit.end - hit.begin).tolist()) / rest.width, 1.0)
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


@dataclass(frozen=True, slots=True)
class Side:
    """A side turned to the left: its rows between the corners, where each of them enters the picture, and its rim."""

    met: Marks  # where an edge may be
    first: NDArray[np.intp]
    at_rim: Grid  # how unlike paper what enters first is, the print that the rim cuts left out: paper is less than 1


def rims(view: View, pages: Sequence[Page]) -> list[Rim]:
    """What each side of the page shows, from the left clockwise; nothing where another page lies."""
    near = _extreme_about(view.pixels, 1 / DOTS, np.maximum)
    sides = {
        turns: _side(view, near, turns, blank)
        for turns, (outside, blank) in enumerate(zip(OUTSIDE, _margins(view.page), strict=True))
        if not any(_bears(other, view.page.to_photo(np.array(outside))) for other in pages if other is not view.page)
    }
    edges = {turns: _edge(side) for turns, side in sides.items()}
    ground = min((edge.unlike for edge in edges.values() if edge), default=0.0)
    return [_rim(sides[turns], edges[turns], ground) if turns in sides else Rim() for turns in range(len(OUTSIDE))]


def _margins(page: Page) -> list[float]:
    """How far within each side, as it was fitted, its edge may lie: no label that was read lies outside it."""
    left, top, right, bottom = zip(*_read_print(page), strict=True)
    blank = min(left), min(top), WIDTH - max(right), HEIGHT - max(bottom)
    return [min(max(edge, 0.0), INWARD) for edge in blank]


def _side(view: View, near: Pixels, turns: int, blank: float) -> Side:
    """What is seen at the side that so many turns bring to the left, up to so many millimetres within the page.

    A portrait reaches almost to the page's edge and is no ground.
    """
    margin, reach = BEYOND * DOTS, round(GAPS * DOTS)
    marks = _marked([view.page.form.portrait] if view.page.form.portrait else (), view.inside)
    inside, portrait = (np.rot90(seen, turns)[margin:-margin] for seen in (view.inside, marks))
    pixels, light = (np.rot90(seen, turns)[margin:-margin] for seen in (view.pixels, near))
    paper = np.rot90(view.paper, turns)[margin:-margin]
    first = inside.argmax(axis=1)
    at = np.arange(len(first)), np.minimum(first + 1, inside.shape[1] - 1)
    beside = np.pad(pixels[at], [(reach, reach), (0, 0)], mode="edge")
    brightest = sliding_window_view(beside, 2 * reach + 1, axis=0).max(axis=-1)
    at_rim = np.where(portrait[at], 0, _unlikeness(brightest, paper[at]))
    at_rim[~inside.any(axis=1)] = np.inf
    held, columns = _held(len(first)), slice(margin + round(blank * DOTS))
    return Side(_steps(_logs(light[held, columns]), inside[held, columns]), first[held], at_rim)


def _held(rows: int) -> slice:
    """The rows between a side's corners."""
    return slice(round(rows * (1 - HELD) / 2), rows - round(rows * (1 - HELD) / 2))


def _unlikeness(pixels: Pixels, paper: Grid) -> Grid:
    """How unlike paper the pixels are, in hue or by being darker, in shares of what paper may be on its rim."""
    hue, light = _off_paper(pixels, paper)
    unlike: Grid = np.maximum(hue / (2 * OTHER_HUE), -light / SHADE)
    return unlike


def _steps(logs: Grid, inside: Marks) -> Marks:
    """Where the light or the colour changes at once along a row, as at a sheet's edge."""
    reach = round(ABRUPT * DOTS)
    change = np.abs(logs[:, reach:] - logs[:, :-reach]).max(axis=-1)
    met: Marks = (change > STEP) & inside[:, reach:] & inside[:, :-reach]
    met[:, 1:-1] |= met[:, 2:] | met[:, :-2]
    return met


@dataclass(frozen=True, slots=True)
class Edge:
    """A side's edge: how unlike the paper the ground beyond it is, and how many millimetres of it the picture holds."""

    unlike: float
    room: float


def _edge(side: Side) -> Edge | None:
    """The straight line along which most of the side ends at once, if there is one."""
    shares = _along_lines(side.met)
    if shares.max() <= MOST:
        return None
    most = shares == shares.max()
    slant = int(most.sum(axis=1).argmax())
    places = np.flatnonzero(most[slant])
    line = _runs(len(side.met))[slant]
    held = (places[-1] + line - side.first)[[0, -1]]
    room = float((held + np.diff(held) * [(1 - 1 / HELD) / 2, (1 / HELD - 1) / 2]).min()) / DOTS
    return Edge(float(np.median(side.at_rim[_held(len(side.at_rim))])), room)


def _rim(side: Side, edge: Edge | None, ground: float) -> Rim:
    """What the side shows where what lies about the page is so unlike paper, beyond its own edge and elsewhere."""
    margin, reach = BEYOND * DOTS, round(ABRUPT * DOTS)
    if edge:
        return Rim(edge=True, telling=edge.unlike > UNLIKE, touched=edge.room < CLOSE)
    held = _held(len(side.at_rim))
    within = _between(side.at_rim < 1)[held] & (side.first > margin)
    if ground <= UNLIKE:
        return Rim(within=bool(within.mean() > MOST))
    out = _between(side.at_rim < min(1.0, ground / 2))[held]
    beyond = side.first[:, None] - (np.arange(side.met.shape[1]) + reach / 2)
    seen = _along_lines(side.met)
    lost = _along_lines(out[:, None] & (beyond > DEEP * DOTS))
    agreeing = _along_lines(side.met | (out[:, None] & (beyond > -reach))) > ALL_BUT
    goes_on = out.mean() > ALL_BUT and (out & (side.first > 0)).mean() > LEAST_SEEN_OUT
    return Rim(
        broken=bool((agreeing & (seen > A_PART) & (lost > A_PART)).any()),
        within=bool(within.mean() > MOST),
        throughout=bool(goes_on or (agreeing & (lost > MOST)).any()),
    )


def _between(paper: Marks) -> Marks:
    """Where the rim cuts the page: a page has no hollows, so between paper it cuts print, if not most is such."""
    rows = np.flatnonzero(paper)
    whole = paper.copy()
    if len(rows) and paper[rows[0] : rows[-1]].mean() > LEAST_SEEN_OUT:
        whole[rows[0] : rows[-1]] = True
    return whole


def _along_lines(marks: Marks) -> Grid:
    """How much of each straight line that runs about down is marked, by its slant and its place."""
    high, wide = marks.shape
    aside = ASLANT * DOTS // 2
    beside = sliding_window_view(np.pad(marks, [(0, 0), (aside, aside)]), wide, axis=1)
    shares: Grid = beside[np.arange(high), aside + _runs(high)].mean(axis=1, dtype=np.float32)
    return shares


def _runs(high: int) -> NDArray[np.intp]:
    """How far off its middle each line stands in each row, by its slant."""
    slants = np.arange(-ASLANT * DOTS, ASLANT * DOTS + 1)
    return np.round(slants[:, None] * np.linspace(-0.5, 0.5, high)).astype(np.intp)


def _logs(pixels: Pixels) -> Grid:
    """The logarithm of each channel."""
    logs: Grid = np.log(np.maximum(pixels, 1), dtype=np.float32)
    return logs


def _bears(page: Page, spot: Points) -> bool:
    """Whether the spot on the photo lies on the page."""
    x, y = page.to_form(spot).tolist()
    return bool(0 < x < WIDTH and 0 < y < HEIGHT)


def _doubt(page: Page, spots: Points) -> Points:
    """Millimetres by which the fit may be wrong at each spot: by the labels' own straying, more where none is near.

    Labels that stand where other editions have them do not tell how well the others fit. How far apart rows and columns
    are, and so how much page is left beyond them, editions differ in as well.
    """
    own = set(page.form.labels)
    seen = [(placed.label, placed.hit) for placed in page.labels if placed.hit and placed.label in own]
    anchors = np.array([anchor(label) for label, _ in seen]).reshape(-1, 2)
    off = page.to_form(np.array([spot(label, hit) for label, hit in seen]).reshape(-1, 2)) - anchors
    fitted = (np.abs(off) < ASTRAY).all(axis=1)
    anchors, off = anchors[fitted], off[fitted]
    known, asked = (np.column_stack([(points - CENTRE) / UNIT, np.ones(len(points))]) for points in (anchors, spots))
    spread = np.linalg.inv(known.T @ known + np.diag([STIFFNESS**2, STIFFNESS**2, NEXT_TO_NONE]))
    leverage = np.sqrt(np.einsum("ni,ij,nj->n", asked, spread, asked))
    straying = STRAY + float(np.sqrt((off**2).sum() / max(len(off) - 2, 1)))
    reached = anchors if len(anchors) else CENTRE[None]
    past = np.maximum(spots - reached.max(axis=0), reached.min(axis=0) - spots)
    doubt: Points = straying * (1 + np.minimum(leverage, FARTHEST)) + np.maximum(past, 0) @ PITCH
    return doubt


def _marked(boxes: Iterable[Box], inside: Marks) -> Marks:
    """Which pixels of a view lie in the boxes, on the page and in the picture."""
    marks = np.zeros_like(inside)
    for box in boxes:
        left, right = (round(DOTS * (BEYOND + min(max(edge, 0), WIDTH))) for edge in box[::2])
        top, bottom = (round(DOTS * (BEYOND + min(max(edge, 0), HEIGHT))) for edge in box[1::2])
        marks[top:bottom, left:right] = True
    return marks & inside


def _extreme_about[Values: (Pixels, Grid)](values: Values, distance: float, extreme: np.ufunc) -> Values:
    """The least or the greatest within so many millimetres of each pixel, to all sides."""
    reach = round(distance * DOTS)
    padded = np.pad(values, [(reach, reach)] * 2 + [(0, 0)] * (values.ndim - 2), mode="edge")
    high, wide = values.shape[:2]
    rows = padded[:high].copy()
    for step in range(1, 2 * reach + 1):
        extreme(rows, padded[step : step + high], out=rows)
    both = rows[:, :wide].copy()
    for step in range(1, 2 * reach + 1):
        extreme(both, rows[:, step : step + wide], out=both)
    return both
