"""INIT of the built reader beside that of the usual stack as SAM ships it."""

from __future__ import annotations

from bench.performance import starts

ROW = starts.row("INIT, against the usual stack as SAM ships it", starts.usual, 0.2)
