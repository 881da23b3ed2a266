"""What it takes to bring a phone's photo within Megvii's limits: ours beside Pillow's plain open, resize, save.

The photo is a page enlarged to 12 megapixels, sharpened and grained as a phone's camera does, so that it weighs as much
as such a photo. Each way runs in processes of its own; its memory is the most that one holds above what it held before,
the upload's bytes included. Speed must not be bought with strokes: both results are held against the same page
without grain.
"""

from __future__ import annotations

import io
import math
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from bench.performance.board import Row, Seen
from bench.surroundings import cells
from license_ocr.checkout import SAMPLES
from license_reader.image import fit, gate
from license_reader.vendors.megvii import Vendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bench.command import Tell

    type Way = Callable[[bytes], bytes]

SIZE = (4032, 3024)
ROUNDS, TIMES = 5, 3
MOST_TIME, MOST_MEMORY = 0.4, 0.5
# What the plain way may be better by, in decibels, and what must be left of its strokes' sharpness.
LIKENESS_LOST, SHARPNESS_KEPT = 1.0, 0.95
_PATIENCE = 120.0
_SEED = 12
_SAMPLE = SAMPLES / "vehicle-front.jpg"
_GRAIN = 0.17


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way took: seconds of CPU, and bytes of memory above base."""

    seconds: float
    memory: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a picture compares with the page that it is of: decibels, and the share of its strokes' contrast."""

    decibels: float
    sharpness: float


def ours(content: bytes) -> bytes:
    """The photo as the reader fits it."""
    return fit(gate(content), Vendor.limits).content


def plain(content: bytes, *, size: tuple[int, int]) -> bytes:
    """The photo opened, resized and saved, at the size and quality that ours has."""
    saved = io.BytesIO()
    with Image.open(io.BytesIO(content)) as opened:
        opened.resize(size).save(saved, "JPEG", quality=92)
    return saved.getvalue()


def photo() -> tuple[bytes, Image.Image]:
    """A photo as a phone with 12 megapixels saves it, and what it shows, without grain."""
    with Image.open(_SAMPLE) as opened:
        enlarged = opened.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
    page = enlarged.filter(ImageFilter.UnsharpMask(radius=3, percent=150, threshold=0))
    random = Random(_SEED)  # noqa: S311 - to be repeated, not to be secret
    bands = [Image.frombytes("L", SIZE, random.randbytes(SIZE[0] * SIZE[1])) for _ in range(3)]
    grain = Image.merge("RGB", [band.filter(ImageFilter.GaussianBlur(0.7)) for band in bands])
    saved = io.BytesIO()
    Image.blend(page, grain, _GRAIN).save(saved, "JPEG", quality=95)
    return saved.getvalue(), Image.blend(page, Image.new("RGB", SIZE, (128, 128, 128)), _GRAIN)


def likeness(content: bytes, shown: Image.Image) -> Likeness:
    """How the picture compares, at its own size, with what it shows."""
    with Image.open(io.BytesIO(content)) as opened:
        found = _levels(opened)
    wanted = _levels(shown.resize(found.shape[::-1], Image.Resampling.LANCZOS))
    error = float(np.mean((found - wanted) ** 2, dtype=np.float64))
    strokes, drawn = _strokes(wanted), _strokes(found)
    contrast = np.sum(strokes * drawn, dtype=np.float64) / np.sum(strokes**2, dtype=np.float64)
    return Likeness(10 * math.log10(255**2 / error), float(contrast))


def _levels(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image.convert("L"), np.float32)


def _strokes(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """What differs between neighbours, from left to right: edges. Grain has them too, but none that go with these."""
    return np.diff(levels, axis=1)


def done(way: Way, path: Path | None, *, at: Path) -> float:
    """The seconds of CPU that a way takes for the photo at this path; for none, that at `at` is taken to warm up."""
    content = (path or at).read_bytes()
    began = time.process_time()
    way(content)
    return time.process_time() - began


def cost(way: Way, path: Path) -> Cost:
    """What a way took for the photo at this path, in a process of its own."""
    (seen,) = cells.done(partial(done, way, at=_SAMPLE), [[path] * TIMES], patience=_PATIENCE, cells=1)
    if isinstance(seen, cells.Lost):
        raise ChildProcessError(f"a process that fitted a photo {seen.how}")
    return Cost(min(seen.results), seen.memory)


def measure(tell: Tell) -> Seen:
    """What both ways took, the least of each in processes that take turns, and what their pictures are worth."""
    content, shown = photo()
    fitted = fit(gate(content), Vendor.limits)
    ways: tuple[Way, Way] = (ours, partial(plain, size=(fitted.width, fitted.height)))
    likenesses = [likeness(way(content), shown) for way in ways]
    costs: tuple[list[Cost], list[Cost]] = ([], [])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(content)
        for done_ in range(ROUNDS):
            tell(done_, ROUNDS)
            for way, taken in zip(ways, costs, strict=True):
                taken.append(cost(way, path))
        tell(ROUNDS, ROUNDS)
    least, most = (Cost(min(c.seconds for c in taken), median(c.memory for c in taken)) for taken in costs)
    return judged(least, most, *likenesses)


def judged(own: Cost, peer: Cost, own_likeness: Likeness, peer_likeness: Likeness) -> Seen:
    """Whether so much was saved without loss."""
    time_, memory = own.seconds / peer.seconds, own.memory / peer.memory
    as_good = (
        own_likeness.decibels >= peer_likeness.decibels - LIKENESS_LOST
        and own_likeness.sharpness >= peer_likeness.sharpness * SHARPNESS_KEPT
    )
    return Seen(
        ours=f"{_told(own, own_likeness)}; {memory:.2f} x the memory",
        peer=_told(peer, peer_likeness),
        ratio=time_,
        held=time_ <= MOST_TIME and memory <= MOST_MEMORY and as_good,
    )


def _told(taken: Cost, worth: Likeness) -> str:
    return (
        f"{taken.seconds * 1000:.0f} ms, {taken.memory / 2**20:.0f} MB,"
        f" {worth.decibels:.1f} dB, {worth.sharpness:.2f} of the strokes' contrast"
    )


ROW = Row(
    "12-megapixel photo fitted to Megvii's limits, against Pillow's open, resize, save",
    f"<= {MOST_TIME} x time, <= {MOST_MEMORY} x memory, as sharp",
    measure,
)
