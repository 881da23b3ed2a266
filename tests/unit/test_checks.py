"""The checks: what a rule doubts, and above all what it leaves alone."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from license_reader import lexicon
from license_reader.checks import check, id_check_digit, vin_check_digit
from license_reader.license import Dimensions, Document, DrivingLicense, Form, Inspection, License, Side, VehicleLicense

TODAY = dt.date(2026, 3, 2)

# Nobody's car and nobody's license, right in every respect.
FRONT: dict[str, Any] = {
    "plate_no": "沪A12345",
    "vehicle_type": "小型轿车",
    "owner": "李明",
    "address": "上海市徐汇区田林路397号",
    "use_character": "非营运",
    "brand_model": "大众汽车牌SVW71810",
    "vin": "LSVAA4180E2123456",
    "engine_no": "8B54321",
    "register_date": dt.date(2014, 5, 6),
    "issue_date": dt.date(2019, 7, 8),
}
BACK: dict[str, Any] = {
    "plate_no": "沪A12345",
    "file_no": "310012345678",
    "passengers": 5,
    "passengers_text": "5人",
    "gross_mass_kg": 1837,
    "curb_mass_kg": 1415,
    "dimensions": Dimensions(length_mm=4620, width_mm=1780, height_mm=1498),
    "inspection": Inspection(text="检验有效期至2026年05月沪A(01)", valid_until="2026-05", station="沪A(01)"),
}
DRIVER: dict[str, Any] = {
    "license_no": "11010519491231002X",
    "name": "张三",
    "sex": "女",
    "nationality": "中国",
    "address": "北京市朝阳区",
    "birth_date": dt.date(1949, 12, 31),
    "first_issue_date": dt.date(1990, 4, 2),
    "vehicle_classes": ("C1",),
    "valid_from": dt.date(2021, 4, 2),
    "valid_until": dt.date(2031, 4, 2),
}
FRONT["vin"] = FRONT["vin"][:8] + vin_check_digit(FRONT["vin"]) + FRONT["vin"][9:]


def vehicle(side: Side = Side.BOTH, form: Form = Form.PAPER, /, **changes: Any) -> License:
    pages = {Side.FRONT: FRONT, Side.BACK: BACK, Side.BOTH: BACK | FRONT}
    return License(
        document=Document.VEHICLE_LICENSE, side=side, form=form, fields=VehicleLicense(**pages[side] | changes)
    )


def driver(side: Side = Side.FRONT, form: Form = Form.PAPER, /, **changes: Any) -> License:
    fields = DrivingLicense(**DRIVER | changes)
    return License(document=Document.DRIVING_LICENSE, side=side, form=form, fields=fields)


def flagged(license_: License, *, today: dt.date = TODAY, min_confidence: float = 0.85) -> list[tuple[str, ...]]:
    """Each flag as its code and the fields that it names."""
    return [(flag.code, *flag.fields) for flag in check(license_, today=today, min_confidence=min_confidence)]


ELECTRONIC = {"status": ("正常",), "address": None, "issue_date": None, "inspection": None, "file_no": None}


@pytest.mark.parametrize(
    "license_",
    [
        vehicle(Side.FRONT),
        vehicle(Side.BACK),
        vehicle(Side.BOTH, back_plate_no="沪A12345"),
        vehicle(Side.FRONT, Form.ELECTRONIC, **ELECTRONIC, inspection_valid_until="2026-03", generated_at="2026-03-02"),
        vehicle(Side.BACK, Form.ELECTRONIC, **ELECTRONIC, plate_no=None),
        vehicle(Side.BOTH, Form.ELECTRONIC, **ELECTRONIC),
        driver(),
        driver(Side.BACK, file_no="110012345678"),
        driver(Side.BOTH, file_no="110012345678"),
        driver(Side.FRONT, Form.ELECTRONIC, status=("正常",), address=None, sex=None),
        driver(valid_until=None, long_term=True),
        driver(valid_until=None, valid_years=10),
    ],
)
def test_a_license_with_nothing_wrong_has_no_flags(license_: License) -> None:
    assert flagged(license_) == []


def test_every_flag_says_that_it_comes_from_the_checks_and_quotes_nothing() -> None:
    wrong = vehicle(vin="LSV", plate_no="12345", use_character="家用", vehicle_type="飞船", owner=None)
    flags = check(wrong, today=TODAY, min_confidence=0.85)
    assert len(flags) == 5
    assert {(flag.source, flag.detail) for flag in flags} == {("checks", None)}


# What is missing, and what the vendor is not sure of.


@pytest.mark.parametrize("name", FRONT)
def test_a_field_of_the_main_page_that_is_missing_is_named(name: str) -> None:
    assert ("missing_field", name) in flagged(vehicle(Side.FRONT, **{name: None}))


@pytest.mark.parametrize("name", sorted(set(BACK) - {"passengers_text", "passengers"}))
def test_a_field_of_the_side_page_that_is_missing_is_named(name: str) -> None:
    assert ("missing_field", name) in flagged(vehicle(Side.BACK, **{name: None}))


@pytest.mark.parametrize("name", sorted(DRIVER))
def test_a_field_of_a_driving_license_that_is_missing_is_named(name: str) -> None:
    assert ("missing_field", name) in flagged(driver(**{name: None}))


def test_all_missing_fields_share_one_flag() -> None:
    nothing = License(document=Document.DRIVING_LICENSE, side=Side.BACK, fields=DrivingLicense())
    assert flagged(nothing) == [("missing_field", "license_no", "name", "file_no")]


def test_both_pages_at_once_must_tell_what_each_must() -> None:
    assert flagged(vehicle(owner=None, file_no=None)) == [("missing_field", "owner", "file_no")]


def test_passengers_in_words_are_passengers() -> None:
    assert flagged(vehicle(passengers=None, passengers_text="驾驶室2人")) == []
    assert flagged(vehicle(passengers=None, passengers_text=None)) == [("missing_field", "passengers")]


@pytest.mark.parametrize("changes", [{"vehicle_type": "重型厢式半挂车"}, {"plate_no": "沪A1234挂"}])
def test_a_trailer_has_neither_engine_nor_passengers(changes: dict[str, Any]) -> None:
    assert flagged(vehicle(engine_no=None, passengers=None, passengers_text=None, **changes)) == []


def test_a_tractor_unit_is_no_trailer() -> None:
    assert flagged(vehicle(vehicle_type="重型半挂牵引车", engine_no=None)) == [("missing_field", "engine_no")]


@pytest.mark.parametrize("changes", [{"vehicle_type": "大型轮式拖拉机"}, {"min_use_mass_kg": 2900}])
def test_a_tractor_has_masses_of_its_own(changes: dict[str, Any]) -> None:
    lacks = dict.fromkeys(
        ("passengers", "passengers_text", "gross_mass_kg", "curb_mass_kg", "dimensions", "inspection")
    )
    assert flagged(vehicle(**lacks, **changes)) == []


def test_an_electronic_license_must_show_its_status() -> None:
    assert flagged(vehicle(Side.FRONT, Form.ELECTRONIC)) == [("missing_field", "status")]
    assert flagged(driver(Side.FRONT, Form.ELECTRONIC)) == [("missing_field", "status")]


def test_values_that_the_vendor_doubts_share_one_flag() -> None:
    doubted = vehicle().model_copy(update={"confidence": {"vin": 0.84, "owner": 0.85, "address": 0.2}})
    assert flagged(doubted) == [("low_confidence", "vin", "address")]
    assert flagged(doubted, min_confidence=0.1) == []


def test_the_confidence_of_an_empty_slot_says_nothing() -> None:
    assert flagged(vehicle().model_copy(update={"confidence": {"rated_load_kg": 0.0}})) == []


def test_a_confidence_in_a_date_holds_for_the_years_or_the_word_that_stand_instead() -> None:
    doubted = driver(valid_until=None, long_term=True).model_copy(update={"confidence": {"valid_until": 0.3}})
    assert flagged(doubted) == [("low_confidence", "valid_until")]


# VINs.


@pytest.mark.parametrize("vin", ["1M8GDM9AXKP042788", "11111111111111111"])
def test_the_check_digit_is_that_of_the_standards_examples(vin: str) -> None:
    assert vin_check_digit(vin) == vin[8]


VINS = st.text("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", min_size=16, max_size=16).map(lambda rest: "L" + rest)


@given(VINS, st.integers(0, 16), st.sampled_from("0123456789"))
def test_a_misread_digit_is_found_in_a_chinese_vin(vin: str, place: int, digit: str) -> None:
    right = vin[:8] + vin_check_digit(vin) + vin[9:]
    assert flagged(vehicle(vin=right)) == []
    wrong = right[:place] + digit + right[place + 1 :]
    if place > 0 and right[place].isdigit() and digit != right[place]:
        assert flagged(vehicle(vin=wrong)) == [("vin_check_digit", "vin")]


@pytest.mark.parametrize("vin", ["WVWZZZ3CZEE140287", "JTDKB20U093456789", "1M8GDM9A0KP042788"])
def test_a_foreign_vin_needs_no_check_digit(vin: str) -> None:
    assert flagged(vehicle(vin=vin)) == []


@pytest.mark.parametrize(
    "vin", ["LSVAA4182E212345", "LSVAA4182E21234567", "LSVAA4182E212345O", "LSVAA418 E2123456", "lsv"]
)
def test_a_vin_has_seventeen_signs_without_i_o_q(vin: str) -> None:
    assert flagged(vehicle(vin=vin)) == [("vin_format", "vin")]


# Plates.

GOOD_PLATES = [
    "沪A12345", "京AF0236", "粤BC12D3", "京O12345", "苏E9ZZZ9", "晋B12345", "吉AZ1234", "川A1234学", "京A0006警",
    "粤Z1234港", "粤ZJ12F澳", "沪B0023挂", "224578使", "使224578", "沪22478领", "沪A0023领", "京X3119应急", "苏0112345",
    "粤BD12345", "沪AF12345", "沪ADA1234", "粤BA12345", "京AK99999", "京A12345D", "粤B99999F",
]  # fmt: skip
BAD_PLATES = [
    "", "12345", "沪12345", "沪A1234", "沪A123456", "沪AI2345", "沪A1234O", "沪I12345", "华A12345", "沪AABCDE",
    "沪a12345", "沪A·12345", "沪AL12345", "沪A12345L", "沪AD1234O", "沪A1234籍", "沪A12345挂",
]  # fmt: skip


@pytest.mark.parametrize("plate", GOOD_PLATES)
def test_a_plate_of_any_known_form_is_left_alone(plate: str) -> None:
    assert ("plate_format", "plate_no") not in flagged(vehicle(plate_no=plate))


@pytest.mark.parametrize("plate", BAD_PLATES)
def test_a_plate_of_no_known_form_is_flagged(plate: str) -> None:
    assert ("plate_format", "plate_no") in flagged(vehicle(plate_no=plate))


SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@given(
    st.sampled_from(lexicon.PROVINCES),
    st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXYZ"),
    st.text(SIGNS, min_size=5, max_size=5).filter(lambda serial: re.search(r"\d", serial) is not None),
)
def test_every_province_office_and_serial_makes_a_plate(province: str, office: str, serial: str) -> None:
    assert flagged(vehicle(plate_no=province + office + serial)) == []


def test_the_plate_of_the_side_page_is_looked_at_too() -> None:
    assert flagged(vehicle(back_plate_no="沪A1234")) == [
        ("plate_format", "back_plate_no"),
        ("front_back_mismatch", "plate_no", "back_plate_no"),
    ]


@pytest.mark.parametrize(
    ("plate", "energy", "contradicted"),
    [
        ("沪AD12345", "电", False),
        ("沪AD12345", "纯电动", False),
        ("沪AA12345", "汽油", True),
        ("沪A12345B", "混合动力", True),
        ("沪AE12345", "氢燃料电池", True),
        ("沪AF12345", "混合动力", False),
        ("沪AF12345", "汽油/电", False),
        ("沪AF12345", "燃料电池", False),
        ("沪AG12345", "纯电动", True),
        ("沪A12345K", "柴油", True),
        ("沪A12345", "电", False),
        ("沪AD12345", None, False),
        ("沪AD12345", "其他", False),
    ],
)
def test_a_green_plates_letter_goes_with_the_energy(plate: str, energy: str | None, *, contradicted: bool) -> None:
    expected = [("nev_mismatch", "plate_no", "energy_type")] if contradicted else []
    assert flagged(vehicle(plate_no=plate, energy_type=energy)) == expected


# Words.


@pytest.mark.parametrize("use", ["非营运", "公路客运", "危化品运输", "营转非", "预约出租转非", "非 营 运"])
def test_a_known_use_is_left_alone(use: str) -> None:
    assert flagged(vehicle(use_character=use)) == []


def test_an_unknown_use_is_flagged() -> None:
    assert flagged(vehicle(use_character="非菅运")) == [("use_character_unknown", "use_character")]


# GA/T 16.4-2012 as public copies of its table have it, one or more of every kind.
TYPES = """
大型普通客车 大型双层客车 大型卧铺客车 大型铰接客车 大型越野客车 大型轿车 大型专用客车
大型专用校车 中型普通客车 中型专用客车 小型普通客车 小型越野客车 小型轿车 轿车 小型专用客车
小型专用校车 小型面包车 微型普通客车 微型越野客车 微型轿车 微型面包车 重型普通货车
重型厢式货车 重型封闭货车 重型罐式货车 重型平板货车 重型集装厢车 重型自卸货车 重型特殊结构货车
重型仓栅式货车 重型车辆运输车 重型厢式自卸货车 重型罐式自卸货车 重型平板自卸货车
重型集装厢自卸货车 重型特殊结构自卸货车 重型仓栅式自卸货车 中型封闭式货车 中型集装箱车
轻型普通货车 轻型栏板货车 轻型自卸货车 轻型多用途货车 微型厢式货车 微型仓栅式货车 普通低速货车
低速普通货车 厢式低速货车 罐式低速货车 自卸低速货车 仓栅式低速货车 厢式自卸低速货车
重型半挂牵引车 重型全挂牵引车 中型半挂牵引车 轻型全挂牵引车 大型专项作业车 重型专项作业车
轻型非载货专项作业车 重型载货专项作业车 无轨电车 有轨电车 普通正三轮摩托车 轻便正三轮摩托车
正三轮载客摩托车 正三轮载货摩托车 侧三轮摩托车 普通二轮摩托车 轻便二轮摩托车 普通两轮摩托车
三轮汽车 大型轮式拖拉机 小型轮式拖拉机 手扶拖拉机 手扶变形运输机 轮式装载机械 轮式挖掘机械
轮式平地机械 重型普通全挂车 重型集装箱全挂车 轻型旅居全挂车 中型专项作业全挂车 重型普通半挂车
重型厢式半挂车 重型低平板半挂车 重型旅居半挂车 重型专项作业半挂车 重型集装箱半挂车
中型特殊结构半挂车 轻型仓栅式半挂车 重型车辆运输半挂车 重型栏板半挂车 重型自卸半挂车 其他
"""


def test_a_known_vehicle_type_is_left_alone() -> None:
    unknown = ("vehicle_type_unknown", "vehicle_type")
    assert not [kind for kind in TYPES.split() if unknown in flagged(vehicle(vehicle_type=kind))]


@pytest.mark.parametrize(
    "kind", ["小型娇车", "小型", "客车普通", "超大型普通客车", "重型双层货车", "大型普通货车", "-"]
)
def test_an_unknown_vehicle_type_is_flagged(kind: str) -> None:
    assert ("vehicle_type_unknown", "vehicle_type") in flagged(vehicle(vehicle_type=kind))


def test_no_vehicle_type_is_built_of_leftovers() -> None:
    assert not [name for name in lexicon.VEHICLE_TYPES if not name or "-" in name or " " in name]


def test_an_unknown_vehicle_class_is_flagged() -> None:
    assert flagged(driver(vehicle_classes=("A1", "A2", "D"))) == []
    assert flagged(driver(vehicle_classes=("A1", "C7"))) == [("vehicle_class_unknown", "vehicle_classes")]


# Numbers.


@pytest.mark.parametrize("number", ["310012345678", "苏F123E9", "A00-00476807"])
def test_a_vehicles_file_number_of_any_seen_form_is_left_alone(number: str) -> None:
    assert flagged(vehicle(file_no=number)) == []


@pytest.mark.parametrize("number", ["31001234567", "3100123456789", "档案编号"])
def test_any_other_file_number_is_noted(number: str) -> None:
    assert flagged(vehicle(file_no=number)) == [("file_no_format", "file_no")]


def test_a_drivers_file_number_has_twelve_digits() -> None:
    assert flagged(driver(Side.BACK, file_no="A00-00476807")) == [("file_no_format", "file_no")]


DIGITS = st.text("0123456789", min_size=6, max_size=6)


@given(
    DIGITS,
    st.dates(dt.date(1930, 1, 1), dt.date(1971, 12, 31)),
    st.integers(0, 999),
    st.integers(0, 17),
    st.sampled_from("0123456789"),
)
def test_a_misread_digit_is_found_in_a_citizens_number(
    area: str, born: dt.date, serial: int, place: int, digit: str
) -> None:
    number = f"{area}{born:%Y%m%d}{serial:03}"
    number += id_check_digit(number)
    sex = "男" if serial % 2 else "女"
    assert flagged(driver(license_no=number, birth_date=born, sex=sex)) == []
    if digit != number[place]:
        wrong = number[:place] + digit + number[place + 1 :]
        assert flagged(driver(license_no=wrong, birth_date=born, sex=sex)) == [("license_no_format", "license_no")]


@pytest.mark.parametrize(
    "number",
    [
        "11010519491231002x",
        "110105491231002",
        "H0123456700",
        "11010519491231002",
        "１１０１０５１９４９１２３１００２X",
    ],
)
def test_anything_but_a_citizens_number_is_flagged(number: str) -> None:
    assert flagged(driver(license_no=number)) == [("license_no_format", "license_no")]


def test_day_of_birth_and_sex_stand_in_the_number() -> None:
    assert flagged(driver(birth_date=dt.date(1949, 12, 30))) == [("license_no_format", "license_no", "birth_date")]
    assert flagged(driver(sex="男")) == [("license_no_format", "license_no", "sex")]


def test_a_foreigners_number_is_left_alone() -> None:
    assert flagged(driver(license_no="E12345678", nationality="美国")) == []


# Dates and masses.


def test_a_license_issued_before_the_vehicle_was_registered_is_flagged() -> None:
    early = vehicle(issue_date=dt.date(2014, 5, 5))
    assert flagged(early) == [("date_order", "register_date", "issue_date")]
    assert flagged(vehicle(issue_date=dt.date(2014, 5, 6))) == []


def test_a_license_issued_tomorrow_is_flagged() -> None:
    assert flagged(vehicle(issue_date=TODAY)) == []
    assert flagged(vehicle(issue_date=TODAY + dt.timedelta(1))) == [("date_order", "issue_date")]


def test_a_vehicle_scrapped_before_it_was_registered_is_flagged() -> None:
    assert flagged(vehicle(scrap_date=dt.date(2013, 1, 1))) == [("date_order", "register_date", "scrap_date")]
    assert flagged(vehicle(scrap_date=dt.date(2029, 5, 6))) == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"first_issue_date": dt.date(1949, 12, 31)}, ("birth_date", "first_issue_date")),
        ({"valid_from": dt.date(1990, 4, 1)}, ("first_issue_date", "valid_from")),
        ({"valid_until": dt.date(2021, 4, 2), "valid_from": dt.date(2021, 4, 2)}, ("valid_from", "valid_until")),
    ],
)
def test_a_drivers_dates_follow_each_other(changes: dict[str, Any], names: tuple[str, str]) -> None:
    assert ("date_order", *names) in flagged(driver(**changes), today=dt.date(2021, 4, 1))


def test_a_license_renewed_ahead_begins_in_the_future() -> None:
    assert flagged(driver(), today=dt.date(2021, 1, 15)) == []


def test_a_first_license_in_the_future_is_flagged() -> None:
    changes = {"first_issue_date": dt.date(2026, 3, 3), "valid_from": dt.date(2026, 3, 3)}
    assert flagged(driver(**changes)) == [("date_order", "first_issue_date")]


@pytest.mark.parametrize("name", ["curb_mass_kg", "rated_load_kg"])
def test_no_part_weighs_more_than_the_whole(name: str) -> None:
    assert flagged(vehicle(**{name: 1837})) == []
    assert flagged(vehicle(**{name: 1838})) == [("mass_inconsistent", name, "gross_mass_kg")]
    assert flagged(vehicle(Side.BACK, **{name: 1838}, gross_mass_kg=None)) == [("missing_field", "gross_mass_kg")]


# What has run out.


@pytest.mark.parametrize(("today", "expired"), [(dt.date(2026, 5, 31), False), (dt.date(2026, 6, 1), True)])
def test_an_inspection_holds_to_the_end_of_its_month(today: dt.date, *, expired: bool) -> None:
    assert flagged(vehicle(), today=today) == ([("inspection_expired", "inspection")] if expired else [])
    electronic = vehicle(Side.FRONT, Form.ELECTRONIC, status=("正常",), inspection_valid_until="2026-05")
    assert flagged(electronic, today=today) == ([("inspection_expired", "inspection_valid_until")] if expired else [])


def test_the_later_of_two_inspections_counts() -> None:
    assert flagged(vehicle(inspection_valid_until="2026-09"), today=dt.date(2026, 8, 1)) == []


@pytest.mark.parametrize("month", [None, "see the certificate", "2020"])
def test_an_inspection_without_a_month_is_not_guessed_at(month: str | None) -> None:
    assert flagged(vehicle(inspection=Inspection(text="见电子凭证", valid_until=month))) == []


@pytest.mark.parametrize(
    ("changes", "last_day", "names"),
    [
        ({}, dt.date(2031, 4, 2), ("valid_until",)),
        ({"valid_until": None, "valid_years": 6}, dt.date(2027, 4, 2), ("valid_from", "valid_years")),
        (
            {"valid_until": None, "valid_years": 6, "valid_from": dt.date(2020, 2, 29)},
            dt.date(2026, 2, 28),
            ("valid_from", "valid_years"),
        ),
    ],
)
def test_a_driving_license_holds_to_its_last_day(
    changes: dict[str, Any], last_day: dt.date, names: tuple[str, ...]
) -> None:
    assert flagged(driver(**changes), today=last_day) == []
    assert flagged(driver(**changes), today=last_day + dt.timedelta(1)) == [("driver_expired", *names)]


def test_a_license_for_good_never_expires() -> None:
    today = dt.date(2199, 1, 1)
    assert flagged(driver(valid_until=None, long_term=True), today=today) == []
    assert flagged(driver(long_term=True), today=today) == []


@pytest.mark.parametrize(
    ("status", "abnormal"), [(("正常",), False), (("正常", "抵押"), True), (("注销",), True), ((), False)]
)
def test_any_status_but_normal_is_flagged(status: tuple[str, ...], *, abnormal: bool) -> None:
    expected = [("electronic_status_abnormal", "status")] if abnormal else []
    assert flagged(vehicle(Side.FRONT, Form.ELECTRONIC, status=status)) == expected
    assert flagged(driver(Side.FRONT, Form.ELECTRONIC, status=status)) == expected


# Whatever a vendor reads, the checks have an answer.

TEXT = st.none() | st.text(max_size=20)
DATE = st.none() | st.dates()


@given(
    st.builds(
        VehicleLicense,
        plate_no=TEXT,
        vin=TEXT,
        vehicle_type=TEXT,
        energy_type=TEXT,
        register_date=DATE,
        issue_date=DATE,
        inspection_valid_until=TEXT,
    )
    | st.builds(
        DrivingLicense,
        license_no=TEXT,
        sex=TEXT,
        birth_date=DATE,
        valid_from=DATE,
        valid_until=DATE,
        valid_years=st.none() | st.integers(0, 99),
    ),
    st.sampled_from(Side),
    st.sampled_from(Form),
    st.dates(),
)
def test_no_field_breaks_the_checks(
    fields: VehicleLicense | DrivingLicense, side: Side, form: Form, today: dt.date
) -> None:
    document = Document.VEHICLE_LICENSE if isinstance(fields, VehicleLicense) else Document.DRIVING_LICENSE
    license_ = License(document=document, side=side, form=form, fields=fields)
    for flag in check(license_, today=today, min_confidence=0.85):
        assert set(flag.fields) <= set(type(fields).model_fields)
