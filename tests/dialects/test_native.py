"""Our own contract as clients meet it on loopback; its document is the OpenAPI that the server itself answers.

What a test sends goes over the wire with `requests`, or with `http.client` where a path or a header has to stay as odd
as it is. Every answer is held against the document's schema of its status.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from PIL import Image as Pillow
from tests.dialects.conftest import png, raises, reads, send, unread
from tests.dialects.test_openapi import fits

import native_contract
import reading
from credentials import NoCredentials
from dialects import native
from exchange import Request
from license_engine import Reading
from license_engine.form import FORMS, LOOSE_FORMS
from license_ocr import api_server
from license_ocr.checkout import SAMPLES
from license_reader import values
from license_reader.errors import ImageRejected
from license_reader.image import DECODERS, MIN_EDGE, gate
from license_reader.license import FIELDS as RECORD
from license_reader.license import Document, Form, License, Side
from license_reader.vendors._base import NO_LICENSE, Address, Job
from license_reader.vendors.embedded import PATH, ApiKey, Vendor
from ocr_api import answer as answered
from service import Busy, NoLicense, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from http.client import HTTPMessage
    from pathlib import Path

    from pydantic import BaseModel
    from tests.dialects.conftest import Api, Serve

    from license_ocr.sandbox import Secrets
    from service import Service

DESCRIPTION = native_contract.DESCRIPTION_PATH
JSON_TYPE = "application/json"
TRUTH: Mapping[str, Any] = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))


# Asking.


SMALL = png(100, 100)


@dataclass(frozen=True)
class Bench:
    """What a test asks with; the reader is the engine, which looks at each photo once."""

    api: Api
    serve: Serve
    service: Service
    key: str
    samples: Path
    document: Mapping[str, Any]

    def serving(self, **other: Any) -> Api:
        """A server whose service differs in this."""
        return self.serve(replace(self.service, **other))

    def ask(  # noqa: PLR0913 - each is one thing that a request can have otherwise
        self,
        picture: bytes = SMALL,
        *,
        api: Api | None = None,
        method: str = "POST",
        path: str = PATH,
        query: str = "",
        headers: Mapping[str, str | None] | None = None,
    ) -> requests.Response:
        """The answer to a picture, sent with the key; checked for being as the document has it."""
        sent = {"X-Api-Key": self.key, "Content-Type": "image/png", **(headers or {})}
        held = {name: value for name, value in sent.items() if value is not None}
        response = send(requests.Request(method, (api or self.api).url + path + query, headers=held, data=picture))
        self.check(response)
        return response

    def raw(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, HTTPMessage, bytes]:
        """Status, headers and body for a path that is sent as it is."""
        connection = http.client.HTTPConnection(self.api.authority, timeout=30)
        try:
            connection.request(method, path, SMALL if method == "POST" else None, dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def check(self, response: requests.Response) -> None:
        """Fails unless the document has this status with these headers and a body of this schema."""
        documented = self.responses()[response.status_code]
        for name, header in documented["headers"].items():
            assert fits(dict(self.document), header["schema"], response.headers.get(name)), name
        assert response.headers["Content-Type"] == JSON_TYPE
        if response.request.method != "HEAD":
            schema = documented["content"][JSON_TYPE]["schema"]
            assert fits(dict(self.document), schema, response.json()), response.text

    def responses(self) -> dict[int, Any]:
        """Every response that the document has, by status."""
        told = {int(status): held for status, held in self.document["paths"][PATH]["post"]["responses"].items()}
        elsewhere = self.document["components"]["responses"]
        return told | {native_contract.ERRORS[code]: held for code, held in elsewhere.items()}

    def sample(self, name: str) -> bytes:
        return (self.samples / name).read_bytes()


@pytest.fixture(scope="module")
def bench(serve: Serve, service: Service, secrets: Secrets, samples: Path) -> Bench:
    api = serve(service)
    document = send(requests.Request("GET", api.url + DESCRIPTION)).json()
    return Bench(api, serve, service, secrets["embedded"]["api_key"], samples, document)


def nobody(vendor: str, shape: type[BaseModel]) -> Any:  # noqa: ARG001 - as `Credentials` has it
    """Credentials of a service that nobody has set up."""
    raise NoCredentials(f"no secret for {vendor} can be read")


def as_read(
    document: Document, *flags: str, side: Side = Side.BOTH, form: Form = Form.PAPER, **printed: str
) -> License:
    """What becomes of texts that the engine reads."""
    sure = dict.fromkeys(printed, 0.9)
    boxes = dict.fromkeys(printed, ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0)))
    return reading.license_of(Reading(document.value, side.value, form.value, printed, sure, boxes, flags))


# What the document has.

PARAMETERS: Mapping[str, str] = {
    "X-Api-Key": "works",
    "Content-Type": "works",
    "document": "works",
    "side": "works",
    "body": "works",
}

_NOT_READ = "cannot occur here, because only electronic licenses may show it, and the engine does not read it"
_TRACTOR = "cannot occur here, because only tractors' side pages have it, a form that the engine does not know"

FIELDS: Mapping[str, str] = {
    "request_id": "works",
    "document": "works",
    "side": "works",
    "form": "works",
    "fields": "works",
    "confidence": "works",
    "boxes": "works",
    "flags": "works",
    "VehicleLicense.plate_no": "works",
    "VehicleLicense.vehicle_type": "works",
    "VehicleLicense.owner": "works",
    "VehicleLicense.address": "works",
    "VehicleLicense.use_character": "works",
    "VehicleLicense.brand_model": "works",
    "VehicleLicense.vin": "works",
    "VehicleLicense.engine_no": "works",
    "VehicleLicense.register_date": "works",
    "VehicleLicense.issue_date": "works",
    "VehicleLicense.issuing_authority": "works",
    "VehicleLicense.status": "works",
    "VehicleLicense.inspection_valid_until": "works",
    "VehicleLicense.generated_at": "works",
    "VehicleLicense.scrap_date": _NOT_READ,
    "VehicleLicense.back_plate_no": "works",
    "VehicleLicense.file_no": "works",
    "VehicleLicense.passengers": "works",
    "VehicleLicense.passengers_text": "works",
    "VehicleLicense.gross_mass_kg": "works",
    "VehicleLicense.curb_mass_kg": "works",
    "VehicleLicense.rated_load_kg": "works",
    "VehicleLicense.towing_mass_kg": "works",
    "VehicleLicense.dimensions": "works",
    "VehicleLicense.remarks": "works",
    "VehicleLicense.inspection": "works",
    "VehicleLicense.barcode": "works",
    "VehicleLicense.energy_type": "works",
    "VehicleLicense.body_color": "works",
    "VehicleLicense.min_use_mass_kg": _TRACTOR,
    "VehicleLicense.max_load_kg": _TRACTOR,
    "VehicleLicense.harvester_mass_kg": _TRACTOR,
    "Dimensions.length_mm": "works",
    "Dimensions.width_mm": "works",
    "Dimensions.height_mm": "works",
    "Inspection.text": "works",
    "Inspection.valid_until": "works",
    "Inspection.station": "works",
    "DrivingLicense.license_no": "works",
    "DrivingLicense.name": "works",
    "DrivingLicense.sex": "works",
    "DrivingLicense.nationality": "works",
    "DrivingLicense.address": "works",
    "DrivingLicense.birth_date": "works",
    "DrivingLicense.first_issue_date": "works",
    "DrivingLicense.vehicle_classes": "works",
    "DrivingLicense.valid_from": "works",
    "DrivingLicense.valid_until": "works",
    "DrivingLicense.valid_years": "works",
    "DrivingLicense.long_term": "works",
    "DrivingLicense.issuing_authority": "works",
    "DrivingLicense.status": "works",
    "DrivingLicense.accumulated_points": "works",
    "DrivingLicense.shown_at": "works",
    "DrivingLicense.generated_at": "works",
    "DrivingLicense.file_no": "works",
    "DrivingLicense.record": "works",
    "Flag.code": "works",
    "Flag.severity": "works",
    "Flag.source": "works",
    "Flag.fields": "works",
    "Flag.detail": "works",
    "error": "works",
    "error.code": "works",
    "error.message": "works",
}


@dataclass(frozen=True)
class Case:
    """How an error, or a permanent flag, is provoked."""

    status: int
    ask: Callable[[Bench], requests.Response]
    flagged: bool = False
    """Whether it is a flag of an answer."""


def _nothing(*flags: str) -> Case:
    """The case of a picture on which there is nothing to read."""
    return Case(200, lambda bench: bench.ask(api=bench.serving(read=raises(NoLicense(flags)))), flagged=True)


def _read_and(flag: str) -> Case:
    """The case of a license that is read and flagged all the same."""
    license_ = as_read(Document.DRIVING_LICENSE, flag, name="曾彪")
    return Case(200, lambda bench: bench.ask(api=bench.serving(read=reads(license_))), flagged=True)


_OF_AN_UPLOAD = "cannot occur here, because only the reader of uploads raises it"
_TOLD_AS = "cannot occur here, because it is told as the error "

ERRORS: Mapping[str, Case | str] = {
    "invalid_request": Case(400, lambda bench: bench.ask(query="?side=inside")),
    "unauthorized": Case(401, lambda bench: bench.ask(headers={"X-Api-Key": "another"})),
    "not_found": Case(404, lambda bench: bench.ask(path="/v1/licenses")),
    "method_not_allowed": Case(405, lambda bench: bench.ask(method="PUT")),
    "too_large": Case(413, lambda bench: bench.ask(SMALL + bytes(native_contract.MAX_BYTES))),
    "unsupported_format": Case(415, lambda bench: bench.ask(b"GIF89a")),
    "not_a_picture": Case(422, lambda bench: bench.ask(png(MIN_EDGE - 1, 100))),
    "busy": Case(429, lambda bench: bench.ask(api=bench.serving(read=raises(Busy("16 pictures wait"))))),
    "internal": Case(500, lambda bench: bench.ask(api=bench.serving(read=raises(RuntimeError("canary"))))),
    "unavailable": Case(503, lambda bench: bench.ask(api=bench.serving(credentials=nobody))),
    "not_a_license": _nothing("not_a_license"),
    "no_text": _nothing("not_a_license", "no_text"),
    "wrong_side": _read_and("wrong_side"),
    "multiple_cards": _read_and("multiple_cards"),
    "unreadable": "cannot occur here, because the engine says what is the matter instead: blur, no_text, not_a_license",
    "not_an_image": f"{_TOLD_AS}unsupported_format",
    "image_too_large": f"{_TOLD_AS}too_large",
    "image_too_small": f"{_TOLD_AS}not_a_picture",
    "image_damaged": f"{_TOLD_AS}not_a_picture",
    "object_gone": _OF_AN_UPLOAD,
    "not_taken": _OF_AN_UPLOAD,
    "parked": _OF_AN_UPLOAD,
}
CASES = {code: case for code, case in ERRORS.items() if isinstance(case, Case)}


@pytest.mark.parametrize("code", CASES)
def test_every_error_and_every_permanent_flag_is_told_as_documented(code: str, bench: Bench) -> None:
    case = CASES[code]
    response = case.ask(bench)
    told = response.json()
    assert response.status_code == case.status
    assert told["request_id"]
    assert "canary" not in response.text
    if case.flagged:
        assert code in [flag["code"] for flag in told["flags"]]
    else:
        assert told["error"]["code"] == code
        assert told["error"]["message"]


def test_every_status_that_is_documented_is_provoked(bench: Bench) -> None:
    assert {case.status for case in CASES.values()} == set(bench.responses())


def test_every_code_that_the_reader_knows_or_the_dialect_tells_is_in_the_table() -> None:
    assert set(ERRORS) == set(Vendor.actions) - {NO_LICENSE} == set(ERRORS) | set(native_contract.ERRORS)


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_is_told_as_documented(trouble: Trouble, bench: Bench) -> None:
    response = native.trouble(trouble, Request("POST", PATH, "", {}, SMALL, "id"))
    told, documented = json.loads(response.body), bench.responses()[response.status]
    assert fits(dict(bench.document), documented["content"][JSON_TYPE]["schema"], told)
    assert set(documented["headers"]) <= set(response.headers)


# Every field.


def test_the_tables_have_what_the_document_has(bench: Bench) -> None:
    operation = bench.document["paths"][PATH]["post"]
    keys = {scheme["name"] for scheme in bench.document["components"]["securitySchemes"].values()}
    assert set(PARAMETERS) == keys | {told["name"] for told in operation["parameters"]} | {"Content-Type", "body"}
    schemas = bench.document["components"]["schemas"]
    answers = {name for ref in _refs(operation["responses"]["200"]) for name in schemas[ref]["properties"]}
    record = {
        f"{name}.{field}"
        for name in ("VehicleLicense", "DrivingLicense", "Dimensions", "Inspection", "Flag")
        for field in schemas[name]["properties"]
    }
    error = schemas["Error"]["properties"]
    errors = set(error) | {f"error.{name}" for name in error["error"]["properties"]}
    assert set(FIELDS) == answers | record | errors


def _refs(response: Mapping[str, Any]) -> list[str]:
    """The names of the schemas that an answer has one of."""
    return [one["$ref"].rpartition("/")[2] for one in response["content"][JSON_TYPE]["schema"]["oneOf"]]


# What the engine may read, as papers print it and screens show it.
PRINTED: tuple[License, ...] = (
    as_read(
        Document.VEHICLE_LICENSE,
        "reflection",
        plate_no="川A·B10443",
        vehicle_type="小型轿车",
        owner="于江轮",
        address="四川省成都市双流区和平巷128号",
        use_character="非营运",
        brand_model="比亚迪牌BYD7009BEVJ1",
        vin="LGXVW9N314V472344",
        engine_no="21EL8G",
        register_date="2018-12-28",
        issue_date="2021-02-27",
        issuing_authority="四川省成都市公安局交通警察支队",
        back_plate_no="川A·B10443",
        file_no="352947448888",
        passengers="5人",
        gross_mass_kg="2500kg",
        curb_mass_kg="1880kg",
        rated_load_kg="495kg",
        towing_mass_kg="750kg",
        dimensions="4855×1925×1720mm",
        remarks="道路运输车辆",
        inspection="检验有效期至2012年04月京N",
        barcode="*4378591503109*",
        energy_type="汽油",
    ),
    as_read(
        Document.DRIVING_LICENSE,
        license_no="990263196404219715",
        name="曾彪",
        sex="男",
        nationality="中国",
        address="福建省厦门市思明区科技园路243号",
        birth_date="1964-04-21",
        first_issue_date="1983-09-13",
        vehicle_classes="A2D",
        valid_from="1989年9月13日",
        valid_until="至2029-09-13",
        issuing_authority="福建省厦门市公安局交通警察支队",
        file_no="053178392918",
        record="请于2015年01月23日前九十日内申请换领新驾驶证。",
    ),
    as_read(Document.DRIVING_LICENSE, valid_until="6年"),
    as_read(Document.DRIVING_LICENSE, valid_until="长期", birth_date="1964年13月"),
    as_read(
        Document.VEHICLE_LICENSE,
        side=Side.FRONT,
        form=Form.ELECTRONIC,
        body_color="白",
        inspection_valid_until="2026年04月",
        status="违法未处理,逾期未检验",
        generated_at="2024-11-05 10:20:30",
    ),
    as_read(
        Document.DRIVING_LICENSE,
        side=Side.FRONT,
        form=Form.ELECTRONIC,
        status="正常",
        accumulated_points="0分",
        shown_at="2024-11-05 10:20:31",
        generated_at="2024-11-05 10:20:30",
    ),
)


def _names(told: Mapping[str, Any]) -> Iterator[str]:
    """The table's names of what an answer has."""
    yield from told
    if told.get("document"):
        record = RECORD[Document(told["document"])].__name__
        yield from (f"{record}.{name}" for name in told["fields"])
        yield from (f"Dimensions.{name}" for name in told["fields"].get("dimensions", {}))
        yield from (f"Inspection.{name}" for name in told["fields"].get("inspection", {}))
    yield from (f"Flag.{name}" for flag in told.get("flags", ()) for name in flag)
    yield from (f"error.{name}" for name in told.get("error", {}))


