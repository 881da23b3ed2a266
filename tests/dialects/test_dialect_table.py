"""docs/vendors.md says of every parameter, field and error code whether the OCR API has it: its tables are made here.

They come from the tables that each dialect's tests are run by. After a change,
`python -m tests.dialects.test_dialect_table` writes them anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.dialects import test_huawei, test_megvii, test_native, test_tencent, test_tencent_legacy

from license_reader import vendors
from license_reader.vendors._base import NO_LICENSE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

DOCUMENT = Path(__file__).parents[2] / "docs" / "vendors.md"
TESTS: Mapping[str, ModuleType] = {
    "megvii": test_megvii,
    "tencent": test_tencent,
    "tencent_legacy": test_tencent_legacy,
    "huawei": test_huawei,
    "embedded": test_native,
}
WORKS = "works"
CANNOT = "cannot occur here, because "
_SECTION = re.compile(r"<!-- served: (?P<vendor>\w+) -->\n(?P<body>.*?)<!-- end -->\n", re.DOTALL)


def rows(tests: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Kind, name and answer of all that a contract has."""
    for kind, told in (("parameter", tests.PARAMETERS), ("field", tests.FIELDS)):
        for name, answer in told.items():
            yield kind, name, answer
    for code, case in tests.ERRORS.items():
        yield "error", str(code), case if isinstance(case, str) else WORKS


def rendered(vendor: str) -> str:
    """One dialect's table."""
    lines = ["| | name | in the OCR API |", "| --- | --- | --- |"]
    lines += [f"| {kind} | `{name}` | {answer} |" for kind, name, answer in rows(TESTS[vendor])]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("vendor", TESTS)
def test_the_document_has_the_table_that_the_tests_are_run_by(vendor: str) -> None:
    written = {match["vendor"]: match["body"] for match in _SECTION.finditer(DOCUMENT.read_text(encoding="utf-8"))}
    assert written.get(vendor) == rendered(vendor), "run python -m tests.dialects.test_dialect_table"


@pytest.mark.parametrize("vendor", TESTS)
def test_everything_works_or_has_a_reason_why_it_cannot_occur(vendor: str) -> None:
    for kind, name, answer in rows(TESTS[vendor]):
        reasoned = answer.startswith(CANNOT) and len(answer) > len(CANNOT) + 10
        assert answer == WORKS or reasoned, f"{kind} {name}: {answer}"
        assert "|" not in answer


@pytest.mark.parametrize("vendor", TESTS)
def test_every_code_that_the_reader_knows_is_in_the_table(vendor: str) -> None:
    known = {code for code in vendors.find(vendor).actions if code != NO_LICENSE}
    assert known <= {str(code) for code in TESTS[vendor].ERRORS}


if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8")
    new = _SECTION.sub(
        lambda match: f"<!-- served: {match['vendor']} -->\n{rendered(match['vendor'])}<!-- end -->\n", text
    )
    DOCUMENT.write_text(new, encoding="utf-8")
