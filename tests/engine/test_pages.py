"""Which pages are told from the labels, the titles and the names among a photo's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from license_engine.form import DRIVING_FRONT, LOOSE_FORMS, VEHICLE_BACK, VEHICLE_FRONT, Form
from license_engine.geometry import rectangle
from license_engine.labels import Line
from license_engine.pages import find_pages
from license_engine.recognize import Letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from license_engine.form import Label

SCALE = 10  # pixels a millimetre
TITLE, *LABELS = VEHICLE_FRONT.labels
CONTRACT = "二手车买卖合同"


def _line(text: str, x: float, y: float, wide: float | None = None) -> Line:
    """The text as it would be read, its left end and middle height at this millimetre."""
    letters = tuple(Letter(character, 0.99, (place + 0.5) / len(text)) for place, character in enumerate(text))
    right = x + (wide or 2.4 * len(text))
    return Line(rectangle(SCALE * x, SCALE * (y - 1.2), SCALE * right, SCALE * (y + 1.2)), letters)


def _printed(labels: Sequence[Label], *, right: float = 0, down: float = 0) -> list[Line]:
    """The labels where their form has them, on a page that lies so far to the right and down."""
    return [_line(label.text, label.x + right, label.y + down, label.width) for label in labels]


def _forms(lines: Sequence[Line], wanted: str | None = None) -> list[Form]:
    return [page.form for page in find_pages(lines, wanted)[0]]


@pytest.mark.parametrize("mark", ["电子行驶证", "生成时间2024-05-06", "机动车行驶证(电子版)"])
def test_a_screens_labels_are_taken_as_they_stand_though_they_stand_as_on_paper(mark: str) -> None:
    lines = _printed(VEHICLE_FRONT.labels)
    assert _forms([*lines, _line(mark, 10, -20)]) == [LOOSE_FORMS[0]]
    assert _forms(lines) == [VEHICLE_FRONT]


def test_a_list_under_a_licenses_name_is_read_loosely_and_without_a_name_not_at_all() -> None:
    listed = [_line(label.text, 4, 9 * row) for row, label in enumerate(LABELS)]
    assert _forms([_line("我的行驶证", 30, -12), *listed]) == [LOOSE_FORMS[0]]
    assert _forms([_line("车辆信息", 30, -12), *listed]) == []


def test_another_papers_few_labels_in_place_make_no_license() -> None:
    few = _printed(LABELS[:5])
    assert _forms(few) == [VEHICLE_FRONT]
    assert _forms([_line(CONTRACT, 100, 10), *few]) == []


def test_another_papers_name_beside_a_licenses_title_or_most_of_its_labels_does_not_hide_it() -> None:
    name = _line(CONTRACT, 100, 10)
    assert _forms([name, *_printed([TITLE, *LABELS[:3]])]) == [VEHICLE_FRONT]
    assert _forms([name, *_printed(LABELS)]) == [VEHICLE_FRONT]


def test_a_contract_that_lists_a_licenses_labels_is_no_license() -> None:
    columns = [_line(label.text, 10 + 40 * (row % 2), 9 * (row // 2)) for row, label in enumerate(LABELS)]
    assert _forms([_line(CONTRACT, 30, -12), *columns]) == []
    assert _forms(columns) == []


def test_labels_in_place_are_outweighed_by_as_many_that_stand_elsewhere() -> None:
    in_place, others = _printed(LABELS[:5]), LABELS[5:]
    assert _forms([*in_place, _line(others[0].text, 4, 80)]) == [VEHICLE_FRONT]
    assert _forms([*in_place, *(_line(label.text, 4, 80 + 9 * row) for row, label in enumerate(others))]) == []


def test_both_pages_of_a_license_are_found_the_main_page_first() -> None:
    lines = [*_printed(VEHICLE_BACK.labels), *_printed(VEHICLE_FRONT.labels, down=64)]
    pages, flags = find_pages(lines, None)
    assert [page.form for page in pages] == [VEHICLE_FRONT, VEHICLE_BACK]
    assert flags == ()


def test_of_two_documents_the_one_asked_for_is_read_and_the_other_is_flagged() -> None:
    lines = [*_printed(VEHICLE_FRONT.labels), *_printed(DRIVING_FRONT.labels, right=100)]
    pages, flags = find_pages(lines, "driving_license")
    assert [page.form.document for page in pages] == ["driving_license"]
    assert flags == ("multiple_cards",)
    assert [form.document for form in _forms(lines, "vehicle_license")] == ["vehicle_license"]


def test_a_second_license_of_the_same_kind_is_flagged() -> None:
    lines = [*_printed(VEHICLE_FRONT.labels), *_printed(VEHICLE_FRONT.labels, right=100)]
    pages, flags = find_pages(lines, None)
    assert [page.form for page in pages] == [VEHICLE_FRONT]
    assert flags == ("multiple_cards",)


def test_no_lines_are_no_page() -> None:
    assert find_pages([], None) == ([], ())
