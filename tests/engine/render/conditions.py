"""Prints how often each flag on a photo's condition is raised where it should be and where it should not.

python -m tests.engine.render.conditions [--seed S] [--count N] [--threads T] [--case NAME ...]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from math import atan2, pi
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from PIL import Image
from tests.engine.render import effects, flaws, foreign
from tests.engine.render.__main__ import KINDS, draw

from license_engine import Engine
from license_engine.condition import FILLED
from license_engine.form import DRIVING_BACK, DRIVING_FRONT, HEIGHT, VEHICLE_BACK, VEHICLE_FRONT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from license_engine.form import Form

type Fields = Mapping[str, str]
type Asked = tuple[str | None, str | None]
"""The document and the side that a caller expects."""
type Spoil = Callable[[effects.Taken, str, Random], effects.Taken]

LEVELS = tuple(effects.ROUGHNESS)
FRONTS = ("vehicle-front", "driving-front", "vehicle-both")
SINGLES = tuple(kind for kind in KINDS if kind != "vehicle-both")
PAIRS = (
    ("vehicle-front", "vehicle-front"),
    ("driving-front", "driving-front"),
    ("vehicle-front", "driving-front"),
    ("vehicle-back", "vehicle-back"),
)
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
FORM: Mapping[str, Form] = MappingProxyType(
    {
        "vehicle-front": VEHICLE_FRONT,
        "vehicle-back": VEHICLE_BACK,
        "driving-front": DRIVING_FRONT,
        "driving-back": DRIVING_BACK,
    }
)
SHEET = (WIDTH, HEIGHT)
TABLE = (70, 74, 84)
SURE = frozenset(FILLED)


def _as_taken(taken: effects.Taken, _kind: str, _random: Random) -> effects.Taken:
    return taken


def _warmed(taken: effects.Taken, _kind: str, random: Random) -> effects.Taken:
    return flaws.warmed(taken, random)


def _shone_upon(taken: effects.Taken, kind: str, random: Random) -> effects.Taken:
    return flaws.shone_upon(taken, random, PRINT[kind])


def _covered(taken: effects.Taken, kind: str, random: Random) -> effects.Taken:
    """A thing over a label that is followed by a value, or over where that value begins."""
    cover = random.choice(flaws.COVERS)
    label = random.choice([label for label in FORM[kind].labels if label.field in SURE])
    spot = (label.x + random.uniform(2, label.width + 4), label.y + random.uniform(-1, 1))
    return flaws.covered(taken, cover, spot, _reaching(cover, spot, random), SHEET)


def _covered_margin(taken: effects.Taken, _kind: str, random: Random) -> effects.Taken:
    """A thing that reaches onto the page by less than its margin."""
    cover = random.choice(flaws.COVERS)
    side, deep = random.randrange(4), random.uniform(-1, 1.5)
    along = random.uniform(0.1, 0.9)
    edge = [(0.0, HEIGHT * along), (WIDTH * along, 0.0), (WIDTH, HEIGHT * along), (WIDTH * along, HEIGHT)][side]
    inward = side * pi / 2
    if cover.name != "finger":  # it lies along the edge
        deep -= cover.width / 2
    spot = flaws.moved(edge, inward, deep)
    return flaws.covered(taken, cover, spot, inward if cover.name == "finger" else inward + pi / 2, SHEET)


def _reaching(cover: flaws.Cover, spot: tuple[float, float], random: Random) -> float:
    """The direction of the thing: a finger reaches over the edge that is nearest, what else there is lies anyhow."""
    if cover.name != "finger":
        return random.uniform(0, pi)
    x, y = spot
    _, away = min((x, (1.0, 0.0)), (WIDTH - x, (-1.0, 0.0)), (HEIGHT - y, (0.0, -1.0)))
    return atan2(away[1], away[0]) + random.uniform(-0.6, 0.6)


def _cut_by(least: float, most: float) -> Spoil:
    def cut(taken: effects.Taken, _kind: str, random: Random) -> effects.Taken:
        return flaws.cut(taken, random.choice(flaws.SIDES), random.uniform(least, most))

    return cut


def _trimmed(taken: effects.Taken, _kind: str, _random: Random) -> effects.Taken:
    return flaws.trimmed(taken)


def _blurred(taken: effects.Taken, kind: str, random: Random) -> effects.Taken:
    pages = 2 if kind == "vehicle-both" and taken.image.width > taken.image.height else 1
    return flaws.blurred(taken, random.uniform(0.0030, 0.0048) / pages)


def _license(kind: str, random: Random) -> tuple[Image.Image, Fields]:
    page, about = draw(kind, random)
    return page, _fields(about)


def _photocopy(kind: str, random: Random) -> tuple[Image.Image, Fields]:
    page, fields = _license(kind, random)
    return flaws.photocopied(page, random), fields


def _pair(kinds: str, random: Random) -> tuple[Image.Image, Fields]:
    """Two licenses on one table, the second a little askew; what is read of them is not compared."""
    one, other = (draw(kind, random)[0] for kind in kinds.split("+"))
    gap = round(one.width * random.uniform(0.04, 0.12))
    other = other.rotate(random.uniform(-4, 4), Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE)
    sheet = Image.new("RGB", (max(one.width, other.width), one.height + gap + other.height), TABLE)
    sheet.paste(one, (0, 0))
    sheet.paste(other, (0, one.height + gap))
    return sheet, {}


def _foreign(kind: str, random: Random) -> tuple[Image.Image, Fields]:
    return foreign.draw(kind, random), {}


def _fields(about: Mapping[str, object]) -> Fields:
    fields = about["fields"]
    return fields if isinstance(fields, dict) else {}


@dataclass(frozen=True, slots=True)
class Case:
    """Pictures of one condition: the flag that they should get, of what they are drawn, and what is done to them.

    `asked` is what the caller expects of a picture of each kind, where that matters.
    """

    flag: str | None
    spoil: Spoil = _as_taken
    kinds: tuple[str, ...] = KINDS
    levels: tuple[str, ...] = LEVELS
    flat: Callable[[str, Random], tuple[Image.Image, Fields]] = _license
    asked: Mapping[str, Asked] = MappingProxyType({})

    def kind(self, number: int) -> str:
        """What the case's picture of this number shows."""
        return self.kinds[number % len(self.kinds)]

    def expected(self, number: int) -> Asked:
        """What Engine.read is told to expect of the picture of this number: document and side."""
        return self.asked.get(self.kind(number), (None, None))


