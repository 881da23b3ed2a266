"""The way back from a record's values to a vendor's texts: reading what was written gives the same values again."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import writing
from license_reader import values, vendors
from license_reader.columns import MAX_TEXT, Column, gather
from license_reader.license import FIELDS, Dimensions, License, Side
from license_reader.values import blank
from writing import pages, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hypothesis.strategies import SearchStrategy


def _columns(found: object) -> Iterator[Column]:
    """Every column in a module's value: a table, or tables in tuples and mappings."""
    if isinstance(found, Column):
        yield found
    elif isinstance(found, tuple):
        for part in found:
            yield from _columns(part)
    elif isinstance(found, dict | MappingProxyType):
        for part in found.values():
            yield from _columns(part)


def tables() -> dict[str, tuple[Column, ...]]:
    """All columns of each vendor's module and of our own reading, each once."""
    names = [f"license_reader.vendors.{module.name}" for module in pkgutil.iter_modules(vendors.__path__)]
    modules = [importlib.import_module(name) for name in (*names, "reading")]
    found = {module.__name__: tuple(dict.fromkeys(_columns(tuple(vars(module).values())))) for module in modules}
    return {name.rpartition(".")[2]: columns for name, columns in found.items() if columns}


TABLES = tables()
EVERY = [(vendor, column) for vendor, columns in TABLES.items() for column in columns]

PRINTED = st.text(
    st.one_of(
        st.sampled_from("川京ABZ019号路（）()-/、，·"), st.characters(codec="utf-8", exclude_categories=["C", "Z"])
    ),
    min_size=1,
    max_size=40,
)
TEXTS = PRINTED.map(str.strip).filter(lambda text: text and not blank(text))
CODES = st.text("0123456789ABCDEFGHJKLMNPRSTUVWXYZ川京皖-", min_size=1, max_size=20).filter(
    lambda text: not blank(text)
)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
MONTHS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)).map(lambda day: f"{day:%Y-%m}")
CLASSES = ("A1", "A2", "A3", "B1", "B2", "C1", "C2", "C3", "C4", "C5", "C6", "D", "E", "F", "M", "N", "P")
STATES = TEXTS.map(lambda text: "".join(part for part in text if part not in ",，、;；|")).map(str.strip)


def _one(name: str, strategy: SearchStrategy[Any]) -> SearchStrategy[dict[str, object]]:
    return strategy.map(lambda value: {name: value})


# What a record may hold where a column's text is read by this function; written down from the record's own side.
HELD: Mapping[Callable[..., object], Callable[[str], SearchStrategy[dict[str, object]]]] = {
    values.text: lambda name: _one(name, TEXTS),
    values.code: lambda name: _one(name, CODES),
    values.date: lambda name: _one(name, DAYS),
    values.month: lambda name: _one(name, MONTHS),
    values.count: lambda name: _one(name, st.integers(0, 9999)),
    values.mass: lambda name: _one(name, st.integers(0, 9_999_999)),
    values.persons: lambda name: st.one_of(
        st.integers(0, 999).map(lambda number: {name: number, f"{name}_text": f"{number}人"}),
        st.sampled_from(["驾驶室2人", "2+3人", "前排2人后排3人"]).map(lambda text: {f"{name}_text": text}),
    ),
    values.dimensions: lambda name: _one(
        name,
        st.builds(
            Dimensions,
            length_mm=st.integers(100, 99999),
            width_mm=st.integers(100, 99999),
            height_mm=st.integers(100, 99999),
        ),
    ),
    values.inspection: lambda name: st.one_of(
        st.builds("检验有效期至{0:%Y}年{0:%m}月{1}".format, DAYS, st.sampled_from(["", "皖A(4S)", "京N"])), TEXTS
    ).map(lambda text: dict(values.inspection(name, text))),
    values.validity: lambda name: st.one_of(
        _one(name, DAYS),
        st.integers(0, 99).map(lambda years: {"valid_years": years}),
        st.just({"long_term": True}),
    ),
    values.classes: lambda name: _one(name, st.lists(st.sampled_from(CLASSES), min_size=1, max_size=5).map(tuple)),
    values.listing: lambda name: _one(
        name, st.lists(STATES.filter(lambda text: not blank(text)), min_size=1, max_size=4).map(tuple)
    ),
}


def _record(held: Mapping[str, object]) -> License:
    """A license with these fields, of the document that has them."""
    document = next(document for document, fields in FIELDS.items() if set(held) <= set(fields.model_fields))
    return License(document=document, side=Side.FRONT, fields=FIELDS[document].model_validate(held))


@pytest.mark.parametrize(
    ("vendor", "column"), EVERY, ids=[f"{vendor}-{row.source}-{row.name}" for vendor, row in EVERY]
)
@settings(max_examples=15)  # of each of a hundred columns
@given(data=st.data())
def test_what_is_written_reads_as_the_same_value(vendor: str, column: Column, data: st.DataObject) -> None:
    held = data.draw(HELD[column.read](column.name))
    texts = written([column], _record(held))
    gathered = gather([column], texts, vendor=vendor)
    assert gathered.flags == []
    assert gathered.values == held
    assert all(len(text) <= MAX_TEXT for text in texts.values())


@pytest.mark.parametrize(("vendor", "columns"), TABLES.items(), ids=TABLES)
def test_what_a_license_lacks_is_left_out(vendor: str, columns: tuple[Column, ...]) -> None:
    assert vendor
    for document, fields in FIELDS.items():
        nothing = License(document=document, side=Side.FRONT, fields=fields())
        assert written(columns, nothing) == {}


def test_every_way_of_reading_a_text_has_one_of_writing_it() -> None:
    used = {column.read for _, column in EVERY}
    assert used <= set(writing._WRITERS)
    assert used <= set(HELD)


def test_no_way_of_reading_is_forgotten() -> None:
    readers = {
        function
        for name, function in vars(values).items()
        if callable(function)
        and getattr(function, "__module__", "") == values.__name__
        and not name.startswith("_")
        and name != "blank"
    }
    assert readers == set(writing._WRITERS)


def test_the_vendors_are_all_there() -> None:
    assert set(TABLES) >= {"tencent", "huawei", "megvii", "tencent_legacy", "reading"}


def test_a_number_of_persons_is_written_where_no_text_was_printed() -> None:
    held = _record({"passengers": 5})
    assert written([Column("passengers", "AllowNum", values.persons)], held) == {"AllowNum": "5人"}


@pytest.mark.parametrize("asked", Side)
@pytest.mark.parametrize("seen", Side)
def test_pages_are_told_that_were_seen_and_of_both_those_asked_for(asked: Side, seen: Side) -> None:
    shown = pages(asked, seen)
    if seen is not Side.BOTH:
        assert shown == {seen}
    elif asked is Side.BOTH:
        assert shown == {Side.FRONT, Side.BACK}
    else:
        assert shown == {asked}
