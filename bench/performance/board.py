"""What a bar of the board is, and the table that all of them make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.command import Tell


@dataclass(frozen=True, slots=True)
class Seen:
    """What a bar saw in one run: our figure and the peer's in words, how the two compare, whether the target was met.

    `ratio` is ours to the peer's, or the peer's to ours where the target asks how much faster; None where the target
    is no ratio.
    """

    ours: str
    peer: str
    ratio: float | None
    held: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One bar: what is compared, what is asked of it, and how it is measured."""

    name: str
    target: str
    measure: Callable[[Tell], Seen]


def as_table(rows: Iterable[tuple[Row, Seen]]) -> Table:
    """The board as it is printed."""
    table = Table("bar", "ours", "peer", "ratio", "target", "", title="performance")
    for row, seen in rows:
        ratio = "" if seen.ratio is None else f"{seen.ratio:.2f} x"
        table.add_row(row.name, seen.ours, seen.peer, ratio, row.target, "held" if seen.held else "MISSED")
    return table
