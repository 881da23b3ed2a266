"""Measures the bars of the board and prints it: python -m bench.performance [ROW ...]."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from rich.console import Console

from bench import command
from bench.performance.board import Row, as_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.performance.board import Seen

# The modules that hold a bar each, in the board's order.
ROWS = (
    "init",
    "init_usual",
    "calls",
    "document",
    "document_small",
    "batch",
    "fitting",
    "package",
    "growth",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the board; returns 1 if a target was missed."""
    parser = command.parser("bench.performance", "Measures ours beside the peers.", ROWS)
    given = parser.parse_args(arguments)
    found = [_measured(row(name)) for name in given.rows]
    Console().print(as_table(found))
    return int(not all(seen.held for _, seen in found))


def row(name: str) -> Row:
    """The bar that this module holds."""
    held: Row = import_module(f"bench.performance.{name}").ROW
    return held


def _measured(measured: Row) -> tuple[Row, Seen]:
    with command.shown(measured.name) as tell:
        return measured, measured.measure(tell)


if __name__ == "__main__":
    sys.exit(main())
