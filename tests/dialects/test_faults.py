"""Faults on demand as clients meet them: by a header or by a file's rules, told in the dialect that is spoken."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import (
    ClientRequestException,
    ConnectionException,
    ServerResponseException,
)
from huaweicloudsdkocr import v1 as huawei
from hypothesis import given
from hypothesis import strategies as st
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ocr.v20181119.models import VehicleLicenseOCRRequest
from tencentcloud.ocr.v20181119.ocr_client import OcrClient
from tests.dialects.conftest import Api, served

from license_ocr import faults
from license_ocr.failure import Failure
from license_reader import vendors
from license_reader.errors import CredentialsRefused, OutcomeUnknown, Throttled, Unavailable, VendorError
from license_reader.image import gate
from license_reader.license import Document, License, Side, VehicleLicense
from license_reader.vendors._base import Address, Job
from service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from license_ocr.sandbox import Secrets

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")  # both SDKs

READ = License(
    document=Document.VEHICLE_LICENSE,
    side=Side.FRONT,
    vendor="embedded",
    fields=VehicleLicense.model_validate({"plate_no": "皖AC4L50"}),
)
PATH = "/v1/license"

type Serve = Callable[..., Api]


@pytest.fixture(scope="module")
def picture(samples: Path) -> bytes:
    return (samples / "vehicle-front.jpg").read_bytes()


@pytest.fixture
def serve(service: Service, secrets: Secrets, tmp_path: Path) -> Iterator[Serve]:  # noqa: ARG001 - as conftest's
    """Starts a server with rules, whose engine reads the same license off every picture."""
    with ExitStack() as running:

        def serve(*rules: Mapping[str, object]) -> Api:
            seen = Service(read=lambda *_: READ, credentials=service.credentials, fetch=service.fetch)
            return running.enter_context(served(seen, loaded(tmp_path, rules)))

        yield serve


def loaded(folder: Path, rules: Sequence[Mapping[str, object]]) -> faults.Faults:
    path = folder / "faults.json"
    path.write_text(json.dumps(rules), encoding="utf-8")
    return faults.load(path)


def ask(api: Api, picture: bytes, fault: str | None = None, timeout: float = 10) -> requests.Response:
    """The native dialect's answer, or what becomes of it."""
    headers = {"X-Api-Key": "sandbox-api_key"} | ({} if fault is None else {"X-Fault": fault})
    return requests.post(api.url + PATH, data=picture, headers=headers, timeout=timeout)


def as_rule(fault: str) -> dict[str, object]:
    """The rule without a condition that a header's text amounts to."""
    name, _, number = fault.partition("=")
    if not number:
        return {"fault": name}
    return {"fault": name, **({"seconds": float(number)} if name == "slow" else {"status": int(number)})}


@pytest.fixture(params=["by header", "by file"])
def suffer(request: pytest.FixtureRequest, serve: Serve, picture: bytes) -> Callable[..., requests.Response]:
    """Asks for a license and meets a fault, told in either way: the header's text, or a rule without a condition."""

    def suffer(fault: str, timeout: float = 10) -> requests.Response:
        if request.param == "by header":
            return ask(serve(), picture, fault, timeout)
        return ask(serve(as_rule(fault)), picture, timeout=timeout)

    return suffer


type Suffer = Callable[..., requests.Response]


# Each fault, as any client sees it.


def test_without_a_fault_the_license_is_answered(serve: Serve, picture: bytes) -> None:
    answered = ask(serve(), picture)
    assert (answered.status_code, answered.json()["fields"]) == (200, {"plate_no": "皖AC4L50"})
    assert answered.headers["Content-Type"] == "application/json"


def test_slow_holds_the_answer_back(suffer: Suffer) -> None:
    began = time.monotonic()
    answered = suffer("slow=0.4")
    assert time.monotonic() - began >= 0.4
    assert answered.json()["fields"]


