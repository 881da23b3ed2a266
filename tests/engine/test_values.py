"""How readings become values: which is favoured, how sure it is, and what of its writing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PIL import Image

from license_engine.geometry import PlaneMap, Points, length, rectangle
from license_engine.labels import Line
from license_engine.picture import Picture
from license_engine.recognize import STEP, Alphabet, Letter, text_of, trace
from license_engine.slots import Piece
from license_engine.values import DISAGREEMENT, Reader, Value, elected, has_gap, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from license_engine.recognize import Letters, Recognizer, Trace

VIN = "LSGPC52U6AF102554"
CHARACTERS = ("", *"增加准驾车型换证号A2B。.，o-013人皖饶*")
BLANK = np.eye(len(CHARACTERS), dtype=np.float32)[0]


def _letters(text: str, sure: float = 0.99) -> Letters:
    """The text's letters, evenly set; an underscore is room left free."""
    return tuple(
        Letter(character, sure, (place + 0.5) / len(text)) for place, character in enumerate(text) if character != "_"
    )


def _piece(field: str, letters: Letters, *, x: float = 20, y: float = 15, seen: Trace | None = None) -> Piece:
    """A line of its own that is the field's, at this place in millimetres."""
    line = Line(rectangle(0, 0, 20 * max(len(letters), 1), 20), letters, seen)
    return Piece(field, line, line.quad, letters, x, y, x + 20)


def _value(field: str, text: str, sure: float = 0.99) -> Value | None:
    letters = _letters(text, sure)
    return joined([_piece(field, letters)], [letters]).get(field)


def _text(field: str, text: str) -> str | None:
    value = _value(field, text)
    return value.text if value else None


def _seen(text: str, sure: float = 0.99, *, other: str = "") -> Trace:
    """What the model sees of the text: every letter this sure, and another nearly as likely if told.

    An underscore is room left free.
    """
    steps = [BLANK]
    for place, character in enumerate(text):
        if character == "_":
            steps += [BLANK, BLANK]
            continue
        step = np.zeros(len(CHARACTERS), np.float32)
        step[CHARACTERS.index(character)] = sure
        if other:
            step[CHARACTERS.index(other[place])] = 1 - sure
        steps += [step, BLANK]
    return trace(np.array(steps), STEP * len(steps), CHARACTERS)


def _alphabet(letters: str) -> Alphabet:
    allowed = [not character or character in letters for character in CHARACTERS]
    return Alphabet(np.where(allowed, 1, 1e-6).astype(np.float32), characters=frozenset(letters))


class _Looks:
    """Gives what further looks see, in turn, and remembers the quads that were asked for."""

    def __init__(self, *answers: Trace) -> None:
        self._answers = list(answers)
        self.asked: list[Points] = []

    def __call__(self, picture: Picture, quads: Sequence[Points]) -> list[Trace]:
        assert picture.size == (8, 8)
        self.asked += quads
        return [self._answers.pop(0) for _ in quads]


def _read(piece: Piece, looks: _Looks, alphabet: str = "".join(CHARACTERS)) -> dict[str, Value]:
    photo = Picture(Image.new("RGB", (8, 8)), PlaneMap(np.eye(3)))
    return Reader(photo, cast("Recognizer", looks), {piece.field: _alphabet(alphabet)}).values([piece])


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("四川省成都市某区", False),
        ("四川省_都市某区", True),
        ("四川省成都市_区", True),
        ("四川省_都", False),
        ("某区12_34号5_6", False),
        ("四川省成都市A_1号", False),
        ("", False),
    ],
)
def test_a_gap_is_where_a_chinese_letter_was_left_out(text: str, gap: bool) -> None:
    assert has_gap(_letters(text)) is gap


def test_a_reading_without_a_gap_is_preferred_to_surer_ones_with_one() -> None:
    votes = [_letters("四川省_都市某区", 0.99), _letters("四川省_都市某区", 0.98), _letters("四川省成都市某区", 0.6)]
    assert text_of(elected("address", votes)) == "四川省成都市某区"


def test_a_gap_that_remains_lessens_the_confidence() -> None:
    (gapped,) = {letter.probability for letter in elected("address", [_letters("四川省_都市某区")])}
    (even,) = {letter.probability for letter in elected("address", [_letters("四川省成都市某区")])}
    assert [gapped, even] == pytest.approx([0.99 * DISAGREEMENT, 0.99])


def test_a_complete_reading_is_preferred_to_surer_ones_that_lack_a_letter() -> None:
    votes = [_letters(VIN[:-1], 0.99), _letters(VIN[1:], 0.99), _letters(VIN, 0.5)]
    assert text_of(elected("vin", votes)) == VIN


