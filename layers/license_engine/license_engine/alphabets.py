"""What each field may be written in."""

from __future__ import annotations

import string
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from license_engine.recognize import Alphabet, Recognizer

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE_MARKS = "挂学警港澳使领试超"
DIGITS = string.digits
CAPITALS = string.ascii_uppercase
# No I, O or Q in a VIN (GB 16735).
VIN = "".join(letter for letter in CAPITALS + DIGITS if letter not in "IOQ")
HIGH_BYTES = range(0xA1, 0xFF)


@cache
def variants() -> tuple[tuple[str, str], ...]:
    """Each traditional character with the simplified one that it stands for, as Unicode's variants and OpenCC have it.

    The model may read a print in an older style as traditional, which no license is printed in.
    """
    lines = resources.files(__package__).joinpath("traditional.txt").read_text(encoding="utf-8").split()
    return tuple((line[0], line[1]) for line in lines)


@cache
def simplified() -> str:
    """Every character of GB 2312's planes of Chinese characters, as the form's printers have them."""
    planes = (bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xF8) for low in HIGH_BYTES)
    traditional = {pair[0] for pair in variants()}
    return "".join(letter for letter in "".join(planes) if letter not in traditional)


def _prose() -> str:
    return simplified() + string.ascii_letters + DIGITS + "()（）-－—·.、,，:：；;。《》#/#*＊×~ "


ALPHABETS: Mapping[str, str] = {
    "plate_no": PROVINCES + PLATE_MARKS + CAPITALS + DIGITS + "·.-",
    "vin": VIN,
    "engine_no": CAPITALS + DIGITS + "-*/.· ",
    "register_date": DIGITS + "-",
    "issue_date": DIGITS + "-",
    "birth_date": DIGITS + "-",
    "first_issue_date": DIGITS + "-",
    "valid_from": DIGITS + "-",
    "valid_until": DIGITS + "-至长期年 ",
    "passengers": DIGITS + "+人-",
    "gross_mass_kg": DIGITS + "kgKG-.",
    "curb_mass_kg": DIGITS + "kgKG-.",
    "rated_load_kg": DIGITS + "kgKG-.",
    "towing_mass_kg": DIGITS + "kgKG-.",
    "dimensions": DIGITS + "×xX*m-",
    "license_no": DIGITS + "X",
    "vehicle_classes": "ABCDEFMNP123456",
    "sex": "男女",
    "barcode": DIGITS + "*",
    "accumulated_points": DIGITS + "分",
    "inspection_valid_until": DIGITS + "-年月日",
    "generated_at": DIGITS + "-:： ",
    "shown_at": DIGITS + "-:： ",
    "file_no": DIGITS + CAPITALS + PROVINCES + "-",
}
# Written freely: characters beyond the standard's set are possible in names and places, and only less likely.
PROSE = (
    "vehicle_type",
    "use_character",
    "brand_model",
    "remarks",
    "inspection",
    "record",
    "energy_type",
    "body_color",
    "status",
)
NAMES = ("owner", "name", "nationality", "address")
NAME_STRICTNESS = 20.0
PLACES = "沚埇滘猇瀍浉鄠硚埗"  # of counties' names, beyond GB 2312
GIVEN = "昇甦峯崑崙陞逕"  # variants that people are named with all the same


def alphabets(recognizer: Recognizer) -> dict[str, Alphabet]:
    """Each field's alphabet in the classes of this recognizer."""
    prose = recognizer.alphabet(_prose(), twins=variants())
    names = recognizer.alphabet(
        _prose(), strictness=NAME_STRICTNESS, twins=[pair for pair in variants() if pair[0] not in GIVEN]
    )
    seal = recognizer.alphabet(simplified() + PLACES, twins=variants())
    exact = {field: recognizer.alphabet(letters, twins=variants()) for field, letters in ALPHABETS.items()}
    return exact | dict.fromkeys(PROSE, prose) | dict.fromkeys(NAMES, names) | {"issuing_authority": seal}