def test_slow_is_too_slow_for_a_client_that_waits_less(suffer: Suffer) -> None:
    with pytest.raises(requests.ReadTimeout):
        suffer("slow=0.6", timeout=0.2)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("throttle", 429, "busy"),
        ("5xx", 500, "internal"),
        ("5xx=503", 503, "internal"),
        ("expired", 401, "unauthorized"),
    ],
)
def test_what_a_dialect_has_words_for_is_told_in_them(suffer: Suffer, fault: str, status: int, code: str) -> None:
    answered = suffer(fault)
    assert (answered.status_code, answered.json()["error"]["code"]) == (status, code)
    assert answered.json()["request_id"]


def test_cut_closes_the_connection_before_the_answer(suffer: Suffer) -> None:
    with pytest.raises(requests.ConnectionError, match="RemoteDisconnected"):
        suffer("cut")


def test_cut_half_closes_the_connection_within_the_answer(suffer: Suffer) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        suffer("cut-half")


def test_cut_half_has_promised_twice_what_it_sends(serve: Serve, picture: bytes) -> None:
    with closing(serve()) as connection:
        connection.request("POST", PATH, picture, {"X-Api-Key": "sandbox-api_key", "X-Fault": "cut-half"})
        response = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead) as cut:
            response.read()
    assert (response.status, response.headers["Connection"]) == (200, "keep-alive")
    assert len(cut.value.partial) in {cut.value.expected, (cut.value.expected or 0) - 1}
    assert cut.value.partial.startswith(b'{"request_id":')


def test_truncate_is_sound_http_and_broken_json(suffer: Suffer) -> None:
    answered = suffer("truncate")
    assert answered.status_code == 200
    assert answered.headers["Content-Type"] == "application/json"
    assert int(answered.headers["Content-Length"]) == len(answered.content) > 0
    assert answered.headers["Connection"] == "keep-alive"
    with pytest.raises(requests.JSONDecodeError):
        answered.json()


def test_html_is_the_answer_under_a_wrong_content_type(suffer: Suffer) -> None:
    answered = suffer("html")
    assert answered.headers["Content-Type"] == "text/html"
    assert answered.json()["fields"]


@contextmanager
def closing(api: Api) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(api.authority, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


# As the SDK and the reader see them.


def sdk(api: Api, secrets: Secrets) -> OcrClient:
    key = secrets["tencent"]
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=api.authority))
    return OcrClient(Credential(key["secret_id"], key["secret_key"]), "ap-guangzhou", profile)


def asked_by_sdk(picture: bytes, headers: Mapping[str, str] | None = None) -> VehicleLicenseOCRRequest:
    asked = VehicleLicenseOCRRequest()
    asked.ImageBase64 = base64.b64encode(picture).decode()
    asked.headers = dict(headers or {})
    return asked


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("throttle", "RequestLimitExceeded"),
        ("expired", "AuthFailure.SignatureExpire"),
        ("5xx", "InternalError"),
        ("5xx=502", "ServerNetworkError"),
        ("cut", "ClientNetworkError"),
        ("cut-half", "ChunkedEncodingError"),
    ],
)
def test_tencents_sdk_raises_what_it_raises_at_tencent(
    serve: Serve, secrets: Secrets, picture: bytes, fault: str, code: str
) -> None:
    ways: tuple[tuple[Api, dict[str, str]], ...] = ((serve(), {"X-Fault": fault}), (serve(as_rule(fault)), {}))
    for api, headers in ways:
        with pytest.raises(TencentCloudSDKException) as raised:
            sdk(api, secrets).VehicleLicenseOCR(asked_by_sdk(picture, headers))
        assert raised.value.code == code


def test_tencents_sdk_that_is_throttled_once_gets_its_license_at_the_second_try(
    serve: Serve, secrets: Secrets, picture: bytes
) -> None:
    client = sdk(serve({"fault": "throttle", "dialect": "tencent", "first": 1}), secrets)
    with pytest.raises(TencentCloudSDKException) as throttled:
        client.VehicleLicenseOCR(asked_by_sdk(picture))
    assert throttled.value.requestId
    assert client.VehicleLicenseOCR(asked_by_sdk(picture)).FrontInfo.PlateNo == "皖AC4L50"


def huaweis_sdk(api: Api, secrets: Secrets) -> huawei.OcrClient:
    key = secrets["huawei"]
    credentials = BasicCredentials(key["access_key"], key["secret_key"], key["project_id"])
    return huawei.OcrClient.new_builder().with_credentials(credentials).with_endpoint(api.url).build()


