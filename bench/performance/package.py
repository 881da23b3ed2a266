"""The bytes of the reader's layer and function, with Pillow and without, beside those of the usual stack."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.performance import starts
from bench.performance.board import Row, Seen

if TYPE_CHECKING:
    from bench.command import Tell

MEGABYTE = 1_000_000
WITHOUT, WITH = 30, 50  # megabytes
PILLOW = ("PIL", "pillow.libs")


def measure(_: Tell) -> Seen:
    """What Lambda unpacks for each."""
    with TemporaryDirectory() as folder:
        ours, usual = starts.ours(Path(folder)), starts.usual(Path(folder))
        pillow = sum(starts.size(layer / "python" / part) for layer in ours.layers for part in PILLOW)
        whole, its = ours.size, usual.size
    held = pillow > 0 and whole - pillow <= WITHOUT * MEGABYTE and whole <= WITH * MEGABYTE
    return Seen(
        f"{(whole - pillow) / MEGABYTE:.1f} MB, {whole / MEGABYTE:.1f} MB with Pillow",
        f"{its / MEGABYTE:.1f} MB without byte code or Pillow",
        (whole - pillow) / its,
        held,
    )


ROW = Row("package: reader layer + function, unzipped", f"<= {WITHOUT} MB without Pillow, <= {WITH} MB with", measure)
