"""The two halves of our own contract against each other: what the reader asks, the OCR API answers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image as Pillow
from pydantic import BaseModel
from requests.structures import CaseInsensitiveDict

import native_contract
from dialects import native
from exchange import Request
from fetching import fetch
from license_reader.errors import CredentialsRefused, DocumentRefused, RequestRefused, SizeRefused, VendorError
from license_reader.flags import Flag
from license_reader.image import Image
from license_reader.license import Document, Form, License, Side, VehicleLicense
from license_reader.vendors import embedded
from license_reader.vendors._base import Address, Job, Reply
from service import NoLicense, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = embedded.ApiKey.model_validate({"api_key": "test-ocr-key"})
READ = License(
    document=Document.VEHICLE_LICENSE,
    side=Side.BACK,
    form=Form.ELECTRONIC,
    vendor="embedded",
    fields=VehicleLicense.model_validate(
        {
            "plate_no": "皖AC4L50",
            "register_date": "2011-10-10",
            "status": ("正常",),
            "dimensions": {"length_mm": 4620, "width_mm": 1780, "height_mm": 1498},
            "inspection": {"text": "检验有效期至2026年10月皖A", "valid_until": "2026-10", "station": "皖A"},
        }
    ),
    confidence={"plate_no": 0.98},
    boxes={"plate_no": ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0))},
    flags=(Flag.of("low_confidence", "embedded", "plate_no", detail="0.98"),),
)


def picture() -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (400, 300), "white").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def vendor() -> Iterator[embedded.Vendor]:
    with requests.Session() as session:
        yield embedded.Vendor(Address("https://ocr.example"), session=session)


def told(  # noqa: PLR0913 - each is one thing that a test varies
    vendor: embedded.Vendor,
    *,
    content: bytes,
    key: embedded.ApiKey = KEY,
    read: License | None = READ,
    expected: bool = True,
    page: str | None = None,
) -> tuple[License | VendorError, tuple[Document | None, Side | None] | None]:
    """What the reader makes of the API's answer to its own request, and which page the engine was asked for."""
    asked: list[tuple[Document | None, Side | None]] = []

    def engine(picture: bytes, document: Document | None, side: Side | None) -> License:
        assert picture == content
        asked.append((document, side))
        if read is None:
            raise NoLicense(("not_a_license",))
        return read

    def credentials[S: BaseModel](vendor: str, shape: type[S]) -> S:
        assert vendor == "embedded"
        return shape.model_validate_json('{"api_key": "test-ocr-key"}')

    job = Job(Image(content, "jpeg", 400, 300), Document.VEHICLE_LICENSE, Side.FRONT, told=expected)
    sent = vendor.request(job, key, None).prepare()
    url = urlsplit(str(sent.url))
    request = Request(
        method=str(sent.method),
        path=url.path,
        query=url.query if page is None else page,
        headers={name.lower(): str(value) for name, value in sent.headers.items()},
        body=sent.body if isinstance(sent.body, bytes) else b"",
        id="request-1",
    )
    answer = native.answer(request, Service(read=engine, credentials=credentials, fetch=fetch))
    reply = Reply(answer.status, CaseInsensitiveDict(answer.headers), answer.body)
    told = asked[0] if asked else None
    refusal = vendor.refusal(reply)
    if refusal is None:
        return vendor.license(reply, job), told
    action = vendor.action(refusal.code, reply.status)
    return action.error(vendor.name, refusal.code, request_id=refusal.request_id, flag=action.flag), told


def test_a_license_arrives_as_it_was_read(vendor: embedded.Vendor) -> None:
    license_, page = told(vendor, content=picture())
    assert isinstance(license_, License)
    assert license_.model_copy(update={"raw": None, "vendor_request_id": None}) == READ
    assert license_.vendor_request_id == "request-1"
    assert page == (Document.VEHICLE_LICENSE, Side.FRONT)


def test_a_page_that_nobody_told_is_left_to_the_engine(vendor: embedded.Vendor) -> None:
    assert told(vendor, content=picture(), expected=False)[1] == (None, None)


@pytest.mark.parametrize(
    ("content", "key", "error", "flag"),
    [
        (picture(), "test-ocr-key", DocumentRefused, "not_a_license"),
        (picture(), "another-key", CredentialsRefused, None),
        (b"no picture", "test-ocr-key", SizeRefused, "unsupported_format"),
        (picture()[:30], "test-ocr-key", DocumentRefused, "image_damaged"),
        (picture() + bytes(native_contract.MAX_BYTES), "test-ocr-key", SizeRefused, "image_too_large"),
    ],
    ids=["no license", "wrong key", "no picture", "damaged", "too large"],
)
def test_what_the_api_refuses_the_reader_understands(
    content: bytes, key: str, error: type[VendorError], flag: str | None, vendor: embedded.Vendor
) -> None:
    secret = embedded.ApiKey.model_validate({"api_key": key})
    outcome, _ = told(vendor, content=content, key=secret, read=None)
    assert type(outcome) is error
    assert (outcome.flag, outcome.request_id) == (flag, "request-1")


def test_a_page_that_the_api_does_not_know_is_a_refused_request(vendor: embedded.Vendor) -> None:
    outcome, _ = told(vendor, content=picture(), page="side=inside")
    assert type(outcome) is RequestRefused
    assert outcome.code == "invalid_request"
    assert outcome.request_id == "request-1"
