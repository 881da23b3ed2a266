"""Tencent's first image API as its callers see it: signed and posted by qcloud-image, whose own parts are the judge.

That client has no call for this API, so its `Auth` signs and its `Http` posts, both unpatched, as its calls of other
APIs do. Requests that it would not send are signed by the reader's functions.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
import re
import time
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from qcloud_image.auth import Auth
from qcloud_image.http import Http
from tests.dialects.conftest import png, raises, send, unread

from credentials import NoCredentials
from dialects import tencent_legacy
from exchange import Request
from license_reader.errors import (
    CredentialsRefused,
    DocumentRefused,
    RequestRefused,
    SizeRefused,
    Throttled,
    Unavailable,
    VendorError,
)
from license_reader.flags import Flag
from license_reader.image import gate
from license_reader.license import (
    Dimensions,
    Document,
    DrivingLicense,
    Inspection,
    License,
    Side,
    VehicleLicense,
    empty,
)
from license_reader.signing import legacy_authorization
from license_reader.vendors._base import NO_LICENSE, Address, Job
from license_reader.vendors.embedded import PATH as NATIVE
from license_reader.vendors.tencent_legacy import COLUMNS, PATH, TYPES, AppKey, OverJson, Vendor
from service import Busy, NoLicense, NotFetched, Rates, Service, TooLarge, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pydantic import BaseModel
    from tests.dialects.conftest import Api, Serve

    from license_ocr.sandbox import Secrets

    type Read = Callable[..., License]

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PAGES = {number: page for page, number in TYPES.items()}


# Asking.


def encoded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


SMALL = png(100, 100)
ENCODED = encoded(SMALL)


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

    def reading(self, license_: License) -> Api:
        """A server that sees this license in every picture."""
        return self.serving(read=lambda *_: license_)

    def signature(self, *, bucket: str | None = None, **wrong: str) -> bytes:
        """The Authorization that the official client makes, with something wrong in its key."""
        key = dict(self.key) | wrong
        signed: bytes = Auth(key["appid"], key["secret_id"], key["secret_key"]).get_sign(
            self.key["bucket"] if bucket is None else bucket, 600
        )
        return signed

    def signed(self, text: str) -> str:
        """The Authorization of any text, `{a}`, `{b}` and `{k}` filled in."""
        filled = text.format(a=self.key["appid"], b=self.key["bucket"], k=self.key["secret_id"])
        return legacy_authorization(self.key["secret_key"], filled)

    def ask(
        self,
        changes: Mapping[str, object] = MappingProxyType({}),
        *,
        api: Api | None = None,
        authorization: str | bytes | None = None,
        body: bytes | None = None,
    ) -> requests.Response:
        """The answer to a signed request in JSON; a parameter changed to None is left out."""
        told = {"appid": self.key["appid"], "bucket": self.key["bucket"], "type": 0, "image": ENCODED} | dict(changes)
        parameters = {name: value for name, value in told.items() if value is not None}
        headers = {
            "Content-Type": "application/json",
            "Authorization": self.signature() if authorization is None else authorization,
        }
        data = json.dumps(parameters).encode() if body is None else body
        return send(requests.Request("POST", (api or self.api).url + PATH, data=data, headers=headers))

    def post(self, image: bytes, number: int, **other: str) -> Any:
        """What the official client makes of the answer to a form, put together as it does: each text as a file."""
        files = {"appid": self.key["appid"], "bucket": self.key["bucket"], "type": str(number)} | other
        headers = {"Host": "recognition.image.myqcloud.com", "Authorization": self.signature()}
        return Http.post(
            self.api.url + PATH, headers=headers, files={**files, "image": ("image.jpg", image)}, timeout=30
        )

    def sample(self, name: str) -> bytes:
        return (self.samples / name).read_bytes()

    def vendor(self, image: bytes, *, number: int = 0, api: Api | None = None, **made: Any) -> License:
        """What the reader's own vendor makes of the answer; `made` says which class and what is wrong with its key."""
        with requests.Session() as session:
            session.trust_env = False
            vendor = made.pop("kind", Vendor)(Address((api or self.api).url), session=session)
            key = AppKey.model_validate(dict(self.key) | made)
            read: License = vendor.read(Job(gate(image), *PAGES[number]), key, until=time.time() + 30)
            return read


@pytest.fixture(scope="module")
def bench(serve: Serve, service: Service, secrets: Secrets, samples: Path) -> Bench:
    return Bench(serve(service), serve, service, secrets["tencent_legacy"], samples)


def nobodys[S: BaseModel](vendor: str, shape: type[S]) -> S:
    raise NoCredentials(f"nothing for {vendor} in the shape of {shape}")


