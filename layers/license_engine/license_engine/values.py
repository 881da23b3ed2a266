"""The fields' values: pieces read again in their own alphabet, mended by their own rules, and joined."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from license_engine import repair
from license_engine.alphabets import NAMES, PROSE
from license_engine.geometry import Points, along, height, length, part, rectangle, scaled
from license_engine.labels import NARROW, Line
from license_engine.recognize import Letter, Letters, certainty, is_chinese, text_of
from license_engine.seal import is_whole, whole_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from license_engine.picture import Picture
    from license_engine.recognize import Alphabet, Recognizer
    from license_engine.rectify import Page
    from license_engine.seal import Seal
    from license_engine.slots import Piece, Slot

SURE = 0.97  # a line read this surely is not read again
DOUBTED = 0.9  # a piece read less surely is read in other cuts too, and the readings vote
# The other cuts' heights, and how far in they begin, in heights: a table's rule may touch the first letter.
CUTS = ((0.86, 0.0), (1.16, 0.0), (1.0, 0.25))
LEAST = 0.25  # below this nothing was read, only guessed
LEAST_UNSEEN = 0.8  # the same where the detector saw no text at all
STRAY = 0.5
LEAST_STEPS = 4
GAP = 1.6  # of the usual step from letter to letter
STOPS = ("。", ".", "，", ",", "；", "：", ":")
# What values end with that stands faint and apart: prose in sentences, and numbers that stars part, or end.
ENDS = {"record": STOPS, "engine_no": ("*",)}
SHORT = frozenset({"vin", "license_no", "plate_no", "barcode"})  # of one length: another length is a doubt
DISAGREEMENT = 0.8  # what remains of the sureness when the cuts disagree
AS_WELL = 0.02  # of the odds of what is read: what the other page says
AGREED = 0.9  # of the other page's sureness: a plate's that it told
NEXT_ROW = 1.6  # millimetres down to the next line of the same value
WRITTEN = frozenset({*PROSE, *NAMES})  # what stays as it is printed, full width or narrow
SPACED = frozenset({"owner", "name", "brand_model", "engine_no"})  # Latin words keep the spaces between them
# Short values that the detector may miss, with how wide they can be in millimetres.
MISSABLE = {
    "plate_no": 20.0,
    "use_character": 14.0,
    "energy_type": 12.0,
    "sex": 6.0,
    "nationality": 10.0,
    "vehicle_classes": 14.0,
    "passengers": 12.0,
    "gross_mass_kg": 18.0,
    "curb_mass_kg": 18.0,
    "rated_load_kg": 18.0,
    "towing_mass_kg": 18.0,
    "register_date": 18.0,
    "issue_date": 18.0,
    "birth_date": 20.0,
    "first_issue_date": 20.0,
    "valid_from": 20.0,
    "vin": 40.0,
    "license_no": 42.0,
    "dimensions": 30.0,
    "file_no": 28.0,
}
HALF_ROW = 2.1
LEAST_ROOM = 3.0


@dataclass(frozen=True, slots=True)
class Value:
    """A field's text, how sure it is, and where it stands on the photo."""

    text: str
    confidence: float
    quad: Points


@dataclass(frozen=True, slots=True)
class Authority:
    """A seal's reading: the authority's name, and whether its rows fill the seal so that none is missing."""

    letters: Letters
    whole: bool

    @property
    def sure(self) -> float:
        """How sure its least sure letter is."""
        return certainty(self.letters)


