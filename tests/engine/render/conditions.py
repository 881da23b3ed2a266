"""Prints how often each flag on a photo's condition is raised where it should be and where it should not.

python -m tests.engine.render.conditions [--seed S] [--count N] [--threads T] [--case NAME ...]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.engine.render import effects, flaws
from tests.engine.render.__main__ import KINDS, draw

from license_engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Spoil = Callable[[effects.Taken, str, Random], effects.Taken]

LEVELS = tuple(effects.ROUGHNESS)
FRONTS = ("vehicle-front", "driving-front", "vehicle-both")
SINGLES = tuple(kind for kind in KINDS if kind != "vehicle-both")
# Where labels and values stand, in shares of the sheet.
PRINT: Mapping[str, flaws.Box] = MappingProxyType(
    {
        "vehicle-front": (0.1, 0.2, 0.85, 0.9),
        "vehicle-back": (0.1, 0.1, 0.75, 0.42),
        "vehicle-both": (0.1, 0.1, 0.8, 0.65),
        "driving-front": (0.1, 0.2, 0.65, 0.85),
        "driving-back": (0.1, 0.15, 0.65, 0.45),
    }
)


def _as_taken(taken: effects.Taken, _kind: str, _random: Random) -> effects.Taken:
    return taken


def _warmed(taken: effects.Taken, _kind: str, random: Random) -> effects.Taken:
    return flaws.warmed(taken, random)


def _shone_upon(taken: effects.Taken, kind: str, random: Random) -> effects.Taken:
    return flaws.shone_upon(taken, random, PRINT[kind])


def _cut_by(least: float, most: float) -> Spoil:
    def cut(taken: effects.Taken, _kind: str, random: Random) -> effects.Taken:
        return flaws.cut(taken, random.choice(flaws.SIDES), random.uniform(least, most))

    return cut


def _trimmed(taken: effects.Taken, _kind: str, _random: Random) -> effects.Taken:
    return flaws.trimmed(taken)


def _blurred(taken: effects.Taken, kind: str, random: Random) -> effects.Taken:
    pages = 2 if kind == "vehicle-both" and taken.image.width > taken.image.height else 1
    return flaws.blurred(taken, random.uniform(0.0030, 0.0048) / pages)


@dataclass(frozen=True, slots=True)
class Case:
    """Pictures of one condition: the flag that they should get, of what they are drawn, and what is done to them."""

    flag: str | None
    spoil: Spoil = _as_taken
    kinds: tuple[str, ...] = KINDS
    levels: tuple[str, ...] = LEVELS
    copied: bool = False


CASES: Mapping[str, Case] = MappingProxyType(
    {
        "clean": Case(None, levels=("clean",)),
        "mild": Case(None, levels=("mild",)),
        "hard": Case(None, levels=("hard",)),
        "warm light": Case(None, _warmed),
        "cut to the page's edge": Case(None, _trimmed),
        "copy": Case("copy", kinds=FRONTS, copied=True),
        "copy in warm light": Case("copy", _warmed, kinds=FRONTS, copied=True),
        "glare on print": Case("reflection", _shone_upon),
        "3-6 % cut off": Case("border_incomplete", _cut_by(0.03, 0.06), kinds=SINGLES),
        "6-10 % cut off": Case("border_incomplete", _cut_by(0.06, 0.10), kinds=SINGLES),
        "10-25 % cut off": Case("border_incomplete", _cut_by(0.10, 0.25), kinds=SINGLES),
        "out of focus": Case("blur", _blurred),
    }
)


def picture(case: Case, number: int, random: Random) -> tuple[bytes, object]:
    """The case's picture of this number, as JPEG, and the fields that stand on it."""
    kind = case.kinds[number % len(case.kinds)]
    rough = effects.ROUGHNESS[case.levels[number // len(case.kinds) % len(case.levels)]]
    page, about = draw(kind, random)
    taken = effects.take(flaws.photocopied(page, random) if case.copied else page, random, rough)
    photo = case.spoil(taken, kind, random).image
    return effects.jpeg(photo, random.randint(*rough.quality)), about["fields"]


def _line(engine: Engine, name: str, seed: int, count: int, seconds: list[float]) -> str:
    """A case's line of the table; the time that each reading took is added to the seconds.

    Missed is a picture that should have got the flag and did not, though a page was found on it; blur is due wherever
    not every field was read right, page or no page.
    """
    case, raised, unknown, whole, missed = CASES[name], Counter[str](), 0, 0, 0
    for number in range(count):
        content, fields = picture(case, number, Random(f"{seed}/{name}/{number}"))  # noqa: S311 - keeps no secret
        started = time.perf_counter()
        reading = engine.read(content)
        seconds.append(time.perf_counter() - started)
        raised.update(reading.flags)
        right = dict(reading.fields) == fields
        due = not right if case.flag == "blur" else reading.document is not None
        unknown += reading.document is None
        whole += right
        missed += due and case.flag not in reading.flags
    flags = ", ".join(f"{flag} {times}" for flag, times in sorted(raised.items()))
    return f"{name:24}{count:9}{unknown:9}{whole:11}{missed if case.flag else '-':>8}  {flags}"


def main() -> None:
    """Draws and reads the pictures of every case and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=45)
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    engine = Engine(threads=options.threads)
    print(f"{'case':24}{'pictures':>9}{'no page':>9}{'all right':>11}{'missed':>8}  flags raised")
    seconds: list[float] = []
    for name in options.case or CASES:
        print(_line(engine, name, options.seed, options.count, seconds), flush=True)
    print(f"seconds a picture: median {statistics.median(seconds):.2f}, most {max(seconds):.2f}")


if __name__ == "__main__":
    main()
