"""What a whole document burns whose picture is a photo as phones take it."""

from __future__ import annotations

from bench.performance import documents, fitting


def photo() -> bytes:
    """The photo that the row `fitting` makes smaller; here it is sent as it is."""
    content, _ = fitting.photo()
    return content


ROW = documents.row(f"a phone's photo of {fitting.SIZE[0] * fitting.SIZE[1] / 1e6:.0f} megapixels", photo)