def test_every_field_that_works_is_told(bench: Bench) -> None:
    answers = [bench.ask(api=bench.serving(read=reads(license_))) for license_ in PRINTED]
    answers.append(bench.ask(b"no picture"))
    seen = {name for response in answers for name in _names(response.json())}
    assert seen == {name for name, told in FIELDS.items() if told == "works"}


def test_what_cannot_occur_is_what_the_engine_has_no_column_for() -> None:
    derived = {"passengers_text", "valid_years", "long_term"}
    given = {
        f"{RECORD[document].__name__}.{name}"
        for document, columns in reading._COLUMNS.items()
        for name in {column.name for column in columns} | (derived & set(RECORD[document].model_fields))
    }
    every = {f"{model.__name__}.{name}" for model in RECORD.values() for name in model.model_fields}
    assert {name for name, told in FIELDS.items() if told != "works"} == every - given


@pytest.mark.parametrize("document", Document)
def test_every_field_of_the_record_that_the_engine_knows_a_label_for_has_a_column(document: Document) -> None:
    labelled = {label.field for form in (*FORMS, *LOOSE_FORMS) if form.document == document for label in form.labels}
    columns = {column.source: column.name for column in reading._COLUMNS[document]}
    assert labelled & RECORD[document].model_fields.keys() <= columns.keys()
    assert all(source == name for source, name in columns.items())


