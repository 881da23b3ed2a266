"""Every sample read by every vendor's own adapter from the OCR API: the same license, whichever dialect carried it.

What a dialect has no field for cannot arrive by it; all else must. That the built function reads an upload in each
dialect is `tests/cloud/test_end_to_end.py`'s.
"""

from __future__ import annotations

import json
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import requests

from license_ocr.checkout import SAMPLES
from license_reader import values, vendors
from license_reader.columns import Column, beside
from license_reader.errors import DocumentRefused
from license_reader.image import fit, gate
from license_reader.license import Document, Form, License, Side
from license_reader.vendors._base import Address, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.dialects.conftest import Api

    from license_ocr.sandbox import Secrets

type Read = Callable[[str, str], License]

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
def read(api: Api, secrets: Secrets) -> Iterator[Read]:
    """Reads a sample as a vendor: by its adapter, within its limits, in its dialect."""
    with requests.Session() as session:
        session.trust_env = False

        def read(vendor: str, name: str) -> License:
            found = vendors.find(vendor)
            document, side = page(name) if name in LICENSES else (Document.VEHICLE_LICENSE, Side.FRONT)
            job = Job(fit(gate((SAMPLES / name).read_bytes()), found.limits), document, side)
            held = found.credentials.model_validate_json(json.dumps(secrets[vendor]))
            return found(Address(api.url), session=session).read(job, held, until=time.time() + 120, read_timeout=60)

        yield read


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
def test_the_same_license_arrives_by_a_vendors_dialect(vendor: str, name: str, read: Read) -> None:
    license_, native = read(vendor, name), read("embedded", name)
    assert license_.vendor == vendor
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
def test_what_is_no_license_is_none_in_every_dialect(vendor: str, name: str, read: Read) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read(vendor, name)
    assert refused.value.flag == "not_a_license"