def code(answer: requests.Response) -> int:
    told: int = answer.json()["code"]
    return told


VEHICLE = VehicleLicense(
    plate_no="京A12345",
    vehicle_type="小型轿车",
    owner="张三",
    address="北京市海淀区学府路1号",
    use_character="非营运",
    brand_model="丰田牌TV7160",
    vin="LBVXXXXX",
    engine_no="B09123",
    register_date=dt.date(2011, 6, 2),
    issue_date=dt.date(2012, 7, 3),
    issuing_authority="北京市公安局交通警察支队",
    back_plate_no="京A54321",
    file_no="110000000001",
    passengers_text="驾驶室2人",
    gross_mass_kg=2500,
    curb_mass_kg=1880,
    rated_load_kg=500,
    towing_mass_kg=3000,
    dimensions=Dimensions(length_mm=4855, width_mm=1925, height_mm=1720),
    remarks="道路运输车辆",
    inspection=Inspection(text="检验有效期至2012年04月京A", valid_until="2012-04", station="京A"),
    barcode="4378591503109",
)
DRIVING = DrivingLicense(
    license_no="990101199005033256",
    name="张三",
    sex="男",
    nationality="中国",
    address="北京市海淀区学府路1号",
    birth_date=dt.date(1990, 5, 3),
    first_issue_date=dt.date(2014, 12, 25),
    vehicle_classes=("A2", "D"),
    valid_from=dt.date(2014, 12, 25),
    long_term=True,
    issuing_authority="北京市公安局交通管理局",
    file_no="110000000002",
)
WHOLE: Mapping[int, License] = {
    number: License(document=document, side=side, fields=DRIVING if number == 1 else VEHICLE)
    for number, (document, side) in PAGES.items()
}


def of(license_: License, side: Side) -> License:
    """The same license as if its picture had shown this side."""
    return license_.model_copy(update={"side": side})


# What the documents have.


PARAMETERS: Mapping[str, str] = {
    "host": "works",
    "content-length": "works",
    "content-type": "works",
    "authorization": "works",
    "authorization: a": "works",
    "authorization: b": "works",
    "authorization: k": "works",
    "authorization: e": "works",
    "authorization: t": "works",
    "authorization: r": "works",
    "authorization: u": "works",
    "authorization: f": "works",
    "appid": "works",
    "bucket": "works",
    "type": "works",
    "image": "works",
    "url": "works",
}

FIELDS: Mapping[str, str] = {
    "code": "works",
    "message": "works",
    "data.session_id": "works",
    "data.items": "works",
    "item": "works",
    "itemstring": "works",
    "itemconf": "works",
    "itemcoord.x": "works",
    "itemcoord.y": "works",
    "itemcoord.width": "works",
    "itemcoord.height": "works",
    "车牌号码 (type 0)": "works",
    "车辆类型 (type 0)": "works",
    "所有人 (type 0)": "works",
    "住址 (type 0)": "works",
    "使用性质 (type 0)": "works",
    "品牌型号 (type 0)": "works",
    "识别代码 (type 0)": "works",
    "发动机号 (type 0)": "works",
    "注册日期 (type 0)": "works",
    "发证日期 (type 0)": "works",
    "证号 (type 1)": "works",
    "姓名 (type 1)": "works",
    "性别 (type 1)": "works",
    "国籍 (type 1)": "works",
    "住址 (type 1)": "works",
    "出生日期 (type 1)": "works",
    "领证日期 (type 1)": "works",
    "准驾车型 (type 1)": "works",
    "起始日期 (type 1)": "works",
    "有效日期 (type 1)": "works",
    "红章 (type 1)": "works",
    "号牌号码 (type 2)": "works",
    "车牌号码 (type 2)": "cannot occur here, because the page's plate is told once, by the name that is printed there",
    "档案编号 (type 2)": "works",
    "核定载人数 (type 2)": "works",
    "总质量 (type 2)": "works",
    "整备质量 (type 2)": "works",
    "核定载质量 (type 2)": "works",
    "准牵引总质量 (type 2)": "works",
    "外廓尺寸 (type 2)": "works",
    "备注 (type 2)": "works",
    "检验记录 (type 2)": "works",
}


@dataclass(frozen=True)
class Case:
    """How an error is provoked, and the status that it comes with."""

    ask: Callable[[Bench], requests.Response]
    status: int = 400


