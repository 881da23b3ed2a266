"""Which field each letter on a page belongs to, told by the labels to its left and above."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from license_engine.form import WIDTH
from license_engine.geometry import Points, along, height, length, part

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from license_engine.labels import Line
    from license_engine.recognize import Letters
    from license_engine.rectify import Page, Placed

SAME_ROW = 3.2  # millimetres between labels of one row, at most
NEXT_ROW = 1.6  # millimetres above a label's middle where its row begins
ELSEWHERE = 3.0  # how much farther a line seems that cannot be a value's further line
REACH = 4.0  # millimetres that a value may stand above or below its label
LINE_PITCH = 3.2
WIDE_GAP = 4.0  # of the usual step from letter to letter
PARTED = 12.0  # millimetres between two stretches of one value, at most
INDENT = 9.0  # how far right of its label's end a value's further lines may begin
ALIGNED = 3.0  # the same, right of where its first line begins
MARGIN = 5.0
CAPTION_DROP = 1.4  # millimetres that a label's English stands below it, at least
LEAST_SHARE = 0.02  # of a line's length that a piece takes
ENGLISH_WORD = re.compile(r"[A-Za-z]*[a-z]{3,}[A-Za-z.]*")
ENGLISH_LINE = re.compile(r"No\.?|(?!kg$|mm$)(?=.*[a-z]{2})[A-Za-z.,'’ ]+")
# How a value begins that may stand so far above its label's row that another field's further line would stand there.
BEGINS = {
    "address": re.compile(
        "(?:住?址)?"
        "(?:(?:北京|天津|上海|重庆)市"
        "|(?:河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾)省"
        "|内蒙古|广西|西藏|宁夏|新疆"
        "|[\u4e00-\u9fff]{2,5}(?:市|州|盟|地区)[\u4e00-\u9fff]{1,6}?(?:区|县|市|旗))"
    ),
    "inspection": re.compile("检验有效期"),
}
BARCODE = re.compile(r"\D{0,2}\d{12,13}\D{0,2}")
BARCODE_TOP = 36.0


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a field's value may stand: right of its label, left of the next, above the one below, in millimetres."""

    field: str
    left: float
    right: float
    y: float
    lines: int
    bottom: float = float("inf")
    indent: float = INDENT

    def distance(self, x: float, y: float, begin: float) -> float:
        """How far from the slot's rows a letter stands on a line beginning there; infinite when beside the slot."""
        if not self.left - 0.3 <= x <= self.right:
            return float("inf")
        below = y - self.y
        if below <= 0 or y > self.bottom or begin > self.left + self.indent:
            return abs(below) + (ELSEWHERE if begin == float("inf") and below > NEXT_ROW else 0)
        return min(below, abs(below - min(below, (self.lines - 1) * LINE_PITCH)) + 0.6)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one line that belongs to one field: its quad on the photo, its letters, its place on the page.

    `begin` and `end` are the shares of the line between which it was seen.
    """

    field: str
    line: Line
    quad: Points
    letters: Letters
    x: float
    y: float
    right: float
    begin: float = 0.0
    end: float = 1.0

    @property
    def whole(self) -> bool:
        """Whether all of the line is the field's."""
        return (self.begin, self.end) == (0.0, 1.0)


def slots(page: Page) -> list[Slot]:
    """The slots of the page's fields."""
    return [
        Slot(
            placed.label.field,
            float(placed.end[0]),
            _right_edge(placed, page.labels),
            float(placed.begin[1] + placed.end[1]) / 2,
            placed.label.lines,
            _bottom_edge(placed, page.labels),
        )
        for placed in page.labels
        if placed.label.field
    ]


def _right_edge(placed: Placed, labels: Sequence[Placed]) -> float:
    right = [
        float(other.begin[0])
        for other in labels
        if other.begin[0] > placed.end[0] and abs(other.begin[1] - placed.begin[1]) < SAME_ROW
    ]
    return min(right, default=WIDTH + MARGIN)