class Reader:
    """Reads fields on one photo."""

    def __init__(self, photo: Picture, recognize: Recognizer, alphabets: Mapping[str, Alphabet]) -> None:
        self._photo = photo
        self._recognize = recognize
        self._alphabets = alphabets

    def values(self, pieces: Sequence[Piece]) -> dict[str, Value]:
        """The values that the pieces hold, by field."""
        return joined(pieces, self._readings(pieces))

    def agreed(self, pieces: Sequence[Piece], own: Value | None, other: Value | None) -> Value | None:
        """The plate of this page's pieces: the other page's, if they are in doubt and may as well say the same.

        The two pages of a license bear one plate.
        """
        if other is None or not repair.complete("plate_no", other.text):
            return own
        if own and (own.confidence >= min(other.confidence, DOUBTED) or own.text == other.text):
            return own
        printed = [other.text, f"{other.text[:2]}·{other.text[2:]}"]
        for piece in pieces:
            trace = piece.line.trace
            if piece.field != "plate_no" or trace is None:
                continue
            read = trace.odds_of(text_of(piece.letters), piece.begin, piece.end)
            if max(trace.odds_of(text, piece.begin, piece.end) for text in printed) > AS_WELL * read:
                return Value(other.text, round(AGREED * other.confidence, 4), piece.quad)
        return own

    def unseen(self, page: Page, cells: Sequence[Slot], drift: float) -> dict[str, Value]:
        """The short values of slots in which the detector saw nothing, if they read surely all the same."""
        asked = [cell for cell in cells if cell.field in MISSABLE and cell.right - cell.left > LEAST_ROOM]
        quads = [
            page.to_photo(
                rectangle(
                    cell.left + 0.5,
                    cell.y + drift - HALF_ROW,
                    min(cell.right - 0.5, cell.left + MISSABLE[cell.field]),
                    cell.y + drift + HALF_ROW,
                )
            )
            for cell in asked
        ]
        values = {}
        for cell, quad, seen in zip(asked, quads, self._recognize(self._photo, quads), strict=True):
            value = _value(cell.field, [quad], [seen.letters(self._alphabets[cell.field])])
            if value and value.confidence >= LEAST_UNSEEN:
                values[cell.field] = value
        return values

    def seal(self, page: Page, stamp: Seal) -> dict[str, Value]:
        """The authority named on the seal, if it names one: by the lines found on it, or by more looks at its rows."""
        alphabet = self._alphabets["issuing_authority"]
        rows = [tuple(letter for line in row for letter in self._seen(line, alphabet)) for row in stamp.lines]
        found = _authority(page, stamp, [row[0].quad for row in stamp.lines], rows)
        if found.whole and found.sure >= SURE:
            names = [found]
        else:
            looks = [quads for quads in (stamp.inked(page), stamp.widened(page)) if quads]
            seen = iter(self._recognize(self._photo, [quad for quads in looks for quad in quads]))
            names = [
                found,
                *(_authority(page, stamp, quads, [next(seen).letters(alphabet) for _ in quads]) for quads in looks),
            ]
        best = max(names, key=lambda name: (bool(name.letters), name.whole, name.sure))
        if not best.letters:
            return {}
        sure = best.sure if best.whole else best.sure * DISAGREEMENT
        return {"issuing_authority": Value(text_of(best.letters), round(sure, 4), stamp.around(page))}

    def _seen(self, line: Line, alphabet: Alphabet) -> Letters:
        return line.trace.letters(alphabet) if line.trace else line.letters

    def _readings(self, pieces: Sequence[Piece]) -> list[Letters]:
        """Each piece's best reading: what was seen, in its field's alphabet, and if need be a vote among more looks."""
        ballots = [[self._first(piece)] for piece in pieces]
        self._look_for_ends(ballots, pieces)
        parts = [number for number, piece in enumerate(pieces) if _doubted(piece, ballots[number]) and not piece.whole]
        self._cast(ballots, pieces, parts)
        cut = [number for number, piece in enumerate(pieces) if _lacks_beginning(piece.field, ballots[number])]
        self._cast(ballots, pieces, cut, inward=-1.0)
        for tall, inward in CUTS:
            doubted = [number for number, piece in enumerate(pieces) if _doubted(piece, ballots[number], DOUBTED)]
            self._cast(ballots, pieces, doubted, tall, inward)
        return [elected(piece.field, votes) for piece, votes in zip(pieces, ballots, strict=True)]

    def _first(self, piece: Piece) -> Letters:
        """The piece as seen, in its field's alphabet; dashes as they are, since among digits they become ones."""
        if piece.line.trace is None or repair.is_dashes(text_of(piece.letters)):
            return piece.letters
        return piece.line.trace.letters(self._alphabets[piece.field], piece.begin, piece.end)

    def _look_for_ends(self, ballots: list[list[Letters]], pieces: Sequence[Piece]) -> None:
        """Puts the stops and stars back that stand faint and apart at a line's end, where the detector leaves them."""
        unended = [number for number, piece in enumerate(pieces) if _lacks_end(piece)]
        quads = [_cut(pieces[number].quad, 1.0, 0.0, beyond=1.0) for number in unended]
        for number, look in zip(unended, self._recognize(self._photo, quads), strict=True):
            field = pieces[number].field
            letters = look.letters(self._alphabets[field])
            if text_of(letters[:-1]) == text_of(ballots[number][0]) and text_of(letters).endswith(ENDS[field]):
                ballots[number][0] = letters

    def _cast(
        self,
        ballots: list[list[Letters]],
        pieces: Sequence[Piece],
        numbers: Sequence[int],
        tall: float = 1.0,
        inward: float = 0.0,
    ) -> None:
        """Adds one more look at each of the pieces, cut anew, to its ballots."""
        quads = [_cut(pieces[number].quad, tall, inward) for number in numbers]
        for number, look in zip(numbers, self._recognize(self._photo, quads), strict=True):
            ballots[number].append(look.letters(self._alphabets[pieces[number].field]))


