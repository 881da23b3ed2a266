"""The picture: what its first bytes say, whether it may be decoded, and how to bring it within a vendor's limits.

Only `fit` decodes, and only what `gate` has let through: a few hundred kilobytes of JPEG can ask for gigabytes of
memory, so what decoding will take is read from the header before any decoder sees the picture.
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
    from collections.abc import Callable, Iterator, Mapping

    from PIL.Image import Image as Pixels
    from PIL.ImageFile import ImageFile

    from license_reader.license import Polygon

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 64_000_000
MAX_EDGE = 65_500
"""The longest edge that a JPEG can have by libjpeg, and so any picture here: rows are then bands of bounded size."""
MIN_EDGE = 32
MAX_MEMORY = 216_000_000
"""What decoding may take by what a header tells, in bytes; with what a warm process keeps of earlier ones, 256 MB.

Two pictures at a time fit beside all else in the function's memory, the ten of a batch would not.
"""

# What Pillow may be asked to open, by our name for the format; nothing else reaches a decoder.
DECODERS = {"jpeg": "JPEG", "png": "PNG", "bmp": "BMP", "tiff": "TIFF", "webp": "WEBP"}

# JPEG qualities, the best that fits is taken. Below the last one, blocks eat the strokes of dense characters; a
# picture that is still too heavy loses pixels instead, of which a photo of a card has more than enough.
_QUALITIES = (92, 85, 75)
# A photo with a short edge below this leaves some ten pixels to a character of a card: whoever reads it, misreads it.
_LEGIBLE_EDGE = 600
# A photo whose short edge is above this leaves 25 of them, more than any reader uses. Of a JPEG that is too heavy only
# so much is decoded, as its own transform gives a half, a quarter or an eighth of the pixels for less than all of them.
_AMPLE_EDGE = 1500
# What is to be resized is decoded, and coarsely reduced, to no less than so many times the wanted size: nearer, that
# blurs the strokes (measured: 7 levels of mean difference at 1.1 times, none at 2).
_REDUCING_GAP = 2.0
# A JPEG's weight is foretold from a band of rows, as its encoder takes them, out of every so many. It is tried where
# it is foretold to be no more than so many times too heavy: bands from all over a photo err by less.
_BAND_ROWS, _BAND_EVERY, _MIN_BANDS = 16, 8, 8
_BAND_ERROR = 1.1

# A picture made anew has no more pixels than this: a card needs a tenth, and each costs four bytes while it is made.
_KEPT_PIXELS = 16_100_000
# Pixels that are converted at a time: a whole picture in a second colour space would take its memory twice.
_BAND_PIXELS = 1_000_000
# Pixels that the scans of a JPEG may visit in all. A scan can say nothing in a few bytes and still cost a pass over
# the picture; photos have some ten scans.
_MAX_VISITS = 4_000_000_000
# Texts that a PNG may unpack, in bytes.
_MAX_TEXTS = 4_000_000

_ORIENTATION = 0x0112

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
        header = _HEADERS[name](content)
    except struct.error as error:
        raise ImageRejected("image_damaged", f"the {name} header is cut off") from error
    width, height = header.width, header.height
    if width < 1 or height < 1:
        raise ImageRejected("image_damaged", f"the {name} header says {width} x {height} pixels")
    if width * height > MAX_PIXELS:
        raise ImageRejected("image_too_large", f"{width} x {height} pixels, at most {MAX_PIXELS} in all are decoded")
    if max(width, height) > MAX_EDGE:
        raise ImageRejected("image_too_large", f"{width} x {height} pixels, no edge may have more than {MAX_EDGE}")
    if min(width, height) < MIN_EDGE:
        raise ImageRejected("image_too_small", f"{width} x {height} pixels, a page needs {MIN_EDGE} on either edge")
    if (needed := header.memory + _copies(content)) > MAX_MEMORY:
        least = f"a {name} of {width} x {height} pixels that takes {needed // 1_000_000} MB of memory to decode"
        raise ImageRejected("image_too_large", f"{least}; save it as a JPEG that is not progressive, or smaller")
    return Image(content=content, format=name, width=width, height=height)


def fit(image: Image, limits: Limits) -> Image:
    """The same picture when the limits take it, else a JPEG of it that they take; never enlarged.

    Of a JPEG that is too heavy a half, a quarter or an eighth is decoded where that leaves ample pixels, see
    `_AMPLE_EDGE`. Then pixels, of which sixteen million are enough, are kept before quality down to JPEG quality 75,
    and quality before pixels: see `_QUALITIES`. A JPEG made here stands upright and carries neither EXIF nor comment,
    so no place or time of the photo reaches a vendor either.

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
    max_edge = limits.max_edge or MAX_EDGE
    scale = min(1.0, max_edge / max(image.width, image.height))
    if round(min(image.width, image.height) * scale) < floor:
        raise CannotFit(f"{image.width} x {image.height} pixels: too narrow for edges of {floor} to {max_edge}")
    size = _reduced(image, scale)
    if len(image.content) > limits.max_bytes:
        size = _ample(image, size, floor)
    with _DECODING:
        pixels, orientation = _decoded(image, size)
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


