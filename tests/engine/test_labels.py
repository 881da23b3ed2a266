"""How printed labels are told from what was read."""

from __future__ import annotations

from license_engine.geometry import rectangle
from license_engine.labels import Line, find_labels
from license_engine.recognize import Letter


def _line(text: str, x: float = 0, y: float = 0) -> Line:
    letters = tuple(Letter(character, 0.99, (place + 0.5) / len(text)) for place, character in enumerate(text))
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
