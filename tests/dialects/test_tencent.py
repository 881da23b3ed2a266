"""Tencent's API 3.0 as the official SDK sees it: tencentcloud-sdk-python-ocr, unpatched, pointed at loopback.

Every error is shown to the SDK as well: it must find the code and the request id in the answer as it came. Requests
that the SDK would not send are signed by the reader's own signer.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
from PIL import Image as Pillow
from PIL import ImageFilter
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ocr.v20181119 import models
from tencentcloud.ocr.v20181119.ocr_client import OcrClient
from tests.dialects.conftest import raises, reads, unread

from credentials import NoCredentials
from dialects import tencent
from exchange import Request
from license_reader.flags import Flag
from license_reader.license import Document, DrivingLicense, Form, License, Side, VehicleLicense
from license_reader.signing import UNSIGNED_PAYLOAD, Tc3Auth, sha256_hex, tc3_canonical_request, tc3_signature
from license_reader.vendors._base import NO_LICENSE, Address, Job
from license_reader.vendors.tencent import WARNINGS, ApiKey, Vendor
from service import Busy, NoLicense, Rates, Service, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic import BaseModel
    from tests.dialects.conftest import Api, Serve

    from license_ocr.sandbox import Secrets

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")

VEHICLE, DRIVING = "VehicleLicenseOCR", "DriverLicenseOCR"
REQUESTS = {VEHICLE: models.VehicleLicenseOCRRequest, DRIVING: models.DriverLicenseOCRRequest}


# Asking.


@dataclass(frozen=True)
class Bench:
    """What a test asks with: the server as deployed, a maker of others, samples, a place that serves pictures."""

    api: Api
    serve: Serve
    service: Service
    key: Mapping[str, str]
    samples: Path
    shelf: Shelf

    def sdk(self, api: Api | None = None, **wrong: Any) -> OcrClient:
        """The SDK's client; what is wrong with its credential or profile is told by name."""
        http = HttpProfile(protocol="http", endpoint=(api or self.api).authority, reqMethod=wrong.pop("method", "POST"))
        credential = Credential(
            wrong.pop("secret_id", self.key["secret_id"]),
            wrong.pop("secret_key", self.key["secret_key"]),
            wrong.pop("token", None),
        )
        profile = ClientProfile(httpProfile=http, language=wrong.pop("language", "zh-CN"))
        profile.unsignedPayload = wrong.pop("unsigned", False)
        profile.signMethod = wrong.pop("sign", "TC3-HMAC-SHA256")
        return OcrClient(credential, wrong.pop("region", "ap-guangzhou"), profile)

    def asked(self, action: str, api: Api | None = None, **parameters: str) -> Any:
        """What the SDK makes of the answer to this action with these parameters."""
        return getattr(self.sdk(api), action)(wanted(action, **parameters))

    def sample(self, name: str) -> str:
        """A sample photo in base64."""
        return base64.b64encode((self.samples / name).read_bytes()).decode()

    def serving(self, **other: Any) -> Api:
        """A server whose service differs in this; it shares no rate with any other."""
        return self.serve(replace(self.service, **{"rates": Rates(), **other}))

    def raw(  # noqa: PLR0913 - each is one thing that a request can have otherwise
        self,
        parameters: Mapping[str, object] | bytes | None = None,
        *,
        action: str = VEHICLE,
        api: Api | None = None,
        method: str = "POST",
        headers: Mapping[str, str | None] | None = None,
        after: Mapping[str, str | None] | None = None,
        path: str = "/",
    ) -> requests.Response:
        """The answer to a signed request; `headers` are changed before it is signed, `after` when it is."""
        told = {"ImageBase64": TINY} if parameters is None else parameters
        base: dict[str, str | None] = {
            "Content-Type": "application/json" if method != "GET" else "application/x-www-form-urlencoded",
            "X-TC-Action": action,
            "X-TC-Version": "2018-11-19",
            "X-TC-Region": "ap-guangzhou",
        }
        query = told if method == "GET" and not isinstance(told, bytes) else {}
        body = b"" if method == "GET" else told if isinstance(told, bytes) else json.dumps(told).encode()
        with requests.Session() as session:
            session.trust_env = False
            prepared = session.prepare_request(
                requests.Request(
                    method,
                    (api or self.api).url + path,
                    headers={name: value for name, value in (base | dict(headers or {})).items() if value is not None},
                    params=query,
                    data=body,
                    auth=Tc3Auth(self.key["secret_id"], self.key["secret_key"], service="ocr", clock=time.time),
                )
            )
            for name, value in (after or {}).items():
                if value is None:
                    del prepared.headers[name]
                else:
                    prepared.headers[name] = value
            return session.send(prepared, timeout=30)

    def form(self, **parameters: str | None) -> requests.Response:
        """The answer to a request by signature method v1, whose signature is wrong; None leaves a parameter out."""
        common: dict[str, str | None] = {
            "Action": VEHICLE,
            "Version": "2018-11-19",
            "Region": "ap-guangzhou",
            "Timestamp": str(int(time.time())),
            "Nonce": "1",
            "SecretId": self.key["secret_id"],
            "Signature": "none",
        }
        told = {name: value for name, value in (common | parameters).items() if value is not None}
        with requests.Session() as session:
            session.trust_env = False
            return session.post(self.api.url, data=told, timeout=30)


def wanted(action: str, **parameters: str) -> Any:
    """The SDK's model of a request."""
    request = REQUESTS[action]()
    for name, value in parameters.items():
        setattr(request, name, value)
    return request


def encoded(picture: Pillow.Image, form: str = "PNG") -> str:
    """A picture in base64."""
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return base64.b64encode(buffer.getvalue()).decode()


TINY = encoded(Pillow.new("RGB", (8, 8)))
"""Refused by the gate, before any engine."""
PLAIN = encoded(Pillow.new("RGB", (64, 64), "white"))
"""Lets the gate pass; for fake readings."""


