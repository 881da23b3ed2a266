"""Huawei's OCR and IAM as the official SDKs see them: huaweicloudsdkocr and huaweicloudsdkiam, unpatched, on loopback.

What an SDK cannot send (a token, a broken signature) is sent by requests, and what comes back is shown to the SDK's own
handler of errors: it must find code, message and request id in every one.
"""

from __future__ import annotations

import base64
import datetime as dt
import io
import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exception_handler import DefaultExceptionHandler
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.signer.algorithm import SigningAlgorithm
from huaweicloudsdkiam.v3 import IamClient
from huaweicloudsdkiam.v3 import model as iam
from huaweicloudsdkocr.v1 import OcrClient, model
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.dialects.conftest import raises, unread

import reading
import tenants
import tokens
from credentials import NoCredentials
from dialects import huawei, huawei_iam
from exchange import Request
from license_reader.errors import CredentialsRefused, ImageRejected
from license_reader.flags import Flag
from license_reader.image import gate
from license_reader.license import Document, DrivingLicense, Form, License, Side, VehicleLicense
from license_reader.signing import SDK_HMAC, SdkHmacAuth, sdk_canonical_request, sdk_date, sdk_signature, sha256_hex
from license_reader.vendors._base import NO_LICENSE, Address, Job
from license_reader.vendors.huawei import PATHS, TABLES, TOKEN_HEADER, TOKENS_PATH, Secret, Vendor
from service import Busy, NoLicense, NotFetched, Rates, Service, TooLarge, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import BaseModel
    from tests.dialects.conftest import Api, Serve

    from license_ocr.sandbox import Secrets
    from service import Read

# The SDKs' signer asks the time in a way that Python would rather not have.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

VEHICLE, DRIVING = Document.VEHICLE_LICENSE, Document.DRIVING_LICENSE
ALL: Mapping[Document, dict[str, Any]] = {
    VEHICLE: {
        "return_issuing_authority": True,
        "return_text_location": True,
        "recognize_electronic_license": True,
        "alarm": True,
    },
    DRIVING: {"return_issuing_authority": True, "return_text_location": True},
}


def picture(width: int = 400, height: int = 300, kind: str = "JPEG") -> str:
    """A plain picture in base64."""
    buffer = io.BytesIO()
    Pillow.new("1" if kind == "PNG" else "RGB", (width, height)).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


PLAIN = picture()


# Asking.


@dataclass(frozen=True)
class Bench:
    """What a test asks with: a server with the engine, a maker of others, the secret, the samples."""

    api: Api
    serve: Serve
    service: Service
    secret: Mapping[str, str]
    samples: Path

    def sample(self, name: str) -> str:
        """A sample photo in base64."""
        return base64.b64encode((self.samples / f"{name}.jpg").read_bytes()).decode()

    def serving(self, **other: Any) -> Api:
        """A server whose service differs in this; it shares no rate with any other, and reads nothing by itself."""
        return self.serve(replace(self.service, **{"rates": Rates(), "read": unread, **other}))

    def holding(self, *, read: Any = unread, **secret: str) -> Api:
        """A server that holds this secret."""
        return self.serving(credentials=Held(secret), read=read)

    def sdk(self, api: Api | None = None, **wrong: Any) -> OcrClient:
        """The SDK's client; what is wrong with its credentials is told by name."""
        key = {"ak": self.secret["access_key"], "sk": self.secret["secret_key"], "project": self.secret["project_id"]}
        key |= {name: wrong[name] for name in key.keys() & wrong.keys()}
        credentials = BasicCredentials(key["ak"], key["sk"], key["project"])
        if "security_token" in wrong:
            credentials.with_security_token(wrong["security_token"])
        builder = OcrClient.new_builder().with_credentials(credentials).with_endpoint((api or self.api).url)
        return builder.with_http_config(wrong.get("config") or HttpConfig()).build()

    def asked(self, document: Document, api: Api | None = None, client: OcrClient | None = None, **body: object) -> Any:
        """What the SDK makes of the answer to these parameters; a `picture` is a sample's name."""
        if "picture" in body:
            body["image"] = self.sample(str(body.pop("picture")))
        told = MODELS[document].body()
        for name, value in body.items():
            setattr(told, name, value)
        return getattr(client or self.sdk(api), MODELS[document].call)(MODELS[document].request(body=told))

    def raw(  # noqa: PLR0913 - each is one thing that a request can have otherwise
        self,
        body: Mapping[str, object] | bytes | None = None,
        *,
        document: Document = VEHICLE,
        api: Api | None = None,
        path: str | None = None,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        after: Mapping[str, str | None] | None = None,
    ) -> requests.Response:
        """The answer to a request that is signed, or carries a token; `after` changes headers once it is signed."""
        content = body if isinstance(body, bytes) else json.dumps({"image": PLAIN} if body is None else body).encode()
        signer = SdkHmacAuth(self.secret["access_key"], self.secret["secret_key"], clock=time.time)
        with requests.Session() as session:
            session.trust_env = False
            prepared = session.prepare_request(
                requests.Request(
                    method,
                    (api or self.api).url + (path or ocr_path(document)),
                    headers={"Content-Type": "application/json"} | dict(headers or {}),
                    data=content,
                    auth=signer if token is None else carrying(token),
                )
            )
            for name, value in (after or {}).items():
                prepared.headers.pop(name, None)
                if value is not None:
                    prepared.headers[name] = value
            return session.send(prepared, timeout=30)

    def login(self, body: object = None, *, api: Api | None = None, query: str = "") -> requests.Response:
        """The answer to a login."""
        content = body if isinstance(body, bytes) else json.dumps(self.auth() if body is None else body).encode()
        url = (api or self.api).url + TOKENS_PATH + query
        return requests.post(url, data=content, headers={"Content-Type": "application/json"}, timeout=30)

    def auth(self, scope: object = MappingProxyType({"project": {"name": "cn-north-4"}}), **wrong: str) -> Any:
        """A login's body."""
        user = {
            "name": wrong.get("user", self.secret["user"]),
            "password": wrong.get("password", self.secret["password"]),
            "domain": {"name": wrong.get("domain", self.secret["domain"])},
        }
        auth: dict[str, object] = {"identity": {"methods": ["password"], "password": {"user": user}}}
        plain = dict(scope) if isinstance(scope, MappingProxyType) else scope
        return {"auth": auth | ({} if plain is None else {"scope": plain})}

    def token(self, scope: object = MappingProxyType({"project": {"name": "cn-north-4"}}), **other: Any) -> str:
        """A token as a login gives it."""
        return self.login(self.auth(scope), **other).headers[TOKEN_HEADER]


def spoken(request: Request) -> ModuleType:
    """Whichever of the two services the request is for."""
    return huawei_iam if huawei_iam.serves(request) else huawei


@dataclass(frozen=True)
class Held:
    """A secret as `credentials` tells it."""

    secret: Mapping[str, str] | None

    def __call__[S: BaseModel](self, vendor: str, shape: type[S]) -> S:
        assert vendor == "huawei"
        try:
            return shape.model_validate(self.secret)
        except ValueError:
            raise NoCredentials("the secret of huawei is wrong") from None


@dataclass(frozen=True)
class Models:
    """The SDK's names for one API."""

    call: str
    request: type[Any]
    body: type[Any]
    result: type[Any]


MODELS = {
    VEHICLE: Models(
        "recognize_vehicle_license",
        model.RecognizeVehicleLicenseRequest,
        model.VehicleLicenseRequestBody,
        model.VehicleLicenseResult,
    ),
    DRIVING: Models(
        "recognize_driver_license",
        model.RecognizeDriverLicenseRequest,
        model.DriverLicenseRequestBody,
        model.DriverLicenseResult,
    ),
}


def ocr_path(document: Document, project: str = "sandbox") -> str:
    return f"/v2/{project}/ocr/{PATHS[document]}"


