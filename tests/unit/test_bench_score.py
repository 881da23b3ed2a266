"""What a reading is worth: fields, pages, characters, confidence."""

from __future__ import annotations

import pytest
from bench.engine.score import (
    Finding,
    Judged,
    Outcome,
    Rate,
    Truth,
    bins,
    by_field,
    calibration_error,
    distance,
    false_alarms,
    figures,
    trusted,
)
from hypothesis import given
from hypothesis import strategies as st

FRONT = {"plate_no": "川A12345", "owner": "李某", "vin": "LFV2A21K8G4000001"}
BACK = {"file_no": "510100123456", "passengers": "5人"}


def judged(
    read: dict[str, str], *, side: str = "front", fields: dict[str, str] | None = None, sure: float = 1
) -> Judged:
    truth = Truth(document="vehicle_license", side=side, fields=FRONT if fields is None else fields)
    finding = Finding(document="vehicle_license", side=side, fields=read, confidence=dict.fromkeys(read, sure))
    return Judged("000-vehicle-front-clean.jpg", "clean", truth, finding)


def test_a_field_counts_only_when_every_character_is_right() -> None:
    at = figures([judged({**FRONT, "owner": "李 某"})])
    assert (at.fields, at.pages, at.main_pages) == (Rate(2, 3), Rate(0, 1), Rate(0, 1))


def test_a_missed_field_costs_all_its_characters() -> None:
    at = figures([judged({"plate_no": "川A12346", "owner": "李某"})])
    assert at.characters == Rate(1 + 17, 7 + 2 + 17)


def test_a_field_that_is_not_printed_spoils_its_page_and_no_field() -> None:
    at = figures([judged({**FRONT, "address": "某路1号"})])
    assert (at.fields, at.pages, at.invented, at.wrong_but_sure) == (Rate(3, 3), Rate(0, 1), 1, Rate(1, 3))


def test_what_is_printed_as_a_dash_is_not_printed() -> None:
    truth = Truth.model_validate(
        {"document": "vehicle_license", "fields": {"towing_mass_kg": "--", "remarks": "", "vin": None}}
    )
    assert truth.fields == {}


def test_of_both_pages_each_is_whole_by_itself() -> None:
    fields = FRONT | BACK | {"back_plate_no": "川A12345"}
    wrong_behind = judged(fields | {"passengers": "6人"}, side="both", fields=fields)
    assert figures([wrong_behind]).pages == Rate(1, 2)
    assert figures([wrong_behind]).main_pages == Rate(1, 1)
    wrong_before = judged(fields | {"owner": "王某"}, side="both", fields=fields)
    assert figures([wrong_before]).pages == Rate(1, 2)
    assert figures([wrong_before]).main_pages == Rate(0, 1)


def test_a_side_page_is_no_main_page() -> None:
    assert figures([judged(BACK, side="back", fields=BACK)]).main_pages == Rate(0, 0)


def test_a_license_told_to_be_another_is_counted() -> None:
    truth = Truth(document="vehicle_license", side="front", fields=FRONT)
    astray = Judged("a.jpg", "clean", truth, Finding(document="driving_license", side="front"))
    unread = Judged("b.jpg", "clean", truth, Finding(document=None))
    assert figures([astray, unread, judged(FRONT)]).astray == 2


@pytest.mark.parametrize(("sure", "wrong"), [(0.95, 1), (0.949, 0)])
def test_a_wrong_field_is_confident_from_the_bar_on(sure: float, wrong: int) -> None:
    assert figures([judged({**FRONT, "owner": "王某"}, sure=sure)]).wrong_but_sure == Rate(wrong, 3)


def test_fields_are_counted_each_by_itself() -> None:
    each = by_field([judged(FRONT), judged({"owner": "李某"})])
    assert each == {"plate_no": Rate(1, 2), "owner": Rate(2, 2), "vin": Rate(1, 2)}


def test_a_flag_is_a_false_alarm_unless_the_picture_should_have_it() -> None:
    truth = Truth(document="vehicle_license", flags=("copy",))
    assert false_alarms(Judged("a.jpg", "clean", truth, Finding(document=None, flags=("copy", "blur")))) == ("blur",)


OUTCOMES = [
    Outcome("a", "1", "1", 1.0),
    Outcome("b", "1", "2", 0.97),
    Outcome("c", "1", "1", 0.96),
    Outcome("d", "1", "1", 0.4),
    Outcome("e", "1", None, 0.0),
]


def test_a_threshold_keeps_the_fields_at_least_so_sure_of_those_read() -> None:
    assert [(row.threshold, row.kept, row.wrong) for row in trusted(OUTCOMES) if row.threshold in {0.5, 0.99}] == [
        (0.5, Rate(3, 4), Rate(1, 3)),
        (0.99, Rate(1, 4), Rate(0, 1)),
    ]


def test_bins_hold_every_field_read_and_the_surest_too() -> None:
    found = bins(OUTCOMES)
    assert [(each.begin, each.right) for each in found] == [(0.0, Rate(1, 1)), (0.95, Rate(1, 2)), (0.995, Rate(1, 1))]
    assert calibration_error(found) == pytest.approx((0.6 + abs(1 - 1.93) + 0) / 4)


def test_of_nothing_no_share_is_told() -> None:
    assert figures([]).fields.percent is None
    assert calibration_error(bins([])) is None


def naive(text: str, read: str) -> int:
    if not text or not read:
        return len(text) + len(read)
    swap = naive(text[1:], read[1:]) + (text[0] != read[0])
    return min(swap, naive(text[1:], read) + 1, naive(text, read[1:]) + 1)


short = st.text("京A1", max_size=5)


@given(short, short)
def test_the_distance_is_the_fewest_changes(text: str, read: str) -> None:
    assert distance(text, read) == naive(text, read)