@dataclass
class Shelf:
    """A file server on loopback that the OCR API may fetch from."""

    files: dict[str, bytes]
    url: str

    def put(self, name: str, content: bytes) -> str:
        """The URL of this file."""
        self.files[name] = content
        return f"{self.url}/{name}"


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.removeprefix("/"))
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: who was sent too much hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OCR_API_FETCH_FROM", f"127.0.0.1:{server.server_port}")
        yield Shelf(files, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def bench(serve: Serve, service: Service, secrets: Secrets, samples: Path, shelf: Shelf) -> Bench:
    seconds = itertools.count()  # to the server each request comes a second after the last: none exceeds the rate
    api = serve(replace(service, rates=Rates(lambda: next(seconds))))
    return Bench(api, serve, service, secrets["tencent"], samples, shelf)


class Readings:
    """What the SDK reads from each sample, each read once."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        with (bench.samples / "truth.json").open(encoding="utf-8") as truth:
            self.truth = {name: told["fields"] for name, told in json.load(truth).items()}

    def _read(self, action: str, name: str, side: str) -> Any:
        return self._bench.asked(action, ImageBase64=self._bench.sample(name), CardSide=side)

    @cached_property
    def front(self) -> Any:
        return self._read(VEHICLE, "vehicle-front.jpg", "FRONT")

    @cached_property
    def back(self) -> Any:
        return self._read(VEHICLE, "vehicle-back.jpg", "BACK")

    @cached_property
    def both(self) -> Any:
        return self._read(VEHICLE, "vehicle-both.jpg", "DOUBLE")

    @cached_property
    def electronic(self) -> Any:
        return self._read(VEHICLE, "vehicle-electronic.jpg", "FRONT")

    @cached_property
    def driving_front(self) -> Any:
        return self._read(DRIVING, "driving-front.jpg", "FRONT")

    @cached_property
    def driving_back(self) -> Any:
        return self._read(DRIVING, "driving-back.jpg", "DOUBLE")


@pytest.fixture(scope="module")
def readings(bench: Bench) -> Readings:
    return Readings(bench)


def told(model: Any) -> dict[str, Any]:
    """All that a model of the SDK holds."""
    return {name.lstrip("_"): value for name, value in vars(model).items()}


# What the samples say.

PRINTED_FRONT = {
    "PlateNo": "plate_no",
    "VehicleType": "vehicle_type",
    "Owner": "owner",
    "Address": "address",
    "UseCharacter": "use_character",
    "Model": "brand_model",
    "Vin": "vin",
    "EngineNo": "engine_no",
    "RegisterDate": "register_date",
    "IssueDate": "issue_date",
    "Seal": "issuing_authority",
}
PRINTED_BACK = {
    "PlateNo": "plate_no",
    "FileNo": "file_no",
    "AllowNum": "passengers",
    "TotalMass": "gross_mass_kg",
    "CurbWeight": "curb_mass_kg",
    "LoadQuality": "rated_load_kg",
    "TotalQuasiMass": "towing_mass_kg",
    "ExternalSize": "dimensions",
    "Marks": "remarks",
    "Record": "inspection",
    "SubPageCode": "barcode",
    "FuelType": "energy_type",
}
PRINTED_DRIVER = {
    "CardCode": "license_no",
    "Name": "name",
    "Sex": "sex",
    "Nationality": "nationality",
    "Address": "address",
    "DateOfBirth": "birth_date",
    "DateOfFirstIssue": "first_issue_date",
    "Class": "vehicle_classes",
    "StartDate": "valid_from",
    "EndDate": "valid_until",
    "IssuingAuthority": "issuing_authority",
}


def printed(names: Mapping[str, str], truth: Mapping[str, str]) -> dict[str, str]:
    """What stands on a page, by the SDK's names; nothing is the empty text."""
    return {name: truth.get(field, "") for name, field in names.items()}


def test_the_sdk_reads_a_main_page(readings: Readings) -> None:
    answer = readings.front
    assert told(answer.FrontInfo) == printed(PRINTED_FRONT, readings.truth["vehicle-front.jpg"]) | {
        "StateElectronic": "",
        "InspectionValidityTimeElectronic": "",
        "GenerationTimeElectronic": "",
    }
    assert answer.BackInfo is None
    assert answer.TractorBackInfo is None
    assert answer.VehicleLicenseType == "Normal"


def test_the_sdk_reads_a_side_page_and_its_empty_slots_are_empty_texts(readings: Readings) -> None:
    answer = readings.back
    expected = printed(PRINTED_BACK, readings.truth["vehicle-back.jpg"])
    assert {name: told(answer.BackInfo)[name] for name in PRINTED_BACK} == expected
    assert expected["LoadQuality"] == expected["Marks"] == ""
    assert answer.BackInfo.AddressElectronic == answer.BackInfo.IssueAuthorityElectronic == ""
    assert answer.FrontInfo is None


def test_the_sdk_reads_both_pages_of_one_picture(readings: Readings) -> None:
    answer, truth = readings.both, readings.truth["vehicle-both.jpg"]
    assert {name: told(answer.FrontInfo)[name] for name in PRINTED_FRONT} == printed(PRINTED_FRONT, truth)
    assert {name: told(answer.BackInfo)[name] for name in PRINTED_BACK} == printed(PRINTED_BACK, truth)


def test_of_a_picture_of_both_pages_the_one_asked_for_is_told(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE))
    front, back = (bench.asked(VEHICLE, api, ImageBase64=PLAIN, CardSide=side) for side in ("FRONT", "BACK"))
    assert (front.FrontInfo.PlateNo, front.BackInfo) == ("皖AC4L50", None)
    assert (back.FrontInfo, back.BackInfo.PlateNo) == (None, "皖AC4L51")
    api = bench.serving(read=reads(ALL_OF_DRIVING.model_copy(update={"form": Form.PAPER})))
    front, back = (bench.asked(DRIVING, api, ImageBase64=PLAIN, CardSide=side) for side in ("FRONT", "BACK"))
    assert (front.Name, front.ArchivesCode, front.BackPageName) == ("黄天文", "", "")
    assert (back.Name, back.ArchivesCode, back.BackPageName) == ("", "053178392918", "黄天文")


def test_the_sdk_is_told_that_a_license_is_electronic(readings: Readings) -> None:
    answer = readings.electronic
    assert answer.VehicleLicenseType == "Electronic"
    assert answer.FrontInfo.Vin == readings.truth["vehicle-electronic.jpg"]["vin"]


def test_the_sdk_reads_a_driving_license(readings: Readings) -> None:
    answer = readings.driving_front
    truth = readings.truth["driving-front.jpg"]
    assert {name: told(answer)[name] for name in PRINTED_DRIVER} == printed(PRINTED_DRIVER, truth)
    assert answer.DriverLicenseType == "Normal"
    assert answer.ArchivesCode == answer.Record == answer.BackPageName == answer.BackPageCardCode == ""


