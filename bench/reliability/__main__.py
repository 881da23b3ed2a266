"""Measures the rows of the board and prints it: python -m bench.reliability [--share S] [ROW ...]."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.reliability.board import Row, as_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.reliability.board import Seen

# The modules that hold a row each, in the board's order.
ROWS = (
    "deaths",
    "soak",
    "rush",
    "lost_answers",
    "pace",
    "codes",
    "rotation",
    "hanging",
    "images",
    "replies",
    "canaries",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the board; returns 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.reliability", description="Breaks things on purpose.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"which to measure (default: all): {', '.join(ROWS)}")
    parser.add_argument("--share", type=float, default=1.0, help="of the full work, such as 0.01 (default: 1)")
    given = parser.parse_args(arguments)
    unknown = set(given.rows) - set(ROWS)
    if unknown:
        parser.error(f"no row is called {min(unknown)!r}; there are {', '.join(ROWS)}")
    found = [_measured(row(name), given.share) for name in given.rows or ROWS]
    Console().print(as_table(found))
    return int(not all(seen.held for _, seen in found))


def row(name: str) -> Row:
    """The row that this module holds."""
    held: Row = import_module(f"bench.reliability.{name}").ROW
    return held


def _measured(measured: Row, share: float) -> tuple[Row, Seen]:
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(measured.name, total=None)
        seen = measured.measure(share, lambda done, full: bar.update(task, completed=done, total=full))
    console.print(f"{'held' if seen.held else 'BROKEN'}: {measured.name}: {seen.figures}", soft_wrap=True)
    return measured, seen


if __name__ == "__main__":
    sys.exit(main())
