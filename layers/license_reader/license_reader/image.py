"""The picture: what its first bytes say, whether it may be decoded, and how to bring it within a vendor's limits.

Only `fit` decodes, and only what `gate` has let through: a few hundred kilobytes of JPEG can ask for gigabytes of
memory, so the size is read from the header before any decoder sees the picture.
"""

from __future__ import annotations

import io
import math
import re
import struct
import threading
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from license_reader.errors import CannotFit, ImageRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL.Image import Image as Pixels
    from PIL.ImageFile import ImageFile

    from license_reader.license import Polygon

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 64_000_000
MIN_EDGE = 32

# What Pillow may be asked to open, by our name for the format; nothing else reaches a decoder.
DECODERS = {"jpeg": "JPEG", "png": "PNG", "bmp": "BMP", "tiff": "TIFF", "webp": "WEBP"}

# JPEG qualities to try at full size. Below the last one, blocks eat the strokes of dense characters; a picture that
# is still too heavy loses pixels instead, of which a photo of a card has more than enough.
_QUALITIES = (92, 85, 75)
# A photo with a short edge below this leaves some ten pixels to a character of a card: whoever reads it, misreads it.
_LEGIBLE_EDGE = 600
# Draft decoding and the first, coarse pass of a reduction stay this many times above the wanted size: nearer, they
# blur the strokes (measured: 7 levels of mean difference at 1.1 times, none at 2).
_REDUCING_GAP = 2.0

_ORIENTATION = 0x0112

# A picture of MAX_PIXELS takes some 200 MB while it is decoded: two at a time fit beside all else in the function's
# memory, the ten threads of a batch would not.
_DECODING = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor takes: formats, bytes of the picture itself, and edges in pixels."""

    formats: frozenset[str]
    max_bytes: int
    max_edge: int | None = None
    min_edge: int | None = None

    def take(self, image: Image) -> bool:
        """Whether the picture may be sent as it is."""
        return (
            image.format in self.formats
            and len(image.content) <= self.max_bytes
            and (self.max_edge is None or max(image.width, image.height) <= self.max_edge)
            and (self.min_edge is None or min(image.width, image.height) >= self.min_edge)
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """The upload that a fitted picture was made from: its size as stored, and the EXIF turn that was undone."""

    width: int
    height: int
    orientation: int = 1


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that passed the gate; `width` and `height` in pixels as stored, before any EXIF turn.

    `origin` is None for the upload itself.
    """

    content: bytes = field(repr=False)
    format: str
    width: int
    height: int
    origin: Origin | None = None


def gate(content: bytes) -> Image:
    """The picture in these bytes, by its magic bytes and header alone.

    Raises:
        ImageRejected: no picture, of a format that is not read, damaged, too large or too small.
    """
    name = next((name for name, magic in _MAGIC.items() if magic.match(content)), None)
    if name is None:
        raise ImageRejected("not_an_image", _nothing_known(content))
    if name in _REFUSED:
        raise ImageRejected("unsupported_format", _REFUSED[name])
    if len(content) > MAX_BYTES:
        raise ImageRejected("image_too_large", f"{len(content)} bytes, at most {MAX_BYTES} are read")
    try:
        width, height = _SIZES[name](content)
    except struct.error as error:
        raise ImageRejected("image_damaged", f"the {name} header is cut off") from error
    if width < 1 or height < 1:
        raise ImageRejected("image_damaged", f"the {name} header says {width} x {height} pixels")
    if width * height > MAX_PIXELS:
        raise ImageRejected("image_too_large", f"{width} x {height} pixels, at most {MAX_PIXELS} in all are decoded")
    if min(width, height) < MIN_EDGE:
        raise ImageRejected("image_too_small", f"{width} x {height} pixels, a page needs {MIN_EDGE} on either edge")
    return Image(content=content, format=name, width=width, height=height)


def fit(image: Image, limits: Limits) -> Image:
    """The same picture when the limits take it, else a JPEG of it that they take; never enlarged.

    Pixels are kept before quality down to JPEG quality 75, then quality before pixels: see `_QUALITIES`. A JPEG
    made here stands upright and carries no EXIF, so no place or time of the photo reaches a vendor either.

    Raises:
        CannotFit: no picture that can still be read is within the limits.
        ImageRejected: the picture cannot be decoded.
    """
    if limits.take(image):
        return image
    if "jpeg" not in limits.formats:
        raise CannotFit(f"takes {', '.join(sorted(limits.formats))}; pictures are re-encoded as jpeg only")
    floor = limits.min_edge or 1
    if min(image.width, image.height) < floor:
        raise CannotFit(f"{image.width} x {image.height} pixels, at least {floor} wanted; pictures are not enlarged")
    scale = min(1.0, (limits.max_edge or math.inf) / max(image.width, image.height))
    if round(min(image.width, image.height) * scale) < floor:
        raise CannotFit(f"{image.width} x {image.height} pixels: too narrow for edges of {floor} to {limits.max_edge}")
    with _DECODING:
        pixels, orientation = _decoded(image, scale)
        content, pixels = _encoded(pixels, limits.max_bytes, floor=max(floor, _LEGIBLE_EDGE))
    origin = Origin(width=image.width, height=image.height, orientation=orientation)
    return Image(content=content, format="jpeg", width=pixels.width, height=pixels.height, origin=origin)


