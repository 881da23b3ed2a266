"""Megvii's `ocr_vehicle_license` as its callers see it, by the document; there is no SDK."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from tests.dialects.conftest import png, raises, reads, send, unread

from credentials import NoCredentials
from dialects import megvii
from exchange import Request
from fetching import fetch
from license_reader.columns import Column
from license_reader.errors import (
    CredentialsRefused,
    DocumentRefused,
    ImageRejected,
    SizeRefused,
    Throttled,
    Unavailable,
    VendorError,
)
from license_reader.flags import Flag
from license_reader.image import gate
from license_reader.license import Document, License, Side, VehicleLicense, empty
from license_reader.vendors._base import NO_LICENSE, Address, Job
from license_reader.vendors.embedded import PATH as NATIVE
from license_reader.vendors.megvii import FRONT, PATH, TOO_LARGE, KeyPair, Vendor
from service import Busy, NoLicense, Rates, Service, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pydantic import BaseModel
    from tests.dialects.conftest import Api, Serve

    from license_ocr.sandbox import Secrets

REQUEST_ID = re.compile(r"\d{10},[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MARKS = {"request_id", "time_used"}
DATES = {"register_date", "issue_date"}


# Asking.


SMALL = png(100, 100)


@dataclass(frozen=True)
class Bench:
    """What a test asks with; the reader is the engine, which looks at each photo once."""

    api: Api
    serve: Serve
    service: Service
    key: Mapping[str, str]
    samples: Path

    def serving(self, **other: Any) -> Api:
        """A server whose service differs in this; it shares no rate with any other."""
        return self.serve(replace(self.service, **{"rates": Rates(), **other}))

    def ask(  # noqa: PLR0913 - each is one thing that a request can have otherwise
        self,
        image: bytes | None = SMALL,
        *,
        api: Api | None = None,
        method: str = "POST",
        path: str = PATH,
        lacks: str = "",
        wrong: Mapping[str, str] = MappingProxyType({}),
    ) -> requests.Response:
        """The answer to a form with both keys and this picture."""
        fields = {name: text for name, text in (dict(self.key) | dict(wrong)).items() if name != lacks}
        files = {} if image is None else {"image": ("image.jpg", image)}
        return send(requests.Request(method, (api or self.api).url + path, data=fields, files=files))

    def sample(self, name: str) -> bytes:
        return (self.samples / name).read_bytes()

    def vendor(
        self, image: bytes, *, api: Api | None = None, wrong: Mapping[str, str] = MappingProxyType({})
    ) -> License:
        """What the reader's own vendor makes of the answer."""
        with requests.Session() as session:
            session.trust_env = False
            vendor = Vendor(Address((api or self.api).url), session=session)
            job = Job(gate(image), Document.VEHICLE_LICENSE, Side.FRONT)
            return vendor.read(job, KeyPair.model_validate(dict(self.key) | dict(wrong)), until=time.time() + 30)


@pytest.fixture(scope="module")
def bench(serve: Serve, service: Service, secrets: Secrets, samples: Path) -> Bench:
    return Bench(serve(service), serve, service, secrets["megvii"], samples)


def license_of(side: Side = Side.FRONT, **fields: Any) -> License:
    return License(document=Document.VEHICLE_LICENSE, side=side, fields=VehicleLicense(**fields))


# What the document has.


PARAMETERS: Mapping[str, str] = {"api_key": "works", "api_secret": "works", "image": "works"}

FIELDS: Mapping[str, str] = {
    "request_id": "works",
    "type": "works",
    "plate_no": "works",
    "vehicle_type": "works",
    "owner": "works",
    "address": "works",
    "use_character": "works",
    "model": "works",
    "vin": "works",
    "engine_no": "works",
    "register_date": "works",
    "register_date.day": "works",
    "register_date.month": "works",
    "register_date.year": "works",
    "issue_date": "works",
    "issue_date.day": "works",
    "issue_date.month": "works",
    "issue_date.year": "works",
    "side": "works",
    "issued_by": "works",
    "time_used": "works",
    "error_message": "works",
}


@dataclass(frozen=True)
class Case:
    """How an error is provoked, and how it is told."""

    status: int
    told: str
    ask: Callable[[Bench], requests.Response]
    marked: bool = True
    """Whether it comes with `request_id` and `time_used`."""