ERRORS: Mapping[str, Case | str] = {
    "3": Case(lambda bench: bench.ask(body=b"no JSON")),
    "4": Case(lambda bench: bench.ask(authorization="")),
    "5": Case(lambda bench: bench.ask(authorization="no signature")),
    "6": Case(lambda bench: bench.ask({"appid": "1259999999"})),
    "9": Case(lambda bench: bench.ask(api=bench.serving(clock=lambda: time.time() + 3600))),
    "10": Case(lambda bench: bench.ask(authorization=bench.signature(appid="1259999999"))),
    "11": Case(lambda bench: bench.ask(authorization=bench.signature(secret_id="another"))),
    "12": "cannot occur here, because a service has one appid and one key: any other of either is told as 10 or 11",
    "13": "cannot occur here, because recognition takes signatures for many uses; one for a single use is told as 9",
    "14": Case(lambda bench: bench.ask(authorization=bench.signature(secret_key="another"))),
    "15": Case(lambda bench: bench.ask(api=bench.serving(read=raises(Busy("16 pictures wait"))))),
    "16": Case(lambda bench: bench.ask({"bucket": None}, authorization=bench.signature(bucket="another"))),
    "21": Case(lambda bench: bench.ask({"appid": ["1250000000"]})),
    "23": Case(lambda bench: bench.ask(body=b" " * (tencent_legacy.MAX_BODY + 1))),
    "24": "cannot occur here, because whoever has the key may ask for all that this API has",
    "25": "cannot occur here, because nothing is bought: there is no quota to use up",
    "107": "cannot occur here, because no other service verifies signatures; a missing key is told as 108",
    "108": Case(lambda bench: bench.ask(api=bench.serving(credentials=nobodys)), status=503),
    "213": Case(lambda bench: bench.ask(api=bench.serving(read=raises(RuntimeError("broken")))), status=500),
    "-1102": Case(lambda bench: bench.ask({"image": encoded(b"no picture")})),
    "-1300": Case(lambda bench: bench.ask({"image": None})),
    "-1301": Case(lambda bench: bench.ask({"type": None})),
    "-1304": Case(lambda bench: bench.ask({"url": "http://" + "x" * tencent_legacy.MAX_TEXT})),
    "-1308": Case(lambda bench: bench.ask({"url": "http://127.0.0.1/x.jpg"})),
    "-9001": Case(lambda bench: bench.ask({"type": 3})),
    "-9002": Case(lambda bench: bench.ask(api=bench.serving(read=raises(NoLicense(("not_a_license",)))))),
    "-9005": Case(lambda bench: bench.ask({"image": encoded(b"GIF89a" + bytes(99))})),
    "-9006": Case(lambda bench: bench.ask({"image": encoded(png(9999, 9999))})),
}
PROVOKED = {told: case for told, case in ERRORS.items() if isinstance(case, Case)}


@pytest.mark.parametrize("told", PROVOKED)
def test_every_error_is_told_as_documented(told: str, bench: Bench) -> None:
    case = PROVOKED[told]
    answer = case.ask(bench)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (case.status, int(told))
    assert answer.headers["Content-Type"] == "application/json"
    assert set(body) == {"code", "message", "data"}
    assert body["message"]
    assert set(body["data"]) == {"session_id"}
    assert UUID.fullmatch(body["data"]["session_id"])


def test_every_code_that_the_reader_knows_is_provoked_or_cannot_occur() -> None:
    assert set(Vendor.actions) - {NO_LICENSE} == set(ERRORS)


# The answer.


def test_the_official_client_reads_a_main_page(bench: Bench) -> None:
    told = bench.post(bench.sample("vehicle-front.jpg"), 0)
    assert (told["httpcode"], told["code"], told["message"]) == (200, 0, "OK")
    assert UUID.fullmatch(told["data"]["session_id"])
    assert {item["item"]: item["itemstring"] for item in told["data"]["items"]} == {
        "车牌号码": "川AB10443",
        "车辆类型": "小型轿车",
        "所有人": "成都华诚建筑工程有限公司",
        "住址": "四川省成都市双流区和平巷128号枫林雅居9栋1单元2001室",
        "使用性质": "预约出租客运",
        "品牌型号": "比亚迪牌BYD7009BEVJ1",
        "识别代码": "LGXVW9N314V472344",
        "发动机号": "21EL8G",
        "注册日期": "2018-12-28",
        "发证日期": "2021-02-27",
    }


def test_the_official_client_reads_a_driving_license(bench: Bench) -> None:
    told = bench.post(bench.sample("driving-front.jpg"), 1)
    assert {item["item"]: item["itemstring"] for item in told["data"]["items"]} == {
        "证号": "990263196404219715",
        "姓名": "曾彪",
        "性别": "男",
        "国籍": "中国",
        "住址": "福建省厦门市思明区科技园路243号书香门第23栋2单元2606室",
        "出生日期": "1964-04-21",
        "领证日期": "1983-09-13",
        "准驾车型": "A2",
        "起始日期": "1989-09-13",
        "有效日期": "6年",
        "红章": "福建省厦门市公安局交通警察支队",
    }


