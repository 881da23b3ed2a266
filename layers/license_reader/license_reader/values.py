"""Values as papers and vendors print them, turned into the record's types.

Every function takes one text and returns the canonical fields that it yields, keyed by name. A text that means
"nothing here" yields nothing; a text that cannot be understood raises ValueError, so that it is flagged, never guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from license_reader.license import Dimensions, Inspection

if TYPE_CHECKING:
    from collections.abc import Mapping

# What stands in an empty slot: Tencent sends "" and "--", papers print dashes of many kinds.
_BLANK = re.compile(r"[\s\-‐‑‒–—―－_/\\.·•・*,，、;；|无]*")
_DATE = re.compile(r"(\d{4})\s*[-年./]\s*(\d{1,2})\s*[-月./]\s*(\d{1,2})\s*日?|(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})\s*[-年./]\s*(\d{1,2})(?!\d)")
_MASS = re.compile(r"(\d{1,7})\s*(kg|千克|公斤)?", re.IGNORECASE)
_DIMENSIONS = re.compile(r"(\d{3,5})\s*[×xX*✕хХ]\s*(\d{3,5})\s*[×xX*✕хХ]\s*(\d{3,5})\s*(mm|毫米)?", re.IGNORECASE)
_PERSONS = re.compile(r"(\d{1,3})\s*人?")
_YEARS = re.compile(r"(\d{1,2})\s*年")
_CLASS = re.compile(r"A[123]|B[12]|C[1-6]|[DEFMNP]")

# 检验有效期至 or less of it leads the month; the stamp of the station follows.
_VALID_UNTIL = re.compile(r"(?:检验)?(?:有效期)?至\s*(\d{4})\s*年\s*(0?[1-9]|1[0-2])(?!\d)\s*月?")

type Values = Mapping[str, object]


def blank(text: str | None) -> bool:
    """Whether a text means that nothing stands there: None, "", dashes."""
    return text is None or _BLANK.fullmatch(text) is not None


def _matched(pattern: re.Pattern[str], text: str, what: str) -> re.Match[str]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not {what}")
    return match


def text(name: str, value: str) -> Values:
    """The text without surrounding space."""
    return {name: value.strip()}


def code(name: str, value: str) -> Values:
    """A plate, VIN, number: capitals, without spaces, middle dots and the asterisks of a barcode."""
    return {name: re.sub(r"[\s·•・.*]", "", value).upper()}


def date(name: str, value: str) -> Values:
    """A calendar day, from 2011-10-10, 2011年10月10日, 2011.10.10 or 20111010."""
    year, month, day = (int(group) for group in _matched(_DATE, value, "a date").groups() if group is not None)
    try:
        return {name: dt.date(year, month, day)}
    except ValueError:  # its text would quote the value
        raise ValueError("no day of the calendar") from None


def month(name: str, value: str) -> Values:
    """A month as YYYY-MM, from 2015年11月, 2015-11 or a whole date."""
    match = _MONTH.match(value.strip())
    if match is None or not 1 <= int(match[2]) <= 12:
        raise ValueError("not a month")
    return {name: f"{int(match[1]):04}-{int(match[2]):02}"}


def mass(name: str, value: str) -> Values:
    """Kilograms, from 1837kg or 1837."""
    return {name: int(_matched(_MASS, value, "a mass")[1])}


def persons(name: str, value: str) -> Values:
    """How many people, from 5人, and the text itself, since 驾驶室2人 and 2+3人 are printed too."""
    stripped = value.strip()
    match = _PERSONS.fullmatch(stripped)
    return {f"{name}_text": stripped} | ({name: int(match[1])} if match else {})


def dimensions(name: str, value: str) -> Values:
    """Length, width and height in millimetres, from 4620×1780×1498mm."""
    length, width, height = _matched(_DIMENSIONS, value, "three lengths").groups()[:3]
    return {name: Dimensions(length_mm=int(length), width_mm=int(width), height_mm=int(height))}


def inspection(name: str, value: str) -> Values:
    """The inspection record; its last month and the stamp beside it, from 检验有效期至2015年11月皖A(4S)."""
    found = list(_VALID_UNTIL.finditer(value))
    if not found:
        return {name: Inspection(text=value.strip())}
    months = [f"{int(match[1]):04}-{int(match[2]):02}" for match in found]
    last = months.index(max(months))
    stamp_ends = found[last + 1].start() if last + 1 < len(found) else len(value)
    station = value[found[last].end() : stamp_ends].strip()
    return {name: Inspection(text=value.strip(), valid_until=months[last], station=station or None)}


def validity(name: str, value: str) -> Values:
    """Until when a driving license holds: a date, 长期 (for good), or 6年 (years from its first day, old edition)."""
    stripped = value.strip()
    if "长期" in stripped:
        return {"long_term": True}
    if years := _YEARS.fullmatch(stripped):
        return {"valid_years": int(years[1])}
    return date(name, stripped.lstrip("至 "))


def classes(name: str, value: str) -> Values:
    """Vehicle classes in the order printed, from A1A2, C1 or B2,D."""
    compact = re.sub(r"[\s,，、/]", "", value).upper()
    found = _CLASS.findall(compact)
    if not found or "".join(found) != compact:
        raise ValueError("not vehicle classes")
    return {name: tuple(found)}


def count(name: str, value: str) -> Values:
    """A whole number, from 12 or 12分."""
    return {name: int(_matched(re.compile(r"(\d{1,4})\s*分?"), value, "a number")[1])}


def listing(name: str, value: str) -> Values:
    """Several texts in one, from 正常 or 违法未处理,逾期未检验."""
    return {name: tuple(part.strip() for part in re.split(r"[,，、;；|]", value) if part.strip())}