def test_values_are_told_in_the_records_types(bench: Bench) -> None:
    vehicle, driving, old, endless, car_on_screen, driver_on_screen = (
        bench.ask(api=bench.serving(read=reads(license_))).json() for license_ in PRINTED
    )
    assert (
        vehicle["fields"]
        | {
            "plate_no": "川AB10443",
            "register_date": "2018-12-28",
            "passengers": 5,
            "passengers_text": "5人",
            "towing_mass_kg": 750,
            "dimensions": {"length_mm": 4855, "width_mm": 1925, "height_mm": 1720},
            "inspection": {"text": "检验有效期至2012年04月京N", "valid_until": "2012-04", "station": "京N"},
            "barcode": "4378591503109",
        }
        == vehicle["fields"]
    )
    assert (driving["fields"]["vehicle_classes"], driving["fields"]["valid_from"]) == (["A2", "D"], "1989-09-13")
    assert driving["fields"]["valid_until"] == "2029-09-13"
    assert old["fields"] == {"valid_years": 6}
    assert endless["fields"] == {"long_term": True}
    assert endless["flags"] == [
        {
            "code": "unreadable_value",
            "severity": "review",
            "source": "embedded",
            "fields": ["birth_date"],
            "detail": "not a date",
        }
    ]
    assert car_on_screen["fields"] == {
        "body_color": "白",
        "inspection_valid_until": "2026-04",
        "status": ["违法未处理", "逾期未检验"],
        "generated_at": "2024-11-05 10:20:30",
    }
    assert driver_on_screen["fields"] == {
        "status": ["正常"],
        "accumulated_points": 0,
        "shown_at": "2024-11-05 10:20:31",
        "generated_at": "2024-11-05 10:20:30",
    }
    assert vehicle["confidence"]["vin"] == 0.9
    assert vehicle["boxes"]["vin"] == [[1, 2], [3, 2], [3, 4], [1, 4]]