def test_every_item_is_shaped_as_in_the_documents_sample(bench: Bench) -> None:
    items = bench.post(bench.sample("driving-front.jpg"), 1)["data"]["items"]
    assert len(items) == 11
    for item in items:
        assert list(item) == ["item", "itemcoord", "itemconf", "itemstring"]
        assert list(item["itemcoord"]) == ["x", "y", "width", "height"]
        assert all(type(number) is int and number >= 0 for number in item["itemcoord"].values())
        assert 0.0 <= item["itemconf"] <= 1.0


def test_the_side_page_is_told_by_the_names_printed_on_it_and_from_a_picture_of_both(bench: Bench) -> None:
    told = bench.post(bench.sample("vehicle-both.jpg"), 2)
    assert {item["item"]: item["itemstring"] for item in told["data"]["items"]} == {
        "号牌号码": "闽DX9849",
        "档案编号": "732938032058",
        "核定载人数": "5人",
        "总质量": "1690kg",
        "整备质量": "1270kg",
        "外廓尺寸": "4620×1780×1498mm",
        "备注": "道路运输车辆",
        "检验记录": "检验有效期至2013年04月闽D",
    }


@pytest.mark.parametrize("number", COLUMNS)
def test_every_item_of_the_document_is_told_where_it_was_read(number: int, bench: Bench) -> None:
    items = bench.ask({"type": number}, api=bench.reading(WHOLE[number])).json()["data"]["items"]
    served = {name for name, answer in FIELDS.items() if answer == "works"}
    assert {f"{item['item']} (type {number})" for item in items} == {
        name for name in served if name.endswith(f"(type {number})")
    }
    assert {f"{column.source} (type {number})" for column in COLUMNS[number]} <= set(FIELDS)
    assert len(items) == len({item["item"] for item in items})


def test_of_both_pages_each_has_its_own_plate(bench: Bench) -> None:
    both, alone = of(WHOLE[0], Side.BOTH), of(WHOLE[0], Side.BACK)
    front = bench.ask({"type": 0}, api=bench.reading(both)).json()["data"]["items"]
    back = bench.ask({"type": 2}, api=bench.reading(both)).json()["data"]["items"]
    assert front[0] == {"item": "车牌号码", "itemstring": "京A12345"}
    assert back[0] == {"item": "号牌号码", "itemstring": "京A54321"}
    back_alone = bench.ask({"type": 2}, api=bench.reading(alone)).json()["data"]["items"]
    assert back_alone[0] == {"item": "号牌号码", "itemstring": "京A12345"}


def test_what_was_not_read_is_no_item(bench: Bench) -> None:
    seen = License(document=Document.VEHICLE_LICENSE, side=Side.FRONT, fields=VehicleLicense(owner="张三"))
    assert bench.ask(api=bench.reading(seen)).json()["data"]["items"] == [{"item": "所有人", "itemstring": "张三"}]
    nothing = empty(Document.VEHICLE_LICENSE, Side.FRONT)
    assert bench.ask(api=bench.reading(nothing)).json()["data"]["items"] == []


def test_a_place_is_the_upright_rectangle_around_the_engines_box(bench: Bench) -> None:
    seen = License(
        document=Document.VEHICLE_LICENSE,
        side=Side.FRONT,
        fields=VehicleLicense(owner="张三"),
        boxes={"owner": ((-0.5, 20.2), (99.1, 10.9), (100.3, 40.0), (2.0, 48.8))},
        confidence={"owner": 0.75},
    )
    assert bench.ask(api=bench.reading(seen)).json()["data"]["items"] == [
        {
            "item": "所有人",
            "itemcoord": {"x": 0, "y": 10, "width": 101, "height": 39},
            "itemconf": 0.75,
            "itemstring": "张三",
        }
    ]


def test_what_is_no_license_is_not_recognized(bench: Bench) -> None:
    told = bench.post(bench.sample("not-a-license.jpg"), 0)
    assert (told["httpcode"], told["code"]) == (400, -9002)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(of(WHOLE[0], Side.BACK), id="the other page"),
        pytest.param(WHOLE[1], id="the other document"),
        pytest.param(WHOLE[0].flagged(Flag.of("wrong_side", "embedded")), id="flagged"),
        pytest.param(WHOLE[0].flagged(Flag.of("multiple_cards", "embedded")), id="two cards"),
    ],
)
def test_a_page_that_was_not_asked_for_is_not_recognized(seen: License, bench: Bench) -> None:
    assert code(bench.ask(api=bench.reading(seen))) == -9002