ERRORS: Mapping[str, Case] = {
    "IMAGE_ERROR_UNSUPPORTED_FORMAT": Case(
        400, "IMAGE_ERROR_UNSUPPORTED_FORMAT", lambda bench: bench.ask(b"no picture")
    ),
    "INVALID_IMAGE_SIZE": Case(400, "INVALID_IMAGE_SIZE: image", lambda bench: bench.ask(png(4097, 100))),
    "MISSING_ARGUMENTS": Case(400, "MISSING_ARGUMENTS: image", lambda bench: bench.ask(None)),
    "AUTHORIZATION_ERROR": Case(
        403, "AUTHORIZATION_ERROR", lambda bench: bench.ask(wrong={"api_secret": "another"}), marked=False
    ),
    "CONCURRENCY_LIMIT_EXCEEDED": Case(
        403,
        "CONCURRENCY_LIMIT_EXCEEDED",
        lambda bench: bench.ask(api=bench.serving(read=raises(Busy("16 pictures wait")))),
    ),
    "Request Entity Too Large": Case(
        413, "Request Entity Too Large", lambda bench: bench.ask(b"x" * megvii.MAX_REQUEST), marked=False
    ),
    "API_NOT_FOUND": Case(
        404, "API_NOT_FOUND", lambda bench: bench.ask(path="/faceid/v2/ocr_driver_license"), marked=False
    ),
    "INTERNAL_ERROR": Case(
        500, "INTERNAL_ERROR", lambda bench: bench.ask(api=bench.serving(read=raises(RuntimeError("broken"))))
    ),
}


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_every_error_is_told_as_documented(case: Case, bench: Bench) -> None:
    answer = case.ask(bench)
    assert answer.status_code == case.status
    if case.status == 413:
        assert answer.headers["Content-Type"] == "text/plain"
        assert answer.text == case.told
        return
    told = answer.json()
    assert told["error_message"] == case.told
    assert set(told) - {"error_message"} == (MARKS if case.marked else set())
    if case.marked:
        assert REQUEST_ID.fullmatch(told["request_id"])
        assert type(told["time_used"]) is int


def test_every_code_that_the_reader_knows_is_provoked() -> None:
    assert set(Vendor.actions) - {NO_LICENSE} == set(ERRORS)


# The answer.


def test_a_main_page_is_told_in_every_field(bench: Bench) -> None:
    answer = bench.ask(bench.sample("vehicle-front.jpg"))
    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert {name for name in FIELDS if "." not in name} - {"error_message"} == set(told)
    assert REQUEST_ID.fullmatch(told["request_id"])
    assert type(told["time_used"]) is int
    assert {name: told[name] for name in set(told) - MARKS} == {
        "type": 1,
        "plate_no": "川AB10443",
        "vehicle_type": "小型轿车",
        "owner": "成都华诚建筑工程有限公司",
        "address": "四川省成都市双流区和平巷128号枫林雅居9栋1单元2001室",
        "use_character": "预约出租客运",
        "model": "比亚迪牌BYD7009BEVJ1",
        "vin": "LGXVW9N314V472344",
        "engine_no": "21EL8G",
        "register_date": {"day": 28, "month": 12, "year": 2018},
        "issue_date": {"day": 27, "month": 2, "year": 2021},
        "side": "front",
        "issued_by": "四川省成都市公安局交通警察支队",
    }


def test_what_could_not_be_read_is_null(bench: Bench) -> None:
    seen = license_of(plate_no="京A12345", issue_date=dt.date(2011, 6, 2))
    told = bench.ask(api=bench.serving(read=reads(seen))).json()
    assert set(told) == MARKS | {"type", "side"} | {column.source for column in FRONT}
    assert {name: value for name, value in told.items() if name not in MARKS and value is not None} == {
        "type": 1,
        "plate_no": "京A12345",
        "issue_date": {"day": 2, "month": 6, "year": 2011},
        "side": "front",
    }


def test_a_license_of_which_nothing_was_read_has_been_seen_all_the_same(bench: Bench) -> None:
    told = bench.ask(api=bench.serving(read=reads(license_of()))).json()
    assert {column.source for column in FRONT} <= set(told)