def test_who_read_it_is_not_told(bench: Bench) -> None:
    license_ = PRINTED[2].model_copy(update={"raw": {"a": "canary"}, "vendor": "canary", "vendor_request_id": "canary"})
    assert "canary" not in bench.ask(api=bench.serving(read=reads(license_))).text


# The samples, read by the engine.

# How a text of the truth becomes a value; the others are texts.
READ_AS: Mapping[str, Callable[[str, str], Mapping[str, object]]] = {
    "register_date": values.date,
    "issue_date": values.date,
    "birth_date": values.date,
    "first_issue_date": values.date,
    "valid_from": values.date,
    "valid_until": values.validity,
    "vehicle_classes": values.classes,
    "passengers": values.persons,
    "gross_mass_kg": values.mass,
    "curb_mass_kg": values.mass,
    "dimensions": values.dimensions,
    "inspection": values.inspection,
}


def expected(name: str) -> dict[str, Any]:
    """The fields that stand on a sample, as JSON."""
    truth = TRUTH[name]
    held: dict[str, object] = {}
    for field, text in truth["fields"].items():
        held |= READ_AS.get(field, values.text)(field, text)
    fields: dict[str, Any] = (
        RECORD[Document(truth["document"])].model_validate(held).model_dump(mode="json", exclude_none=True)
    )
    return fields


