"""How printed labels are told from what was read."""

from __future__ import annotations

import numpy as np
import pytest

from license_engine.geometry import rectangle
from license_engine.labels import Line, find_labels, likeness
from license_engine.recognize import Letter, trace

VEHICLE_TITLE = "中华人民共和国机动车行驶证"
DRIVER_TITLE = "中华人民共和国机动车驾驶证"
SIDE_TITLE = "中华人民共和国机动车驾驶证副页"


def _line(text: str, x: float = 0, y: float = 0) -> Line:
    """The text as it would be read, 20 pixels a letter; a space is room left free."""
    letters = tuple(
        Letter(character, 0.99, (place + 0.5) / len(text)) for place, character in enumerate(text) if character != " "
    )
    return Line(rectangle(x, y, x + 20 * len(text), y + 20), letters)


def test_a_label_is_found_before_its_value_on_the_same_line() -> None:
    (hit,) = find_labels([_line("号牌号码皖A12345")], ["号牌号码"])
    assert (hit.first, hit.past, hit.errors) == (0, 4, 0)


def test_one_wrong_letter_of_four_is_forgiven() -> None:
    (hit,) = find_labels([_line("号牌号吗")], ["号牌号码"])
    assert hit.errors == 1


def test_traditional_variants_count_as_the_printed_letters() -> None:
    (hit,) = find_labels([_line("車輛類型")], ["车辆类型"])
    assert hit.errors == 0


def test_a_label_is_not_found_inside_a_longer_one() -> None:
    hits = find_labels([_line("准牵引总质量")], ["总质量", "准牵引总质量"])
    assert [hit.label for hit in hits] == ["准牵引总质量"]


def test_a_label_of_two_letters_set_wide_is_found_though_its_second_joined_the_value() -> None:
    (hit,) = find_labels([_line("住", x=0), _line("址安徽省", x=70)], ["住址"])
    assert (hit.line, hit.first, hit.past) == (1, 0, 1)


def test_no_label_is_found_in_other_text() -> None:
    assert find_labels([_line("谢谢惠顾"), _line("合计52.80")], ["住址", "号牌号码", "所有人"]) == []


@pytest.mark.parametrize(("head", "tail", "past"), [("所有", "人李小明", 1), ("所", "有人李小明", 2)])
def test_a_label_of_three_letters_is_found_though_its_end_joined_the_value(head: str, tail: str, past: int) -> None:
    lines = [_line(head, x=5), _line(tail, x=70)]
    (hit,) = find_labels(lines, ["所有人"])
    assert (hit.line, hit.first, hit.past) == (1, 0, past)
    assert hit.begin.tolist() == [5, 10]


@pytest.mark.parametrize(("x", "y"), [(50, 30), (300, 0), (-90, 0)])
def test_two_lines_that_do_not_follow_one_another_make_no_label(x: float, y: float) -> None:
    assert find_labels([_line("住"), _line("址四川省", x=x, y=y)], ["住址"]) == []


def test_a_word_within_a_sentence_is_no_label() -> None:
    assert find_labels([_line("于某日增加准驾车型A2")], ["准驾车型"]) == []


@pytest.mark.parametrize(
    "text", ["李小明 住址某路1号", "李小明住址 某路1号", "李小明住址", "住址某路1号", "A12345住址某路1号"]
)
def test_a_label_is_parted_from_the_words_about_it_by_a_gap_a_lines_end_or_a_number(text: str) -> None:
    (hit,) = find_labels([_line(text)], ["住址"])
    assert hit.errors == 0


@pytest.mark.parametrize(
    ("text", "label", "first"), [("李小明性别男", "性别", 3), ("非营运品牌型号某牌", "品牌型号", 3)]
)
def test_a_label_of_the_second_column_may_follow_a_value_closely(text: str, label: str, first: int) -> None:
    (hit,) = find_labels([_line(text)], [label])
    assert (hit.first, hit.past) == (first, first + len(label))


def test_what_another_edition_prints_in_a_labels_place_counts_as_that_label() -> None:
    (hit,) = find_labels([_line("能源种类纯电动")], ["能源类型"])
    assert (hit.label, hit.first, hit.past, hit.errors) == ("能源类型", 0, 4, 0)


@pytest.mark.parametrize(
    ("printed", "title", "errors"),
    [
        (VEHICLE_TITLE, VEHICLE_TITLE, 0),
        (DRIVER_TITLE, DRIVER_TITLE, 0),
        (SIDE_TITLE, SIDE_TITLE, 0),
        ("机动车驾驶证副页", SIDE_TITLE, 0),
        ("中华入民共和国机动车行驶正", VEHICLE_TITLE, 2),
        ("中华入民共和国机动车驾驶正", DRIVER_TITLE, 2),
        ("中华入民共和国机动车驾驶证副页", SIDE_TITLE, 1),
    ],
)
def test_a_title_is_never_taken_for_another_that_differs_by_a_letter_or_two(
    printed: str, title: str, errors: int
) -> None:
    (hit,) = find_labels([_line(printed)], [VEHICLE_TITLE, DRIVER_TITLE, SIDE_TITLE])
    assert (hit.label, hit.errors) == (title, errors)


def test_a_title_whose_telling_letters_were_not_read_is_none() -> None:
    assert find_labels([_line("中华人民共和国机动车口驶证")], [VEHICLE_TITLE, DRIVER_TITLE, SIDE_TITLE]) == []


def test_a_label_in_older_characters_counts_though_it_has_only_two() -> None:
    (hit,) = find_labels([_line("國籍中国")], ["国籍"])
    assert (hit.first, hit.past, hit.errors) == (0, 2, 0)