def test_double_takes_the_picture_of_a_single_page(readings: Readings) -> None:
    answer, truth = readings.driving_back, readings.truth["driving-back.jpg"]
    assert (answer.BackPageCardCode, answer.BackPageName) == (truth["license_no"], truth["name"])
    assert (answer.ArchivesCode, answer.Record) == (truth["file_no"], truth["record"])
    assert answer.CardCode == answer.Name == ""


def test_every_answer_has_an_id_of_its_own(readings: Readings) -> None:
    ids = [answer.RequestId for answer in (readings.front, readings.back, readings.driving_front)]
    assert all(ids)
    assert len(set(ids)) == 3


# What samples do not show: every field, and every warning.

ALL_OF_VEHICLE = License(
    document=Document.VEHICLE_LICENSE,
    side=Side.BOTH,
    form=Form.ELECTRONIC,
    fields=VehicleLicense.model_validate(
        {
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
            "status": ("正常", "逾期未检验"),
            "inspection_valid_until": "2026-10",
            "generated_at": "2026年11月1日8时",
            "back_plate_no": "皖AC4L51",
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
            "body_color": "白",
        }
    ),
)
ALL_OF_DRIVING = License(
    document=Document.DRIVING_LICENSE,
    side=Side.BOTH,
    form=Form.ELECTRONIC,
    fields=DrivingLicense.model_validate(
        {
            "license_no": "990488198002169265",
            "name": "黄天文",
            "sex": "男",
            "nationality": "中国",
            "address": "福建省厦门市思明区科技园路243号",
            "birth_date": "1980-02-16",
            "first_issue_date": "2001-03-04",
            "vehicle_classes": ("A1", "D"),
            "valid_from": "2021-03-04",
            "long_term": True,
            "issuing_authority": "福建省厦门市公安局交通警察支队",
            "status": ("正常",),
            "accumulated_points": 3,
            "shown_at": "2026年11月1日8时5分",
            "generated_at": "2026年10月1日",
            "file_no": "053178392918",
            "record": "请于2031年03月04日前九十日内申请换领新驾驶证。",
        }
    ),
)


@pytest.fixture(scope="module")
def full(bench: Bench) -> tuple[Any, Any]:
    """What the SDK is told of licenses that lack nothing."""
    vehicle = bench.serving(read=reads(ALL_OF_VEHICLE))
    driving = bench.serving(read=reads(ALL_OF_DRIVING))
    return (
        bench.asked(VEHICLE, vehicle, ImageBase64=PLAIN, CardSide="DOUBLE"),
        bench.asked(DRIVING, driving, ImageBase64=PLAIN, CardSide="DOUBLE"),
    )


def test_every_field_of_the_sdks_models_is_filled_but_a_tractors(full: tuple[Any, Any]) -> None:
    vehicle, driving = full
    assert all(told(vehicle.FrontInfo).values())
    assert all(told(vehicle.BackInfo).values())
    assert vehicle.BackInfo.PlateNo == "皖AC4L51"
    assert vehicle.FrontInfo.StateElectronic == "正常,逾期未检验"
    assert (driving.Class, driving.EndDate, driving.CumulativeScore) == ("A1D", "长期", "3")
    lacking = {name for name, value in told(driving).items() if not value}
    assert lacking == {"RecognizeWarnCode", "RecognizeWarnMsg"}


def test_what_only_electronic_licenses_show_is_empty_on_paper(bench: Bench) -> None:
    paper = ALL_OF_VEHICLE.model_copy(update={"form": Form.PAPER})
    answer = bench.asked(VEHICLE, bench.serving(read=reads(paper)), ImageBase64=PLAIN, CardSide="DOUBLE")
    shown = told(answer.FrontInfo) | told(answer.BackInfo)
    assert {value for name, value in shown.items() if name.endswith("Electronic")} == {""}


def test_an_electronic_driving_license_has_no_side_page_but_its_file_number(bench: Bench) -> None:
    screen = ALL_OF_DRIVING.model_copy(update={"side": Side.FRONT})
    answer = bench.asked(DRIVING, bench.serving(read=reads(screen)), ImageBase64=PLAIN)
    assert (answer.DriverLicenseType, answer.ArchivesCode) == ("Electronic", "053178392918")
    assert answer.Record.startswith("请于2031年")
    assert answer.BackPageName == answer.BackPageCardCode == ""


@pytest.mark.parametrize("action", [VEHICLE, DRIVING])
def test_every_warning_is_told_as_code_and_word(bench: Bench, action: str) -> None:
    license_ = ALL_OF_VEHICLE if action == VEHICLE else ALL_OF_DRIVING
    api = bench.serving(read=reads(license_.flagged(*(Flag.of(code, "embedded") for code in WARNINGS.values()))))
    answer = bench.asked(action, api, ImageBase64=PLAIN)
    assert answer.RecognizeWarnCode == [-9102, -9103, -9104, -9105, -9106]
    assert answer.RecognizeWarnMsg == [
        "WARN_DRIVER_LICENSE_COPY_CARD",
        "WARN_DRIVER_LICENSE_SCREENED_CARD",
        "WARN_DRIVER_LICENSE_REFLECTION",
        "WARN_DRIVER_LICENSE_BLUR",
        "WARN_DRIVER_LICENSE_BORDER_INCOMPLETE",
    ]


def test_a_good_photo_raises_no_warning(readings: Readings) -> None:
    assert readings.front.RecognizeWarnCode == readings.front.RecognizeWarnMsg == []


def test_the_engine_warns_of_a_photocopy(bench: Bench) -> None:
    with Pillow.open(bench.samples / "vehicle-front.jpg") as photo:
        answer = bench.asked(VEHICLE, ImageBase64=encoded(photo.convert("L"), "JPEG"))
    assert answer.FrontInfo.PlateNo == "川AB10443"
    assert (answer.RecognizeWarnCode, answer.RecognizeWarnMsg) == ([-9102], ["WARN_DRIVER_LICENSE_COPY_CARD"])


def test_flags_without_a_code_of_tencents_are_not_told(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE.flagged(Flag.of("low_confidence", "embedded", "vin"))))
    assert bench.asked(VEHICLE, api, ImageBase64=PLAIN).RecognizeWarnCode == []


