"""Another reader's lines given to fields as the engine gives its own: the same labels, forms, slots and shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import numpy as np
from pydantic import BaseModel

from bench.engine.score import Finding
from license_engine import seal
from license_engine.form import FORMS
from license_engine.geometry import turned
from license_engine.labels import Line, without_spaces
from license_engine.pages import find_pages
from license_engine.recognize import Letter, certainty, text_of
from license_engine.slots import drift_of, home, pieces, slots
from license_engine.values import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from license_engine.rectify import Page


class Span(BaseModel):
    """A stretch of a line: its text, how sure, and between which shares of the line's length it stands."""

    text: str
    score: float
    begin: float = 0.0
    end: float = 1.0


class ReadLine(BaseModel):
    """A line as another reader tells it: four corners, clockwise from where reading begins, and its text."""

    quad: tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
    spans: tuple[Span, ...]


def finding(read: Sequence[ReadLine]) -> Finding:
    """What these lines say of a license.

    A reader that turns lines by itself tells their corners all the same from the picture's upper left, so the lines are
    taken either way up, and the way counts that fits the paper form, or gives more fields.
    """
    lines = [line for line in map(_line, read) if line.letters]
    ways = [_either_way(lines), _either_way([Line(turned(line.quad), line.letters) for line in lines])]
    return max(ways, key=lambda way: (way[0], len(way[1].fields)))[1]


def _either_way(lines: Sequence[Line]) -> tuple[bool, Finding]:
    """What the lines say as they stand, and whether they stand as on a paper form."""
    pages, flags = find_pages(lines, None)
    if not pages:
        return False, Finding(document=None, flags=("not_a_license",))
    fields: dict[str, str] = {}
    confidence: dict[str, float] = {}
    for values, sure in reversed(_by_page(pages, lines)):
        if "plate_no" in fields:
            fields["back_plate_no"], confidence["back_plate_no"] = fields.pop("plate_no"), confidence.pop("plate_no")
        fields |= values
        confidence |= sure
    found = Finding(
        document=pages[0].form.document,
        side="both" if len(pages) > 1 else pages[0].form.side,
        fields=fields,
        confidence=confidence,
        flags=flags,
    )
    return all(page.form in FORMS for page in pages), found


def _line(read: ReadLine) -> Line:
    return Line(np.array(read.quad, np.float64), without_spaces(tuple(_letters(read.spans))))


def _letters(spans: Sequence[Span]) -> Iterator[Letter]:
    """The spans' letters, each given room by its width."""
    for span in spans:
        widths = np.array([1.0 if east_asian_width(letter) in "WF" else 0.5 for letter in span.text])
        centres = (widths.cumsum() - widths / 2) / widths.sum() if len(widths) else widths
        for letter, centre in zip(span.text, centres.tolist(), strict=True):
            yield Letter(letter, span.score, span.begin + (span.end - span.begin) * centre)


def _by_page(pages: Sequence[Page], lines: Sequence[Line]) -> list[tuple[dict[str, str], dict[str, float]]]:
    """Each page's fields and how sure they are."""
    homes = [home(line, number, pages) for number, line in enumerate(lines)]
    return [
        _values(page, {number: line for number, line in enumerate(lines) if homes[number] == place})
        for place, page in enumerate(pages)
    ]


def _values(page: Page, own: Mapping[int, Line]) -> tuple[dict[str, str], dict[str, float]]:
    labelled = {placed.hit.line for placed in page.labels if placed.hit}
    stamp = seal.from_lines(page, [line for number, line in own.items() if number not in labelled])
    rows = stamp.lines if stamp else ()
    sealed = {id(line) for row in rows for line in row}
    kept = {number: line for number, line in own.items() if id(line) not in sealed}
    cells = slots(page)
    found = pieces(page, kept, cells, drift_of(page, kept, cells))
    values = joined(found, [piece.letters for piece in found])
    fields = {field: value.text for field, value in values.items()}
    confidence = {field: value.confidence for field, value in values.items()}
    name = seal.whole_name([line.letters for row in rows for line in row])
    if name:
        fields["issuing_authority"], confidence["issuing_authority"] = text_of(name), certainty(name)
    return fields, confidence