def _hardly_read(*steps: dict[str, float]) -> Line:
    """A line of as many letters as there are steps, each with the odds that the model gives."""
    characters = ("", *dict.fromkeys("".join(character for step in steps for character in step)))
    odds = np.zeros((2 * len(steps), len(characters)), np.float32)
    odds[1::2, 0] = 1
    for place, step in enumerate(steps):
        for character, chance in step.items():
            odds[2 * place, characters.index(character)] = chance
    seen = trace(odds, 16 * len(steps), characters)
    return Line(rectangle(0, 0, 20 * len(steps), 20), seen.letters(), seen)


FAINT = ({"住": 0.3, "佳": 0.7}, {"址": 0.4, "扯": 0.6})


def test_a_line_that_is_hardly_read_is_the_label_that_the_model_saw_in_it_too() -> None:
    line = _hardly_read(*FAINT)
    (hit,) = find_labels([line], ["住址", "姓名", "证号"])
    assert (line.text, hit.label, hit.first, hit.past, hit.errors) == ("佳扯", "住址", 0, 2, 2)


def test_a_line_that_is_surely_read_or_tells_nothing_more_is_no_other_label() -> None:
    sure = _hardly_read({"住": 0.1, "佳": 0.9}, {"址": 0.1, "扯": 0.9})
    unlike = _hardly_read({"住": 0.01, "佳": 0.7}, {"址": 0.01, "扯": 0.6})
    untold = Line(sure.quad, _hardly_read(*FAINT).letters)
    assert find_labels([sure, unlike, untold], ["住址", "姓名", "证号"]) == []


def test_a_line_that_is_as_like_to_one_label_as_to_another_is_neither() -> None:
    line = _hardly_read({"总": 0.5, "忌": 0.5}, {"质": 0.3, "贡": 0.7}, {"量": 0.2, "童": 0.5, "重": 0.3})
    assert [hit.label for hit in find_labels([line], ["总质量"])] == ["总质量"]
    assert find_labels([line], ["总质量", "总质重"]) == []


FAINT_HEAD = ({"档": 0.3, "桔": 0.7}, {"案": 0.4, "条": 0.6}, {"编": 0.5, "偏": 0.5}, {"号": 0.9})
SURE_NUMBER = tuple({digit: 0.99} for digit in "51038421")


def test_a_line_whose_beginning_is_hardly_read_may_begin_with_a_label() -> None:
    line = _hardly_read(*FAINT_HEAD, *SURE_NUMBER)
    (hit,) = find_labels([line], ["档案编号", "发证日期", "号牌号码"])
    assert (hit.label, hit.first, hit.past, line.text[hit.past :]) == ("档案编号", 0, 4, "51038421")
    assert hit.end[0] < line.quad[1][0] / 2


def test_a_line_whose_beginning_is_surely_read_begins_with_what_is_read() -> None:
    sure = tuple({letter: 0.9, label: 0.1} for letter, label in zip("桔条偏号", "档案编导", strict=True))
    assert find_labels([_hardly_read(*sure, *SURE_NUMBER)], ["档案编号"]) == []


def test_a_label_of_two_letters_is_too_short_to_be_guessed_before_a_value() -> None:
    assert find_labels([_hardly_read(*FAINT, *SURE_NUMBER)], ["住址"]) == []


def test_a_label_set_wide_is_found_though_its_first_letter_is_hardly_read() -> None:
    head = _hardly_read({"备": 0.2, "鱼": 0.5})
    (hit,) = find_labels([head, _line("注变更颜色", x=70)], ["备注"])
    assert (hit.line, hit.first, hit.past) == (1, 0, 1)
    unlike = _hardly_read({"备": 0.001, "鱼": 0.5})
    assert find_labels([unlike, _line("注变更颜色", x=70)], ["备注"]) == []


@pytest.mark.parametrize(
    ("text", "label", "first", "past"),
    [("2024-12-06证日期2024-12-06", "发证日期", 10, 13), ("皖A12345车辆类", "车辆类型", 7, 10)],
)
def test_a_label_that_lacks_a_letter_takes_none_of_the_value_beside_it(
    text: str, label: str, first: int, past: int
) -> None:
    (hit,) = find_labels([_line(text)], [label])
    assert (hit.first, hit.past, hit.errors) == (first, past, 1)


def test_a_label_hardly_read_after_a_value_is_told_too() -> None:
    dates = tuple({digit: 0.99} for digit in "2024-11-04")
    line = _hardly_read(
        *dates, {"证": 0.5, "发": 0.2}, {"证": 0.4, "口": 0.5}, {"日": 0.9}, {"期": 0.3, "明": 0.6}, *dates
    )
    (hit,) = find_labels([line], ["发证日期", "注册日期", "住址"])
    assert (hit.label, hit.first, hit.past) == ("发证日期", 10, 14)
    assert hit.begin[0] == pytest.approx(hit.end[0] - 80, abs=20)


def test_a_label_whose_last_letter_is_hardly_read_has_it_all_the_same() -> None:
    label = tuple({letter: 0.99} for letter in "使用性")
    doubted = _hardly_read(*label, {"成": 0.6, "质": 0.1}, *({letter: 0.99} for letter in "小学生校车"))
    (hit,) = find_labels([doubted], ["使用性质"])
    assert (hit.first, hit.past) == (0, 4)
    sure = _hardly_read(*label, *({letter: 0.99} for letter in "小学生校车"))
    (hit,) = find_labels([sure], ["使用性质"])
    assert (hit.first, hit.past) == (0, 3)


def test_a_lines_likeness_to_labels_is_that_to_the_likest() -> None:
    line = _hardly_read(*FAINT)
    assert likeness(line, ["姓名", "住址"]) == pytest.approx((0.3 * 0.4) ** 0.5)
    assert likeness(line, ["发证日期"]) == likeness(_line("住址"), ["住址"]) == 0
