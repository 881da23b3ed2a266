"""Drawn license pages: the printed form, its seal, and the values set on it, in millimetres of an 88 by 60 page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from random import Random

DOTS = 18  # pixels a millimetre
WIDTH, HEIGHT = 88, 60
RED = (196, 48, 44)
DEBIAN = "/usr/share/fonts"
# Debian packages fonts-noto-cjk, fonts-arphic-uming, fonts-arphic-ukai, fonts-wqy-zenhei: path and face
SONG = (f"{DEBIAN}/opentype/noto/NotoSerifCJK-Regular.ttc", 2)
HEI = (f"{DEBIAN}/opentype/noto/NotoSansCJK-Regular.ttc", 2)
MING = (f"{DEBIAN}/truetype/arphic/uming.ttc", 0)
KAI = (f"{DEBIAN}/truetype/arphic/ukai.ttc", 0)
ZEN = (f"{DEBIAN}/truetype/wqy/wqy-zenhei.ttc", 0)
HEAVY = (f"{DEBIAN}/opentype/noto/NotoSerifCJK-Bold.ttc", 2)
LABEL_FONTS = (SONG, HEI, MING, ZEN)
VALUE_FONTS = (HEI, SONG, MING, ZEN, KAI)


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


VEHICLE_FRONT = (
    Slot("plate_no", "号牌号码", "Plate No.", 4, 15, 9.6, 16, 42),
    Slot("vehicle_type", "车辆类型", "Vehicle Type", 45, 15, 9.6, 57, 86),
    Slot("owner", "所有人", "Owner", 4, 21.6, 9.6, 16, 86),
    Slot("address", "住址", "Address", 4, 28.2, 9.6, 16, 86),
    Slot("use_character", "使用性质", "Use Character", 4, 34.8, 9.6, 16, 34),
    Slot("brand_model", "品牌型号", "Model", 36, 34.8, 9.6, 47.5, 87),
    Slot("vin", "车辆识别代号", "VIN", 28, 41.4, 13, 43, 86),
    Slot("engine_no", "发动机号码", "Engine No.", 28, 47.8, 13, 43, 86),
    Slot("register_date", "注册日期", "Register Date", 28, 54.2, 8.6, 38.5, 56),
    Slot("issue_date", "发证日期", "Issue Date", 58, 54.2, 8.6, 68.5, 87),
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
    Slot("remarks", "备注", "Notes", 4, 30, 9.6, 16, 86),
    Slot("inspection", "检验记录", "Inspection Record", 4, 38, 9.6, 16, 86),
)
ENERGY = Slot("energy_type", "能源类型", "Energy Type", 45, 30, 9.6, 57, 86)
DRIVING_FRONT = (
    Slot("license_no", "证号", "License No.", 15, 14.5, 6, 27, 70),
    Slot("name", "姓名", "Name", 4, 20.4, 6, 13, 40),
    Slot("sex", "性别", "Sex", 42, 20.4, 5, 50, 57),
    Slot("nationality", "国籍", "Nationality", 62, 20.4, 5, 72, 86),
    Slot("address", "住址", "Address", 4, 26.4, 6, 13, 86),
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
    Slot("record", "记录", "Record", 4, 26, 6, 13, 86),
)


@dataclass(frozen=True, slots=True)
class Hand:
    """How one printer sets one license: its fonts, its ink, and how far its values stand off the form."""

    label: tuple[str, int]
    value: tuple[str, int]
    label_size: float
    value_size: float
    shift: tuple[float, float]
    paper: tuple[int, int, int]
    ink: tuple[int, int, int]
    dot: str
    pitch: float  # how far apart rows stand, against the tables above
    column: float  # millimetres by which what stands right of the middle is set off
    drop: float  # millimetres by which all rows are set off
    wander: float  # millimetres by which a single label may stray

    @classmethod
    def pick(cls, random: Random) -> Hand:
        """A hand drawn at random."""
        grey = random.randint(15, 70)
        return cls(
            label=random.choice(LABEL_FONTS),
            value=random.choice(VALUE_FONTS),
            label_size=random.uniform(2.1, 2.5),
            value_size=random.uniform(2.7, 3.3),
            shift=(random.uniform(-0.6, 1.2), random.uniform(-0.9, 0.9)),
            paper=(random.randint(232, 250), random.randint(236, 250), random.randint(224, 246)),
            ink=(grey, grey, grey + random.randint(0, 20)),
            dot=random.choice(("", "·")),
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
    """What a text is drawn with: the font file and its face, the size in millimetres, the colour."""

    face: tuple[str, int]
    size: float
    ink: tuple[int, int, int]

    def font(self) -> ImageFont.FreeTypeFont:
        """The font at this size."""
        return ImageFont.truetype(self.face[0], round(self.size * DOTS), index=self.face[1])


class Page:
    """A page under the pen."""

    def __init__(self, random: Random, hand: Hand) -> None:
        self.random = random
        self.hand = hand
        self.image = Image.new("RGB", (WIDTH * DOTS, HEIGHT * DOTS), hand.paper)
        self.pen = ImageDraw.Draw(self.image)
        self._guilloche()

    def text(self, x: float, y: float, text: str, pen: Pen, *, wide: float = 0) -> float:
        """The x at which the text ends, once drawn from x and centred on y; `wide` spreads it to that width."""
        font = pen.font()
        if not wide or len(text) < 2:
            self.pen.text((x * DOTS, y * DOTS), text, font=font, fill=pen.ink, anchor="lm")
            return x + font.getlength(text) / DOTS
        pitch = max((wide - pen.size) / (len(text) - 1), pen.size)
        for place, letter in enumerate(text):
            self.pen.text(((x + place * pitch) * DOTS, y * DOTS), letter, font=font, fill=pen.ink, anchor="lm")
        return x + pitch * (len(text) - 1) + pen.size

    def slots(self, slots: tuple[Slot, ...], values: dict[str, str]) -> None:
        """Draws each slot's two labels and its value, a long value on two lines."""
        hand = self.hand
        for slot in (hand.placed(slot, self.random) for slot in slots):
            label = Pen(hand.label, hand.label_size, (60, 60, 66))
            english = Pen(hand.label, 1.2 if len(slot.english) < 20 else 0.85, (70, 70, 76))
            end = self.text(slot.x, slot.y - 0.6, slot.label, label, wide=slot.set_width)
            self.text(slot.x, slot.y + 1.5, slot.english, english)
            x = max(slot.value_x + hand.shift[0], end + 0.8)
            text, room = values.get(slot.name, ""), slot.end_x - x
            wraps = slot.name in {"address", "record"}
            lines = self._lines(text, room) if wraps else [text]
            size = (
                hand.value_size if wraps else min(hand.value_size, hand.value_size * room / max(self._width(text), 1))
            )
            y = slot.y + hand.shift[1] - (len(lines) - 1) * size * 0.55
            for number, line in enumerate(lines):
                self.text(x, y + number * size * 1.12, line, Pen(hand.value, size, hand.ink))

    def title(self, chinese: str, english: str, y: float) -> None:
        """Draws the page's two titles."""
        for text, size, drop in ((chinese, 3.3, 0.0), (english, 1.9, 3.2)):
            font = ImageFont.truetype(SONG[0], round(size * DOTS), index=SONG[1])
            self.pen.text((WIDTH * DOTS / 2, (y + drop) * DOTS), text, font=font, fill=(50, 50, 56), anchor="mm")

    def seal(self, text: str, x: float, y: float, side: float) -> None:
        """Draws the square red seal with the text on two to four rows."""
        rows = 3 if len(text) > 8 else 2
        rows = 4 if len(text) > 15 else rows
        each = -(-len(text) // rows)
        ink = (
            RED[0] + self.random.randint(-12, 20),
            RED[1] + self.random.randint(-15, 30),
            RED[2] + self.random.randint(-15, 30),
        )
        self.pen.rectangle(
            (x * DOTS, y * DOTS, (x + side) * DOTS, (y + side) * DOTS), outline=ink, width=round(0.5 * DOTS)
        )
        size = min((side - 2) / each, (side - 2) / rows)
        pitch_x, pitch_y = (side - 1.6) / each, (side - 1.6) / rows
        font = ImageFont.truetype(HEAVY[0], round(size * DOTS), index=HEAVY[1])
        for place, letter in enumerate(text):
            row, column = divmod(place, each)
            centre = ((x + 0.8 + (column + 0.5) * pitch_x) * DOTS, (y + 0.8 + (row + 0.5) * pitch_y) * DOTS)
            self.pen.text(centre, letter, font=font, fill=ink, anchor="mm")

    def _width(self, text: str) -> float:
        return Pen(self.hand.value, self.hand.value_size, self.hand.ink).font().getlength(text) / DOTS

    def _lines(self, text: str, width: float) -> list[str]:
        if not text or self._width(text) <= width:
            return [text] if text else []
        cut = max(end for end in range(1, len(text)) if self._width(text[:end]) <= width)
        cut = min(cut, len(text) - 3)
        return [text[:cut], text[cut:]]

    def _guilloche(self) -> None:
        tint = tuple(max(0, part - self.random.randint(6, 16)) for part in self.hand.paper)
        step = self.random.uniform(1.2, 2.2)
        for line in range(int((WIDTH + HEIGHT) / step)):
            x = line * step * DOTS
            self.pen.line((x, 0, x - HEIGHT * DOTS, HEIGHT * DOTS), fill=tint, width=2)
            self.pen.line((x - HEIGHT * DOTS, 0, x, HEIGHT * DOTS), fill=tint, width=2)


def vehicle_front(random: Random, hand: Hand, values: dict[str, str]) -> Image.Image:
    """The main page of a vehicle license."""
    page = Page(random, hand)
    page.title("中华人民共和国机动车行驶证", "Vehicle License of the People's Republic of China", 5.5)
    page.slots(VEHICLE_FRONT, {**values, "plate_no": values["plate_no"][:2] + hand.dot + values["plate_no"][2:]})
    page.seal(values["issuing_authority"], 4, 39, 19)
    return page.image


def vehicle_back(random: Random, hand: Hand, values: dict[str, str]) -> Image.Image:
    """The side page of a vehicle license."""
    page = Page(random, hand)
    slots: tuple[Slot, ...] = VEHICLE_BACK
    if "energy_type" in values:  # it takes the right half of the remarks' row
        slots = (*(replace(slot, end_x=43) if slot.name == "remarks" else slot for slot in VEHICLE_BACK), ENERGY)
    page.slots(slots, {**values, "plate_no": values["plate_no"][:2] + hand.dot + values["plate_no"][2:]})
    bars = random.randint(38, 46)
    for bar in range(int(30 * DOTS / 4)):
        if random.random() < 0.5:
            page.pen.rectangle(
                ((bars * DOTS + bar * 4), 49 * DOTS, bars * DOTS + bar * 4 + random.randint(1, 3), 54.5 * DOTS),
                fill=(30, 30, 30),
            )
    page.text(bars + 4, 56.6, f"*{values['barcode']}*", Pen(HEI, 2.3, (30, 30, 30)))
    return page.image


def driving_front(random: Random, hand: Hand, values: dict[str, str]) -> Image.Image:
    """The main page of a driving license, of the old edition when the validity is a number of years."""
    page = Page(random, hand)
    page.title("中华人民共和国机动车驾驶证", "Driving License of the People's Republic of China", 5.5)
    old = values["valid_until"].endswith("年")
    slots = (*DRIVING_FRONT[:-1], *DRIVING_OLD_VALID) if old else DRIVING_FRONT
    page.slots(slots, {**values, "valid": f"{values['valid_from']} 至 {values['valid_until']}"})
    page.seal(values["issuing_authority"], 4, 33, 17)
    x, y = 65 * DOTS, 31 * DOTS
    page.pen.rectangle((x, y, x + 20 * DOTS, y + 27 * DOTS), fill=(222, 228, 234))
    page.pen.ellipse((x + 6 * DOTS, y + 4 * DOTS, x + 14 * DOTS, y + 14 * DOTS), fill=(150, 152, 156))
    page.pen.pieslice((x + 2 * DOTS, y + 15 * DOTS, x + 18 * DOTS, y + 39 * DOTS), 180, 360, fill=(128, 130, 136))
    return page.image


def driving_back(random: Random, hand: Hand, values: dict[str, str]) -> Image.Image:
    """The side page of a driving license."""
    page = Page(random, hand)
    page.title("中华人民共和国机动车驾驶证副页", "", 6)
    page.slots(DRIVING_BACK, values)
    return page.image
