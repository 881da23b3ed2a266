"""A million mutated pictures and a corpus of bombs through the gate and, where it lets them, the decoders."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cache, partial
from random import Random
from statistics import median, quantiles
from typing import TYPE_CHECKING

from bench.reliability import photos
from bench.reliability.board import Row, Seen, portion
from bench.surroundings import cells
from license_engine.picture import NotAPicture, decode
from license_reader import vendors
from license_reader.errors import CannotFit, ImageRejected
from license_reader.image import Limits, fit, gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bench.command import Tell

FULL = 1_000_000
MAX_MEMORY = 256 * 1024 * 1024
MAX_GATE_SECONDS = 50e-6
MAX_DECODING_SECONDS = 10.0
PATIENCE = 90.0  # for all that a bomb goes through
_BATCH = 250
_SEED = 20261121
# Below this share the corpus, whose pictures are large, is left to the tests that name one.
_WHOLE_CORPUS = 0.01


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of one picture: the gate's time, whether it was let through, and an error that nobody documented.

    `slowest` is the longest that a decoder took over it.
    """

    seconds: float
    let_through: bool
    slowest: float = 0.0
    fault: str | None = None


@dataclass(slots=True)
class Tally:
    """What became of all of them."""

    seconds: list[float] = field(default_factory=list)
    let_through: int = 0
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)
    memory: int = 0
    heaviest: object = None
    """The first item of the batch that took most memory."""


def through(item: int | str | None) -> Passed:
    """What becomes of the picture of this number, or of the bomb of this name, at the gate and in the decoders."""
    content = _content(item)
    began = time.perf_counter()
    try:
        image = gate(content)
    except ImageRejected:
        return Passed(time.perf_counter() - began, let_through=False)
    except Exception as error:  # noqa: BLE001 - what is looked for
        return Passed(time.perf_counter() - began, let_through=False, fault=f"{item}: gate: {error!r}")
    seconds, slowest = time.perf_counter() - began, 0.0
    fits = [partial(fit, image, limits) for limits in _limits(item, len(content))]
    decoders: list[Callable[[], object]] = [*fits, partial(decode, content)]
    for decoder in decoders:
        began = time.perf_counter()
        try:
            decoder()
        except (CannotFit, ImageRejected, NotAPicture):
            pass
        except Exception as error:  # noqa: BLE001 - what is looked for
            return Passed(seconds, let_through=True, fault=f"{item}: {image.format}: {error!r}")
        slowest = max(slowest, time.perf_counter() - began)
    return Passed(seconds, let_through=True, slowest=slowest)


def _content(item: int | str | None) -> bytes:
    if item is None:
        return photos.pictures()[0]
    if isinstance(item, int):
        return photos.mutated(Random(_SEED + item))  # noqa: S311 - to be repeated, not to be secret
    content = photos.bombs()[item]()
    cells.forget_peak()  # what making it took
    return content


def _limits(item: int | str | None, size: int) -> Iterator[Limits]:
    """The limits of a vendor, of all of them for a bomb, and some that nothing meets as it is."""
    known = _vendors_limits()
    yield from (known[item % len(known)],) if isinstance(item, int) else known
    jpeg = Limits(formats=frozenset({"jpeg"}), max_bytes=max(size - 1, 1))
    if isinstance(item, int):
        yield replace(jpeg, max_edge=60)
    else:
        yield from (jpeg, replace(jpeg, max_edge=2000), replace(jpeg, max_edge=4096))


@cache
def _vendors_limits() -> tuple[Limits, ...]:
    return tuple(vendors.find(name).limits for name in vendors.names())


def thrown(mutants: int, bombs: Iterable[str], tell: Tell) -> Tally:
    """What became of so many mutated pictures and of these bombs."""
    batches = [list(range(start, min(start + _BATCH, mutants))) for start in range(0, mutants, _BATCH)]
    alone = [[name] for name in bombs]
    tally, count, full = Tally(), 0, mutants + len(alone)
    for seen in cells.done(through, [*alone, *batches], patience=PATIENCE):
        if isinstance(seen, cells.Lost):
            tally.faults.append(f"{seen.item}: {seen.how}")
            count += 1
        else:
            if seen.memory > tally.memory:
                tally.memory, tally.heaviest = seen.memory, seen.first
            tally.seconds += (passed.seconds for passed in seen.results)
            tally.slowest = max(tally.slowest, *(passed.slowest for passed in seen.results))
            tally.let_through += sum(passed.let_through for passed in seen.results)
            tally.faults += (passed.fault for passed in seen.results if passed.fault)
            count += len(seen.results)
        tell(count, full)
    return tally


def measure(share: float, tell: Tell) -> Seen:
    """What became of this share of the million, and of the whole corpus unless the share is small."""
    mutants, bombs = portion(FULL, share), tuple(photos.bombs()) if share >= _WHOLE_CORPUS else ()
    tally = thrown(mutants, bombs, tell)
    typical, worst = median(tally.seconds), quantiles([*tally.seconds, tally.seconds[0]], n=100)[-1]
    figures = (
        f"{mutants:,} mutated and {len(bombs)} bombs, {tally.let_through:,} let through: {len(tally.faults)} crashes,"
        f" {tally.memory / 2**20:.0f} MB above base (in the batch of {tally.heaviest}),"
        f" {tally.slowest:.1f} s at most in a decoder, gate {typical * 1e6:.0f} µs,"
        f" of a hundred the slowest {worst * 1e6:.0f} µs"
    )
    figures = "\n".join((figures, *tally.faults[:5]))
    return Seen(figures, held(tally))


def held(tally: Tally) -> bool:
    """Whether the target was met."""
    quick = median(tally.seconds) <= MAX_GATE_SECONDS and tally.slowest <= MAX_DECODING_SECONDS
    return quick and not tally.faults and tally.memory <= MAX_MEMORY


ROW = Row(
    "a million mutated images, bombs, truncations, polyglots",
    "0 crashes, memory <= 256 MB above base, gate <= 50 µs",
    measure,
)