# The signature.


NOW = 1_700_000_000
TEXT = "a={{a}}&b={{b}}&k={{k}}&e={e}&t={t}&r={r}&f="


@pytest.mark.parametrize(
    ("expires", "issued", "told"),
    [
        (NOW, NOW - 1, 0),
        (NOW - 1, NOW - 600, 9),
        (NOW + 600, NOW, 0),
        (NOW + 600, NOW + 300, 0),
        (NOW + 600, NOW + 301, 9),
        (NOW + 60, NOW + 60, 9),
        (NOW + 60, NOW + 70, 9),
        (NOW + 92 * 86400, NOW, 0),
        (NOW + 92 * 86400 + 1, NOW, 9),
        (NOW + 600.5, NOW - 0.25, 0),
        (0, NOW, 9),
        (999_999_999_999, NOW, 9),
    ],
)
def test_a_signature_is_good_for_its_time_alone(expires: float, issued: float, told: int, bench: Bench) -> None:
    api = bench.serving(read=lambda *_: WHOLE[0], clock=lambda: float(NOW))
    assert code(bench.ask(api=api, authorization=bench.signed(TEXT.format(e=expires, t=issued, r=1)))) == told


@pytest.mark.parametrize(
    "text",
    [
        "a={a}&b={b}&k={k}&e={e}&t={t}&r=1&u=0&f=",
        "a={a}&b={b}&k={k}&t={t}&e={e}&r=2147483647",
        "a={a}&k={k}&e={e}&t={t}&r=1",
        "a={a}&b=&k={k}&e={e}&t={t}&r=1&f=",
    ],
)
def test_a_text_may_have_its_parts_in_any_order_and_the_relics(text: str, bench: Bench) -> None:
    api = bench.reading(WHOLE[0])
    times = {"e": str(int(time.time()) + 600), "t": str(int(time.time()))}
    filled = functools.reduce(lambda made, part: made.replace(f"{{{part[0]}}}", part[1]), times.items(), text)
    assert code(bench.ask(api=api, authorization=bench.signed(filled))) == 0


def test_a_signature_may_be_used_many_times(bench: Bench) -> None:
    signature, api = bench.signature(), bench.reading(WHOLE[0])
    assert [code(bench.ask(api=api, authorization=signature)) for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a={a}",
        "a={a}&b={b}&k={k}&e=9999999999&t=1&r=1&f=&x=1",
        "a={a}&b={b}&k={k}&e=9999999999&t=1&r=1&f=&a={a}",
        "a={a}&b={b}&k={k}&e=tomorrow&t=1&r=1&f=",
        "a={a}&b={b}&k={k}&e=9999999999&t=-1&r=1&f=",
        "a={a}&b={b}&k={k}&e=9999999999&t=１&r=1&f=",
        "a={a}&b={b}&k={k}&e=9999999999999999999999&t=1&r=1&f=",
        "a={a}&b={b}&k={k}&e=9999999999&t=1&r=12345678901&f=",
        "a={a}&b={b}&k={k}&e=9999999999&t=1&r=&f=",
    ],
)
def test_a_text_that_is_not_of_its_form_is_no_signature(text: str, bench: Bench) -> None:
    assert code(bench.ask(authorization=bench.signed(text))) == 5


@pytest.mark.parametrize("header", ["x", "====", "YQ", encoded(b"\xff" * 40), "é", "Basic eDp5"])
def test_a_header_that_is_none_is_no_signature(header: str, bench: Bench) -> None:
    assert code(bench.ask(authorization=header.encode("latin-1"))) == 5


def test_a_signature_that_is_bound_to_a_file_is_not_for_this(bench: Bench) -> None:
    now = int(time.time())
    bound = TEXT.format(e=now + 600, t=now, r=1) + "photo.jpg"
    assert code(bench.ask(authorization=bench.signed(bound))) == 6


@pytest.mark.parametrize(
    ("signed", "asked", "told"),
    [
        ("sandbox", "sandbox", 0),
        ("sandbox", None, 0),
        ("sandbox", "", 0),
        ("", "sandbox", 0),
        ("", None, 0),
        ("sandbox", "another", 6),
        ("another", "sandbox", 6),
        ("another", "another", 16),
        ("", "another", 16),
        ("another", None, 16),
    ],
)
def test_a_bucket_is_compared_where_one_is_told(signed: str, asked: str | None, told: int, bench: Bench) -> None:
    api = bench.reading(WHOLE[0])
    assert code(bench.ask({"bucket": asked}, api=api, authorization=bench.signature(bucket=signed))) == told


