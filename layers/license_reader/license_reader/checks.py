"""What can be doubted in a license by its own words: a License in, flags out; pure.

A rule speaks only where both sides of it were read, and only where its source makes it hold: a false alarm costs a
person's time, and teaches to overlook the next. Flags name fields and never quote them.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from license_reader import lexicon
from license_reader.flags import Flag
from license_reader.license import Document, Form, Side, VehicleLicense

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    from license_reader.license import DrivingLicense, License

_SOURCE = "checks"


def check(license: License, *, today: dt.date, min_confidence: float) -> tuple[Flag, ...]:  # noqa: A002 - the noun
    """The flags that the license's own fields ask for.

    Args:
        license: as a vendor read it; of a refused picture there is nothing to check.
        today: the day in China, where licenses are issued and expire.
        min_confidence: below it a person should look, 0..1.
    """
    flags = [*_low_confidence(license, min_confidence), *_missing_field(license)]
    if isinstance(license.fields, VehicleLicense):
        flags += [flag for rule in _VEHICLE_RULES for flag in rule(license.fields, today)]
    else:
        flags += [flag for rule in _DRIVING_RULES for flag in rule(license.fields, today)]
    return tuple(flags)


def _flag(code: str, *fields: str) -> Flag:
    return Flag.of(code, _SOURCE, *fields)


# What must be there.

# A field that several others may stand in for.
_INSTEAD: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"valid_until": ("valid_years", "long_term"), "passengers": ("passengers_text",)}
)

# The electronic licenses show less and elsewhere: address and authority on the second page, the inspection on the
# first; the issue date may be empty in Tencent's reply. Only what every vendor's document lists is asked for.
_REQUIRED: Mapping[tuple[Document, Form], Mapping[Side, str]] = MappingProxyType(
    {
        (Document.VEHICLE_LICENSE, Form.PAPER): {
            Side.FRONT: "plate_no vehicle_type owner address use_character brand_model vin engine_no register_date"
            " issue_date",
            Side.BACK: "plate_no file_no passengers gross_mass_kg curb_mass_kg dimensions inspection",
        },
        (Document.VEHICLE_LICENSE, Form.ELECTRONIC): {
            Side.FRONT: "plate_no vehicle_type owner use_character brand_model vin engine_no register_date status",
            Side.BACK: "passengers gross_mass_kg curb_mass_kg dimensions",
        },
        (Document.DRIVING_LICENSE, Form.PAPER): {
            Side.FRONT: "license_no name sex nationality address birth_date first_issue_date vehicle_classes"
            " valid_from valid_until",
            Side.BACK: "license_no name file_no",
        },
        (Document.DRIVING_LICENSE, Form.ELECTRONIC): {
            Side.FRONT: "license_no name first_issue_date vehicle_classes valid_from valid_until status",
            Side.BACK: "license_no",
        },
    }
)

# A trailer has no engine and carries nobody; a tractor's second page has masses of its own instead.
_TRAILER_LACKS = frozenset({"engine_no", "passengers"})
_TRACTOR_LACKS = frozenset({"passengers", "gross_mass_kg", "curb_mass_kg", "dimensions", "inspection"})


def _told(fields: VehicleLicense | DrivingLicense, name: str) -> bool:
    return any(getattr(fields, either, None) is not None for either in (name, *_INSTEAD.get(name, ())))


def _missing_field(license: License) -> Iterator[Flag]:  # noqa: A002
    """One flag for all that this page should tell and does not, by `_REQUIRED`."""
    pages = _REQUIRED[license.document, license.form]
    sides = (Side.FRONT, Side.BACK) if license.side is Side.BOTH else (license.side,)
    required = dict.fromkeys(name for side in sides for name in pages[side].split())
    lacks = _lacks(license.fields) if isinstance(license.fields, VehicleLicense) else frozenset()
    missing = [name for name in required if name not in lacks and not _told(license.fields, name)]
    if missing:
        yield _flag("missing_field", *missing)


def _lacks(fields: VehicleLicense) -> frozenset[str]:
    """What a vehicle of this kind has no value for; GA 36-2018: a trailer's plate ends in 挂."""
    kind, plate = fields.vehicle_type or "", fields.plate_no or ""
    if kind.endswith("挂车") or plate.endswith("挂"):
        return _TRAILER_LACKS
    masses = (fields.min_use_mass_kg, fields.max_load_kg, fields.harvester_mass_kg)
    if any(mass is not None for mass in masses) or re.search("拖拉机|收割机|运输机", kind):
        return _TRACTOR_LACKS
    return frozenset()