LICENSES = [name for name, truth in TRUTH.items() if truth["document"]]


@pytest.mark.parametrize("name", LICENSES)
def test_a_sample_is_told_as_it_is_printed(name: str, bench: Bench) -> None:
    response = bench.ask(bench.sample(name))
    told = response.json()
    assert response.status_code == 200
    assert told["fields"] == expected(name)
    assert (told["document"], told["side"]) == (TRUTH[name]["document"], TRUTH[name]["side"])
    assert told["form"] == ("electronic" if "electronic" in name else "paper")


@pytest.mark.parametrize("name", LICENSES)
def test_each_field_has_a_confidence_and_a_place_on_the_picture(name: str, bench: Bench) -> None:
    told = bench.ask(bench.sample(name)).json()
    # Of one text two fields may be made; both stand in the place of the first.
    read = set(told["fields"]) - {"passengers_text"}
    read = {"valid_until" if field in {"valid_years", "long_term"} else field for field in read}
    assert set(told["confidence"]) == set(told["boxes"]) == read
    with Pillow.open(io.BytesIO(bench.sample(name))) as picture:
        width, height = picture.size
    for box in told["boxes"].values():
        assert len(box) == 4
        assert all(-width * 0.1 <= x <= width * 1.1 and -height * 0.1 <= y <= height * 1.1 for x, y in box)