OTHER_SIDE: Mapping[str, Asked] = MappingProxyType(
    {
        "vehicle-front": ("vehicle_license", "back"),
        "vehicle-back": ("vehicle_license", "front"),
        "driving-front": ("driving_license", "back"),
        "driving-back": ("driving_license", "front"),
    }
)
OTHER_DOCUMENT: Mapping[str, Asked] = MappingProxyType(
    {kind: (f"{'driving' if kind.startswith('vehicle') else 'vehicle'}_license", None) for kind in SINGLES}
)
SAME_SIDE: Mapping[str, Asked] = MappingProxyType(
    {
        kind: (f"{kind.split('-')[0]}_license", "front" if kind == "vehicle-both" else kind.split("-")[1])
        for kind in KINDS
    }
)
CASES: Mapping[str, Case] = MappingProxyType(
    {
        "clean": Case(None, levels=("clean",), asked=SAME_SIDE),
        "mild": Case(None, levels=("mild",), asked=SAME_SIDE),
        "hard": Case(None, levels=("hard",), asked=SAME_SIDE),
        "warm light": Case(None, _warmed),
        "cut to the page's edge": Case(None, _trimmed),
        "cover on the margin": Case(None, _covered_margin, kinds=SINGLES),
        "copy": Case("copy", kinds=FRONTS, flat=_photocopy),
        "copy in warm light": Case("copy", _warmed, kinds=FRONTS, flat=_photocopy),
        "glare on print": Case("reflection", _shone_upon),
        "cover on print": Case("occluded", _covered, kinds=SINGLES),
        "3-6 % cut off": Case("border_incomplete", _cut_by(0.03, 0.06), kinds=SINGLES),
        "6-10 % cut off": Case("border_incomplete", _cut_by(0.06, 0.10), kinds=SINGLES),
        "10-25 % cut off": Case("border_incomplete", _cut_by(0.10, 0.25), kinds=SINGLES),
        "out of focus": Case("blur", _blurred),
        "two licenses": Case("multiple_cards", kinds=tuple("+".join(pair) for pair in PAIRS), flat=_pair),
        "other side expected": Case("wrong_side", kinds=SINGLES, asked=OTHER_SIDE),
        "other document expected": Case("wrong_side", kinds=SINGLES, asked=OTHER_DOCUMENT),
        "another paper": Case("not_a_license", kinds=tuple(foreign.SHEETS), flat=_foreign),
        "no paper of a car": Case("not_a_license", kinds=tuple(foreign.DRAWN), flat=_foreign),
        "nothing written": Case("no_text", kinds=tuple(sorted(foreign.SCENES)), flat=_foreign),
    }
)
# Where no page can be asked for, the flag is due on every picture; elsewhere on those with a page.
WITHOUT_PAGE = frozenset({"not_a_license", "no_text", "multiple_cards", "wrong_side"})
# What may spare all print: these are due where a field is lost to them, page or no page.
SPARING = frozenset({"blur", "occluded"})


