"""The engine: a photo's bytes in, what the license on it says out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from license_engine import alphabets, condition, seal
from license_engine import models as _models
from license_engine import picture as _picture
from license_engine.detect import Detector, text_region
from license_engine.geometry import band, height, length, turned
from license_engine.labels import LIKE, Line, likeness, without_spaces
from license_engine.pages import LABELS, find_pages, is_screen
from license_engine.raster import without_raster
from license_engine.recognize import Recognizer, certainty, is_chinese
from license_engine.slots import drift_of, home, is_caption, pieces, slots
from license_engine.values import Reader, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from license_engine.form import Document
    from license_engine.geometry import Points
    from license_engine.picture import Picture
    from license_engine.rectify import Page
    from license_engine.slots import Piece

BALLOTS = 6  # lines that are read, from both ends if need be, to learn which way is up
TELLING = 5.0  # of a line's length against its height
UPRIGHT = 0.9  # lines read this surely are not upside down
LEAST_CHINESE = 6.0  # sure characters that tell which way is up
MOST_LINES = 120
CAPTION = 0.66  # of the height of most print: the labels' English is flatter, and nothing but that is
BLURRED = 0.6  # the middle field's sureness
DOUBTED = 0.9  # the least sure field's
LEGIBLE = 0.5
SURELY = 0.9  # in the mean of all fields: below, a raster over the print is looked for
LEAST_LETTERS = 4
LABEL = 6.0  # of its height, the longest
UPPER = (0.08, 0.62)  # of a box that holds a label and its English: where the label stands
LEAST_ROWS = 3  # seen from afar, for it to be print: an edge or a fold shows as one too
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
        reading, lines = self._look(photo, document, side)
        region = text_region([line.quad for line in lines], photo.size)
        if region is None or _sureness(reading) >= SURELY:
            return reading
        clean = without_raster(photo, region)
        if clean is None:
            return reading
        other, _ = self._look(clean, document, side)
        return max(reading, other, key=lambda one: sum(one.confidence.values()))

    def _look(self, photo: Picture, document: str | None, side: str | None) -> tuple[Reading, Sequence[Line]]:
        """What the license on the photo says, and the lines that were read."""
        lines, small = self._lines(photo)
        pages, more = find_pages(lines, document)
        missed = [quad for quad in small if not any(is_caption(page, quad) for page in pages)]
        if missed:
            lines = [*lines, *self._read(photo, missed)]
            pages, more = find_pages(lines, document)
        if not pages:
            flags = ("not_a_license", *_excuse(photo, lines, self._detect))
            return Reading(None, None, _form_of(lines), flags=flags), lines
        found = self._values(photo, pages, lines)
        flags = (*_wrong_side(pages, document, side), *more, *_condition(photo, pages, lines, found))
        return _reading(photo, pages, lines, found, flags=flags), lines

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
        if _plausible(first) < UPRIGHT or chinese(first) < LEAST_CHINESE:
            other = self._read(photo, [turned(quad) for quad in large[:BALLOTS]])
            if (chinese(other), _plausible(other)) > (chinese(first), _plausible(first)):
                large, small = [turned(quad) for quad in large], [turned(quad) for quad in small]
                first = other
        return self._above_english(photo, [*first, *self._read(photo, large[BALLOTS:])]), small

    def _above_english(self, photo: Picture, lines: Sequence[Line]) -> list[Line]:
        """The lines, those short and hardly read ones by their upper part if that is likelier a label.

        A label's English, close below it, comes to lie in one box with it where the print is small.
        """
        asked = [number for number, line in enumerate(lines) if _is_short(line) and certainty(line.letters) < LEGIBLE]
        looks = self._looks(photo, [band(lines[number].quad, *UPPER) for number in asked])
        chosen = list(lines)
        for number, look in zip(asked, looks, strict=True):
            if likeness(look, LABELS) > max(likeness(lines[number], LABELS), LIKE):
                chosen[number] = look
        return chosen

    def _read(self, photo: Picture, quads: Sequence[Points]) -> list[Line]:
        """The lines on the quads, those left out on which nothing is read."""
        return [line for line in self._looks(photo, quads) if line.letters]

    def _looks(self, photo: Picture, quads: Sequence[Points]) -> list[Line]:
        """What is seen on each quad."""
        seen = self._recognize(photo, quads)
        return [Line(quad, without_spaces(trace.letters()), trace) for quad, trace in zip(quads, seen, strict=True)]

    def _values(self, photo: Picture, pages: Sequence[Page], lines: Sequence[Line]) -> list[dict[str, Value]]:
        """Each page's values by field."""
        homes = [home(line, number, pages) for number, line in enumerate(lines)]
        reader = Reader(photo, self._recognize, self._alphabets)
        parts, found = [], []
        for place, page in enumerate(pages):
            own = {number: line for number, line in enumerate(lines) if homes[number] == place}
            stamp = seal.find(photo, page, [line for number, line in own.items() if number not in _labelled(page)])
            sealed = {id(line) for row in stamp.lines for line in row} if stamp else set()
            own = {number: line for number, line in own.items() if id(line) not in sealed}
            cells = slots(page)
            drift = drift_of(page, own, cells)
            parts.append(pieces(page, own, cells, drift))
            values = reader.values(parts[-1])
            missed = [cell for cell in cells if cell.field not in values]
            found.append(values | reader.unseen(page, missed, drift) | (reader.seal(page, stamp) if stamp else {}))
        if len(pages) == 2:
            _agree(reader, parts, found)
        return found