def _cut(quad: Points, tall: float, inward: float, beyond: float = 0.0) -> Points:
    """The quad made taller or flatter, begun so many heights inward, ended so many beyond its end."""
    unit = height(quad) / max(length(quad), 1e-6)
    return scaled(part(quad, min(inward * unit, 0.5), 1 + beyond * unit), tall)


def _authority(page: Page, stamp: Seal, quads: Sequence[Points], rows: Sequence[Letters]) -> Authority:
    heights = [float(page.to_form(along(quad, 0.5))[1]) for quad in quads]
    name = repair.LETTERS["issuing_authority"](whole_name(rows))
    return Authority(name, is_whole(stamp, heights, [len(row) for row in rows]))


def joined(pieces: Sequence[Piece], readings: Sequence[Letters]) -> dict[str, Value]:
    """The values that the readings of the pieces make together, by field."""
    by_field: dict[str, list[int]] = {}
    for number, piece in enumerate(pieces):
        by_field.setdefault(piece.field, []).append(number)
    values = {}
    for field, numbers in by_field.items():
        ordered = in_order(pieces, numbers)
        quads = [pieces[number].quad for number in ordered]
        for name in _named(field, old="valid_from" in by_field):
            value = _value(name, quads, [readings[number] for number in ordered])
            if value:
                values[name] = value
    return values


def _doubted(piece: Piece, ballots: Sequence[Letters], sure: float = SURE) -> bool:
    """Whether no reading is sure enough, without a gap, and all that the field must have; dashes never are in doubt."""
    if repair.is_dashes(text_of(piece.letters)):
        return False
    return not any(
        certainty(letters) >= sure and repair.complete(piece.field, text_of(letters)) and not has_gap(letters)
        for letters in ballots
    )


def _lacks_end(piece: Piece) -> bool:
    """Whether an end is due that was not read: of all prose in sentences, and of numbers with a star among them."""
    text, ends = text_of(piece.letters), ENDS.get(piece.field, ())
    due = piece.field == "record" or any(end in text for end in ends)
    return bool(ends) and due and piece.end >= 1 and not text.endswith(ends)


def _lacks_beginning(field: str, ballots: Sequence[Letters]) -> bool:
    """Whether no reading begins as all of the field's values do."""
    begins = repair.BEGINS.get(field)
    return begins is not None and not any(letters and letters[0].character in begins for letters in ballots)


