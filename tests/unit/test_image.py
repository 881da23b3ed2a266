"""The picture: told by its first bytes, refused before any decoder, fitted to a vendor's limits."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from bench.reliability.photos import bombs
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageChops, ImageDraw, ImageOps, ImageStat

from license_ocr.checkout import ROOT, SAMPLES
from license_reader.errors import CannotFit, ImageRejected
from license_reader.image import (
    DECODERS,
    MAX_BYTES,
    MAX_EDGE,
    MAX_PIXELS,
    MIN_EDGE,
    Image,
    Limits,
    Origin,
    fit,
    gate,
    restore,
)

if TYPE_CHECKING:
    from pathlib import Path

    from license_reader.license import Polygon

ANY = Limits(formats=frozenset(DECODERS), max_bytes=MAX_BYTES)
JPEG = Limits(formats=frozenset({"jpeg"}), max_bytes=MAX_BYTES)


@cache
def page(width: int = 800, height: int = 640) -> Pillow.Image:
    """A card with dark strokes on a noisy ground, so that it compresses about as a photo does."""
    ground = ImageChops.add(Pillow.effect_noise((width, height), 24), Pillow.new("L", (width, height), 40))
    drawn = ground.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    for line in range(20, height - 20, 40):
        for column in range(20, width - 20, 24):
            pen.rectangle((column, line, column + 14, line + 18), outline=(20, 20, 30), width=2)
    return drawn


def saved(pixels: Pillow.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    pixels.save(written, kind, **options)
    return written.getvalue()


def decoded(image: Image) -> Pillow.Image:
    pixels = Pillow.open(io.BytesIO(image.content))
    pixels.load()
    return pixels


def difference(one: Pillow.Image, other: Pillow.Image) -> float:
    """The mean difference of two pictures, in levels of 255."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def contrast(pixels: Pillow.Image) -> float:
    """How much levels differ from those one pixel further."""
    return difference(pixels, ImageChops.offset(pixels, 1, 0))


def refusal(content: bytes) -> ImageRejected:
    with pytest.raises(ImageRejected) as raised:
        gate(content)
    return raised.value


def segment(marker: int, payload: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload


def frame(width: int, height: int, *, marker: int = 0xC0) -> bytes:
    return segment(marker, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")


def bmp(header: int, width: int, height: int) -> bytes:
    size = struct.pack("<HH" if header == 12 else "<ii", width, height)
    return b"BM" + bytes(12) + struct.pack("<I", header) + size + bytes(header)


def tiff(order: str, *, kind: int, version: int = 42, width: int = 800, height: int = 640) -> bytes:
    value = {3: "HH", 4: "I"}[kind]
    entries = [(258, 3, 8), (257, kind, height), (256, kind, width)]
    packed = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + struct.pack(order + (value if tag < 258 else "HH"), *_padded(number, kind if tag < 258 else 3))
        for tag, kind, number in entries
    )
    head = struct.pack(f"{order}HI", version, 8)
    return (b"II" if order == "<" else b"MM") + head + struct.pack(f"{order}H", len(entries)) + packed + bytes(4)


def _padded(number: int, kind: int) -> tuple[int, ...]:
    return (number, 0) if kind == 3 else (number,)


# What the gate lets through.

PICTURES = {
    "jpeg": saved(page(), "JPEG"),
    "progressive jpeg": saved(page(), "JPEG", progressive=True),
    "grey jpeg": saved(page().convert("L"), "JPEG"),
    "cmyk jpeg": saved(page().convert("CMYK"), "JPEG"),
    "png": saved(page(), "PNG"),
    "palette png": saved(page().convert("P"), "PNG"),
    "bmp": saved(page(), "BMP"),
    "tiff": saved(page(), "TIFF"),
    "bilevel tiff": saved(page().convert("1"), "TIFF"),
    "lossy webp": saved(page(), "WEBP"),
    "lossless webp": saved(page(), "WEBP", lossless=True),
    "extended webp": saved(page(), "WEBP", exif=Pillow.Exif().tobytes() + b"\0"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_gate_tells_format_and_size_as_the_decoder_would(name: str) -> None:
    content = PICTURES[name]
    assert gate(content) == Image(content=content, format=name.rsplit(maxsplit=1)[-1], width=800, height=640)


def test_the_size_of_a_jpeg_stands_behind_any_number_of_other_segments() -> None:
    thumbnail = b"Exif\0\0" + b"\xff\xd8" + frame(160, 120) + b"\xff\xd9"
    head = (
        segment(0xE1, thumbnail)
        + b"".join(segment(0xE2, bytes(65_000)) for _ in range(60))
        + segment(0xFE, b"\xff\xc0")
    )
    image = gate(b"\xff\xd8" + head + PICTURES["jpeg"][2:])
    assert (image.width, image.height) == (800, 640)


@pytest.mark.parametrize("between", [b"\xff", b"\xff" * 300, b"\xff\x00", b"junk", b"\xff\x01", b"\xff\xd0"])
def test_fill_bytes_and_junk_between_the_segments_of_a_jpeg_are_skipped(between: bytes) -> None:
    image = gate(b"\xff\xd8" + segment(0xE0, b"JFIF") + between + frame(800, 640))
    assert (image.width, image.height) == (800, 640)


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCF])
def test_every_kind_of_jpeg_frame_tells_the_size(marker: int) -> None:
    assert gate(b"\xff\xd8" + frame(800, 640, marker=marker)).width == 800


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC, 0xDB])
def test_tables_are_not_taken_for_a_jpeg_frame(marker: int) -> None:
    assert gate(b"\xff\xd8" + frame(99, 99, marker=marker) + frame(800, 640)).width == 800