# The request.


@pytest.mark.parametrize("appid", ["1250000000", 1250000000])
@pytest.mark.parametrize("number", [0, "0"])
def test_appid_and_type_may_be_numbers_or_texts(appid: object, number: object, bench: Bench) -> None:
    assert code(bench.ask({"appid": appid, "type": number}, api=bench.reading(WHOLE[0]))) == 0


@pytest.mark.parametrize(
    ("number", "told"), [(-1, -9001), ("x", -9001), ("00", -9001), ("", -1301), (0.0, 21), (True, 21)]
)
def test_a_type_that_there_is_not_is_told(number: object, told: int, bench: Bench) -> None:
    assert code(bench.ask({"type": number})) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"appid": None}, -1301),
        ({"appid": ""}, -1301),
        ({"type": None}, -1301),
        ({"appid": "1" * 5000}, -1304),
        ({"bucket": "x" * 5000}, -1304),
        ({"image": ""}, -1300),
        ({"image": "", "url": ""}, -1300),
        ({"image": "no base64"}, -1102),
        ({"image": "图"}, -1102),
        ({"image": 1}, 21),
        ({"url": ["http://x/"]}, 21),
        ({"url": "ftp://127.0.0.1/x.jpg"}, -1308),
        ({"image": encoded(png(20, 20))}, -9005),
        ({"image": encoded(SMALL[:20])}, -1102),
        ({"image": ENCODED}, -1102),  # the engine finds no pixels behind its header
    ],
)
def test_what_is_wrong_with_a_parameter_has_a_code(changes: dict[str, object], told: int, bench: Bench) -> None:
    assert code(bench.ask(changes)) == told


def test_parameters_that_the_document_does_not_have_are_let_pass(bench: Bench) -> None:
    assert code(bench.ask({"seq": "1"}, api=bench.reading(WHOLE[0]))) == 0


def test_a_url_goes_before_an_image_and_is_fetched_up_to_six_megabytes(bench: Bench) -> None:
    fetched: list[tuple[str, int]] = []

    def fetch(url: str, *, max_bytes: int) -> bytes:
        fetched.append((url, max_bytes))
        return SMALL

    api = bench.serving(read=lambda *_: WHOLE[0], fetch=fetch)
    url = "http://test-123456.image.myqcloud.com/test.jpg"
    assert code(bench.ask({"image": "no base64", "url": url}, api=api)) == 0
    assert fetched == [(url, 6 * 1024 * 1024)]


@pytest.mark.parametrize(("error", "told"), [(NotFetched("HTTP 404"), -1308), (TooLarge("more"), 23)])
def test_a_url_that_leads_to_no_picture_is_told(error: Exception, told: int, bench: Bench) -> None:
    answer = bench.ask({"url": "http://example.com/whose.jpg"}, api=bench.serving(fetch=raises(error)))
    assert code(answer) == told
    assert "whose" not in answer.text


def test_the_documents_own_json_works(bench: Bench) -> None:
    body = b"""{
      "appid":"1250000000",
      "bucket":"sandbox",
      "type":1,
      "url":"http://test-123456.image.myqcloud.com/test.jpg"
    }"""
    api = bench.serving(read=lambda *_: WHOLE[1], fetch=lambda *_, **__: SMALL)
    assert code(bench.ask(api=api, body=body)) == 0


def raw_form(bench: Bench, *parts: tuple[str, bytes], api: Api) -> requests.Response:
    """The answer to a form written as in the document: names followed by a semicolon, a boundary of many dashes."""
    dashes = b"--------------acebdf13572468"
    written = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s";\r\n\r\n%s\r\n' % (dashes, name.encode(), content)
        for name, content in parts
    )
    headers = {
        "Host": "recognition.image.myqcloud.com",
        "Authorization": bench.signature(),
        "Content-Type": b"multipart/form-data;boundary=" + dashes,
    }
    return send(requests.Request("POST", api.url + PATH, data=written + b"--" + dashes + b"--", headers=headers))


@pytest.mark.parametrize("image", [SMALL, ENCODED.encode()])
def test_the_documents_own_form_works(image: bytes, bench: Bench) -> None:
    parts = (("appid", b"1250000000"), ("bucket", b"sandbox"), ("type", b"1"), ("image", image))
    assert code(raw_form(bench, *parts, api=bench.reading(WHOLE[1]))) == 0


