"""Flags: codes from one table, each with its severity."""

from __future__ import annotations

import pytest

from license_reader.flags import SEVERITY, Flag, Severity, gravest


@pytest.mark.parametrize("code", SEVERITY)
def test_a_flag_has_the_severity_of_its_code(code: str) -> None:
    flag = Flag.of(code, "checks", "vin", "plate_no", detail="why")
    assert (flag.code, flag.severity, flag.fields, flag.detail) == (code, SEVERITY[code], ("vin", "plate_no"), "why")


def test_a_code_that_the_table_does_not_know_is_a_mistake_in_the_program() -> None:
    with pytest.raises(KeyError):
        Flag.of("vin_odd", "checks")


def test_every_severity_is_used() -> None:
    assert set(SEVERITY.values()) == set(Severity)


def test_the_gravest_of_several_flags_is_found_whatever_their_order() -> None:
    codes = ["file_no_format", "blur", "missing_field", "driver_expired", "no_text", "copy"]
    order = [Severity.INFO, Severity.QUALITY, Severity.REVIEW, Severity.BUSINESS, Severity.PERMANENT, Severity.FRAUD]
    for count in range(1, len(codes) + 1):
        flags = [Flag.of(code, "checks") for code in codes[:count]]
        assert gravest(flags) is gravest(reversed(flags)) is order[count - 1]


def test_no_flags_have_no_severity() -> None:
    assert gravest([]) is None