def test_the_readers_own_vendor_reads_the_same_values_again(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE))
    with requests.Session() as session:
        session.trust_env = False
        vendor = Vendor(Address(api.url), session=session)
        job = Job(_image(), Document.VEHICLE_LICENSE, Side.BOTH)
        reread = vendor.read(job, ApiKey.model_validate(bench.key), until=time.time() + 10)
    assert reread.fields == ALL_OF_VEHICLE.fields
    assert (reread.side, reread.form) == (Side.BOTH, Form.ELECTRONIC)


def _image() -> Any:
    from license_reader.image import gate  # noqa: PLC0415

    return gate(base64.b64decode(PLAIN))


# Ways to ask.


def test_a_payload_may_be_unsigned(bench: Bench) -> None:
    client = bench.sdk(bench.serving(read=reads(ALL_OF_VEHICLE)), unsigned=True)
    assert client.VehicleLicenseOCR(wanted(VEHICLE, ImageBase64=PLAIN)).FrontInfo.PlateNo == "皖AC4L50"


def test_an_unsigned_payload_is_not_what_was_signed_without_saying_so(bench: Bench) -> None:
    response = bench.raw(after={"X-TC-Content-SHA256": UNSIGNED_PAYLOAD})
    assert code_of(response) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_url_may_be_sent_by_either_method_and_wins_over_the_picture_in_the_request(bench: Bench, method: str) -> None:
    seen: list[bytes] = []

    def read(picture: bytes, _document: Document | None, _side: Side | None) -> License:
        seen.append(picture)
        return ALL_OF_VEHICLE

    fetched = base64.b64decode(encoded(Pillow.new("RGB", (65, 65))))
    url = bench.shelf.put("other.png", fetched)
    request = wanted(VEHICLE, ImageUrl=url, ImageBase64=PLAIN, CardSide="BACK")
    answer = bench.sdk(bench.serving(read=read), method=method).VehicleLicenseOCR(request)
    assert seen == [fetched]
    assert answer.BackInfo.PlateNo == "皖AC4L51"


def test_an_empty_url_is_none(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE))
    assert bench.asked(VEHICLE, api, ImageUrl="", ImageBase64=PLAIN).FrontInfo


@pytest.mark.parametrize("sign", ["HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_sdk_may_sign_by_the_first_method(bench: Bench, sign: str, method: str) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE))
    request = wanted(VEHICLE, ImageBase64=PLAIN, CardSide="BACK")
    answer = bench.sdk(api, sign=sign, method=method).VehicleLicenseOCR(request)
    assert answer.BackInfo.PlateNo == "皖AC4L51"
    for wrong, code in (
        ({"secret_key": "sandbox-another"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "AKIDunknown"}, "AuthFailure.SecretIdNotFound"),
        ({"token": "of-nobody"}, "AuthFailure.TokenFailure"),
        ({"region": "ap-chengdu"}, "UnsupportedRegion"),
    ):
        with pytest.raises(TencentCloudSDKException) as refused:
            bench.sdk(api, sign=sign, method=method, **wrong).VehicleLicenseOCR(request)
        assert refused.value.code == code


def test_by_the_first_method_a_signature_is_good_for_five_minutes_as_well(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE), clock=lambda: time.time() + 600)
    with pytest.raises(TencentCloudSDKException) as refused:
        bench.sdk(api, sign="HmacSHA1").VehicleLicenseOCR(wanted(VEHICLE, ImageBase64=PLAIN))
    assert refused.value.code == "AuthFailure.SignatureExpire"


def test_the_first_method_is_not_for_large_pictures(bench: Bench) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        bench.sdk(sign="HmacSHA256").VehicleLicenseOCR(wanted(VEHICLE, ImageBase64="A" * (tencent.MAX_FORM + 1)))
    assert refused.value.code == "AuthFailure.SignatureFailure"
    assert "use TC3-HMAC-SHA256" in refused.value.message


@pytest.mark.parametrize("name", ["Timestamp", "Nonce", "SecretId", "Signature"])
def test_a_form_without_a_common_parameter_is_told_which(bench: Bench, name: str) -> None:
    response = bench.form(**{name: None})
    assert code_of(response) == "MissingParameter"
    assert f"`{name}`" in response.text


def test_a_form_of_too_many_parameters_is_not_read(bench: Bench) -> None:
    assert code_of(bench.form(**{f"Name{number}": "" for number in range(80)})) == "InvalidParameter"


def test_the_side_asked_for_is_what_the_engine_is_told_and_double_leaves_it_open(bench: Bench) -> None:
    asked: list[tuple[Document | None, Side | None]] = []

    def read(_picture: bytes, document: Document | None, side: Side | None) -> License:
        asked.append((document, side))
        return ALL_OF_VEHICLE

    api = bench.serving(read=read)
    bench.asked(VEHICLE, api, ImageBase64=PLAIN)
    for side in ("FRONT", "BACK", "DOUBLE"):
        bench.asked(VEHICLE, api, ImageBase64=PLAIN, CardSide=side)
    document = Document.VEHICLE_LICENSE
    assert asked == [(document, Side.FRONT), (document, Side.FRONT), (document, Side.BACK), (document, None)]


def test_a_reading_is_bare_json_in_utf_8_as_well(bench: Bench) -> None:
    response = bench.raw({"ImageBase64": PLAIN}, api=bench.serving(read=reads(ALL_OF_VEHICLE)))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert '"PlateNo":"皖AC4L50"'.encode() in response.content
    assert response.json()["Response"]["RequestId"]


def test_a_parameter_that_is_null_is_not_given(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE))
    parameters = {"ImageBase64": PLAIN, "ImageUrl": None, "CardSide": None, "TractorCardSide": None}
    assert bench.raw(parameters, api=api).json()["Response"]["FrontInfo"]["PlateNo"] == "皖AC4L50"


def test_tractor_card_side_front_is_a_main_page_like_any(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE))
    answer = bench.asked(VEHICLE, api, ImageBase64=PLAIN, TractorCardSide="FRONT")
    assert answer.FrontInfo.PlateNo == "皖AC4L50"
    assert answer.TractorBackInfo is None