def test_a_form_may_name_a_url(bench: Bench) -> None:
    api = bench.serving(read=lambda *_: WHOLE[0], fetch=lambda *_, **__: SMALL)
    parts = (("appid", b"1250000000"), ("type", b"0"), ("url", b"http://example.com/x.jpg"))
    assert code(raw_form(bench, *parts, api=api)) == 0


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((), -1301),
        ((("type", b"0"), ("image", SMALL)), -1301),
        ((("appid", b"\xff"), ("type", b"0"), ("image", SMALL)), -1301),
        ((("appid", b"1250000000"), ("image", SMALL)), -1301),
        ((("appid", b"1250000000"), ("type", b"0")), -1300),
        ((("appid", b"1250000000"), ("type", b"0"), ("image", b"")), -1300),
        ((("appid", b"1250000000"), ("type", b"0"), ("image", b"\xff\xd8")), -1102),
        ((("appid", b"1250000000"), ("type", b"7"), ("image", SMALL)), -9001),
        ((("appid", b"1250000000"),) * 17, 3),
    ],
)
def test_what_is_wrong_with_a_form_has_a_code(parts: tuple[tuple[str, bytes], ...], told: int, bench: Bench) -> None:
    assert code(raw_form(bench, *parts, api=bench.serving(read=unread))) == told


def test_json_needs_no_content_type(bench: Bench) -> None:
    body = json.dumps({"appid": "1250000000", "type": 0, "image": ENCODED})
    headers = {"Authorization": bench.signature()}
    told = send(requests.Request("POST", bench.reading(WHOLE[0]).url + PATH, data=body, headers=headers))
    assert "Content-Type" not in told.request.headers
    assert code(told) == 0


@pytest.mark.parametrize(
    "kind",
    ["multipart/form-data", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"],
)
def test_what_is_neither_a_form_nor_json_is_a_bad_request(kind: str, bench: Bench) -> None:
    headers = {"Authorization": bench.signature(), "Content-Type": kind}
    told = send(requests.Request("POST", bench.api.url + PATH, data=b"appid=1250000000", headers=headers))
    assert (told.status_code, code(told)) == (400, 3)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("PUT", PATH), ("POST", "/ocr/idcard"), ("POST", PATH + "/")]
)
def test_an_api_that_there_is_not_is_a_bad_request(method: str, path: str, bench: Bench) -> None:
    told = send(requests.Request(method, bench.api.url + path, headers={"Authorization": bench.signature()}))
    assert (told.status_code, code(told)) == (400, 3)


def test_as_many_bytes_as_are_allowed_are_read(bench: Bench) -> None:
    start = json.dumps({"appid": "1250000000", "type": 0, "image": ENCODED}).encode()
    whole = start.ljust(tencent_legacy.MAX_BODY)
    assert code(bench.ask(api=bench.reading(WHOLE[0]), body=whole)) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'"x"', b"\xff", b"[" * 100_000, b'{"type":' * 10_000, b"{" * 9])
def test_what_is_no_json_object_is_a_bad_request(body: bytes, bench: Bench) -> None:
    assert code(bench.ask(body=body)) == 3


@pytest.mark.parametrize(
    "body",
    [
        b'{"appid":"1250000000","type":' + b"9" * 5000 + b"}",
        b'{"appid":"1250000000","type":' + b"9" * 4000 + b"}",
        b'{"appid":"\\ud800","type":0}',
        b'{"appid":"1250000000","type":NaN}',
        b'{"appid":null,"type":{}}',
    ],
)
def test_hostile_values_are_told_in_a_documented_code(body: bytes, bench: Bench) -> None:
    answer = bench.ask(body=body)
    assert answer.status_code == 400
    assert str(code(answer)) in PROVOKED


def known[S: BaseModel](vendor: str, shape: type[S]) -> S:
    return shape.model_validate({"vendor": vendor, "appid": "1", "bucket": "b", "secret_id": "k", "secret_key": "s"})


GOOD = legacy_authorization("s", f"a=1&b=b&k=k&e={NOW + 9}&t={NOW}&r=1&f=")