@pytest.mark.parametrize("header", [12, 40, 52, 56, 64, 108, 124])
def test_every_version_of_the_bmp_header_is_read(header: int) -> None:
    assert (gate(bmp(header, 800, 640)).width, gate(bmp(header, 800, 640)).height) == (800, 640)


def test_a_bmp_whose_rows_run_downwards_has_a_height_all_the_same() -> None:
    assert gate(bmp(40, 800, -640)).height == 640


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_a_tiff_is_read_in_both_byte_orders(order: str, kind: int) -> None:
    image = gate(tiff(order, kind=kind))
    assert (image.format, image.width, image.height) == ("tiff", 800, 640)


def test_no_picture_is_ever_printed() -> None:
    assert repr(gate(PICTURES["jpeg"])) == "Image(format='jpeg', width=800, height=640, origin=None)"


# What it refuses, and why.

REFUSED = {
    "nothing at all": (b"", "not_an_image", "empty"),
    "text": (b"BMW 325i\n" * 9, "not_an_image", "begin like no picture"),
    "a zip": (b"PK\x03\x04" + bytes(40), "not_an_image", "begin like no picture"),
    "a film": (b"\0\0\0\x20ftypisom" + bytes(40), "not_an_image", "begin like no picture"),
    "a gif": (saved(page(), "GIF"), "unsupported_format", "GIF"),
    "an old gif": (b"GIF87a" + bytes(20), "unsupported_format", "GIF"),
    "a heic": (b"\0\0\0\x18ftypheic" + bytes(40), "unsupported_format", "most compatible"),
    "a heif": (b"\0\0\0\x18ftypmif1" + bytes(40), "unsupported_format", "HEIC"),
    "an avif": (saved(page(), "AVIF"), "unsupported_format", "AVIF"),
    "a pdf": (saved(page(), "PDF"), "unsupported_format", "PDF"),
    "a pdf with a mark before it": (b"\xef\xbb\xbf\n%PDF-1.7", "unsupported_format", "PDF"),
    "a bigtiff": (tiff("<", kind=4, version=43), "unsupported_format", "BigTIFF"),
    "a big-endian bigtiff": (tiff(">", kind=4, version=43), "unsupported_format", "BigTIFF"),
    "a jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40), "unsupported_format", "JPEG 2000"),
    "a jpeg of too many bytes": (PICTURES["jpeg"] + bytes(MAX_BYTES), "image_too_large", "bytes"),
    "a jpeg bomb": (b"\xff\xd8" + frame(65_000, 65_000), "image_too_large", str(MAX_PIXELS)),
    "a png bomb": (PICTURES["png"][:16] + struct.pack(">II", 2**31 - 1, 2**31 - 1), "image_too_large", "pixels"),
    "a bmp bomb": (bmp(40, 2**31 - 1, -(2**31)), "image_too_large", "pixels"),
    "a tiff bomb": (tiff("<", kind=4, width=2**32 - 1, height=2**32 - 1), "image_too_large", "pixels"),
    "a ribbon": (tiff("<", kind=4, width=MIN_EDGE, height=MAX_EDGE + 1), "image_too_large", str(MAX_EDGE)),
    "a dot": (saved(page().crop((0, 0, MIN_EDGE - 1, 640)), "PNG"), "image_too_small", f"{MIN_EDGE}"),
    "a jpeg without a height": (b"\xff\xd8" + frame(800, 0), "image_damaged", "800 x 0"),
    "a jpeg without a frame": (b"\xff\xd8" + segment(0xE0, b"JFIF") + b"\xff\xd9", "image_damaged", "no frame header"),
    "a jpeg whose pixels come first": (b"\xff\xd8" + segment(0xDA, b"12") + frame(9, 9), "image_damaged", "no frame"),
    "a jpeg of segments only": (b"\xff\xd8" + segment(0xE0, b"") * 5000 + frame(9, 9), "image_damaged", "no frame"),
    "a bmp of negative width": (bmp(40, -800, 640), "image_damaged", "-800"),
    "a png that begins elsewhere": (b"\x89PNG\r\n\x1a\n\0\0\0\rtEXt" + bytes(20), "image_damaged", "header chunk"),
    "a tiff without a size": (b"II*\0\x08\0\0\0\0\0", "image_damaged", "width and height"),
    "a webp of no kind": (b"RIFF\0\0\0\0WEBPNONE" + bytes(20), "image_damaged", "webp"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "flag", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_says_what_is_wrong(content: bytes, flag: str, reason: str) -> None:
    error = refusal(content)
    assert error.flag == flag
    assert reason in str(error)


# What decoding would take is told by headers alone, so none of these has pixels.


def colours(width: int, height: int, *samplings: int, marker: int = 0xC0, scan: int | None = None) -> bytes:
    """A JPEG up to its first scan, which has so many of its colours: all of them unless told otherwise."""
    told = b"".join(bytes([number, sampling, 0]) for number, sampling in enumerate(samplings, start=1))
    head = segment(marker, struct.pack(">BHHB", 8, height, width, len(samplings)) + told)
    count = scan or len(samplings)
    return b"\xff\xd8" + head + segment(0xDA, bytes([count]) + b"\1\0" * count + b"\0\x3f\0")


def png(width: int, height: int, depth: int, colour: int) -> bytes:
    return PICTURES["png"][:16] + struct.pack(">IIBB", width, height, depth, colour) + bytes(7)


def canvas(width: int, height: int) -> bytes:
    edges = b"".join((edge - 1).to_bytes(3, "little") for edge in (width, height))
    return b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + edges


def strips(width: int, height: int, **entries: tuple[int, int]) -> bytes:
    """A TIFF's directory of 24-bit colour; entries are tag and value."""
    told = [(256, width), (257, height), (258, 8), (277, 3), *entries.values()]
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(told))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(told)) + packed