def test_of_both_pages_the_main_one_is_told(bench: Bench) -> None:
    told = bench.ask(bench.sample("vehicle-both.jpg")).json()
    assert (told["plate_no"], told["issued_by"]) == ("闽DX9849", "福建省厦门市公安局交通警察支队")
    assert set(told) == MARKS | {"type", "side"} | {column.source for column in FRONT}


@pytest.mark.parametrize("name", ["not-a-license.jpg", "vehicle-back.jpg", "driving-front.jpg"])
def test_what_is_no_main_page_has_no_fields(name: str, bench: Bench) -> None:
    answer = bench.ask(bench.sample(name))
    assert answer.status_code == 200
    assert set(answer.json()) == MARKS


def test_two_main_pages_have_no_fields(bench: Bench) -> None:
    two = license_of(plate_no="京A12345").flagged(Flag.of("multiple_cards", "embedded"))
    assert set(bench.ask(api=bench.serving(read=reads(two))).json()) == MARKS


@pytest.mark.parametrize("seen", [license_of(Side.BACK), empty(Document.DRIVING_LICENSE, Side.FRONT)])
def test_another_page_has_no_fields_though_nothing_flags_it(seen: License, bench: Bench) -> None:
    assert set(bench.ask(api=bench.serving(read=reads(seen))).json()) == MARKS


def test_a_picture_too_small_for_a_license_has_no_fields(bench: Bench) -> None:
    answer = bench.ask(png(20, 20), api=bench.serving(read=unread))
    assert answer.status_code == 200
    assert set(answer.json()) == MARKS


def test_the_times_are_those_of_the_clock(bench: Bench) -> None:
    ticks = iter([1461740007.25, 1461740008.27])
    api = bench.serving(read=raises(NoLicense(("not_a_license",))), clock=lambda: next(ticks))
    told = bench.ask(api=api).json()
    assert told["request_id"].startswith("1461740007,")
    assert told["time_used"] == 1020


def test_a_clock_that_is_set_back_makes_no_negative_time(bench: Bench) -> None:
    ticks = iter([1461740007.0, 1461740000.0])
    api = bench.serving(read=raises(NoLicense(("not_a_license",))), clock=lambda: next(ticks))
    assert bench.ask(api=api).json()["time_used"] == 0


# The request.


@pytest.mark.parametrize("name", PARAMETERS)
def test_an_argument_that_is_missing_or_empty_is_named(name: str, bench: Bench) -> None:
    lacking = bench.ask(None) if name == "image" else bench.ask(lacks=name)
    blank = bench.ask(b"") if name == "image" else bench.ask(wrong={name: ""})
    for answer in (lacking, blank):
        assert answer.status_code == 400
        assert answer.json()["error_message"] == f"MISSING_ARGUMENTS: {name}"


@pytest.mark.parametrize("name", ["api_key", "api_secret"])
@pytest.mark.parametrize("wrong", ["another", "钥匙"])
def test_a_key_of_nobody_is_refused_before_the_picture_is_missed(name: str, wrong: str, bench: Bench) -> None:
    answer = bench.ask(None, wrong={name: wrong})
    assert (answer.status_code, answer.json()) == (403, {"error_message": "AUTHORIZATION_ERROR"})


@pytest.mark.parametrize("body", [b"", b"api_key=sandbox-api_key", b"--x\r\nbroken"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "multipart/form-data", ""])
def test_what_is_no_form_lacks_every_argument(kind: str, body: bytes, bench: Bench) -> None:
    answer = send(requests.Request("POST", bench.api.url + PATH, data=body, headers={"Content-Type": kind}))
    assert (answer.status_code, answer.json()["error_message"]) == (400, "MISSING_ARGUMENTS: api_key")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_api_is_one_of_its_method_and_path(method: str, bench: Bench) -> None:
    answer = bench.ask(method=method)
    assert (answer.status_code, answer.json()) == (404, {"error_message": "API_NOT_FOUND"})


@pytest.mark.parametrize("path", ["/faceid/", "/faceid/v2/ocr_vehicle_license/", "/faceid/v1/ocr_vehicle_license"])
def test_other_paths_of_the_family_are_answered_in_its_words(path: str, bench: Bench) -> None:
    assert bench.ask(path=path).json() == {"error_message": "API_NOT_FOUND"}