def _bottom_edge(placed: Placed, labels: Sequence[Placed]) -> float:
    """Where the row of the next label in the same column begins."""
    below = [
        float(other.begin[1])
        for other in labels
        if abs(other.begin[0] - placed.begin[0]) < INDENT and other.begin[1] - placed.begin[1] > SAME_ROW
    ]
    return min(below, default=float("inf")) - NEXT_ROW


def is_caption(page: Page, quad: Points) -> bool:
    """Whether the flat quad stands below a label that was seen, where its English does, and not beside any."""
    x, y = page.to_form(along(quad, 0)).tolist()
    if any(cell.left - CAPTION_DROP < x < cell.right and abs(y - cell.y) < CAPTION_DROP for cell in slots(page)):
        return False
    return any(
        placed.hit is not None and abs(x - float(placed.begin[0])) < SAME_ROW and 0 < y - float(placed.begin[1]) < REACH
        for placed in page.labels
    )


def home(line: Line, number: int, pages: Sequence[Page]) -> int | None:
    """Which page the line stands on: the one whose label it bears, else the one whose bounds hold it best."""
    for place, page in enumerate(pages):
        if any(placed.hit and placed.hit.line == number for placed in page.labels):
            return place
    middle = along(line.quad, 0.5)
    outside = [_outside(page, middle) for page in pages]
    nearest = int(np.argmin(outside))
    return nearest if outside[nearest] <= MARGIN else None


def _outside(page: Page, spot: Points) -> float:
    """How far outside the page the spot on the photo lies, in millimetres; negative inside."""
    left, top, right, bottom = page.bounds
    x, y = page.to_form(spot).tolist()
    return float(max(left - x, x - right, top - y, y - bottom))


def pieces(page: Page, lines: Mapping[int, Line], cells: Sequence[Slot], drift: float) -> list[Piece]:
    """The page's lines, cut where one field ends and another begins; what is no field's value is left out."""
    cells = [_aligned(page, cell, lines, drift) for cell in cells]
    found = []
    for number, line in lines.items():
        if ENGLISH_LINE.fullmatch(line.text) or _on_portrait(page, line):
            continue
        owners = _owners(page, number, line, cells=cells, drift=drift)
        begin = 0
        for place in range(1, len(owners) + 1):
            if place == len(owners) or owners[place] != owners[begin]:
                field = owners[begin]
                if field:
                    found.append(_piece(page, line, field, begin, place))
                begin = place
    return [piece for piece in found if not any(_is_parted(other, piece) for other in found)]


def _is_parted(one: Piece, other: Piece) -> bool:
    """Whether the other stands in the same row, but beyond a gap that no value has: it is another paper's."""
    same = one.field == other.field and abs(one.y - other.y) < NEXT_ROW
    return same and other.x - one.right > PARTED


def _aligned(page: Page, cell: Slot, lines: Mapping[int, Line], drift: float) -> Slot:
    """The slot, its further lines allowed where the line on the label's own row begins."""
    begins = [
        x
        for line in lines.values()
        for x, y in _flat(page, line)[:1]
        if abs(y - drift - cell.y) < NEXT_ROW and cell.left < x < cell.right
    ]
    return replace(cell, indent=max(INDENT, min(begins) - cell.left + ALIGNED)) if begins and cell.lines > 1 else cell


def _on_portrait(page: Page, line: Line) -> bool:
    if page.form.portrait is None:
        return False
    left, top, right, bottom = page.form.portrait
    x, y = page.to_form(along(line.quad, 0.5)).tolist()
    return bool(left < x < right and top < y < bottom)


def _flat(page: Page, line: Line) -> list[tuple[float, float]]:
    """Where each letter stands on the form, in millimetres."""
    centres = np.array([along(line.quad, letter.centre) for letter in line.letters]).reshape(-1, 2)
    return [(x, y) for x, y in page.to_form(centres).tolist()]


def drift_of(page: Page, lines: Mapping[int, Line], cells: Sequence[Slot]) -> float:
    """How far below their labels the page's values stand: the printer may have been set askew."""
    spans = {placed.hit.line: placed.hit.past for placed in page.labels if placed.hit}
    rows = [cell for cell in cells if cell.lines == 1]
    rests = []
    for number, line in lines.items():
        if number in spans:
            rests += [0.0] * (len(line.letters) > spans[number])  # a value that shares its label's line
        elif len(line.letters) > 1 and not ENGLISH_WORD.search(line.text):
            x, y = _flat(page, line)[0]
            rests += sorted((y - cell.y for cell in rows if cell.distance(x, y, x) < REACH), key=abs)[:1]
    return float(np.median(rests)) if len(rests) >= 3 else 0.0