def test_readings_that_disagree_make_the_favoured_one_less_sure_and_spaces_are_no_disagreement() -> None:
    against = [_letters("AB12", 0.9), _letters("AB12", 0.8), _letters("A812", 0.7)]
    assert [letter.probability for letter in elected("engine_no", against)] == [pytest.approx(0.9 * DISAGREEMENT)] * 4
    together = [_letters("AB12", 0.9), _letters("AB 12", 0.8), _letters("AB12", 0.7)]
    assert [letter.probability for letter in elected("engine_no", together)] == [0.9] * 4


@pytest.mark.parametrize(
    ("field", "whole", "lacking"),
    [
        ("vin", VIN, VIN[:-1]),
        ("vin", VIN, VIN[:-1] + "5"),
        ("vin", "WVWZZZ3CZEE140287", "WVWZZZ3CZEE14028"),
        ("plate_no", "皖A12345", "皖A1234"),
        ("plate_no", "皖AD12345", "皖AD123"),
        ("license_no", "110101199003070000", "11010119900307000"),
        ("barcode", "4378591503109", "437859150310"),
    ],
)
def test_a_value_of_one_length_that_is_not_complete_is_less_sure(field: str, whole: str, lacking: str) -> None:
    complete, incomplete = _value(field, whole), _value(field, lacking)
    assert complete is not None
    assert incomplete is not None
    assert incomplete.text == lacking
    assert [incomplete.confidence, complete.confidence] == pytest.approx([0.99 * DISAGREEMENT, 0.99])


@pytest.mark.parametrize("field", ["brand_model", "engine_no", "owner", "name"])
def test_spaces_between_latin_words_are_kept(field: str) -> None:
    assert _text(field, "VOLVO S90 T5") == "VOLVO S90 T5"


@pytest.mark.parametrize("field", ["address", "vehicle_type", "remarks", "use_character", "file_no"])
def test_spaces_of_other_fields_are_left_out(field: str) -> None:
    assert _text(field, "VOLVO S90") == "VOLVOS90"


@pytest.mark.parametrize("field", ["owner", "brand_model", "address"])
def test_spaces_beside_a_chinese_letter_are_never_kept(field: str) -> None:
    assert _text(field, "某 牌 FV7 某") == "某牌FV7某"


@pytest.mark.parametrize("field", ["owner", "name", "address"])
@pytest.mark.parametrize("text", ["四川(成都)公司", "四川（成都）公司", "四川（成都)公司"])
def test_brackets_of_names_and_addresses_are_of_full_width(field: str, text: str) -> None:
    assert _text(field, text) == "四川（成都）公司"


@pytest.mark.parametrize("field", ["remarks", "record", "vehicle_type", "brand_model"])
@pytest.mark.parametrize("text", ["某某(甲)：乙", "某某（甲）:乙", "某某(甲)，乙"])
def test_brackets_and_stops_of_other_prose_are_as_printed(field: str, text: str) -> None:
    assert _text(field, text) == text


def test_what_is_no_prose_is_written_narrow() -> None:
    assert _text("engine_no", "AB－12") == "AB-12"
    assert _text("generated_at", "2024-05-06 12：34：56") == "2024-05-06 12:34:56"


@pytest.mark.parametrize("field", ["rated_load_kg", "remarks", "owner", "vin", "file_no", "use_character"])
@pytest.mark.parametrize("text", ["--", "-", "——"])
def test_a_value_of_dashes_is_absent(field: str, text: str) -> None:
    assert _value(field, text) is None


def test_dashes_do_not_become_the_digits_of_their_fields_alphabet() -> None:
    looks = _Looks()
    dashes = _piece("passengers", _letters("--"), seen=_seen("--", 0.7, other="11"))
    assert _read(dashes, looks, "013人") == {}
    assert looks.asked == []
    bars = _piece("passengers", _letters("-0"), seen=_seen("-0", 0.4, other="11"))
    assert _read(bars, _Looks(*[_seen("11")] * 3), "013人")["passengers"].text == "11"


def test_what_is_only_guessed_is_absent() -> None:
    assert _value("owner", "李小明", 0.24) is None
    assert _value("owner", "李小明", 0.26) is not None


def _record(text: str) -> Piece:
    return _piece("record", _letters(text), seen=_seen(text))


@pytest.mark.parametrize("stop", ["。", "."])
def test_a_stop_beyond_the_lines_end_is_found_by_a_longer_look(stop: str) -> None:
    looks = _Looks(_seen(f"换证{stop}"))
    assert _read(_record("换证"), looks)["record"].text == f"换证{stop}"
    (quad,) = looks.asked
    assert length(quad) == pytest.approx(40 + 20)


@pytest.mark.parametrize("look", ["换证号。", "换号。", "换证", "换证号"])
def test_a_longer_look_that_reads_other_letters_or_no_stop_is_not_believed(look: str) -> None:
    assert _read(_record("换证"), _Looks(_seen(look)))["record"].text == "换证"


@pytest.mark.parametrize(("field", "text"), [("record", "换证。"), ("record", "换证，"), ("remarks", "换证")])
def test_no_stop_is_looked_for_where_one_stands_or_none_is_due(field: str, text: str) -> None:
    looks = _Looks()
    assert _read(_piece(field, _letters(text), seen=_seen(text)), looks)[field].text == text
    assert looks.asked == []


