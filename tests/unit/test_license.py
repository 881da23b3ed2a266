"""The record: frozen, of one document, and the same after a round trip through JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from license_reader.flags import Flag
from license_reader.license import FIELDS, Document, DrivingLicense, License, Side, VehicleLicense, empty


@pytest.mark.parametrize("document", Document)
def test_an_empty_license_says_nothing_but_why(document: Document) -> None:
    license_ = empty(document, Side.BACK, Flag.of("no_text", "tencent"), vendor="tencent")
    assert license_.fields == FIELDS[document]()
    assert not license_.fields.model_dump(exclude_none=True)
    assert [flag.code for flag in license_.flags] == ["no_text"]


def test_fields_are_those_of_the_document() -> None:
    told = {"document": "driving_license", "side": "front", "fields": {"name": "张三"}}
    assert License.model_validate(told).fields == DrivingLicense(name="张三")


@pytest.mark.parametrize("fields", [{"plate_no": "沪A12345"}, VehicleLicense(plate_no="沪A12345")])
def test_fields_of_the_other_document_are_refused(fields: object) -> None:
    with pytest.raises(ValidationError, match="fields"):
        License.model_validate({"document": "driving_license", "side": "front", "fields": fields})


def test_flags_are_added_and_the_license_that_had_none_still_has_none() -> None:
    first = empty(Document.VEHICLE_LICENSE, Side.FRONT)
    second = first.flagged(Flag.of("blur", "tencent")).flagged(Flag.of("copy", "tencent"))
    assert [flag.code for flag in second.flags] == ["blur", "copy"]
    assert first.flags == ()


def test_a_license_cannot_be_changed_in_place() -> None:
    license_ = empty(Document.VEHICLE_LICENSE, Side.FRONT)
    with pytest.raises(ValidationError, match="frozen"):
        license_.side = Side.BACK  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        license_.fields.address = "上海市"  # type: ignore[misc]


FLAGS = st.builds(Flag.of, st.sampled_from(["blur", "vin_format"]), st.just("checks"), st.just("vin"))
POLYGONS = st.lists(st.tuples(st.floats(0, 9000), st.floats(0, 9000)), min_size=4, max_size=4).map(tuple)
NAMES = st.sampled_from(["vin", "name"])
LICENSES = st.sampled_from(Document).flatmap(
    lambda document: st.builds(
        License,
        document=st.just(document),
        side=st.sampled_from(Side),
        fields=st.builds(FIELDS[document]),
        confidence=st.dictionaries(NAMES, st.floats(0, 1)),
        boxes=st.dictionaries(NAMES, POLYGONS),
        flags=st.lists(FLAGS, max_size=2).map(tuple),
        raw=st.none() | st.dictionaries(st.text(), st.integers() | st.text()),
    )
)


@given(LICENSES)
def test_a_license_survives_the_way_through_json(license_: License) -> None:
    written = json.dumps(license_.model_dump(mode="json", exclude_none=True))
    assert License.model_validate(json.loads(written)) == license_


@pytest.mark.parametrize("model", FIELDS.values())
def test_every_field_may_be_missing(model: type[VehicleLicense | DrivingLicense]) -> None:
    assert all(field.default is None for field in model.model_fields.values())