def carrying(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def carry(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Auth-Token"] = token
        return request

    return carry


def read_as(license_: License, *flags: str) -> Read:
    """A reader that sees this license, with these flags, on every picture."""

    def read(picture: bytes, document: Document | None, side: Side | None) -> License:  # noqa: ARG001 - as `Read` has it
        return license_.flagged(*(Flag.of(flag, "embedded") for flag in flags))

    return read


@pytest.fixture(scope="module")
def bench(serve: Serve, service: Service, secrets: Secrets, samples: Path) -> Bench:
    endless = itertools.count()
    reads = replace(service, rates=Rates(clock=lambda: float(next(endless))))
    return Bench(serve(reads), serve, reads, secrets["huawei"], samples)


@pytest.fixture(scope="module")
def idle(bench: Bench) -> Api:
    """A server of requests that never get as far as being read."""
    return bench.serving()


# What the engine can tell, all of it.

VEHICLE_FIELDS = {
    "plate_no": "皖AC4L50",
    "vehicle_type": "小型轿车",
    "owner": "李明",
    "address": "安徽省合肥市蜀山区望江西路1号",
    "use_character": "非营运",
    "brand_model": "别克牌SGM7151LAAA",
    "vin": "LSGN99B0XS4W59118",
    "engine_no": "8B54321",
    "register_date": "2011-10-10",
    "issue_date": "2012-01-02",
    "issuing_authority": "安徽省合肥市公安局交通警察支队",
    "file_no": "340100476807",
    "passengers": 5,
    "passengers_text": "5人",
    "gross_mass_kg": 1837,
    "curb_mass_kg": 1431,
    "rated_load_kg": 375,
    "towing_mass_kg": 600,
    "dimensions": {"length_mm": 4620, "width_mm": 1780, "height_mm": 1498},
    "remarks": "道路运输车辆",
    "inspection": {"text": "检验有效期至2026年10月皖A", "valid_until": "2026-10", "station": "皖A"},
    "barcode": "3440002133561",
    "energy_type": "汽油",
}
DRIVING_FIELDS = {
    "license_no": "340104199001011234",
    "name": "李明",
    "sex": "男",
    "nationality": "中国",
    "address": "安徽省合肥市蜀山区望江西路1号",
    "birth_date": "1990-01-01",
    "first_issue_date": "2012-03-04",
    "vehicle_classes": ("C1", "D"),
    "valid_from": "2022-03-04",
    "long_term": True,
    "issuing_authority": "安徽省合肥市公安局交通警察支队",
    "file_no": "340100476807",
    "record": "实习期至2013年03月03日",
}
BOX = ((1.4, 2.0), (30.6, 2.0), (30.6, 9.7), (1.4, 9.7))
PLACE = [[1, 2], [31, 2], [31, 10], [1, 10]]


def license_of(document: Document, side: Side, form: Form = Form.PAPER, **more: object) -> License:
    shape, told = (VehicleLicense, VEHICLE_FIELDS) if document is VEHICLE else (DrivingLicense, DRIVING_FIELDS)
    fields = shape.model_validate({**told, **more})
    return License(document=document, side=side, form=form, fields=fields, boxes=dict.fromkeys(told, BOX))


BOTH = license_of(VEHICLE, Side.BOTH, back_plate_no="皖AC4L51").model_copy(
    update={"boxes": dict.fromkeys([*VEHICLE_FIELDS, "back_plate_no"], BOX)}
)
DRIVING_BOTH = license_of(DRIVING, Side.BOTH)
VEHICLE_APP = license_of(
    VEHICLE,
    Side.FRONT,
    Form.ELECTRONIC,
    body_color="白",
    inspection_valid_until="2026-10",
    status=("正常",),
    generated_at="2024-11-05 10:20:30",
)
DRIVING_APP = license_of(
    DRIVING,
    Side.FRONT,
    Form.ELECTRONIC,
    status=("正常",),
    accumulated_points=0,
    shown_at="2024-11-05 10:20:31",
    generated_at="2024-11-05 10:20:30",
)


# The photos, by the SDK.


def test_the_sdk_reads_a_main_page_with_all_that_can_be_asked_for(bench: Bench) -> None:
    answer = bench.asked(VEHICLE, picture="vehicle-front", side="front", **ALL[VEHICLE])
    told = answer.result
    assert (told.type, told.number, told.name) == ("normal", "川AB10443", "成都华诚建筑工程有限公司")
    assert (told.vin, told.register_date) == ("LGXVW9N314V472344", "2018-12-28")
    assert told.issuing_authority == "四川省成都市公安局交通警察支队"
    assert told.file_no is told.front is told.back is told.energy_type is None
    alarms = told.alarm_result
    assert {alarms.detect_border_integrity_result, alarms.detect_blocking_within_border_result} <= {True, False}
    assert told.alarm_confidence is None
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.x_request_id)


def test_the_places_of_texts_are_where_the_engine_saw_them(bench: Bench) -> None:
    told = bench.asked(VEHICLE, picture="vehicle-front", side="front", **ALL[VEHICLE]).result.text_location
    seen = bench.service.read(base64.b64decode(bench.sample("vehicle-front")), VEHICLE, Side.FRONT).boxes
    assert len(told) == len(seen) == 11
    assert told["number"] == [[round(x), round(y)] for x, y in seen["plate_no"]]
    (left, top), (right, _), (_, bottom), _ = told["vin"]
    assert left < right
    assert top < bottom


def test_the_sdk_reads_both_pages_each_by_itself(bench: Bench) -> None:
    told = bench.asked(VEHICLE, picture="vehicle-both", side="double_side", **ALL[VEHICLE]).result
    assert told.type == "normal"
    assert (told.front.number, told.front.model) == ("闽DX9849", "别克牌SGM7151LAAA")
    assert (told.back.number, told.back.approved_passengers) == ("闽DX9849", "5人")
    assert (told.back.gross_mass, told.back.dimension) == ("1690kg", "4620×1780×1498mm")
    assert (told.back.code_number, told.back.traction_mass) == ("*5686427026961*", "")
    assert told.number is None
    assert told.front.text_location["number"] != told.back.text_location["number"]
    assert told.front.alarm_result.detect_border_integrity_result is not None
    assert told.back.alarm_result.detect_border_integrity_result is not None


def test_the_sdk_reads_a_side_page_that_it_did_not_ask_for(bench: Bench) -> None:
    told = bench.asked(VEHICLE, picture="vehicle-back").result
    assert (told.number, told.file_no, told.inspection_record) == (
        "京NB8784",
        "352947448888",
        "检验有效期至2012年04月京N",
    )
    assert told.vin is told.type is told.text_location is told.alarm_result is None


def test_the_sdk_reads_an_electronic_license_when_it_asks_for_such(bench: Bench) -> None:
    told = bench.asked(VEHICLE, picture="vehicle-electronic", side="front", **ALL[VEHICLE]).result
    assert (told.type, told.number, told.energy_type) == ("electronic", "辽A20620", "汽油")
    assert (told.color, told.status, told.alarm_result) == ("", [], None)
    with pytest.raises(ServiceResponseException) as refused:
        bench.asked(VEHICLE, picture="vehicle-electronic", side="front")
    assert refused.value.error_code == "AIS.0104"
    assert "recognize_electronic_license" in refused.value.error_msg


def test_the_sdk_reads_both_pages_of_a_driving_license(bench: Bench) -> None:
    front = bench.asked(DRIVING, picture="driving-front", side="front", return_issuing_authority=True).result
    assert (front.type, front.number, front._class) == ("normal", "990263196404219715", "A2")
    assert (front.birth, front.issue_date, front.valid_from) == ("1964-04-21", "1983-09-13", "1989-09-13")
    assert (front.valid_to, front.issuing_authority) == ("6年", "福建省厦门市公安局交通警察支队")
    back = bench.asked(DRIVING, picture="driving-back", side="back").result
    assert (back.type, back.number, back.file_number) == ("normal", "990488198002169265", "053178392918")
    assert back.record == "请于2015年01月23日前九十日内申请换领新驾驶证。"
    assert back.birth is None


# The shape of the answers.


def result(bench: Bench, license_: License, **body: object) -> dict[str, Any]:
    """The result as it came, of a license on a plain picture."""
    api = bench.serving(read=read_as(license_))
    response = bench.raw({"image": PLAIN, **body}, document=license_.document, api=api)
    assert response.status_code == 200, response.text
    told = response.json()
    assert told.keys() == {"result"}
    return dict(told["result"])


FRONT_NAMES = {
    *("number", "vehicle_type", "name", "address", "use_character"),
    *("model", "vin", "engine_no", "register_date", "issue_date"),
}
BACK_NAMES = {
    *("number", "file_no", "approved_passengers", "gross_mass", "unladen_mass", "approved_load"),
    *("dimension", "traction_mass", "remarks", "inspection_record", "code_number", "energy_type"),
}
DRIVING_NAMES = {
    *("number", "name", "sex", "nationality", "address", "birth", "issue_date", "class", "valid_from", "valid_to"),
}
DRIVING_BACK_NAMES = {"number", "name", "address", "file_number", "record"}


@pytest.mark.parametrize("body", [{}, {"side": ""}, {"side": None}, {"side": "front"}])
def test_unasked_there_are_the_names_of_the_main_page_and_no_more(body: dict[str, object], bench: Bench) -> None:
    assert result(bench, BOTH, **body).keys() == FRONT_NAMES
    assert result(bench, DRIVING_BOTH, **body).keys() == DRIVING_NAMES | {"type"}


def test_a_side_page_of_a_picture_of_both_has_its_own_plate(bench: Bench) -> None:
    told = result(bench, BOTH, side="back")
    assert told.keys() == BACK_NAMES
    assert told["number"] == "皖AC4L51"


def test_each_switch_adds_what_it_says(bench: Bench) -> None:
    plain = result(bench, BOTH)
    for switch, names in {
        "return_issuing_authority": {"issuing_authority"},
        "return_text_location": {"text_location"},
        "recognize_electronic_license": {"type"},
        "alarm": {"alarm_result"},
    }.items():
        told = result(bench, BOTH, **{switch: True})
        assert told.keys() - plain.keys() == names, switch
        assert plain.items() <= told.items()
        assert result(bench, BOTH, **{switch: False}) == result(bench, BOTH, **{switch: None}) == plain, switch
    assert result(bench, BOTH, return_text_location=True)["text_location"]["number"] == [
        [1, 2],
        [31, 2],
        [31, 10],
        [1, 10],
    ]
    assert "issuing_authority" not in result(bench, BOTH, return_text_location=True)["text_location"]


def test_what_was_not_read_is_empty_and_has_no_place(bench: Bench) -> None:
    nothing = License(document=VEHICLE, side=Side.BOTH, fields=VehicleLicense(plate_no="皖AC4L50"))
    told = result(bench, nothing, side="double_side", **ALL[VEHICLE])
    assert told["front"] | {"text_location": {}} == {
        **dict.fromkeys([*FRONT_NAMES, "issuing_authority"], ""),
        "number": "皖AC4L50",
        "text_location": {},
        "alarm_result": {
            "detect_border_integrity_result": False,
            "detect_blocking_within_border_result": False,
        },
    }
    assert told["back"]["text_location"] == told["front"]["text_location"] == {}
    assert {told["back"][name] for name in BACK_NAMES} == {""}


def test_alarms_are_the_flags_of_the_photo(bench: Bench) -> None:
    for flags in [(), ("border_incomplete",), ("occluded",), ("border_incomplete", "occluded", "blur")]:
        api = bench.serving(read=read_as(BOTH, *flags))
        told = bench.asked(VEHICLE, api, image=PLAIN, side="double_side", alarm=True).result
        for page in (told.front, told.back):
            assert page.alarm_result.detect_border_integrity_result is ("border_incomplete" in flags)
            assert page.alarm_result.detect_blocking_within_border_result is ("occluded" in flags)
        assert told.alarm_result is None


def test_both_pages_asked_for_and_one_seen_is_that_page(bench: Bench) -> None:
    for side in (Side.FRONT, Side.BACK):
        told = result(bench, license_of(VEHICLE, side), side="double_side", **ALL[VEHICLE])
        assert told.keys() == {"type", str(side)}
        assert told[side]["number"] == "皖AC4L50"


def test_the_side_page_of_a_driving_license_tells_nothing_of_the_main_page(bench: Bench) -> None:
    told = result(bench, DRIVING_BOTH, side="double_side", **ALL[DRIVING])
    assert told.keys() == {"type", "front", "back"}
    assert told["front"].keys() == DRIVING_NAMES | {"type", "issuing_authority", "text_location"}
    assert told["back"] == {
        "type": "normal",
        "number": "340104199001011234",
        "name": "李明",
        "address": "",
        "issuing_authority": "",
        "file_number": "340100476807",
        "record": "实习期至2013年03月03日",
        "text_location": {"number": PLACE, "name": PLACE, "file_number": PLACE, "record": PLACE},
    }
    assert told["front"]["valid_to"] == "长期"


@pytest.mark.parametrize("side", ["front", "double_side"])
def test_an_electronic_license_is_flat_with_the_names_of_both_pages(side: str, bench: Bench) -> None:
    told = result(bench, VEHICLE_APP, side=side, **ALL[VEHICLE])
    assert told.keys() == FRONT_NAMES | BACK_NAMES | {
        *("type", "issuing_authority", "color", "mandatory_scrapping_date", "status", "text_location")
    }
    assert (told["color"], told["mandatory_scrapping_date"], told["status"]) == ("白", "", ["正常"])
    told = result(bench, DRIVING_APP, side=side)
    assert told.keys() == DRIVING_NAMES | DRIVING_BACK_NAMES | {
        *("type", "status", "accumulated_scores", "current_time", "generation_date")
    }
    assert (told["file_number"], told["record"], told["status"]) == (
        "340100476807",
        "实习期至2013年03月03日",
        ["正常"],
    )
    assert (told["accumulated_scores"], told["current_time"], told["generation_date"]) == (
        "0",
        "2024-11-05 10:20:31",
        "2024-11-05 10:20:30",
    )


def test_a_status_is_a_list_of_texts(bench: Bench) -> None:
    on_screen = license_of(VEHICLE, Side.FRONT, Form.ELECTRONIC, status=("正常", "逾期未检验"), body_color="白")
    told = result(bench, on_screen, **ALL[VEHICLE])
    assert (told["status"], told["color"]) == (["正常", "逾期未检验"], "白")


def test_members_that_the_api_does_not_know_are_left_alone(bench: Bench) -> None:
    assert result(bench, BOTH, detect_direction=True) == result(bench, BOTH)
    assert result(bench, DRIVING_BOTH, alarm="yes") == result(bench, DRIVING_BOTH)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("edges", [(100, 8192), (8192, 100)])
def test_the_documented_formats_and_edges_are_taken(kind: str, edges: tuple[int, int], bench: Bench) -> None:
    api = bench.serving(read=read_as(BOTH))
    assert bench.raw({"image": picture(*edges, kind)}, api=api).status_code == 200


def test_the_engine_is_told_which_page_is_asked_for(bench: Bench) -> None:
    told: list[object] = []

    def read(_: bytes, document: Document | None, side: Side | None) -> License:
        told.append((document, side))
        return BOTH

    api = bench.serving(read=read)
    for side in ({}, {"side": "front"}, {"side": "back"}, {"side": "double_side"}):
        bench.raw({"image": PLAIN, **side}, api=api)
    assert told == [(VEHICLE, None), (VEHICLE, Side.FRONT), (VEHICLE, Side.BACK), (VEHICLE, None)]


def test_a_picture_is_fetched_from_its_url(bench: Bench) -> None:
    asked: list[tuple[str, int]] = []

    def fetch(url: str, *, max_bytes: int) -> bytes:
        asked.append((url, max_bytes))
        return base64.b64decode(PLAIN)

    api = bench.serving(read=read_as(BOTH), fetch=fetch)
    told = bench.asked(VEHICLE, api, url="https://bucket.obs.example/a%20b.jpg", image=None, side="front").result
    assert told.number == "皖AC4L50"
    assert asked == [("https://bucket.obs.example/a%20b.jpg", 7_864_320)]


# Who asks.


def login_by_sdk(bench: Bench, scope: Any, *, nocatalog: str | None = None, **wrong: str) -> Any:
    """What IAM's SDK makes of the answer to a login; it signs its request, which a login does not need."""
    credentials = GlobalCredentials("no such key", "nor such secret", "domain")
    client = IamClient.new_builder().with_credentials(credentials).with_endpoint(bench.api.url).build()
    user = iam.PwdPasswordUser(
        domain=iam.PwdPasswordUserDomain(name=wrong.get("domain", bench.secret["domain"])),
        name=wrong.get("user", bench.secret["user"]),
        password=wrong.get("password", bench.secret["password"]),
    )
    identity = iam.PwdIdentity(methods=["password"], password=iam.PwdPassword(user=user))
    body = iam.KeystoneCreateUserTokenByPasswordRequestBody(auth=iam.PwdAuth(identity=identity, scope=scope))
    request = iam.KeystoneCreateUserTokenByPasswordRequest(nocatalog=nocatalog, body=body)
    return client.keystone_create_user_token_by_password(request)


@pytest.mark.parametrize("scope", [{"name": "cn-north-4"}, {"id": "sandbox"}, {"id": "sandbox", "name": "cn-north-4"}])
def test_the_sdk_logs_in_for_a_project_and_its_token_is_taken(scope: dict[str, str], bench: Bench) -> None:
    answer = login_by_sdk(bench, iam.AuthScope(project=iam.AuthScopeProject(**scope)), nocatalog="true")
    told = answer.token
    assert (told.project.id, told.project.name, told.project.domain.name) == ("sandbox", "cn-north-4", "sandbox")
    assert (told.user.name, told.user.domain.name, told.methods) == ("sandbox", "sandbox", ["password"])
    assert told.user.id != told.user.domain.id
    assert (told.catalog, told.domain, told.user.password_expires_at) == ([], None, "")
    assert told.roles[0].id
    assert told.roles[0].name == "ocr"
    issued, expires = map(dt.datetime.fromisoformat, (told.issued_at, told.expires_at))
    assert dt.timedelta(0) <= dt.timedelta(days=1) - (expires - issued) < dt.timedelta(seconds=1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", told.expires_at)
    api = bench.serving(read=read_as(BOTH))
    response = bench.raw(api=api, token=answer.x_subject_token)
    assert response.status_code == 200
    assert response.json()["result"]["number"] == "皖AC4L50"


@pytest.mark.parametrize("scope", [None, {"domain": {"name": "sandbox"}}, "by id"])
def test_a_login_for_a_domain_gives_a_token_that_ocr_does_not_take(scope: Any, bench: Bench, idle: Api) -> None:
    if scope == "by id":
        scope = {"domain": {"id": bench.login().json()["token"]["user"]["domain"]["id"]}}
    response = bench.login(bench.auth(scope))
    assert response.status_code == 201
    assert response.headers["X-Request-Id"]
    told = response.json()["token"]
    assert told["domain"]["name"] == "sandbox"
    assert "project" not in told
    refused = faulted(bench.raw(api=idle, token=response.headers[TOKEN_HEADER]))
    assert refused.error_code == "ModelArts.0212"


def test_the_sdk_logs_in_for_a_domain(bench: Bench) -> None:
    scope = iam.AuthScope(domain=iam.AuthScopeDomain(name="sandbox"))
    assert login_by_sdk(bench, scope).token.domain.name == "sandbox"


@pytest.mark.parametrize("wrong", [{"user": "x"}, {"password": "x"}, {"domain": "x"}, {"password": ""}])
def test_the_sdk_is_told_that_a_login_failed_and_not_why(wrong: dict[str, str], bench: Bench) -> None:
    with pytest.raises(ServiceResponseException) as refused:
        login_by_sdk(bench, iam.AuthScope(project=iam.AuthScopeProject(name="cn-north-4")), **wrong)
    assert (refused.value.status_code, refused.value.error_code) == (401, 401)
    assert refused.value.error_msg == "The username or password is wrong."
    assert refused.value.request_id


def test_every_server_takes_the_token_of_another_until_the_password_changes(bench: Bench) -> None:
    token = bench.token()
    assert bench.raw(api=bench.serving(read=read_as(BOTH)), token=token).status_code == 200
    changed = bench.holding(**{**bench.secret, "password": "another"})
    assert faulted(bench.raw(api=changed, token=token)).error_code == "APIG.0301"


def test_a_token_holds_for_a_day(bench: Bench) -> None:
    token = bench.token()
    almost = bench.serving(read=read_as(BOTH), clock=lambda: time.time() + 24 * 3600 - 60)
    assert bench.raw(api=almost, token=token).status_code == 200
    later = bench.serving(clock=lambda: time.time() + 24 * 3600 + 1)
    refused = faulted(bench.raw(api=later, token=token))
    assert (refused.status_code, refused.error_code) == (401, "APIG.0307")


def test_a_secret_of_a_key_alone_takes_signatures_and_no_login(bench: Bench) -> None:
    key = {name: bench.secret[name] for name in ("access_key", "secret_key", "project_id")}
    api = bench.holding(read=read_as(BOTH), **key)
    assert bench.asked(VEHICLE, api, image=PLAIN).result.number == "皖AC4L50"
    assert bench.login(api=api).status_code == 401
    assert faulted(bench.raw(api=api, token=bench.token())).error_code == "APIG.0301"


def test_a_secret_of_an_account_alone_takes_logins_for_a_project_with_an_id_of_its_own(bench: Bench) -> None:
    account = {name: bench.secret[name] for name in ("domain", "user", "password", "project")}
    api = bench.holding(read=read_as(BOTH), **account)
    login = bench.login(api=api)
    project = login.json()["token"]["project"]["id"]
    assert project == tenants.project_id_of("cn-north-4") == "021f32d6c62c47c36ad5539fc9ba9ff3"
    path = ocr_path(VEHICLE, project)
    assert bench.raw(api=api, path=path, token=login.headers[TOKEN_HEADER]).status_code == 200
    refused = faulted(bench.raw(api=api, path=path))
    assert (refused.status_code, refused.error_code) == (401, "APIG.0301")
    named = bench.holding(**account, project_id="0123456789abcdef0123456789abcdef")
    assert bench.login(api=named).json()["token"]["project"]["id"] == "0123456789abcdef0123456789abcdef"


def test_a_token_counts_before_a_signature(bench: Bench, idle: Api) -> None:
    refused = faulted(bench.raw(api=idle, after={"X-Auth-Token": "none of ours"}))
    assert "decrypt token fail" in refused.error_msg


@pytest.mark.parametrize("off", [-890, 890])
def test_a_clock_may_be_fifteen_minutes_off(off: int, bench: Bench) -> None:
    api = bench.serving(read=read_as(BOTH), clock=lambda: time.time() + off)
    assert bench.asked(VEHICLE, api, image=PLAIN).result.number == "皖AC4L50"


@pytest.mark.parametrize("off", [-910, 910])
def test_a_clock_may_be_no_further_off(off: int, bench: Bench) -> None:
    api = bench.serving(clock=lambda: time.time() + off)
    with pytest.raises(ServiceResponseException) as refused:
        bench.asked(VEHICLE, api, image=PLAIN)
    assert (refused.value.error_code, "15 minutes" in refused.value.error_msg) == ("APIG.0301", True)


def test_an_enterprise_project_is_taken_and_changes_nothing(bench: Bench) -> None:
    api = bench.serving(read=read_as(BOTH))
    body = model.VehicleLicenseRequestBody(image=PLAIN)
    request = model.RecognizeVehicleLicenseRequest(enterprise_project_id="no such project", body=body)
    assert bench.sdk(api).recognize_vehicle_license(request).result.number == "皖AC4L50"


def signed_by_hand(
    bench: Bench, body: bytes, more: Mapping[str, str], *, payload_hash: str, left_out: str = ""
) -> requests.Response:
    """The answer to a request whose signature holds, with a choice of what was signed."""
    api = bench.serving(read=read_as(BOTH))
    headers = {"Host": api.authority, "X-Sdk-Date": sdk_date(time.time()), **more}
    lowered = {name.lower(): value for name, value in headers.items()}
    signed = sorted(lowered.keys() - {left_out})
    path = ocr_path(VEHICLE)
    canonical = sdk_canonical_request("POST", path, "", headers=lowered, signed=signed, payload_hash=payload_hash)
    signature = sdk_signature(bench.secret["secret_key"], canonical, headers["X-Sdk-Date"])
    headers["Authorization"] = (
        f"{SDK_HMAC} Access={bench.secret['access_key']}, SignedHeaders={';'.join(signed)}, Signature={signature}"
    )
    return requests.post(api.url + path, data=body, headers={**headers, "Content-Type": "text/plain"}, timeout=10)


@pytest.mark.parametrize(
    ("content_sha256", "holds"),
    [("UNSIGNED-PAYLOAD", True), ("true hash", True), (sha256_hex(b"another body"), False), ("", False)],
)
def test_a_payloads_hash_may_be_left_out_and_not_be_made_up(content_sha256: str, *, holds: bool, bench: Bench) -> None:
    body = json.dumps({"image": PLAIN}).encode()
    told = sha256_hex(body) if content_sha256 == "true hash" else content_sha256
    response = signed_by_hand(bench, body, {"X-Sdk-Content-Sha256": told}, payload_hash=told)
    assert response.status_code == (200 if holds else 401), response.text


@pytest.mark.parametrize("left_out", ["host", "x-sdk-date"])
def test_host_and_date_must_be_signed(left_out: str, bench: Bench) -> None:
    body = json.dumps({"image": PLAIN}).encode()
    signed = signed_by_hand(bench, body, {}, payload_hash=sha256_hex(body))
    assert signed.status_code == 200
    refused = faulted(signed_by_hand(bench, body, {}, payload_hash=sha256_hex(body), left_out=left_out))
    assert (refused.error_code, "SignedHeaders" in refused.error_msg) == ("APIG.0301", True)


def test_the_sdk_signs_what_is_no_json_without_its_payload_and_is_understood(bench: Bench) -> None:
    client = bench.sdk(bench.serving(read=read_as(BOTH)))
    client.preset_headers = {"Content-Type": "text/plain"}
    assert bench.asked(VEHICLE, client=client, image=PLAIN).result.number == "皖AC4L50"


SIGNATURES: dict[str, Callable[[str], str]] = {
    "another secret": lambda told: re.sub("Signature=.", "Signature=x", told),
    "an upper-case signature": lambda told: re.sub("(?<=Signature=).*", lambda hex_: hex_[0].upper(), told),
    "no signature": lambda told: told.partition(", Signature")[0],
    "no access key": lambda told: told.replace("Access=", "Credential="),
    "another access key": lambda told: told.replace("Access=", "Access=x"),
    "no signed headers": lambda told: re.sub("SignedHeaders=[^,]+, ", "", told),
    "a header that was not sent": lambda told: told.replace("SignedHeaders=", "SignedHeaders=x-none;"),
    "an unsigned host": lambda told: told.replace("host;", ""),
    "an unsigned date": lambda told: told.replace(";x-sdk-date", ""),
    "headers in another order": lambda told: told.replace("host;x-project-id", "x-project-id;host"),
    "another algorithm": lambda told: told.replace("SDK-HMAC-SHA256", "SDK-HMAC-SM3"),
    "nothing": lambda _: "",
    "another scheme": lambda _: "Bearer abc",
    "no text of this world": lambda _: "SDK-HMAC-SHA256 Access=é, SignedHeaders=host;x-sdk-date, Signature=ÿ",
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_what_is_not_the_signature_of_the_request_is_refused(kind: str, bench: Bench, idle: Api) -> None:
    headers: dict[str, str] = {}

    def change(request: requests.PreparedRequest) -> requests.PreparedRequest:
        signer = SdkHmacAuth(bench.secret["access_key"], bench.secret["secret_key"], clock=time.time)
        signed = signer(request)
        headers.update(signed.headers)
        signed.headers["Authorization"] = SIGNATURES[kind](signed.headers["Authorization"])
        return signed

    with requests.Session() as session:
        session.trust_env = False
        response = session.post(
            idle.url + ocr_path(VEHICLE),
            json={"image": PLAIN},
            auth=change,
            timeout=10,
            headers={"X-Project-Id": "sandbox"},
        )
    refused = faulted(response)
    assert (refused.status_code, refused.error_code) == (401, "APIG.0301")
    assert refused.error_msg.startswith("Incorrect IAM authentication information: ")
    assert bench.secret["access_key"] not in response.text


@pytest.mark.parametrize(
    "date", ["", "now", "20260230T000000Z", "99999999T999999Z", "２０２６０１０１T000000Z", "1" * 5000]
)
def test_a_date_that_is_none_is_refused(date: str, bench: Bench, idle: Api) -> None:
    refused = faulted(bench.raw(api=idle, after={"X-Sdk-Date": date.encode().decode("latin-1")}))
    assert (refused.status_code, refused.error_code) == (401, "APIG.0301")


@pytest.mark.parametrize("algorithm", [SigningAlgorithm.HMAC_SM3, SigningAlgorithm.ECDSA_P256_SHA256])
def test_the_sdks_other_algorithms_are_refused(algorithm: SigningAlgorithm, bench: Bench, idle: Api) -> None:
    client = bench.sdk(idle, config=HttpConfig(signing_algorithm=algorithm))
    with pytest.raises(ServiceResponseException) as refused:
        bench.asked(VEHICLE, client=client, image=PLAIN)
    assert (refused.value.error_code, SDK_HMAC in refused.value.error_msg) == ("APIG.0301", True)


@pytest.mark.parametrize("change", [{"X-Project-Id": "other"}, {"Host": "ocr.example"}, {"Content-Type": "text/plain"}])
def test_a_signed_header_that_was_changed_breaks_the_signature(change: dict[str, str], bench: Bench, idle: Api) -> None:
    refused = faulted(bench.raw(api=idle, headers={"X-Project-Id": "sandbox"}, after=change))
    assert refused.error_code == "APIG.0301"


def test_a_query_is_signed_too(bench: Bench) -> None:
    api = bench.serving(read=read_as(BOTH))
    assert bench.raw(api=api, path=ocr_path(VEHICLE) + "?b=2&a=%E4%BA%AC&c").status_code == 200


def test_logins_are_limited(bench: Bench) -> None:
    api = bench.serving(rates=Rates(clock=lambda: 0.0))
    wrong = bench.auth(password="guess")
    told = [bench.login(wrong, api=api).status_code for _ in range(12)]
    assert told == [401] * 10 + [429] * 2


# The reader's own adapter.

SAMPLES = [
    ("vehicle-front", VEHICLE, Side.FRONT),
    ("vehicle-both", VEHICLE, Side.BOTH),
    ("driving-back", DRIVING, Side.BACK),
    ("vehicle-electronic", VEHICLE, Side.FRONT),
]
# What an electronic license shows and the documents have no name for.
UNNAMED: Mapping[Document, frozenset[str]] = {
    VEHICLE: frozenset({"inspection_valid_until", "generated_at"}),
    DRIVING: frozenset(),
}


@pytest.mark.parametrize("shape", ["key", "account"])
@pytest.mark.parametrize(("name", "document", "side"), SAMPLES)
def test_the_reader_gets_the_license_that_the_engine_read(
    name: str, document: Document, side: Side, shape: str, bench: Bench
) -> None:
    names = ("access_key", "secret_key", "project_id") if shape == "key" else ("domain", "user", "password", "project")
    secret = Secret.model_validate({name: bench.secret[name] for name in names})
    content = (bench.samples / f"{name}.jpg").read_bytes()
    with requests.Session() as session:
        vendor = Vendor(Address(bench.api.url), session=session)
        read = vendor.read(Job(gate(content), document, side), secret, until=time.time() + 30)
    native = bench.service.read(content, document, None if side is Side.BOTH else side)
    assert (read.document, read.side, read.form) == (native.document, side, native.form)
    unnamed = dict.fromkeys(UNNAMED[document])
    assert read.fields == native.fields.model_copy(update=unnamed)
    for field in native.boxes.keys() - unnamed.keys():
        assert read.boxes[field] == tuple((round(x), round(y)) for x, y in native.boxes[field])
    assert read.vendor_request_id


def test_the_reader_reads_a_driving_license_of_both_pages(bench: Bench) -> None:
    api = bench.serving(read=read_as(DRIVING_BOTH))
    secret = Secret.model_validate(dict(bench.secret))
    with requests.Session() as session:
        vendor = Vendor(Address(api.url), session=session)
        job = Job(gate(base64.b64decode(PLAIN)), DRIVING, Side.BOTH)
        read = vendor.read(job, secret, until=time.time() + 10)
    assert (read.side, read.fields, read.flags) == (Side.BOTH, DRIVING_BOTH.fields, ())


def test_the_reader_logs_in_anew_when_its_token_no_longer_holds(bench: Bench) -> None:
    later = 0.0
    api = bench.serving(read=read_as(BOTH), clock=lambda: time.time() + later)
    account = {name: bench.secret[name] for name in ("domain", "user", "password", "project")}
    job = Job(gate(base64.b64decode(PLAIN)), VEHICLE, Side.BOTH)
    with requests.Session() as session:
        vendor = Vendor(Address(api.url), session=session)

        def ask() -> License:
            return vendor.read(job, Secret.model_validate(account), until=time.time() + 10)

        assert ask().fields == BOTH.fields
        later = 24 * 3600 + 1
        with pytest.raises(CredentialsRefused, match=r"APIG\.0307"):
            ask()
        assert ask().fields == BOTH.fields


# Errors.

type Case = Callable[[Bench], ServiceResponseException]


def faulted(response: requests.Response) -> ServiceResponseException:
    """What the SDK's handler of errors makes of an answer."""
    with pytest.raises(ServiceResponseException) as caught:
        DefaultExceptionHandler().handle_exception(response.request, response)
    return caught.value


def by_sdk(ask: Callable[[Bench], object]) -> Case:
    """An error that the SDK itself meets."""

    def provoke(bench: Bench) -> ServiceResponseException:
        with pytest.raises(ServiceResponseException) as caught:
            ask(bench)
        return caught.value

    return provoke


def by_hand(ask: Callable[[Bench], requests.Response]) -> Case:
    """An error that no SDK can be brought to meet."""
    return lambda bench: faulted(ask(bench))


def sealed(bench: Bench, **token: Any) -> str:
    """A token of ours that says what no login says."""
    key = tokens.key(bench.secret["password"], bench.secret["domain"])
    if not token:
        return tokens.seal(b"{}", key)
    return tokens.sealed(tokens.Token(nonce="", expires=int(time.time()) + 60, **token), key)


def cut(image: str) -> str:
    """A photo of which the header is whole, and no more."""
    return base64.b64encode(base64.b64decode(image)[:2000]).decode()


def last_of_many(bench: Bench) -> requests.Response:
    """The answer to the first login too many."""
    api = bench.serving(rates=Rates(clock=lambda: 0.0))
    return [bench.login(api=api) for _ in range(11)][-1]


def heavy(api: Api, path: str) -> requests.Response:
    """The answer to a body larger than any that is taken."""
    return requests.post(api.url + path, data=b" " * (12 * 1024 * 1024 + 1), timeout=30)


def other_apis(names: str) -> str:
    return f"cannot occur here, because it is an error of other APIs of OCR: {names}"


BEHIND = "cannot occur here, because there is no platform between gateway and engine: what fails is ModelArts.4505"
OBS = "cannot occur here, because there is no agency for OBS: its URLs are fetched as any other, see ModelArts.4603"

ERRORS: Mapping[str, Case | str] = {
    # The service.
    "AIS.0101": by_sdk(lambda bench: bench.asked(VEHICLE, bench.serving(), image=PLAIN, side="top")),
    "AIS.0102": by_sdk(lambda bench: bench.asked(VEHICLE, bench.serving(), image=picture(kind="GIF"))),
    "AIS.0103": by_sdk(lambda bench: bench.asked(VEHICLE, bench.serving(), image=picture(400, 99))),
    "AIS.0104": by_sdk(lambda bench: bench.asked(VEHICLE, picture="not-a-license", **ALL[VEHICLE])),
    "AIS.0105": by_sdk(lambda bench: bench.asked(VEHICLE, image=cut(bench.sample("vehicle-front")))),
    "AIS.0117": other_apis("a classifier or template that does not exist"),
    "AIS.0118": other_apis("the tax authority does not answer"),
    "AIS.0119": other_apis("no template matches"),
    "AIS.0120": other_apis("classification fails"),
    "AIS.0121": other_apis("a template without areas to read"),
    "AIS.0122": other_apis("two identity cards of one side; two licenses are AIS.0104"),
    # The platform.
    "ModelArts.0203": by_hand(
        lambda bench: bench.raw(api=bench.serving(), token=sealed(bench, user="another", project="sandbox"))
    ),
    "ModelArts.0212": by_hand(
        lambda bench: bench.raw(api=bench.serving(), token=bench.token({"domain": {"name": "sandbox"}}))
    ),
    "ModelArts.4101": by_hand(lambda bench: bench.raw(api=bench.serving(), token="")),
    "ModelArts.4102": by_hand(lambda bench: bench.raw(api=bench.serving(), token=sealed(bench))),
    "ModelArts.4103": by_hand(
        lambda bench: bench.raw(api=bench.serving(), token=bench.token(), path=ocr_path(VEHICLE, "another"))
    ),
    "ModelArts.4104": by_hand(lambda bench: heavy(bench.serving(), ocr_path(VEHICLE))),
    "ModelArts.4105": by_sdk(
        lambda bench: bench.sdk(bench.serving()).recognize_vehicle_license(
            model.RecognizeVehicleLicenseRequest(body='{"image": ')
        )
    ),
    "ModelArts.4106": "cannot occur here, because no account is ever restricted",
    "ModelArts.4107": "cannot occur here, because no temporary keys are made",
    "ModelArts.4201": "cannot occur here, because the path names the service: any other path is APIG.0101",
    "ModelArts.4202": "cannot occur here, because any path that is not an API's is APIG.0101",
    "ModelArts.4203": by_sdk(
        lambda bench: bench.asked(VEHICLE, client=bench.sdk(bench.serving(), project="another"), image=PLAIN)
    ),
    "ModelArts.4204": by_sdk(lambda bench: bench.asked(VEHICLE, bench.serving(credentials=Held(None)), image=PLAIN)),
    "ModelArts.4301": BEHIND,
    "ModelArts.4302": BEHIND,
    "ModelArts.4401": "cannot occur here, because too many pictures at once are APIG.0308",
    "ModelArts.4402": "cannot occur here, because no picture waits so long: the ones too many are APIG.0308 at once",
    "ModelArts.4403": BEHIND,
    "ModelArts.4502": BEHIND,
    "ModelArts.4503": BEHIND,
    "ModelArts.4504": BEHIND,
    "ModelArts.4505": by_sdk(
        lambda bench: bench.asked(VEHICLE, bench.serving(read=raises(RuntimeError("a defect"))), image=PLAIN)
    ),
    "ModelArts.4506": BEHIND,
    "ModelArts.4508": BEHIND,
    "ModelArts.4601": by_sdk(lambda bench: bench.asked(VEHICLE, bench.serving(), url="ftp://example.com/a.jpg")),
    "ModelArts.4603": by_sdk(lambda bench: bench.asked(VEHICLE, bench.serving(), url="http://127.0.0.1/a.jpg")),
    "ModelArts.4702": OBS,
    "ModelArts.4703": OBS,
    "ModelArts.4704": OBS,
    "ModelArts.4705": OBS,
    "ModelArts.4706": OBS,
    "ModelArts.6201": "cannot occur here, because nobody pays: no account is ever frozen",
    # The gateway.
    "APIG.0101": by_sdk(
        lambda bench: bench.sdk(bench.serving()).recognize_id_card(
            model.RecognizeIdCardRequest(body=model.IdCardRequestBody(image=PLAIN))
        )
    ),
    "APIG.0106": "cannot occur here, because the gateway has no rules of its own: wrong parameters are AIS.0101",
    "APIG.0201": "cannot occur here, because no gateway waits for a backend: a picture too many is APIG.0308 at once",
    "APIG.0301": by_sdk(lambda bench: bench.asked(VEHICLE, client=bench.sdk(bench.serving(), sk="wrong"), image=PLAIN)),
    "APIG.0307": by_hand(
        lambda bench: bench.raw(api=bench.serving(clock=lambda: time.time() + 90_000), token=bench.token())
    ),
    "APIG.0308": by_sdk(
        lambda bench: bench.asked(VEHICLE, bench.serving(read=raises(Busy("16 pictures wait"))), image=PLAIN)
    ),
    # The login, by HTTP status.
    "IAM": "cannot occur here, because it is the reader's word for any failed login; the statuses are below",
    "IAM.400": by_hand(lambda bench: bench.login({"auth": {}})),
    "IAM.401": by_hand(lambda bench: bench.login(bench.auth(password="wrong"))),
    "IAM.403": "cannot occur here, because whoever can log in may use all that there is",
    "IAM.404": by_hand(lambda bench: bench.login(bench.auth({"project": {"name": "cn-south-1"}}))),
    "IAM.413": by_hand(lambda bench: bench.login(b" " * 70_000)),
    "IAM.429": by_hand(last_of_many),
    "IAM.500": by_hand(lambda bench: bench.login(api=bench.serving(clock=raises(RuntimeError("a defect"))))),
    "IAM.503": by_hand(lambda bench: bench.login(api=bench.serving(credentials=Held(None)))),
}


def known_by_reader(code: str) -> bool:
    return code in Vendor.actions or code.partition(".")[0] in Vendor.actions


def test_the_table_has_every_code_that_the_reader_knows_and_the_reader_every_one_that_is_told() -> None:
    assert {code for code in Vendor.actions if code != NO_LICENSE} <= ERRORS.keys()
    assert [code for code in PROVOKED if not known_by_reader(code)] == []


def test_a_reason_is_given_for_every_error_that_the_dialect_has_no_message_for() -> None:
    assert set(PROVOKED) == {*huawei._ERRORS, *(f"IAM.{status}" for status in huawei_iam._ERRORS)}


PROVOKED = [code for code, case in ERRORS.items() if not isinstance(case, str)]


@pytest.mark.parametrize("code", PROVOKED)
def test_the_sdk_understands_every_error(code: str, bench: Bench) -> None:
    case = ERRORS[code]
    assert not isinstance(case, str)
    told = case(bench)
    assert str(told.error_code) == code.removeprefix("IAM.")
    assert told.status_code == STATUSES.get(code, 400)
    assert told.request_id
    assert len(told.error_msg) > 10
    assert not any(secret in told.error_msg for secret in bench.secret.values() if "sandbox-" in secret)


STATUSES: Mapping[str, int] = {
    **dict.fromkeys(["ModelArts.0203", "ModelArts.0212", "ModelArts.4101", "ModelArts.4102", "ModelArts.4103"], 401),
    **dict.fromkeys(["APIG.0301", "APIG.0307", "IAM.401"], 401),
    **dict.fromkeys(["ModelArts.4203", "ModelArts.4204"], 403),
    **dict.fromkeys(["APIG.0101", "IAM.404"], 404),
    "IAM.413": 413,
    **dict.fromkeys(["APIG.0308", "IAM.429"], 429),
    **dict.fromkeys(["ModelArts.4505", "IAM.500"], 500),
    "IAM.503": 503,
}


# A parameter of the wrong kind, and what the message must name.
WRONG: list[tuple[Document, object, str, str]] = [
    (VEHICLE, {"image": PLAIN, "url": "https://example.com/a.jpg"}, "AIS.0101", "`image` or `url`"),
    (VEHICLE, {}, "AIS.0101", "`image` or `url`"),
    (VEHICLE, {"image": "", "url": ""}, "AIS.0101", "`image` or `url`"),
    (VEHICLE, {"image": None, "url": None}, "AIS.0101", "`image` or `url`"),
    (VEHICLE, {"image": 12}, "AIS.0101", "`image` must be a text"),
    (VEHICLE, {"image": [PLAIN]}, "AIS.0101", "`image` must be a text"),
    (VEHICLE, {"url": {"href": "x"}}, "AIS.0101", "`url` must be a text"),
    (VEHICLE, {"image": PLAIN, "side": "Front"}, "AIS.0101", "front, back, double_side"),
    (VEHICLE, {"image": PLAIN, "side": True}, "AIS.0101", "`side` must be"),
    (DRIVING, {"image": PLAIN, "side": "both"}, "AIS.0101", "front, back, double_side"),
    *[
        (document, {"image": PLAIN, switch: value}, "AIS.0101", f"`{switch}` must be true or false")
        for document in (VEHICLE, DRIVING)
        for switch in ALL[document]
        for value in ("true", 1, 0, [True])
    ],
    (VEHICLE, {"image": "no base64!"}, "AIS.0102", "format"),
    (VEHICLE, {"image": "AAAA"}, "AIS.0102", "format"),
    (VEHICLE, {"image": "图片"}, "AIS.0102", "format"),
    (VEHICLE, {"image": "data:image/jpeg;base64," + PLAIN}, "AIS.0102", "format"),
    (VEHICLE, {"image": picture(kind="WEBP")}, "AIS.0102", "format"),
    (VEHICLE, {"image": PLAIN[:28]}, "AIS.0102", "format"),
    (VEHICLE, {"image": picture(99, 400)}, "AIS.0103", "100 to 8192"),
    (VEHICLE, {"image": picture(8193, 100, "PNG")}, "AIS.0103", "100 to 8192"),
    (VEHICLE, {"image": picture(8192, 8192, "PNG")}, "AIS.0103", "size"),
    (VEHICLE, {"image": picture(20, 20)}, "AIS.0103", "size"),
    (VEHICLE, {"image": "A" * (10 * 1024 * 1024 + 1)}, "AIS.0103", "10485760 bytes"),
    (VEHICLE, {"url": "example.com/a.jpg"}, "ModelArts.4601", "http"),
    (VEHICLE, {"url": "file:///etc/passwd"}, "ModelArts.4601", "http"),
    (VEHICLE, {"url": "https://example.com/图.jpg"}, "ModelArts.4601", "percent-encoded"),
    (VEHICLE, {"url": "https://example.com/a b"}, "ModelArts.4601", "percent-encoded"),
    (VEHICLE, {"url": "http://127.0.0.1:22/a.jpg"}, "ModelArts.4603", "URL failed"),
    (VEHICLE, {"url": "http://[::1"}, "ModelArts.4603", "URL failed"),
    (VEHICLE, b"", "ModelArts.4105", "JSON"),
    (VEHICLE, b"[]", "ModelArts.4105", "JSON"),
    (VEHICLE, b'"image"', "ModelArts.4105", "JSON"),
    (VEHICLE, b"image=abc", "ModelArts.4105", "JSON"),
    (VEHICLE, b"\xff\xfe{}", "ModelArts.4105", "JSON"),
    (VEHICLE, b'{"image": "\\ud800"}', "ModelArts.4105", "JSON"),
    (VEHICLE, b"[" * 100_000, "ModelArts.4105", "JSON"),
    (VEHICLE, b'{"a":' * 100_000, "ModelArts.4105", "JSON"),
    (VEHICLE, b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nabc\r\n--x--', "ModelArts.4105", "JSON"),
]


@pytest.mark.parametrize(("document", "body", "code", "named"), WRONG)
def test_a_request_that_cannot_be_answered_is_told_why(  # noqa: PLR0913, PLR0917 - each is one thing that varies
    document: Document, body: Any, code: str, named: str, bench: Bench, idle: Api
) -> None:
    response = bench.raw(body, document=document, api=idle)
    told = faulted(response)
    assert (told.error_code, told.status_code) == (code, 400)
    assert named in told.error_msg
    assert response.json().keys() == {"error_code", "error_msg"}
    assert response.headers["X-Request-Id"] == told.request_id


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (NotFetched("HTTP 404"), "ModelArts.4603"),
        (TooLarge("more than 7864320 bytes"), "AIS.0103"),
    ],
)
def test_a_url_that_leads_to_no_picture_in_time_is_refused(fault: Exception, code: str, bench: Bench) -> None:
    api = bench.serving(fetch=raises(fault))
    assert faulted(bench.raw({"url": "https://example.com/a.jpg"}, api=api)).error_code == code


@pytest.mark.parametrize(
    ("read", "code", "named"),
    [
        (read_as(BOTH, "wrong_side"), "AIS.0104", "`side`"),
        (read_as(BOTH, "multiple_cards"), "AIS.0104", "several cards"),
        (read_as(DRIVING_BOTH), "AIS.0104", "other kind"),
        (read_as(VEHICLE_APP), "AIS.0104", "electronic"),
        (raises(NoLicense(("blur", "not_a_license"))), "AIS.0104", "quality is poor"),
        (raises(NoLicense(("no_text", "not_a_license"))), "AIS.0104", "quality is poor"),
        (raises(ImageRejected("image_damaged", "cannot be decoded")), "AIS.0105", "Recognition failed"),
    ],
)
def test_a_picture_of_something_else_is_refused(read: Any, code: str, named: str, bench: Bench) -> None:
    told = faulted(bench.raw(api=bench.serving(read=read)))
    assert (told.error_code, named in told.error_msg) == (code, True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/sandbox/ocr/vehicle-license"),
        ("PUT", "/v2/sandbox/ocr/vehicle-license"),
        ("POST", "/v2/sandbox/ocr/vehicle-license/"),
        ("POST", "/v2//ocr/vehicle-license"),
        ("POST", "/v2/sandbox/ocr/id-card"),
        ("POST", "/v2/sandbox/ocr/VEHICLE-LICENSE"),
        ("POST", "/v2/sandbox/%2e%2e/ocr/vehicle-license"),
        ("POST", "/v2/"),
        ("GET", TOKENS_PATH),
        ("POST", "/v3/auth/projects"),
    ],
)
def test_what_is_not_served_does_not_exist(method: str, path: str, bench: Bench, idle: Api) -> None:
    response = bench.raw(api=idle, method=method, path=path)
    told = faulted(response)
    assert (told.status_code, told.error_code) == (404, "APIG.0101")
    assert response.json()["request_id"] == response.headers["X-Request-Id"]


def test_who_shows_nothing_is_told_so_before_anything_is_looked_at(idle: Api) -> None:
    response = requests.post(idle.url + ocr_path(VEHICLE), data=b"\xff", timeout=10)
    told = faulted(response)
    assert (told.error_code, "x-auth-token not found" in told.error_msg) == ("APIG.0301", True)


@pytest.mark.parametrize(
    "token", ["x", "é" * 40, "A" * 60_000, "=" * 100, "../../etc", "%00", "MIINRwYJKoZIhvcNAQcCoIINODCCDTQCAQExDTAL"]
)
def test_a_token_that_nobody_issued_is_refused(token: str, idle: Api) -> None:
    connection = HTTPConnection(idle.authority, timeout=10)
    connection.request("POST", ocr_path(VEHICLE), body=b"{}", headers={"X-Auth-Token": token.encode()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert (response.status, json.loads(body)["error_code"]) == (401, "APIG.0301")
    assert token.encode() not in body


def test_a_key_for_temporary_use_is_refused(bench: Bench, idle: Api) -> None:
    with pytest.raises(ServiceResponseException) as refused:
        bench.asked(VEHICLE, client=bench.sdk(idle, security_token="temporary"), image=PLAIN)
    assert (refused.value.error_code, "temporary" in refused.value.error_msg) == ("APIG.0301", True)


def test_another_project_in_the_header_is_refused(bench: Bench, idle: Api) -> None:
    assert faulted(bench.raw(api=idle, headers={"X-Project-Id": "other"})).error_code == "ModelArts.4203"
    told = faulted(bench.raw(api=idle, token=bench.token(), headers={"X-Project-Id": "other"}))
    assert told.error_code == "ModelArts.4203"


def test_the_sdk_without_a_project_is_told_that_it_has_none_here(bench: Bench, idle: Api) -> None:
    """It sends the path's placeholder as it stands."""
    with pytest.raises(ServiceResponseException) as refused:
        bench.asked(VEHICLE, client=bench.sdk(idle, project=None), image=PLAIN)
    assert refused.value.error_code == "ModelArts.4203"


LOGINS: list[tuple[Callable[[Bench], object], int, str]] = [
    (lambda _: b"", 400, "JSON"),
    (lambda _: b"[]", 400, "JSON"),
    (lambda _: b"[" * 50_000, 400, "JSON"),
    (lambda _: b"\xff", 400, "JSON"),
    (lambda _: {}, 400, "`auth`"),
    (lambda _: {"auth": None}, 400, "`auth`"),
    (lambda bench: changed(bench, methods=["token"]), 400, "methods"),
    (lambda bench: changed(bench, methods=["password", "totp"]), 400, "methods"),
    (lambda bench: changed(bench, methods="password"), 400, "`auth.identity.methods`"),
    (lambda bench: changed(bench, password={"user": {"name": "sandbox"}}), 400, "user.password"),
    (lambda bench: bench.auth(password=12), 400, "`auth.identity.password.user.password`"),  # type: ignore[arg-type]
    (lambda bench: bench.auth({}), 400, "`auth.scope`"),
    (lambda bench: bench.auth({"project": {"name": "cn-north-4"}, "domain": {"name": "sandbox"}}), 400, "`auth.scope`"),
    (lambda bench: bench.auth({"project": "cn-north-4"}), 400, "`auth.scope.project`"),
    (lambda bench: bench.auth({"project": {}}), 404, "project"),
    (lambda bench: bench.auth({"project": {"name": "cn-north-1"}}), 404, "project"),
    (lambda bench: bench.auth({"project": {"id": "cn-north-4"}}), 404, "project"),
    (lambda bench: bench.auth({"project": {"id": "sandbox", "name": "cn-north-1"}}), 404, "project"),
    (lambda bench: bench.auth({"domain": {"name": "another"}}), 404, "domain"),
    (lambda bench: bench.auth({"project": {"name": "cn-north-1"}}, password="x"), 401, "password"),
]


def changed(bench: Bench, **identity: object) -> Any:
    """A login with something else in its identity."""
    body = bench.auth()
    body["auth"]["identity"] |= identity
    return body


@pytest.mark.parametrize(("body", "status", "named"), LOGINS)
def test_a_login_that_cannot_be_is_told_why(
    body: Callable[[Bench], object], status: int, named: str, bench: Bench
) -> None:
    response = bench.login(body(bench), api=bench.serving())
    told = response.json()["error"]
    assert (response.status_code, told["code"]) == (status, status)
    assert told.keys() == {"code", "message", "title"}
    assert named in told["message"]
    assert response.headers["X-Request-Id"]
    assert TOKEN_HEADER not in response.headers


@pytest.mark.parametrize("path", [ocr_path(VEHICLE), TOKENS_PATH, "/v3/auth/projects"])
@pytest.mark.parametrize("befallen", list(Trouble))
def test_every_trouble_has_an_answer_that_the_reader_understands(befallen: Trouble, path: str) -> None:
    request = Request("POST", path, "", {}, b"", "request-1")
    response = spoken(request).trouble(befallen, request)
    told = json.loads(response.body)
    assert response.headers["X-Request-Id"] == "request-1"
    if path == TOKENS_PATH:
        assert told["error"]["code"] == response.status
        assert f"IAM.{response.status}" in Vendor.actions or response.status in {401, 413}
    else:
        assert told["error_code"] in Vendor.actions


@pytest.mark.parametrize("path", [ocr_path(VEHICLE), TOKENS_PATH])
def test_a_body_that_is_too_large_is_told_so_at_once(path: str, idle: Api) -> None:
    response = heavy(idle, path)
    assert faulted(response).error_code == ("ModelArts.4104" if path != TOKENS_PATH else 413)


def test_the_dialect_itself_takes_no_more_than_the_gateway(bench: Bench) -> None:
    request = Request("POST", ocr_path(VEHICLE), "", {}, b" " * (12 * 1024 * 1024 + 1), "request-1")
    assert json.loads(huawei.answer(request, bench.service).body)["error_code"] == "ModelArts.4104"


# Whatever is sent.

words = st.sampled_from(
    [
        *("image", "url", "side", "front", "alarm", "return_text_location", "auth", "identity", "methods", "password"),
        *("user", "name", "domain", "scope", "project", "id", "sandbox", "", PLAIN, "https://example.com", "\ud83d"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
bodies = st.binary(max_size=80) | values.map(lambda value: json.dumps(value).encode())
odd = st.text(st.characters(max_codepoint=255), max_size=60)
dates = odd | st.just("20260101T000000Z")
authorizations = odd | st.builds("SDK-HMAC-SHA256 Access={}, SignedHeaders={}, Signature={}".format, odd, odd, odd)
headers = st.fixed_dictionaries(
    {},
    optional={
        "authorization": authorizations,
        "x-auth-token": odd | st.just("good"),
        "x-sdk-date": dates,
        "x-sdk-content-sha256": odd,
        "x-project-id": odd,
        "host": odd,
    },
)
targets = st.sampled_from([ocr_path(VEHICLE), ocr_path(DRIVING), TOKENS_PATH]) | odd.map("/v2/{}".format)


@given(path=targets, query=odd, headers=headers, body=bodies)
def test_whatever_is_sent_the_answer_is_a_license_or_a_documented_error(
    path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    secret = {"access_key": "key", "secret_key": "secret", "project_id": "sandbox"}
    secret |= {"domain": "sandbox", "user": "sandbox", "password": "sandbox", "project": "cn-north-4"}
    if headers.get("x-auth-token") == "good":
        user = tenants.id_of("user", "sandbox", "sandbox")
        token = tokens.Token(user=user, project="sandbox", expires=2, nonce="")
        headers = {"x-auth-token": tokens.sealed(token, tokens.key("sandbox", "sandbox"))}
    service = Service(
        read=read_as(BOTH), credentials=Held(secret), fetch=raises(NotFetched("nothing")), clock=lambda: 1.0
    )
    request = Request("POST", path, query, headers, body, "request-1")
    response = spoken(request).answer(request, service)
    told = json.loads(response.body)
    assert response.headers["X-Request-Id"] == "request-1"
    if response.status in {200, 201}:
        assert told.keys() in ({"result"}, {"token"})
        return
    if spoken(request) is huawei:
        assert huawei._ERRORS[told["error_code"]][0] == response.status
        assert told["error_code"] in PROVOKED
    else:
        assert told["error"]["code"] == response.status
        assert f"IAM.{response.status}" in PROVOKED


# What the documents and the SDKs have, and whether it is here.

PARAMETERS: Mapping[str, str] = {
    **dict.fromkeys(
        [
            *("endpoint", "project_id", "X-Auth-Token", "Content-Type", "Enterprise-Project-Id"),
            *("Authorization", "Host", "X-Sdk-Date", "X-Project-Id", "X-Sdk-Content-Sha256"),
        ],
        "works",
    ),
    "X-Security-Token": "cannot occur here, because it is of a temporary key, and there are none: it is refused",
    **{f"{PATHS[document]}: {name}": "works" for document in Document for name in ("image", "url", "side")},
    **{f"{PATHS[document]}: {name}": "works" for document in Document for name in ALL[document]},
    **dict.fromkeys(
        [
            *("login: nocatalog", "login: auth", "login: auth.identity", "login: auth.identity.methods"),
            *("login: auth.identity.password", "login: auth.identity.password.user"),
            *("login: auth.identity.password.user.name", "login: auth.identity.password.user.password"),
            *("login: auth.identity.password.user.domain", "login: auth.identity.password.user.domain.name"),
            *("login: auth.scope", "login: auth.scope.project", "login: auth.scope.project.id"),
            *("login: auth.scope.project.name", "login: auth.scope.domain", "login: auth.scope.domain.id"),
            "login: auth.scope.domain.name",
        ],
        "works",
    ),
}


def members(module: Any, shape: type[Any], prefix: str) -> list[str]:
    """Every member of an SDK's model, and of the models in it, by the names on the wire."""
    found = []
    for attribute, kind in shape.openapi_types.items():
        name = f"{prefix}{shape.attribute_map[attribute]}"
        found.append(name)
        inner = getattr(module, kind.removeprefix("list[").removesuffix("]"), None)
        if inner is not None:
            found += members(module, inner, f"{name}.")
    return found


RESULTS = [
    name for document in Document for name in members(model, MODELS[document].result, f"{PATHS[document]}: result.")
]
TOKEN = members(iam, iam.TokenResult, "login: token.")

NO_SCORES = "cannot occur here, because the engine tells whether, not how surely"
NOT_READ = "cannot occur here, because the engine does not read it: the name is there and empty"
FLAT = "cannot occur here, because only electronic licenses have it, and those are told flat"
NOT_PRINTED = "cannot occur here, because a side page of paper does not show it: the name is there and empty"
NO_CATALOG = "cannot occur here, because the service does not know its own address: the catalog is empty"


def _cannot() -> dict[str, str]:
    cannot = {name: NO_SCORES for name in RESULTS if "alarm_confidence" in name}
    cannot["vehicle-license: result.mandatory_scrapping_date"] = NOT_READ
    for name in ("status", "accumulated_scores", "generation_date", "current_time", "file_number"):
        cannot[f"driver-license: result.front.{name}"] = FLAT
    for name in ("address", "issuing_authority"):
        cannot[f"driver-license: result.back.{name}"] = NOT_PRINTED
    return cannot | {name: NO_CATALOG for name in TOKEN if ".catalog" in name}


FIELDS: Mapping[str, str] = {
    **dict.fromkeys(["X-Request-Id", "error_code", "error_msg", "request_id"], "works"),
    **dict.fromkeys([*RESULTS, "login: X-Subject-Token", *TOKEN], "works"),
    **dict.fromkeys(["login: error.code", "login: error.message", "login: error.title"], "works"),
    "login: token.user.password_expires_at": "cannot occur here, because the password never expires: the text is empty",
    **_cannot(),
}


def told_in(value: object, prefix: str) -> set[str]:
    """The members of a JSON value in which something stands."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {prefix} | {name for each in value for name in told_in(each, prefix)}
    if not isinstance(value, dict) or prefix.endswith("text_location"):
        return {prefix} if value not in ("", [], {}, None) else set()
    inner = {name for key, each in value.items() for name in told_in(each, f"{prefix}.{key}")}
    return inner | {prefix} if inner else set()


def test_every_field_that_works_is_told_and_no_other(bench: Bench) -> None:
    told: set[str] = set()
    licenses = [
        *(BOTH, license_of(VEHICLE, Side.FRONT), license_of(VEHICLE, Side.BACK), VEHICLE_APP),
        *(DRIVING_BOTH, license_of(DRIVING, Side.FRONT), license_of(DRIVING, Side.BACK), DRIVING_APP),
    ]
    for license_ in licenses:
        side = "double_side" if license_.side is Side.BOTH else str(license_.side)
        name = PATHS[license_.document]
        told |= told_in(result(bench, license_, side=side, **ALL[license_.document]), f"{name}: result")
    for scope in ({"project": {"id": "sandbox"}}, None):
        told |= told_in(bench.login(bench.auth(scope)).json()["token"], "login: token")
    told -= {"vehicle-license: result", "driver-license: result", "login: token"}
    assert told == {name for name in [*RESULTS, *TOKEN] if FIELDS[name] == "works"}


def test_the_engine_reads_none_of_what_is_said_to_be_unread() -> None:
    for document, rows in reading._COLUMNS.items():
        front, back, aside = TABLES[document]
        unread_ = {row.source for row in (*front, *back, *aside)} - {
            row.source for row in (*front, *back, *aside) if row.name in {column.name for column in rows}
        }
        prefix = f"{PATHS[document]}: result."
        assert {prefix + name for name in unread_} == {
            name for name in RESULTS if FIELDS[name] == NOT_READ and name.startswith(prefix)
        }


def test_the_tables_have_every_parameter_of_the_sdks() -> None:
    asked = [name for document in Document for name in members(model, MODELS[document].body, f"{PATHS[document]}: ")]
    asked += members(iam, iam.KeystoneCreateUserTokenByPasswordRequestBody, "login: ")
    assert set(asked) <= PARAMETERS.keys()
