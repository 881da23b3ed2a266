"""The way back from a record's values to a vendor's texts, by the same field tables that read them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from license_reader import values
from license_reader.license import Dimensions, Inspection, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from license_reader.columns import Column
    from license_reader.license import License

    type Writer = Callable[[Mapping[str, object], str], str | None]


def written(columns: Iterable[Column], license_: License) -> dict[str, str]:
    """A vendor's texts by the vendor's names, as its table reads them; what the license lacks is left out.

    Reading the texts by the same table gives the same values again.
    """
    told: dict[str, object] = dict(license_.fields)
    texts = ((column.source, _WRITERS[column.read](told, column.name)) for column in columns)
    return {source: text for source, text in texts if text}


def pages(asked: Side, seen: Side) -> frozenset[Side]:
    """The pages to tell of: those that were asked for and seen; of a single one, itself."""
    if seen is not Side.BOTH:
        return frozenset({seen})
    return frozenset({Side.FRONT, Side.BACK}) if asked is Side.BOTH else frozenset({asked})


def _text(told: Mapping[str, object], name: str) -> str | None:
    value = told.get(name)
    return None if value is None else str(value)


def _mass(told: Mapping[str, object], name: str) -> str | None:
    kilograms = _text(told, name)
    return None if kilograms is None else f"{kilograms}kg"


def _persons(told: Mapping[str, object], name: str) -> str | None:
    """The text as printed, where there is one: 驾驶室2人 is no number."""
    printed, number = _text(told, f"{name}_text"), _text(told, name)
    return printed or (None if number is None else f"{number}人")


def _dimensions(told: Mapping[str, object], name: str) -> str | None:
    size = told.get(name)
    return f"{size.length_mm}×{size.width_mm}×{size.height_mm}mm" if isinstance(size, Dimensions) else None


def _inspection(told: Mapping[str, object], name: str) -> str | None:
    record = told.get(name)
    return record.text if isinstance(record, Inspection) else None


def _validity(told: Mapping[str, object], name: str) -> str | None:
    """Until when a license holds: for good, a day, or a number of years on the old edition."""
    if told.get("long_term"):
        return "长期"
    day, years = _text(told, name), _text(told, "valid_years")
    return day or (None if years is None else f"{years}年")


def _joined(between: str) -> Writer:
    def join(told: Mapping[str, object], name: str) -> str | None:
        parts = told.get(name)
        return between.join(map(str, parts)) if isinstance(parts, tuple) else None

    return join


_WRITERS: Mapping[object, Writer] = MappingProxyType(
    {
        values.text: _text,
        values.code: _text,
        values.date: _text,
        values.month: _text,
        values.count: _text,
        values.mass: _mass,
        values.persons: _persons,
        values.dimensions: _dimensions,
        values.inspection: _inspection,
        values.validity: _validity,
        values.classes: _joined(""),
        values.listing: _joined(","),
    }
)
