"""What a row of the board is, and the table that all of them make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.command import Tell


@dataclass(frozen=True, slots=True)
class Seen:
    """What a row saw: its figures in words, and whether its target was met."""

    figures: str
    held: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is broken on purpose.

    `measure` is given a share of the full work, 1 for the board and less for a test, and whom to tell how far it is.
    """

    name: str
    target: str
    measure: Callable[[float, Tell], Seen]


def portion(full: int, share: float) -> int:
    """This share of a full count, one at least."""
    return max(round(full * share), 1)


def as_table(rows: Iterable[tuple[Row, Seen]]) -> Table:
    """The board as it is printed."""
    table = Table("test", "target", "seen", "", title="reliability")
    for row, seen in rows:
        table.add_row(row.name, row.target, seen.figures, "held" if seen.held else "BROKEN")
    return table
