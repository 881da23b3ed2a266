"""A raster over the print, as a photo of a screen or of a halftone shows: found in the spectrum, and taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from license_engine.picture import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from license_engine.detect import Region

COARSEST = 1 / 16  # cycles a pixel: what is coarser is the print's own rows and columns
RINGS = 200  # a cycle a pixel
STRONG = 40.0  # of its frequency's middle magnitude: print, paper and noise stay below
LIKE = 1 / 3  # of the strongest peak's magnitude
ALONE = 30  # places about it that are like it, at most: the print's own frequencies spread
ABOUT = 0.05  # of the spectrum's edges: how far about it that is
MOST = 8
NOTCH = 0.008  # of the spectrum's edges: how wide a peak is
LEAST_NOTCH = 2.5


@dataclass(frozen=True, slots=True)
class Spectrum:
    """How strong each frequency of a grey picture is against the others as fine as it; a row each way, from zero up."""

    strength: NDArray[np.float32]

    def peaks(self) -> list[tuple[int, int]]:
        """Where its raster shows, strongest first; nowhere where the strongest frequency is weak or not alone."""
        left = self.strength.copy()
        found: list[tuple[int, int]] = []
        while len(found) < MOST:
            row, column = divmod(int(left.argmax()), left.shape[1])
            top = left[row, column]
            if (
                top < (STRONG if not found else STRONG / 2)
                or int((self._about(left, row, column) > LIKE * top).sum()) > ALONE
            ):
                break
            found.append((row, column))
            left *= notch(left.shape, row, column) > 1 / 2
        return found

    def _about(self, strength: NDArray[np.float32], row: int, column: int) -> NDArray[np.float32]:
        high, wide = (max(round(ABOUT * edge), 1) for edge in strength.shape)
        rows = np.arange(row - high, row + high + 1) % strength.shape[0]
        near: NDArray[np.float32] = strength[rows, max(column - wide, 0) : column + wide + 1]
        return near


def spectrum(grey: NDArray[np.float32]) -> Spectrum:
    """The spectrum of a grey picture, what is as coarse as print left out."""
    tall, wide = grey.shape
    window = np.hanning(tall)[:, None] * np.hanning(wide)
    magnitude = np.abs(np.fft.rfft2((grey - grey.mean()) * window))
    fineness = np.hypot(np.fft.fftfreq(tall)[:, None], np.fft.rfftfreq(wide))
    ring = (fineness * RINGS).astype(np.intp)
    usual = np.array([np.median(part) for part in _parted(magnitude, ring)])
    return Spectrum(np.where(fineness > COARSEST, magnitude / np.maximum(usual[ring], 1e-6), 0).astype(np.float32))


def _parted(magnitude: NDArray[np.float64], ring: NDArray[np.intp]) -> list[NDArray[np.float64]]:
    """The magnitudes by ring, none of them empty."""
    order = np.argsort(ring, axis=None)
    bounds = np.searchsorted(ring.ravel()[order], np.arange(1, int(ring.max()) + 1))
    return [part if len(part) else np.ones(1) for part in np.split(magnitude.ravel()[order], bounds)]


def notch(shape: tuple[int, ...], row: int, column: int) -> NDArray[np.float32]:
    """What a spectrum of this shape is weakened by to take the peak out: 0 on it, 1 away from it."""
    tall, wide = shape
    down = np.abs(np.arange(tall) - row)
    down = np.minimum(down, tall - down)[:, None] / max(NOTCH * tall, LEAST_NOTCH)
    across = (np.arange(wide) - column) / max(NOTCH * 2 * wide, LEAST_NOTCH)
    weights: NDArray[np.float32] = (1 - np.exp(-(down**2) - across**2)).astype(np.float32)
    return weights


def without_raster(photo: Picture, region: Region) -> Picture | None:
    """The photo with the raster taken out of this region; None where there is none."""
    left, top, right, bottom = map(round, region)
    pixels = np.asarray(photo.image.crop((left, top, right, bottom)), np.float32)
    peaks = spectrum(pixels.mean(axis=2)).peaks()
    if not peaks:
        return None
    tall, wide = pixels.shape[:2]
    weights = np.ones((tall, wide // 2 + 1), np.float32)
    for peak in peaks:
        weights *= notch(weights.shape, *peak)
    clean = np.fft.irfft2(np.fft.rfft2(pixels, axes=(0, 1)) * weights[..., None], s=(tall, wide), axes=(0, 1))
    image = photo.image.copy()
    image.paste(Image.fromarray(np.clip(clean, 0, 255).astype(np.uint8)), (left, top))
    return Picture(image, photo.stored)
