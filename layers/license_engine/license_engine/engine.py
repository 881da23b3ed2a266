"""The engine: a photo's bytes in, what the license on it says out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from license_engine import alphabets, condition, seal
from license_engine import models as _models
from license_engine import picture as _picture
from license_engine.detect import Detector
from license_engine.geometry import height, length, turned
from license_engine.labels import Line, without_spaces
from license_engine.pages import find_pages, is_screen
from license_engine.recognize import Recognizer
from license_engine.slots import drift_of, home, is_caption, pieces, slots
from license_engine.values import Reader, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from license_engine.form import Document
    from license_engine.geometry import Points
    from license_engine.picture import Picture
    from license_engine.rectify import Page

BALLOTS = 6  # lines that are read, from both ends if need be, to learn which way is up
TELLING = 5.0  # of a line's length against its height
UPRIGHT = 0.9  # lines read this surely are not upside down
MOST_LINES = 120
CAPTION = 0.66  # of the height of most print: the labels' English is flatter, and nothing but that is
BLURRED = 0.6  # the middle field's sureness
DOUBTED = 0.9  # the least sure field's
LEGIBLE = 0.5
LEAST_LETTERS = 4
ROW = 4.0  # of its height: what is longer is a row of text, though none of it be read


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: fields by their canonical names, as printed; what could not be read is absent.

    Boxes are four points each, clockwise from where reading begins, in pixels of the picture as stored, before any
    turn that its EXIF asks for.
    """

    document: Document | None
    side: Literal["front", "back", "both"] | None
    form: Literal["paper", "electronic"]
    fields: Mapping[str, str] = field(default_factory=dict)
    confidence: Mapping[str, float] = field(default_factory=dict)
    boxes: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


class Engine:
    """The OCR engine. One engine may be used by several threads at once."""

    def __init__(self, *, models: Path | None = None, threads: int | None = None) -> None:
        """Loads the models, from their installed folder unless told another."""
        folder = models or _models.folder()
        self._detect = Detector(_models.session(folder / _models.DETECTION, threads=threads))
        self._recognize = Recognizer(_models.session(folder / _models.RECOGNITION, threads=threads))
        self._alphabets = alphabets.alphabets(self._recognize)

    def read(self, picture: bytes, *, document: str | None = None, side: str | None = None) -> Reading:
        """What the license in these bytes says; NotAPicture when they cannot be decoded.

        `document` and `side` say what the caller expects: another finding is flagged wrong_side, and still read.
        """
        photo = _picture.decode(picture)
        lines, small = self._lines(photo)
        pages, more = find_pages(lines, document)
        missed = [quad for quad in small if not any(is_caption(page, quad) for page in pages)]
        if missed:
            lines = [*lines, *self._read(photo, missed)]
            pages, more = find_pages(lines, document)
        if not pages:
            return Reading(None, None, _form_of(lines), flags=("not_a_license", *_excuse(photo, lines, self._detect)))
        found = self._values(photo, pages, lines)
        flags = (*_wrong_side(pages, document, side), *more, *_condition(photo, pages, lines, found))
        return _reading(photo, pages, lines, found, flags=flags)

    def _lines(self, photo: Picture) -> tuple[list[Line], list[Points]]:
        """The photo's lines, each read from its true beginning, and the quads too flat to be more than captions."""
        quads = sorted(self._detect(photo), key=length, reverse=True)[:MOST_LINES]
        if not quads:
            return [], []
        tall = float(np.percentile([height(quad) for quad in quads], 75))
        small = [quad for quad in quads if height(quad) < CAPTION * tall]
        large = [quad for quad in quads if height(quad) >= CAPTION * tall]
        # Lines of a label's length tell which way is up as well as long ones, at less cost.
        large.sort(key=lambda quad: abs(length(quad) / height(quad) - TELLING))
        first = self._read(photo, large[:BALLOTS])
        if _plausible(first) < UPRIGHT:
            other = self._read(photo, [turned(quad) for quad in large[:BALLOTS]])
            if _plausible(other) > _plausible(first):
                large, small = [turned(quad) for quad in large], [turned(quad) for quad in small]
                first = other
        return [*first, *self._read(photo, large[BALLOTS:])], small

    def _read(self, photo: Picture, quads: Sequence[Points]) -> list[Line]:
        """The lines on the quads, those left out on which nothing is read."""
        seen = self._recognize(photo, quads)
        lines = [Line(quad, without_spaces(trace.letters()), trace) for quad, trace in zip(quads, seen, strict=True)]
        return [line for line in lines if line.letters]

    def _values(self, photo: Picture, pages: Sequence[Page], lines: Sequence[Line]) -> list[dict[str, Value]]:
        """Each page's values by field."""
        homes = [home(line, number, pages) for number, line in enumerate(lines)]
        reader = Reader(photo, self._recognize, self._alphabets)
        found = []
        for place, page in enumerate(pages):
            own = {number: line for number, line in enumerate(lines) if homes[number] == place}
            labelled = {placed.hit.line for placed in page.labels if placed.hit}
            stamp = seal.find(photo, page, [line for number, line in own.items() if number not in labelled])
            if stamp:
                sealed = {id(line) for row in stamp.lines for line in row}
                own = {number: line for number, line in own.items() if id(line) not in sealed}
            cells = slots(page)
            drift = drift_of(page, own, cells)
            read = reader.values(pieces(page, own, cells, drift))
            missed = [cell for cell in cells if cell.field not in read]
            read |= reader.unseen(page, missed, drift)
            read |= reader.seal(page, stamp) if stamp else {}
            found.append(read)
        return found


