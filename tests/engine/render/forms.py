"""Drawn license pages: the printed form, its seal, and the values set on it, in millimetres of an 88 by 60 page.

Printers differ: a form's rows, columns and letter spacing, its rules and tints, the printer that set the values and how
far off it stood. The tables below are one printing each; a Hand bends them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from tests.engine.render import fonts

if TYPE_CHECKING:
    from random import Random

    from tests.engine.render.fonts import Face

DOTS = 18  # pixels a millimetre
WIDTH, HEIGHT = 88, 60
RED = (196, 48, 44)
LEAST_SIZE = 2.5  # millimetres that a value's characters are high, at least
PINS = 26  # dots that a dot-matrix printer has for a character's height
HEI, SONG = fonts.HEI, fonts.SONG
LABEL_FACES = (
    fonts.SONG, fonts.HEI, fonts.MING, fonts.ZEN_HEI, fonts.OLD_SONG, fonts.MEDIUM_SONG, fonts.LIGHT_HEI,
    fonts.MICRO_HEI,
)  # fmt: skip
VALUE_FACES = (
    fonts.HEI, fonts.SONG, fonts.MING, fonts.ZEN_HEI, fonts.KAI, fonts.OLD_SONG, fonts.OLD_KAI, fonts.MICRO_HEI,
    fonts.MEDIUM_SONG, fonts.MEDIUM_HEI, fonts.LIGHT_HEI, fonts.WENKAI,
)  # fmt: skip
DOT_FACES = (fonts.HEI, fonts.SONG, fonts.ZEN_HEI, fonts.OLD_SONG)
WRAPPED = frozenset({"address", "record", "remarks", "owner"})
MANY_STAMPS = 3  # so many lines come down to where the bar code stands
INSPECTION = re.compile(r"(?<!^)(?=检验有效期至)")  # where the next stamp's line begins


type Spot = tuple[float, float]  # millimetres from the left, and down


@dataclass(frozen=True, slots=True)
class Slot:
    """A field on a form: where its label begins, how wide the label is set, where its value begins and may end."""

    name: str
    label: str
    english: str
    x: float
    y: float
    set_width: float
    value_x: float
    end_x: float
    lines: int = 1


VEHICLE_FRONT = (
    Slot("plate_no", "号牌号码", "Plate No.", 4, 15, 9.6, 16, 42),
    Slot("vehicle_type", "车辆类型", "Vehicle Type", 45, 15, 9.6, 57, 86),
    Slot("owner", "所有人", "Owner", 4, 21.6, 9.6, 16, 86, 2),
    Slot("address", "住址", "Address", 4, 28.2, 9.6, 16, 86, 2),
    Slot("use_character", "使用性质", "Use Character", 4, 34.8, 9.6, 16, 34),
    Slot("brand_model", "品牌型号", "Model", 36, 34.8, 9.6, 47.5, 87),
    Slot("vin", "车辆识别代号", "VIN", 28, 41.4, 13, 43, 86),
    Slot("engine_no", "发动机号码", "Engine No.", 28, 47.8, 13, 43, 86),
    Slot("register_date", "注册日期", "Register Date", 28, 54.2, 8.6, 38.5, 56),
    Slot("issue_date", "发证日期", "Issue Date", 58, 54.2, 8.6, 68.5, 87),
)
# Another printing: a higher title, more room for the address, labels set closer.
VEHICLE_FRONT_CLOSE = (
    Slot("plate_no", "号牌号码", "Plate No.", 5, 13.6, 8.8, 15, 42),
    Slot("vehicle_type", "车辆类型", "Vehicle Type", 47, 13.6, 8.8, 57.5, 87),
    Slot("owner", "所有人", "Owner", 5, 19.8, 8.8, 15, 87, 2),
    Slot("address", "住址", "Address", 5, 27, 8.8, 15, 87, 2),
    Slot("use_character", "使用性质", "Use Character", 5, 34, 8.8, 15, 34),
    Slot("brand_model", "品牌型号", "Model", 38, 34, 8.8, 48.5, 87),
    Slot("vin", "车辆识别代号", "VIN", 29.5, 40.4, 12.4, 43.5, 87),
    Slot("engine_no", "发动机号码", "Engine No.", 29.5, 46.6, 11, 43.5, 87),
    Slot("register_date", "注册日期", "Register Date", 29.5, 53, 8.6, 40, 57),
    Slot("issue_date", "发证日期", "Issue Date", 59, 53, 8.6, 69, 87),
)
VEHICLE_BACK = (
    Slot("plate_no", "号牌号码", "Plate No.", 4, 6, 9.6, 16, 43),
    Slot("file_no", "档案编号", "File No.", 45, 6, 9.6, 57, 86),
    Slot("passengers", "核定载人数", "Approved Passengers Capacity", 4, 12, 11.5, 17, 43),
    Slot("gross_mass_kg", "总质量", "Gross Mass", 45, 12, 9.6, 57, 86),
    Slot("curb_mass_kg", "整备质量", "Unladen Mass", 4, 18, 9.6, 17, 43),
    Slot("rated_load_kg", "核定载质量", "Approved Load", 45, 18, 11.5, 58, 86),
    Slot("dimensions", "外廓尺寸", "Overall Dimension", 4, 24, 9.6, 16, 43),
    Slot("towing_mass_kg", "准牵引总质量", "Traction Mass", 45, 24, 12.5, 59, 86),
    Slot("remarks", "备注", "Notes", 4, 30, 9.6, 16, 86, 2),
    Slot("inspection", "检验记录", "Inspection Record", 4, 38, 9.6, 16, 86, 4),
)
# The edition with the kind of energy has it in the right half of the remarks' row, or in a row of its own.
ENERGY = Slot("energy_type", "能源类型", "Energy Type", 45, 30, 9.6, 57, 86)
VEHICLE_BACK_HALVED = (
    *(replace(slot, end_x=43) if slot.name == "remarks" else slot for slot in VEHICLE_BACK),
    ENERGY,
)
VEHICLE_BACK_ROWS = (
    *(replace(slot, y=slot.y + {"remarks": 4.6, "inspection": 3.4}.get(slot.name, 0) - 0.8) for slot in VEHICLE_BACK),
    replace(ENERGY, x=4, value_x=16, end_x=43, y=28.6),
)
DRIVING_FRONT = (
    Slot("license_no", "证号", "License No.", 15, 14.5, 6, 27, 70),
    Slot("name", "姓名", "Name", 4, 20.4, 6, 13, 40),
    Slot("sex", "性别", "Sex", 42, 20.4, 5, 50, 57),
    Slot("nationality", "国籍", "Nationality", 62, 20.4, 5, 72, 86),
    Slot("address", "住址", "Address", 4, 26.4, 6, 13, 86, 2),
    Slot("birth_date", "出生日期", "Date of Birth", 26, 36.5, 8.6, 39, 60),
    Slot("first_issue_date", "初次领证日期", "Date of First Issue", 26, 42, 12.5, 42, 62),
    Slot("vehicle_classes", "准驾车型", "Class", 26, 48, 8.6, 39, 62),
    Slot("valid", "有效期限", "Valid Period", 4, 55, 8.6, 18, 62),
)
DRIVING_OLD_VALID = (
    Slot("valid_from", "有效起始日期", "Valid From", 4, 55, 12.5, 19, 40),
    Slot("valid_until", "有效期限", "Valid For", 44, 55, 8.6, 54, 66),
)
DRIVING_BACK = (
    Slot("license_no", "证号", "License No.", 15, 12.5, 6, 27, 70),
    Slot("name", "姓名", "Name", 4, 19, 6, 13, 40),
    Slot("file_no", "档案编号", "File No.", 42, 19, 8.6, 54, 86),
    Slot("record", "记录", "Record", 4, 26, 6, 13, 86, 6),
)
DRIVING_BACK_ROWS = (
    Slot("license_no", "证号", "License No.", 14, 13, 6, 27, 70),
    Slot("name", "姓名", "Name", 4, 20, 6, 13, 40),
    Slot("file_no", "档案编号", "File No.", 40, 20, 9.2, 53, 86),
    Slot("record", "记录", "Record", 4, 27.6, 7, 14, 86, 6),
)


@dataclass(frozen=True, slots=True)
class Hand:
    """How one printer sets one license: its faces, its ink, and how far its values stand off the form."""

    label: Face
    value: Face
    label_size: float
    value_size: float
    shift: tuple[float, float]
    slope: float  # how far values sink, a millimetre rightward
    paper: tuple[int, int, int]
    label_ink: tuple[int, int, int]
    ink: tuple[int, int, int]
    dot: str
    dotted: bool  # whether a dot-matrix printer set the values
    spread: float  # how wide labels are set, of the tables' widths
    rules: str  # what parts the rows: "", "under" each value, or "across" the page
    english: bool
    printing: int  # which of a page's tables
    pitch: float  # how far apart rows stand, against the tables above
    column: float  # millimetres by which what stands right of the middle is set off
    drop: float  # millimetres by which all rows are set off
    wander: float  # millimetres by which a single label may stray

    @classmethod
    def pick(cls, random: Random, misprint: float = 0.9) -> Hand:
        """A hand drawn at random, its values off the form by at most so many millimetres."""
        grey, dotted = random.randint(15, 60), random.random() < 0.2
        return cls(
            label=random.choice(LABEL_FACES),
            value=random.choice(DOT_FACES if dotted else VALUE_FACES),
            label_size=random.uniform(2.1, 2.5),
            value_size=random.uniform(2.7, 3.3),
            shift=(random.uniform(-misprint, 1.3 * misprint), random.uniform(-misprint, misprint)),
            slope=random.uniform(-0.006, 0.006) * misprint,
            paper=(random.randint(232, 250), random.randint(236, 250), random.randint(224, 246)),
            label_ink=random.choice(((60, 60, 66), (44, 44, 48), (72, 66, 64), (52, 62, 72))),
            ink=(grey, grey, grey + random.randint(0, 20)),
            dot=random.choice(("", "·")),
            dotted=dotted,
            spread=random.choice((1.0, 1.0, random.uniform(0.72, 1.08))),
            rules=random.choice(("", "", "under", "across")),
            english=random.random() < 0.85,
            printing=random.randrange(2),
            pitch=random.uniform(0.93, 1.02),
            column=random.uniform(-2.5, 2.5),
            drop=random.uniform(-1.2, 1.2),
            wander=random.uniform(0, 0.5),
        )

    def placed(self, slot: Slot, random: Random) -> Slot:
        """The slot where this printer sets it."""
        across = random.uniform(-self.wander, self.wander) + (self.column if slot.x > 30 else 0)
        y = 8 + (slot.y - 8) * self.pitch + self.drop + random.uniform(-self.wander, self.wander) / 2
        end = min(slot.end_x + (self.column if slot.end_x < 50 else 0), WIDTH - 1)
        return replace(slot, x=slot.x + across, value_x=slot.value_x + across, y=y, end_x=end)


@dataclass(frozen=True, slots=True)
class Pen:
    """What a text is drawn with: the face, the size in millimetres, the colour, and whether in a printer's dots."""

    face: Face
    size: float
    ink: tuple[int, int, int]
    dotted: bool = False

    def width(self, text: str) -> float:
        """How wide the text is, in millimetres."""
        return fonts.font(fonts.able(self.face, text), round(self.size * DOTS)).getlength(text) / DOTS

    def mask(self, text: str) -> Image.Image:
        """The text's ink, a quarter of its height of room above and below."""
        face, pixels = fonts.able(self.face, text), round(self.size * DOTS)
        if self.dotted:
            return _in_dots(face, pixels, text)
        font = fonts.font(face, pixels)
        mask = Image.new("L", (math.ceil(font.getlength(text)) + 2, round(1.5 * pixels)), 0)
        ImageDraw.Draw(mask).text((0, mask.height / 2), text, font=font, fill=255, anchor="lm")
        return mask