def _owners(page: Page, number: int, line: Line, *, cells: Sequence[Slot], drift: float) -> list[str | None]:
    """The field of each letter of the line."""
    spans = [(placed.hit, placed.label.field) for placed in page.labels if placed.hit and placed.hit.line == number]
    by_field = {cell.field: cell for cell in cells}
    spots = _flat(page, line)
    y = spots[0][1] - drift  # the row is told where the line begins, nearest to its label
    if page.form.barcode and y > BARCODE_TOP and BARCODE.fullmatch(line.text):
        return ["barcode"] * len(spots)
    printed = {place for hit, _ in spans for place in range(hit.first, hit.past)}
    printed |= {place for word in ENGLISH_WORD.finditer(line.text) for place in range(*word.span())}
    owners: list[str | None] = [None] * len(spots)
    for begin, past in _runs(line, printed):
        before = [(hit.past, field) for hit, field in spans if hit.past <= begin]
        told = by_field.get(max(before)[1] or "") if before else None
        across = [x for x, _ in spots[begin:past]]
        if told is not None and across[0] <= told.right:
            field: str | None = told.field
        else:
            field = _nearest(cells, line.text, across, y)
        tail = _tail(page, field, line.text[begin:past]) if told is None else 0
        owners[begin + tail : past] = [field] * (past - begin - tail)
    return owners


def _runs(line: Line, printed: Collection[int]) -> Iterator[tuple[int, int]]:
    """The stretches of letters that are of one value: no label among them, nor a gap that would hold one."""
    centres = [letter.centre for letter in line.letters]
    steps = [after - before for before, after in pairwise(centres)]
    usual = sorted(steps)[len(steps) // 2] if steps else 1.0
    begin = 0
    for place in range(1, len(centres) + 1):
        if place == len(centres) or (place in printed) != (begin in printed) or steps[place - 1] > WIDE_GAP * usual:
            if begin not in printed:
                yield begin, place
            begin = place


def _nearest(cells: Sequence[Slot], text: str, across: Sequence[float], y: float) -> str | None:
    """The field whose slot most of the letters standing at these places of a row are nearest to, if any is in reach."""
    told = [field for field, pattern in BEGINS.items() if pattern.match(text)]
    begins = [across[0] if not told or cell.field in told else float("inf") for cell in cells]
    held = []
    for x in across:
        away, place = min((cell.distance(x, y, begins[place]), place) for place, cell in enumerate(cells))
        held += [cells[place].field] * (away < REACH)
    return max(held, key=held.count) if 2 * len(held) > len(across) else None


def _tail(page: Page, field: str | None, text: str) -> int:
    """How many letters at the line's beginning are the end of its field's label, the rest of which was not read."""
    for placed in page.labels:
        if placed.label.field == field and placed.hit is None:
            label = placed.label.text
            return max((past for past in range(1, len(label)) if text.startswith(label[-past:])), default=0)
    return 0


def _piece(page: Page, line: Line, field: str, first: int, past: int) -> Piece:
    letters = line.letters
    half = 0.55 * height(line.quad) / max(length(line.quad), 1e-6)
    begin, end, left, right = 0.0, 1.0, 0.0, 1.0
    if first > 0:
        begin = (letters[first - 1].centre + letters[first].centre) / 2
        left = max(letters[first].centre - half, begin)
    if past < len(letters):
        end = (letters[past - 1].centre + letters[past].centre) / 2
        right = min(letters[past - 1].centre + half, end)
    quad = part(line.quad, left, max(right, left + LEAST_SHARE))
    x, y = page.to_form(along(line.quad, letters[first].centre)).tolist()
    last = float(page.to_form(along(line.quad, letters[past - 1].centre))[0])
    return Piece(field, line, quad, letters[first:past], x, y, last, begin, end)
