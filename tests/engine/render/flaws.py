"""What can be wrong with a photo of a license: a copy in the original's place, glare on it, a side cut off, blur."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
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


@dataclass(frozen=True, slots=True)
class Cover:
    """A thing that lies on a page: its outline in millimetres about a spot, and its colours."""

    name: str
    colour: tuple[int, int, int]
    width: float
    length: float  # to each side of the spot; a finger's is from its tip
    sheen: float = 0.0  # how much lighter its middle is than its rims


COVERS = (
    Cover("finger", (226, 178, 152), 15, 70, 0.16),
    Cover("finger", (196, 140, 108), 16, 70, 0.16),
    Cover("finger", (120, 82, 62), 15, 70, 0.14),
    Cover("finger", (238, 200, 182), 13, 70, 0.12),
    Cover("pen", (34, 40, 92), 9, 70, 0.3),
    Cover("pen", (170, 30, 34), 9, 70, 0.3),
    Cover("coin", (188, 188, 184), 25, 12.5, 0.08),
    Cover("coin", (176, 142, 66), 20.5, 10.2, 0.08),
    Cover("slip", (246, 226, 120), 22, 20),
    Cover("slip", (236, 152, 176), 20, 18),
    Cover("strap", (28, 28, 32), 12, 100),
    Cover("strap", (66, 60, 58), 14, 100),
)
"""Fingers of several skins, pens, coins, sticky notes and straps."""
PAPER = 240  # how bright a page is in the light that the covers' colours are meant for
FINE = 8  # dots a millimetre that a cover is drawn with
AROUND = 40  # millimetres about the page that it may reach over


def covered(taken: Taken, cover: Cover, spot: tuple[float, float], angle: float, sheet: tuple[float, float]) -> Taken:
    """The photo with the thing lying on the page at this spot, turned by this angle (radians).

    The spot is in millimetres of a sheet of this size. A finger's tip is at the spot and it points at the angle; what
    else there is has its middle there.
    """
    wide, high = (round(FINE * (edge + 2 * AROUND)) for edge in sheet)
    down, across = np.mgrid[0:high, 0:wide] / FINE - AROUND
    along = (across - spot[0]) * np.cos(angle) + (down - spot[1]) * np.sin(angle)
    aside = (down - spot[1]) * np.cos(angle) - (across - spot[0]) * np.sin(angle)
    inside = _outline(cover, along, aside)
    shine = 1 + cover.sheen * (1 - (2 * aside / cover.width) ** 2)
    ripples = 1 + (0.03 * np.sin(1.9 * along) * np.sin(0.7 * aside + 1.3 * along) if cover.name == "finger" else 0.0)
    if cover.name == "coin":
        ripples = 1 + 0.06 * np.sign(np.sin(1.3 * along) * np.sin(1.1 * aside))
    paint = np.clip(np.array(cover.colour) * (shine * ripples)[..., None], 0, 255).astype(np.uint8)
    corners = [
        (-AROUND, -AROUND),
        (sheet[0] + AROUND, -AROUND),
        (sheet[0] + AROUND, sheet[1] + AROUND),
        (-AROUND, sheet[1] + AROUND),
    ]
    lead = perspective([(0, 0), (sheet[0], 0), (sheet[0], sheet[1]), (0, sheet[1])], taken.corners)
    ends = [_carried(lead, corner) for corner in corners]
    coefficients = perspective(ends, [(0, 0), (wide, 0), (wide, high), (0, high)])
    thing, mask = (
        image.transform(taken.image.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
        for image in (Image.fromarray(paint), Image.fromarray(inside.astype(np.uint8) * 255))
    )
    return Taken(_laid(taken, thing, mask), taken.corners)


def moved(spot: tuple[float, float], angle: float, distance: float) -> tuple[float, float]:
    """The spot, so far on in this direction (radians)."""
    return spot[0] + distance * math.cos(angle), spot[1] + distance * math.sin(angle)


def _outline(cover: Cover, along: NDArray[np.float64], aside: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the thing lies, its tip or its middle being at nought."""
    if cover.name == "coin":
        return np.hypot(along, aside) < cover.width / 2
    if cover.name == "finger":
        tip = np.hypot(np.maximum(along + cover.width / 2, 0), aside)
        return (tip < cover.width / 2) & (along > -cover.length)
    return (np.abs(aside) < cover.width / 2) & (np.abs(along) < cover.length)


def _laid(taken: Taken, thing: Image.Image, mask: Image.Image) -> Image.Image:
    """The photo with the thing on it, in the same light as the page and with a camera's grain, its shadow beside it."""
    frame, step = taken.image.copy(), max(taken.image.width // 300, 2)
    page = Image.new("L", frame.size, 0)
    ImageDraw.Draw(page).polygon(taken.corners, fill=255)
    light = float(np.percentile(np.asarray(frame.convert("L"))[np.asarray(page) > 0], 80)) / PAPER
    shadow = mask.filter(ImageFilter.GaussianBlur(2 * step)).point(lambda level: level * 2 // 5)
    frame.paste(Image.new("RGB", frame.size, (24, 22, 20)), (step, step), shadow)
    grain = np.random.default_rng(7).normal(0, 4, (frame.height, frame.width, 1))
    lit = np.clip(light * np.asarray(thing, np.float32) + grain, 0, 255).astype(np.uint8)
    frame.paste(Image.fromarray(lit), (0, 0), mask.filter(ImageFilter.GaussianBlur(1)))
    return frame
