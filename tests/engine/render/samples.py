"""Draws tests/samples anew: python -m tests.engine.render.samples [FOLDER]."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw
from tests.engine.render import effects, fonts, forms, people
from tests.engine.render.sets import draw, printed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.engine.render.fonts import Face

type Style = tuple[Face, int, tuple[int, int, int]]

FOLDER = Path(__file__).parents[2] / "samples"
SMOOTH = effects.Roughness(5, 0.03, (1300, 1300), (0.86, 0.92), 0.5, 3, 0, (80, 80))
BLURRED = effects.Roughness(5, 0.03, (1100, 1100), (0.8, 0.85), 1.4, 4, 0, (70, 70))
SEEDS = {"vehicle-front": 4, "vehicle-back": 2, "vehicle-both": 6, "driving-front": 3, "driving-back": 8}
GREY, INK, RECEIPT_INK, WHITE = (128, 130, 136), (30, 30, 34), (48, 48, 52), (255, 255, 255)
GOODS = (
    ("矿泉水550ml", "2.00"),
    ("全麦面包", "8.50"),
    ("鲜牛奶1L", "12.80"),
    ("鸡蛋10枚", "13.90"),
    ("苹果1.2kg", "15.60"),
)
ELECTRONIC = {
    "plate_no": "号牌号码",
    "vehicle_type": "车辆类型",
    "owner": "所有人",
    "use_character": "使用性质",
    "brand_model": "品牌型号",
    "vin": "车辆识别代号",
    "engine_no": "发动机号码",
    "register_date": "注册日期",
    "issue_date": "发证日期",
    "energy_type": "能源类型",
}


def main() -> None:
    """Writes the sample photos and truth.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    truth: dict[str, Mapping[str, object]] = {}
    for kind, seed in SEEDS.items():
        random = Random(seed)  # noqa: S311 - a seeded drawing keeps no secret
        page, truth[f"{kind}.jpg"] = draw(kind, random)
        _write(folder / f"{kind}.jpg", effects.photograph(page, random, SMOOTH), 80)
    random = Random(21)  # noqa: S311
    car = people.car(random)
    front = {**car.front, "vin": _misprinted(car.front["vin"])}
    page = forms.vehicle_front(random, forms.Hand.pick(random), front)
    _write(folder / "vehicle-front-bad.jpg", effects.photograph(page, random, BLURRED), 72)
    truth["vehicle-front-bad.jpg"] = {"document": "vehicle_license", "side": "front", "fields": printed(front)}
    car = people.car(random)
    held = {**car.front, "energy_type": car.energy}
    shown = {name: held[name] for name in ELECTRONIC}
    _write(folder / "vehicle-electronic.jpg", _screen(shown), 80)
    truth["vehicle-electronic.jpg"] = {"document": "vehicle_license", "side": "front", "fields": shown}
    _write(folder / "not-a-license.jpg", effects.photograph(_receipt(), random, SMOOTH), 80)
    truth["not-a-license.jpg"] = {"document": None, "side": None, "fields": {}}
    (folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _write(path: Path, photo: Image.Image, quality: int) -> None:
    path.write_bytes(effects.jpeg(photo, quality))


def _misprinted(vin: str) -> str:
    """The VIN with a check digit that does not hold."""
    return vin[:8] + ("3" if vin[8] != "3" else "7") + vin[9:]


def _screen(fields: Mapping[str, str]) -> Image.Image:
    """A telephone's screen with an electronic license: a list of labels and values."""
    screen = Image.new("RGB", (864, 1536), (246, 247, 250))
    pen = ImageDraw.Draw(screen)
    pen.rectangle((0, 0, 864, 150), fill=(60, 110, 200))
    _set(pen, (432, 90), "电子行驶证", (fonts.HEI, 41, WHITE), "mm")
    for row, (name, label) in enumerate(ELECTRONIC.items()):
        y = 250 + row * 96
        _set(pen, (50, y), label, (fonts.HEI, 32, GREY))
        _set(pen, (330, y), fields[name], (fonts.HEI, 34, INK))
    _set(pen, (50, 1300), "生成时间：2024-11-05 10:20:30", (fonts.HEI, 27, GREY))
    return screen


def _receipt() -> Image.Image:
    """A shop's receipt: text enough, and no license."""
    paper = Image.new("RGB", (900, 1200), (244, 243, 238))
    pen = ImageDraw.Draw(paper)
    _set(pen, (450, 90), "平价便民超市", (fonts.HEI, 65, RECEIPT_INK), "mm")
    _set(pen, (450, 160), "2024-03-18 18:42", (fonts.HEI, 36, RECEIPT_INK), "mm")
    for row, (name, price) in enumerate((*GOODS, ("合计", "52.80"), ("实收", "60.00"), ("找零", "7.20"))):
        y = 280 + row * 90
        _set(pen, (90, y), name, (fonts.SONG, 43, RECEIPT_INK))
        _set(pen, (810, y), price, (fonts.SONG, 43, RECEIPT_INK), "rm")
    _set(pen, (450, 1090), "谢谢惠顾 欢迎再来", (fonts.HEI, 43, RECEIPT_INK), "mm")
    return paper


def _set(pen: ImageDraw.ImageDraw, spot: tuple[int, int], text: str, style: Style, anchor: str = "lm") -> None:
    """Draws the text at the spot, in this face, size and colour."""
    face, size, ink = style
    pen.text(spot, text, font=fonts.font(face, size), fill=ink, anchor=anchor)


if __name__ == "__main__":
    main()
