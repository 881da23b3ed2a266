"""Field tables: what a vendor calls a field of the record, and how its text becomes the value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from license_reader import values
from license_reader.flags import Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from license_reader.values import Values


@dataclass(frozen=True, slots=True)
class Column:
    """One row of a vendor's table: the canonical name, the vendor's name, and the reading of its text."""

    name: str
    source: str
    read: Callable[[str, str], Values] = values.text


@dataclass(slots=True)
class Gathered:
    """The canonical values of one reply, and a flag for each text that could not be understood."""

    values: dict[str, object] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)


def gather(columns: Iterable[Column], source: Mapping[str, object], *, vendor: str) -> Gathered:
    """The values that a reply's fields yield by the table; what the reply lacks is left out.

    A later column does not overwrite an earlier one's value, so that a table may name a second source for a field.
    """
    gathered = Gathered()
    for column in columns:
        told = source.get(column.source)
        if told is None or (isinstance(told, str) and values.blank(told)):
            continue
        try:
            read = column.read(column.name, told if isinstance(told, str) else _as_text(told))
        except ValueError as error:
            gathered.flags.append(Flag.of("unreadable_value", vendor, column.name, detail=str(error)))
            continue
        for name, value in read.items():
            gathered.values.setdefault(name, value)
    return gathered


def _as_text(told: object) -> str:
    """A number or a list of texts as the one text that the table's functions read."""
    if isinstance(told, list) and all(isinstance(part, str) for part in told):
        return ",".join(told)
    if isinstance(told, int | float) and not isinstance(told, bool):
        return str(told)
    raise ValueError(f"a {type(told).__name__} where a text was expected")