SEQUENTIAL, PROGRESSIVE = 0xC0, 0xC2
EACH, HALVED = (0x11, 0x11, 0x11), (0x22, 0x11, 0x11)


@pytest.mark.parametrize(
    "content",
    [
        colours(8000, 8000, *EACH, marker=PROGRESSIVE),
        colours(8000, 8000, *EACH, 0x11, marker=PROGRESSIVE),
        colours(6000, 6000, *HALVED, scan=1),
        png(8000, 8000, 8, 2),
        png(8000, 8000, 8, 6),
        canvas(5000, 5000),
        strips(6000, 6000),
        strips(64, 64, across=(322, 60_000), down=(323, 60_000)),
        strips(5000, 5000, orientation=(274, 6), rows=(278, 16)),
    ],
)
def test_a_picture_that_takes_too_much_memory_is_told_by_its_header(content: bytes) -> None:
    error = refusal(content)
    assert error.flag == "image_too_large"
    assert "MB of memory" in str(error)


@pytest.mark.parametrize(
    "content",
    [
        colours(8000, 8000, *EACH),
        colours(8000, 8000, *HALVED),
        colours(7700, 7700, *HALVED, marker=PROGRESSIVE),
        colours(4500, 4500, *HALVED, scan=1),
        png(6100, 6100, 8, 2),
        png(8000, 8000, 16, 0),
        png(8000, 8000, 8, 3),
        canvas(4032, 3024),
        strips(4300, 4300),
        strips(6000, 6000, rows=(278, 16)),
    ],
)
def test_a_large_picture_that_takes_no_more_memory_than_there_is_passes(content: bytes) -> None:
    assert gate(content).width > 4000