def _labelled(page: Page) -> set[int]:
    """The numbers of the lines that bear the page's labels."""
    return {placed.hit.line for placed in page.labels if placed.hit}


def _agree(reader: Reader, parts: Sequence[Sequence[Piece]], found: Sequence[dict[str, Value]]) -> None:
    """Puts the plate of either page in its values, by what the two pages say together."""
    plates = [values.get("plate_no") for values in found]
    for values, part, own, other in zip(found, parts, plates, reversed(plates), strict=True):
        plate = reader.agreed(part, own, other)
        if plate:
            values["plate_no"] = plate


def _is_short(line: Line) -> bool:
    """Whether the line is no longer than labels are."""
    return length(line.quad) < LABEL * height(line.quad)


def _plausible(lines: Sequence[Line]) -> float:
    """How much the lines look like text: the sureness of all their letters."""
    return sum(letter.probability for line in lines for letter in line.letters) / max(
        1, sum(len(line.letters) for line in lines)
    )


def chinese(lines: Sequence[Line]) -> float:
    """How many Chinese characters were read, by their sureness: digits are digits upside down too."""
    letters = [letter for line in lines for letter in line.letters]
    return sum(letter.probability for letter in letters if is_chinese(letter.character))


def _excuse(photo: Picture, lines: Sequence[Line], detect: Detector) -> tuple[str, ...]:
    """Why no license was found, as far as it shows: no text, or too blurred or small, or a page hidden.

    What is hardly longer than high may be any speck; text of which nothing is read shows as rows all the same.
    """
    read = [letter for line in lines for letter in line.letters]
    if sum(letter.probability > LEGIBLE for letter in read) < LEAST_LETTERS:
        blurred = _rows(detect(photo)) or _rows(detect.from_afar(photo)) >= LEAST_ROWS
        return ("blur",) if blurred else ("no_text",)
    if _plausible(lines) < LEGIBLE or condition.is_soft(photo, [line.quad for line in lines]):
        return ("blur",)
    return condition.of_title(photo, lines)


def _rows(quads: Sequence[Points]) -> int:
    """How many of the quads are as long against their height as a row of text."""
    return sum(length(quad) > ROW * height(quad) for quad in quads)


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


def _sureness(reading: Reading) -> float:
    """How sure the reading's fields are in the mean; nothing read is nothing sure."""
    sure = reading.confidence.values()
    return sum(sure) / max(len(sure), 1)


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
