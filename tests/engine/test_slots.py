"""Which field each stretch of print belongs to, by where it stands among the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from license_engine.form import DRIVING_FRONT, VEHICLE_BACK, VEHICLE_FRONT, Form
from license_engine.geometry import PlaneMap, rectangle
from license_engine.labels import Hit, Line
from license_engine.recognize import Letter, text_of
from license_engine.rectify import Page, Placed
from license_engine.slots import drift_of, home, is_caption, pieces, slots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from license_engine.form import Label

SCALE = 10  # pixels a millimetre
TO_PHOTO = PlaneMap(np.diag([SCALE, SCALE, 1.0]))
AWAY = 100  # the first number of the labels' own lines
CHINESE, LATIN = 2.4, 1.3  # millimetres that a letter takes


def _page(
    form: Form,
    *,
    unseen: tuple[str, ...] = (),
    on: Mapping[str, int] | None = None,
    widths: Mapping[str, float] | None = None,
) -> Page:
    """The form seen straight on, its labels on lines of their own but for those said to begin a line of this number."""
    placed = []
    for number, label in enumerate(form.labels, AWAY):
        width = (widths or {}).get(label.text, label.width)
        begin, end = np.array([label.x, label.y]), np.array([label.x + width, label.y])
        line = (on or {}).get(label.text, number)
        hit = Hit(label.text, line, 0, len(label.text), 0, SCALE * begin, SCALE * end)
        placed.append(Placed(label, begin, end, None if label.text in unseen else hit))
    return Page(form, TO_PHOTO, TO_PHOTO.inverse(), tuple(placed))


def _line(text: str, x: float, y: float, letter: float = CHINESE) -> Line:
    """The text, its left end and middle height at this millimetre; a space is room left free."""
    letters = tuple(
        Letter(character, 0.99, (place + 0.5) / len(text)) for place, character in enumerate(text) if character != " "
    )
    return Line(SCALE * rectangle(x, y - 1.2, x + letter * len(text), y + 1.2), letters)


def _fields(page: Page, *lines: Line, drift: float = 0) -> list[tuple[str, str]]:
    """The field and the text of each piece of the lines."""
    found = pieces(page, dict(enumerate(lines)), slots(page), drift)
    return [(piece.field, text_of(piece.letters)) for piece in found]


def _label(form: Form, text: str) -> Label:
    return next(label for label in form.labels if label.text == text)


def test_a_value_goes_to_the_label_on_its_left() -> None:
    page = _page(VEHICLE_FRONT)
    assert _fields(page, _line("皖A12345", 15, 15, LATIN), _line("小型轿车", 56, 15)) == [
        ("plate_no", "皖A12345"),
        ("vehicle_type", "小型轿车"),
    ]


def test_two_values_on_one_line_are_parted_by_the_label_between_them() -> None:
    page = _page(VEHICLE_FRONT, unseen=("车辆类型",))
    line = _line("皖A12345" + " " * 24 + "小型轿车", 15, 15, LATIN)
    assert _fields(page, line) == [("plate_no", "皖A12345"), ("vehicle_type", "小型轿车")]


def test_a_value_on_its_labels_line_is_what_follows_the_label() -> None:
    line = _line("号牌号码皖A12345", 4, 15)
    assert _fields(_page(VEHICLE_FRONT, on={"号牌号码": 0}), line) == [("plate_no", "皖A12345")]


def test_a_value_that_begins_before_an_unseen_labels_guessed_end_is_not_cut() -> None:
    line = _line("某牌FV7146", 43, 34.8, 1.6)
    assert _fields(_page(VEHICLE_FRONT, unseen=("品牌型号",)), line) == [("brand_model", "某牌FV7146")]


def test_a_values_first_letters_in_another_labels_slot_stay_with_the_most() -> None:
    line = _line("某某牌FV7146BBDBG", 35.6, 34.8, 1.6)
    assert _fields(_page(VEHICLE_FRONT, unseen=("品牌型号",)), line) == [("brand_model", "某某牌FV7146BBDBG")]


def test_a_values_last_letters_beyond_the_next_labels_guessed_place_stay_with_it() -> None:
    page = _page(VEHICLE_BACK, unseen=("准牵引总质量",))
    assert _fields(page, _line("4800×1800×1450mm", 27, 24, LATIN)) == [("dimensions", "4800×1800×1450mm")]


def test_letters_most_of_which_stand_in_no_slot_are_no_value() -> None:
    assert _fields(_page(VEHICLE_FRONT), _line("皖A12345", 15, 72, LATIN), _line("某某", 95, 15)) == []
    assert _fields(_page(VEHICLE_FRONT, unseen=("号牌号码",)), _line("某某某某某", 3, 15)) == []


def test_the_end_of_an_unseen_label_that_joined_the_value_is_no_part_of_it() -> None:
    line = _line("址海南省三亚市某路1号", 10.6, 28.2)
    assert _fields(_page(VEHICLE_FRONT, unseen=("住址",)), line) == [("address", "海南省三亚市某路1号")]
    two = _line("有人李小明", 8, 21.6)
    assert _fields(_page(VEHICLE_FRONT, unseen=("所有人",)), two) == [("owner", "李小明")]
    beside = _line("皖A12345" + " " * 22 + "型小型轿车", 15, 15, LATIN)
    found = _fields(_page(VEHICLE_FRONT, unseen=("车辆类型",)), beside)
    assert found == [("plate_no", "皖A12345"), ("vehicle_type", "小型轿车")]


def test_a_value_that_begins_as_its_label_ends_is_whole_where_the_label_was_seen() -> None:
    assert _fields(_page(VEHICLE_FRONT), _line("人和贸易公司", 15, 21.6)) == [("owner", "人和贸易公司")]


@pytest.mark.parametrize(("gap", "kept"), [(6, True), (15, False)])
def test_a_line_beyond_a_gap_that_no_value_has_is_another_papers(gap: float, kept: bool) -> None:
    first, second = _line("四川省成都市", 15, 28.2), _line("某区某路", 15 + 6 * CHINESE + gap, 28.2)
    found = _fields(_page(VEHICLE_FRONT), first, second)
    assert (found[0], ("address", "某区某路") in found) == (("address", "四川省成都市"), kept)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("四川省某某街", "address"),
        ("内蒙古某某村", "address"),
        ("址内蒙古某某村", "address"),
        ("重庆市某某街", "address"),
        ("成都市武侯区某路", "address"),
        ("某某有限责任公司", "owner"),
        ("成都市某某有限公司", "owner"),
    ],
)
def test_a_row_above_the_addresss_label_is_its_own_if_it_begins_as_addresses_do(text: str, field: str) -> None:
    assert _fields(_page(VEHICLE_FRONT), _line(text, 15, 25.2)) == [(field, text)]


def test_an_inspection_that_begins_above_its_label_is_not_the_remarks_last_line() -> None:
    page = _page(VEHICLE_BACK)
    assert _fields(page, _line("检验有效期至2027年4月", 15, 35.4)) == [("inspection", "检验有效期至2027年4月")]
    assert _fields(page, _line("强制报废期止某日", 15, 35.4)) == [("remarks", "强制报废期止某日")]


def test_a_values_further_line_is_taken_where_its_first_line_begins() -> None:
    page = _page(VEHICLE_FRONT)
    first, second = _line("四川省成都市", 25, 28.2), _line("非路某村1号", 25, 31.8)
    assert _fields(page, first, second) == [("address", "四川省成都市"), ("address", "非路某村1号")]
    assert _fields(page, second) == [("use_character", "非路某村1号")]


def test_the_row_below_a_label_of_the_same_column_is_not_a_values_further_line() -> None:
    page = _page(VEHICLE_FRONT)
    lines = [_line("四川省成都市", 15, 28.2), _line("某区某路", 15, 31.4), _line("非营运", 15, 33.9)]
    assert [field for field, _ in _fields(page, *lines)] == ["address", "address", "use_character"]


@pytest.mark.parametrize("text", ["No", "Plate No.", "Date of Birth", "Owner"])
def test_a_labels_english_is_no_value(text: str) -> None:
    assert _fields(_page(VEHICLE_FRONT), _line(text, 15, 15, LATIN)) == []


def test_print_on_the_portrait_is_no_value() -> None:
    page = _page(DRIVING_FRONT)
    assert _fields(page, _line("初领", 66, 42), _line("男", 49, 20.4)) == [("sex", "男")]


@pytest.mark.parametrize(("y", "field"), [(56, "barcode"), (30, "remarks")])
def test_a_barcodes_number_stands_low_on_the_side_page(y: float, field: str) -> None:
    assert _fields(_page(VEHICLE_BACK), _line("*4370012345678*", 20, y, LATIN)) == [(field, "*4370012345678*")]


def test_a_piece_knows_its_share_of_the_line_and_its_place_on_the_page() -> None:
    page = _page(VEHICLE_FRONT, on={"号牌号码": 0})
    (piece,) = pieces(page, {0: _line("号牌号码皖A12", 4, 15)}, slots(page), 0)
    assert (piece.begin, piece.end, piece.whole) == (0.5, 1.0, False)
    assert (piece.x, piece.y, piece.right) == pytest.approx((4 + 4.5 * CHINESE, 15, 4 + 7.5 * CHINESE))
    assert piece.quad[0] == pytest.approx([SCALE * (4 + 4 * CHINESE), SCALE * 13.8], abs=0.2 * SCALE)


@pytest.mark.parametrize("text", ["车辆类型", "住址", "发证日期"])
def test_what_stands_below_a_label_is_its_caption_and_what_stands_beside_it_is_not(text: str) -> None:
    page, label = _page(VEHICLE_FRONT), _label(VEHICLE_FRONT, text)
    below = SCALE * rectangle(label.x, label.y + 1.4, label.x + 9, label.y + 2.8)
    beside = SCALE * rectangle(label.x + label.width + 1, label.y - 0.7, label.x + label.width + 12, label.y + 0.7)
    assert is_caption(page, below)
    assert not is_caption(page, beside)


def test_what_stands_beside_a_narrow_label_is_no_caption_though_it_begins_near_the_labels_beginning() -> None:
    quad = SCALE * rectangle(6.5, 27.7, 20, 29.1)
    assert not is_caption(_page(VEHICLE_FRONT, widths={"住址": 2}), quad)


def test_what_stands_where_an_unseen_labels_caption_would_may_be_a_value() -> None:
    label = _label(VEHICLE_FRONT, "住址")
    quad = SCALE * rectangle(label.x, label.y + 1.4, label.x + 9, label.y + 2.8)
    assert not is_caption(_page(VEHICLE_FRONT, unseen=("住址",)), quad)


SINGLE = (_line("皖A12345", 15, 5, LATIN), _line("5人", 18, 11), _line("1400kg", 15, 17, LATIN))


def _drift(page: Page, *lines: Line) -> float:
    return drift_of(page, dict(enumerate(lines)), slots(page))


def test_how_far_the_values_stand_off_their_labels_is_told_by_three_of_them() -> None:
    page = _page(VEHICLE_BACK)
    assert _drift(page, *SINGLE) == pytest.approx(-1)
    assert _drift(page, *SINGLE[:2]) == 0


def test_fields_of_several_lines_do_not_tell_the_drift() -> None:
    rows = [_line("某某某某", 15, y) for y in (30, 33.2, 36.4, 38, 41.2, 44.4)]
    assert _drift(_page(VEHICLE_BACK), *SINGLE, *rows) == pytest.approx(-1)


def test_values_on_their_labels_lines_stand_off_them_by_nothing() -> None:
    texts = ("外廓尺寸", "备注", "检验记录", "总质量")
    joined = [_line(f"{text}某某", label.x, label.y) for text in texts for label in [_label(VEHICLE_BACK, text)]]
    page = _page(VEHICLE_BACK, on={text: number for number, text in enumerate(texts)})
    assert _drift(page, *joined, *SINGLE) == 0


def test_a_values_row_is_told_with_the_drift() -> None:
    page, line = _page(VEHICLE_FRONT), _line("皖A12345", 15, 18.6, LATIN)
    assert _fields(page, line, drift=3.6) == [("plate_no", "皖A12345")]
    assert _fields(page, line) == [("owner", "皖A12345")]


def test_a_line_belongs_to_the_page_whose_label_it_bears_or_whose_bounds_hold_it() -> None:
    lower = PlaneMap(np.array([[SCALE, 0, 0], [0, SCALE, 64.0 * SCALE], [0, 0, 1]]))
    front, back = _page(VEHICLE_FRONT, on={"号牌号码": 0}), _page(VEHICLE_BACK, on={"备注": 1})
    pages = [front, Page(back.form, lower, lower.inverse(), back.labels)]
    assert home(_line("某某", 20, 100), 0, pages) == 0
    assert home(_line("某某", 20, 20), 1, pages) == 1
    assert home(_line("某某", 20, 20), 2, pages) == 0
    assert home(_line("某某", 20, 100), 2, pages) == 1
    assert home(_line("某某", 20, 140), 2, pages) is None
