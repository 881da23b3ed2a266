"""Drawn electronic licenses: a telephone's screen as an app shows it, in a list or as a card."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw
from tests.engine.render import effects, fonts, people

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from PIL import ImageFont
    from tests.engine.render.fonts import Face

WIDTH = 1080
FACES = (fonts.HEI, fonts.MICRO_HEI, fonts.ZEN_HEI, fonts.MEDIUM_HEI)
THEMES = ((60, 110, 200), (34, 124, 214), (22, 92, 168), (38, 142, 120))
STATES = ("正常", "正常", "正常", "正常", "违法未处理", "逾期未检验", "抵押", "违法未处理,逾期未检验")
DRIVER_STATES = ("正常", "正常", "正常", "超分", "逾期未换证", "暂扣")
COLOURS = ("白", "黑", "灰", "红", "蓝", "棕", "绿", "黄")
VEHICLE = (
    ("plate_no", "号牌号码"),
    ("vehicle_type", "车辆类型"),
    ("owner", "所有人"),
    ("address", "住址"),
    ("use_character", "使用性质"),
    ("brand_model", "品牌型号"),
    ("vin", "车辆识别代号"),
    ("engine_no", "发动机号码"),
    ("register_date", "注册日期"),
    ("issue_date", "发证日期"),
    ("energy_type", "能源类型"),
    ("body_color", "车身颜色"),
    ("inspection_valid_until", "检验有效期至"),
    ("status", "状态"),
    ("generated_at", "生成时间"),
)
DRIVING = (
    ("license_no", "证号"),
    ("name", "姓名"),
    ("sex", "性别"),
    ("nationality", "国籍"),
    ("address", "住址"),
    ("birth_date", "出生日期"),
    ("first_issue_date", "初次领证日期"),
    ("vehicle_classes", "准驾车型"),
    ("valid", "有效期限"),
    ("file_no", "档案编号"),
    ("status", "状态"),
    ("accumulated_points", "累积记分"),
    ("shown_at", "当前时间"),
    ("generated_at", "生成时间"),
)
OPTIONAL = frozenset({"address", "body_color", "inspection_valid_until", "energy_type", "file_no", "shown_at"})
PAIRED = frozenset({"plate_no", "vehicle_type", "sex", "nationality", "register_date", "issue_date"})
BELOW = frozenset({"status", "generated_at", "shown_at"})  # of the license's state, not of its card
GAP = 32

# A photo of a telephone's screen: it lies flat and is not folded, and its raster beats with the camera's.
BY_CAMERA = replace(effects.HARD, tilt=9, keystone=0.05, folds=0, curl=0, sleeve=0, finger=0, moire=0.8)

type Row = tuple[str, str]


def vehicle(random: Random) -> tuple[Image.Image, dict[str, str]]:
    """An electronic vehicle license, and the fields that it shows."""
    car = people.car(random)
    while car.front["engine_no"] in {"--", "无"}:  # trailers have no electronic license
        car = people.car(random)
    held = {
        **car.front,
        "energy_type": car.energy,
        "body_color": random.choice(COLOURS),
        "inspection_valid_until": f"{random.randint(2025, 2028)}-{random.randint(1, 12):02d}",
        "status": random.choice(STATES),
        "generated_at": _moment(random),
    }
    return _shown(random, "电子行驶证", VEHICLE, held)


def driving(random: Random) -> tuple[Image.Image, dict[str, str]]:
    """An electronic driving license, and the fields that it shows."""
    driver = people.driver(random)
    while driver.front["valid_until"].endswith("年"):  # only papers of the older edition say so
        driver = people.driver(random)
    moment = _moment(random)
    held = {
        **driver.front,
        "file_no": driver.back["file_no"],
        "valid": f"{driver.front['valid_from']}至{driver.front['valid_until']}",
        "status": random.choice(DRIVER_STATES),
        "accumulated_points": f"{random.choice((0, 0, 3, 6, 9))}分",
        "shown_at": moment,
        "generated_at": moment,
    }
    image, shown = _shown(random, "电子驾驶证", DRIVING, held)
    del shown["valid"]
    return image, {**shown, "valid_from": held["valid_from"], "valid_until": held["valid_until"]}


def captured(screen: Image.Image, random: Random, level: str) -> bytes:
    """The screen as a JPEG: its own capture when clean, passed on by a messenger when mild, a photo of it when hard."""
    rough = effects.ROUGHNESS[level]
    if level == "hard":
        return effects.shot(screen, random, BY_CAMERA)
    if level == "mild":
        screen = effects.resent(screen, random)
    return effects.jpeg(screen, random.randint(*rough.quality))


def _shown(
    random: Random, title: str, labels: Sequence[Row], held: dict[str, str]
) -> tuple[Image.Image, dict[str, str]]:
    """The screen that shows what is held under these labels, some now and then left out; and what it shows."""
    kept = [(name, label) for name, label in labels if name not in OPTIONAL or random.random() < 0.6]
    screen = _Screen(random, title)
    if random.random() < 0.5:
        screen.listed([(label, held[name]) for name, label in kept])
    else:
        paired = frozenset(label for name, label in kept if name in PAIRED)
        screen.card([(label, held[name]) for name, label in kept if name not in BELOW], paired)
        screen.listed([(label, held[name]) for name, label in kept if name in BELOW])
    return screen.finished(), {name: held[name] for name, _ in kept}


def _moment(random: Random) -> str:
    day = f"{random.randint(2022, 2025)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
    return f"{day} {random.randint(7, 21):02d}:{random.randint(0, 59):02d}:{random.randint(0, 59):02d}"


class _Screen:
    """A telephone's screen, filled from its top."""

    def __init__(self, random: Random, title: str) -> None:
        self.random = random
        self.face = random.choice(FACES)
        self.theme = random.choice(THEMES)
        self.grey, self.ink = (112, 116, 124), (30, 30, 34)
        self.image = Image.new("RGB", (WIDTH, 2400), random.choice(((246, 247, 250), (255, 255, 255))))
        self.pen = ImageDraw.Draw(self.image)
        self.pen.rectangle((0, 0, WIDTH, 230), fill=self.theme)
        self._text(48, 46, f"{random.randint(7, 21)}:{random.randint(10, 59)}", 34, (255, 255, 255))
        self.pen.rounded_rectangle((980, 32, 1040, 60), 8, outline=(255, 255, 255), width=3)
        self._text(60, 152, "<", 56, (255, 255, 255))
        self._centred(152, title, 56, (255, 255, 255), face=fonts.HEAVY_HEI)
        self.y = 290

    def listed(self, rows: Sequence[Row]) -> None:
        """Adds a row for each label and its value, a line between them."""
        size, label_x, value_x = 46, 56, 400
        for label, value in rows:
            colon = "：" if label.endswith("时间") and self.random.random() < 0.5 else ""
            self._text(label_x, self.y + 48, label + colon, 44, self.grey)
            lines = self._broken(value, size, WIDTH - value_x - 40)
            for number, line in enumerate(lines):
                self._text(value_x, self.y + 48 + number * 60, line, size, self._colour(value))
            self.y += 96 + 60 * (len(lines) - 1)
            self.pen.line((label_x, self.y, WIDTH - 40, self.y), fill=(228, 230, 234), width=2)
        self.y += 30

    def card(self, rows: Sequence[Row], paired: frozenset[str]) -> None:
        """Adds a card as the paper looks: of the labels that may be paired, two that follow one another share a row."""
        top, left, right, size = self.y, 80, 590, 44
        self.y += 40
        waiting = list(rows)
        while waiting:
            label, value = waiting.pop(0)
            beside = waiting[0] if waiting and {label, waiting[0][0]} <= paired else None
            if (
                beside
                and self._fits(label, value, size, right - left)
                and self._fits(*beside, size, WIDTH - 60 - right)
            ):
                self._entry(right, *waiting.pop(0), size)
            self.y += 88 + 56 * (self._entry(left, label, value, size) - 1)
        self.y += 30
        self.pen.rounded_rectangle((40, top, WIDTH - 40, self.y), 28, outline=self.theme, width=4)
        self.y += 40

    def finished(self) -> Image.Image:
        """The screen, with a code to be scanned if there is room, and a line of advice."""
        if self.y < 1750:
            self._code(WIDTH // 2 - 200, self.y + 20, 400)
            self.y += 460
        advice = self.random.choice(("仅供出示使用，请勿截图传播", "与纸质证件具有同等法律效力", "本凭证由本人申领"))
        self._centred(self.y + 60, advice, 36, self.grey, face=self.face)
        return self.image.crop((0, 0, WIDTH, max(self.y + 140, 1920)))

    def _fits(self, label: str, value: str, size: int, room: float) -> bool:
        return self._width(label, size) + GAP + self._width(value, size) < room

    def _entry(self, x: int, label: str, value: str, size: int) -> int:
        """On how many lines the value stands, once drawn behind its label."""
        self._text(x, self.y + 44, label, size, self.grey)
        reach = x + self._width(label, size) + GAP
        lines = self._broken(value, size, WIDTH - 60 - reach)
        for number, line in enumerate(lines):
            self._text(reach, self.y + 44 + number * 56, line, size, self.ink)
        return len(lines)

    def _colour(self, value: str) -> tuple[int, int, int]:
        return (30, 150, 80) if value == "正常" else self.ink

    def _text(self, x: float, y: float, text: str, size: int, ink: tuple[int, int, int]) -> None:
        self.pen.text((x, y), text, font=self._font(self.face, text, size), fill=ink, anchor="lm")

    def _centred(self, y: float, text: str, size: int, ink: tuple[int, int, int], *, face: Face) -> None:
        self.pen.text((WIDTH / 2, y), text, font=self._font(face, text, size), fill=ink, anchor="mm")

    def _font(self, face: Face, text: str, size: int) -> ImageFont.FreeTypeFont:
        return fonts.font(fonts.able(face, text), size)

    def _width(self, text: str, size: int) -> float:
        return self._font(self.face, text, size).getlength(text)

    def _broken(self, text: str, size: int, room: float) -> list[str]:
        """The text in lines that the room holds."""
        lines = [""]
        for letter in text:
            if self._width(lines[-1] + letter, size) > room:
                lines.append("")
            lines[-1] += letter
        return lines

    def _code(self, x: int, y: int, side: int) -> None:
        """A square code's look: modules at random, and three finders."""
        modules, cell = 29, side / 29
        for row in range(modules):
            for column in range(modules):
                if self.random.random() < 0.5:
                    left, top = x + column * cell, y + row * cell
                    self.pen.rectangle((left, top, left + cell - 1, top + cell - 1), fill=self.ink)
        for row, column in ((0, 0), (0, modules - 7), (modules - 7, 0)):
            left, top = x + column * cell, y + row * cell
            for inset, fill in ((0, self.ink), (1, (255, 255, 255)), (2, self.ink)):
                self.pen.rectangle(
                    (left + inset * cell, top + inset * cell, left + (7 - inset) * cell, top + (7 - inset) * cell),
                    fill=fill,
                )