def asked_of_huawei(picture: bytes) -> huawei.RecognizeVehicleLicenseRequest:
    body = huawei.VehicleLicenseRequestBody(image=base64.b64encode(picture).decode(), side="front")
    return huawei.RecognizeVehicleLicenseRequest(body=body)


HUAWEI_RAISES: Mapping[str, tuple[type[Exception], str | None]] = {
    "throttle": (ClientRequestException, "APIG.0308"),
    "expired": (ClientRequestException, "APIG.0307"),
    "5xx": (ServerResponseException, "ModelArts.4505"),
    "5xx=502": (ServerResponseException, "ModelArts.4505"),
    "cut": (ConnectionException, None),
}


@pytest.mark.parametrize("fault", HUAWEI_RAISES)
def test_huaweis_sdk_raises_what_it_raises_at_huawei(
    serve: Serve, secrets: Secrets, picture: bytes, fault: str
) -> None:
    kind, code = HUAWEI_RAISES[fault]
    with pytest.raises(kind) as raised:
        huaweis_sdk(serve(as_rule(fault)), secrets).recognize_vehicle_license(asked_of_huawei(picture))
    assert getattr(raised.value, "error_code", None) == code


def test_huaweis_sdk_that_is_throttled_once_gets_its_license_at_the_second_try(
    serve: Serve, secrets: Secrets, picture: bytes
) -> None:
    client = huaweis_sdk(serve({"fault": "throttle", "path": "*/vehicle-license", "first": 1}), secrets)
    asked = asked_of_huawei(picture)
    with pytest.raises(ClientRequestException):
        client.recognize_vehicle_license(asked)
    assert client.recognize_vehicle_license(asked).result.number == "皖AC4L50"


# What the reader's own adapter, which knows each vendor's codes, takes a fault for.
TAKEN_FOR: Mapping[str, type[VendorError]] = {
    "throttle": Throttled,
    "5xx": Unavailable,
    "expired": CredentialsRefused,
    "cut": OutcomeUnknown,
    "cut-half": OutcomeUnknown,
    "truncate": OutcomeUnknown,
}


@pytest.mark.parametrize("fault", TAKEN_FOR)
@pytest.mark.parametrize("vendor", vendors.names())
def test_the_reader_takes_a_fault_for_what_it_is_in_every_dialect(
    serve: Serve, secrets: Secrets, picture: bytes, vendor: str, fault: str
) -> None:
    api = serve({"fault": fault, "path": "*licen[cs]e*"}, {"fault": fault, "dialect": "tencent"})
    kind = vendors.find(vendor)
    credentials = kind.credentials.model_validate(secrets[vendor])
    job = Job(gate(picture), Document.VEHICLE_LICENSE, Side.FRONT)
    with requests.Session() as session:
        asked = kind(Address(api.url, region="ap-guangzhou", project="sandbox"), session=session)
        with pytest.raises(TAKEN_FOR[fault]):
            asked.read(job, credentials, until=time.time() + 20)


# Which requests.


def struck(rules: faults.Faults, count: int, dialect: str = "native", path: str = PATH) -> list[int]:
    """The numbers, from 1, of so many requests that a fault befell."""
    return [call for call in range(1, count + 1) if rules.befalling(dialect, path)]