@pytest.mark.parametrize("region", sorted(tencent.REGIONS))
def test_all_four_regions_are_served(bench: Bench, region: str) -> None:
    client = bench.sdk(bench.serving(read=reads(ALL_OF_VEHICLE)), region=region)
    assert client.VehicleLicenseOCR(wanted(VEHICLE, ImageBase64=PLAIN)).FrontInfo


def test_what_the_sdk_sends_of_itself_is_taken(bench: Bench) -> None:
    client = bench.sdk(bench.serving(read=reads(ALL_OF_VEHICLE)), language="en-US")
    request = wanted(VEHICLE, ImageBase64=PLAIN)
    request.headers = {"X-TC-TraceId": "ffe0c072-8a5d-4e17-8887-a8a60252abca"}
    assert client.VehicleLicenseOCR(request).FrontInfo


@pytest.mark.parametrize("sign", ["TC3-HMAC-SHA256", "HmacSHA1"])
def test_a_temporary_key_serves_with_its_token_alone(bench: Bench, sign: str) -> None:
    key = ApiKey.model_validate({**bench.key, "token": "sandbox-token"})
    api = bench.serving(read=reads(ALL_OF_VEHICLE), credentials=_holding(key))
    request = wanted(VEHICLE, ImageBase64=PLAIN)
    assert bench.sdk(api, token="sandbox-token", sign=sign).VehicleLicenseOCR(request).FrontInfo
    for wrong in ("another-token", None):
        with pytest.raises(TencentCloudSDKException) as refused:
            bench.sdk(api, token=wrong, sign=sign).VehicleLicenseOCR(request)
        assert refused.value.code == "AuthFailure.TokenFailure"


def _holding(key: ApiKey) -> Any:
    def credentials[S: BaseModel](_vendor: str, shape: type[S]) -> S:
        assert isinstance(key, shape)
        return key

    return credentials


def test_more_headers_than_two_may_be_signed_with_values_as_sent_or_in_lower_case(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE))
    for fold in (str, str.lower):
        response = bench.raw({"ImageBase64": PLAIN}, api=api, after=_signed_anew(bench, api, fold))
        assert response.json()["Response"]["FrontInfo"], fold


def _signed_anew(bench: Bench, api: Api, fold: Callable[[str], str]) -> dict[str, str]:
    """The headers of a request whose X-TC-Action is signed too, as the document's example has it."""
    now = int(time.time())
    headers = {"content-type": "application/json", "host": api.authority, "x-tc-action": fold(VEHICLE)}
    signed = tuple(headers)
    body = json.dumps({"ImageBase64": PLAIN}).encode()
    canonical = tc3_canonical_request("POST", "/", "", headers=headers, signed=signed, payload_hash=sha256_hex(body))
    day = time.strftime("%Y-%m-%d", time.gmtime(now))
    return {
        "X-TC-Timestamp": str(now),
        "Authorization": (
            f"TC3-HMAC-SHA256 Credential={bench.key['secret_id']}/{day}/ocr/tc3_request, "
            f"SignedHeaders={';'.join(signed)}, "
            f"Signature={tc3_signature(bench.key['secret_key'], canonical, now, 'ocr')}"
        ),
    }


def test_a_signature_holds_for_five_minutes_either_way(bench: Bench) -> None:
    for seconds, within in ((290, True), (-290, True), (600, False), (-600, False)):
        api = bench.serving(read=reads(ALL_OF_VEHICLE), clock=lambda seconds=seconds: time.time() + seconds)
        answer = bench.raw({"ImageBase64": PLAIN}, api=api).json()["Response"]
        assert ("FrontInfo" in answer) is within, seconds
        assert within or answer["Error"]["Code"] == "AuthFailure.SignatureExpire"


def test_ten_requests_of_one_action_pass_in_a_second_and_the_other_action_has_its_own_ten(bench: Bench) -> None:
    now = 1000.0
    api = bench.serving(rates=Rates(lambda: now), read=unread)
    with ThreadPoolExecutor(6) as pool:
        codes = list(
            pool.map(lambda action: code_of(bench.raw(action=action, api=api)), [VEHICLE] * 15 + [DRIVING] * 10)
        )
    assert codes[:15].count("RequestLimitExceeded") == 5
    assert codes.count("FailedOperation.ImageNoText") == 20
    now += 1.0
    assert code_of(bench.raw(api=api)) == "FailedOperation.ImageNoText"


def test_a_request_that_nobody_signed_takes_nothing_of_the_rate(bench: Bench) -> None:
    api = bench.serving(rates=Rates(lambda: 1000.0), read=unread)
    for _ in range(12):
        assert code_of(bench.raw(api=api, after={"Authorization": "none"})) == "AuthFailure.InvalidAuthorization"
    assert code_of(bench.raw(api=api)) == "FailedOperation.ImageNoText"


# Errors.


def code_of(response: requests.Response) -> str:
    """The error code in an answer."""
    code: str = response.json()["Response"]["Error"]["Code"]
    return code


def noise() -> bytes:
    """A PNG of more than the 5.25 MB that make 7 MB of base64."""
    pixels = Pillow.effect_noise((2600, 2600), 90)
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