@pytest.mark.parametrize("name", ["bmp of runs that add nothing", "bmp of four bits"])
def test_a_bmp_that_would_be_unpacked_pixel_by_pixel_is_refused(name: str) -> None:
    error = refusal(bombs()[name]())
    assert (error.flag, str(error)) == (
        "unsupported_format",
        "a BMP picture compressed by runs; save it as JPEG or PNG",
    )


@pytest.mark.parametrize("name", ["tiff of 45009 entries", "tiff of entries that overlap"])
def test_a_tiff_of_thousands_of_entries_is_damaged(name: str) -> None:
    assert "entries in the tiff's directory" in str(refusal(bombs()[name]()))


@pytest.mark.parametrize("name", PICTURES)
def test_a_header_cut_off_anywhere_is_damaged_or_no_image(name: str) -> None:
    content = PICTURES[name]
    flags = set()
    for length in range(1, 400):
        try:
            assert (gate(content[:length]).width, gate(content[:length]).height) == (800, 640)
        except ImageRejected as error:
            flags.add(error.flag)
    assert {"not_an_image", "image_damaged"} >= flags
    assert "not_an_image" in flags


@pytest.mark.parametrize("format_", ["jpeg", "png", "bmp", "tiff", "webp"])
def test_the_gate_takes_less_than_fifty_microseconds(format_: str) -> None:
    name = {"webp": "lossy webp"}.get(format_, format_)
    took = []
    for _ in range(300):
        started = time.perf_counter()
        gate(PICTURES[name])
        took.append(time.perf_counter() - started)
    assert min(took) < 50e-6