def _in_dots(face: Face, pixels: int, text: str) -> Image.Image:
    """The text as a ribbon printer's pins strike it: a disc for each dot."""
    font, cell = fonts.font(face, PINS), 6
    small = Image.new("L", (math.ceil(font.getlength(text)) + 2, round(1.5 * PINS)), 0)
    ImageDraw.Draw(small).text((0, small.height / 2), text, font=font, fill=255, anchor="lm")
    away = np.hypot(*(np.mgrid[0:cell, 0:cell] - (cell - 1) / 2))
    disc = np.clip(cell / 2 + 0.4 - away, 0, 1)
    struck = np.kron(np.asarray(small) > 90, disc) * 255
    size = round(small.width * pixels / PINS), round(small.height * pixels / PINS)
    return Image.fromarray(struck.astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)


class Page:
    """A page under the pen."""

    def __init__(self, random: Random, hand: Hand) -> None:
        self.random = random
        self.hand = hand
        self.image = Image.new("RGB", (WIDTH * DOTS, HEIGHT * DOTS), hand.paper)
        self.pen = ImageDraw.Draw(self.image)
        _TINTS[random.randrange(len(_TINTS))](self)

    def text(self, spot: Spot, text: str, pen: Pen, *, room: float = math.inf) -> float:
        """The x at which the text ends, once drawn from the spot, and condensed if it is wider than its room."""
        x, y = spot
        mask = pen.mask(text)
        if mask.width > room * DOTS:
            mask = mask.resize((max(round(room * DOTS), 1), mask.height), Image.Resampling.LANCZOS)
        self.image.paste(pen.ink, (round(x * DOTS), round(y * DOTS - mask.height / 2)), mask)
        return x + mask.width / DOTS

    def spread(self, spot: Spot, text: str, pen: Pen, wide: float) -> float:
        """The x at which the text ends, once its letters are set apart so that it is so wide."""
        x, y = spot
        pitch = max((wide - pen.size) / (len(text) - 1), pen.size)
        for place, letter in enumerate(text):
            self.text((x + place * pitch, y), letter, pen)
        return x + pitch * (len(text) - 1) + pen.size

    def slots(self, slots: tuple[Slot, ...], values: dict[str, str]) -> None:
        """Draws each slot's labels and its value."""
        placed = [self.hand.placed(slot, self.random) for slot in slots]
        if self.hand.rules == "across":
            for y in sorted({round(slot.y + 3.1, 1) for slot in placed if slot.x < 30}):
                self._rule(3, y, WIDTH - 3)
        for slot in placed:
            end = self._label(slot)
            x = max(slot.value_x + self.hand.shift[0], end + 0.6)
            if self.hand.rules == "under":
                self._rule(end + 0.5, slot.y + 2, slot.end_x)
            if slot.name == "inspection":
                self._stamps(x, slot, values.get(slot.name, ""))
            else:
                self._value(x, slot, values.get(slot.name, ""))

    def title(self, chinese: str, english: str, y: float) -> None:
        """Draws the page's two titles."""
        size = self.random.uniform(3.1, 3.6)
        for text, height, drop in ((chinese, size, 0.0), (english, 1.9, 3.2)):
            if text:
                pen = Pen(fonts.SONG, height, (50, 50, 56))
                self.text((WIDTH / 2 - pen.width(text) / 2, y + drop), text, pen)

    def seal(self, text: str, x: float, y: float, side: float) -> None:
        """Stamps the square red seal, the text on two to four rows; print under it shows through."""
        strayed = (x + self.random.uniform(-1, 4.5), y + self.random.uniform(-2.5, 0.6))
        ink = _shade(RED, self.random)
        stamp = Image.new("RGB", self.image.size, (255, 255, 255))
        stamp.paste(ink, (0, 0), self._seal_mask(text, strayed[0], strayed[1], side))
        self.image = ImageChops.multiply(self.image, stamp)
        self.pen = ImageDraw.Draw(self.image)

    def barcode(self, number: str, x: float, y: float, tall: float = 5.3) -> None:
        """Draws bars from x, with the number below them."""
        at = x
        while at < x + 30:
            thick = self.random.choice((1, 1, 2, 3)) * 0.12
            self.pen.rectangle((at * DOTS, y * DOTS, (at + thick) * DOTS, (y + tall) * DOTS), fill=(30, 30, 30))
            at += thick + self.random.choice((1, 1, 2, 3)) * 0.13
        self.text((x + 4, y + tall + 1.9), number, Pen(fonts.HEI, 2.3, (30, 30, 30)))

    def portrait(self, x: float, y: float) -> None:
        """Draws the holder's portrait: a head and shoulders, nobody's."""
        background = self.random.choice(((222, 228, 234), (240, 242, 244), (120, 160, 206)))
        skin, hair = self.random.choice(((150, 152, 156), (214, 178, 152))), (58, 54, 54)
        coat = self.random.choice(((128, 130, 136), (52, 60, 84), (92, 60, 58)))
        size = 20 * DOTS, 25 * DOTS
        photo = Image.new("RGB", size, background)
        pen = ImageDraw.Draw(photo)
        pen.pieslice((2 * DOTS, 15 * DOTS, 18 * DOTS, 39 * DOTS), 180, 360, fill=coat)
        pen.rectangle((8.5 * DOTS, 12 * DOTS, 11.5 * DOTS, 16.5 * DOTS), fill=skin)
        pen.ellipse((5.6 * DOTS, 3 * DOTS, 14.4 * DOTS, 13 * DOTS), fill=hair)
        pen.ellipse((6.2 * DOTS, 4.6 * DOTS, 13.8 * DOTS, 14.2 * DOTS), fill=skin)
        self.image.paste(photo.filter(ImageFilter.GaussianBlur(4)), (round(x * DOTS), round(y * DOTS)))

    def _label(self, slot: Slot) -> float:
        """Where the slot's label ends, once drawn with its English below."""
        hand = self.hand
        pen = Pen(hand.label, hand.label_size, hand.label_ink)
        rise = 0.6 if hand.english else 0.0
        end = self.spread((slot.x, slot.y - rise), slot.label, pen, slot.set_width * hand.spread)
        if hand.english:
            small = 1.2 if len(slot.english) < 20 else 0.85
            self.text((slot.x, slot.y + 1.5), slot.english, Pen(hand.label, small, hand.label_ink))
        return end

    def _value(self, x: float, slot: Slot, text: str) -> None:
        """Sets a value: smaller, on more lines or condensed, as it must be to fit its slot."""
        hand, room = self.hand, slot.end_x - x
        size, lines = hand.value_size, [text]
        if slot.name in WRAPPED:
            while len(lines := _lines(text, self._pen(size), room)) > slot.lines and size > LEAST_SIZE:
                size = max(size - 0.1, LEAST_SIZE)
        else:
            size = max(LEAST_SIZE, min(size, size * room / max(self._pen(size).width(text), 1)))
        first = slot.y + hand.shift[1] - (min(len(lines), 2) - 1) * size * 0.55
        for number, line in enumerate(lines):
            spot = (x, self._level(x, first + number * size * 1.12))
            self.text(spot, line, self._pen(size), room=room)

    def _stamps(self, x: float, slot: Slot, text: str) -> None:
        """Sets the inspections' lines, each stamped at its own time: a little off, and in its own ink."""
        lines = stamped(text)
        size = LEAST_SIZE if len(lines) >= MANY_STAMPS else max(LEAST_SIZE, self.hand.value_size - 0.3)
        for number, line in enumerate(lines):
            grey = self.random.randint(20, 62)
            pen = replace(self._pen(size), ink=(grey, grey, grey + self.random.randint(0, 40)))
            y = slot.y + self.hand.shift[1] + number * (size + 0.42) + self.random.uniform(-0.2, 0.2)
            self.text((x + self.random.uniform(0, 3), self._level(x, y)), line, pen)

    def _pen(self, size: float) -> Pen:
        return Pen(self.hand.value, size, self.hand.ink, self.hand.dotted)

    def _level(self, x: float, y: float) -> float:
        """The height at which a value that begins at x stands, on paper that went in askew."""
        return y + (x - WIDTH / 2) * self.hand.slope

    def _rule(self, left: float, y: float, right: float) -> None:
        tint = tuple(part - 90 for part in self.hand.paper)
        self.pen.line((left * DOTS, y * DOTS, right * DOTS, y * DOTS), fill=tint, width=2)

    def _seal_mask(self, text: str, x: float, y: float, side: float) -> Image.Image:
        """The seal's ink on the page, uneven as a stamp's is, and a little turned."""
        rows = 4 if len(text) > 15 else 3 if len(text) > 8 else 2
        each = -(-len(text) // rows)
        mask = Image.new("L", self.image.size, 0)
        pen = ImageDraw.Draw(mask)
        frame = (x * DOTS, y * DOTS, (x + side) * DOTS, (y + side) * DOTS)
        pen.rectangle(frame, outline=255, width=round(self.random.uniform(0.35, 0.6) * DOTS))
        across, down = (side - 1.6) / each, (side - 1.6) / rows
        font = fonts.font(self.random.choice((fonts.HEAVY_SONG, fonts.MEDIUM_SONG)), round(min(across, down) * DOTS))
        for place, letter in enumerate(text):
            row, column = divmod(place, each)
            centre = ((x + 0.8 + (column + 0.5) * across) * DOTS, (y + 0.8 + (row + 0.5) * down) * DOTS)
            pen.text(centre, letter, font=font, fill=255, anchor="mm")
        centre = ((x + side / 2) * DOTS, (y + side / 2) * DOTS)
        mask = mask.rotate(self.random.uniform(-2, 2), Image.Resampling.BICUBIC, center=centre)
        generator = np.random.default_rng(self.random.randrange(1 << 30))
        patches = Image.fromarray(generator.integers(176, 256, (12, 16), np.uint8))
        return ImageChops.multiply(mask, patches.resize(mask.size, Image.Resampling.BICUBIC))


def stamped(text: str) -> list[str]:
    """The inspection record's lines, one for each stamp."""
    return INSPECTION.split(text) if text else []


def _lines(text: str, pen: Pen, width: float) -> list[str]:
    """The text broken into lines of at most this width, the last of three characters at least."""
    lines: list[str] = []
    while text and pen.width(text) > width:
        cut = max(end for end in range(1, len(text)) if end == 1 or pen.width(text[:end]) <= width)
        cut = min(cut, max(len(text) - 3, 1))
        lines.append(text[:cut])
        text = text[cut:]
    return [*lines, text] if text else lines


def _shade(colour: tuple[int, int, int], random: Random) -> tuple[int, int, int]:
    """The colour as another pad of ink has it."""
    red, green, blue = colour
    return red + random.randint(-12, 20), green + random.randint(-15, 30), blue + random.randint(-15, 30)


def _tint(page: Page) -> tuple[int, ...]:
    return tuple(max(0, part - page.random.randint(6, 16)) for part in page.hand.paper)


def _hatched(page: Page) -> None:
    """Covers the page with two families of slanting lines."""
    tint, step = _tint(page), page.random.uniform(1.2, 2.2)
    for line in range(int((WIDTH + HEIGHT) / step)):
        x = line * step * DOTS
        page.pen.line((x, 0, x - HEIGHT * DOTS, HEIGHT * DOTS), fill=tint, width=2)
        page.pen.line((x - HEIGHT * DOTS, 0, x, HEIGHT * DOTS), fill=tint, width=2)


def _waved(page: Page) -> None:
    """Covers the page with waves that run across it, as banknotes have them."""
    tint, step = _tint(page), page.random.uniform(0.9, 1.6)
    length, high, drift = (page.random.uniform(*ends) for ends in ((9, 22), (0.8, 2.4), (0.1, 0.7)))
    for line in range(-4, int(HEIGHT / step) + 4):
        wave = [
            (x * DOTS, (line * step + high * math.sin(math.tau * x / length + line * drift)) * DOTS)
            for x in np.arange(0, WIDTH + 1, 0.8)
        ]
        page.pen.line(wave, fill=tint, width=2)


def _rosetted(page: Page) -> None:
    """Lays a large rosette on the page's middle, and plain lines about it."""
    tint, petals = _tint(page), page.random.choice((5, 6, 8, 12))
    for ring in np.arange(3, 30, page.random.uniform(0.8, 1.4)):
        turns = np.linspace(0, math.tau, 240)
        reach = ring * (1 + 0.16 * np.cos(petals * turns + ring / 3))
        spots = zip(WIDTH / 2 + 1.3 * reach * np.cos(turns), HEIGHT / 2 + reach * np.sin(turns), strict=True)
        page.pen.line([(x * DOTS, y * DOTS) for x, y in spots], fill=tint, width=2)


def _plain(page: Page) -> None:
    """Leaves the page with the faintest change of colour from one side to the other."""
    tint = Image.new("RGB", page.image.size, _tint(page))
    fading = Image.linear_gradient("L").rotate(90 * page.random.randrange(4)).resize(page.image.size)
    page.image.paste(tint, (0, 0), fading)


_TINTS = (_hatched, _waved, _rosetted, _plain)


def vehicle_front(random: Random, hand: Hand, values: dict[str, str]) -> Image.Image:
    """The main page of a vehicle license."""
    page = Page(random, hand)
    slots = (VEHICLE_FRONT, VEHICLE_FRONT_CLOSE)[hand.printing]
    page.title(
        "中华人民共和国机动车行驶证", "Vehicle License of the People's Republic of China", 5.5 - 0.7 * hand.printing
    )
    page.slots(slots, _with_dot(values, hand))
    side = random.uniform(17.5, 19.5)
    page.seal(values["issuing_authority"], 4, 57.5 - side, side)
    return page.image


def vehicle_back(random: Random, hand: Hand, values: dict[str, str]) -> Image.Image:
    """The side page of a vehicle license, of the edition with the kind of energy when that is told."""
    page = Page(random, hand)
    slots: tuple[Slot, ...] = VEHICLE_BACK
    if "energy_type" in values:
        long = Pen(hand.value, LEAST_SIZE, hand.ink).width(values["remarks"]) > 48
        slots = VEHICLE_BACK_ROWS if long or hand.printing else VEHICLE_BACK_HALVED
    page.slots(slots, _with_dot(values, hand))
    star = random.choice(("*", "*", ""))
    crowded = len(stamped(values["inspection"])) >= MANY_STAMPS
    top, tall = (51.4, 3.6) if crowded else (49.6, 5.3)
    page.barcode(f"{star}{values['barcode']}{star}", random.uniform(34, 48), top, tall)
    return page.image


def vehicle_both(random: Random, hand: Hand, front: dict[str, str], back: dict[str, str]) -> Image.Image:
    """A sheet with both pages of a vehicle license, one above or beside the other."""
    main, side = vehicle_front(random, hand, front), vehicle_back(random, hand, back)
    gap = 3 * DOTS
    beside = random.random() < 0.4
    size = (main.width * 2 + gap, main.height) if beside else (main.width, main.height * 2 + gap)
    sheet = Image.new("RGB", size, (70, 74, 84))
    sheet.paste(main, (0, 0))
    sheet.paste(side, (main.width + gap, 0) if beside else (0, main.height + gap))
    return sheet


def driving_front(random: Random, hand: Hand, values: dict[str, str]) -> Image.Image:
    """The main page of a driving license, of the old edition when the validity is a number of years."""
    page = Page(random, hand)
    page.title("中华人民共和国机动车驾驶证", "Driving License of the People's Republic of China", 5.5)
    old = values["valid_until"].endswith("年")
    slots = (*DRIVING_FRONT[:-1], *DRIVING_OLD_VALID) if old else DRIVING_FRONT
    joint = random.choice((" 至 ", "至"))
    page.slots(slots, {**values, "valid": f"{values['valid_from']}{joint}{values['valid_until']}"})
    side = random.uniform(15.5, 17)
    page.seal(values["issuing_authority"], 4, 51 - side, side)
    page.portrait(65, 31.5)
    return page.image


def driving_back(random: Random, hand: Hand, values: dict[str, str]) -> Image.Image:
    """The side page of a driving license; some printings have a bar code, whose number is no field of the record."""
    page = Page(random, hand)
    page.title("中华人民共和国机动车驾驶证副页", "", 6)
    page.slots((DRIVING_BACK, DRIVING_BACK_ROWS)[hand.printing], values)
    if random.random() < 0.4:
        page.barcode(f"*{''.join(random.choice('0123456789') for _ in range(13))}*", random.uniform(44, 52), 49.6)
    return page.image


def _with_dot(values: dict[str, str], hand: Hand) -> dict[str, str]:
    """The values as printed: some printers set a dot after the plate's second character."""
    return {**values, "plate_no": values["plate_no"][:2] + hand.dot + values["plate_no"][2:]}