@pytest.mark.parametrize(
    ("condition", "calls"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7]),
        ({"every": 3}, [3, 6]),
        ({"every": 1}, [1, 2, 3, 4, 5, 6, 7]),
        ({"first": 2}, [1, 2]),
        ({"calls": [1, 4]}, [1, 4]),
        ({"share": 0}, []),
        ({"share": 1}, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_rule_strikes_the_calls_that_it_names(tmp_path: Path, condition: dict[str, object], calls: list[int]) -> None:
    assert struck(loaded(tmp_path, [{"fault": "cut"} | condition]), 7) == calls


def test_a_share_is_drawn_by_its_seed_the_same_each_time(tmp_path: Path) -> None:
    def drawn(**seed: int) -> list[int]:
        return struck(loaded(tmp_path, [{"fault": "cut", "share": 0.3, **seed}]), 1000)

    assert drawn(seed=7) == drawn(seed=7)
    assert drawn() == drawn(seed=0)
    assert drawn(seed=7) != drawn(seed=8)
    assert 250 < len(drawn(seed=7)) < 350


def test_of_rules_that_strike_the_first_wins_and_each_counts_what_fits_it(tmp_path: Path) -> None:
    rules = loaded(
        tmp_path,
        [{"fault": "cut", "calls": [2]}, {"fault": "html", "every": 2}, {"fault": "expired", "dialect": "tencent"}],
    )
    met = [rules.befalling("native", PATH) for _ in range(4)]
    assert [str(injected) if injected else None for injected in met] == [
        None,
        "cut by rule 1",
        None,
        "html by rule 2",
    ]


def test_a_rule_counts_only_its_dialect_and_paths(tmp_path: Path) -> None:
    rules = loaded(tmp_path, [{"fault": "cut", "dialect": "huawei", "path": "/v2/*/ocr/*-license", "calls": [1, 3]}])
    assert struck(rules, 3, "native") == []
    assert struck(rules, 3, "huawei", "/v3/auth/tokens") == []
    assert struck(rules, 2, "huawei", "/v2/p/ocr/vehicle-license") == [1]
    assert struck(rules, 2, "huawei", "/v2/p/ocr/driver-license") == [1]


def test_requests_at_once_are_struck_as_often_as_requests_in_turn(tmp_path: Path) -> None:
    rules = loaded(tmp_path, [{"fault": "cut", "every": 4}, {"fault": "html", "share": 0.5, "seed": 3}])
    again = loaded(tmp_path, [{"fault": "cut", "every": 4}, {"fault": "html", "share": 0.5, "seed": 3}])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(16) as pool:
            met = list(pool.map(lambda _: str(rules.befalling("native", PATH)), range(4000)))
    finally:
        sys.setswitchinterval(interval)
    assert sorted(met) == sorted(str(again.befalling("native", PATH)) for _ in range(4000))


def test_rules_know_the_dialect_that_a_request_speaks(serve: Serve, secrets: Secrets, picture: bytes) -> None:
    api = serve({"fault": "throttle", "dialect": "tencent"})
    assert ask(api, picture).status_code == 200
    with pytest.raises(TencentCloudSDKException):
        sdk(api, secrets).VehicleLicenseOCR(asked_by_sdk(picture))


def test_a_request_with_a_header_is_no_rules_business(serve: Serve, picture: bytes) -> None:
    api = serve({"fault": "throttle", "calls": [2]})
    told = [ask(api, picture, fault) for fault in (None, "html", "html", None, None)]
    assert [answered.status_code for answered in told] == [200, 200, 200, 429, 200]
    assert [answered.headers["Content-Type"] for answered in told[:3]] == ["application/json", "text/html", "text/html"]


@pytest.mark.parametrize(
    "header", ["", "slow", "slow=0", "slow=601", "slow=nan", "slow=1,cut", "5xx=404", "cut=1", "none"]
)
def test_a_header_that_names_no_fault_is_answered_with_those_there_are(
    serve: Serve, picture: bytes, header: str
) -> None:
    answered = ask(serve(), picture, header)
    assert (answered.status_code, answered.headers["Content-Type"]) == (400, "text/plain")
    assert answered.text.startswith("X-Fault: one of slow, throttle, 5xx, expired, cut, cut-half, truncate, html")


@given(st.text() | st.sampled_from(faults.NAMES) | st.from_regex(r"(slow|5xx|cut)=[^0-9]*"))
def test_any_header_is_a_fault_or_refused(header: str) -> None:
    if header in {*faults.NAMES} - {"slow"}:
        assert faults.asked(header).rule.fault == header
        return
    with pytest.raises(ValueError, match=r"^X-Fault: one of "):
        faults.asked(header)


def test_a_fault_is_told_on_standard_error_in_a_line(
    serve: Serve, picture: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    api = serve({"fault": "slow", "seconds": 0.01, "first": 1})
    ask(api, picture)
    ask(api, picture, "5xx=503")
    ask(api, picture)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("fault")]
    assert lines == [
        f"fault: slow=0.01 by rule 1 for POST {PATH} (native)",
        f"fault: 5xx=503 by X-Fault for POST {PATH} (native)",
    ]


def test_a_path_cannot_forge_a_line_on_the_terminal(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    host, _, port = serve({"fault": "cut"}).authority.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(b"GET /\x1b[2J\xe9 HTTP/1.1\r\n\r\n")
        assert raw.recv(1) == b""
    assert capsys.readouterr().err == "fault: cut by rule 1 for GET /\\x1b[2J\\xe9 (native)\n"


# The file.


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"fault": "slow"}, "rule 2, seconds: this fault needs it"),
        ({"fault": "slow", "seconds": "1"}, "rule 2, seconds: Input should be a valid number"),
        ({"fault": "slow", "seconds": 0}, "rule 2, seconds: Input should be greater than 0"),
        ({"fault": "throttle", "seconds": 1}, "rule 2, seconds: a rule of this fault has no such field"),
        ({"fault": "5xx", "status": 404}, "rule 2, status: Input should be greater than or equal to 500"),
        ({"fault": "fire"}, "rule 2, fault: there are slow, throttle, 5xx, expired, cut, cut-half, truncate, html"),
        ({}, "rule 2, fault: there are slow, throttle, 5xx, expired, cut, cut-half, truncate, html"),
        ({"fault": "cut", "when": 1}, "rule 2, when: a rule of this fault has no such field"),
        ({"fault": "cut", "path": ""}, "rule 2, path: String should have at least 1 character"),
        (
            {"fault": "cut", "dialect": "embedded"},
            (
                "rule 2, dialect: there is no such dialect; "
                "there are huawei, huawei_iam, megvii, native, tencent, tencent_legacy"
            ),
        ),
        ({"fault": "cut", "every": 0}, "rule 2, every: Input should be greater than or equal to 1"),
        ({"fault": "cut", "first": True}, "rule 2, first: Input should be a valid integer"),
        ({"fault": "cut", "calls": []}, "rule 2, calls: Tuple should have at least 1 item"),
        ({"fault": "cut", "calls": 3}, "rule 2, calls: a list is wanted"),
        ({"fault": "cut", "calls": [1, 0]}, "rule 2, calls.1: Input should be greater than or equal to 1"),
        ({"fault": "cut", "share": 1.1}, "rule 2, share: Input should be less than or equal to 1"),
        ({"fault": "cut", "seed": 1}, "rule 2: a seed is of use beside a share only"),
        ({"fault": "cut", "every": 2, "first": 1}, "rule 2: every, first: at most one of them"),
        ("cut", "rule 2: Input should be an object"),
    ],
)
def test_a_wrong_rule_is_refused_by_its_number_and_field(tmp_path: Path, rule: Any, said: str) -> None:
    with pytest.raises(Failure) as refused:
        loaded(tmp_path, [{"fault": "cut"}, rule])
    assert f"\n  {said}" in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / 'faults.json'}: the faults are not understood\n")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Failure) as refused:
        loaded(tmp_path, [{"fault": "slow"}, {"fault": "cut", "every": 0, "path": ""}])
    assert str(refused.value).count("\n  rule ") == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "a list is wanted"),
        (b"", "Invalid JSON: EOF while parsing a value at line 1 column 0"),
        (b'[\n{"fault": "cut",}]', "Invalid JSON: trailing comma at line 2 column 17"),
        (b"\xff", "Invalid JSON"),
    ],
)
def test_a_file_that_is_no_list_of_rules_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "faults.json"
    path.write_bytes(content)
    with pytest.raises(Failure, match=said):
        faults.load(path)


def test_an_empty_list_is_no_fault_at_all(tmp_path: Path) -> None:
    assert not loaded(tmp_path, [])


def test_every_fault_is_tested_here_and_can_be_asked_for_in_a_header() -> None:
    assert {*TAKEN_FOR, "slow", "html"} == set(faults.NAMES)
    for fault in faults.NAMES:
        assert faults.asked("slow=1" if fault == "slow" else fault).rule.fault == fault
