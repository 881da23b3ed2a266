"""Sets of drawn licenses: each picture is made from the seed and its own number alone, so any can be made by itself."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import batched
from multiprocessing import get_context
from random import Random
from typing import TYPE_CHECKING, Literal

from tests.engine.render import effects, forms, people, screens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL import Image

type Level = Literal["clean", "mild", "hard"]
type Rough = Literal["clean", "mild", "hard", "mix"]

KINDS = ("vehicle-front", "vehicle-back", "vehicle-both", "driving-front", "driving-back")
ON_SCREEN = ("vehicle-electronic", "driving-electronic")
LEVELS: tuple[Level, ...] = ("clean", "mild", "hard")
ONE_ON_SCREEN = 12  # of so many pictures one shows a screen
NOTHING = frozenset({"", "--", "无"})  # what stands where there is no value
AHEAD = 4  # pictures a process that are drawn before they are asked for


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn photo: its file name, its JPEG, what stands on it, how rough it is, and which page it shows."""

    name: str
    content: bytes
    truth: Mapping[str, object]
    level: Level
    kind: str


def draw_set(count: int, seed: int, rough: Rough = "mix", *, jobs: int = 1) -> Iterator[Picture]:
    """The set's pictures in their order, each drawn when it is asked for; the same ones for any number of jobs."""
    one = partial(draw_picture, seed=seed, rough=rough)
    if jobs <= 1:
        yield from map(one, range(count))
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for numbers in batched(range(count), AHEAD * jobs, strict=False):
            yield from pool.map(one, numbers)


def draw_picture(number: int, seed: int, rough: Rough = "mix") -> Picture:
    """The set's picture of this number."""
    random = Random(f"{seed}/{number}")  # noqa: S311 - a seeded drawing keeps no secret
    kind, level = what(number)
    if rough != "mix":
        level = rough
    rough_by = effects.ROUGHNESS[level]
    page, about = draw(kind, random, rough_by.misprint)
    content = screens.captured(page, random, level) if kind in ON_SCREEN else effects.shot(page, random, rough_by)
    return Picture(f"{number:03d}-{kind}-{level}.jpg", content, {**about, "level": level}, level, kind)


def what(number: int) -> tuple[str, Level]:
    """The kind and the level of the picture of this number in a mixed set."""
    turn, place = divmod(number, ONE_ON_SCREEN)
    if place == ONE_ON_SCREEN - 1:
        return ON_SCREEN[turn % len(ON_SCREEN)], LEVELS[turn % len(LEVELS)]
    paper = number - turn
    return KINDS[paper % len(KINDS)], LEVELS[paper // len(KINDS) % len(LEVELS)]


def draw(kind: str, random: Random, misprint: float = 0.9) -> tuple[Image.Image, dict[str, object]]:
    """A flat page, sheet or screen of this kind, and what stands on it: document, side, form and fields.

    Values stand off a paper's form by at most the misprint, in millimetres.
    """
    document, side = kind.split("-")
    if side == "electronic":
        page, fields = screens.vehicle(random) if document == "vehicle" else screens.driving(random)
        about = {"side": "front", "form": "electronic", "fields": fields}
    else:
        page, fields = _paper(document, side, random, misprint)
        about = {"side": side, "form": "paper", "fields": fields}
    return page, {"document": f"{document}_license", **about}


def _paper(document: str, side: str, random: Random, misprint: float) -> tuple[Image.Image, dict[str, str]]:
    hand = forms.Hand.pick(random, misprint)
    if document == "driving":
        driver = people.driver(random)
        values = driver.front if side == "front" else driver.back
        page = (forms.driving_front if side == "front" else forms.driving_back)(random, hand, values)
        return page, printed(values)
    car = people.car(random)
    if side == "both":
        fields = printed(car.back) | printed(car.front) | {"back_plate_no": car.back["plate_no"]}
        return forms.vehicle_both(random, hand, car.front, car.back), fields
    values = car.front if side == "front" else car.back
    page = (forms.vehicle_front if side == "front" else forms.vehicle_back)(random, hand, values)
    return page, printed(values)


def printed(values: Mapping[str, str]) -> dict[str, str]:
    """The values that are there: an empty slot is printed as dashes or not at all."""
    return {name: text for name, text in values.items() if text not in NOTHING}