def has_gap(letters: Letters) -> bool:
    """Whether a Chinese letter seems to be left out: two stand farther apart than the others do."""
    centres = [letter.centre for letter in letters]
    steps = [
        after - before
        for (one, before), (other, after) in pairwise(zip(letters, centres, strict=True))
        if is_chinese(one.character) and is_chinese(other.character)
    ]
    return len(steps) >= LEAST_STEPS and max(steps) > GAP * sorted(steps)[len(steps) // 2]


def elected(field: str, votes: Sequence[Letters]) -> Letters:
    """The reading that the votes favour, complete ones first, its sureness lessened when another stands against it."""
    by_text: dict[str, list[Letters]] = {}
    for letters in votes:
        by_text.setdefault(text_of(letters).replace(" ", ""), []).append(letters)
    favoured = max(
        by_text,
        key=lambda text: (
            repair.complete(field, text),
            not any(map(has_gap, by_text[text])),
            sum(map(certainty, by_text[text])),
        ),
    )
    best = max(by_text[favoured], key=certainty)
    disputed = len(votes) > 2 and len(by_text) > 1
    return tuple(letter.weakened(DISAGREEMENT) for letter in best) if disputed or has_gap(best) else best


def in_order(pieces: Sequence[Piece], numbers: Sequence[int]) -> list[int]:
    """The numbers of the pieces in reading order: by row, then from the left."""
    rows: list[list[int]] = []
    for number in sorted(numbers, key=lambda number: pieces[number].y):
        if rows and pieces[number].y - pieces[rows[-1][0]].y < NEXT_ROW:
            rows[-1].append(number)
        else:
            rows.append([number])
    return [number for row in rows for number in sorted(row, key=lambda number: pieces[number].x)]


def _named(field: str, *, old: bool) -> tuple[str, ...]:
    """The fields that one text gives: the new edition prints both ends of the validity after one label."""
    return ("valid_from", "valid_until") if field == "valid_until" and not old else (field,)


def _value(field: str, quads: Sequence[Points], readings: Sequence[Letters]) -> Value | None:
    """The field's value: of all the pieces together, or, where its shape tells, of the one piece that fits best."""
    if field in repair.SHAPELY and len(quads) > 1:
        alone = [_value(field, [quad], [letters]) for quad, letters in zip(quads, readings, strict=True)]
        fitting = [value for value in alone if value]
        if fitting:
            return max(fitting, key=lambda value: (len(value.text), value.confidence))
    readings = _without_stray(readings)
    letters = tuple(letter for read in readings for letter in _worded(read, field))
    mend = repair.LETTERS.get(field)
    if mend:
        letters = mend(letters)
    raw = text_of(letters) if field in WRITTEN else text_of(letters).translate(NARROW)
    text = repair.shaped(field, raw.strip())
    if not text:
        return None
    begin = raw.find(text) if len(raw) == len(letters) else -1
    sure = certainty(letters[begin : begin + len(text)] if begin >= 0 else letters)
    if field in SHORT and not repair.complete(field, text):
        sure *= DISAGREEMENT
    return Value(text, round(sure, 4), _around(quads)) if sure >= LEAST else None


def _worded(letters: Letters, field: str) -> Iterator[Letter]:
    """The letters but for spaces, unless they part two Latin words of a field that may hold such."""
    around = zip((None, *letters), letters, (*letters[1:], None), strict=False)
    for before, letter, after in around:
        latin = before and after and before.character.isascii() and after.character.isascii()
        if letter.character.strip() or (field in SPACED and latin):
            yield letter


def _without_stray(readings: Sequence[Letters]) -> Sequence[Letters]:
    """The readings but for doubtful ones, short or without a Chinese character, beside a sure one that has some."""
    chinese = [any(is_chinese(letter.character) for letter in letters) for letters in readings]
    sure = [certainty(letters) >= STRAY for letters in readings]
    if not any(own and known for own, known in zip(chinese, sure, strict=True)):
        return readings
    return [
        letters
        for letters, own, known in zip(readings, chinese, sure, strict=True)
        if known or (own and len(letters) > 2)
    ]


def _around(quads: Sequence[Points]) -> Points:
    """The rectangle about the quads, along the first one's direction."""
    if len(quads) == 1:
        return quads[0]
    forward = quads[0][1] - quads[0][0]
    forward = forward / max(float(np.linalg.norm(forward)), 1e-9)
    axes = np.stack([forward, np.array([-forward[1], forward[0]])])
    turned = np.concatenate(quads) @ axes.T
    (left, top), (right, bottom) = turned.min(axis=0), turned.max(axis=0)
    quad: Points = rectangle(left, top, right, bottom) @ axes
    return quad