def two_cards(bench: Bench) -> str:
    """Two main pages on one picture, small enough to be read in no time."""
    sheet = Pillow.new("RGB", (650, 920), "grey")
    for name, top in (("vehicle-front.jpg", 0), ("vehicle-front-bad.jpg", 460)):
        with Pillow.open(bench.samples / name) as photo:
            sheet.paste(photo.resize((photo.width // 2, photo.height // 2)), (0, top))
    return encoded(sheet, "JPEG")


def blurred(bench: Bench) -> str:
    with Pillow.open(bench.samples / "vehicle-front.jpg") as photo:
        return encoded(photo.filter(ImageFilter.GaussianBlur(5)), "JPEG")


def cut_off(bench: Bench) -> str:
    """A JPEG whose header is whole and whose pixels are not."""
    photo = (bench.samples / "vehicle-front.jpg").read_bytes()
    return base64.b64encode(photo[:2000]).decode()


def no_credentials[S: BaseModel](vendor: str, shape: type[S]) -> S:
    raise NoCredentials(f"none for {vendor}: {shape.__name__}")


type Case = Callable[[Bench], requests.Response]


def _picture(make: Callable[[Bench], str], action: str = VEHICLE, **parameters: str) -> Case:
    return lambda bench: bench.raw({"ImageBase64": make(bench), **parameters}, action=action)


_WHOLE = "cannot occur here, because it is a family: one of its members is always told"
_OTHER = "cannot occur here, because it is a code of other actions"
_ACCOUNT = "cannot occur here, because there is no account that pays, so none that runs out of anything"
_POLICIES = "cannot occur here, because whoever holds the key may call both actions: there are no policies"
_OWN = "cannot occur here, because the engine's failures have codes of their own and ours is InternalError"

ERRORS: Mapping[str, Case | str] = {
    # The document of VehicleLicenseOCR, and what DriverLicenseOCR has besides.
    "FailedOperation.DownLoadError": lambda bench: bench.raw({"ImageUrl": f"{bench.shelf.url}/missing.jpg"}),
    "FailedOperation.EmptyImageError": lambda bench: bench.raw({"ImageBase64": ""}),
    "FailedOperation.ImageBlur": _picture(blurred),
    "FailedOperation.ImageDecodeFailed": lambda bench: bench.raw({"ImageBase64": "AAAA"}),
    "FailedOperation.ImageNoText": _picture(lambda _: encoded(Pillow.new("RGB", (800, 500), "white"))),
    "FailedOperation.ImageSizeTooLarge": _picture(lambda _: encoded(Pillow.new("1", (9000, 9000)))),
    "FailedOperation.LicenseCardSideError": _picture(lambda bench: bench.sample("vehicle-front.jpg"), CardSide="BACK"),
    "FailedOperation.LicenseMultiCardError": _picture(two_cards),
    "FailedOperation.NoVehicleLicenseError": _picture(lambda bench: bench.sample("not-a-license.jpg")),
    "FailedOperation.NoDriverLicenseError": lambda bench: bench.raw(
        {"ImageBase64": PLAIN}, action=DRIVING, api=bench.serving(read=reads(ALL_OF_VEHICLE))
    ),
    "FailedOperation.OcrFailed": _OWN,
    "FailedOperation.UnKnowError": _OWN,
    "FailedOperation.UnOpenError": lambda bench: bench.raw(api=bench.serving(credentials=no_credentials)),
    "InvalidParameter.EngineImageDecodeFailed": _picture(cut_off),
    "InvalidParameterValue.InvalidParameterValueLimit": lambda bench: bench.raw(
        {"ImageBase64": TINY, "CardSide": "UP"}
    ),
    "LimitExceeded.TooLargeFileError": lambda bench: bench.raw({"ImageUrl": bench.shelf.put("noise.png", noise())}),
    "ResourceUnavailable.InArrears": _ACCOUNT,
    "ResourceUnavailable.ResourcePackageRunOut": _ACCOUNT,
    "ResourcesSoldOut.ChargeStatusException": _ACCOUNT,
    # Common to all of Tencent's APIs.
    "ActionOffline": "cannot occur here, because both actions are on offer",
    "AuthFailure": _WHOLE,
    "AuthFailure.InvalidAuthorization": lambda bench: bench.raw(after={"Authorization": "Bearer sandbox"}),
    "AuthFailure.InvalidSecretId": "cannot occur here, because ids have no kinds: one that is not ours is not found",
    "AuthFailure.MFAFailure": "cannot occur here, because no second factor is asked for",
    "AuthFailure.SecretIdNotFound": lambda bench: Bench(
        bench.api, bench.serve, bench.service, {**bench.key, "secret_id": "AKIDunknown"}, bench.samples, bench.shelf
    ).raw(),
    "AuthFailure.SignatureExpire": lambda bench: bench.raw(api=bench.serving(clock=lambda: time.time() + 600)),
    "AuthFailure.SignatureFailure": lambda bench: bench.raw(after={"Content-Type": "application/json; charset=utf-8"}),
    "AuthFailure.TokenFailure": lambda bench: bench.raw(after={"X-TC-Token": "of-nobody"}),
    "AuthFailure.UnauthorizedOperation": _POLICIES,
    "DryRunOperation": "cannot occur here, because neither action takes DryRun",
    "FailedOperation": _WHOLE,
    "InternalError": lambda bench: bench.raw(
        {"ImageBase64": PLAIN}, api=bench.serving(read=raises(RuntimeError("a fault of ours")))
    ),
    "InvalidAction": lambda bench: bench.raw(action="IDCardOCR"),
    "InvalidParameter": lambda bench: bench.raw(b"{"),
    "InvalidParameterValue": lambda bench: bench.form(SignatureMethod="HmacMD5"),
    "InvalidRequest": lambda bench: bench.raw(
        b'--b\r\nContent-Disposition: form-data; name="CardSide"\r\n\r\nFRONT\r\n--b--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    ),
    "IpInBlacklist": _POLICIES,
    "IpNotInWhitelist": _POLICIES,
    "LimitExceeded": _WHOLE,
    "MissingParameter": lambda bench: bench.raw(after={"X-TC-Timestamp": None}),
    "NoSuchProduct": "cannot occur here, because the product is told by the host's name, which may be any here",
    "NoSuchVersion": lambda bench: bench.raw(after={"X-TC-Version": "2017-03-12"}),
    "RequestLimitExceeded": lambda bench: bench.raw({"ImageBase64": PLAIN}, api=bench.serving(read=raises(Busy("16")))),
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": "cannot occur here, because there are no main accounts",
    "RequestLimitExceeded.IPLimitExceeded": "cannot occur here, because requests are counted by action, not address",
    "RequestLimitExceeded.UinLimitExceeded": "cannot occur here, because there are no main accounts",
    "RequestSizeLimitExceeded": lambda bench: bench.raw({"ImageBase64": "A" * 33_000}, method="GET"),
    "ResourceInUse": _OTHER,
    "ResourceInsufficient": "cannot occur here, because whoever finds no capacity left gets RequestLimitExceeded",
    "ResourceNotFound": _OTHER,
    "ResourceUnavailable": _WHOLE,
    "ResourcesSoldOut": _WHOLE,
    "ResponseSizeLimitExceeded": "cannot occur here, because no answer is longer than a few kilobytes",
    "ServiceUnavailable": "cannot occur here, because a server that is not up cannot answer at all",
    "UnauthorizedOperation": _POLICIES,
    "UnknownParameter": lambda bench: bench.raw({"ImageBase64": TINY, "Card": "FRONT"}),
    "UnsupportedOperation": lambda bench: bench.raw({"ImageBase64": TINY, "TractorCardSide": "BACK"}),
    "UnsupportedProtocol": lambda bench: bench.raw(method="PUT"),
    "UnsupportedRegion": lambda bench: bench.raw(after={"X-TC-Region": "ap-chengdu"}),
    # Codes of the SDK that the documents of the two actions lack.
    "FailedOperation.ArrearsError": _ACCOUNT,
    "FailedOperation.CountLimitError": _ACCOUNT,
    "FailedOperation.CardSideError": _OTHER,
    "FailedOperation.DetectFailed": _OTHER,
    "FailedOperation.EngineRecognizeTimeout": _OWN,
    "FailedOperation.FileDecodeFailed": _OTHER,
    "FailedOperation.ImageNoSpecifiedCard": _OTHER,
    "FailedOperation.MultiCardError": _OTHER,
    "FailedOperation.ResponseParseFailed": _OTHER,
    "FailedOperation.UnKnowFileTypeError": _OTHER,
    "FailedOperation.WarningServiceFailed": _OTHER,
}


@pytest.mark.parametrize("code", [code for code, case in ERRORS.items() if not isinstance(case, str)])
def test_the_sdk_finds_every_error_as_the_document_has_it(bench: Bench, code: str) -> None:
    case = ERRORS[code]
    assert not isinstance(case, str)
    response = case(bench)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    with pytest.raises(TencentCloudSDKException) as found:
        bench.sdk()._check_error(response)
    assert found.value.code == code
    assert found.value.message
    assert found.value.requestId
    assert set(response.json()["Response"]) == {"Error", "RequestId"}


def test_every_code_that_the_reader_knows_is_in_the_table() -> None:
    assert set(Vendor.actions) - {NO_LICENSE} <= set(ERRORS)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"secret_key": "sandbox-another"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "AKIDunknown"}, "AuthFailure.SecretIdNotFound"),
        ({"token": "of-nobody"}, "AuthFailure.TokenFailure"),
        ({"region": "ap-chengdu"}, "UnsupportedRegion"),
        ({"region": ""}, "MissingParameter"),
    ],
    ids=lambda told: ",".join(told) if isinstance(told, dict) else told,
)
def test_a_client_with_the_wrong_settings_is_told_which(bench: Bench, wrong: Mapping[str, Any], code: str) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        bench.sdk(**wrong).VehicleLicenseOCR(wanted(VEHICLE, ImageBase64=TINY))
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["X-TC-Action", "X-TC-Timestamp", "Authorization", "X-TC-Version", "X-TC-Region"])
def test_a_header_that_is_missing_is_named(bench: Bench, name: str) -> None:
    response = bench.raw(after={name: None})
    assert code_of(response) == "MissingParameter"
    assert f"`{name.removeprefix('X-TC-')}`" in response.text