def test_a_picture_without_a_license_says_why(bench: Bench) -> None:
    told = bench.ask(bench.sample("not-a-license.jpg")).json()
    assert told.pop("request_id")
    assert told.pop("flags")[0] == {
        "code": "not_a_license",
        "severity": "permanent",
        "source": "embedded",
        "fields": [],
    }
    assert told == {"document": None, "side": None, "fields": {}, "confidence": {}, "boxes": {}}


def test_another_page_than_expected_is_read_and_flagged(bench: Bench) -> None:
    told = bench.ask(bench.sample("driving-back.jpg"), query="?document=vehicle_license&side=front").json()
    assert (told["document"], told["side"]) == ("driving_license", "back")
    assert told["fields"] == expected("driving-back.jpg")
    assert "wrong_side" in [flag["code"] for flag in told["flags"]]


def test_what_the_engine_cannot_decode_is_no_picture(bench: Bench) -> None:
    told = bench.ask(bench.sample("vehicle-front.jpg")[:3000])
    assert (told.status_code, told.json()["error"]["code"]) == (422, "not_a_picture")


def test_the_readers_vendor_reads_what_is_told(bench: Bench) -> None:
    picture = bench.sample("vehicle-both.jpg")
    told = bench.ask(picture).json()
    with requests.Session() as session:
        session.trust_env = False
        vendor = Vendor(Address(bench.api.url), session=session)
        job = Job(gate(picture), Document.VEHICLE_LICENSE, Side.FRONT, told=False)
        license_ = vendor.read(job, ApiKey.model_validate({"api_key": bench.key}), until=time.time() + 30)
    assert license_.vendor == "embedded"
    assert native_contract.told(license_, told["request_id"]) == told


# The key.


@pytest.mark.parametrize("key", [None, "", "another", "SANDBOX-API_KEY", "sandbox-api_key, sandbox-api_key", "k\xe9y"])
def test_without_the_key_nothing_is_read(key: str | None, bench: Bench) -> None:
    response = bench.ask(api=bench.serving(read=unread), headers={"X-Api-Key": key})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("ApiKey ")
    assert bench.key not in response.text


@pytest.mark.parametrize("key", ["\ud800", "\0", "图", "a" * 100_000])
def test_a_key_that_no_wire_carries_is_refused_as_well(key: str, bench: Bench) -> None:
    asked = api_server.event("POST", PATH, {"x-api-key": key}, SMALL)
    assert answered(asked, bench.service).status == 401


def test_the_key_is_asked_for_before_anything_is_said_of_the_picture(bench: Bench) -> None:
    for picture, query in ((b"", ""), (SMALL, "?side=inside"), (SMALL + bytes(native_contract.MAX_BYTES), "")):
        assert bench.ask(picture, query=query, headers={"X-Api-Key": None}).status_code == 401


def test_a_key_that_was_rotated_lets_in_at_once(bench: Bench) -> None:
    held = ["old", "new"]

    def credentials(vendor: str, shape: type[BaseModel]) -> Any:
        assert vendor == "embedded"
        return shape.model_validate({"api_key": held[0]})

    api = bench.serving(credentials=credentials, renew=lambda _vendor: held.pop(0) == "old", read=reads(PRINTED[2]))
    assert bench.ask(api=api, headers={"X-Api-Key": "old"}).status_code == 200
    assert bench.ask(api=api, headers={"X-Api-Key": "new"}).status_code == 200
    assert held == ["new"]