@given(
    path=st.one_of(st.just(PATH), st.text(max_size=20).map("/ocr/".__add__)),
    authorization=st.one_of(
        st.just(GOOD),
        st.text(max_size=60),
        st.binary(max_size=60).map(lambda content: base64.b64encode(content).decode()),
        st.text(st.sampled_from("abkertfu=&1."), max_size=60).map(
            lambda text: base64.b64encode(bytes(20) + text.encode()).decode()
        ),
    ),
    kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", "", "\udc80"]),
    body=st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from(["appid", "bucket", "type", "image", "url"]),
            st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.none(), st.lists(st.text(max_size=3))),
        ).map(lambda told: json.dumps(told).encode()),
    ),
)
def test_whatever_is_sent_has_a_documented_answer(path: str, authorization: str, kind: str, body: bytes) -> None:
    service = Service(read=unread, credentials=known, fetch=raises(NotFetched("never")), clock=lambda: NOW)
    request = Request("POST", path, "", {"content-type": kind, "authorization": authorization}, body, "id")
    assert tencent_legacy.serves(request)
    told = tencent_legacy.answer(request, service)
    assert str(json.loads(told.body)["code"]) in PROVOKED
    assert told.status == 400


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_a_documented_answer(trouble: Trouble) -> None:
    told = tencent_legacy.trouble(trouble, Request("POST", PATH, "", {}, b"", "id"))
    case = PROVOKED[str(json.loads(told.body)["code"])]
    assert told.status == case.status


# The reader's own vendor.


@pytest.mark.parametrize("kind", [Vendor, OverJson])
@pytest.mark.parametrize(
    ("photo", "number"), [("vehicle-front.jpg", 0), ("driving-front.jpg", 1), ("vehicle-back.jpg", 2)]
)
def test_the_readers_vendor_reads_what_the_native_dialect_tells(
    photo: str, number: int, kind: type[Vendor], bench: Bench
) -> None:
    picture = bench.sample(photo)
    license_ = bench.vendor(picture, number=number, kind=kind)
    document, side = PAGES[number]
    url = f"{bench.api.url}{NATIVE}?document={document}&side={side}"
    native = send(requests.Request("POST", url, data=picture, headers={"X-Api-Key": "sandbox-api_key"})).json()
    carried = {column.name for column in COLUMNS[number]} | {"passengers_text", "valid_years", "long_term"}
    expected = {field: value for field, value in native["fields"].items() if field in carried}
    assert license_.fields.model_dump(mode="json", exclude_none=True) == expected
    assert (license_.document, license_.side, license_.flags) == (document, side, ())
    for name in set(license_.confidence) & set(native["confidence"]):
        assert license_.confidence[name] == native["confidence"][name]
        assert around(native["boxes"][name]) == pytest.approx(around(license_.boxes[name]), abs=1)
    assert len(license_.confidence) >= len(license_.boxes) > 7


def around(box: Any) -> tuple[float, ...]:
    return tuple(edge for along in zip(*box, strict=True) for edge in (min(along), max(along)))


@pytest.mark.parametrize(
    ("error", "flag", "met"),
    [
        pytest.param(CredentialsRefused, None, {"secret_key": "another"}, id="signature"),
        pytest.param(CredentialsRefused, None, {"appid": "1259999999"}, id="appid"),
        pytest.param(CredentialsRefused, None, {"bucket": "another"}, id="bucket"),
        pytest.param(Throttled, None, {"read": raises(Busy("many"))}, id="busy"),
        pytest.param(Unavailable, None, {"read": raises(RuntimeError("broken"))}, id="broken"),
        pytest.param(Unavailable, None, {"credentials": nobodys}, id="no credentials"),
        pytest.param(
            DocumentRefused, "not_a_license", {"read": raises(NoLicense(("not_a_license",)))}, id="no license"
        ),
        pytest.param(DocumentRefused, "not_a_license", {"read": lambda *_: WHOLE[1]}, id="another document"),
        pytest.param(
            DocumentRefused, "not_a_license", {"read": lambda *_: empty(*PAGES[0])}, id="nothing read of a license"
        ),
        pytest.param(DocumentRefused, "image_damaged", {}, id="damaged"),
        pytest.param(SizeRefused, "image_too_large", {"image": SMALL + bytes(6 * 1024 * 1024)}, id="size"),
    ],
)
def test_the_readers_vendor_understands_every_error(
    error: type[VendorError], flag: str | None, met: Mapping[str, Any], bench: Bench
) -> None:
    other = {name: value for name, value in met.items() if name in {"read", "credentials"}}
    key = {name: value for name, value in met.items() if name in bench.key}
    with pytest.raises(error) as caught:
        bench.vendor(met.get("image", SMALL), api=bench.serving(**other), **key)
    assert caught.value.flag == flag
    assert UUID.fullmatch(caught.value.request_id or "")


def test_the_readers_vendor_understands_what_it_should_not_have_asked(bench: Bench) -> None:
    class Mistaken(OverJson):
        def request(self, job: Job, credentials: AppKey, token: Any) -> requests.Request:
            request = super().request(job, credentials, token)
            request.data = json.dumps({"appid": credentials.appid, "type": 9, "image": ENCODED}).encode()
            return request

    with pytest.raises(RequestRefused, match="-9001"):
        bench.vendor(SMALL, kind=Mistaken)