@pytest.mark.parametrize(
    "filling", [b"\xff", b"\xff\x00", b"\xff\xff\x00", b"\xff\xe0\x00\x02", b"\xff\xd0", b"\x00"], ids=bytes.hex
)
def test_no_jpeg_keeps_the_gate_busy(filling: bytes) -> None:
    content = b"\xff\xd8\xff" + filling * ((MAX_BYTES - 8) // len(filling))
    started = time.perf_counter()
    assert refusal(content).flag == "image_damaged"
    assert time.perf_counter() - started < 2


MAGICS = [
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"BM" + bytes(12) + b"\x28\0\0\0",
    b"II*\0",
    b"MM\0*",
    b"RIFF\0\0\0\0WEBP",
]


@given(st.sampled_from([b"", *MAGICS]), st.binary(max_size=200))
def test_the_gate_has_an_answer_to_any_bytes(magic: bytes, rest: bytes) -> None:
    try:
        image = gate(magic + rest)
    except ImageRejected:
        return
    assert min(image.width, image.height) >= MIN_EDGE
    assert image.width * image.height <= MAX_PIXELS


SMALL = {name: saved(page(64, 48), name.upper()) for name in DECODERS}


@given(
    st.sampled_from(sorted(SMALL)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
)
def test_a_mutated_picture_is_fitted_or_refused(name: str, changes: list[tuple[float, int]], cut: float) -> None:
    content = bytearray(SMALL[name])
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    del content[len(content) - int(cut * cut * len(content)) :]
    try:
        fitted = fit(gate(bytes(content)), replace(JPEG, max_bytes=1_000_000, max_edge=40))
    except (ImageRejected, CannotFit):
        return
    assert max(fitted.width, fitted.height) <= 40


# Fitting.


def test_a_picture_within_the_limits_is_sent_as_it_is() -> None:
    image = gate(PICTURES["jpeg"])
    assert fit(image, replace(JPEG, max_edge=800, min_edge=640, max_bytes=len(image.content))) is image


@pytest.mark.parametrize("name", [name for name in PICTURES if not name.endswith("jpeg")])
def test_a_format_that_is_not_taken_becomes_a_jpeg_of_the_same_picture(name: str) -> None:
    image = gate(PICTURES[name])
    fitted = fit(image, JPEG)
    assert (fitted.format, fitted.width, fitted.height) == ("jpeg", 800, 640)
    assert gate(fitted.content) == replace(fitted, origin=None)
    assert difference(decoded(fitted), decoded(image)) < 12


def test_no_decoder_is_loaded_for_a_picture_within_the_limits(tmp_path: Path) -> None:
    photo = SAMPLES / "vehicle-front.jpg"
    program = tmp_path / "send.py"
    program.write_text(
        "import pathlib, sys\n"
        "from license_reader import chain, image, reader, vendors\n"
        "content = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "seen = image.gate(content)\n"
        "limits = vendors.find('megvii').limits\n"
        "assert image.fit(seen, limits).content is content\n"
        "print('decoded' if 'PIL' in sys.modules else 'never decoded')\n"
        "image.fit(seen, image.Limits(limits.formats, limits.max_bytes, max_edge=600))\n"
        "print('decoded' if 'PIL' in sys.modules else 'never decoded')\n"
    )
    imported = os.environ | {"PYTHONPATH": str(ROOT / "layers" / "license_reader")}
    command = [sys.executable, str(program), str(photo)]
    told = subprocess.check_output(command, env=imported, text=True)  # noqa: S603 - our own program
    assert told.splitlines() == ["never decoded", "decoded"]


def test_a_picture_that_is_fitted_fits_from_then_on() -> None:
    limits = replace(JPEG, max_edge=700, max_bytes=150_000)
    fitted = fit(gate(PICTURES["png"]), limits)
    assert limits.take(fitted)
    assert fit(fitted, limits) is fitted


def test_long_edges_are_brought_down_and_the_shape_is_kept() -> None:
    image = gate(saved(page(2000, 1500), "JPEG"))
    fitted = fit(image, replace(JPEG, max_edge=900))
    assert (fitted.width, fitted.height) == (900, 675)
    assert difference(decoded(fitted), decoded(image).resize((900, 675), Pillow.Resampling.LANCZOS)) < 6


def test_quality_goes_before_pixels() -> None:
    content = saved(page(1600, 1200), "JPEG", quality=97)
    fitted = fit(gate(content), replace(JPEG, max_bytes=len(content) // 2))
    assert (fitted.width, fitted.height) == (1600, 1200)
    assert len(fitted.content) <= len(content) // 2


def test_pixels_go_when_quality_alone_would_eat_the_strokes() -> None:
    content = saved(page(2400, 1800), "JPEG", quality=97)
    fitted = fit(gate(content), replace(JPEG, max_bytes=len(content) // 12))
    assert len(fitted.content) <= len(content) // 12
    assert 600 <= fitted.height < 1800
    assert fitted.width / fitted.height == pytest.approx(4 / 3, rel=0.01)


def test_as_many_pixels_are_kept_as_the_bytes_allow() -> None:
    content = saved(page(2400, 1800), "JPEG", quality=97)
    limits = replace(JPEG, max_bytes=len(content) // 12)
    assert len(fit(gate(content), limits).content) > 0.6 * limits.max_bytes


@pytest.mark.parametrize("quality", [92, 85, 75])
@pytest.mark.parametrize("spare", [0, 2000])
def test_the_best_quality_that_the_bytes_allow_is_taken(quality: int, spare: int) -> None:
    pixels = decoded(gate(saved(page(1400, 1100), "JPEG", quality=97)))
    wanted = saved(pixels, "JPEG", quality=quality)
    assert fit(gate(saved(pixels, "BMP")), replace(JPEG, max_bytes=len(wanted) + spare)).content == wanted


HEAVY = saved(page(3203, 3101), "JPEG", quality=95)


def test_a_jpeg_that_is_too_heavy_is_halved_while_ample_pixels_are_left() -> None:
    image = gate(HEAVY)
    fitted = fit(image, replace(JPEG, max_bytes=len(HEAVY) - 1))
    assert (fitted.width, fitted.height) == (1602, 1551)
    assert fitted.origin == Origin(width=3203, height=3101)


def test_a_jpeg_that_was_halved_is_as_sharp_as_one_that_was_resized() -> None:
    fitted = fit(gate(HEAVY), replace(JPEG, max_bytes=len(HEAVY) - 1))
    pixels = decoded(gate(HEAVY))
    assert difference(decoded(fitted), pixels.reduce(2)) < 4
    best = pixels.resize((fitted.width, fitted.height), Pillow.Resampling.LANCZOS)
    assert contrast(decoded(fitted)) > 0.97 * contrast(best)


@pytest.mark.parametrize(
    ("content", "limits"),
    [
        pytest.param(saved(page(2900, 3100), "JPEG", quality=95), JPEG, id="a half would be less than ample"),
        pytest.param(HEAVY, replace(JPEG, min_edge=1600), id="a half would be below the vendor's least edge"),
    ],
)
def test_a_jpeg_that_is_too_heavy_is_not_halved_where_that_leaves_too_little(content: bytes, limits: Limits) -> None:
    image = gate(content)
    fitted = fit(image, replace(limits, max_bytes=len(content) - 1))
    assert (fitted.width, fitted.height) == (image.width, image.height)


def test_a_jpeg_that_is_both_too_heavy_and_too_long_is_halved_if_that_is_short_enough() -> None:
    image, limits = gate(HEAVY), replace(JPEG, max_bytes=len(HEAVY) - 1)
    assert fit(image, replace(limits, max_edge=3000)).width == 1602
    assert fit(image, replace(limits, max_edge=1601)).width == 1601


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (replace(JPEG, formats=frozenset({"png"})), "takes png"),
        (replace(JPEG, min_edge=641, formats=frozenset({"jpeg"})), "not enlarged"),
        (replace(JPEG, max_edge=400, min_edge=350), "too narrow"),
        (replace(JPEG, max_bytes=5_000), "more than 5000 bytes"),
    ],
)
def test_what_cannot_be_fitted_says_why(limits: Limits, reason: str) -> None:
    with pytest.raises(CannotFit, match=reason):
        fit(gate(PICTURES["bmp"]), limits)


def test_what_is_transparent_becomes_white() -> None:
    drawn = Pillow.new("RGBA", (400, 300), (0, 0, 0, 0))
    drawn.paste((10, 20, 30, 255), (100, 100, 200, 200))
    pixels = decoded(fit(gate(saved(drawn, "PNG")), JPEG))
    assert pixels.getpixel((20, 20)) == (255, 255, 255)
    assert max(pixels.getpixel((150, 150))) < 40  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "CMYK"])
def test_a_picture_of_several_bands_is_converted_like_one_of_a_single_band(mode: str) -> None:
    pixels = page(1900, 1300).convert(mode)
    fitted = fit(gate(saved(pixels, "TIFF" if mode == "CMYK" else "PNG")), JPEG)
    assert (fitted.width, fitted.height) == (1900, 1300)
    assert difference(decoded(fitted), pixels) < 12


def test_what_is_made_anew_has_sixteen_million_pixels_at_most() -> None:
    fitted = fit(gate(saved(Pillow.new("P", (8000, 3000), 3), "PNG")), JPEG)
    assert (fitted.width, fitted.height) == (4000, 1500)
    assert fitted.origin == Origin(width=8000, height=3000)


def test_a_ribbon_as_long_as_may_be_is_made_a_jpeg() -> None:
    fitted = fit(gate(saved(Pillow.new("L", (MAX_EDGE, 64), 90), "PNG")), JPEG)
    assert (fitted.width, fitted.height) == (MAX_EDGE, 64)


def test_a_ribbon_of_which_nothing_would_be_left_is_too_narrow() -> None:
    with pytest.raises(CannotFit, match="too narrow for edges of 40 to 8000"):
        fit(gate(saved(Pillow.new("1", (MAX_EDGE, 48), 1), "PNG")), replace(JPEG, max_edge=8000, min_edge=40))


@pytest.mark.parametrize(
    "name",
    [
        "png of 60 texts of a megabyte",
        "png whose text is a bomb",
        "png of half a million empty chunks",
        "jpeg of 2000 scans",
    ],
)
def test_a_bomb_that_passed_the_gate_is_damaged(name: str) -> None:
    with pytest.raises(ImageRejected) as raised:
        fit(gate(bombs()[name]()), replace(JPEG, max_edge=40))
    assert raised.value.flag == "image_damaged"


def test_notes_about_a_photo_that_cannot_be_read_do_no_harm() -> None:
    fitted = fit(gate(bombs()["webp whose notes are garbage"]()), replace(JPEG, max_edge=48))
    assert fitted.origin == Origin(width=96, height=64)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_are_scaled_and_not_clipped(kind: str) -> None:
    pixels = decoded(fit(gate(saved(Pillow.new("I;16", (400, 300), 0x6000), kind)), JPEG))
    assert pixels.getpixel((200, 150)) == pytest.approx(0x60, abs=2)


def test_nothing_of_the_photo_but_its_pixels_is_sent() -> None:
    exif = Pillow.Exif()
    exif[0x010F] = "a camera"
    content = saved(page(), "JPEG", exif=exif, comment=b"a place", icc_profile=b"a profile", dpi=(300, 300))
    for limits in (replace(JPEG, max_edge=700), replace(JPEG, max_bytes=len(content) - 1)):
        fitted = fit(gate(content), limits)
        assert not decoded(fitted).getexif()
        assert {"exif", "comment", "icc_profile", "dpi"}.isdisjoint(decoded(fitted).info)
        assert not any(told in fitted.content for told in (b"a camera", b"a place", b"a profile"))


@pytest.mark.parametrize("name", ["jpeg", "progressive jpeg", "png", "lossy webp", "tiff"])
def test_a_picture_that_breaks_off_is_damaged(name: str) -> None:
    content = PICTURES[name]
    with pytest.raises(ImageRejected) as raised:
        fit(gate(content[: len(content) // 2]), replace(JPEG, max_edge=400))
    assert raised.value.flag == "image_damaged"


def test_a_second_header_cannot_smuggle_another_size_past_the_gate() -> None:
    first = PICTURES["png"][:16] + struct.pack(">II", 100, 100) + b"\x08\x02\0\0\0"
    content = first + struct.pack(">I", zlib.crc32(first[12:])) + PICTURES["png"][8:]
    image = gate(content)
    assert image.width == 100
    with pytest.raises(ImageRejected, match="two sizes") as raised:
        fit(image, replace(JPEG, max_edge=50))
    assert raised.value.flag == "image_damaged"


@pytest.mark.filterwarnings("default::PIL.Image.DecompressionBombWarning")
def test_a_second_frame_header_cannot_smuggle_a_bomb_past_the_gate() -> None:
    content = b"\xff\xd8" + frame(800, 640) + frame(10_000, 10_000) + PICTURES["jpeg"][2:]
    with pytest.raises(ImageRejected) as raised:
        fit(gate(content), replace(JPEG, max_edge=400))
    assert raised.value.flag == "image_damaged"


# Boxes go back to where they came from.

MARK = (300, 200, 380, 240)


def marked(kind: str, orientation: int) -> bytes:
    drawn = Pillow.new("RGB", (800, 640), (200, 200, 200))
    drawn.paste((255, 0, 0), MARK)
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    return saved(drawn, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))


def found(pixels: Pillow.Image) -> Polygon:
    """The four corners of the red mark, clockwise from its top left."""
    red, green, _ = pixels.convert("RGB").split()
    box = ImageChops.subtract(red, green).point(lambda level: 255 * (level > 130)).getbbox()
    assert box is not None
    left, top, right, bottom = box
    return ((left, top), (right, top), (right, bottom), (left, bottom))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("max_edge", [None, 400])
def test_a_box_goes_back_to_the_pixels_of_the_upload(kind: str, orientation: int, max_edge: int | None) -> None:
    image = gate(marked(kind, orientation))
    fitted = fit(image, Limits(formats=frozenset({"jpeg"}), max_bytes=MAX_BYTES - 1, max_edge=max_edge))
    if fitted is image:  # a JPEG that fits already goes as it is, EXIF and all
        assert (kind, max_edge) == ("JPEG", None)
        return
    assert (fitted.width > fitted.height) is (orientation < 5)
    corners = restore({"plate_no": found(decoded(fitted))}, fitted)["plate_no"]
    across, down = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    assert (across[0], down[0], across[-1], down[-1]) == pytest.approx(MARK, abs=3)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_box_goes_back_to_the_pixels_of_an_upload_that_was_halved(orientation: int) -> None:
    drawn = page(3203, 3101).copy()
    drawn.paste((255, 0, 0), (1200, 800, 1520, 960))
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    content = saved(drawn, "JPEG", exif=exif, quality=95)
    fitted = fit(gate(content), replace(JPEG, max_bytes=len(content) - 1))
    assert sorted((fitted.width, fitted.height)) == [1551, 1602]
    corners = restore({"plate_no": found(decoded(fitted))}, fitted)["plate_no"]
    across, down = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    assert (across[0], down[0], across[-1], down[-1]) == pytest.approx((1200, 800, 1520, 960), abs=6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_fitted_picture_stands_as_its_exif_says(orientation: int) -> None:
    upright = ImageOps.exif_transpose(Pillow.open(io.BytesIO(marked("PNG", orientation))))
    assert difference(decoded(fit(gate(marked("PNG", orientation)), JPEG)), upright) < 2


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_means_nothing_turns_nothing(orientation: int) -> None:
    fitted = fit(gate(marked("PNG", orientation)), JPEG)
    assert fitted.origin == Origin(width=800, height=640, orientation=1)


def test_the_boxes_of_an_upload_that_was_sent_as_it_is_stay_where_they_are() -> None:
    boxes: dict[str, Polygon] = {"vin": ((1.0, 2.0), (3.0, 4.0))}
    assert restore(boxes, gate(PICTURES["jpeg"])) == boxes


SIZES = st.tuples(st.integers(32, 9000), st.integers(32, 9000))


@given(st.integers(1, 8), SIZES, st.floats(0.05, 1), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_point_of_the_picture_lies_within_the_upload(
    orientation: int, size: tuple[int, int], scale: float, place: tuple[float, float]
) -> None:
    across, down = (round(edge * scale) for edge in (size if orientation < 5 else size[::-1]))
    sent = Image(b"", "jpeg", across, down, Origin(*size, orientation))
    ((there,),) = restore({"vin": ((place[0] * across, place[1] * down),)}, sent).values()
    assert -1e-6 <= there[0] <= size[0] + 1e-6
    assert -1e-6 <= there[1] <= size[1] + 1e-6