OURS = "TC3-HMAC-SHA256 Credential={id}/{day}/ocr/tc3_request, SignedHeaders=content-type;host, Signature=0"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "AuthFailure.InvalidAuthorization"),
        ("TC3-HMAC-SHA256", "AuthFailure.InvalidAuthorization"),
        (OURS.replace("/ocr/", "/cvm/"), "AuthFailure.InvalidAuthorization"),
        (OURS.replace(";host", ""), "AuthFailure.InvalidAuthorization"),
        (OURS.replace(";host", ";host;x-gone"), "AuthFailure.InvalidAuthorization"),
        (OURS.replace("{day}", "2019-02-25"), "AuthFailure.SignatureFailure"),
        (OURS.replace(", Signature=0", ""), "AuthFailure.SignatureFailure"),
        (OURS.replace("=0", "=é"), "AuthFailure.SignatureFailure"),
    ],
)
def test_an_authorization_is_refused_by_its_form_before_its_signature(
    bench: Bench, authorization: str, code: str
) -> None:
    told = authorization.format(id=bench.key["secret_id"], day=time.strftime("%Y-%m-%d", time.gmtime()))
    assert code_of(bench.raw(after={"Authorization": told.encode().decode("latin-1")})) == code


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        ("now", "InvalidParameter"),
        ("-1", "InvalidParameter"),
        ("0", "AuthFailure.SignatureExpire"),
        ("9" * 40, "InvalidParameter"),
        ("٣", "InvalidParameter"),
    ],
)
def test_a_timestamp_is_a_time_in_seconds(bench: Bench, timestamp: str, code: str) -> None:
    assert code_of(bench.raw(after={"X-TC-Timestamp": timestamp.encode().decode("latin-1")})) == code


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (b"", "InvalidParameter"),
        (b"[]", "InvalidParameter"),
        (b"\xff\xfe", "InvalidParameter"),
        ({"ImageBase64": 5}, "InvalidParameter"),
        ({"ImageBase64": [TINY]}, "InvalidParameter"),
        ({"ImageBase64": TINY, "CardSide": 1}, "InvalidParameter"),
        ({"ImageBase64": TINY, "CardSide": ["FRONT"]}, "InvalidParameter"),
        ({"ImageBase64": TINY, "CardSide": {}}, "InvalidParameter"),
        ({"ImageBase64": TINY, "CardSide": "front"}, "InvalidParameterValue.InvalidParameterValueLimit"),
        ({"ImageBase64": TINY, "CardSide": ""}, "InvalidParameterValue.InvalidParameterValueLimit"),
        ({"ImageBase64": TINY, "TractorCardSide": "DOUBLE"}, "InvalidParameterValue.InvalidParameterValueLimit"),
        ({"ImageBase64": TINY, "TractorCardSide": 1}, "InvalidParameter"),
        ({}, "FailedOperation.EmptyImageError"),
        ({"ImageUrl": ""}, "FailedOperation.EmptyImageError"),
        ({"ImageBase64": "!"}, "FailedOperation.ImageDecodeFailed"),
        ({"ImageUrl": "http://127.0.0.1:9/x.jpg"}, "FailedOperation.DownLoadError"),
        ({"ImageUrl": "file:///etc/hosts"}, "FailedOperation.DownLoadError"),
    ],
    ids=str,
)
def test_parameters_of_the_wrong_kind_are_refused_by_what_is_wrong(
    bench: Bench, parameters: Mapping[str, object] | bytes, code: str
) -> None:
    assert code_of(bench.raw(parameters)) == code


