"""What is thrown at the gate and the decoders: small valid pictures, whatever a mutation makes of them, and bombs."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from license_ocr.checkout import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

# Numbers at which sizes and counts overflow, or mean something else.
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_HEAD = 700  # bytes in which headers and tables stand: most mutations go there
_ORIENTATION = 0x0112
_EXIF_HEAD = b"Exif\0\0"


def mutated(random: Random) -> bytes:
    """A picture of the seeds with a few things changed: bits, bytes, numbers, stretches; cut, doubled or crossed."""
    seeds = pictures()
    content = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 2, 3, 5, 8, 16, 64))):
        if content:
            random.choice(_CHANGES)(content, random)
    return bytes(content)


@cache
def pictures() -> tuple[bytes, ...]:
    """The seeds: every format, mode and way of compression that is let in, and the beginnings of some sample photos."""
    drawn = [_saved(page, kind, **options) for page in _pages() for kind, options in _WAYS if _can(page.mode, kind)]
    samples = [path.read_bytes()[:40_000] for path in sorted(SAMPLES.glob("*.jpg"))]
    return (*drawn, *samples[: max(1, len(drawn) // 10)])


def _pages() -> Iterator[Image.Image]:
    for size in ((96, 64), (33, 200)):
        page = Image.effect_noise(size, 40).convert("RGB")
        ImageDraw.Draw(page).rectangle((10, 10, 25, 40), outline="red", width=3)
        for mode in ("RGB", "L", "P", "1", "RGBA", "LA", "CMYK", "I;16"):
            yield page.convert("L").convert("I").convert(mode) if mode == "I;16" else page.convert(mode)


_WAYS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("JPEG", {}),
    ("JPEG", {"progressive": True, "subsampling": 0}),
    ("JPEG", {"restart_marker_blocks": 2, "dpi": (72, 72)}),
    ("PNG", {}),
    ("PNG", {"compress_level": 0}),
    ("BMP", {}),
    ("TIFF", {}),
    *(("TIFF", {"compression": name}) for name in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg", "group4")),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
)


def _can(mode: str, kind: str) -> bool:
    return (
        mode
        in {
            "JPEG": {"RGB", "L", "CMYK"},
            "PNG": {"RGB", "L", "P", "1", "RGBA", "LA", "I;16"},
            "BMP": {"RGB", "L", "P", "1", "RGBA"},
            "TIFF": {"RGB", "L", "P", "1", "RGBA", "CMYK", "I;16"},
            "WEBP": {"RGB", "RGBA"},
        }[kind]
    )


def _saved(page: Image.Image, kind: str, **options: Any) -> bytes:
    if options.get("compression") == "group4":
        page = page.convert("1")
    if options.get("compression") == "jpeg":
        page = page.convert("RGB")
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    written = io.BytesIO()
    page.save(written, kind, **({} if kind == "BMP" else {"exif": exif}), **options)
    return written.getvalue()


def _place(content: bytearray, random: Random) -> int:
    """Somewhere, rather in the head."""
    return random.randrange(min(len(content), _HEAD) if random.random() < 0.7 else len(content))


def _flip(content: bytearray, random: Random) -> None:
    content[_place(content, random)] ^= 1 << random.randrange(8)


def _byte(content: bytearray, random: Random) -> None:
    content[_place(content, random)] = random.randrange(256)


def _number(content: bytearray, random: Random) -> None:
    size, order = random.choice((2, 4)), random.choice(("little", "big"))
    at = _place(content, random)
    content[at : at + size] = (random.choice(_EDGES) % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type]


def _cut(content: bytearray, random: Random) -> None:
    del content[_place(content, random) :]


def _drop(content: bytearray, random: Random) -> None:
    at = _place(content, random)
    del content[at : at + random.randrange(1, 64)]


def _double(content: bytearray, random: Random) -> None:
    at = _place(content, random)
    content[at:at] = content[at : at + random.randrange(1, 256)]


def _cross(content: bytearray, random: Random) -> None:
    other = random.choice(pictures())
    at = random.randrange(len(other))
    content[_place(content, random) :] = other[at : at + 20_000]


_CHANGES: tuple[Callable[[bytearray, Random], None], ...] = (
    *(_flip, _byte, _number) * 4,
    *(_cut, _drop, _double, _cross),
)


# The corpus: each is made when it is asked for, since some are of twenty megabytes.


def bombs() -> Mapping[str, Callable[[], bytes]]:
    """What people send to break a reader of pictures, by name."""
    return _BOMBS


def jpeg_segment(marker: int, payload: bytes) -> bytes:
    """A JPEG's marker with its payload."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload


def png_chunk(name: bytes, payload: bytes) -> bytes:
    """A PNG's chunk, its checksum right."""
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def _blank(kind: str, mode: str, width: int, height: int, **options: Any) -> bytes:
    written = io.BytesIO()
    Image.new(mode, (width, height)).save(written, kind, **options)
    return written.getvalue()


def _small(kind: str = "JPEG", **options: Any) -> bytes:
    return _saved(next(_pages()), kind, **options)


def _zip(beside: bytes) -> bytes:
    """A picture with an archive behind it: each opens in its own reader, as a GIFAR does."""
    written = io.BytesIO(beside)
    with zipfile.ZipFile(written, "a") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Main-Class: Innocent\n")
    return written.getvalue()


def _in_jpeg(*segments: bytes) -> bytes:
    """A JPEG with these segments in front of its own."""
    return b"\xff\xd8" + b"".join(segments) + _small()[2:]


def _in_png(*chunks: bytes, last: bool = False) -> bytes:
    """A PNG with these chunks behind its header, or behind its pixels."""
    content = _small("PNG")
    at = len(content) - 12 if last else 33
    return content[:at] + b"".join(chunks) + content[at:]


def _directory(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + packed + struct.pack("<I", following)


def _tiff(*entries: tuple[int, int, int, int], following: int = 0, behind: bytes = b"") -> bytes:
    """A TIFF of one directory; entries are tag, kind, count, value."""
    return b"II\x2a\0\x08\0\0\0" + _directory(sorted(entries), following) + behind


def _tiff_page(width: int, height: int) -> list[tuple[int, int, int, int]]:
    sizes = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]
    return [*sizes, (259, 3, 1, 1), (273, 4, 1, 8), (278, 4, 1, height), (279, 4, 1, width * height % 2**32)]


def _exif(entries: list[tuple[int, int, int, int]], behind: bytes = b"") -> bytes:
    return _EXIF_HEAD + b"II\x2a\0\x08\0\0\0" + _directory(entries) + behind


def _overlapping(count: int, size: int) -> list[tuple[int, int, int, int]]:
    """Entries that all say that the same bytes are theirs."""
    return [(0x4000 + number, 7, size, 8) for number in range(count)]