def test_as_many_bytes_and_pixels_as_are_allowed_are_read(bench: Bench) -> None:
    api = bench.serving(read=reads(license_of(plate_no="京A12345")))
    form_alone = (
        len(
            requests.Request("POST", "http://api/", data=bench.key, files={"image": ("image.jpg", b"x")}).prepare().body
            or b""
        )
        - 1
    )
    picture = png(4096, 4096).ljust(megvii.MAX_REQUEST - form_alone, b"\0")
    answer = bench.ask(picture, api=api)
    assert answer.request.headers["Content-Length"] == str(megvii.MAX_REQUEST)
    assert answer.json()["plate_no"] == "京A12345"
    assert bench.ask(picture + b"\0", api=api).status_code == 413


def test_too_large_a_request_is_told_so_before_anything_else(bench: Bench) -> None:
    answer = bench.ask(b"x" * megvii.MAX_REQUEST, method="PUT", path="/faceid/nowhere", lacks="api_key")
    assert (answer.status_code, answer.text) == (413, TOO_LARGE)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(b"GIF89a" + bytes(100), id="gif"),
        pytest.param(b"\0\0\0\x18ftypheic" + bytes(100), id="heic"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(b"\xff\xd8\xff\xd9", id="jpeg without a frame"),
        pytest.param(png(100, 100)[:20], id="png cut off"),
    ],
)
def test_what_cannot_be_parsed_is_no_picture(image: bytes, bench: Bench) -> None:
    answer = bench.ask(image, api=bench.serving(read=unread))
    assert (answer.status_code, answer.json()["error_message"]) == (400, "IMAGE_ERROR_UNSUPPORTED_FORMAT")


@pytest.mark.parametrize("size", [(4097, 100), (100, 4097), (60_000, 60_000)])
def test_a_picture_with_too_long_an_edge_is_never_decoded(size: tuple[int, int], bench: Bench) -> None:
    answer = bench.ask(png(*size), api=bench.serving(read=unread))
    assert (answer.status_code, answer.json()["error_message"]) == (400, "INVALID_IMAGE_SIZE: image")


def test_a_picture_that_the_engine_cannot_decode_is_none_either(bench: Bench) -> None:
    assert bench.ask(png(100, 100)).json()["error_message"] == "IMAGE_ERROR_UNSUPPORTED_FORMAT"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the document's example is a curl command")
def test_the_documents_own_example_works(bench: Bench) -> None:
    api = bench.serving(read=reads(license_of(plate_no="京C12345")))
    command = ["curl", "-sS", "--noproxy", "*", api.url + PATH]
    for name in ("api_key", "api_secret"):
        command += ["-F", f"{name}={bench.key[name]}"]
    command += ["-F", f"image=@{bench.samples / 'vehicle-front.jpg'}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout  # noqa: S603
    assert '"plate_no":"京C12345"' in told


def test_a_picture_may_come_without_a_files_name(bench: Bench) -> None:
    api = bench.serving(read=reads(license_of(plate_no="京A12345")))
    keys = [(name, (name, text.encode())) for name, text in bench.key.items()]
    answer = send(requests.Request("POST", api.url + PATH, files=[*keys, ("image", (None, SMALL))]))
    assert answer.json()["plate_no"] == "京A12345"


def test_more_callers_at_once_than_allowed_are_turned_away_and_later_ones_are_not(bench: Bench) -> None:
    inside, go = threading.Semaphore(0), threading.Event()

    def read(*_: object) -> License:
        inside.release()
        assert go.wait(20)
        return license_of(plate_no="京A12345")

    api = bench.serving(read=read)
    with ThreadPoolExecutor(megvii.AT_ONCE) as callers:
        waiting = [callers.submit(bench.ask, api=api) for _ in range(megvii.AT_ONCE)]
        try:
            assert all(inside.acquire(timeout=20) for _ in waiting)
            refused = bench.ask(api=api)
        finally:
            go.set()
        assert {caller.result().status_code for caller in waiting} == {200}
    assert (refused.status_code, refused.json()["error_message"]) == (403, "CONCURRENCY_LIMIT_EXCEEDED")
    assert bench.ask(api=api).status_code == 200


# Troubles from outside of the dialect.


def test_without_credentials_of_ours_the_fault_is_not_the_callers(bench: Bench) -> None:
    def nobodys[S: BaseModel](vendor: str, shape: type[S]) -> S:
        raise NoCredentials(f"nothing for {vendor} in the shape of {shape}")

    answer = bench.ask(api=bench.serving(credentials=nobodys))
    assert (answer.status_code, answer.json()["error_message"]) == (500, "INTERNAL_ERROR")


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_a_documented_answer(trouble: Trouble) -> None:
    told = megvii.trouble(trouble, Request("POST", PATH, "", {}, b"", "id"))
    assert told.status in {case.status for case in ERRORS.values()}
    assert any(case.told.encode() in told.body for case in ERRORS.values())


@given(
    method=st.sampled_from(["POST", "GET", ""]),
    path=st.one_of(st.just(PATH), st.text(max_size=20).map("/faceid/".__add__)),
    kind=st.one_of(st.text(max_size=60), st.just("multipart/form-data; boundary=x")),
    body=st.one_of(
        st.binary(max_size=400),
        st.lists(st.tuples(st.sampled_from(list(PARAMETERS)), st.binary(max_size=60)), max_size=5).map(
            lambda parts: (
                b"".join(
                    b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), content)
                    for name, content in parts
                )
                + b"--x--"
            )
        ),
    ),
)
def test_whatever_is_sent_has_a_documented_answer(method: str, path: str, kind: str, body: bytes) -> None:
    def known[S: BaseModel](vendor: str, shape: type[S]) -> S:
        return shape.model_validate({"api_key": "known", "api_secret": vendor})

    service = Service(read=unread, credentials=known, fetch=fetch)
    request = Request(method, path, "", {"content-type": kind}, body, "id")
    assert megvii.serves(request)
    told = megvii.answer(request, service)
    assert any(case.told.split(": ")[0].encode() in told.body for case in ERRORS.values() if case.status == told.status)


