"""Second opinions: what is read again, and what counts as a disagreement."""

from __future__ import annotations

import datetime as dt

import pytest

from license_reader.flags import SEVERITY, Flag, Severity
from license_reader.license import FIELDS, Document, DrivingLicense, Inspection, License, Side, VehicleLicense
from license_reader.opinions import COMPARED, disagreement, doubted


def reading(fields: VehicleLicense | DrivingLicense, vendor: str = "tencent", *codes: str) -> License:
    document = Document.VEHICLE_LICENSE if isinstance(fields, VehicleLicense) else Document.DRIVING_LICENSE
    flags = tuple(Flag.of(code, "checks") for code in codes)
    return License(document=document, side=Side.FRONT, vendor=vendor, fields=fields, flags=flags)


@pytest.mark.parametrize("code", SEVERITY)
def test_only_doubts_are_worth_a_second_opinion(code: str) -> None:
    expected = SEVERITY[code] in {Severity.FRAUD, Severity.REVIEW}
    assert doubted(reading(VehicleLicense(), "tencent", "blur", code)) is expected


def test_a_picture_that_cannot_be_read_is_not_read_again() -> None:
    assert not doubted(reading(VehicleLicense(), "tencent", "low_confidence", "unreadable"))


def test_a_disagreement_names_both_values_and_their_vendors() -> None:
    first = VehicleLicense(plate_no="沪AA1234", vin="LSVAA4182E2123456", register_date=dt.date(2014, 3, 1), owner="甲")
    second = VehicleLicense(plate_no="沪AA1284", vin="LSVAA4182E2123456", register_date=dt.date(2014, 3, 7), owner="乙")
    flag = disagreement(reading(first), reading(second, "huawei"))
    assert flag == Flag.of(
        "vendor_disagreement",
        "opinions",
        "plate_no",
        "register_date",
        detail="plate_no: tencent 沪AA1234, huawei 沪AA1284; register_date: tencent 2014-03-01, huawei 2014-03-07",
    )


def test_what_one_of_them_did_not_read_is_no_contradiction() -> None:
    whole = VehicleLicense(plate_no="沪AA1234", vin="LSVAA4182E2123456", issue_date=dt.date(2014, 3, 1))
    assert disagreement(reading(whole), reading(VehicleLicense(), "huawei")) is None
    assert disagreement(reading(VehicleLicense()), reading(whole, "huawei")) is None


def test_what_vendors_print_differently_is_the_same() -> None:
    first, second = VehicleLicense(plate_no="沪AA1234"), VehicleLicense(plate_no="沪ａa 1234")
    assert disagreement(reading(first), reading(second, "huawei")) is None


def test_the_month_of_an_inspection_is_compared_and_its_text_is_not() -> None:
    def inspected(text: str, month: str) -> License:
        return reading(VehicleLicense(inspection=Inspection(text=text, valid_until=month)), text)

    assert disagreement(inspected("one", "2026-04"), inspected("other", "2026-04")) is None
    flag = disagreement(inspected("one", "2026-04"), inspected("other", "2026-09"))
    assert flag is not None
    assert (flag.fields, flag.detail) == (("inspection",), "inspection.valid_until: one 2026-04, other 2026-09")


def test_the_dates_of_drivers_are_compared() -> None:
    first = DrivingLicense(birth_date=dt.date(1990, 3, 7), valid_until=dt.date(2030, 1, 1), license_no="1")
    second = DrivingLicense(birth_date=dt.date(1990, 3, 1), valid_until=dt.date(2030, 1, 1), license_no="2")
    flag = disagreement(reading(first), reading(second, "embedded"))
    assert flag is not None
    assert flag.fields == ("birth_date",)


@pytest.mark.parametrize("document", Document)
def test_every_date_of_a_document_is_compared(document: Document) -> None:
    dates = {name for name, field in FIELDS[document].model_fields.items() if "date" in str(field.annotation)}
    assert dates <= set(COMPARED[document])
    assert {name.partition(".")[0] for name in COMPARED[document]} <= set(FIELDS[document].model_fields)