def _low_confidence(license: License, least: float) -> Iterator[Flag]:  # noqa: A002
    """One flag for all values that the vendor itself is not sure of; an empty slot's confidence says nothing."""
    doubted = [
        name for name, confidence in license.confidence.items() if confidence < least and _told(license.fields, name)
    ]
    if doubted:
        yield _flag("low_confidence", *doubted)


# Vehicle licenses.

# I, O and Q are not used, lest they be taken for 1 and 0 (ISO 3779, GB 16735-2019).
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES: Mapping[str, int] = MappingProxyType(
    dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True))
)


def vin_check_digit(vin: str) -> str:
    """What stands at place 9 of a VIN of this form, by GB 16735-2019 appendix A (as 49 CFR 565.15 has it)."""
    total = sum(_VIN_VALUES[sign] * weight for sign, weight in zip(vin, _VIN_WEIGHTS, strict=True))
    return "0123456789X"[total % 11]


def _vin(fields: VehicleLicense, _today: dt.date) -> Iterator[Flag]:
    """ISO 3779: 17 signs. The check digit is law only in China and North America; Europe puts a Z there.

    So it is asked of VINs whose maker is registered in China (L, GB 16737), and of no others.
    """
    if fields.vin is None:
        return
    if not _VIN.fullmatch(fields.vin):
        yield _flag("vin_format", "vin")
    elif fields.vin[0] == "L" and fields.vin[8] != vin_check_digit(fields.vin):
        yield _flag("vin_check_digit", "vin")


_PROVINCE, _SIGN = f"[{lexicon.PROVINCES}]", "[A-HJ-NP-Z0-9]"
_GREEN = re.compile(rf"{_PROVINCE}[A-HJ-Z](?:(?P<small>[A-HJK]){_SIGN}[0-9]{{4}}|[0-9]{{5}}(?P<large>[A-HJK]))")
# GA 36-2018, its serial without I and O though the office's letter may be O; then the forms before 2018 of embassies
# and consulates, the fire brigades' of 2019, and tractors' (NY/T 345.1: two digits for the office).
_PLATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_PROVINCE}[A-HJ-Z](?=.*[0-9]){_SIGN}{{5}}",
        rf"{_PROVINCE}[A-HJ-Z]{_SIGN}{{4}}[挂学警港澳领]",
        rf"{_PROVINCE}[0-9]{{5}}领",
        r"[0-9]{6}使|使[0-9]{6}",
        rf"{_PROVINCE}X{_SIGN}{{3,4}}应急",
        rf"{_PROVINCE}[0-9]{{2}}{_SIGN}{{5}}",
    )
)


def _plate_format(fields: VehicleLicense, _today: dt.date) -> Iterator[Flag]:
    """GA 36-2018: a plate of one of the known forms."""
    for name in ("plate_no", "back_plate_no"):
        plate = getattr(fields, name)
        if plate is not None and not any(pattern.fullmatch(plate) for pattern in (_GREEN, *_PLATES)):
            yield _flag("plate_format", name)


def _nev_mismatch(fields: VehicleLicense, _today: dt.date) -> Iterator[Flag]:
    """GA 36-2018: the letter of a green plate tells a battery alone (A to E) from everything else (F to K).

    An electric vehicle without a green plate is no contradiction: older ones, and taxis, keep theirs.
    """
    green = _GREEN.fullmatch(fields.plate_no or "")
    if green is None or fields.energy_type is None:
        return
    letter = green["small"] or green["large"]
    energy = re.sub(r"\s", "", fields.energy_type)
    if letter in lexicon.ELECTRIC_LETTERS:
        contradicted = any(part in energy for part in lexicon.NOT_ONLY_ELECTRIC)
    else:
        contradicted = energy in lexicon.ELECTRIC | lexicon.COMBUSTION
    if contradicted:
        yield _flag("nev_mismatch", "plate_no", "energy_type")


