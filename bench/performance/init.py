"""INIT of the built reader beside that of a bare function with clients for the same services."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.performance import starts
from bench.performance.board import Row

if TYPE_CHECKING:
    from bench.performance.board import Seen, Tell

TARGET = 1.6


def measure(tell: Tell) -> Seen:
    """How much longer the reader takes to start."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        return starts.compared(starts.ours(place), starts.bare(place), place, TARGET, tell)


ROW = Row("INIT, against a bare handler with boto3 clients", f"<= {TARGET} x", measure)
