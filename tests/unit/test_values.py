"""Values: what papers and vendors print, read into the record's types or refused, never guessed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from license_reader import values
from license_reader.lexicon import VEHICLE_CLASSES
from license_reader.license import Dimensions, Inspection

if TYPE_CHECKING:
    from collections.abc import Callable

    from license_reader.values import Values

READERS = [
    values.text,
    values.code,
    values.date,
    values.month,
    values.mass,
    values.persons,
    values.dimensions,
    values.inspection,
    values.validity,
    values.classes,
    values.count,
    values.listing,
]

READ = [
    (values.text, " 上海市徐汇区 ", {"field": "上海市徐汇区"}),
    (values.code, "沪 a·12345", {"field": "沪A12345"}),
    (values.code, "*3140022893888*", {"field": "3140022893888"}),
    (values.code, "A00-00476807", {"field": "A00-00476807"}),
    (values.date, "2011-10-10", {"field": dt.date(2011, 10, 10)}),
    (values.date, "2011年1月9日", {"field": dt.date(2011, 1, 9)}),
    (values.date, "2011.10.10", {"field": dt.date(2011, 10, 10)}),
    (values.date, "20111010", {"field": dt.date(2011, 10, 10)}),
    (values.date, "２０１１-１０-１０", {"field": dt.date(2011, 10, 10)}),
    (values.month, "2015年11月", {"field": "2015-11"}),
    (values.month, "2015-3", {"field": "2015-03"}),
    (values.month, "２０１５年１１月", {"field": "2015-11"}),
    (values.month, "2015-11-30", {"field": "2015-11"}),
    (values.mass, "1837kg", {"field": 1837}),
    (values.mass, "1837 KG", {"field": 1837}),
    (values.mass, "12000千克", {"field": 12000}),
    (values.mass, "1837", {"field": 1837}),
    (values.persons, "5人", {"field": 5, "field_text": "5人"}),
    (values.persons, "驾驶室2人", {"field_text": "驾驶室2人"}),
    (values.persons, "2+3人", {"field_text": "2+3人"}),
    (
        values.dimensions,
        "4620×1780×1498mm",
        {"field": Dimensions(length_mm=4620, width_mm=1780, height_mm=1498)},
    ),
    (values.dimensions, "4620 X 1780x1498", {"field": Dimensions(length_mm=4620, width_mm=1780, height_mm=1498)}),
    (
        values.inspection,
        "检验有效期至2015年11月皖A(4S)",
        {"field": Inspection(text="检验有效期至2015年11月皖A(4S)", valid_until="2015-11", station="皖A(4S)")},
    ),
    (
        values.inspection,
        "检验有效期至2014年9月苏E(01) 检验有效期至2016年09月 苏E(02)",
        {
            "field": Inspection(
                text="检验有效期至2014年9月苏E(01) 检验有效期至2016年09月 苏E(02)",
                valid_until="2016-09",
                station="苏E(02)",
            )
        },
    ),
    (
        values.inspection,
        "至2016年09月苏E(02)检验有效期至2014年09月苏E(01)",
        {
            "field": Inspection(
                text="至2016年09月苏E(02)检验有效期至2014年09月苏E(01)", valid_until="2016-09", station="苏E(02)"
            )
        },
    ),
    (values.inspection, "有效期至2015年13月", {"field": Inspection(text="有效期至2015年13月")}),
    (values.inspection, "见电子凭证", {"field": Inspection(text="见电子凭证")}),
    (values.validity, "长期", {"long_term": True}),
    (values.validity, "至长期", {"long_term": True}),
    (values.validity, "6年", {"valid_years": 6}),
    (values.validity, "至 2031-04-02", {"field": dt.date(2031, 4, 2)}),
    (values.classes, "A1A2", {"field": ("A1", "A2")}),
    (values.classes, "b2, d", {"field": ("B2", "D")}),
    (values.classes, "C1", {"field": ("C1",)}),
    (values.count, "12分", {"field": 12}),
    (values.count, "0", {"field": 0}),
    (values.listing, "正常", {"field": ("正常",)}),
    (values.listing, "违法未处理, 逾期未检验；", {"field": ("违法未处理", "逾期未检验")}),
]


@pytest.mark.parametrize(("read", "text", "expected"), READ)
def test_a_text_is_read(read: Callable[[str, str], Values], text: str, expected: Values) -> None:
    assert read("field", text) == expected


REFUSED = [
    (values.date, "2011-13-10", "no day of the calendar"),
    (values.date, "2011-02-30", "no day of the calendar"),
    (values.date, "0000-01-01", "no day of the calendar"),
    (values.date, "11-10-10", "not a date"),
    (values.date, "2011-10", "not a date"),
    (values.month, "2015-13", "not a month"),
    (values.month, "2015-110", "not a month"),
    (values.month, "11月", "not a month"),
    (values.mass, "1,837kg", "not a mass"),
    (values.mass, "-5", "not a mass"),
    (values.dimensions, "4620×1780", "not three lengths"),
    (values.validity, "永远", "not a date"),
    (values.classes, "A9", "not vehicle classes"),
    (values.classes, "C1驾", "not vehicle classes"),
    (values.count, "十二", "not a number"),
]


@pytest.mark.parametrize(("read", "text", "complaint"), REFUSED)
def test_a_text_of_another_kind_is_refused_and_not_quoted(
    read: Callable[[str, str], Values], text: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=f"^{complaint}$"):
        read("field", text)


@pytest.mark.parametrize("text", [None, "", " ", "--", "—", "－", "/", "* *", "·", "无", "，"])
def test_what_stands_in_an_empty_slot_is_blank(text: str | None) -> None:
    assert values.blank(text)


@pytest.mark.parametrize("text", ["0", "A", "无锡市", "0-0", "沪"])
def test_anything_that_says_something_is_not_blank(text: str) -> None:
    assert not values.blank(text)


@given(st.sampled_from(READERS), st.text(min_size=1) | st.from_regex(r"[0-9年月日至×.*\-kg人A-F]{1,20}"))
def test_any_text_is_read_or_refused_and_nothing_read_is_empty(read: Callable[[str, str], Values], text: str) -> None:
    if values.blank(text):
        return
    try:
        told = read("field", text)
    except ValueError:
        return
    assert told
    assert all(value is not None and value not in {"", ()} for value in told.values())


@given(
    st.dates(), st.sampled_from(["{0:04}-{1:02}-{2:02}", "{0:04}年{1}月{2}日", "{0:04}.{1}.{2}", "{0:04}{1:02}{2:02}"])
)
def test_a_day_is_read_from_every_way_to_print_it(day: dt.date, form: str) -> None:
    assert values.date("field", form.format(day.year, day.month, day.day)) == {"field": day}


@given(
    st.lists(st.sampled_from(sorted(VEHICLE_CLASSES)), min_size=1),
    st.sampled_from(["", ",", " ", "、"]),
)
def test_classes_are_read_however_they_are_joined(classes: list[str], joint: str) -> None:
    assert values.classes("field", joint.join(classes)) == {"field": tuple(classes)}