def test_the_description_needs_no_key(bench: Bench) -> None:
    response = send(requests.Request("GET", bench.serving(credentials=nobody).url + DESCRIPTION + "?v=1"))
    assert (response.status_code, response.json()) == (200, bench.document)


# Document and side.


@pytest.mark.parametrize("document", [None, *Document])
@pytest.mark.parametrize("side", [None, *Side])
def test_the_page_that_is_expected_is_looked_for(document: Document | None, side: Side | None, bench: Bench) -> None:
    asked: list[tuple[bytes, Document | None, Side | None]] = []

    def read(picture: bytes, document: Document | None, side: Side | None) -> License:
        asked.append((picture, document, side))
        return PRINTED[0]

    told = {"document": document, "side": side}
    query = "&".join(f"{name}={value}" for name, value in told.items() if value is not None)
    assert bench.ask(api=bench.serving(read=read), query=f"?{query}").status_code == 200
    assert asked == [(SMALL, document, side)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("side=inside", "side: one of front, back, both, or leave it out"),
        ("side=", "side: one of front, back, both, or leave it out"),
        ("side", "side: one of front, back, both, or leave it out"),
        ("side=FRONT", "side: one of front, back, both, or leave it out"),
        ("side=front%20", "side: one of front, back, both, or leave it out"),
        ("document=canary", "document: one of vehicle_license, driving_license, or leave it out"),
        ("document=%ff", "document: one of vehicle_license, driving_license, or leave it out"),
        ("document=driving_license,vehicle_license", "document: one of vehicle_license, driving_license, or leave it"),
        ("side=front&side=front", "the query has a parameter twice"),
        ("side=front&side=back", "the query has a parameter twice"),
        ("Side=front", "the query has a parameter other than document and side"),
        ("canary=1", "the query has a parameter other than document and side"),
        ("side=front;document=driving_license", "side: one of front, back, both, or leave it out"),
        ("&".join(f"a{number}=1" for number in range(2000)), "the query has a parameter other than"),
    ],
    ids=range(14),
)
def test_a_parameter_that_would_be_misread_is_refused(query: str, said: str, bench: Bench) -> None:
    response = bench.ask(api=bench.serving(read=unread), query=f"?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith(said)
    assert "canary" not in response.text


def test_a_query_of_nothing_asks_for_nothing(bench: Bench) -> None:
    for query in ("?", "?&&"):
        assert bench.ask(api=bench.serving(read=reads(PRINTED[2])), query=query).status_code == 200


# The picture.


def encoded(form: str, *, edge: int = 64) -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (edge, edge)).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("form", DECODERS)
@pytest.mark.parametrize(
    "media_type", [None, "image/jpeg", "text/plain", "application/json", "multipart/form-data", ";"]
)
def test_the_bytes_decide_whatever_the_content_type_says(form: str, media_type: str | None, bench: Bench) -> None:
    picture, seen = encoded(DECODERS[form]), []

    def read(picture: bytes, *_: object) -> License:
        seen.append(picture)
        return PRINTED[2]

    answer = bench.ask(picture, api=bench.serving(read=read), headers={"Content-Type": media_type})
    assert (answer.status_code, seen) == (200, [picture])


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "the body is empty"),
        (b"{}", 415, "not a form, JSON or base64"),
        (base64.b64encode(SMALL), 415, "not a form, JSON or base64"),
        (b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n' + SMALL, 415, "not a form, JSON or base64"),
        (b"%PDF-1.7", 415, "export the page"),
        (b"\0\0\0\x18ftypheic", 415, "HEIC"),
        (SMALL[:20], 422, "cut off"),
        (png(MIN_EDGE - 1, MIN_EDGE), 422, "31 x 32 pixels"),
        (png(0, 100), 422, "0 x 100"),
        (png(100_000, 100_000), 413, "pixels"),
    ],
    ids=range(10),
)
def test_what_cannot_be_read_is_refused_before_any_engine(body: bytes, status: int, said: str, bench: Bench) -> None:
    response = bench.ask(body, api=bench.serving(read=unread))
    assert response.status_code == status
    assert said in response.json()["error"]["message"]