def restore(boxes: Mapping[str, Polygon], image: Image) -> dict[str, Polygon]:
    """The boxes found in a picture, in the pixels of the upload that it was made from."""
    origin = image.origin
    if origin is None:
        return dict(boxes)
    stored, turn = (origin.width, origin.height), _TURNED_BACK[origin.orientation]
    upright = stored[::-1] if origin.orientation in _SIDEWAYS else stored
    across, down = upright[0] / image.width, upright[1] / image.height
    return {name: tuple(turn(x * across, y * down, *stored) for x, y in box) for name, box in boxes.items()}


# Where a point (x, y) of the upright picture lies in the stored one of width w and height h, by EXIF orientation.
_TURNED_BACK: Mapping[int, Callable[[float, float, int, int], tuple[float, float]]] = MappingProxyType(
    {
        1: lambda x, y, _w, _h: (x, y),
        2: lambda x, y, w, _h: (w - x, y),
        3: lambda x, y, w, h: (w - x, h - y),
        4: lambda x, y, _w, h: (x, h - y),
        5: lambda x, y, _w, _h: (y, x),
        6: lambda x, y, _w, h: (y, h - x),
        7: lambda x, y, w, h: (w - y, h - x),
        8: lambda x, y, w, _h: (w - y, x),
    }
)
_SIDEWAYS = frozenset({5, 6, 7, 8})


# The header, format by format. A read past the end raises struct.error, which the gate takes for a header cut off.

_MAGIC = MappingProxyType(
    {
        name: re.compile(pattern, re.DOTALL)
        for name, pattern in {
            "jpeg": rb"\xff\xd8\xff",
            "png": rb"\x89PNG\r\n\x1a\n",
            # Two letters prove little: the size of the second header must be one that exists.
            "bmp": rb"BM.{12}(?:\x0c|\x28|\x34|\x38|\x40|\x6c|\x7c)\0\0\0",
            "tiff": rb"II\x2a\0|MM\0\x2a",
            "webp": rb"RIFF.{4}WEBP",
            "bigtiff": rb"II\x2b\0|MM\0\x2b",
            "gif": rb"GIF8[79]a",
            "avif": rb".{4}ftypavi[fs]",
            "heic": rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif[12]|msf1)",
            "pdf": rb"(?:\xef\xbb\xbf)?\s*%PDF-",
            "jpeg2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
            "jpegxl": rb"\0\0\0\x0cJXL |\xff\x0a",
        }.items()
    }
)

_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "bigtiff": "a BigTIFF picture; save it as JPEG or as plain TIFF",
        "gif": "a GIF picture has too few colours for a photo; save it as JPEG or PNG",
        "avif": "an AVIF picture; save it as JPEG",
        "heic": 'a HEIC picture; set the phone\'s camera to "most compatible", or save it as JPEG',
        "pdf": "a PDF document; export the page as JPEG or PNG",
        "jpeg2000": "a JPEG 2000 picture; save it as JPEG",
        "jpegxl": "a JPEG XL picture; save it as JPEG",
    }
)

# Skips what stands between segments, as libjpeg does, and stops at the next marker. Possessive throughout, so that
# no run of fill bytes costs more than its length.
_MARKER = re.compile(rb"[^\xff]*+(?:\xff++\x00[^\xff]*+)*+\xff++([\x01-\xfe])", re.DOTALL)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_END, _SCAN = 0xD9, 0xDA
# A twenty-megabyte file cut into 64 KB segments, as large profiles are, has 320.
_MAX_SEGMENTS = 1024


