"""The rules of the house for vendors, checked on every module there is."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType  # noqa: TC003
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter, ValidationError

from license_reader import values, vendors
from license_reader.columns import Column
from license_reader.image import DECODERS, Limits
from license_reader.license import FIELDS, Document, Side
from license_reader.vendors._base import BaseVendor, Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = vendors.names()
FOLDER = Path(str(inspect.getfile(vendors))).parent
# A vendor translates: these send, sleep, log, or read what is not theirs to read.
NOT_FOR_VENDORS = {"boto3", "botocore", "logging", "os", "socket", "subprocess", "threading", "time", "urllib3"}
FIELD_NAMES = {name for fields in FIELDS.values() for name in fields.model_fields}


def module_of(name: str) -> ModuleType:
    return import_module(f"license_reader.vendors.{name}")


def tables(module: ModuleType) -> Iterator[tuple[str, tuple[Column, ...]]]:
    """The module's field tables by name."""
    for name, value in vars(module).items():
        if isinstance(value, tuple) and value and all(isinstance(row, Column) for row in value):
            yield name, value


def test_all_five_vendors_are_there() -> None:
    assert set(NAMES) == {"megvii", "tencent", "tencent_legacy", "huawei", "embedded"}


@pytest.mark.parametrize("name", NAMES)
def test_a_module_exports_one_vendor_named_as_the_file(name: str) -> None:
    vendor = module_of(name).Vendor
    assert issubclass(vendor, BaseVendor)
    assert not inspect.isabstract(vendor)
    assert vendor.name == name
    assert vendors.find(name) is vendor


def test_no_vendor_of_another_name_is_found() -> None:
    for name in ("_base", "os", ""):
        with pytest.raises(KeyError):
            vendors.find(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_vendor_says_what_it_takes_and_where(name: str) -> None:
    vendor = vendors.find(name)
    assert isinstance(vendor.limits, Limits)
    assert {"jpeg"} <= vendor.limits.formats <= set(DECODERS)
    assert vendor.limits.max_bytes > 1_000_000
    assert vendor.pages
    assert all(isinstance(document, Document) and isinstance(side, Side) for document, side in vendor.pages)
    if name == "embedded":
        assert vendor.endpoint is None
    else:
        assert vendor.endpoint is not None
        assert vendor.endpoint.startswith("https://")
        assert vendor.endpoint.count("/") == 2


@pytest.mark.parametrize("name", NAMES)
def test_everything_public_has_a_docstring(name: str) -> None:
    module = module_of(name)
    assert module.__doc__
    for label, thing in vars(module).items():
        if label.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        assert inspect.getdoc(thing), label
        members = vars(thing).items() if inspect.isclass(thing) else ()
        for member, value in members:
            assert member.startswith("_") or not inspect.isfunction(value) or value.__doc__, f"{label}.{member}"


@pytest.mark.parametrize("name", NAMES)
def test_a_vendor_imports_nothing_that_talks(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    imported = {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    } | {str(node.module).partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & NOT_FOR_VENDORS
    ours = {
        str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("license_reader")
    }
    assert ours <= {
        "license_reader",
        "license_reader.columns",
        "license_reader.errors",
        "license_reader.flags",
        "license_reader.image",
        "license_reader.license",
        "license_reader.vendors._base",
        "license_reader.signing",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_field_table_is_pure_data(name: str) -> None:
    kinds = {kind for _, kind in inspect.getmembers(values, inspect.isfunction)}
    found = dict(tables(module_of(name)))
    assert found or name == "embedded"
    for label, rows in found.items():
        assert label.isupper(), label
        for row in rows:
            assert row.name in FIELD_NAMES, f"{label}: {row.name}"
            assert row.source, f"{label}: {row.name}"
            assert row.read in kinds, f"{label}: {row.name}: a reading that the other direction could not undo"
        sources = [row.source for row in rows]
        assert len(set(sources)) == len(sources), f"{label}: a field of the vendor is read twice"


@pytest.mark.parametrize("name", NAMES)
def test_one_field_is_read_in_one_way_by_all_vendors(name: str) -> None:
    kinds = {row.name: row.read for other in NAMES for _, rows in tables(module_of(other)) for row in rows}
    for label, rows in tables(module_of(name)):
        for row in rows:
            assert row.read is kinds[row.name], f"{label}: {row.name}"


SHAPES: dict[str, list[dict[str, str]]] = {
    "megvii": [{"api_key": "k", "api_secret": "hunter2"}],
    "tencent": [
        {"secret_id": "i", "secret_key": "hunter2"},
        {"secret_id": "i", "secret_key": "hunter2", "token": "hunter2"},
    ],
    "tencent_legacy": [{"appid": "1", "bucket": "b", "secret_id": "i", "secret_key": "hunter2"}],
    "huawei": [
        {"access_key": "i", "secret_key": "hunter2", "project_id": "p"},
        {"domain": "d", "user": "u", "password": "hunter2", "project": "cn-north-4"},
    ],
    "embedded": [{"api_key": "hunter2"}],
}


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name in NAMES for shape in SHAPES[name]])
def test_a_secret_has_its_documented_shape_and_is_never_printed(name: str, shape: dict[str, str]) -> None:
    adapter = TypeAdapter(vendors.find(name).credentials)
    secret = adapter.validate_python(shape)
    held = getattr(secret, "root", secret)
    assert isinstance(held, Credentials)
    assert set(type(held).model_fields) >= set(shape)
    for printed in (
        repr(secret),
        str(secret),
        f"{secret}",
        repr([secret]),
        repr(secret.model_dump()),
        secret.model_dump_json(),
    ):
        assert "hunter2" not in printed


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name in NAMES for shape in SHAPES[name]])
def test_a_secret_that_lacks_a_field_is_refused_without_telling_the_others(name: str, shape: dict[str, str]) -> None:
    adapter = TypeAdapter(vendors.find(name).credentials)
    for field in shape.keys() - {"token", "bucket"}:
        lacking = {key: value for key, value in shape.items() if key != field}
        with pytest.raises(ValidationError) as caught:
            adapter.validate_python(lacking)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name in NAMES for field in SHAPES[name][0] if field != "bucket"]
)
def test_a_key_pasted_with_a_line_end_is_refused_by_name(name: str, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(vendors.find(name).credentials).validate_python({**SHAPES[name][0], field: "hunter2\n"})
    told = caught.value.errors(include_input=False, include_url=False)
    assert field in {str(part["loc"][-1]) for part in told}
    assert {part["type"] for part in told} & {"visible_ascii_wanted", "string_pattern_mismatch"}
    assert "hunter2" not in str(caught.value)
