"""The photo: decoded under guard, turned upright as its EXIF says, and sampled along any quad."""

from __future__ import annotations

import io
import math
import struct
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, PngImagePlugin
from PIL.Image import Transpose
from PIL.JpegImagePlugin import JpegImageFile

from license_engine.geometry import PlaneMap, Points, rectangle

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
MAX_PIXELS = 64_000_000
MAX_EDGE = 65_500
MIN_EDGE = 32
WORKING_EDGE = 2560
ORIENTATION = 0x0112
MAX_MEMORY = 216_000_000
"""What decoding a picture may take, in bytes, of those that the reader's gate lets through."""

# Pixels that are converted at a time: a whole picture in a second colour space would take its memory twice.
_BAND_PIXELS = 1_000_000
# Pixels that the scans of a JPEG may visit in all: one that says nothing in a few bytes costs a pass over the picture.
_MAX_VISITS = 4_000_000_000
_START_OF_SCAN = b"\xff\xda"
# Chunks that a PNG may have: its decoder takes its time over each, however empty.
_MAX_CHUNKS = 20_000
# Texts that a PNG may unpack, in bytes.
PngImagePlugin.MAX_TEXT_MEMORY = 4_000_000

# Corner that EXIF's orientation puts at the upright picture's top left, top right, bottom right, bottom left.
_STORED_CORNERS = {
    1: (0, 1, 2, 3),
    2: (1, 0, 3, 2),
    3: (2, 3, 0, 1),
    4: (3, 2, 1, 0),
    5: (0, 3, 2, 1),
    6: (3, 0, 1, 2),
    7: (2, 1, 0, 3),
    8: (1, 2, 3, 0),
}
_SIDEWAYS = {5, 6, 7, 8}
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


class NotAPicture(ValueError):
    """The bytes are no picture that can be read: unknown format, damaged, too large or too small."""


class Picture:
    """An upright photo at working size, with what leads back to the pixels it was stored as."""

    def __init__(self, image: Image.Image, stored: PlaneMap) -> None:
        """Takes the upright image and the map from its pixels to those of the picture as stored."""
        self.image = image
        self.stored = stored
        self._halves = [image]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height at working size."""
        return self.image.size

    def fitted(self, region: tuple[float, float, float, float], width: int, height: int) -> NDArray[np.float32]:
        """The region (left, top, right, bottom) at this size, as RGB from 0 to 255."""
        size = (width, height)
        image = self.image.resize(size, Image.Resampling.BILINEAR, box=region, reducing_gap=2.0)
        return np.asarray(image, np.float32)

    def sampled(self, quad: Points, width: int, height: int) -> Image.Image:
        """The quad's content laid flat on an upright rectangle of this size."""
        level = self._level(quad, height)
        image = self._halves[level]
        lead = PlaneMap.between(rectangle(0, 0, width, height), quad / 2**level)
        coefficients = (lead.matrix / lead.matrix[2, 2]).ravel()[:8].tolist()
        return image.transform((width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)

    def _level(self, quad: Points, height: int) -> int:
        """Which halving to sample from, so that no pixel is skipped."""
        tall = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
        level = max(0, int(np.floor(np.log2(max(tall, 1.0) / height) + 0.5)))
        while len(self._halves) <= level:
            self._halves.append(self._halves[-1].reduce(2))
        return level


def decode(content: bytes) -> Picture:
    """The picture in these bytes; NotAPicture when no decoder that is allowed can read all of it."""
    if content.startswith(b"\x89PNG") and _fragmented(content):
        raise NotAPicture(f"more than {_MAX_CHUNKS} chunks")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                size, turn, turned = opened.size, _turn(opened), opened.format == "TIFF"  # a tiff is turned as it loads
                image = _loaded(opened, content)
            del opened  # what its decoder holds is as large as the picture
    except (NotAPicture, MemoryError):
        raise
    except Exception as error:  # a decoder fed with broken bytes raises whatever it trips over
        raise NotAPicture("not a readable JPEG, PNG, BMP, TIFF or WEBP picture") from error
    image.thumbnail((WORKING_EDGE, WORKING_EDGE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    upright = image if turned or turn == 1 else image.transpose(_TURNS[turn])
    stored = size[::-1] if turned and turn in _SIDEWAYS else size
    corners = rectangle(0, 0, *stored)[list(_STORED_CORNERS[turn])]
    return Picture(upright, PlaneMap.between(rectangle(0, 0, *upright.size), corners))


def _fragmented(content: bytes) -> bool:
    """Whether a PNG has more chunks than any writer makes."""
    place = 8
    for _ in range(_MAX_CHUNKS):
        if place >= len(content):
            return False
        place += 12 + int.from_bytes(content[place : place + 4])
    return True


def _turn(opened: ImageFile) -> int:
    """The turn that EXIF tells; notes about a photo that cannot be read turn nothing."""
    try:
        told = opened.getexif().get(ORIENTATION, 1)
    except (KeyError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        return 1
    return told if told in _STORED_CORNERS else 1


def _loaded(opened: ImageFile, content: bytes) -> Image.Image:
    """The opened picture decoded, as RGB, no larger than it takes for working size."""
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise NotAPicture(f"more than {MAX_PIXELS} pixels")
    if max(width, height) > MAX_EDGE:
        raise NotAPicture(f"an edge above {MAX_EDGE} pixels")
    if min(width, height) < MIN_EDGE:
        raise NotAPicture(f"an edge below {MIN_EDGE} pixels")
    if isinstance(opened, JpegImageFile):
        _draft(opened, content)
    opened.load()
    opened.fp = None  # a webp's holds the picture once more
    width, height = opened.size
    factor = max(1, max(width, height) // (2 * WORKING_EDGE), math.ceil(math.sqrt(width * height) / (2 * WORKING_EDGE)))
    return _as_rgb(opened, factor)


def _draft(opened: JpegImageFile, content: bytes) -> None:
    """Has a JPEG decoded at a half, a quarter or an eighth, where working size or memory leaves room for no more."""
    (width, height), memory = opened.size, 2 * len(content) + 4 * WORKING_EDGE**2
    if opened.info.get("progressive"):
        if (scans := content.count(_START_OF_SCAN)) * width * height > _MAX_VISITS:
            raise NotAPicture(f"{scans} scans of {width} x {height} pixels")
        # The coefficients of all scans are kept until the last one came: two bytes a sample, and an eighth more for
        # the allocator, since they come in many pieces.
        shares = [(across or 1, down or 1) for _, across, down, _ in opened.layer]
        widest, tallest = (max(share) for share in zip(*shares, strict=True))
        memory += 9 * width * height * sum(map(math.prod, shares)) // (4 * widest * tallest)
    ample = min(width, height) // WORKING_EDGE
    factor = next(factor for factor in (8, 4, 2, 1) if factor <= max(ample, 1))
    while factor < 8 and memory + 4 * width * height // factor**2 > MAX_MEMORY:
        factor *= 2
    if factor > 1:
        opened.draft("RGB", (width // factor, height // factor))


def _as_rgb(image: Image.Image, factor: int) -> Image.Image:
    """The image as RGB, what is transparent laid on white, `factor` times smaller; made band by band."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return image.reduce(factor)
    width, height = image.size
    rows = factor * max(1, _BAND_PIXELS // (width * factor))
    flat = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        band = _on_white(image.crop((0, top, width, min(top + rows, height))))
        flat.paste(band.reduce(factor), (0, top // factor))
    return flat


def _on_white(image: Image.Image) -> Image.Image:
    """The image as RGB, what is transparent laid on white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
