"""What the fields' own rules make of doubtful letters."""

from __future__ import annotations

import pytest

from license_engine import repair
from license_engine.recognize import Letter, text_of

RIGHT = "LSGPC52U6AF102554"


def _letters(text: str, **doubts: tuple[str, float]) -> list[Letter]:
    """Sure letters, but for those at a place named p0, p1 ..., which hold another as likely as told."""
    letters = [Letter(character, 0.999, place / len(text)) for place, character in enumerate(text)]
    for name, (other, odds) in doubts.items():
        place = int(name.removeprefix("p"))
        character = text[place]
        letters[place] = Letter(character, 1 - odds, 0.5, ((character, 1 - odds), (other, odds)))
    return letters


def test_the_check_digit_holds_for_a_right_vin_only() -> None:
    assert repair.vin_holds(RIGHT)
    assert not repair.vin_holds(RIGHT[:-1] + "5")
    assert not repair.vin_holds(RIGHT[:-1])


def test_a_doubted_letter_of_a_chinese_vin_gives_way_to_the_one_that_checks() -> None:
    misread = RIGHT[:3] + "F" + RIGHT[4:]
    assert text_of(repair.vin(_letters(misread, p3=("P", 0.3)))) == RIGHT


def test_a_vin_printed_with_a_wrong_check_digit_is_left_as_printed() -> None:
    printed = RIGHT[:8] + "3" + RIGHT[9:]
    assert text_of(repair.vin(_letters(printed))) == printed


def test_an_imported_vehicles_vin_is_never_mended() -> None:
    imported = "WVWZZZ3CZEE140287"
    assert text_of(repair.vin(_letters(imported, p9=("F", 0.4)))) == imported


def test_a_plate_loses_its_dot_and_its_serials_impossible_letters() -> None:
    assert text_of(repair.plate(_letters("皖A·1O3I5"))) == "皖A10315"


def test_a_plates_issuing_letter_may_be_an_o() -> None:
    assert text_of(repair.plate(_letters("鄂O12345"))) == "鄂O12345"


def test_an_embassys_plate_has_a_digit_in_its_second_place() -> None:
    assert text_of(repair.plate(_letters("使O1457I"))) == "使014571"


def test_a_plates_second_place_is_a_letter_if_any_was_thought_of() -> None:
    assert text_of(repair.plate(_letters("鄂012345", p1=("O", 0.2)))) == "鄂O12345"
    assert text_of(repair.plate(_letters("皖812345", p1=("B", 0.1)))) == "皖B12345"


def test_a_plates_letter_that_nothing_can_replace_stays_and_is_half_as_sure() -> None:
    kept = repair.plate(_letters("皖812345"))
    assert text_of(kept) == "皖812345"
    assert kept[1].probability == pytest.approx(0.999 / 2)


@pytest.mark.parametrize(("wide", "narrow"), ["：:", "（(", "）)"])
def test_a_doubted_mark_of_full_width_is_a_narrow_one_and_a_sure_one_stays(wide: str, narrow: str) -> None:
    assert text_of(repair.written(_letters(f"至{wide}2031年", p1=(narrow, 0.4)))) == f"至{narrow}2031年"
    assert text_of(repair.written(_letters(f"至{wide}2031年"))) == f"至{wide}2031年"


def test_a_doubted_o_in_an_engine_number_is_a_zero_and_a_sure_one_stays() -> None:
    assert text_of(repair.engine_no(_letters("5HDFO", p4=("0", 0.2)))) == "5HDF0"
    assert text_of(repair.engine_no(_letters("5HDFO"))) == "5HDFO"


@pytest.mark.parametrize(
    ("field", "printed"),
    [
        ("address", "重庆市璧山区中山北路"),
        ("owner", "重庆市璧山区物流有限公司"),
        ("issuing_authority", "重庆市璧山区公安局交通警察支队"),
    ],
)
def test_a_doubted_place_in_an_address_or_a_name_is_the_known_one(field: str, printed: str) -> None:
    misread = _letters(printed.replace("璧", "壁"), p3=("璧", 0.2))
    assert text_of(repair.LETTERS[field](misread)) == printed


def test_dashes_are_told_from_digits() -> None:
    assert repair.is_dashes("--")
    assert repair.is_dashes("—")
    assert not repair.is_dashes("11kg")


@pytest.mark.parametrize(
    ("field", "text", "shaped"),
    [
        ("register_date", "2011-10-10", "2011-10-10"),
        ("register_date", "2011-1010", "2011-10-10"),
        ("register_date", "2011-13-10", None),
        ("valid_from", "2014-12-25至2020-12-25", "2014-12-25"),
        ("valid_until", "2014-12-25至2020-12-25", "2020-12-25"),
        ("valid_until", "2014-12-25至长期", "长期"),
        ("valid_until", "6年", "6年"),
        ("gross_mass_kg", "1837kg", "1837kg"),
        ("rated_load_kg", "--", None),
        ("rated_load_kg", "11", None),
        ("dimensions", "4620x1780X1498mm", "4620×1780×1498mm"),
        ("passengers", "2+3人", "2+3人"),
        ("remarks", "--", None),
        ("barcode", "*4378591503109*", "4378591503109"),
        ("generated_at", "2024-05-06 12:34:56", "2024-05-06 12:34:56"),
        ("generated_at", "2024-05-0612：34：56", "2024-05-06 12:34:56"),
        ("shown_at", "2024-05-06 25:34:56", None),
        ("shown_at", "2024-05-06", None),
        ("inspection_valid_until", "2026年04月", "2026-04"),
        ("inspection_valid_until", "2026-04-30", "2026-04-30"),
        ("inspection_valid_until", "长期", None),
        ("owner", "四川(成都)某某有限公司", "四川（成都）某某有限公司"),
        ("address", "成都市某路1号(2栋)", "成都市某路1号（2栋）"),
        ("owner", "--", None),
        ("brand_model", "某牌3.OT", "某牌3.0T"),
        ("brand_model", "某牌FV71O6", "某牌FV7106"),
        ("brand_model", "OPEL ASTRA GTO", "OPEL ASTRA GTO"),
        ("record", "增加准驾车型A2o", "增加准驾车型A2o"),
        ("record", "已换证o", "已换证。"),
        ("use_character", "：非营运", "非营运"),
    ],
)
def test_a_value_takes_its_fields_shape_or_is_absent(field: str, text: str, shaped: str | None) -> None:
    assert repair.shaped(field, text) == shaped


