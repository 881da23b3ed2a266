"""Measures the bars of the board and prints it: python -m bench.performance [ROW ...]."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

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
    "batch",
    "fitting",
    "package",
    "growth",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the board; returns 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.performance", description="Measures ours beside the peers.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"which to measure (default: all): {', '.join(ROWS)}")
    given = parser.parse_args(arguments)
    unknown = set(given.rows) - set(ROWS)
    if unknown:
        parser.error(f"no row is called {min(unknown)!r}; there are {', '.join(ROWS)}")
    found = [_measured(row(name)) for name in given.rows or ROWS]
    Console().print(as_table(found))
    return int(not all(seen.held for _, seen in found))


def row(name: str) -> Row:
    """The bar that this module holds."""
    held: Row = import_module(f"bench.performance.{name}").ROW
    return held


def _measured(measured: Row) -> tuple[Row, Seen]:
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(measured.name, total=None)
        return measured, measured.measure(lambda done, full: bar.update(task, completed=done, total=full))


if __name__ == "__main__":
    sys.exit(main())
