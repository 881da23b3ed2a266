"""What the papers lie on: wood, cloth, leather, stone, plain tables, each with its own grain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from numpy.typing import NDArray

type Grain = NDArray[np.float32]

WOODS = ((146, 112, 78), (84, 60, 44), (172, 140, 104), (112, 70, 46))
CLOTHS = ((118, 120, 124), (52, 70, 110), (96, 44, 48), (150, 144, 130), (60, 74, 62))
LEATHERS = ((44, 46, 52), (98, 70, 56), (70, 68, 72), (150, 122, 96))
STONES = ((176, 174, 170), (126, 122, 118), (92, 94, 98), (206, 202, 196))
PLAIN = ((44, 46, 52), (176, 174, 170), (52, 70, 110), (222, 222, 218), (140, 152, 150))


def surface(width: int, height: int, random: Random) -> Image.Image:
    """A surface of this size, of one kind or another, its light and colour a little different each time."""
    colours, grain = random.choice(_KINDS)
    base = np.array(random.choice(colours), np.float32) * np.float32(random.uniform(0.75, 1.25))
    generator = np.random.default_rng(random.randrange(1 << 30))
    relief = grain(width, height, random, generator)
    relief += 3 * generator.standard_normal((height, width), np.float32)
    return Image.fromarray(np.clip(base + relief[..., None], 0, 255).astype(np.uint8))


def _wood(width: int, height: int, random: Random, generator: np.random.Generator) -> Grain:
    """Rings cut lengthwise: bands that wander along the board, and fine fibres in them."""
    wander = 60 * _blotches(width, height, generator, cells=(4, 6))
    down = np.arange(height, dtype=np.float32)[:, None]
    rings = 7 * np.sin((down + wander / 8) / random.uniform(9, 22))
    return rings + 6 * _blotches(width, height, generator, cells=(5, max(height // 3, 2)))


def _cloth(width: int, height: int, random: Random, generator: np.random.Generator) -> Grain:
    """Threads over and under each other, and soft wrinkles."""
    pitch = random.uniform(3, 7)
    across, down = (np.sin(np.arange(length) * (2 * np.pi / pitch)).astype(np.float32) for length in (width, height))
    weave: Grain = np.float32(random.uniform(3, 8)) * down[:, None] * across[None, :]
    return weave + 12 * _blotches(width, height, generator, cells=(7, 6))


def _leather(width: int, height: int, random: Random, generator: np.random.Generator) -> Grain:
    """Small bumps with dark creases between them."""
    cells = round(width / random.uniform(9, 16)), round(height / random.uniform(9, 16))
    bumps = _blotches(width, height, generator, cells=cells)
    return 9 * bumps - 10 * (np.abs(bumps) < 0.15) + 10 * _blotches(width, height, generator, cells=(4, 4))


def _stone(width: int, height: int, random: Random, generator: np.random.Generator) -> Grain:
    """Speckles of several sizes."""
    coarse = _blotches(width, height, generator, cells=(width // 24, height // 24))
    fine = _blotches(width, height, generator, cells=(width // 5, height // 5))
    return random.uniform(6, 14) * coarse + random.uniform(4, 10) * fine


def _smooth(width: int, height: int, random: Random, generator: np.random.Generator) -> Grain:
    """Hardly anything: a table's slight unevenness."""
    return random.uniform(3, 10) * _blotches(width, height, generator, cells=(3, 24))


def _blotches(width: int, height: int, generator: np.random.Generator, *, cells: tuple[int, int]) -> Grain:
    """Noise of about one in strength whose spots are as many as told, across and down."""
    coarse = generator.standard_normal((max(cells[1], 2), max(cells[0], 2)), np.float32)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


_KINDS: tuple[tuple[tuple[tuple[int, int, int], ...], Callable[..., Grain]], ...] = (
    (WOODS, _wood),
    (CLOTHS, _cloth),
    (LEATHERS, _leather),
    (STONES, _stone),
    (PLAIN, _smooth),
)