def _front_back_mismatch(fields: VehicleLicense, _today: dt.date) -> Iterator[Flag]:
    """Both pages of one paper bear the plate."""
    if fields.plate_no and fields.back_plate_no and fields.plate_no != fields.back_plate_no:
        yield _flag("front_back_mismatch", "plate_no", "back_plate_no")


def _use_character_unknown(fields: VehicleLicense, _today: dt.date) -> Iterator[Flag]:
    """GA/T 16.3: the uses have fixed names."""
    if fields.use_character is not None and re.sub(r"\s", "", fields.use_character) not in lexicon.USE_CHARACTERS:
        yield _flag("use_character_unknown", "use_character")


def _vehicle_type_unknown(fields: VehicleLicense, _today: dt.date) -> Iterator[Flag]:
    """GA/T 16.4: the types have fixed names."""
    if fields.vehicle_type is not None and re.sub(r"\s", "", fields.vehicle_type) not in lexicon.VEHICLE_TYPES:
        yield _flag("vehicle_type_unknown", "vehicle_type")


# No standard was found for either; the second form is that of older papers, as vendors' samples show it.
_VEHICLE_FILE_NO = re.compile(r"[0-9]{12}|[A-Z\u4e00-\u9fff][A-Z0-9-]{5,13}")
_DRIVING_FILE_NO = re.compile(r"[0-9]{12}")


def _vehicle_file_no(fields: VehicleLicense, _today: dt.date) -> Iterator[Flag]:
    """Twelve digits, or letters, digits and dashes on older papers; vendors' samples differ, hence only noted."""
    if fields.file_no is not None and not _VEHICLE_FILE_NO.fullmatch(fields.file_no):
        yield _flag("file_no_format", "file_no")


def _vehicle_dates(fields: VehicleLicense, today: dt.date) -> Iterator[Flag]:
    """A vehicle is registered, then its license issued, by today at the latest; it is scrapped after that."""
    yield from _ordered(fields, today, ("register_date", "issue_date"), past="register_date issue_date")
    yield from _ordered(fields, today, ("register_date", "scrap_date"))


def _mass_inconsistent(fields: VehicleLicense, _today: dt.date) -> Iterator[Flag]:
    """GB/T 3730.2: the gross mass holds the curb mass, and the load, each by itself.

    Their sum is not asked for: what a person weighs and who is counted differs by kind of vehicle.
    """
    for part in ("curb_mass_kg", "rated_load_kg"):
        mass = getattr(fields, part)
        if mass is not None and fields.gross_mass_kg is not None and mass > fields.gross_mass_kg:
            yield _flag("mass_inconsistent", part, "gross_mass_kg")


_YEAR_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


def _inspection_expired(fields: VehicleLicense, today: dt.date) -> Iterator[Flag]:
    """An inspection holds to the end of the month that is printed; on two places, the later one counts."""
    printed = {
        "inspection": fields.inspection and fields.inspection.valid_until,
        "inspection_valid_until": fields.inspection_valid_until,
    }
    months = {name: month for name, month in printed.items() if month and _YEAR_MONTH.fullmatch(month)}
    if months and max(months.values()) < f"{today:%Y-%m}":
        yield _flag("inspection_expired", *months)


# Driving licenses.

