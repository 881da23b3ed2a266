"""INIT of the built reader beside that of the usual stack as SAM ships it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.performance import starts
from bench.performance.board import Row

if TYPE_CHECKING:
    from bench.performance.board import Seen, Tell

TARGET = 0.2


def measure(tell: Tell) -> Seen:
    """What the reader's start takes of the usual stack's."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        return starts.compared(starts.ours(place), starts.usual(place), place, TARGET, tell)


ROW = Row("INIT, against the usual stack as SAM ships it", f"<= {TARGET} x", measure)
