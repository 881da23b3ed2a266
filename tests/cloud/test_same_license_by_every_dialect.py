"""Every sample through the whole pipeline, once a vendor: the record is the same license, whichever dialect carried it.

The built function asks the OCR API of the local cloud by each vendor's own adapter. What a dialect has no field for
cannot arrive by it; all else must.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from license_ocr import uploads
from license_ocr.checkout import SAMPLES
from license_reader import values, vendors
from license_reader.columns import Column, beside
from license_reader.license import Document, Form, License, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cloud.conftest import Deploy

    from license_reader.ledger import Record


TRUTH: Mapping[str, Mapping[str, Any]] = json.loads((SAMPLES / "truth.json").read_bytes())
LICENSES = sorted(name for name, truth in TRUTH.items() if truth["document"])
OTHERS = sorted(name for name, truth in TRUTH.items() if not truth["document"])
TOLD_BY_NAME = [name for name in vendors.names() if name != "embedded"]

# A dialect that tells a license's form, and so brings what only electronic ones have.
TELLS_FORM = {"tencent", "huawei"}
# What one text of a vendor becomes besides the field that its row names.
ALSO: Mapping[Callable[..., object], tuple[str, ...]] = {
    values.persons: ("passengers_text",),
    values.validity: ("valid_years", "long_term"),
}


def page(name: str) -> tuple[Document, Side]:
    truth = TRUTH[name]
    return Document(truth["document"]), Side(truth["side"])


def asked_of(vendor: str) -> list[str]:
    """The samples that a vendor is to read: the pages that it takes, and what is no license."""
    takes = [name for name in LICENSES if page(name) in vendors.find(vendor).pages]
    return takes + OTHERS


@pytest.fixture(scope="module")
def read(deploy: Deploy) -> Mapping[tuple[str, str], Record]:
    """The record of every sample by every vendor that reads such a page, and of what is no license by all of them.

    Settings name the vendor, one a prefix; there is no other to turn to. Vendor after vendor, so that the engine's
    line stays short.
    """
    stack = deploy(visibility=60)
    routes = [{"prefix": f"uploads/{vendor}/", "vendors": [vendor]} for vendor in vendors.names()]
    stack.choose({"vendors": ["embedded"], "routes": routes})
    found = {}
    for vendor in vendors.names():
        sent = {}
        for name in asked_of(vendor):
            document, side = page(name) if name in LICENSES else (Document.VEHICLE_LICENSE, Side.FRONT)
            metadata = {"document": str(document), "side": str(side)}
            account, photo, prefix = stack.account, SAMPLES / name, f"uploads/{vendor}/"
            upload = uploads.send(account, stack.resources, photo, prefix=prefix, metadata=metadata)
            sent[upload.object] = upload
        for record in uploads.records(stack.account, stack.resources, sent.values(), timeout=120):
            found[vendor, sent[record.object].photo.name] = record
    return found


def license_of(record: Record, vendor: str) -> License:
    assert record.license is not None
    assert record.license.vendor == vendor, record.passed_over
    return record.license


def carried(vendor: str, license_: License) -> set[str]:
    """The fields of this license that the vendor's tables have a name for."""
    module = import_module(f"license_reader.vendors.{vendor}")
    driving = license_.document is Document.DRIVING_LICENSE
    rows: list[Column] = []
    if license_.side is not Side.BACK:
        rows += getattr(module, "DRIVING_FRONT" if driving else "FRONT" if vendor == "megvii" else "VEHICLE_FRONT")
    if license_.side is not Side.FRONT:
        back = module.DRIVING_BACK if driving else module.VEHICLE_BACK
        rows += beside(back) if license_.side is Side.BOTH and not driving else back
    if license_.form is Form.ELECTRONIC and vendor == "huawei":  # Tencent tells these beside the side page's
        rows += module.VEHICLE_BACK + module.VEHICLE_ELECTRONIC
    return {name for row in rows for name in (row.name, *ALSO.get(row.read, ()))}


@pytest.mark.parametrize(
    ("vendor", "name"), [(vendor, name) for vendor in TOLD_BY_NAME for name in asked_of(vendor) if name in LICENSES]
)
def test_the_same_license_arrives_by_a_vendors_dialect(
    vendor: str, name: str, read: Mapping[tuple[str, str], Record]
) -> None:
    license_, native = license_of(read[vendor, name], vendor), license_of(read["embedded", name], "embedded")
    assert (license_.document, license_.side) == (native.document, native.side)
    if vendor in TELLS_FORM:
        assert license_.form is native.form
    names = carried(vendor, native)
    assert native.fields.model_dump(include=names, exclude_none=True)
    assert license_.fields.model_dump(include=names) == native.fields.model_dump(include=names)
    # Nothing arrives that the engine did not read.
    assert license_.fields.model_dump(exclude=names, exclude_none=True) == {}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("vendor", vendors.names())
def test_what_is_no_license_is_none_in_every_dialect(
    vendor: str, name: str, read: Mapping[tuple[str, str], Record]
) -> None:
    record = read[vendor, name]
    assert record.license is not None
    assert "not_a_license" in {flag.code for flag in record.license.flags}
    assert record.license.fields.model_dump(exclude_none=True) == {}