def _plausible(lines: Sequence[Line]) -> float:
    """How much the lines look like text: the sureness of all their letters."""
    return sum(letter.probability for line in lines for letter in line.letters) / max(
        1, sum(len(line.letters) for line in lines)
    )


def _excuse(photo: Picture, lines: Sequence[Line], detect: Detector) -> tuple[str, ...]:
    """Why no license was found, as far as it shows: no text, or too blurred or small, or a page hidden.

    What is hardly longer than high may be any speck; text of which nothing is read shows as rows all the same.
    """
    read = [letter for line in lines for letter in line.letters]
    if sum(letter.probability > LEGIBLE for letter in read) < LEAST_LETTERS:
        return ("blur",) if any(length(quad) > ROW * height(quad) for quad in detect(photo)) else ("no_text",)
    if _plausible(lines) < LEGIBLE or condition.is_soft(photo, [line.quad for line in lines]):
        return ("blur",)
    return condition.of_title(photo, lines)


def _condition(
    photo: Picture, pages: Sequence[Page], lines: Sequence[Line], found: Sequence[Mapping[str, Value]]
) -> tuple[str, ...]:
    """What is wrong with the photo itself; soft print is blurred only where the reading suffers from it."""
    sure = [value.confidence for values in found for value in values.values()]
    lacking = any(next(condition.unread_print(page, values), None) for page, values in zip(pages, found, strict=True))
    doubted = min(sure, default=0.0) < DOUBTED or lacking
    blurred = not sure or float(np.median(sure)) < BLURRED
    if blurred or (doubted and condition.is_soft(photo, [line.quad for line in lines])):
        blur: tuple[str, ...] = ("blur",)
    else:
        blur = ()
    return blur if _form_of(lines) == "electronic" else (*blur, *condition.flags(photo, pages, found))


def _form_of(lines: Sequence[Line]) -> Literal["paper", "electronic"]:
    return "electronic" if is_screen(lines) else "paper"


def _side(pages: Sequence[Page]) -> Literal["front", "back", "both"]:
    return "both" if len(pages) == 2 else pages[0].form.side


def _wrong_side(pages: Sequence[Page], document: str | None, side: str | None) -> tuple[str, ...]:
    other = document is not None and document != pages[0].form.document
    seen = _side(pages)
    missed = side is not None and seen not in {side, "both"}
    return ("wrong_side",) if other or missed else ()


def _reading(
    photo: Picture,
    pages: Sequence[Page],
    lines: Sequence[Line],
    found: Sequence[Mapping[str, Value]],
    *,
    flags: tuple[str, ...],
) -> Reading:
    """The pages' values joined: the front's stand, and the back's own plate takes a name of its own."""
    joined = dict(found[-1])
    if len(found) == 2:
        if "plate_no" in joined:
            joined["back_plate_no"] = joined.pop("plate_no")
        joined |= found[0]
    return Reading(
        document=pages[0].form.document,
        side=_side(pages),
        form=_form_of(lines),
        fields={name: value.text for name, value in joined.items()},
        confidence={name: value.confidence for name, value in joined.items()},
        boxes={name: _stored(photo, value.quad) for name, value in joined.items()},
        flags=flags,
    )


def _stored(photo: Picture, quad: Points) -> tuple[tuple[float, float], ...]:
    return tuple((round(x, 1), round(y, 1)) for x, y in photo.stored(quad).tolist())