def test_the_largest_picture_is_read_and_a_byte_more_is_not(bench: Bench) -> None:
    api = bench.serving(read=reads(PRINTED[2]))
    largest = SMALL + bytes(native_contract.MAX_BYTES - len(SMALL))
    assert bench.ask(largest, api=api).status_code == 200
    assert bench.ask(largest + b"\0", api=api).status_code == 413


def test_a_flag_of_the_gate_has_a_code_of_ours() -> None:
    told = {"not_an_image", "unsupported_format", "image_too_large", "image_too_small", "image_damaged"}
    assert set(native._REJECTED) == told
    assert set(native._REJECTED.values()) <= set(native_contract.ERRORS)


@pytest.mark.parametrize("flag", native._REJECTED)
def test_a_picture_that_a_decoder_refuses_is_answered_as_one_that_the_gate_refuses(flag: str, bench: Bench) -> None:
    response = bench.ask(api=bench.serving(read=raises(ImageRejected(flag, "why"))))
    assert response.json()["error"] == {"code": native._REJECTED[flag], "message": "why"}


# HTTP.


@pytest.mark.parametrize("path", [PATH, DESCRIPTION])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_method_is_taken_or_those_that_are_are_named(method: str, path: str, bench: Bench) -> None:
    status, headers, _ = bench.raw(method, path, {"X-Api-Key": "another"})
    allowed = ", ".join(native_contract.METHODS[path])
    if method == "OPTIONS":
        assert (status, headers["Allow"], headers["Content-Length"]) == (200, allowed, "0")
    elif method in native_contract.METHODS[path]:
        assert status == (401 if path == PATH else 200)
        assert "Allow" not in headers
    else:
        assert (status, headers["Allow"]) == (405, allowed)


def test_head_tells_of_the_description_what_get_does_but_the_body(bench: Bench) -> None:
    ignored = {"Date"}
    got, head = bench.raw("GET", DESCRIPTION), bench.raw("HEAD", DESCRIPTION)
    assert {name: value for name, value in got[1].items() if name not in ignored} == {
        name: value for name, value in head[1].items() if name not in ignored
    }
    assert (got[0], head[0], head[2]) == (200, 200, b"")
    assert json.loads(got[2]) == bench.document


@pytest.mark.parametrize("path", ["/v1/%6Cicense", "/%76%31/license", "/openapi%2Ejson", "/v1/%6cicense"])
def test_a_path_is_the_same_with_letters_percent_encoded(path: str, bench: Bench) -> None:
    post = "openapi" not in path
    assert bench.raw("POST" if post else "GET", path)[0] == (401 if post else 200)
    assert bench.raw("DELETE", path)[1]["Allow"] == ", ".join(native_contract.METHODS[PATH if post else DESCRIPTION])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/license/",
        "/v1%2Flicense",
        "//v1/license",
        "/V1/License",
        "/v1/license/canary",
        "/openapi.json/",
        "/v1/%ff",
        "/v1/./license",
        "/v1/license%00",
        "/v1/license%20",
        "*",
    ],
)
def test_any_other_path_is_told_what_there_is(path: str, bench: Bench) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        status, headers, body = bench.raw(method, path)
        assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")
        assert json.loads(body)["error"]["message"] == f"nothing is served here; there are {PATH}, {DESCRIPTION}"
        assert "Allow" not in headers


def test_nothing_of_a_person_is_stored_on_the_way(bench: Bench) -> None:
    answers = [case.ask(bench) for case in CASES.values()]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert {answer.headers["X-Content-Type-Options"] for answer in answers} == {"nosniff"}
    assert "max-age" in bench.raw("GET", DESCRIPTION)[1]["Cache-Control"]


@pytest.mark.parametrize("code", ["busy", "unavailable"])
def test_who_is_to_come_again_is_told_when(code: str, bench: Bench) -> None:
    assert 0 < int(CASES[code].ask(bench).headers["Retry-After"]) <= 60


def test_every_answer_has_a_name_of_its_own(bench: Bench) -> None:
    api = bench.serving(read=reads(PRINTED[2]))
    names = {bench.ask(picture, api=api).json()["request_id"] for picture in (SMALL, SMALL, b"no picture", b"")}
    assert len(names) == 4


def test_an_event_that_is_no_request_is_told_so() -> None:
    response = native.no_request()
    assert (response.status, json.loads(response.body)["error"]["code"]) == (400, "invalid_request")
    assert dict(native_contract.PRIVATE).items() <= dict(response.headers).items()
