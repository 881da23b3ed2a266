"""Measures the rows of the board and prints it: python -m bench.reliability [--share S] [ROW ...]."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from rich.console import Console

from bench import command
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
    parser = command.parser("bench.reliability", "Breaks things on purpose.", ROWS)
    parser.add_argument("--share", type=float, default=1.0, help="of the full work, such as 0.01 (default: 1)")
    given = parser.parse_args(arguments)
    found = [_measured(row(name), given.share) for name in given.rows]
    Console().print(as_table(found))
    return int(not all(seen.held for _, seen in found))


def row(name: str) -> Row:
    """The row that this module holds."""
    held: Row = import_module(f"bench.reliability.{name}").ROW
    return held


def _measured(measured: Row, share: float) -> tuple[Row, Seen]:
    with command.shown(measured.name) as tell:
        seen = measured.measure(share, tell)
    command.progress.print(f"{'held' if seen.held else 'BROKEN'}: {measured.name}: {seen.figures}", soft_wrap=True)
    return measured, seen


if __name__ == "__main__":
    sys.exit(main())
