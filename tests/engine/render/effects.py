"""What a camera does to a page: background, perspective, folds, light, blur, noise and compression.

Each effect is a function of its own, and how far it may go stands in a Roughness. All print stays legible: light is
laid over it as a veil that leaves contrast, fingers hold the paper where it is blank, and no page is taken so small
that its values fall under eleven pixels.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from tests.engine.render.surfaces import surface

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray

type Spot = tuple[float, float]
type Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Roughness:
    """How far each effect may go; below `quality` stand the chances, of 1, that a photo has the effect at all."""

    tilt: float  # degrees
    keystone: float  # share of the page's edge
    long_edge: tuple[int, int]  # of the final picture, pixels
    share: tuple[float, float]  # of the frame's width that the page takes
    blur: float  # pixels
    noise: float
    glare: float  # the chance of a lamp's glare
    quality: tuple[int, int]  # of the JPEG
    shadow: float = 0
    folds: float = 0
    curl: float = 0  # millimetres by which the paper stands off the plane
    sleeve: float = 0
    finger: float = 0
    moire: float = 0
    resent: float = 0  # scaled and compressed once more on its way, as messengers do
    turned: float = 0  # stored a quarter or half turn off
    misprint: float = 0.9  # millimetres by which values may stand off the form


CLEAN = Roughness(0, 0, (1400, 1800), (0.9, 0.97), 0, 0, 0, (92, 95))
MILD = Roughness(
    tilt=7,
    keystone=0.04,
    long_edge=(1200, 2000),
    share=(0.72, 0.93),
    blur=0.8,
    noise=4,
    glare=0.2,
    quality=(75, 92),
    shadow=0.25,
    folds=0.15,
    curl=0.3,
    sleeve=0.15,
    finger=0.2,
    moire=0.05,
    resent=0.1,
    turned=0.15,
    misprint=1.1,
)
HARD = Roughness(
    tilt=22,
    keystone=0.10,
    long_edge=(850, 1500),
    share=(0.6, 0.88),
    blur=1.5,
    noise=11,
    glare=0.55,
    quality=(45, 80),
    shadow=0.5,
    folds=0.4,
    curl=0.7,
    sleeve=0.35,
    finger=0.35,
    moire=0.2,
    resent=0.25,
    turned=0.3,
    misprint=1.8,
)
ROUGHNESS = {"clean": CLEAN, "mild": MILD, "hard": HARD}

# Of the size that a page is drawn at: its smallest values, of 2.5 mm at 18 pixels, are then 11 pixels high.
LEAST_SCALE = 0.245
SHARP = 4.4  # of the scale: a blur of more pixels would leave no strokes
VEIL = 0.5  # of the contrast that light may take from print
DOTS = 18  # pixels a millimetre of a page as drawn
INK = 110  # what is darker is print
SKIN = ((224, 178, 150), (204, 154, 124), (188, 134, 104), (236, 196, 172))
TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
ORIENTATION = 0x0112  # the EXIF tag; what it must say so that a viewer undoes each of these turns
UNDOING = {0: 1, 1: 6, 2: 3, 3: 8}


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo, and where the corners of the page drawn on it lie, clockwise from its upper left."""

    image: Image.Image
    corners: list[tuple[float, float]]


def shot(page: Image.Image, random: Random, rough: Roughness) -> bytes:
    """The photo of the page as a JPEG, perhaps stored turned: with EXIF that says so, or without."""
    photo = photograph(page, random, rough)
    if random.random() < rough.resent:
        photo = resent(photo, random)
    quality = random.randint(*rough.quality)
    turns = random.choice((1, 1, 2, 3, 3)) if random.random() < rough.turned else 0
    told = turns > 0 and random.random() < 0.4
    return jpeg(turned(photo, turns), quality, orientation=UNDOING[turns] if told else 1)


def photograph(page: Image.Image, random: Random, rough: Roughness) -> Image.Image:
    """A photo of the page lying on something, taken by hand."""
    return take(page, random, rough).image