def test_a_star_is_looked_for_beyond_a_number_that_has_another() -> None:
    looks = _Looks(_seen("2A*013*"))
    starred = _piece("engine_no", _letters("2A*013"), seen=_seen("2A*013"))
    assert _read(starred, looks)["engine_no"].text == "2A*013*"
    plain = _Looks()
    assert _read(_piece("engine_no", _letters("2A013"), seen=_seen("2A013")), plain)["engine_no"].text == "2A013"
    assert plain.asked == []


def test_a_doubted_reading_is_put_to_the_vote_of_other_cuts() -> None:
    looks = _Looks(*[_seen("驾证", 0.95)] * 3)
    value = _read(_piece("remarks", _letters("换证"), seen=_seen("换证", 0.5)), looks)["remarks"]
    assert value.text == "驾证"
    assert len(looks.asked) == 1


def test_a_surely_read_line_with_a_gap_is_looked_at_again() -> None:
    gapped = _piece("record", _letters("增加准_车型。"), seen=_seen("增加准_车型。"))
    looks = _Looks(_seen("增加准驾车型。"))
    assert _read(gapped, looks)["record"].text == "增加准驾车型。"
    assert len(looks.asked) == 1


def test_a_plate_without_its_province_is_looked_at_from_a_letter_farther_left() -> None:
    piece = _piece("plate_no", _letters("A2B013"), seen=_seen("A2B013"))
    looks = _Looks(_seen("皖A2B013"))
    assert _read(piece, looks)["plate_no"].text == "皖A2B013"
    (farther,) = looks.asked
    assert farther[0].tolist() == [-20, 0]
    assert farther[1].tolist() == piece.quad[1].tolist()


PLATE = Value("皖A2B013", 0.8, rectangle(0, 0, 9, 9))
TWO_PLATES = _seen("饶A2B013", 0.6, other="皖A2B013")


def _agreed(piece: Piece, own: Value | None, other: Value | None) -> Value | None:
    reader = Reader(Picture(Image.new("RGB", (8, 8)), PlaneMap(np.eye(3))), cast("Recognizer", _Looks()), {})
    return reader.agreed([piece], own, other)


@pytest.mark.parametrize("own", [None, Value("饶A2B013", 0.3, PLATE.quad)])
def test_a_doubted_plate_is_the_other_pages_if_its_print_may_well_say_so(own: Value | None) -> None:
    piece = _piece("plate_no", TWO_PLATES.letters(), seen=TWO_PLATES)
    agreed = _agreed(piece, own, PLATE)
    assert agreed is not None
    assert (agreed.text, agreed.quad.tolist()) == (PLATE.text, piece.quad.tolist())
    assert agreed.confidence < PLATE.confidence


@pytest.mark.parametrize(
    ("seen", "own", "other"),
    [
        (TWO_PLATES, Value("皖A2B010", 0.85, PLATE.quad), PLATE),  # surer than the other page's
        (TWO_PLATES, Value("皖A2B010", 0.95, PLATE.quad), Value(PLATE.text, 0.99, PLATE.quad)),  # not in doubt
        (_seen("皖A2B010", 0.6, other="皖A2B310"), Value("皖A2B010", 0.6, PLATE.quad), PLATE),  # prints another
        (TWO_PLATES, None, None),
        (TWO_PLATES, None, Value("皖A2B01", 0.8, PLATE.quad)),  # no plate
    ],
)
def test_a_plate_stands_as_read_where_the_other_page_tells_no_more(
    seen: Trace, own: Value | None, other: Value | None
) -> None:
    assert _agreed(_piece("plate_no", seen.letters(), seen=seen), own, other) is own


def test_the_lines_of_a_value_are_joined_by_row_and_from_the_left() -> None:
    texts = {"某路1号": (20, 31.4), "某区": (40, 28.6), "四川省成都市": (20, 28.2)}
    pieces = [_piece("address", _letters(text), x=x, y=y) for text, (x, y) in texts.items()]
    (value,) = joined(pieces, [piece.letters for piece in pieces]).values()
    assert value.text == "四川省成都市某区某路1号"


def test_a_doubtful_scrap_beside_a_surely_read_name_is_left_out() -> None:
    name, scrap = _letters("李小明"), _letters("1l", 0.4)
    pieces = [_piece("owner", name), _piece("owner", scrap, x=60)]
    (value,) = joined(pieces, [name, scrap]).values()
    assert (value.text, value.confidence) == ("李小明", 0.99)


def test_both_ends_of_the_validity_are_told_from_one_text() -> None:
    letters = _letters("2014-12-25至2020-12-25")
    values = joined([_piece("valid_until", letters)], [letters])
    assert {field: value.text for field, value in values.items()} == {
        "valid_from": "2014-12-25",
        "valid_until": "2020-12-25",
    }
