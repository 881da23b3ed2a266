"""The performance board: every bar is there, and the table says which were missed."""

from __future__ import annotations

from io import StringIO

import pytest
from bench.performance.__main__ import ROWS, row
from bench.performance.board import Row, Seen, as_table
from rich.console import Console


@pytest.mark.parametrize("name", ROWS)
def test_every_bar_can_be_measured(name: str) -> None:
    held = row(name)
    assert isinstance(held, Row)
    assert held.name
    assert any(comparison in held.target for comparison in ("<=", ">="))


def test_the_table_tells_what_was_missed() -> None:
    bar = Row("speed", "<= 1 x", lambda tell: Seen("1", "2", 0.5, held=bool(tell)))
    console = Console(width=100, file=StringIO(), record=True)
    console.print(as_table([(bar, Seen("2 s", "4 s", 0.5, held=True)), (bar, Seen("9 MB", "8 MB", None, held=False))]))
    lines = [line for line in console.export_text().splitlines() if "speed" in line]
    assert [line.split("│")[2:] for line in lines] == [
        [" 2 s  ", " 4 s  ", " 0.50 x ", " <= 1 x ", " held   ", ""],
        [" 9 MB ", " 8 MB ", "        ", " <= 1 x ", " MISSED ", ""],
    ]
