"""Draws a set of licenses: python -m tests.engine.render FOLDER [--count N] [--seed S] [--rough clean|mild|hard]."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random

from PIL import Image
from tests.engine.render import effects, forms, people

KINDS = ("vehicle-front", "vehicle-back", "vehicle-both", "driving-front", "driving-back")


def draw(kind: str, random: Random) -> tuple[Image.Image, dict[str, object]]:
    """A flat page of this kind and what stands on it."""
    hand = forms.Hand.pick(random)
    document, side = kind.split("-")
    if document == "driving":
        driver = people.driver(random)
        values = driver.front if side == "front" else driver.back
        page = (forms.driving_front if side == "front" else forms.driving_back)(random, hand, values)
    else:
        car = people.car(random)
        values = {"front": car.front, "back": car.back, "both": car.back | car.front}[side]
        page = {"front": _vehicle_front, "back": _vehicle_back, "both": _vehicle_both}[side](random, hand, car)
        if side == "both":
            values = values | {"back_plate_no": car.back["plate_no"]}
    fields = {name: text for name, text in values.items() if text not in {"", "--"}}
    return page, {"document": f"{document}_license", "side": side, "fields": fields}


def _vehicle_front(random: Random, hand: forms.Hand, car: people.Car) -> Image.Image:
    return forms.vehicle_front(random, hand, car.front)


def _vehicle_back(random: Random, hand: forms.Hand, car: people.Car) -> Image.Image:
    return forms.vehicle_back(random, hand, car.back)


def _vehicle_both(random: Random, hand: forms.Hand, car: people.Car) -> Image.Image:
    front, back = _vehicle_front(random, hand, car), _vehicle_back(random, hand, car)
    gap = 3 * forms.DOTS
    beside = random.random() < 0.4
    size = (front.width * 2 + gap, front.height) if beside else (front.width, front.height * 2 + gap)
    sheet = Image.new("RGB", size, (70, 74, 84))
    sheet.paste(front, (0, 0))
    sheet.paste(back, (front.width + gap, 0) if beside else (0, front.height + gap))
    return sheet


def main() -> None:
    """Writes the pictures and their truth.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rough", choices=[*effects.ROUGHNESS, "mix"], default="mix")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    truth: dict[str, object] = {}
    for number in range(options.count):
        random = Random(f"{options.seed}/{number}")  # noqa: S311 - a seeded drawing keeps no secret
        kind = KINDS[number % len(KINDS)]
        rough = list(effects.ROUGHNESS)[number // len(KINDS) % 3] if options.rough == "mix" else options.rough
        page, about = draw(kind, random)
        photo = effects.photograph(page, random, effects.ROUGHNESS[rough])
        name = f"{number:03d}-{kind}-{rough}.jpg"
        (options.folder / name).write_bytes(effects.jpeg(photo, random.randint(*effects.ROUGHNESS[rough].quality)))
        truth[name] = about
    (options.folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