def _doubted(text: str, *doubts: tuple[int, float, str, float]) -> tuple[Letter, ...]:
    """The text, sure but for some letters: where, how sure, what else it may be and how likely."""
    letters = [Letter(character, 0.99, 0) for character in text]
    for place, odds, other, beside in doubts:
        letters[place] = Letter(text[place], odds, 0, ((text[place], odds), (other, beside)))
    return tuple(letters)


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        (_doubted("检洽有效期至2012年05月(4S)", (1, 0.4, "验", 0.3)), "检验有效期至2012年05月(4S)"),
        (
            _doubted("检验有效期至2010年5月(20)松验有效明至2012年5月皖A", (17, 0.3, "检", 0.1), (21, 0.4, "期", 0.3)),
            "检验有效期至2010年5月(20)检验有效期至2012年5月皖A",
        ),
        (_doubted("检洽有效期至2012年05月有效", (1, 0.99, "验", 0.0)), "检洽有效期至2012年05月有效"),  # surely read
        (_doubted("检验合格至2014年9月有效"), "检验合格至2014年9月有效"),
    ],
)
def test_what_stands_before_a_month_of_the_inspection_is_known(read: tuple[Letter, ...], printed: str) -> None:
    assert text_of(repair.inspection(read)) == printed


def test_a_stamps_province_is_that_of_the_stamp_before_it() -> None:
    read = _doubted("检验有效期至2024年09月赣E检验有效期至2026年09月辅E", (27, 0.5, "铺", 0.3))
    assert text_of(repair.inspection(read)) == "检验有效期至2024年09月赣E检验有效期至2026年09月赣E"
    other = _doubted("检验有效期至2024年09月赣E检验有效期至2026年09月皖A")
    assert repair.inspection(other) == other


@pytest.mark.parametrize(
    ("field", "read", "printed"),
    [
        ("record", _doubted("需配载眼镜驾驶。", (2, 0.5, "戴", 0.4)), "需配戴眼镜驾驶。"),
        (
            "record",
            _doubted("请于2028年09月16日前九十日内中请换领新驾驶证。", (18, 0.6, "申", 0.3)),
            "请于2028年09月16日前九十日内申请换领新驾驶证。",
        ),
        ("record", _doubted("增驾A2实刁期至2024年", (5, 0.6, "习", 0.3)), "增驾A2实习期至2024年"),
        ("remarks", _doubted("强制报度期止：2036年", (3, 0.6, "废", 0.3), (6, 0.5, ":", 0.4)), "强制报废期止:2036年"),
        ("use_character", _doubted("用住非营运", (0, 0.5, "使", 0.1), (1, 0.5, "性", 0.1)), "非营运"),
        ("use_character", _doubted("预约出租客运", (0, 0.5, "须", 0.1)), "预约出租客运"),
        ("use_character", _doubted("幼几校车", (1, 0.5, "儿", 0.4)), "幼儿校车"),
    ],
)
def test_known_phrases_are_put_right_where_they_are_in_doubt(
    field: str, read: tuple[Letter, ...], printed: str
) -> None:
    assert text_of(repair.LETTERS[field](read)) == printed


def test_the_rest_of_a_label_before_an_inspection_is_left_out() -> None:
    joined = _doubted("记票检验有效期至2026年10月", (1, 0.4, "录", 0.3))
    assert text_of(repair.inspection(joined)) == "检验有效期至2026年10月"
    sure = _doubted("免检检验有效期至2026年10月")
    assert repair.inspection(sure) == sure


def test_before_a_capital_after_the_inspections_month_stands_a_province() -> None:
    read = _doubted("检验有效期至2026年10月就A(24)", (14, 0.5, "冀", 0.3))
    assert text_of(repair.inspection(read)) == "检验有效期至2026年10月冀A(24)"
    assert repair.inspection(read)[14].probability == pytest.approx(0.3 / 0.5)  # of a province's and all unnamed odds
    known = _doubted("检验有效期至2026年10月新J", (14, 0.5, "浙", 0.4))
    assert text_of(repair.inspection(known)) == text_of(known)


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("小鹏牌NHQ700OBEVBH", "小鹏牌NHQ7000BEVBH"),
        ("比亚迪牌BYD7O09BEVJ1", "比亚迪牌BYD7009BEVJ1"),
        ("某某牌QO7150OA", "某某牌QO7150OA"),  # letters of the maker, and what follows the number, stay
        ("路虎RANGEROVERSPORT3.0", "路虎RANGEROVERSPORT3.0"),
    ],
)
def test_a_makers_designation_has_four_digits(read: str, printed: str) -> None:
    assert repair.model(read) == printed
