"""The README's tables and examples, held against the code that they describe."""

from __future__ import annotations

import json
import re
from pathlib import Path

from license_reader import vendors
from license_reader.flags import SEVERITY
from license_reader.ledger import Record
from license_reader.license import DrivingLicense, VehicleLicense
from license_reader.settings import Settings, VendorSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading's text, its head left out."""
    lines = README[README.index(heading) :].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_flag_is_listed_with_its_severity() -> None:
    assert {named(code)[0]: severity for code, severity, _ in rows("## Flags")} == dict(SEVERITY)


def test_every_setting_is_listed() -> None:
    assert [named(row[0])[0] for row in rows("## Settings")] == list(Settings.model_fields)
    of_vendors = {name for row in rows("`/<stack>/vendors/<name>`") for name in named(row[0])}
    assert of_vendors == set(VendorSettings.model_fields)


def test_every_vendor_is_listed_with_its_secret() -> None:
    assert {named(row[0])[0] for row in rows("Secrets Manager, `<stack>/<vendor>`")} == set(vendors.names())
    heads = README[README.index("## Vendors") :].splitlines()[2]
    assert set(named(heads)) == set(vendors.names())


def test_every_field_of_the_record_is_named() -> None:
    section = README[README.index("Fields of a vehicle license:") : README.index("## Flags")]
    vehicle, driving = section.split("Fields of a driving license:")
    assert set(named(vehicle)) == set(VehicleLicense.model_fields)
    assert set(named(driving)) == set(DrivingLicense.model_fields)


def test_the_example_is_a_record() -> None:
    example = json.loads(README.split("```json\n")[1].split("```")[0])
    record = Record.model_validate(example)
    assert record.license is not None
    assert record.model_dump(mode="json", exclude_unset=True) == example


def test_every_event_is_listed() -> None:
    section = README[README.index("| event | what it shows |") :]
    assert {named(row[0])[0] for row in rows(section[:30])} == {path.name for path in (ROOT / "events").iterdir()}


def test_every_path_that_is_named_exists() -> None:
    for path in re.findall(r"`((?:docs|events|tests|layers|functions)/[\w./-]+)`", README):
        assert (ROOT / path).exists(), path