def take(page: Image.Image, random: Random, rough: Roughness) -> Taken:
    """The same photo, with the place of the page on it."""
    width, height, scale = _frame(page, random, rough)
    frame = surface(width, height, random)
    corners = _corners(page, random, rough, scale=scale, centre=(width / 2, height / 2))
    sheet = page.resize(
        (max(1, round(page.width * scale)), max(1, round(page.height * scale))), Image.Resampling.LANCZOS
    )
    if rough.curl:
        sheet = curled(sheet, random, rough.curl * DOTS * scale)
    if random.random() < rough.folds:
        sheet = folded(sheet, random)
    edges: list[Spot] = [(0, 0), (sheet.width, 0), (sheet.width, sheet.height), (0, sheet.height)]
    lead = perspective(corners, edges)
    warped = sheet.transform((width, height), Image.Transform.PERSPECTIVE, lead, Image.Resampling.BICUBIC)
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    long_edge = max(width, height)
    under = mask.filter(ImageFilter.GaussianBlur(long_edge / 90)).point(lambda level: level // 3)
    frame.paste((20, 18, 16), (round(long_edge / 200), round(long_edge / 160)), under)
    frame.paste(warped, (0, 0), mask.filter(ImageFilter.GaussianBlur(0.7)))
    if random.random() < rough.finger:
        frame = held(frame, sheet, random, lead)
    return Taken(_spoil(frame, random, rough, softest=SHARP * scale), corners)


def jpeg(image: Image.Image, quality: int, *, orientation: int = 1) -> bytes:
    """The picture as JPEG, with an EXIF orientation unless it is the plain one."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    if orientation != 1:
        exif[ORIENTATION] = orientation
    image.save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()


def turned(image: Image.Image, quarters: int) -> Image.Image:
    """The picture turned to the left by so many quarters."""
    return image.transpose(TURNS[quarters]) if quarters else image


def resent(image: Image.Image, random: Random) -> Image.Image:
    """The picture as a messenger passes it on: a little smaller, compressed, and its details gone with that."""
    share = random.uniform(0.9, 1.0)
    smaller = image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.BILINEAR)
    return Image.open(io.BytesIO(jpeg(smaller, random.randint(60, 80)))).convert("RGB")


def perspective(source: list[Spot], target: list[Spot]) -> tuple[float, ...]:
    """The eight coefficients that carry each source point to its target."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return tuple(float(part) for part in np.linalg.solve(np.array(rows), np.array(wanted)))


def curled(sheet: Image.Image, random: Random, most: float) -> Image.Image:
    """The sheet not quite flat: each spot moved by at most so many pixels, the edges least."""
    across, down = 12, 8
    waves = [(random.uniform(0.4, 1.6), random.uniform(0, math.tau), random.uniform(-1, 1)) for _ in range(4)]
    spots = {}
    for i in range(across + 1):
        for j in range(down + 1):
            u, v = i / across, j / down
            inner = 4 * min(u, 1 - u, v, 1 - v)
            moves = [
                most / 2 * strength * math.sin(math.tau * rate * (u, v, v, u)[place] + phase)
                for place, (rate, phase, strength) in enumerate(waves)
            ]
            hold = min(inner, 1)
            spots[i, j] = (u * sheet.width + hold * sum(moves[:2]), v * sheet.height + hold * sum(moves[2:]))
    mesh = []
    for i in range(across):
        for j in range(down):
            box = tuple(
                round(part)
                for part in (
                    i * sheet.width / across,
                    j * sheet.height / down,
                    (i + 1) * sheet.width / across,
                    (j + 1) * sheet.height / down,
                )
            )
            quad = (*spots[i, j], *spots[i, j + 1], *spots[i + 1, j + 1], *spots[i + 1, j])
            mesh.append((box, quad))
    return sheet.transform(sheet.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)


def folded(sheet: Image.Image, random: Random) -> Image.Image:
    """The sheet with one to three creases, light on one side and dark on the other, the paper tilted beside them."""
    down, across = _grid(sheet.height, sheet.width)
    shade = np.ones((sheet.height, sheet.width), np.float32)
    wide = 0.004 * sheet.width
    for _ in range(random.choice((1, 1, 2, 3))):
        angle = random.choice((0.0, math.pi / 2, random.uniform(0, math.pi))) + random.uniform(-0.08, 0.08)
        past = (across - random.uniform(0.15, 0.85)) * sheet.width * math.cos(angle)
        past = (past + (down - random.uniform(0.15, 0.85)) * sheet.height * math.sin(angle)) / wide
        crease = np.exp(-(past**2)) * (random.uniform(-0.3, 0.05) + 0.12 * np.sign(past))
        leaning = random.uniform(-0.08, 0.08) * np.exp(-np.abs(past) / 18) * np.sign(past)
        shade *= (1 + crease + leaning).astype(np.float32)
    return _clipped(np.asarray(sheet, np.float32) * shade[..., None])


def held(frame: Image.Image, sheet: Image.Image, random: Random, lead: tuple[float, ...]) -> Image.Image:
    """The photo with a finger or two on the page's edge, reaching in only as far as the paper is blank there.

    The lead carries each spot of the photo to its spot on the sheet.
    """
    margin = max(sheet.size)  # a finger comes from outside the photo
    mask = Image.new("L", (sheet.width + 2 * margin, sheet.height + 2 * margin), 0)
    pen = ImageDraw.Draw(mask)
    for _ in range(random.choice((1, 1, 2))):
        _finger(pen, sheet, random, margin)
    aside = np.array([[1, 0, margin], [0, 1, margin], [0, 0, 1]]) @ np.append(lead, 1.0).reshape(3, 3)
    onto_mask = tuple((aside / aside[2, 2]).ravel()[:8].tolist())
    laid = mask.transform(frame.size, Image.Transform.PERSPECTIVE, onto_mask, Image.Resampling.BILINEAR)
    soft = max(frame.size) / 300
    tone = np.array(random.choice(SKIN), np.float32) * np.float32(random.uniform(0.7, 1.02))
    # A finger is round: its rim lies in its own shade.
    inside = _shares(laid.filter(ImageFilter.GaussianBlur(7 * soft)))
    skin = _clipped(tone * (0.45 + 0.55 * np.clip(2 * inside - 0.6, 0, 1))[..., None])
    cast = laid.filter(ImageFilter.GaussianBlur(2 * soft)).point(lambda level: level // 4)
    frame = frame.copy()
    frame.paste((24, 18, 16), (0, 0), cast)
    frame.paste(skin, (0, 0), laid.filter(ImageFilter.GaussianBlur(0.4 * soft)))
    return frame


def _finger(pen: ImageDraw.ImageDraw, sheet: Image.Image, random: Random, margin: int) -> None:
    """Draws a finger's outline that comes in over one edge of the sheet, which lies within the margin."""
    side = random.choice(("left", "right", "top", "bottom"))
    length = sheet.height if side in {"left", "right"} else sheet.width
    half = round(0.07 * max(sheet.size) * random.uniform(0.8, 1.2))
    middle = random.randint(half, max(length - half, half + 1))
    reach = min(blank_depth(sheet, side, middle - half, middle + half) - 3, round(0.1 * max(sheet.size)))
    if reach < 2:
        return
    box = {
        "left": (-2 * margin, middle - half, reach, middle + half),
        "right": (sheet.width - reach, middle - half, sheet.width + 2 * margin, middle + half),
        "top": (middle - half, -2 * margin, middle + half, reach),
        "bottom": (middle - half, sheet.height - reach, middle + half, sheet.height + 2 * margin),
    }[side]
    left, top, right, bottom = (part + margin for part in box)
    pen.rounded_rectangle((left, top, right, bottom), radius=half, fill=255)


def blank_depth(sheet: Image.Image, side: str, first: int, past: int) -> int:
    """How many pixels inward from this side no print stands, between these two places along it."""
    grey = np.asarray(sheet.convert("RGB"), np.uint8).min(axis=2)
    inward = {"left": grey.T, "right": grey.T[::-1], "top": grey, "bottom": grey[::-1]}[side]
    printed = np.flatnonzero((inward[:, max(first, 0) : past] < INK).any(axis=1))
    return int(printed[0]) if len(printed) else inward.shape[0]


def _frame(page: Image.Image, random: Random, rough: Roughness) -> tuple[int, int, float]:
    """The photo's width and height, and the scale at which the page lies on it."""
    long_edge = random.randint(*rough.long_edge)
    if max(page.size) > 1.6 * min(page.size) or page.height > page.width:
        long_edge = round(1.4 * long_edge)  # two pages: nobody stands back so far that none can be read
    share = random.uniform(*rough.share)
    ratio = random.uniform(0.7, 0.8)
    width, height = (ratio, 1.0) if page.height > page.width else (1.0, ratio)
    scale = min(share * width / page.width, share * height / page.height) * long_edge
    tilt = math.radians(rough.tilt)
    smallest = scale * (1 - rough.keystone) / (math.cos(tilt) + 0.7 * math.sin(tilt))
    nearer = max(1.0, LEAST_SCALE / smallest)
    return round(width * long_edge * nearer), round(height * long_edge * nearer), scale * nearer


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


def _spoil(frame: Image.Image, random: Random, rough: Roughness, *, softest: float) -> Image.Image:
    """The scene as this camera sees it in this light."""
    if rough.blur:
        frame = frame.filter(ImageFilter.GaussianBlur(random.uniform(0, min(rough.blur, softest))))
    if not rough.noise:
        return frame
    frame = ImageEnhance.Brightness(frame).enhance(random.uniform(0.8, 1.08))
    shape = frame.height, frame.width
    pixels = np.asarray(frame, np.float32) * uneven(*shape, random)[..., None]
    if random.random() < rough.shadow:
        pixels *= shadow(*shape, random)[..., None]
    veil = np.zeros(shape, np.float32)
    if random.random() < rough.glare:
        veil = np.maximum(veil, glare(*shape, random))
    if random.random() < rough.sleeve:
        veil = np.maximum(veil, sheen(*shape, random))
    if veil.any():
        pixels += (255 - np.minimum(pixels, 255)) * veil[..., None]
    if random.random() < rough.moire:
        pixels *= moire(*shape, random)
    generator = np.random.default_rng(random.randrange(1 << 30))
    grain = generator.standard_normal(pixels.shape, np.float32)
    return _clipped(pixels + np.float32(random.uniform(0.3, 1) * rough.noise) * grain)


def uneven(height: int, width: int, random: Random) -> Field:
    """A factor for each pixel: light that falls off to one side, and a lens that darkens its corners."""
    down, across = _grid(height, width)
    slope = random.uniform(-0.15, 0.15) * (across - 0.5) + random.uniform(-0.15, 0.15) * (down - 0.5)
    corner = random.uniform(0, 0.25) * ((across - 0.5) ** 2 + (down - 0.5) ** 2)
    return (1 + slope - corner).astype(np.float32)


def shadow(height: int, width: int, random: Random) -> Field:
    """A factor for each pixel: the soft shadow of a telephone or a hand held over the page."""
    mask = Image.new("L", (width // 4, height // 4), 0)
    pen = ImageDraw.Draw(mask)
    middle, angle = (random.uniform(0, width / 4), random.uniform(0, height / 4)), random.uniform(0, math.tau)
    if random.random() < 0.6:  # a telephone: a slanted bar that comes in from outside
        half, length = random.uniform(0.12, 0.22) * width / 4, width
        ahead, aside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        bar = [
            (
                middle[0] + a * length * ahead[0] + s * half * aside[0],
                middle[1] + a * length * ahead[1] + s * half * aside[1],
            )
            for a, s in ((0, -1), (1, -1), (1, 1), (0, 1))
        ]
        pen.polygon(bar, fill=255)
    else:  # a hand: a few fingers side by side
        for finger in range(4):
            x, y = middle[0] + finger * width / 36, middle[1] + random.uniform(-0.04, 0.04) * height
            pen.rounded_rectangle((x, y, x + width / 42, y + height), radius=width / 84, fill=255)
    soft = mask.filter(ImageFilter.GaussianBlur(random.uniform(0.008, 0.03) * width))
    depth = _shares(soft.resize((width, height), Image.Resampling.BILINEAR))
    return 1 - np.float32(random.uniform(0.25, 0.5)) * depth


def glare(height: int, width: int, random: Random) -> Field:
    """How much of each pixel is a lamp's light: a soft round spot."""
    down, across = _grid(height, width)
    distance = ((across - random.random()) / random.uniform(0.1, 0.25)) ** 2
    distance = distance + ((down - random.random()) / random.uniform(0.1, 0.25)) ** 2
    return (random.uniform(0.25, VEIL) * np.exp(-distance)).astype(np.float32)


def sheen(height: int, width: int, random: Random) -> Field:
    """How much of each pixel is the light that a plastic sleeve throws back: bent streaks, and a faint haze."""
    down, across = _grid(height, width)
    veil = np.full((height, width), random.uniform(0, 0.08), np.float32)
    angle = random.uniform(0, math.pi)
    for _ in range(random.randint(2, 5)):
        place, thin = random.uniform(-0.3, 1.3), random.uniform(0.006, 0.04)
        along = (across - 0.5) * math.sin(angle) - (down - 0.5) * math.cos(angle)
        past = across * math.cos(angle) + down * math.sin(angle) - place
        past = past + random.uniform(0, 0.05) * np.sin(random.uniform(3, 9) * along + random.uniform(0, math.tau))
        fading = np.clip(1 - random.uniform(0, 1.6) * np.abs(along - random.uniform(-0.4, 0.4)), 0, 1)
        streak = random.uniform(0.15, VEIL) * fading * np.exp(-((past / thin) ** 2))
        veil = np.maximum(veil, streak.astype(np.float32))
        angle += random.uniform(-0.15, 0.15)
    return veil


def moire(height: int, width: int, random: Random) -> Field:
    """A factor for each pixel and colour: the faint bands where two fine patterns beat."""
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    period, angle = random.uniform(4, 14), random.uniform(0, math.pi)
    bend = random.uniform(0, 6) * np.sin(across / random.uniform(90, 240))
    phase = math.tau / period * (across * math.cos(angle) + down * math.sin(angle) + bend)
    strength, apart = random.uniform(0.02, 0.06), random.uniform(0, 0.9)
    bands = np.stack([np.sin(phase + apart * colour) for colour in range(3)], axis=-1)
    return (1 + strength * bands).astype(np.float32)


def _grid(height: int, width: int) -> tuple[Field, Field]:
    """For each pixel, how far down and across it lies, in shares of the picture."""
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    return np.broadcast_to(down, (height, width)), np.broadcast_to(across, (height, width))


def _shares(mask: Image.Image) -> Field:
    """The mask's levels as shares of full."""
    shares: Field = np.asarray(mask, np.float32) / np.float32(255)
    return shares


def _clipped(pixels: Field) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
