"""Field tables: a reply's texts under canonical names, and a flag for what could not be understood."""

from __future__ import annotations

import datetime as dt

import pytest

from license_reader import values
from license_reader.columns import Column, gather

COLUMNS = (
    Column("plate_no", "PlateNo", values.code),
    Column("plate_no", "BackPlateNo", values.code),
    Column("owner", "Owner"),
    Column("register_date", "RegisterDate", values.date),
    Column("passengers", "Seats", values.persons),
    Column("gross_mass_kg", "TotalMass", values.mass),
    Column("status", "State", values.listing),
)


def test_what_a_reply_tells_is_gathered_under_canonical_names() -> None:
    gathered = gather(
        COLUMNS,
        {"PlateNo": "沪a·12345", "RegisterDate": "2011-10-10", "Seats": "5人", "State": ["正常", "抵押"], "Other": "x"},
        vendor="tencent",
    )
    assert gathered.values == {
        "plate_no": "沪A12345",
        "register_date": dt.date(2011, 10, 10),
        "passengers": 5,
        "passengers_text": "5人",
        "status": ("正常", "抵押"),
    }
    assert gathered.flags == []


@pytest.mark.parametrize("nothing", [None, "", "--", " ", []])
def test_what_a_reply_lacks_is_left_out(nothing: object) -> None:
    assert gather(COLUMNS, {"Owner": nothing, "State": nothing}, vendor="tencent").values == {}


def test_numbers_are_read_as_their_text() -> None:
    assert gather(COLUMNS, {"TotalMass": 1837}, vendor="megvii").values == {"gross_mass_kg": 1837}


@pytest.mark.parametrize("told", ["31.02.2011", {"year": 2011}, True, [1, 2]])
def test_what_cannot_be_understood_is_flagged_and_not_guessed(told: object) -> None:
    gathered = gather(COLUMNS, {"RegisterDate": told, "Owner": "李明"}, vendor="huawei")
    assert gathered.values == {"owner": "李明"}
    (flag,) = gathered.flags
    assert (flag.code, flag.source, flag.fields) == ("unreadable_value", "huawei", ("register_date",))
    assert "2011" not in (flag.detail or "")


def test_a_second_source_fills_a_gap_and_overwrites_nothing() -> None:
    assert gather(COLUMNS, {"BackPlateNo": "沪B1"}, vendor="t").values == {"plate_no": "沪B1"}
    assert gather(COLUMNS, {"PlateNo": "沪A1", "BackPlateNo": "沪B1"}, vendor="t").values == {"plate_no": "沪A1"}