def _scans(width: int, height: int, count: int) -> bytes:
    """A progressive JPEG that says everything over and over: a few bytes, one more pass over all pixels."""
    content = _blank("JPEG", "L", width, height, progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * count + content[-2:]


def _apart(width: int, height: int) -> bytes:
    """A sequential JPEG, each colour in a scan of its own: its coefficients are kept until the last came."""
    content = _blank("JPEG", "RGB", width, height, subsampling=0)
    at = content.index(b"\xff\xda")
    pixels = b"\0" * (width * height // 64 // 3)
    scans = (b"\xff\xda\0\x08\x01" + bytes([colour, 0]) + b"\0\x3f\0" + pixels for colour in (1, 2, 3))
    return content[:at] + b"".join(scans) + b"\xff\xd9"


def _lossless(width: int, height: int) -> bytes:
    """A lossless JPEG, whose decoder knows no reduced sizes."""
    frame = jpeg_segment(0xC3, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0")
    table = jpeg_segment(0xC4, b"\0" + b"\1" + b"\0" * 15 + b"\0")
    return (
        b"\xff\xd8"
        + frame
        + table
        + jpeg_segment(0xDA, b"\x01\x01\0\x01\0\0")
        + bytes(width * height // 8)
        + b"\xff\xd9"
    )


def _runs(width: int, height: int, body: bytes) -> bytes:
    """A BMP compressed by runs."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(body), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024 + len(body), 0, 0, 54 + 1024) + header + bytes(1024) + body


def _webp(*chunks: tuple[bytes, bytes], width: int = 96, height: int = 64, flags: int = 0) -> bytes:
    """An extended WEBP of these chunks."""
    canvas = bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    packed = b"".join(
        name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        for name, body in ((b"VP8X", canvas), *chunks)
    )
    return b"RIFF" + struct.pack("<I", len(packed) + 4) + b"WEBP" + packed


def _film(width: int, height: int, count: int) -> bytes:
    """An animated WEBP of small frames on a canvas of any size."""
    name, body = _lossy()
    place = bytes(6) + (95).to_bytes(3, "little") + (63).to_bytes(3, "little") + bytes(4)
    frame = (b"ANMF", place + name + struct.pack("<I", len(body)) + body)
    return _webp((b"ANIM", bytes(6)), *[frame] * count, width=width, height=height, flags=2)


def _lossy() -> tuple[bytes, bytes]:
    content = _blank("WEBP", "RGB", 96, 64)
    return content[12:16], content[20:]


def _frames(count: int) -> bytes:
    pages = [Image.new("RGB", (64, 64), (number, 0, 0)) for number in range(count)]
    written = io.BytesIO()
    pages[0].save(written, "WEBP", save_all=True, append_images=pages[1:])
    return written.getvalue()


def _mpo() -> bytes:
    page = next(_pages())
    written = io.BytesIO()
    page.save(written, "MPO", save_all=True, append_images=[page])
    return written.getvalue()


_HUGE = zlib.compress(bytes(50_000_000), 9)
_TEXTS = 60
_DIRECTORY_OF_ITSELF = [(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x014A, 4, 1, 8)]

_BOMBS: Mapping[str, Callable[[], bytes]] = {
    "nothing": bytes,
    "one byte": lambda: b"\xff",
    "jpeg that is also a zip": lambda: _zip(_small()),
    "png that is also a zip": lambda: _zip(_small("PNG")),
    "bmp that is also a zip": lambda: _zip(_small("BMP")),
    "png that is also a page": lambda: _in_png(png_chunk(b"tEXt", b"Comment\0<script>alert(1)</script>")) + b"<html>",
    "jpeg that is also a page": lambda: _in_jpeg(jpeg_segment(0xFE, b"<html><script>alert(1)</script>")),
    "jpeg that is also a pdf": lambda: _in_jpeg(jpeg_segment(0xFE, b"%PDF-1.7\n1 0 obj<<>>endobj")),
    "gif in the place of a jpeg": lambda: b"GIF89a/*" + _small(),
    "jpeg of 65535 x 65535": lambda: _resized_jpeg(65_535, 65_535),
    "jpeg of 8000 x 8000 without pixels": lambda: _resized_jpeg(8000, 8000),
    "png of 2^31 x 2^31": lambda: _resized_png(2**31 - 1, 2**31 - 1),
    "png of 8000 x 8000 without pixels": lambda: _resized_png(8000, 8000),
    "png of no checksum": lambda: _small("PNG")[:29] + b"\0\0\0\0" + _small("PNG")[33:],
    "png of negative length": lambda: _small("PNG")[:33] + b"\xff\xff\xff\xffIDAT" + _small("PNG")[41:],
    "tiff of 2^32 x 2^32": lambda: _tiff(*_tiff_page(2**32 - 1, 2**32 - 1)),
    "tiff of 8000 x 8000 in one strip of nothing": lambda: _tiff(*_tiff_page(8000, 8000)),
    "tiff whose next page is itself": lambda: _tiff(*_tiff_page(64, 64), following=8, behind=bytes(4096)),
    "tiff whose notes are itself": lambda: _tiff(*_tiff_page(64, 64), *_DIRECTORY_OF_ITSELF, behind=bytes(4096)),
    "tiff of one tile of 60000 x 60000": lambda: _tiff(
        *_tiff_page(64, 64)[:5],
        (259, 3, 1, 8),
        (322, 4, 1, 60_000),
        (323, 4, 1, 60_000),
        (324, 4, 1, 8),
        (325, 4, 1, 99),
    ),
    "tiff of entries that overlap": lambda: _tiff(
        *_tiff_page(64, 64), *_overlapping(3000, 8_000_000), behind=bytes(9_000_000)
    ),
    "tiff of 45009 entries": lambda: _tiff(*_tiff_page(64, 64), *_overlapping(45_000, 4), behind=bytes(4096)),
    "jpeg whose notes overlap": lambda: _in_jpeg(jpeg_segment(0xE1, _exif(_overlapping(3000, 60_000), bytes(28_000)))),
    "jpeg whose notes lead in a circle": lambda: _in_jpeg(jpeg_segment(0xE1, _exif(_DIRECTORY_OF_ITSELF))),
    "jpeg whose notes are garbage": lambda: _in_jpeg(jpeg_segment(0xE1, _EXIF_HEAD + b"\xff" * 900)),
    "jpeg whose notes begin beyond their end": lambda: _in_jpeg(
        jpeg_segment(0xE1, _EXIF_HEAD + b"MM\0\x2a\xff\xff\xff\xff")
    ),
    "jpeg turned by 65535": lambda: _in_jpeg(jpeg_segment(0xE1, _exif([(_ORIENTATION, 3, 1, 65_535)]))),
    "jpeg turned by a text": lambda: _in_jpeg(jpeg_segment(0xE1, _exif([(_ORIENTATION, 2, 4, 0x41414141)]))),
    "jpeg turned by many": lambda: _in_jpeg(jpeg_segment(0xE1, _exif([(_ORIENTATION, 3, 9, 8)]))),
    "jpeg whose notes have no resolution": lambda: _in_jpeg(
        jpeg_segment(0xE1, _exif([(0x011A, 5, 1, 50), (0x0128, 3, 1, 2)], bytes(64)))
    ),
    "jpeg of fifteen megabytes of notes": lambda: _in_jpeg(
        *[jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(65_000))] * 230
    ),
    "jpeg of profiles out of order": lambda: _in_jpeg(jpeg_segment(0xE2, b"ICC_PROFILE\0\xff\xff" + bytes(9))),
    "jpeg of an empty photoshop block": lambda: _in_jpeg(jpeg_segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff")),
    "jpeg of many pictures, all of them gone": lambda: _in_jpeg(
        jpeg_segment(0xE2, b"MPF\0II\x2a\0\x08\0\0\0" + _directory([(45_057, 4, 1, 9_999), (45_058, 7, 64, 8)]))
    ),
    "jpeg of 2000 scans": lambda: _scans(2000, 2000, 2000),
    "jpeg of 64 megapixels in 400 scans": lambda: _scans(8000, 8000, 400),
    "jpeg of 64 megapixels": lambda: _blank("JPEG", "RGB", 8000, 8000),
    "jpeg of 64 megapixels for print": lambda: _blank("JPEG", "CMYK", 8000, 8000),
    "jpeg of 64 progressive megapixels": lambda: _blank("JPEG", "RGB", 8000, 8000, progressive=True, subsampling=0),
    "jpeg of 60 progressive megapixels, colours halved": lambda: _blank("JPEG", "RGB", 7740, 7740, progressive=True),
    "jpeg of 30 progressive megapixels": lambda: _blank("JPEG", "RGB", 5500, 5500, progressive=True, subsampling=0),
    "jpeg of 64 megapixels, colours apart": lambda: _apart(8000, 8000),
    "jpeg of 25 megapixels, colours apart": lambda: _apart(5000, 5000),
    "jpeg as narrow as can be": lambda: _blank("JPEG", "RGB", 65_000, 980),
    "jpeg without loss": lambda: _lossless(4096, 4096),
    "mpo": _mpo,
    "png of 64 megapixels": lambda: _blank("PNG", "RGB", 8000, 8000),
    "png of 64 megapixels in a palette": lambda: _blank("PNG", "P", 8000, 8000),
    "png of 64 megapixels in grey": lambda: _blank("PNG", "L", 8000, 8000),
    "png of 64 bilevel megapixels": lambda: _blank("PNG", "1", 8000, 8000),
    "png of 64 deep megapixels": lambda: _blank("PNG", "I;16", 8000, 8000),
    "png of 64 megapixels, half of it glass": lambda: _blank("PNG", "RGBA", 8000, 8000),
    "png of 37 megapixels, half of it glass": lambda: _blank("PNG", "RGBA", 6100, 6100),
    "png of 37 megapixels in grey, half of it glass": lambda: _blank("PNG", "LA", 6100, 6100),
    "png whose profile is a bomb": lambda: _in_png(png_chunk(b"iCCP", b"x\0\0" + _HUGE)),
    "png whose text is a bomb": lambda: _in_png(png_chunk(b"zTXt", b"x\0\0" + _HUGE)),
    "png of 60 texts of a megabyte": lambda: _in_png(
        *[png_chunk(b"zTXt", b"x%d\0\0" % each + zlib.compress(bytes(1_000_000))) for each in range(_TEXTS)]
    ),
    "png of 37 megapixels and 60 texts": lambda: (
        (content := _blank("PNG", "RGB", 6100, 6100))[:-12]
        + b"".join(png_chunk(b"zTXt", b"x%d\0\0" % each + zlib.compress(bytes(1_000_000))) for each in range(_TEXTS))
        + content[-12:]
    ),
    "png whose pixels are a bomb": lambda: _small("PNG")[:33] + png_chunk(b"IDAT", _HUGE) + png_chunk(b"IEND", b""),
    "png whose notes overlap": lambda: _in_png(
        png_chunk(b"eXIf", _exif(_overlapping(3000, 60_000), bytes(28_000))[6:])
    ),
    "png whose notes come last": lambda: _in_png(png_chunk(b"eXIf", b"garbage"), last=True),
    "png whose old notes are no hex": lambda: _in_png(
        png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n9\nnot hex\n"))
    ),
    "png of half a million empty chunks": lambda: _in_png(png_chunk(b"abCd", b"") * 500_000),
    "png of a thousand films": lambda: _in_png(png_chunk(b"acTL", struct.pack(">II", 2**31, 0))),
    "bmp of runs that add nothing": lambda: _runs(1000, 1000, b"\1\1" * 9_000_000),
    "bmp of 64 megapixels by ends of line": lambda: _runs(8000, 8000, b"\1\1\0\0" * 8000),
    "bmp of runs that jump": lambda: _runs(1000, 1000, b"\0\2\xff\xff" * 1000),
    "bmp of four bits": lambda: _runs(64, 64, b"\0\xff" * 900).replace(b"\x08\0\1\0\0\0", b"\4\0\2\0\0\0", 1),
    "webp of 64 megapixels": lambda: _blank("WEBP", "RGB", 8000, 8000),
    "webp of 64 megapixels without loss": lambda: _blank("WEBP", "RGB", 8000, 8000, lossless=True),
    "webp of 12 megapixels without loss, half of it glass": lambda: _blank("WEBP", "RGBA", 3530, 3530, lossless=True),
    "webp of 12 megapixels": lambda: _blank("WEBP", "RGB", 3530, 3530),
    "webp film of a canvas larger than its frames": lambda: _film(7000, 7000, 3),
    "webp film of 12 megapixels of canvas": lambda: _film(3530, 3530, 300),
    "webp of 300 frames": lambda: _frames(300),
    "webp whose notes overlap": lambda: _webp(
        _lossy(), (b"EXIF", _exif(_overlapping(3000, 60_000), bytes(28_000))[6:]), flags=8
    ),
    "webp whose notes are garbage": lambda: _webp(_lossy(), (b"EXIF", b"\xff" * 90), flags=8),
    "webp that says it is 4 gigabytes": lambda: b"RIFF\xff\xff\xff\xff" + _small("WEBP")[8:],
    "tiff of 64 deflated megapixels": lambda: _blank("TIFF", "RGB", 8000, 8000, compression="tiff_deflate"),
    "tiff of 64 megapixels for print": lambda: _blank("TIFF", "CMYK", 8000, 8000, compression="tiff_lzw"),
    "tiff of 18 megapixels in one strip": lambda: _blank(
        "TIFF", "RGB", 4300, 4300, compression="tiff_deflate", strip_size=2**27
    ),
    "tiff of 18 megapixels on its side": lambda: _blank(
        "TIFF", "RGB", 4300, 4300, compression="tiff_deflate", tiffinfo={_ORIENTATION: 6}
    ),
    "tiff of 48 megapixels in one long row": lambda: _blank(
        "TIFF", "P", 33, 1_450_000, compression="tiff_deflate", tiffinfo={_ORIENTATION: 6}
    ),
    "tiff of 48 megapixels in rows as long as may be": lambda: _blank(
        "TIFF", "P", 733, 65_500, compression="tiff_deflate", tiffinfo={_ORIENTATION: 6}
    ),
    "tiff of 64 bilevel megapixels": lambda: _blank("TIFF", "1", 8000, 8000, compression="group4"),
    "tiff of 16 million floating numbers": lambda: _blank("TIFF", "F", 4000, 4000, compression="tiff_deflate"),
    "tiff of a kind that nobody has": lambda: _tiff(*_tiff_page(64, 64)[:5], (259, 3, 1, 34_712), behind=bytes(4096)),
}


def _resized_jpeg(width: int, height: int) -> bytes:
    """A small JPEG whose frame header tells another size."""
    content = _small()
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def _resized_png(width: int, height: int) -> bytes:
    """A small PNG whose header tells another size, its checksum right."""
    content = _small("PNG")
    header = struct.pack(">II", width, height) + content[24:29]
    return content[:8] + png_chunk(b"IHDR", header) + content[33:]
