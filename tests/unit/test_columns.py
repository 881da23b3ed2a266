"""Field tables: a reply's texts under canonical names, and a flag for what could not be understood."""

from __future__ import annotations

import datetime as dt

import pytest

from license_reader import values
from license_reader.columns import Column, beside, gather, joined

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


def test_the_vendors_name_of_each_value_is_kept() -> None:
    gathered = gather(COLUMNS, {"BackPlateNo": "沪B1", "Seats": "5人"}, vendor="t")
    assert gathered.sources == {"plate_no": "BackPlateNo", "passengers": "Seats", "passengers_text": "Seats"}


def test_a_side_pages_plate_gets_a_field_of_its_own_beside_the_main_page() -> None:
    assert gather(beside(COLUMNS), {"PlateNo": "沪B1", "Owner": "李明"}, vendor="t").values == {
        "back_plate_no": "沪B1",
        "owner": "李明",
    }


def test_where_two_pages_contradict_each_other_the_main_page_stands_and_a_flag_says_so() -> None:
    front = gather(COLUMNS, {"Owner": "李明", "RegisterDate": "soon"}, vendor="t")
    back = gather(COLUMNS, {"Owner": "李萌", "TotalMass": "1837kg"}, vendor="t")
    both = joined(front, back, vendor="t")
    assert both.values == {"owner": "李明", "gross_mass_kg": 1837}
    assert [(flag.code, flag.fields) for flag in both.flags] == [
        ("unreadable_value", ("register_date",)),
        ("front_back_mismatch", ("owner",)),
    ]


def test_two_pages_that_agree_raise_no_flag() -> None:
    page = gather(COLUMNS, {"Owner": "李明"}, vendor="t")
    assert joined(page, page, vendor="t").flags == []
