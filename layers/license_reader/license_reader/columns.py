"""Field tables: what a vendor calls a field of the record, and how its text becomes the value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from license_reader import values
from license_reader.flags import Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from license_reader.values import Values


MAX_TEXT = 2000
"""What is longer is no field of a paper, and a few of them would not fit into a record."""


@dataclass(frozen=True, slots=True)
class Column:
    """One row of a vendor's table: the canonical name, the vendor's name, and the reading of its text."""

    name: str
    source: str
    read: Callable[[str, str], Values] = values.text


@dataclass(slots=True)
class Gathered:
    """The canonical values of one reply, the vendor's name for each, and a flag for each text not understood."""

    values: dict[str, object] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)


def gather(columns: Iterable[Column], source: Mapping[str, object], *, vendor: str) -> Gathered:
    """The values that a reply's fields yield by the table; what the reply lacks is left out.

    A later column does not overwrite an earlier one's value, so that a table may name a second source for a field.
    """
    gathered = Gathered()
    for column in columns:
        told = source.get(column.source)
        try:
            text = _as_text(told)
            if text is None or values.blank(text):
                continue
            if len(text) > MAX_TEXT:
                raise ValueError(f"{len(text)} characters; no slot of a license holds so many")  # noqa: TRY301
            read = column.read(column.name, text)
        except ValueError as error:
            gathered.flags.append(Flag.of("unreadable_value", vendor, column.name, detail=str(error)))
            continue
        for name, value in read.items():
            if name not in gathered.values:
                gathered.values[name] = value
                gathered.sources[name] = column.source
    return gathered


def beside(columns: Iterable[Column]) -> tuple[Column, ...]:
    """A vehicle's side page as it is read beside the main page: its plate gets a field of its own."""
    return tuple(replace(column, name="back_plate_no") if column.name == "plate_no" else column for column in columns)


def joined(front: Gathered, back: Gathered, *, vendor: str) -> Gathered:
    """Both pages as one: where both tell a field the main page's value stands, and a contradiction is flagged."""
    differ = [name for name, value in back.values.items() if front.values.get(name, value) != value]
    flags = [Flag.of("front_back_mismatch", vendor, *differ)] if differ else []
    return Gathered(
        values=back.values | front.values,
        sources=back.sources | front.sources,
        flags=[*front.flags, *back.flags, *flags],
    )


def _as_text(told: object) -> str | None:
    """A number or a list of texts as the one text that the table's functions read."""
    if told is None or isinstance(told, str):
        return told
    if isinstance(told, list) and all(isinstance(part, str) for part in told):
        return ",".join(told)
    if isinstance(told, int | float) and not isinstance(told, bool):
        return str(told)
    raise ValueError(f"a {type(told).__name__} where a text was expected")
