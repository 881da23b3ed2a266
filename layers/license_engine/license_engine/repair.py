"""What a field's own rules say of its letters: grammar, check digit, known words, and the shape that it must have."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from license_engine import places, words
from license_engine.alphabets import CAPITALS, DIGITS, PLATE_MARKS, PROVINCES
from license_engine.recognize import Letter, is_chinese, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
VIN_VALUES = {
    **{digit: int(digit) for digit in DIGITS},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
CHECK_PLACE = 8
# An alternative counts when the model gives it this much, and the letter it replaces is not beyond doubt.
LEAST_ALTERNATIVE = 0.01
BEYOND_DOUBT = 0.97
MOST_DOUBTED = 6
PLATE_SERIAL = "".join(letter for letter in CAPITALS if letter not in "IO") + DIGITS + PLATE_MARKS
SURELY_WIDE = 0.9
NARROWED = {"：": ":", "（": "(", "）": ")"}
WIDE = str.maketrans("()", "（）")
TWINS = {"O": "0", "I": "1"}  # letters that no serial has
DIGIT_ODDS = 20.0  # how much oftener a serial has a 0 than an O
UNTIL = "检验有效期至"
MONTH = re.compile(r"\d{4}年\d{1,2}月")
DESIGNATION = re.compile(r"(?<=牌[A-Z]{2})[1-9][\dO]{3}|(?<=牌[A-Z]{3})[1-9][\dO]{3}")
EMBASSY = "使"
PLATE_PLACES = (PROVINCES + EMBASSY, CAPITALS, *([PLATE_SERIAL] * 6))
EMBASSY_PLACES = (EMBASSY, DIGITS, *([PLATE_SERIAL] * 6))


def vin_holds(vin: str) -> bool:
    """Whether the ninth character is the check digit of the others."""
    if len(vin) != len(VIN_WEIGHTS) or not VIN_VALUES.keys() >= set(vin):
        return False
    total = sum(weight * VIN_VALUES[letter] for weight, letter in zip(VIN_WEIGHTS, vin, strict=True))
    return "0123456789X"[total % 11] == vin[CHECK_PLACE]


def vin(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, or the likeliest alternatives to doubted ones that make a Chinese VIN's check digit hold."""
    read = tuple(letters)
    text = text_of(read)
    if len(text) != len(VIN_WEIGHTS) or not text.startswith("L") or vin_holds(text):
        return read
    doubted = sorted(
        (place for place in range(17) if read[place].probability < BEYOND_DOUBT),
        key=lambda place: read[place].probability,
    )
    options = [_alternatives(read[place]) for place in doubted[:MOST_DOUBTED]]
    best, best_odds = read, 0.0
    for picks in product(*options):
        changed = list(read)
        odds = 1.0
        for place, pick in zip(doubted, picks, strict=False):
            odds *= pick.probability
            changed[place] = pick
        if odds > best_odds and vin_holds(text_of(changed)):
            best, best_odds = tuple(changed), odds
    return best


def _alternatives(letter: Letter) -> list[Letter]:
    others = [
        Letter(other, odds, letter.centre)
        for other, odds in letter.choices
        if other in VIN_VALUES and other != letter.character and odds >= LEAST_ALTERNATIVE
    ]
    return [letter, *others]


