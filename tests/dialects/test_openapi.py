"""The native contract's OpenAPI document, held against the server by schemathesis, and by JSON Schema.

Schemathesis skips the operation that served the document, so it is given the document and not its URL. The meta-schema
of OpenAPI 3.1 is OAI's, as schemathesis carries it. What its strategies make for the pictures' media types is set once
for the process.
"""

from __future__ import annotations

import copy
import io
import itertools
import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from tests.dialects.conftest import send

import native_contract
from license_reader.flags import SEVERITY, Flag
from license_reader.image import DECODERS
from license_reader.license import (
    FIELDS,
    Dimensions,
    Document,
    DrivingLicense,
    Form,
    Inspection,
    License,
    Side,
    VehicleLicense,
    Whole,
)
from license_reader.vendors.embedded import PATH
from openapi import described
from service import NoLicense

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pydantic import BaseModel
    from tests.dialects.conftest import Api, Serve

    from license_ocr.sandbox import Secrets
    from service import Service


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    """The document as it is served."""
    served: dict[str, Any] = send(requests.Request("GET", api.url + native_contract.DESCRIPTION_PATH)).json()
    return served


def fits(document: dict[str, Any], schema: dict[str, Any], instance: object) -> bool:
    """Whether an instance is as this schema of the document wants it, formats such as dates included."""
    whole = {**schema, "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True).is_valid(instance)


def answer_schema(document: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """The schema of the answer to a picture."""
    response = document["paths"][PATH]["post"]["responses"][str(status)]
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema


def walk(node: object) -> Iterator[dict[str, Any]]:
    """Every object within a JSON document."""
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from walk(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from walk(inner)


# The document by itself.


def test_it_is_an_openapi_document(document: dict[str, Any]) -> None:
    OPENAPI_31_VALIDATOR.validate(document)
    for wrong in ("info", "openapi"):
        assert not OPENAPI_31_VALIDATOR.is_valid({name: held for name, held in document.items() if name != wrong})


def test_its_schemas_are_json_schemas(document: dict[str, Any]) -> None:
    schemas = [node["schema"] for node in walk(document) if isinstance(node.get("schema"), dict)]
    for schema in (*schemas, *document["components"]["schemas"].values()):
        jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_its_references_lead_somewhere_and_nothing_is_left_over(document: dict[str, Any]) -> None:
    named = {node["$ref"].removeprefix("#/components/schemas/") for node in walk(document) if "$ref" in node}
    assert named <= set(document["components"]["schemas"])
    assert set(document["components"]["schemas"]) - named == set()


def test_all_that_is_asked_and_answered_is_described(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        for node in walk(schema):
            for held, described_ in node.get("properties", {}).items():
                assert described_.get("description") or held == "error", f"{name}.{held}"
    for operation in (document["paths"][PATH]["post"], document["paths"][native_contract.DESCRIPTION_PATH]["get"]):
        parts = [*operation.get("parameters", []), *operation["responses"].values()]
        headers = [header for response in operation["responses"].values() for header in response["headers"].values()]
        assert all(part["description"].endswith(".") for part in (*parts, *headers))


def test_its_examples_are_answers(document: dict[str, Any]) -> None:
    examples = document["paths"][PATH]["post"]["responses"]["200"]["content"]["application/json"]["examples"]
    assert len(examples) == 3
    for example in examples.values():
        assert fits(document, answer_schema(document), example["value"])
    error = document["components"]["schemas"]["Error"]
    assert all(fits(document, error, example) for example in error["examples"])


def test_every_license_in_an_example_is_one_of_the_record() -> None:
    content = described()["paths"][PATH]["post"]["responses"]["200"]["content"]
    for example in content["application/json"]["examples"].values():
        told = {name: value for name, value in example["value"].items() if name != "request_id"}
        if told["document"] is not None:
            assert License.model_validate(told)


def test_it_is_imported_when_it_is_asked_for() -> None:
    code = "import sys, ocr_api; assert 'openapi' not in sys.modules; ocr_api.native.description(); import openapi"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)  # noqa: S603 - our own words


# The document against tables and models.


def test_it_has_every_field_of_the_record(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    models: tuple[type[BaseModel], ...] = (VehicleLicense, DrivingLicense, Dimensions, Inspection, Flag)
    for model in models:
        assert list(schemas[model.__name__]["properties"]) == list(model.model_fields)
    for name in ("VehicleLicenseRead", "DrivingLicenseRead"):
        told = set(License.model_fields) - native_contract.UNTOLD
        assert set(schemas[name]["properties"]) == {"request_id"} | told
    assert set(schemas["NoLicense"]["properties"]) == set(schemas["VehicleLicenseRead"]["properties"]) - {"form"}


def test_what_can_be_missing_is_what_the_record_may_lack(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert "required" not in schemas["VehicleLicense"]
    assert "required" not in schemas["DrivingLicense"]
    assert schemas["Inspection"]["required"] == ["text"]
    assert schemas["Flag"]["required"] == ["code", "severity", "source", "fields"]
    assert set(schemas["DrivingLicenseRead"]["required"]) == set(schemas["DrivingLicenseRead"]["properties"])


def test_it_has_every_error_under_its_status(document: dict[str, Any]) -> None:
    operation, elsewhere = document["paths"][PATH]["post"], document["components"]["responses"]
    assert len(set(native_contract.ERRORS.values())) == len(native_contract.ERRORS)
    told = {status: response for status, response in operation["responses"].items() if status != "200"}
    here = native_contract.ERRORS.keys() - elsewhere.keys()
    assert sorted(told) == sorted(str(native_contract.ERRORS[code]) for code in here)
    assert set(elsewhere) == {"not_found", "method_not_allowed"}
    for code, status in native_contract.ERRORS.items():
        response = elsewhere.get(code) or told[str(status)]
        schema = response["content"]["application/json"]["schema"]
        bodies = {other: native_contract.told_error(other, "why", "id") for other in native_contract.ERRORS}
        assert [other for other, body in bodies.items() if fits(document, schema, body)] == [code]


def test_it_has_every_flag_and_every_format(document: dict[str, Any]) -> None:
    said = document["components"]["schemas"]["Flag"]["properties"]["code"]["description"]
    assert all(code in said for code in SEVERITY)
    body = document["paths"][PATH]["post"]["requestBody"]
    assert set(body["content"]) == {f"image/{name}" for name in DECODERS} | {"application/octet-stream"}
    assert all(content["schema"]["maxLength"] == native_contract.MAX_BYTES for content in body["content"].values())


def test_it_names_no_address_of_a_server(document: dict[str, Any]) -> None:
    assert "servers" not in document
    assert "127.0.0.1" not in json.dumps(document)


# Answers against the document, without a server.


st.register_type_strategy(Whole, st.integers(0, 10**9))


def filled(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Records of this model with any of its fields."""
    held = {name: st.from_type(field.annotation) for name, field in model.model_fields.items()}  # type: ignore[arg-type]
    return st.fixed_dictionaries({}, optional=held).map(model.model_validate)


POINTS = st.tuples(st.floats(0, 10_000), st.floats(0, 10_000))
FLAGS = st.builds(
    lambda code, fields, detail: Flag.of(code, "embedded", *fields, detail=detail),
    st.sampled_from(sorted(SEVERITY)),
    st.lists(st.sampled_from(["plate_no", "vin"]), unique=True),
    st.none() | st.text(),
)
LICENSES = st.sampled_from(list(Document)).flatmap(
    lambda document: st.builds(
        License,
        document=st.just(document),
        side=st.sampled_from(Side),
        form=st.sampled_from(Form),
        vendor=st.none() | st.text(),
        vendor_request_id=st.none() | st.text(),
        fields=filled(FIELDS[document]),
        confidence=st.dictionaries(st.sampled_from(["plate_no", "name"]), st.floats(0, 1)),
        boxes=st.dictionaries(st.sampled_from(["plate_no", "name"]), st.tuples(POINTS, POINTS, POINTS, POINTS)),
        flags=st.lists(FLAGS, max_size=3).map(tuple),
        raw=st.none() | st.just({"secret": "canary"}),
    )
)


@settings(max_examples=60)
@given(license_=LICENSES)
def test_any_license_is_told_as_described_and_nothing_besides(license_: License) -> None:
    document = described()
    told = json.loads(json.dumps(native_contract.told(license_, "id")))
    assert fits(document, answer_schema(document), told)
    assert "canary" not in json.dumps(told)
    again = License.model_validate({name: value for name, value in told.items() if name != "request_id"})
    assert again == license_.model_copy(update=dict.fromkeys(native_contract.UNTOLD))


@given(codes=st.lists(st.sampled_from(sorted(SEVERITY)), min_size=1, max_size=4))
def test_any_reason_for_no_license_is_told_as_described(codes: list[str]) -> None:
    document = described()
    told = native_contract.told_nothing(NoLicense(tuple(codes)), "id")
    assert fits(document, answer_schema(document), told)
    assert [flag["code"] for flag in told["flags"]] == codes


FULL = native_contract.told(
    License(
        document=Document.VEHICLE_LICENSE,
        side=Side.FRONT,
        fields=VehicleLicense(plate_no="川AB10443", inspection=Inspection(text="检验有效期至2013年04月闽D")),
        confidence={"plate_no": 1.0},
        boxes={"plate_no": ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0))},
        flags=(Flag.of("blur", "embedded"),),
    ),
    "id",
)
WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "a null": lambda told: told["fields"].update(owner=None),
    "an unknown field": lambda told: told["fields"].update(colour="red"),
    "a field of the other document": lambda told: told["fields"].update(name="曾彪"),
    "a date that is none": lambda told: told["fields"].update(issue_date="2011年1月9日"),
    "a mass in words": lambda told: told["fields"].update(gross_mass_kg="1690kg"),
    "the vendor": lambda told: told.update(vendor="embedded"),
    "no request": lambda told: told.pop("request_id"),
    "no flags": lambda told: told.pop("flags"),
    "another side": lambda told: told.update(side="inside"),
    "surer than sure": lambda told: told["confidence"].update(plate_no=1.1),
    "a point of three": lambda told: told["boxes"].update(plate_no=[[1, 2, 3]]),
    "a flag without severity": lambda told: told["flags"][0].pop("severity"),
    "a word more in a flag": lambda told: told["flags"][0].update(colour="red"),
    "no document, yet fields": lambda told: told.update(document=None, side=None),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_told_otherwise_does_not_fit(wrong: str) -> None:
    told = copy.deepcopy(FULL)
    assert fits(described(), answer_schema(described()), told)
    WRONG[wrong](told)
    assert not fits(described(), answer_schema(described()), told)


# The server against the document.


def plain(form: str) -> bytes:
    """A small picture of this format."""
    buffer = io.BytesIO()
    Pillow.new("RGB", (64, 64)).save(buffer, form)
    return buffer.getvalue()


for _name, _form in DECODERS.items():
    schemathesis.openapi.media_type(f"image/{_name}", st.just(plain(_form)))
schemathesis.openapi.media_type(
    "application/octet-stream", st.sampled_from([plain(form) for form in DECODERS.values()])
)

CHECKS = {
    "allow_header_conformance",
    "content_type_conformance",
    "ignored_auth",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
}
READINGS: tuple[License | NoLicense, ...] = (
    License(document=Document.VEHICLE_LICENSE, side=Side.BOTH, fields=VehicleLicense()),
    License.model_validate({name: value for name, value in FULL.items() if name != "request_id"}),
    License(
        document=Document.DRIVING_LICENSE,
        side=Side.BACK,
        form=Form.ELECTRONIC,
        fields=DrivingLicense(vehicle_classes=("A2", "D"), long_term=True, status=("正常",), accumulated_points=3),
    ),
    NoLicense(("not_a_license", "blur")),
)


def in_turn(readings: Iterable[License | NoLicense]) -> Callable[..., License]:
    """A reader that finds one after the other, and then the first again."""
    found = itertools.cycle(readings)

    def read(*_: object) -> License:
        reading = next(found)
        if isinstance(reading, NoLicense):
            raise reading
        return reading

    return read


def judged(api: Api, document: dict[str, Any], secrets: Secrets) -> tuple[set[str], set[str], Counter[tuple[str, int]]]:
    """The checks that schemathesis made, those that failed, and how often each method had which status."""
    config = SchemathesisConfig.from_dict(
        {
            "base-url": api.url,
            "headers": {"X-Api-Key": secrets["embedded"]["api_key"]},
            "seed": 1,
            "generation": {"mode": "all", "max-examples": 30, "deterministic": True, "database": "none"},
            # The others are no methods that a function URL passes on.
            "phases": {"coverage": {"unexpected-methods": ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]}},
        }
    )
    made, failed, met = set(), set(), Counter[tuple[str, int]]()
    for event in from_schema(schemathesis.openapi.from_dict(document, config=config)).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            checks = [check for nodes in event.recorder.checks.values() for check in nodes]
            made |= {check.name for check in checks}
            failed |= {f"{check.name}: {check.failure_info.failure}" for check in checks if check.failure_info}
            for interaction in event.recorder.interactions.values():
                assert interaction.response is not None
                met[str(interaction.request.method), interaction.response.status_code] += 1
    return made, failed, met


def test_schemathesis_finds_nothing_that_is_not_as_described(
    serve: Serve, service: Service, secrets: Secrets, document: dict[str, Any]
) -> None:
    made, failed, met = judged(serve(replace(service, read=in_turn(READINGS))), document, secrets)
    assert failed == set()
    assert made >= CHECKS
    wanted = {("POST", 200), ("POST", 400), ("POST", 401), ("GET", 200), ("GET", 405), ("PUT", 405), ("OPTIONS", 200)}
    assert wanted <= set(met)
    assert met["POST", 200] > 4 * len(READINGS)


def test_schemathesis_would_find_it(serve: Serve, service: Service, secrets: Secrets, document: dict[str, Any]) -> None:
    wrong = READINGS[1]
    assert isinstance(wrong, License)
    unsure = wrong.model_copy(update={"confidence": {"plate_no": 7.0}})
    _, failed, _ = judged(serve(replace(service, read=in_turn([unsure]))), document, secrets)
    assert {failure.partition(":")[0] for failure in failed} == {"response_schema_conformance"}


@pytest.mark.parametrize("name", ["vehicle-both.jpg", "not-a-license.jpg"])
def test_what_the_engine_reads_is_told_as_described(
    name: str, api: Api, secrets: Secrets, document: dict[str, Any], samples: Path
) -> None:
    schema = schemathesis.openapi.from_dict(document)
    case = schema[PATH]["POST"].Case(body=(samples / name).read_bytes(), media_type="image/jpeg")
    answer = case.call_and_validate(base_url=api.url, headers={"X-Api-Key": secrets["embedded"]["api_key"]})
    assert answer.status_code == 200