# The reader's own vendor.


def test_the_readers_vendor_reads_what_the_native_dialect_tells(bench: Bench) -> None:
    picture = bench.sample("vehicle-front.jpg")
    license_ = bench.vendor(picture)
    url = f"{bench.api.url}{NATIVE}?document=vehicle_license&side=front"
    native = send(requests.Request("POST", url, data=picture, headers={"X-Api-Key": "sandbox-api_key"})).json()
    assert license_.fields.model_dump(mode="json", exclude_none=True) == native["fields"]
    assert license_.flags == ()
    assert REQUEST_ID.fullmatch(license_.vendor_request_id or "")


@dataclass(frozen=True)
class Met:
    """What the reader makes of an error."""

    error: type[VendorError]
    flag: str | None = None
    image: bytes = SMALL
    read: Callable[..., License] = unread
    secret: str | None = None


@pytest.mark.parametrize(
    "met",
    [
        pytest.param(Met(CredentialsRefused, secret="another"), id="keys"),
        pytest.param(Met(SizeRefused, "image_too_large", image=png(5000, 100)), id="pixels"),
        pytest.param(Met(SizeRefused, "image_too_large", image=SMALL + bytes(megvii.MAX_REQUEST)), id="bytes"),
        pytest.param(Met(Throttled, read=raises(Busy("many"))), id="busy"),
        pytest.param(Met(Unavailable, read=raises(RuntimeError("broken"))), id="broken"),
        pytest.param(
            Met(DocumentRefused, "image_damaged", read=raises(ImageRejected("image_damaged", "cut off"))), id="damaged"
        ),
        pytest.param(
            Met(DocumentRefused, "not_a_license", read=raises(NoLicense(("not_a_license",)))), id="no license"
        ),
    ],
)
def test_the_readers_vendor_understands_every_error(met: Met, bench: Bench) -> None:
    api = bench.serving(read=met.read)
    with pytest.raises(met.error) as caught:
        bench.vendor(met.image, api=api, wrong={"api_secret": met.secret} if met.secret else {})
    assert caught.value.flag == met.flag


def test_every_row_of_the_readers_table_is_a_field() -> None:
    assert {row.source for row in FRONT if isinstance(row, Column)} | MARKS | {"type", "side", "error_message"} == {
        name for name in FIELDS if "." not in name
    }
    assert {name.partition(".")[0] for name in FIELDS if "." in name} == DATES