def plate(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The plate's letters without the dot, each the likeliest that its place allows."""
    kept = [letter for letter in letters if letter.character not in "·.- "]
    if kept and kept[-1].character == EMBASSY:
        return tuple(kept)
    places = EMBASSY_PLACES if kept and kept[0].character == EMBASSY else PLATE_PLACES
    return tuple(
        letter if letter.character in allowed else _likeliest(letter, allowed)
        for letter, allowed in zip(kept, places, strict=False)
    ) + tuple(kept[len(places) :])


def _likeliest(letter: Letter, allowed: str) -> Letter:
    twin = TWINS.get(letter.character, "")
    if twin and twin in allowed:
        return Letter(twin, letter.probability, letter.centre, letter.choices)
    fitting = [(odds, other) for other, odds in letter.choices if other and other in allowed]
    if not fitting:
        return Letter(letter.character, letter.probability / 2, letter.centre, letter.choices)
    odds, other = max(fitting)
    unnamed = max(1 - sum(share for _, share in letter.choices), 0.0)
    return Letter(other, odds / (sum(share for share, _ in fitting) + unnamed), letter.centre, letter.choices)


def engine_no(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, a doubted O or I taken for the digit: makers' serials hold many digits and hardly an O or I."""
    return tuple(_as_digit(letter) for letter in letters)


def _as_digit(letter: Letter) -> Letter:
    twin = TWINS.get(letter.character)
    odds = dict(letter.choices).get(twin, 0.0) if twin else 0.0
    if twin is None or odds * DIGIT_ODDS < letter.probability:
        return letter
    # Seen is one of the two, and which is told by what serials are like: that is half sure at most.
    return Letter(twin, (odds + letter.probability) / 2, letter.centre, letter.choices)


def written(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, doubted full-width punctuation taken for narrow, which printers set about dates and codes."""
    return tuple(
        replace(letter, character=NARROWED[letter.character])
        if letter.character in NARROWED and letter.probability < SURELY_WIDE
        else letter
        for letter in letters
    )


def inspection(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, the phrase before each month put right, and after it the province, which all stamps share."""
    changed = words.phrased("inspection", written(letters))
    stamps = [month.end() for month in MONTH.finditer(text_of(changed))]
    pairs = [text_of(changed[at : at + 2]) for at in stamps]
    known = {pair[1]: pair[0] for pair in pairs if len(pair) == 2 and pair[0] in PROVINCES}
    for at in stamps:
        if _is_plates_beginning(changed[at : at + 2]):
            province = known.get(changed[at + 1].character)
            mended = replace(changed[at], character=province) if province else _likeliest(changed[at], PROVINCES)
            changed = (*changed[:at], mended, *changed[at + 1 :])
    rest = text_of(changed).find(UNTIL)  # of the label, hardly read, that joined the value
    return changed[rest:] if 0 < rest <= words.LABEL and words.in_doubt(changed[:rest]) else changed


def remarks(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, punctuation as printers set it, and known phrases put right."""
    return words.phrased("remarks", written(letters))


def _is_plates_beginning(letters: Sequence[Letter]) -> bool:
    """Whether a Chinese character and a capital stand here, as a plate begins, though it be no province's."""
    if len(letters) < 2 or letters[0].character in PROVINCES:
        return False
    return is_chinese(letters[0].character) and letters[1].character in CAPITALS


LETTERS: Mapping[str, Callable[[Sequence[Letter]], tuple[Letter, ...]]] = {
    "vin": vin,
    "plate_no": plate,
    "engine_no": engine_no,
    "remarks": remarks,
    "record": partial(words.phrased, "record"),
    "inspection": inspection,
    "address": places.mended,
    "owner": places.owner,
    "issuing_authority": places.authority,
    **{field: partial(words.mended, field) for field in ("vehicle_type", "use_character", "energy_type")},
}


def _matched(pattern: str) -> Callable[[str], str | None]:
    compiled = re.compile(pattern)

    def shape(text: str) -> str | None:
        found = compiled.search(text)
        return found.group() if found else None

    return shape


def date(text: str) -> str | None:
    """The text as YYYY-MM-DD; None when it is no day of the calendar."""
    found = re.search(r"(\d{4})-*(\d{2})-*(\d{2})(?!\d)", text)
    if not found:
        return None
    try:
        return dt.date(*map(int, found.groups())).isoformat()
    except ValueError:
        return None


def until(text: str) -> str | None:
    """The end of validity: a date, 长期, or a number of years; the last one that the text holds."""
    if "长" in text:
        return "长期"
    years = re.search(r"(?<!\d)(\d{1,2})年", text)
    return years.group() if years else date(text[-10:])


def moment(text: str) -> str | None:
    """The text as YYYY-MM-DD HH:MM:SS; None when it is no moment of the calendar."""
    found = re.search(r"(\d{4})-*(\d{2})-*(\d{2})\s*(\d{2})[:：]*(\d{2})[:：]*(\d{2})(?!\d)", text)
    try:
        return str(dt.datetime.fromisoformat("{}{}{}T{}{}{}".format(*found.groups()))) if found else None
    except ValueError:
        return None


def month(text: str) -> str | None:
    """The text as YYYY-MM, or YYYY-MM-DD where it names the day; None when it is none of the calendar."""
    found = re.search(r"(\d{4})\D?(\d{1,2})(?:\D(\d{1,2})(?!\d))?", text)
    try:
        day = dt.date(int(found[1]), int(found[2]), int(found[3] or 1)) if found else None
    except ValueError:
        return None
    return None if day is None or found is None else day.isoformat()[: 10 if found[3] else 7]


def mass(text: str) -> str | None:
    """The mass as digits and kg; None for a digit or two without the unit, which dashes can look like."""
    found = re.search(r"(\d+)[kK]?[gG]|(\d+)[kK]|(\d{3,})", text)
    return f"{found[found.lastindex or 0]}kg" if found else None


def dimensions(text: str) -> str | None:
    """The three lengths joined by the multiplication sign, and mm."""
    found = re.search(r"(\d{3,5})[×xX*](\d{3,5})[×xX*](\d{3,5})", text)
    return "×".join(found.groups()) + "mm" if found else None


def is_dashes(text: str) -> bool:
    """Whether the text is the dashes, or the nothing, that a form prints for no value."""
    return not text.strip("-－—–一_ .·")


def prose(text: str) -> str | None:
    """The text, unless it is only dashes."""
    return None if is_dashes(text) else text.strip(" ·:：")


def name(text: str) -> str | None:
    """The text, its brackets of full width, as registers of companies and addresses have them."""
    return prose(text.translate(WIDE))


def model(text: str) -> str | None:
    """The text, a letter O within a number known for the zero that it is.

    A Chinese maker's model has four digits after the two or three letters of the maker (GB 9417).
    """
    text = DESIGNATION.sub(lambda found: found[0].replace("O", "0"), text)
    return prose(re.sub(r"(?<=\d)O+(?=\d|$)|(?<=\d\.)O", lambda found: "0" * len(found[0]), text))


def record(text: str) -> str | None:
    """The text, its last full stop known for what it is: it looks like a small letter O."""
    return prose(re.sub(r"(?<=[\u4e00-\u9fff])[Oo0]$", "。", text))


SHAPES: Mapping[str, Callable[[str], str | None]] = {
    "plate_no": _matched(r"^.{5,9}$"),
    "vin": _matched(r"^[A-Z0-9]{6,20}$"),
    "engine_no": _matched(r"[A-Z0-9][A-Z0-9*/.· -]*"),
    "register_date": date,
    "issue_date": date,
    "birth_date": date,
    "first_issue_date": date,
    "valid_from": date,
    "valid_until": until,
    "sex": _matched(r"[男女](?!.*[男女])"),  # the last: what is left of its label stands before it
    "passengers": _matched(r"\d+(?:\+\d+)?人?"),
    "gross_mass_kg": mass,
    "curb_mass_kg": mass,
    "rated_load_kg": mass,
    "towing_mass_kg": mass,
    "dimensions": dimensions,
    "license_no": _matched(r"[0-9X]{12,20}"),
    "barcode": _matched(r"\d{12,13}"),
    "owner": name,
    "name": name,
    "address": name,
    "brand_model": model,
    "record": record,
    "remarks": record,
    "vehicle_classes": _matched(r"(?:[A-FMNP]\d?E?)+"),
    "file_no": _matched(r"[^-].{3,}"),
    "accumulated_points": _matched(r"\d{1,2}分"),
    "inspection_valid_until": month,
    "generated_at": moment,
    "shown_at": moment,
}


# Fields whose shape tells which of several pieces is theirs; prose is joined from all.
SHAPELY = frozenset(SHAPES) - {"record", "remarks", "owner", "name", "address", "brand_model"}
# What a value looks like when nothing is missing from it.
COMPLETE: Mapping[str, re.Pattern[str]] = {
    "vin": re.compile(r"[A-HJ-NPR-Z0-9]{17}"),
    "plate_no": re.compile(rf"[{PROVINCES}][A-Z][·.-]?[A-Z0-9{PLATE_MARKS}]{{5,6}}|{EMBASSY}\d{{6}}|\d{{6}}{EMBASSY}"),
    "license_no": re.compile(r"\d{17}[0-9X]"),
    "dimensions": re.compile(r"\d{4,5}[×xX*]\d{3,4}[×xX*]\d{3,4}mm"),
    "passengers": re.compile(r"\d+(?:\+\d+)?人"),
    "barcode": re.compile(r"\D*\d{13}\D*"),
    "file_no": re.compile(r"\d{12}"),
    **dict.fromkeys(("gross_mass_kg", "curb_mass_kg", "rated_load_kg", "towing_mass_kg"), re.compile(r"\d+kg")),
    **dict.fromkeys(
        ("register_date", "issue_date", "birth_date", "first_issue_date", "valid_from"), re.compile(r"\d{4}-\d\d-\d\d")
    ),
}


# What a value's first letter is.
BEGINS: Mapping[str, str] = {"plate_no": PROVINCES + EMBASSY + DIGITS}


def complete(field: str, text: str) -> bool:
    """Whether the text lacks nothing that the field's values have; a VIN of a Chinese maker must also check."""
    pattern = COMPLETE.get(field)
    whole = pattern is None or pattern.fullmatch(text) is not None
    return whole and (field != "vin" or not text.startswith("L") or vin_holds(text))


def shaped(field: str, text: str) -> str | None:
    """The text in the field's own shape; None when it cannot be that field's."""
    return SHAPES.get(field, prose)(text)