class Found(Protocol):
    """What a reader says of a picture, as far as it matters here."""

    @property
    def document(self) -> str | None:
        """The document that was found, if any was."""

    @property
    def fields(self) -> Mapping[str, str]:
        """What was read."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as JPEG, the fields that stand on it, and the same without its flaw, if that may spare all print."""

    content: bytes
    fields: Fields
    flawless: bytes | None = None


def drawn(name: str, number: int, seed: int) -> Drawn:
    """The case's picture of this number."""
    case = CASES[name]
    content, fields = _drawn(case, name, number, seed)
    if case.flag not in SPARING:
        return Drawn(content, fields)
    return Drawn(content, fields, _drawn(replace(case, spoil=_as_taken), name, number, seed)[0])


def _drawn(case: Case, name: str, number: int, seed: int) -> tuple[bytes, Fields]:
    random = Random(f"{seed}/{name}/{number}")  # noqa: S311 - a drawing keeps no secret
    kind = case.kind(number)
    rough = effects.ROUGHNESS[case.levels[number // len(case.kinds) % len(case.levels)]]
    page, fields = case.flat(kind, random)
    taken = effects.take(page, random, rough)
    photo = case.spoil(taken, kind, random).image
    return effects.jpeg(photo, random.randint(*rough.quality)), fields


def is_due(flag: str, fields: Fields, found: Found) -> bool:
    """Whether a picture that bears these fields can show the flag: a page's own once a page is found, others always."""
    if flag in SPARING:
        return any(found.fields.get(field) != text for field, text in fields.items())
    return flag in WITHOUT_PAGE or found.document is not None


def can_show(flag: str, picture: Drawn, found: Found, read: Callable[[bytes], Found]) -> bool:
    """Whether the flag is due; where a flaw may spare all print, only if it costs a field that is read without it."""
    if not is_due(flag, picture.fields, found) or picture.flawless is None:
        return is_due(flag, picture.fields, found)
    legible = read(picture.flawless).fields
    return is_due(flag, {field: text for field, text in picture.fields.items() if legible.get(field) == text}, found)


def _line(engine: Engine, name: str, seed: int, count: int, seconds: list[float]) -> str:
    """A case's line of the table; the time that each reading took is added to the seconds."""
    case, raised, unknown, whole, due, missed = CASES[name], Counter[str](), 0, 0, 0, 0
    for number in range(count):
        picture = drawn(name, number, seed)
        document, side = case.expected(number)
        read = partial(engine.read, document=document, side=side)
        started = time.perf_counter()
        reading = read(picture.content)
        seconds.append(time.perf_counter() - started)
        raised.update(reading.flags)
        unknown += reading.document is None
        whole += dict(reading.fields) == picture.fields
        if case.flag and can_show(case.flag, picture, reading, read):
            due += 1
            missed += case.flag not in reading.flags
    flags = ", ".join(f"{flag} {times}" for flag, times in sorted(raised.items()))
    told = f"{due:>6}{missed:>8}" if case.flag else f"{'-':>6}{'-':>8}"
    return f"{name:24}{count:9}{unknown:9}{whole:11}{told}  {flags}"


def main() -> None:
    """Draws and reads the pictures of every case and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=45)
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    engine = Engine(threads=options.threads)
    print(f"{'case':24}{'pictures':>9}{'no page':>9}{'all right':>11}{'due':>6}{'missed':>8}  flags raised")
    seconds: list[float] = []
    for name in options.case or CASES:
        print(_line(engine, name, options.seed, options.count, seconds), flush=True)
    print(f"seconds a picture: median {statistics.median(seconds):.2f}, most {max(seconds):.2f}")


if __name__ == "__main__":
    main()
