"""The photo: decoded under guard, turned upright as its EXIF says, and sampled along any quad."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from license_engine.geometry import PlaneMap, Points, rectangle

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
MAX_PIXELS = 64_000_000
MIN_EDGE = 32
WORKING_EDGE = 2560
ORIENTATION = 0x0112

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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                return _upright(image)
    except NotAPicture:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise NotAPicture("not a readable JPEG, PNG, BMP, TIFF or WEBP picture") from error


def _upright(image: Image.Image) -> Picture:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise NotAPicture(f"more than {MAX_PIXELS} pixels")
    if min(width, height) < MIN_EDGE:
        raise NotAPicture(f"an edge below {MIN_EDGE} pixels")
    turn = image.getexif().get(ORIENTATION, 1)
    if image.format == "JPEG":
        image.draft("RGB", (WORKING_EDGE, WORKING_EDGE))
    image.load()
    upright = ImageOps.exif_transpose(_as_rgb(image))
    upright.thumbnail((WORKING_EDGE, WORKING_EDGE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    corners = rectangle(0, 0, width, height)[list(_STORED_CORNERS.get(turn, _STORED_CORNERS[1]))]
    return Picture(upright, PlaneMap.between(rectangle(0, 0, *upright.size), corners))


def _as_rgb(image: Image.Image) -> Image.Image:
    """The image as RGB, what is transparent laid on white, its EXIF kept."""
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    paper = Image.new("RGBA", layered.size, "white")
    flat = Image.alpha_composite(paper, layered).convert("RGB")
    flat.getexif().update(image.getexif())
    return flat