def _jpeg(content: bytes) -> tuple[int, int]:
    """The size from the frame header (SOF), baseline or progressive, behind whatever segments come first."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker = _MARKER.match(content, position)
        if marker is None or marker[1][0] in {_END, _SCAN}:
            break
        position = marker.end()
        if marker[1][0] in _BARE:
            continue
        if marker[1][0] in _FRAMES:
            height, width = struct.unpack_from(">3xHH", content, position)
            return width, height
        (length,) = struct.unpack_from(">H", content, position)
        position += length
    raise ImageRejected("image_damaged", "no frame header in the jpeg: its size is unknown")


def _png(content: bytes) -> tuple[int, int]:
    if content[12:16] != b"IHDR" and len(content) >= 16:
        raise ImageRejected("image_damaged", "the png does not begin with its header chunk")
    width, height = struct.unpack_from(">II", content, 16)
    return width, height


def _bmp(content: bytes) -> tuple[int, int]:
    """The size; a negative height means that the rows run downwards."""
    if content[14] == 12:
        width, height = struct.unpack_from("<HH", content, 18)
    else:
        width, height = struct.unpack_from("<ii", content, 18)
    return width, abs(height)


def _tiff(content: bytes) -> tuple[int, int]:
    """The size of the first picture, from ImageWidth and ImageLength in its directory."""
    order = "<" if content[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, directory)
    sizes: dict[int, int] = {}
    for entry in range(directory + 2, directory + 2 + 12 * min(count, 64), 12):
        tag, kind = struct.unpack_from(f"{order}HH", content, entry)
        if tag in {256, 257} and kind in {3, 4}:
            (sizes[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", content, entry + 8)
    if len(sizes) < 2:
        raise ImageRejected("image_damaged", "the tiff's directory does not tell width and height")
    return sizes[256], sizes[257]


def _webp(content: bytes) -> tuple[int, int]:
    """The size, from the header of whichever of the three kinds it is: lossy, lossless, extended."""
    kind = content[12:16]
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and content[20:21] == b"\x2f":
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        width, width_high, height, height_high = struct.unpack_from("<HBHB", content, 24)
        return (width | width_high << 16) + 1, (height | height_high << 16) + 1
    raise ImageRejected("image_damaged", "the webp's first chunk is of no known kind")


_SIZES: Mapping[str, Callable[[bytes], tuple[int, int]]] = MappingProxyType(
    {"jpeg": _jpeg, "png": _png, "bmp": _bmp, "tiff": _tiff, "webp": _webp}
)


def _nothing_known(content: bytes) -> str:
    if not content:
        return "an empty object"
    return f"{len(content)} bytes that begin like no picture; {', '.join(DECODERS)} are read"


# The pixels. Pillow is imported where it is needed: most uploads are sent as they are.


def _decoded(image: Image, scale: float) -> tuple[Pixels, int]:
    """The picture upright, in RGB or grey and reduced by `scale`, with the EXIF orientation that was undone."""
    from PIL import Image as Pillow  # noqa: PLC0415

    try:
        with Pillow.open(io.BytesIO(image.content), formats=[DECODERS[image.format]]) as opened:
            return _upright(opened, image, scale)
    except (ImageRejected, MemoryError):
        raise
    except Exception as error:  # a decoder fed with broken bytes raises whatever it trips over
        raise ImageRejected("image_damaged", f"the {image.format} cannot be decoded") from error


def _upright(opened: ImageFile, image: Image, scale: float) -> tuple[Pixels, int]:
    """The opened picture decoded, turned as its EXIF says and reduced, with the orientation that was undone."""
    from PIL import ImageOps  # noqa: PLC0415

    if sorted(opened.size) != sorted((image.width, image.height)):  # Pillow turns a tiff's size, and only a tiff's
        raise ImageRejected("image_damaged", f"the {image.format} header names two sizes")
    told = opened.getexif().get(_ORIENTATION, 1)
    orientation = told if told in _TURNED_BACK else 1
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if scale < 1:  # a JPEG is then decoded at a half, a quarter or an eighth, in a fraction of time and memory
        opened.draft(None, (math.ceil(size[0] * _REDUCING_GAP), math.ceil(size[1] * _REDUCING_GAP)))
    opened.load()
    ImageOps.exif_transpose(opened, in_place=True)
    return _flat(_resized(opened, size[::-1] if orientation in _SIDEWAYS else size)), orientation


def _flat(pixels: Pixels) -> Pixels:
    """The pixels as RGB or grey of eight bits, what is transparent white."""
    from PIL import Image as Pillow  # noqa: PLC0415

    if pixels.mode.startswith("I"):  # sixteen bits: Pillow's own conversion clips instead of scaling
        return pixels.point(lambda level: level * (1 / 256)).convert("L")
    if pixels.has_transparency_data:
        seen = pixels.convert("RGBA")
        return Pillow.alpha_composite(Pillow.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return pixels if pixels.mode in {"RGB", "L"} else pixels.convert("RGB")


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    from PIL.Image import Resampling  # noqa: PLC0415

    return pixels if pixels.size == size else pixels.resize(size, Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)


def _encoded(pixels: Pixels, max_bytes: int, *, floor: int) -> tuple[bytes, Pixels]:
    """A JPEG of at most `max_bytes`, and the pixels that it holds: lower quality first, then fewer pixels."""
    content = b""
    for quality in _QUALITIES:
        content = _jpeg_of(pixels, quality)
        if len(content) <= max_bytes:
            return content, pixels
    reduced = pixels
    while len(content) > max_bytes:
        # Bytes go with the area; aimed a little low, so that one round mostly does.
        factor = min(0.9, 0.95 * math.sqrt(max_bytes / len(content)))
        size = (int(reduced.width * factor), int(reduced.height * factor))
        if min(size) < floor:
            raise CannotFit(f"more than {max_bytes} bytes at the least size that can be read, {floor} pixels")
        reduced = _resized(pixels, size)
        content = _jpeg_of(reduced, _QUALITIES[-1])
    return content, reduced


def _jpeg_of(pixels: Pixels, quality: int) -> bytes:
    written = io.BytesIO()
    pixels.save(written, "JPEG", quality=quality)
    return written.getvalue()
