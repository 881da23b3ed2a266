"""The picture: what its first bytes say, whether it may be decoded, and how to bring it within a vendor's limits."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 64_000_000
MIN_EDGE = 32

# What Pillow may be asked to open, by our name for the format; nothing else reaches a decoder.
DECODERS = {"jpeg": "JPEG", "png": "PNG", "bmp": "BMP", "tiff": "TIFF", "webp": "WEBP"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor takes: formats, bytes of the picture itself, and edges in pixels."""

    formats: frozenset[str]
    max_bytes: int
    max_edge: int | None = None
    min_edge: int | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that passed the gate; `width` and `height` in pixels as stored, before any EXIF turn."""

    content: bytes
    format: str
    width: int
    height: int
