"""Another reader's lines come to the same fields as the engine's own would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bench.engine.assign import ReadLine, Span, finding
from bench.engine.workers.tesseract import lines

from license_engine import form

if TYPE_CHECKING:
    from license_engine.form import Form

DOTS = 16  # pixels a millimetre
FRONT = {
    "plate_no": "川A12345",
    "vehicle_type": "小型轿车",
    "owner": "李小明",
    "address": "四川省成都市某区某路1号",
    "use_character": "非营运",
    "brand_model": "大众牌FV7146",
    "vin": "LFV2A21K4G4000001",
    "engine_no": "CS123456",
    "register_date": "2016-03-04",
    "issue_date": "2016-03-05",
}
BACK = {
    "plate_no": "川A12345",
    "file_no": "510100123456",
    "passengers": "5人",
    "gross_mass_kg": "1800kg",
    "curb_mass_kg": "1400kg",
    "dimensions": "4800×1800×1450mm",
}
SEAL = ("四川省成都", "市公安局交", "通警察支队")


def line(text: str, x: float, y: float, *, wide: float, tall: float = 2.6) -> ReadLine:
    """A line whose text fills it, at its left end and middle height in millimetres."""
    left, right, top, bottom = (DOTS * edge for edge in (x, x + wide, y - tall / 2, y + tall / 2))
    return ReadLine(
        quad=((left, top), (right, top), (right, bottom), (left, bottom)), spans=(Span(text=text, score=0.98),)
    )


def page(
    printed: Form, values: dict[str, str], *, down: float = 0, together: frozenset[str] = frozenset()
) -> list[ReadLine]:
    """A page's labels and values, each a line; those together stand on one line as a detector often finds them."""
    found = []
    for label in printed.labels:
        value = values.get(label.field or "")
        begin, wide = label.x + label.width + 1, 1.3 * len(value or "")
        if value and label.field in together:
            letter = label.width / len(label.text)
            wide = sum(letter if ord(character) > 0x2E80 else letter / 2 for character in value)
            found.append(line(label.text + value, label.x, label.y + down, wide=label.width + wide))
            continue
        found.append(line(label.text, label.x, label.y + down, wide=label.width))
        if value:
            found.append(line(value, begin, label.y + down, wide=wide))
    return found


def rotated(read: ReadLine, size: float = 3000) -> ReadLine:
    """The line on a picture turned upside down, its corners told from the upper left as before."""
    first, second, third, fourth = ((size - x, size - y) for x, y in read.quad)
    return ReadLine(quad=(third, fourth, first, second), spans=read.spans)


@pytest.mark.parametrize("together", [frozenset[str](), frozenset({"plate_no", "vin", "register_date"})])
def test_values_go_to_the_labels_on_their_left(together: frozenset[str]) -> None:
    found = finding(page(form.VEHICLE_FRONT, FRONT, together=together))
    assert (found.document, found.side) == ("vehicle_license", "front")
    assert found.fields == FRONT
    assert set(found.confidence.values()) == {0.98}


def test_lines_read_upside_down_come_to_the_same_fields() -> None:
    assert finding([rotated(one) for one in page(form.VEHICLE_FRONT, FRONT)]).fields == FRONT


def test_the_rows_of_the_seal_make_one_name() -> None:
    rows = [line(row, 5, 42 + 5 * place, wide=18, tall=4) for place, row in enumerate(SEAL)]
    found = finding([*page(form.VEHICLE_FRONT, FRONT), *rows[::-1]])
    assert found.fields == {**FRONT, "issuing_authority": "四川省成都市公安局交通警察支队"}


def test_of_both_pages_the_side_page_has_a_plate_of_its_own() -> None:
    found = finding(page(form.VEHICLE_FRONT, FRONT) + page(form.VEHICLE_BACK, BACK | {"plate_no": "川A12346"}, down=64))
    assert found.side == "both"
    assert found.fields == BACK | FRONT | {"back_plate_no": "川A12346"}


def test_lines_without_labels_are_no_license() -> None:
    assert finding([line("谢谢惠顾", 10, 10, wide=20)]).document is None
    assert finding([]).flags == ("not_a_license",)


WORDS = """level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
1\t1\t0\t0\t0\t0\t0\t0\t800\t600\t-1\t
5\t1\t1\t1\t1\t1\t100\t50\t60\t30\t91.5\t号牌
5\t1\t1\t1\t1\t2\t170\t48\t30\t34\t80\t"
5\t1\t1\t1\t1\t3\t210\t48\t30\t34\t-1\t
5\t1\t1\t1\t2\t1\t100\t90\t50\t30\t70\t住址
"""


def test_tesseracts_words_become_lines_that_keep_their_places() -> None:
    first, second = (ReadLine.model_validate(each) for each in lines(WORDS))
    assert first.quad == ((100, 48), (200, 48), (200, 82), (100, 82))
    assert [(span.text, span.score, span.begin, span.end) for span in first.spans] == [
        ("号牌", 0.915, 0.0, 0.6),
        ('"', 0.8, 0.7, 1.0),
    ]
    assert [span.text for span in second.spans] == ["住址"]
