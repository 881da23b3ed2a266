"""What can be wrong with a photo of a license: a copy in the original's place, glare on it, a side cut off, blur."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter
from tests.engine.render.effects import Taken, perspective

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray

type Box = tuple[float, float, float, float]

UNIT = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
SIDES = ("left", "top", "right", "bottom")


def photocopied(page: Image.Image, random: Random) -> Image.Image:
    """The page as a photocopier prints it: no colour, harder contrast, the grain of toner and specks of dust."""
    generator = np.random.default_rng(random.randrange(1 << 30))
    grey = np.asarray(page.convert("L"), np.float32)
    toner = np.clip((grey - 128) * random.uniform(1.1, 1.5) + random.uniform(128, 150), 18, 246)
    coarse = generator.normal(0, 3, (page.height // 6, page.width // 6)).astype(np.float32)
    grain = np.asarray(Image.fromarray(coarse).resize(page.size, Image.Resampling.BICUBIC))
    specks = generator.random(grey.shape) < 2e-5
    ink = np.clip(toner + grain - 160 * _fattened(specks), 0, 255).astype(np.uint8)
    return Image.fromarray(ink).convert("RGB")


def warmed(taken: Taken, random: Random) -> Taken:
    """The photo under a warm lamp that the camera did not correct: blue lowered most, red least, everywhere alike."""
    gains = (1.0, random.uniform(0.84, 0.94), random.uniform(0.6, 0.82))
    pixels = np.asarray(taken.image, np.float32) * np.array(gains, np.float32)
    return Taken(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), taken.corners)


def shone_upon(taken: Taken, random: Random, within: Box) -> Taken:
    """The photo with a lamp's mirror image on the page, its middle within this box of the page (shares of its edges).

    In the middle of the spot no print is left; the light falls off over a third of its radius.
    """
    x, y = random.uniform(within[0], within[2]), random.uniform(within[1], within[3])
    across, down = random.uniform(0.12, 0.22), random.uniform(0.16, 0.28)
    u, v = _on_page(taken)
    distance = np.hypot((u - x) / across, (v - y) / down)
    light = 330 * np.clip((1.33 - distance) / 0.33, 0, 1)
    lit = np.clip(np.asarray(taken.image, np.float32) + light[..., None], 0, 255)
    return Taken(Image.fromarray(lit.astype(np.uint8)), taken.corners)


def cut(taken: Taken, side: str, share: float) -> Taken:
    """The photo without what lies to one side, so that this share of the page is lost."""
    ends = {
        "left": [(share, 0.0), (share, 1.0)],
        "top": [(0.0, share), (1.0, share)],
        "right": [(1 - share, 0.0), (1 - share, 1.0)],
        "bottom": [(0.0, 1 - share), (1.0, 1 - share)],
    }[side]
    lead = perspective(UNIT, taken.corners)
    across, down = np.mean([_carried(lead, end) for end in ends], axis=0).round().astype(int).tolist()
    width, height = taken.image.size
    box = {
        "left": (max(across, 0), 0, width, height),
        "top": (0, max(down, 0), width, height),
        "right": (0, 0, min(across, width), height),
        "bottom": (0, 0, width, min(down, height)),
    }[side]
    corners = [(x - box[0], y - box[1]) for x, y in taken.corners]
    return Taken(taken.image.crop(box), corners)


def trimmed(taken: Taken) -> Taken:
    """The photo cut on all sides to the upright rectangle that just holds the page."""
    x, y = zip(*taken.corners, strict=True)
    width, height = taken.image.size
    box = (max(0, int(min(x))), max(0, int(min(y))), min(width, int(max(x)) + 1), min(height, int(max(y)) + 1))
    return Taken(taken.image.crop(box), [(x - box[0], y - box[1]) for x, y in taken.corners])


def blurred(taken: Taken, share: float) -> Taken:
    """The photo out of focus, blurred by this share of the page's width."""
    (left, top), (right, level) = taken.corners[:2]
    radius = share * float(np.hypot(right - left, level - top))
    return Taken(taken.image.filter(ImageFilter.GaussianBlur(radius)), taken.corners)


def _on_page(taken: Taken) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each pixel, where on the page it lies, in shares of the page's edges."""
    a, b, c, d, e, f, g, h = perspective(taken.corners, UNIT)
    down, across = np.mgrid[0 : taken.image.height, 0 : taken.image.width]
    scale = g * across + h * down + 1
    x: NDArray[np.float64] = (a * across + b * down + c) / scale
    y: NDArray[np.float64] = (d * across + e * down + f) / scale
    return x, y


def _carried(lead: tuple[float, ...], spot: tuple[float, float]) -> tuple[float, float]:
    a, b, c, d, e, f, g, h = lead
    x, y = spot
    scale = g * x + h * y + 1
    return (a * x + b * y + c) / scale, (d * x + e * y + f) / scale


def _fattened(specks: NDArray[np.bool_]) -> NDArray[np.float32]:
    mask = Image.fromarray(specks.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(5))
    share: NDArray[np.float32] = np.asarray(mask, np.float32) / np.float32(255)
    return share
