"""Our signatures held against the vendors' own signers, byte for byte, and against what their clients really send."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from huaweicloudsdkocr.v1 import OcrClient as HuaweiClient
from huaweicloudsdkocr.v1 import RecognizeVehicleLicenseRequest, VehicleLicenseRequestBody
from hypothesis import given
from hypothesis import strategies as st
from qcloud_image.auth import Auth
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ocr.v20181119.models import VehicleLicenseOCRRequest
from tencentcloud.ocr.v20181119.ocr_client import OcrClient as TencentClient

from license_reader import signing

if TYPE_CHECKING:
    from tests.loopback import Loopback

# Both SDKs tell the time by a function that Python 3.12 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")

keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
projects = st.from_regex(r"[0-9A-Za-z_-]+", fullmatch=True)
times = st.integers(min_value=0, max_value=4_102_444_800)
hosts = st.from_regex(r"[a-z][a-z0-9-]{0,20}\.example(:[1-9][0-9]{1,4})?", fullmatch=True).filter(
    lambda host: ":" not in host or int(host.partition(":")[2]) < 65536
)


def prepared(url: str, body: bytes, auth: Any, **headers: str) -> requests.PreparedRequest:
    with_headers = {"Content-Type": "application/json", **headers}
    return requests.Request("POST", url, data=body, headers=with_headers, auth=auth).prepare()


def tencent_judge(secret_key: str, headers: dict[str, str], body: bytes, timestamp: int) -> str:
    client = TencentClient(Credential("id", secret_key), "ap-guangzhou")
    headers = {**headers, "X-TC-Timestamp": str(timestamp)}
    request = RequestInternal(headers["Host"], "POST", "/", header=headers, data=body)
    date = dt.datetime.fromtimestamp(timestamp, dt.UTC).strftime("%Y-%m-%d")
    signature: str = client._get_tc3_signature({}, request, date, "ocr", secret_key)
    return signature


@given(secret_id=keys, secret_key=keys, token=st.none() | keys, host=hosts, body=st.binary(min_size=1), now=times)
def test_tencent_requests_are_signed_as_its_sdk_signs(  # noqa: PLR0913, PLR0917
    secret_id: str, secret_key: str, token: str | None, host: str, body: bytes, now: int
) -> None:
    auth = signing.Tc3Auth(secret_id, secret_key, token=token, service="ocr", clock=lambda: now + 0.9)
    request = prepared(f"http://{host}/", body, auth)

    algorithm, told = signing.authorization_parameters(str(request.headers["Authorization"]))
    date = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m-%d")
    assert request.headers["Host"] == host
    assert request.headers.get("X-TC-Token") == token
    assert algorithm == "TC3-HMAC-SHA256"
    assert told["SignedHeaders"] == "content-type;host"
    # An id may hold a comma or a slash; none of Tencent's does, so only what follows it is compared as text.
    assert f"Credential={secret_id}/{date}/ocr/tc3_request, " in str(request.headers["Authorization"])
    headers = {"Content-Type": "application/json", "Host": host}
    assert told["Signature"] == tencent_judge(secret_key, headers, body, now)


@given(secret_key=keys, body=st.binary(), now=times)
def test_an_unsigned_payload_of_tencent_is_verified_as_its_sdk_signs(secret_key: str, body: bytes, now: int) -> None:
    headers = {"Content-Type": "application/json", "Host": "ocr.example"}
    canonical = signing.tc3_canonical_request(
        "POST",
        "/",
        "",
        headers={name.lower(): value for name, value in headers.items()},
        signed=signing.TC3_SIGNED,
        payload_hash=signing.sha256_hex(signing.UNSIGNED_PAYLOAD.encode()),
    )
    judged = tencent_judge(secret_key, {**headers, "X-TC-Content-SHA256": "UNSIGNED-PAYLOAD"}, body, now)
    assert signing.tc3_signature(secret_key, canonical, now, "ocr") == judged


def test_what_tencents_client_sends_verifies(loopback: Loopback) -> None:
    reply = {"Response": {"FrontInfo": {"PlateNo": "沪AA1234"}, "RequestId": "r"}}
    loopback.answer(headers={"Content-Type": "application/json"}, body=json.dumps(reply).encode())
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=loopback.authority))
    client = TencentClient(Credential("AKIDtest", "test-secret-key", "test-token"), "ap-beijing", profile)
    ask = VehicleLicenseOCRRequest()
    ask.ImageBase64, ask.CardSide = "AAAA", "DOUBLE"
    client.VehicleLicenseOCR(ask)

    [asked] = loopback.asked
    _, told = signing.authorization_parameters(asked.headers["authorization"])
    timestamp = int(asked.headers["x-tc-timestamp"])
    canonical = signing.tc3_canonical_request(
        "POST",
        "/",
        "",
        headers=asked.headers,
        signed=told["SignedHeaders"].split(";"),
        payload_hash=signing.sha256_hex(asked.body),
    )
    assert told["Credential"] == f"AKIDtest/{signing.tc3_scope(timestamp, 'ocr')}"
    assert told["Signature"] == signing.tc3_signature("test-secret-key", canonical, timestamp, "ocr")
    forged = signing.tc3_signature("another-key", canonical, timestamp, "ocr")
    assert told["Signature"] != forged


segments = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/?#"), min_size=1, max_size=12)
pairs = st.lists(st.tuples(segments, st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)), max_size=4)


def huawei_judge(access_key: str, secret_key: str, request: SdkRequest) -> str:
    signed = Signer(BasicCredentials(access_key, secret_key)).sign(request)
    return str(signed.header_params["Authorization"])


@given(access_key=keys, secret_key=keys, project=projects, host=hosts, body=st.binary(min_size=1), now=times)
def test_huawei_requests_are_signed_as_its_sdk_signs(  # noqa: PLR0913, PLR0917
    access_key: str, secret_key: str, project: str, host: str, body: bytes, now: int
) -> None:
    path = f"/v2/{quote(project, safe='')}/ocr/vehicle-license"
    auth = signing.SdkHmacAuth(access_key, secret_key, clock=lambda: now + 0.9)
    request = prepared(f"http://{host}{path}", body, auth, **{"X-Project-Id": project})

    date = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"Content-Type": "application/json", "X-Project-Id": project, "X-Sdk-Date": date, "Host": host}
    judged = huawei_judge(access_key, secret_key, SdkRequest("POST", "http", host, path, None, [], headers, body))
    assert request.headers["Authorization"] == judged
    assert request.headers["X-Sdk-Date"] == date


@given(secret_key=keys, parts=st.lists(segments, max_size=4), query=pairs, body=st.binary())
def test_any_path_and_query_of_huawei_is_canonical_as_in_its_sdk(
    secret_key: str, parts: list[str], query: list[tuple[str, str]], body: bytes
) -> None:
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    headers = {"X-Sdk-Date": "20260101T000000Z", "Host": "ocr.example"}
    judged = huawei_judge(
        "ak", secret_key, SdkRequest("POST", "http", "ocr.example", path, None, list(query), dict(headers), body)
    )
    canonical = signing.sdk_canonical_request(
        "POST",
        path,
        urlencode(query),
        headers={name.lower(): value for name, value in headers.items()},
        signed=["host", "x-sdk-date"],
        payload_hash=signing.sha256_hex(body),
    )
    signature = signing.sdk_signature(secret_key, canonical, headers["X-Sdk-Date"])
    assert signature == signing.authorization_parameters(judged)[1]["Signature"]


def test_what_huaweis_client_sends_verifies(loopback: Loopback) -> None:
    loopback.answer(headers={"Content-Type": "application/json"}, body=b'{"result": {"number": "x"}}')
    credentials = BasicCredentials("HWTESTACCESSKEY", "test-secret-key", "proj0")
    client = HuaweiClient.new_builder().with_credentials(credentials).with_endpoint(loopback.url).build()
    body = VehicleLicenseRequestBody(image="AAAA", side="front")
    client.recognize_vehicle_license(RecognizeVehicleLicenseRequest(body=body))

    [asked] = loopback.asked
    algorithm, told = signing.authorization_parameters(asked.headers["authorization"])
    signed = told["SignedHeaders"].split(";")
    target = urlsplit(asked.target)
    canonical = signing.sdk_canonical_request(
        asked.method,
        target.path,
        target.query,
        headers=asked.headers,
        signed=signed,
        payload_hash=signing.sha256_hex(asked.body),
    )
    assert (algorithm, told["Access"]) == (signing.SDK_HMAC, "HWTESTACCESSKEY")
    assert {"user-agent", "x-project-id"} <= set(signed)
    assert told["Signature"] == signing.sdk_signature("test-secret-key", canonical, asked.headers["x-sdk-date"])


@given(appid=keys, bucket=st.just("") | keys, secret_id=keys, secret_key=keys, seconds=st.integers(1, 7_776_000))
def test_the_first_image_api_is_signed_as_its_sdk_signs(
    appid: str, bucket: str, secret_id: str, secret_key: str, seconds: int
) -> None:
    judged = Auth(appid, secret_id, secret_key).get_sign(bucket, seconds).decode()

    signature, text = signing.legacy_parts(judged)
    assert signing.legacy_signature_holds(secret_key, signature, text)
    assert not signing.legacy_signature_holds(secret_key + "x", signature, text)
    # The SDK takes the time and the nonce from the machine: they are read back from its text, which ends with them.
    expires, issued, nonce = (int(part.partition("=")[2]) for part in text.split("&")[-4:-1])
    assert expires == issued + seconds
    rebuilt = signing.legacy_text(appid, bucket, secret_id, issued=issued, expires=expires, nonce=nonce)
    assert signing.legacy_authorization(secret_key, rebuilt) == judged


@given(secret_key=keys, now=times, nonce=st.integers(0, 10**9 - 1))
def test_a_legacy_signature_holds_for_ten_minutes(secret_key: str, now: int, nonce: int) -> None:
    auth = signing.LegacyAuth("125", "", "id", secret_key, clock=lambda: now + 0.5, nonce=lambda: nonce)
    request = prepared("http://recognition.example/ocr/drivinglicence", b"x", auth)
    signature, text = signing.legacy_parts(str(request.headers["Authorization"]))
    assert text == f"a=125&b=&k=id&e={now + 600}&t={now}&r={nonce}&f="
    assert signing.legacy_signature_holds(secret_key, signature, text)


@pytest.mark.parametrize(
    "auth",
    [
        signing.Tc3Auth("AKIDtest", "hunter2", token="hunter3", service="ocr", clock=lambda: 0),
        signing.SdkHmacAuth("HWTESTACCESSKEY", "hunter2", clock=lambda: 0),
        signing.LegacyAuth("125", "b", "AKIDtest", "hunter2", clock=lambda: 0),
    ],
)
def test_a_signer_does_not_print_its_secrets(auth: object) -> None:
    assert repr(auth) == str(auth) == f"{type(auth).__name__}(...)"
