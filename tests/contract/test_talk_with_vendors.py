"""The talk that all vendors share, on loopback: time, lost connections, tokens, and what an error may tell."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests
from pydantic import TypeAdapter

from license_reader.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RequestRefused,
    Unavailable,
    VendorError,
)
from license_reader.image import Image
from license_reader.license import Document, Side
from license_reader.vendors import embedded, find, huawei, tencent
from license_reader.vendors._base import MAX_REPLY_BYTES, Address, BaseVendor, Job, Token, json_with_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.loopback import Loopback

ANSWER = json.dumps(
    {"request_id": "r", "document": "vehicle_license", "side": "front", "fields": {"vin": "V"}}
).encode()
KEY = embedded.ApiKey.model_validate({"api_key": "hunter2"})
ACCOUNT = huawei.Secret.model_validate({"domain": "d", "user": "u", "password": "hunter2", "project": "cn-north-4"})
RESULT = b'{"result": {"number": "x"}}'


def job(size: int = 100) -> Job:
    picture = Image(b"\xff\xd8\xff" + bytes(size), "jpeg", 800, 600)
    return Job(picture, Document.VEHICLE_LICENSE, Side.FRONT)


def within(seconds: float) -> float:
    return time.time() + seconds


@pytest.fixture
def vendor(loopback: Loopback, session: requests.Session) -> BaseVendor:
    return embedded.Vendor(Address(loopback.url), session=session)


@pytest.fixture
def huawei_vendor(loopback: Loopback, session: requests.Session) -> huawei.Vendor:
    return huawei.Vendor(Address(loopback.url), session=session)


def test_nobody_listening_is_not_charged(session: requests.Session) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        vendor = embedded.Vendor(Address(f"http://127.0.0.1:{unused.getsockname()[1]}"), session=session)
        with pytest.raises(Unavailable, match="could not be asked") as caught:
            vendor.read(job(), KEY, until=within(5))
    assert not caught.value.charged


def test_an_endpoint_that_is_no_url_is_told_as_such(session: requests.Session) -> None:
    vendor = embedded.Vendor(Address("http://[nowhere"), session=session)
    with pytest.raises(RequestRefused, match="cannot be asked: InvalidURL"):
        vendor.read(job(), KEY, until=within(5))


def test_a_connection_lost_while_sending_is_not_charged(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(unread=True)
    with pytest.raises(Unavailable, match="could not be asked") as caught:
        vendor.read(job(32_000_000), KEY, until=within(10))
    assert not caught.value.charged


def test_time_that_runs_out_while_sending_is_not_charged(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(unread=True, pause=10)
    started = time.monotonic()
    with pytest.raises(Unavailable, match="could not be asked"):
        vendor.read(job(32_000_000), KEY, until=within(0.5))
    assert time.monotonic() - started < 3


def test_a_line_too_slow_for_the_time_left_is_not_charged(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(body=ANSWER, reading_pause=0.1)
    started = time.monotonic()
    with pytest.raises(Unavailable, match="could not be asked: TimeoutError"):
        vendor.read(job(64_000_000), KEY, until=within(1))
    assert time.monotonic() - started < 3


class Hasty(embedded.Vendor):
    connect_seconds = 0.5


def test_a_line_slower_than_the_connect_timeout_is_no_failure(loopback: Loopback, session: requests.Session) -> None:
    vendor = Hasty(Address(loopback.url), session=session)
    loopback.answer(body=ANSWER, reading_pause=0.1)
    started = time.monotonic()
    vendor.read(job(16_000_000), KEY, until=within(20))
    assert time.monotonic() - started > 0.5


def test_a_connection_lost_after_sending_may_be_charged(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(hang_up=True)
    with pytest.raises(OutcomeUnknown, match="connection lost") as caught:
        vendor.read(job(), KEY, until=within(5))
    assert caught.value.charged


def test_an_answer_that_breaks_off_may_be_charged(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(headers={"Content-Length": "100000", "Connection": "close"}, pieces=(ANSWER[:20],))
    with pytest.raises(OutcomeUnknown):
        vendor.read(job(), KEY, until=within(3), read_timeout=1)


def test_silence_ends_with_the_read_timeout(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(silence=True)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="no answer in time"):
        vendor.read(job(), KEY, until=within(10), read_timeout=0.3)
    assert time.monotonic() - started < 3


def test_silence_ends_when_the_time_is_up_however_patient_the_settings_are(
    vendor: BaseVendor, loopback: Loopback
) -> None:
    loopback.answer(silence=True)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="no answer in time"):
        vendor.read(job(), KEY, until=within(0.3), read_timeout=60)
    assert time.monotonic() - started < 3


def test_an_answer_that_trickles_is_given_up_when_the_time_is_up(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(pieces=tuple(bytes([byte]) for byte in ANSWER), pause=0.1)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="no answer in time"):
        vendor.read(job(), KEY, until=within(0.5), read_timeout=5)
    assert time.monotonic() - started < 3


def test_an_answer_in_pieces_is_read_whole(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(pieces=(ANSWER[:10], ANSWER[10:30], ANSWER[30:]), pause=0.05)
    assert vendor.read(job(), KEY, until=within(5)).raw == json.loads(ANSWER)


def test_a_compressed_answer_is_read(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(headers={"Content-Encoding": "gzip"}, body=gzip.compress(ANSWER))
    assert vendor.read(job(), KEY, until=within(5)).raw == json.loads(ANSWER)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "compressed"])
def test_an_answer_without_measure_is_cut_off(
    pack: Callable[[bytes], bytes], vendor: BaseVendor, loopback: Loopback
) -> None:
    encoding = {"Content-Encoding": "gzip"} if pack is gzip.compress else {}
    loopback.answer(headers=encoding, body=pack(b" " * (MAX_REPLY_BYTES + 1)))
    with pytest.raises(OutcomeUnknown, match=f"more than {MAX_REPLY_BYTES} bytes"):
        vendor.read(job(), KEY, until=within(5))


def test_without_time_nobody_is_asked(vendor: BaseVendor, loopback: Loopback) -> None:
    with pytest.raises(Unavailable, match="no time left to ask"):
        vendor.read(job(), KEY, until=within(-1))
    assert loopback.connections == 0


def test_a_connection_is_used_again(vendor: BaseVendor, loopback: Loopback) -> None:
    for _ in range(3):
        loopback.answer(body=ANSWER)
        vendor.read(job(), KEY, until=within(5))
    assert loopback.connections == 1


def test_a_large_picture_arrives_whole(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(body=ANSWER)
    asked = job(3_000_001)
    vendor.read(asked, KEY, until=within(10))
    assert loopback.asked[0].body == asked.image.content


def test_no_login_is_taken_from_the_environment(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    loopback.answer(body=ANSWER)
    with requests.Session() as session:
        assert session.trust_env
        embedded.Vendor(Address(loopback.url), session=session).read(job(), KEY, until=within(5))
    assert "authorization" not in loopback.asked[0].headers


def token_reply(value: str, *, expires: str = "2099-01-01T00:00:00.000000Z", project: str = "proj0") -> dict[str, Any]:
    body = {"token": {"expires_at": expires, "project": {"id": project}}}
    return {"status": 201, "headers": {"X-Subject-Token": value}, "body": json.dumps(body).encode()}


def logins(loopback: Loopback) -> int:
    return sum(asked.target == huawei.TOKENS_PATH for asked in loopback.asked)


def tokens_sent(loopback: Loopback) -> list[str | None]:
    return [asked.headers.get("x-auth-token") for asked in loopback.asked if asked.target != huawei.TOKENS_PATH]


def test_a_token_serves_until_it_ends(loopback: Loopback, session: requests.Session) -> None:
    now = [time.time()]
    vendor = huawei.Vendor(Address(loopback.url), session=session, clock=lambda: now[0])
    loopback.answer(**token_reply("one", expires="2026-06-01T00:10:00Z"))
    now[0] = 1_780_272_000.0  # 2026-06-01T00:00:00Z
    for _ in range(2):
        loopback.answer(body=RESULT)
        vendor.read(job(), ACCOUNT, until=now[0] + 5)
    now[0] += 541  # within a minute of its end
    loopback.answer(**token_reply("two"))
    loopback.answer(body=RESULT)
    vendor.read(job(), ACCOUNT, until=now[0] + 5)
    assert tokens_sent(loopback) == ["one", "one", "two"]


def test_many_threads_log_in_once(huawei_vendor: huawei.Vendor, loopback: Loopback) -> None:
    loopback.answer(**token_reply("one"), pause=0.1)
    for _ in range(8):
        loopback.answer(body=RESULT)
    failures: list[BaseException] = []

    def read() -> None:
        try:
            huawei_vendor.read(job(), ACCOUNT, until=within(5))
        except VendorError as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert logins(loopback) == 1
    assert tokens_sent(loopback) == ["one"] * 8


def test_a_refused_token_is_not_sent_again(huawei_vendor: huawei.Vendor, loopback: Loopback) -> None:
    loopback.answer(**token_reply("one"))
    loopback.answer(401, body=b'{"error_code": "APIG.0307", "error_msg": "expired"}')
    with pytest.raises(CredentialsRefused):
        huawei_vendor.read(job(), ACCOUNT, until=within(5))
    loopback.answer(**token_reply("two"))
    loopback.answer(body=RESULT)
    huawei_vendor.read(job(), ACCOUNT, until=within(5))
    assert tokens_sent(loopback) == ["one", "two"]


def test_a_refusal_that_comes_late_leaves_a_newer_token_alone(huawei_vendor: huawei.Vendor, loopback: Loopback) -> None:
    newer = Token("two", within(3600), "proj0")
    loopback.answer(**token_reply("one"))
    loopback.answer(401, body=b'{"error_code": "APIG.0307", "error_msg": "expired"}', pause=0.3)
    outcome: list[VendorError] = []

    def read() -> None:
        try:
            huawei_vendor.read(job(), ACCOUNT, until=within(5))
        except VendorError as error:
            outcome.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    while len(loopback.asked) < 2:
        time.sleep(0.01)
    huawei_vendor._token = newer  # what another thread's login would have left
    thread.join()
    assert [type(error) for error in outcome] == [CredentialsRefused]
    loopback.answer(body=RESULT)
    huawei_vendor.read(job(), ACCOUNT, until=within(5))
    assert tokens_sent(loopback) == ["one", "two"]


def test_a_login_that_was_refused_is_not_tried_again_with_the_same_credentials(
    huawei_vendor: huawei.Vendor, loopback: Loopback
) -> None:
    loopback.answer(401, body=b'{"error": {"code": 401, "message": "wrong password"}}', pause=0.1)
    loopback.answer(**token_reply("one"))
    loopback.answer(body=RESULT)
    failures: list[VendorError] = []

    def read() -> None:
        try:
            huawei_vendor.read(job(), ACCOUNT, until=within(5))
        except CredentialsRefused as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {error.code for error in failures} == {"IAM.401"}
    assert (len(failures), logins(loopback)) == (8, 1)
    huawei_vendor.read(job(), ACCOUNT.model_copy(), until=within(5))
    assert (logins(loopback), tokens_sent(loopback)) == (2, ["one"])


def test_another_secret_logs_in_anew(huawei_vendor: huawei.Vendor, loopback: Loopback) -> None:
    other = huawei.Secret.model_validate({"domain": "d", "user": "u", "password": "changed", "project": "cn-north-4"})
    for secret, value in ((ACCOUNT, "one"), (other, "two")):
        loopback.answer(**token_reply(value))
        loopback.answer(body=RESULT)
        huawei_vendor.read(job(), secret, until=within(5))
    assert tokens_sent(loopback) == ["one", "two"]


def test_who_waits_for_anothers_login_waits_no_longer_than_it_may(
    huawei_vendor: huawei.Vendor, loopback: Loopback
) -> None:
    loopback.answer(silence=True)

    def log_in() -> None:
        with pytest.raises(Unavailable):
            huawei_vendor.read(job(), ACCOUNT, until=within(2))

    slow = threading.Thread(target=log_in)
    slow.start()
    while not loopback.asked:
        time.sleep(0.01)
    started = time.monotonic()
    with pytest.raises(Unavailable, match="no time left to log in"):
        huawei_vendor.read(job(), ACCOUNT, until=within(0.3))
    assert time.monotonic() - started < 1.5
    slow.join()


@pytest.mark.parametrize(
    "reply",
    [
        {"silence": True},
        {"hang_up": True},
        {"status": 200, "body": b"<html>"},
        {
            "status": 201,
            "body": b'{"token": {"expires_at": "2099-01-01T00:00:00Z"}}',
            "headers": {"X-Subject-Token": "x"},
        },
        {"status": 201, "body": b"{}", "headers": {"X-Subject-Token": "x"}},
        {"status": 504, "body": b"gateway"},
    ],
)
def test_a_login_that_fails_was_not_charged(
    reply: dict[str, Any], huawei_vendor: huawei.Vendor, loopback: Loopback
) -> None:
    loopback.answer(**reply)
    with pytest.raises(Unavailable, match="login") as caught:
        huawei_vendor.read(job(), ACCOUNT, until=within(0.5))
    assert not caught.value.charged


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://ocr.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"),
        ("https://ocr.ap-southeast-2.myhuaweicloud.cn", "https://iam.ap-southeast-2.myhuaweicloud.cn"),
        ("http://127.0.0.1:9001", "http://127.0.0.1:9001"),
        ("https://ocr.example.com", "https://ocr.example.com"),
        ("https://ocr.cn-north-4.myhuaweicloud.com.example", "https://ocr.cn-north-4.myhuaweicloud.com.example"),
    ],
)
def test_tokens_come_from_huaweis_iam_or_from_the_endpoint_itself(endpoint: str, expected: str) -> None:
    assert huawei.iam_endpoint(endpoint) == expected


def test_huaweis_endpoint_is_that_of_the_region(session: requests.Session) -> None:
    vendor = huawei.Vendor(Address(huawei.Vendor.endpoint, region="cn-east-3"), session=session)
    request = vendor.request(job(), ACCOUNT, Token("t", 0, "proj 0/"))
    assert request.url == "https://ocr.cn-east-3.myhuaweicloud.com/v2/proj%200%2F/ocr/vehicle-license"
    login = vendor.login(ACCOUNT)
    assert login is not None
    assert login.url == "https://iam.cn-east-3.myhuaweicloud.com/v3/auth/tokens"


def test_tencents_region_is_that_of_the_settings(session: requests.Session) -> None:
    vendor = tencent.Vendor(Address(tencent.Vendor.endpoint, region="ap-hongkong"), session=session)
    secret = tencent.ApiKey.model_validate({"secret_id": "i", "secret_key": "k"})
    assert vendor.request(job(), secret, None).headers["X-TC-Region"] == "ap-hongkong"


SECRETS: dict[str, dict[str, str]] = {
    "megvii": {"api_key": "hunter2-id", "api_secret": "hunter2"},
    "tencent": {"secret_id": "hunter2-id", "secret_key": "hunter2", "token": "hunter2-token"},
    "tencent_legacy": {"appid": "1", "bucket": "", "secret_id": "hunter2-id", "secret_key": "hunter2"},
    "huawei": {"domain": "d", "user": "u", "password": "hunter2", "project": "hunter2-project"},
    "embedded": {"api_key": "hunter2"},
}
# Replies of the wrong shape with a person in them.
WRONG = {
    "megvii": {"request_id": ["某甲"], "plate_no": "京A00000", "owner": "某甲"},
    "tencent": {"Response": {"RequestId": "r", "FrontInfo": "某甲"}},
    "tencent_legacy": {"code": 0, "data": {"items": [{"item": "所有人", "itemstring": {"某甲": 1}}]}},
    "huawei": {"result": {"number": "x", "front": "某甲"}},
    "embedded": {"document": "某甲", "fields": {"owner": "某甲"}},
}
FAILURES: list[dict[str, Any]] = [
    {"silence": True},
    {"hang_up": True},
    {"body": "京A00000 某甲".encode()},
    {"status": 403, "body": b'{"error": "hunter2"}'},
    {"headers": {"Content-Encoding": "gzip"}, "body": "某甲 hunter2".encode()},
    {"wrong": True},
]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("name", SECRETS)
def test_no_error_tells_a_secret_a_picture_an_address_or_a_field(
    name: str, failure: dict[str, Any], loopback: Loopback, session: requests.Session
) -> None:
    kind = find(name)
    told = {"body": json.dumps(WRONG[name]).encode()} if "wrong" in failure else failure
    if name == "huawei":
        loopback.answer(**token_reply("hunter2-token", project="hunter2-project"))
    loopback.answer(**told)
    vendor = kind(Address(loopback.url), session=session)
    with pytest.raises(VendorError) as caught:
        vendor.read(
            job(), TypeAdapter(kind.credentials).validate_python(SECRETS[name]), until=within(5), read_timeout=0.2
        )
    printed = "".join(traceback.format_exception(caught.value))
    # The lines of code that a traceback quotes are ours; what is looked for is what they worked on.
    for telltale in ("hunter2", loopback.authority, "京A00000", "某甲", "/9j", "Signature="):
        assert telltale not in printed
    assert caught.value.__cause__ is not None or caught.value.code


# Refusals that tell a person where a code and a request's id belong.
NAMELESS: dict[str, dict[str, Any]] = {
    "megvii": {"error_message": "某甲: 京A00000", "request_id": "某甲"},
    "tencent": {"Response": {"RequestId": "某甲", "Error": {"Code": "某甲", "Message": "京A00000"}}},
    "huawei": {"error_code": "某甲", "error_msg": "京A00000"},
    "embedded": {"request_id": "某甲", "error": {"code": "某甲", "message": "京A00000"}},
}


@pytest.mark.parametrize("name", NAMELESS)
def test_a_code_or_a_request_id_that_is_no_name_is_not_told(
    name: str, loopback: Loopback, session: requests.Session
) -> None:
    kind = find(name)
    if name == "huawei":
        loopback.answer(**token_reply("hunter2-token", project="hunter2-project"))
    loopback.answer(status=400, body=json.dumps(NAMELESS[name]).encode())
    vendor = kind(Address(loopback.url), session=session)
    with pytest.raises(VendorError) as caught:
        vendor.read(job(), TypeAdapter(kind.credentials).validate_python(SECRETS[name]), until=within(5))
    assert str(caught.value) == f"{name}: a code that is no name"
    assert caught.value.request_id is None


def test_a_readings_request_id_that_is_no_name_is_left_out(vendor: BaseVendor, loopback: Loopback) -> None:
    loopback.answer(body=json.dumps(json.loads(ANSWER) | {"request_id": "某甲"}).encode())
    license_ = vendor.read(job(), KEY, until=within(5))
    assert (license_.vendor_request_id, license_.fields.vin) == (None, "V")  # type: ignore[union-attr]


def test_a_token_does_not_print_itself() -> None:
    assert "hunter2" not in repr(Token("hunter2", 1.0))


def test_json_around_a_picture_is_plain_json() -> None:
    body = json_with_picture("image", b"\xff" * 10, {"side": "front", "说明": '"'})
    assert json.loads(body) == {"image": "/////////////w==", "side": "front", "说明": '"'}