_ID = re.compile(r"[0-9]{17}[0-9X]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN = frozenset({"中国", "CHN", "中国/CHN", "中国CHN"})
_MALE, _FEMALE = "男", "女"


def id_check_digit(number: str) -> str:
    """What stands at the end of a citizen's number with these first 17 digits, by GB 11643-1999 (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def _license_no_format(fields: DrivingLicense, _today: dt.date) -> Iterator[Flag]:
    """GB 11643: the number is the citizen's, with the day of birth and the sex in it.

    A foreigner's license bears the number of another paper, of which nothing is known here.
    """
    number = fields.license_no
    if number is None or (fields.nationality and fields.nationality.strip() not in _CITIZEN):
        return
    if not _ID.fullmatch(number) or number[17] != id_check_digit(number):
        yield _flag("license_no_format", "license_no")
        return
    if fields.birth_date and number[6:14] != f"{fields.birth_date:%Y%m%d}":
        yield _flag("license_no_format", "license_no", "birth_date")
    if fields.sex in {_MALE, _FEMALE} and fields.sex != (_MALE if int(number[16]) % 2 else _FEMALE):
        yield _flag("license_no_format", "license_no", "sex")


def _vehicle_class_unknown(fields: DrivingLicense, _today: dt.date) -> Iterator[Flag]:
    """公安部令第162号, appendix 1: the classes of vehicles."""
    if not lexicon.VEHICLE_CLASSES.issuperset(fields.vehicle_classes or ()):
        yield _flag("vehicle_class_unknown", "vehicle_classes")


def _driving_file_no(fields: DrivingLicense, _today: dt.date) -> Iterator[Flag]:
    """Twelve digits, as several pages agree; no standard was found, hence only noted."""
    if fields.file_no is not None and not _DRIVING_FILE_NO.fullmatch(fields.file_no):
        yield _flag("file_no_format", "file_no")


def _driving_dates(fields: DrivingLicense, today: dt.date) -> Iterator[Flag]:
    """Birth, then the first license, then the days on which this one begins and ends.

    Its first day may lie ahead: a license is renewed up to ninety days before the old one ends.
    """
    yield from _ordered(fields, today, ("birth_date", "first_issue_date"), past="first_issue_date", strictly=True)
    yield from _ordered(fields, today, ("first_issue_date", "valid_from"))
    yield from _ordered(fields, today, ("valid_from", "valid_until"), strictly=True)


def _driver_expired(fields: DrivingLicense, today: dt.date) -> Iterator[Flag]:
    """A license ends on its last day, or so many years after its first one, or never."""
    if fields.long_term:
        return
    if fields.valid_until is not None:
        if fields.valid_until < today:
            yield _flag("driver_expired", "valid_until")
    elif fields.valid_from and fields.valid_years:
        first = fields.valid_from
        last_day = (first.year + fields.valid_years, first.month, first.day)
        if last_day < (today.year, today.month, today.day):
            yield _flag("driver_expired", "valid_from", "valid_years")


# Both.


def _electronic_status_abnormal(fields: VehicleLicense | DrivingLicense, _today: dt.date) -> Iterator[Flag]:
    """GA/T 16: 正常 is the one status that nothing is wrong with."""
    if any(status != "正常" for status in fields.status or ()):
        yield _flag("electronic_status_abnormal", "status")


def _ordered(
    fields: VehicleLicense | DrivingLicense,
    today: dt.date,
    names: tuple[str, str],
    *,
    past: str = "",
    strictly: bool = False,
) -> Iterator[Flag]:
    """Flags where the second date lies before the first (or on it, if strictly), or a past date lies ahead."""
    first, second = (getattr(fields, name) for name in names)
    if first and second and (second < first or (strictly and second == first)):
        yield _flag("date_order", *names)
    for name in past.split():
        date = getattr(fields, name)
        if date and date > today:
            yield _flag("date_order", name)


_VEHICLE_RULES: tuple[Callable[[VehicleLicense, dt.date], Iterator[Flag]], ...] = (
    _vin,
    _plate_format,
    _front_back_mismatch,
    _use_character_unknown,
    _vehicle_type_unknown,
    _vehicle_file_no,
    _vehicle_dates,
    _mass_inconsistent,
    _nev_mismatch,
    _inspection_expired,
    _electronic_status_abnormal,
)
_DRIVING_RULES: tuple[Callable[[DrivingLicense, dt.date], Iterator[Flag]], ...] = (
    _license_no_format,
    _vehicle_class_unknown,
    _driving_file_no,
    _driving_dates,
    _driver_expired,
    _electronic_status_abnormal,
)