@dataclass(frozen=True, slots=True)
class _Header:
    """What a header tells: the size, and the bytes that decoder, decoded picture and what is made of it hold at once.

    For a JPEG these are the least: it can be decoded at an eighth of its size.
    """

    width: int
    height: int
    memory: int


def _kept(width: int, height: int) -> int:
    """The bytes of what is made of a picture."""
    return 4 * min(width * height, _KEPT_PIXELS)


def _copies(content: bytes) -> int:
    """The bytes that decoders hold of the file itself: profiles and notes are taken out, compressed data is copied."""
    return 2 * len(content)


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
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_END, _SCAN = 0xD9, 0xDA
_START_OF_SCAN = bytes([0xFF, _SCAN])
# A twenty-megabyte file cut into 64 KB segments, as large profiles are, has 320.
_MAX_SEGMENTS = 1024


def _jpeg(content: bytes) -> _Header:
    """What the first frame header (SOF) tells, baseline or progressive, behind whatever segments come first."""
    segments = _segments(content)
    for marker, at in segments:
        if marker in _FRAMES:
            height, width, colours = struct.unpack_from(">3xHHB", content, at)
            samplings = content[at + 9 : at + 8 + 3 * colours : 3]
            coefficients = _coefficients(width * height, samplings)
            if marker in _PROGRESSIVE:
                return _Header(width, height, coefficients + width * height // 8)
            scan = next((at for marker, at in segments if marker == _SCAN), None)
            if scan is None or content[scan + 2 : scan + 3] == bytes([colours]):
                return _Header(width, height, 0)
            # Sequential, each colour in a scan of its own. Decoders do not look for it and may decode it in full.
            return _Header(width, height, coefficients + 4 * width * height + _kept(width, height))
    raise ImageRejected("image_damaged", "no frame header in the jpeg: its size is unknown")


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """The markers that have a payload, with where it begins, up to the first scan."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.match(content, position)
        if found is None or found[1][0] == _END:
            return
        marker, position = found[1][0], found.end()
        if marker in _BARE:
            continue
        yield marker, position
        if marker == _SCAN:
            return
        (length,) = struct.unpack_from(">H", content, position)
        position += length


def _coefficients(pixels: int, samplings: bytes) -> int:
    """The bytes that a JPEG's coefficients take, which are all kept until the last scan came: two for each sample.

    They come in many pieces, for which the allocator finds less room than it has: an eighth is added.
    """
    across, down = [byte >> 4 or 1 for byte in samplings], [byte & 15 or 1 for byte in samplings]
    samples = sum(x * y for x, y in zip(across, down, strict=True))
    return 9 * pixels * samples // (4 * max(across, default=1) * max(down, default=1))


def _png(content: bytes) -> _Header:
    if content[12:16] != b"IHDR" and len(content) >= 16:
        raise ImageRejected("image_damaged", "the png does not begin with its header chunk")
    width, height = struct.unpack_from(">II", content, 16)
    grey_or_palette = content[25:26] in {b"\0", b"\x03"}
    return _Header(width, height, (2 if grey_or_palette else 4) * width * height + _kept(width, height))


def _bmp(content: bytes) -> _Header:
    """What either kind of header tells; a negative height means that the rows run downwards."""
    if content[14] == 12:
        width, height, bits = struct.unpack_from("<HH2xH", content, 18)
    else:
        width, height, bits, compression = struct.unpack_from("<ii2xHI", content, 18)
        if compression in _BMP_RUNS:
            raise ImageRejected("unsupported_format", "a BMP picture compressed by runs; save it as JPEG or PNG")
    height = abs(height)
    return _Header(width, height, (1 if bits <= 8 else 4) * width * height + _kept(width, height))


# Runs are taken apart in Python, a pixel at a time, for many seconds if they are made for it.
_BMP_RUNS = frozenset({1, 2})


def _tiff(content: bytes) -> _Header:
    """What the first picture's directory tells."""
    order = "<" if content[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, directory)
    if count > _MAX_ENTRIES:
        raise ImageRejected("image_damaged", f"{count} entries in the tiff's directory")
    told: dict[int, int] = {}
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(f"{order}HHI", content, entry)
        if tag in _TIFF_TAGS and tag not in told and kind in {3, 4}:
            at = entry + 8
            if number > (2 if kind == 3 else 1):  # one for each colour: the first stands for all
                (at,) = struct.unpack_from(f"{order}I", content, at)
            (told[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", content, at)
    if not {_WIDTH, _LENGTH} <= told.keys():
        raise ImageRejected("image_damaged", "the tiff's directory does not tell width and height")
    width, height = told[_WIDTH], told[_LENGTH]
    pixels, samples = width * height, told.get(_SAMPLES, 1)
    depth = -(-told.get(_BITS, 1) * samples // 8)
    decoded = pixels * (min(depth, 4) if samples == 1 else 4)
    # A strip or a tile is unpacked as a whole, even one that is larger than the picture.
    strip = width * min(told.get(_ROWS_PER_STRIP, height), height) if _TILE_WIDTH not in told else 0
    unpacked = max(depth, 4) * max(strip, told.get(_TILE_WIDTH, 0) * told.get(_TILE_LENGTH, 0))
    turned = decoded if told.get(_ORIENTATION, 1) != 1 else 0
    return _Header(width, height, decoded + max(unpacked, turned) + _kept(width, height))


_WIDTH, _LENGTH, _BITS, _SAMPLES, _ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH = 256, 257, 258, 277, 278, 322, 323
_TIFF_TAGS = frozenset({_WIDTH, _LENGTH, _BITS, _ORIENTATION, _SAMPLES, _ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH})
_MAX_ENTRIES = 512


def _webp(content: bytes) -> _Header:
    """What the header tells of whichever of the three kinds it is: lossy, lossless, extended."""
    kind = content[12:16]
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        width, height = width & 0x3FFF, height & 0x3FFF
    elif kind == b"VP8L" and content[20:21] == b"\x2f":
        (bits,) = struct.unpack_from("<I", content, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        width, width_high, height, height_high = struct.unpack_from("<HBHB", content, 24)
        width, height = (width | width_high << 16) + 1, (height | height_high << 16) + 1
    else:
        raise ImageRejected("image_damaged", "the webp's first chunk is of no known kind")
    # Taken for a film: two canvases, a frame and the picture, which is later made into what is kept.
    return _Header(width, height, 17 * width * height)


_HEADERS: Mapping[str, Callable[[bytes], _Header]] = MappingProxyType(
    {"jpeg": _jpeg, "png": _png, "bmp": _bmp, "tiff": _tiff, "webp": _webp}
)


def _nothing_known(content: bytes) -> str:
    if not content:
        return "an empty object"
    return f"{len(content)} bytes that begin like no picture; {', '.join(DECODERS)} are read"


# The pixels. Pillow is imported where it is needed: most uploads are sent as they are.


def _reduced(image: Image, scale: float) -> tuple[int, int]:
    """The picture's size as stored, times `scale`."""
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _ample(image: Image, most: tuple[int, int], floor: int) -> tuple[int, int]:
    """The least size that decoding a JPEG can give at once and that is ample; `most` where there is none up to it."""
    sizes = (_drafted(image, factor) for factor in _DRAFTS if image.format == "jpeg")
    enough = max(_AMPLE_EDGE, floor)
    return next((size for size in sizes if min(size) >= enough and max(size) <= max(most)), most)


def _drafted(image: Image, factor: int) -> tuple[int, int]:
    """The size that a JPEG is decoded to at so small a part of its own."""
    return -(-image.width // factor), -(-image.height // factor)


# How many times smaller than it is a JPEG can be decoded.
_DRAFTS = (8, 4, 2)


def _decoded(image: Image, size: tuple[int, int]) -> tuple[Pixels, int]:
    """The picture upright, in RGB or grey and of this size as stored, with the EXIF orientation that was undone."""
    from PIL import Image as Pillow  # noqa: PLC0415
    from PIL import PngImagePlugin  # noqa: PLC0415

    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_TEXTS
    if image.format == "png" and _fragmented(image.content):
        raise ImageRejected("image_damaged", f"more than {_MAX_CHUNKS} chunks in the png")
    try:
        with Pillow.open(io.BytesIO(image.content), formats=[DECODERS[image.format]]) as opened:
            orientation = _orientation(opened)
            pixels = _loaded(opened, image, size)
        del opened  # what its decoder holds is as large as the picture
    except (ImageRejected, MemoryError):
        raise
    except Exception as error:  # a decoder fed with broken bytes raises whatever it trips over
        raise ImageRejected("image_damaged", f"the {image.format} cannot be decoded") from error
    if image.format == "tiff":  # Pillow has turned it already
        return _resized(pixels, size[::-1] if orientation in _SIDEWAYS else size), orientation
    return _turned(_resized(pixels, size), orientation), orientation


def _fragmented(content: bytes) -> bool:
    """Whether a PNG has more chunks than any writer makes: the decoder takes its time over each, however empty."""
    place = 8
    for _ in range(_MAX_CHUNKS):
        if place >= len(content):
            return False
        place += 12 + int.from_bytes(content[place : place + 4])
    return True


# Writers put at least a kilobyte into a chunk.
_MAX_CHUNKS = 20_000


def _orientation(opened: ImageFile) -> int:
    """The turn that EXIF tells; notes about a photo that cannot be read turn nothing."""
    try:
        told = opened.getexif().get(_ORIENTATION, 1)
    except (KeyError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        return 1
    return told if told in _TURNED_BACK else 1


def _loaded(opened: ImageFile, image: Image, size: tuple[int, int]) -> Pixels:
    """The pixels as RGB or grey of eight bits, what is transparent white; of this size as stored, or to be resized."""
    if sorted(opened.size) != sorted((image.width, image.height)):  # Pillow turns a tiff's size, and only a tiff's
        raise ImageRejected("image_damaged", f"the {image.format} header names two sizes")
    if image.format == "jpeg":
        _draft(opened, image, size)
    opened.load()
    opened.fp = None  # a webp's holds the picture once more
    width, height = opened.size
    spare = max(opened.size) / max(size) / _REDUCING_GAP
    factor = max(1, int(spare), math.ceil(math.sqrt(width * height / _KEPT_PIXELS)))
    if factor == 1 and image.format == "jpeg" and opened.mode in {"RGB", "L"}:
        return opened  # its decoder is gone; a copy would be the pixels once more
    return _flat(opened, factor)


def _draft(opened: ImageFile, image: Image, size: tuple[int, int]) -> None:
    """Has a JPEG decoded at a half, a quarter or an eighth, in a fraction of the time and of the memory.

    That is done where it gives the wanted size at once or enough to resize, and where the memory leaves no choice.
    """
    memory, pixels = _jpeg(image.content).memory, image.width * image.height
    if memory and (scans := image.content.count(_START_OF_SCAN)) * pixels > _MAX_VISITS:
        raise ImageRejected("image_damaged", f"{scans} scans of {image.width} x {image.height} pixels in the jpeg")
    memory += _copies(image.content)
    spare = max(image.width, image.height) / max(size) / _REDUCING_GAP
    factor = next((each for each in _DRAFTS if each <= spare or _drafted(image, each) == size), 1)
    while (
        factor < 8
        and memory + 4 * pixels // factor**2 + _kept(image.width // factor, image.height // factor) > MAX_MEMORY
    ):
        factor *= 2
    if factor > 1:
        opened.draft(None, (image.width // factor, image.height // factor))


def _flat(pixels: Pixels, factor: int) -> Pixels:
    """A copy as RGB or grey of eight bits, what is transparent white, `factor` times smaller; made band by band."""
    from PIL import Image as Pillow  # noqa: PLC0415

    if pixels.mode in {"RGB", "L"} and not pixels.has_transparency_data:
        return pixels.reduce(factor)
    width, height = pixels.size
    rows = factor * max(1, _BAND_PIXELS // (width * factor))
    flat = Pillow.new("L" if pixels.mode.startswith("I") else "RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        band = _on_white(pixels.crop((0, top, width, min(top + rows, height))))
        flat.paste(band.reduce(factor), (0, top // factor))
    return flat


def _on_white(pixels: Pixels) -> Pixels:
    """The pixels as RGB or grey of eight bits, what is transparent white."""
    from PIL import Image as Pillow  # noqa: PLC0415

    if pixels.mode.startswith("I"):  # sixteen bits: Pillow's own conversion clips instead of scaling
        return pixels.point(lambda level: level * (1 / 256)).convert("L")
    if pixels.has_transparency_data:
        seen = pixels.convert("RGBA")
        return Pillow.alpha_composite(Pillow.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return pixels.convert("RGB")


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """The pixels as EXIF's orientation has them stand."""
    from PIL.Image import Transpose  # noqa: PLC0415

    return pixels if orientation == 1 else pixels.transpose(Transpose[_TURNS[orientation]])


_TURNS = MappingProxyType(
    {
        2: "FLIP_LEFT_RIGHT",
        3: "ROTATE_180",
        4: "FLIP_TOP_BOTTOM",
        5: "TRANSPOSE",
        6: "ROTATE_270",
        7: "TRANSVERSE",
        8: "ROTATE_90",
    }
)


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The pixels at this size, or as they are where they are fewer."""
    from PIL.Image import Resampling  # noqa: PLC0415

    if pixels.width <= size[0] and pixels.height <= size[1]:
        return pixels
    return pixels.resize(size, Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)


def _encoded(pixels: Pixels, max_bytes: int, *, floor: int) -> tuple[bytes, Pixels]:
    """A JPEG of at most `max_bytes`, and the pixels that it holds: lower quality first, then fewer pixels.

    What is foretold to be too heavy is not encoded at all.
    """
    weight = 0.0
    for quality in _QUALITIES:
        weight = _foretold(pixels, quality)
        if weight <= max_bytes * _BAND_ERROR:
            content = _jpeg_of(pixels, quality)
            if len(content) <= max_bytes:
                return content, pixels
            weight = len(content)
    reduced = pixels
    while True:
        # Bytes go with the area; aimed a little low, so that one round mostly does.
        factor = min(0.9, 0.95 * math.sqrt(max_bytes / weight))
        size = (int(reduced.width * factor), int(reduced.height * factor))
        if min(size) < floor:
            raise CannotFit(f"more than {max_bytes} bytes at the least size that can be read, {floor} pixels")
        reduced = _resized(pixels, size)
        content = _jpeg_of(reduced, _QUALITIES[-1])
        if len(content) <= max_bytes:
            return content, reduced
        weight = len(content)


def _foretold(pixels: Pixels, quality: int) -> float:
    """About how many bytes a JPEG has, from bands all over the picture; 0 for one that is soon encoded as a whole."""
    step = _BAND_ROWS * _BAND_EVERY
    tops = range(step // 2, pixels.height - _BAND_ROWS, step)
    if len(tops) < _MIN_BANDS:
        return 0.0
    # One by one: a picture of all bands would take an eighth more memory.
    bands = (_jpeg_of(pixels.crop((0, top, pixels.width, top + _BAND_ROWS)), quality) for top in tops)
    weight = sum(len(band) - band.index(_START_OF_SCAN) for band in bands)
    return weight * pixels.height / (len(tops) * _BAND_ROWS)


def _jpeg_of(pixels: Pixels, quality: int) -> bytes:
    written = io.BytesIO()
    pixels.save(written, "JPEG", quality=quality, comment=b"")  # else the upload's own comment is written
    return written.getvalue()
