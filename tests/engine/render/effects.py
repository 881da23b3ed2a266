"""What a camera does to a page: background, perspective, light, blur, noise and compression."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Roughness:
    """How far each effect may go."""

    tilt: float  # degrees
    keystone: float  # share of the page's edge
    long_edge: tuple[int, int]  # of the final picture, pixels
    share: tuple[float, float]  # of the frame's width that the page takes
    blur: float  # pixels
    noise: float
    glare: float
    quality: tuple[int, int]


CLEAN = Roughness(0, 0, (1400, 1800), (0.9, 0.97), 0, 0, 0, (92, 95))
MILD = Roughness(7, 0.04, (1200, 2000), (0.72, 0.93), 0.8, 4, 0.2, (75, 92))
HARD = Roughness(22, 0.10, (850, 1500), (0.6, 0.88), 1.5, 11, 0.55, (45, 80))
# Wood, dark wood, grey cloth, a black car's bonnet, a white table, a blue folder, a brown leather seat.
SURFACES = (
    (146, 112, 78),
    (84, 60, 44),
    (118, 120, 124),
    (44, 46, 52),
    (176, 174, 170),
    (52, 70, 110),
    (98, 70, 56),
)
ROUGHNESS = {"clean": CLEAN, "mild": MILD, "hard": HARD}


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo, and where the corners of the page drawn on it lie, clockwise from its upper left."""

    image: Image.Image
    corners: list[tuple[float, float]]


def photograph(page: Image.Image, random: Random, rough: Roughness) -> Image.Image:
    """A photo of the page lying on something, taken by hand."""
    return take(page, random, rough).image


def take(page: Image.Image, random: Random, rough: Roughness) -> Taken:
    """The same photo, with the place of the page on it."""
    long_edge = random.randint(*rough.long_edge)
    if max(page.size) > 1.6 * min(page.size) or page.height > page.width:
        long_edge = round(1.4 * long_edge)  # two pages: nobody stands back so far that none can be read
    share = random.uniform(*rough.share)
    width, height = long_edge, round(long_edge * random.uniform(0.7, 0.8))
    if page.height > page.width:
        width, height = height, width
    scale = min(share * width / page.width, share * height / page.height)
    frame = _background(width, height, random)
    corners = _corners(page, random, rough, scale=scale, centre=(width / 2, height / 2))
    sheet = page.resize(
        (max(1, round(page.width * scale)), max(1, round(page.height * scale))), Image.Resampling.LANCZOS
    )
    coefficients = perspective(corners, [(0, 0), (sheet.width, 0), (sheet.width, sheet.height), (0, sheet.height)])
    warped = sheet.transform((width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    shadow = mask.filter(ImageFilter.GaussianBlur(long_edge / 90)).point(lambda level: level // 3)
    frame.paste((20, 18, 16), (round(long_edge / 200), round(long_edge / 160)), shadow)
    frame.paste(warped, (0, 0), mask.filter(ImageFilter.GaussianBlur(0.7)))
    return Taken(_spoil(frame, random, rough), corners)


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The picture as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def perspective(source: list[tuple[float, float]], target: list[tuple[float, float]]) -> tuple[float, ...]:
    """The eight coefficients that carry each source point to its target."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return tuple(float(part) for part in np.linalg.solve(np.array(rows), np.array(wanted)))


def _corners(
    page: Image.Image, random: Random, rough: Roughness, *, scale: float, centre: tuple[float, float]
) -> list[tuple[float, float]]:
    angle = math.radians(random.uniform(-rough.tilt, rough.tilt))
    shrink = scale / (abs(math.cos(angle)) + 0.7 * abs(math.sin(angle)))
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        across = x * page.width / 2 * shrink * (1 - random.uniform(0, rough.keystone))
        down = y * page.height / 2 * shrink * (1 - random.uniform(0, rough.keystone))
        corners.append(
            (
                centre[0] + across * math.cos(angle) - down * math.sin(angle),
                centre[1] + across * math.sin(angle) + down * math.cos(angle),
            )
        )
    return corners


def _background(width: int, height: int, random: Random) -> Image.Image:
    generator = np.random.default_rng(random.randrange(1 << 30))
    base = np.array(random.choice(SURFACES), float) * random.uniform(0.75, 1.25)
    coarse = generator.normal(0, 11, (24, random.choice((3, 24)), 1)) + base
    cloth = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    grain = generator.normal(0, 3, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(cloth, float) + grain, 0, 255).astype(np.uint8))


def _spoil(frame: Image.Image, random: Random, rough: Roughness) -> Image.Image:
    if rough.blur:
        frame = frame.filter(ImageFilter.GaussianBlur(random.uniform(0, rough.blur)))
    if not rough.noise:
        return frame
    frame = ImageEnhance.Brightness(frame).enhance(random.uniform(0.8, 1.08))
    pixels = np.asarray(frame, np.float32)
    pixels = pixels * _light(frame.height, frame.width, random)[..., None]
    if random.random() < rough.glare:
        pixels = pixels + _glare(frame.height, frame.width, random)[..., None]
    noise = np.random.default_rng(random.randrange(1 << 30)).normal(
        0, random.uniform(0.3, 1) * rough.noise, pixels.shape
    )
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def _light(height: int, width: int, random: Random) -> NDArray[np.float32]:
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    slope = random.uniform(-0.15, 0.15) * (across - 0.5) + random.uniform(-0.15, 0.15) * (down - 0.5)
    light: NDArray[np.float32] = (1 + slope).astype(np.float32)
    return light


def _glare(height: int, width: int, random: Random) -> NDArray[np.float32]:
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    distance = ((across - random.random()) / random.uniform(0.1, 0.25)) ** 2 + (
        (down - random.random()) / random.uniform(0.1, 0.25)
    ) ** 2
    spot: NDArray[np.float32] = (random.uniform(50, 120) * np.exp(-distance)).astype(np.float32)
    return spot