def test_a_driving_license_knows_no_tractor(bench: Bench) -> None:
    parameters = {"ImageBase64": TINY, "TractorCardSide": "FRONT"}
    assert code_of(bench.raw(parameters, action=DRIVING)) == "UnknownParameter"


@pytest.mark.parametrize("form", ["GIF", "TIFF", "WEBP"])
def test_formats_that_tencent_does_not_read_are_not_read(bench: Bench, form: str) -> None:
    response = bench.raw({"ImageBase64": encoded(Pillow.new("RGB", (64, 64)), form)}, api=bench.serving(read=unread))
    assert code_of(response) == "FailedOperation.ImageDecodeFailed"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP"])
def test_formats_that_tencent_reads_are_read(bench: Bench, form: str) -> None:
    api = bench.serving(read=reads(ALL_OF_VEHICLE))
    assert bench.asked(VEHICLE, api, ImageBase64=encoded(Pillow.new("RGB", (64, 64)), form)).FrontInfo


@pytest.mark.parametrize(
    ("action", "allowed"), [(VEHICLE, 7 * 1024 * 1024), (DRIVING, 10 * 1024 * 1024)], ids=[VEHICLE, DRIVING]
)
def test_each_action_has_its_own_limit_of_bytes(bench: Bench, action: str, allowed: int) -> None:
    asked: list[int] = []

    def fetch(_url: str, *, max_bytes: int) -> bytes:
        asked.append(max_bytes)
        return base64.b64decode(TINY)

    bench.raw({"ImageUrl": "https://pictures.example/a.jpg"}, action=action, api=bench.serving(fetch=fetch))
    assert asked == [allowed // 4 * 3]


def test_a_picture_is_too_large_by_its_base64_and_a_request_by_its_body(bench: Bench) -> None:
    large = "A" * (7 * 1024 * 1024 + 4)
    api = bench.serving(read=unread)
    assert code_of(bench.raw({"ImageBase64": large}, api=api)) == "LimitExceeded.TooLargeFileError"
    # No picture, but no larger than a driving license may be.
    assert code_of(bench.raw({"ImageBase64": large}, action=DRIVING, api=api)) == "FailedOperation.ImageDecodeFailed"
    assert code_of(bench.raw(b" " * (tencent.MAX_BODY + 1), api=api)) == "RequestSizeLimitExceeded"


def _request(body: bytes) -> Request:
    """A signed request as the dialect gets it."""
    auth = Tc3Auth("sandbox-secret_id", "sandbox-secret_key", service="ocr", clock=time.time)
    headers = {
        "Content-Type": "application/json",
        "X-TC-Action": VEHICLE,
        "X-TC-Version": "2018-11-19",
        "X-TC-Region": "ap-guangzhou",
    }
    prepared = requests.Request("POST", "http://ocr.example/", headers=headers, data=body, auth=auth).prepare()
    return Request("POST", "/", "", {name.lower(): str(value) for name, value in prepared.headers.items()}, body, "id")


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("not_a_license",), "FailedOperation.NoVehicleLicenseError"),
        (("not_a_license", "blur"), "FailedOperation.ImageBlur"),
        (("not_a_license", "no_text"), "FailedOperation.ImageNoText"),
    ],
    ids=str,
)
def test_why_nothing_was_read_is_told(bench: Bench, flags: tuple[str, ...], code: str) -> None:
    assert code_of(bench.raw({"ImageBase64": PLAIN}, api=bench.serving(read=raises(NoLicense(flags))))) == code


def test_another_document_is_none_of_the_kind_asked_for(bench: Bench) -> None:
    api = bench.serving(read=reads(ALL_OF_DRIVING.flagged(Flag.of("wrong_side", "embedded"))))
    assert code_of(bench.raw({"ImageBase64": PLAIN}, api=api)) == "FailedOperation.NoVehicleLicenseError"


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_a_code_of_tencents(trouble: Trouble) -> None:
    body = json.loads(tencent.trouble(trouble, _request(b"")).body)
    assert body["Response"]["Error"]["Code"] in ERRORS
    assert body["Response"]["RequestId"] == "id"


# What docs/vendors.md says of this contract.

PARAMETERS: Mapping[str, str] = {
    # Signature method v3, in headers.
    "X-TC-Action": "works",
    "X-TC-Version": "works",
    "X-TC-Region": "works",
    "X-TC-Timestamp": "works",
    "X-TC-Token": "works",
    "X-TC-Language": "works",
    "X-TC-Content-SHA256": "works",
    "X-TC-RequestClient": "works",
    "X-TC-TraceId": "works",
    "Authorization": "works",
    "Content-Type": "works",
    "Host": "works",
    # Method v1, in the form or query.
    "Action": "works",
    "Version": "works",
    "Region": "works",
    "Timestamp": "works",
    "Nonce": "works",
    "SecretId": "works",
    "Signature": "works",
    "SignatureMethod": "works",
    "Token": "works",
    "Language": "works",
    "RequestClient": "works",
    # Of the actions.
    "ImageBase64": "works",
    "ImageUrl": "works",
    "CardSide": "works",
    "TractorCardSide": "works",
}
_TRACTOR = "cannot occur here, because the engine does not know the tractor's side page: asking for it is refused"
FIELDS: Mapping[str, str] = {
    **dict.fromkeys(
        [
            "RequestId",
            "Error.Code",
            "Error.Message",
            "FrontInfo",
            "BackInfo",
            "VehicleLicenseType",
            "RecognizeWarnCode",
            "RecognizeWarnMsg",
        ],
        "works",
    ),
    **{f"FrontInfo.{name}": "works" for name in told(models.TextVehicleFront())},
    **{f"BackInfo.{name}": "works" for name in told(models.TextVehicleBack())},
    "TractorBackInfo": _TRACTOR,
    **{f"TractorBackInfo.{name}": _TRACTOR for name in told(models.TextTractorVehicleBack())},
    **{
        f"{DRIVING}.{name}": "works"
        for name in told(models.DriverLicenseOCRResponse())
        if name not in {"RequestId", "RecognizeWarnCode", "RecognizeWarnMsg"}
    },
}


def test_every_parameter_of_the_sdks_models_is_in_the_table() -> None:
    assert {name for model in REQUESTS.values() for name in told(model())} <= set(PARAMETERS)


def test_every_field_of_the_sdks_models_is_in_the_table() -> None:
    assert set(told(models.VehicleLicenseOCRResponse())) <= set(FIELDS)
