"""Every error code that a vendor documents, sent by a server, becomes the error and the flag that it should.

The tables here are written from the documents, not from the modules: a code that a module loses fails here.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter

from license_reader import vendors
from license_reader.errors import (
    AccountRefused,
    CredentialsRefused,
    DocumentRefused,
    OutcomeUnknown,
    RequestRefused,
    SizeRefused,
    Throttled,
    Unavailable,
    VendorError,
)
from license_reader.flags import SEVERITY
from license_reader.image import Image
from license_reader.license import Document, Side
from license_reader.vendors._base import Action, Address, BaseVendor, Job

if TYPE_CHECKING:
    import requests
    from tests.loopback import Loopback

CREDENTIALS: dict[str, dict[str, str]] = {
    "megvii": {"api_key": "k", "api_secret": "s"},
    "tencent": {"secret_id": "i", "secret_key": "k"},
    "tencent_legacy": {"appid": "1", "bucket": "", "secret_id": "i", "secret_key": "k"},
    "huawei": {"access_key": "i", "secret_key": "k", "project_id": "p"},
    "embedded": {"api_key": "k"},
}

# vendor, HTTP status, code, error, flag
CODES: list[tuple[str, int, str, type[VendorError], str | None]] = [
    # megvii-ocr_vehicle_license.txt, Error_message
    ("megvii", 400, "IMAGE_ERROR_UNSUPPORTED_FORMAT", DocumentRefused, "image_damaged"),
    ("megvii", 400, "INVALID_IMAGE_SIZE", SizeRefused, "image_too_large"),
    ("megvii", 400, "MISSING_ARGUMENTS", RequestRefused, None),
    ("megvii", 403, "AUTHORIZATION_ERROR", CredentialsRefused, None),
    ("megvii", 403, "CONCURRENCY_LIMIT_EXCEEDED", Throttled, None),
    ("megvii", 404, "API_NOT_FOUND", RequestRefused, None),
    ("megvii", 500, "INTERNAL_ERROR", Unavailable, None),
    ("megvii", 500, "SOMETHING_NEW", Unavailable, None),
    ("megvii", 400, "SOMETHING_NEW", RequestRefused, None),
    # tencent-VehicleLicenseOCR.txt, 6
    ("tencent", 200, "FailedOperation.DownLoadError", Unavailable, None),
    ("tencent", 200, "FailedOperation.EmptyImageError", DocumentRefused, "no_text"),
    ("tencent", 200, "FailedOperation.ImageBlur", DocumentRefused, "blur"),
    ("tencent", 200, "FailedOperation.ImageDecodeFailed", DocumentRefused, "image_damaged"),
    ("tencent", 200, "FailedOperation.ImageNoText", DocumentRefused, "no_text"),
    ("tencent", 200, "FailedOperation.ImageSizeTooLarge", SizeRefused, "image_too_large"),
    ("tencent", 200, "FailedOperation.LicenseCardSideError", DocumentRefused, "wrong_side"),
    ("tencent", 200, "FailedOperation.LicenseMultiCardError", DocumentRefused, "multiple_cards"),
    ("tencent", 200, "FailedOperation.NoVehicleLicenseError", DocumentRefused, "not_a_license"),
    ("tencent", 200, "FailedOperation.OcrFailed", OutcomeUnknown, None),
    ("tencent", 200, "FailedOperation.UnKnowError", Unavailable, None),
    ("tencent", 200, "FailedOperation.UnOpenError", AccountRefused, None),
    ("tencent", 200, "InvalidParameter.EngineImageDecodeFailed", DocumentRefused, "image_damaged"),
    ("tencent", 200, "InvalidParameterValue.InvalidParameterValueLimit", RequestRefused, None),
    ("tencent", 200, "LimitExceeded.TooLargeFileError", SizeRefused, "image_too_large"),
    ("tencent", 200, "ResourceUnavailable.InArrears", AccountRefused, None),
    ("tencent", 200, "ResourceUnavailable.ResourcePackageRunOut", AccountRefused, None),
    ("tencent", 200, "ResourcesSoldOut.ChargeStatusException", AccountRefused, None),
    # vendor-traps.md, and the SDK's errorcodes.py
    ("tencent", 200, "RequestLimitExceeded", Throttled, None),
    ("tencent", 200, "RequestLimitExceeded.IPLimitExceeded", Throttled, None),
    ("tencent", 200, "AuthFailure.SignatureExpire", CredentialsRefused, None),
    ("tencent", 200, "AuthFailure.SecretIdNotFound", CredentialsRefused, None),
    ("tencent", 200, "AuthFailure.SignatureFailure", CredentialsRefused, None),
    ("tencent", 200, "AuthFailure.TokenFailure", CredentialsRefused, None),
    ("tencent", 200, "AuthFailure.UnauthorizedOperation", RequestRefused, None),
    ("tencent", 200, "InternalError", Unavailable, None),
    ("tencent", 200, "InternalError.Anything", Unavailable, None),
    ("tencent", 200, "FailedOperation.EngineRecognizeTimeout", Unavailable, None),
    ("tencent", 200, "FailedOperation.NoDriverLicenseError", DocumentRefused, "not_a_license"),
    ("tencent", 200, "FailedOperation.SomethingNew", OutcomeUnknown, None),
    ("tencent", 200, "MissingParameter", RequestRefused, None),
    ("tencent", 200, "SomethingNew", OutcomeUnknown, None),
    # tencent-legacy-drivinglicence.txt, 错误码
    ("tencent_legacy", 400, "3", AccountRefused, None),
    ("tencent_legacy", 400, "4", CredentialsRefused, None),
    ("tencent_legacy", 400, "5", CredentialsRefused, None),
    ("tencent_legacy", 400, "6", CredentialsRefused, None),
    ("tencent_legacy", 403, "9", CredentialsRefused, None),
    ("tencent_legacy", 400, "10", CredentialsRefused, None),
    ("tencent_legacy", 400, "11", CredentialsRefused, None),
    ("tencent_legacy", 400, "12", CredentialsRefused, None),
    ("tencent_legacy", 403, "13", CredentialsRefused, None),
    ("tencent_legacy", 403, "14", CredentialsRefused, None),
    ("tencent_legacy", 200, "15", Throttled, None),
    ("tencent_legacy", 400, "16", CredentialsRefused, None),
    ("tencent_legacy", 400, "21", RequestRefused, None),
    ("tencent_legacy", 400, "23", SizeRefused, "image_too_large"),
    ("tencent_legacy", 403, "24", RequestRefused, None),
    ("tencent_legacy", 200, "25", AccountRefused, None),
    ("tencent_legacy", 200, "107", Unavailable, None),
    ("tencent_legacy", 200, "108", Unavailable, None),
    ("tencent_legacy", 200, "213", Unavailable, None),
    ("tencent_legacy", 200, "-1102", DocumentRefused, "image_damaged"),
    ("tencent_legacy", 200, "-1300", DocumentRefused, "no_text"),
    ("tencent_legacy", 200, "-1301", DocumentRefused, "unreadable"),
    ("tencent_legacy", 200, "-1304", DocumentRefused, "image_too_large"),
    ("tencent_legacy", 200, "-1308", Unavailable, None),
    ("tencent_legacy", 200, "-9001", RequestRefused, None),
    ("tencent_legacy", 200, "-9002", DocumentRefused, "not_a_license"),
    ("tencent_legacy", 200, "-9005", DocumentRefused, "image_damaged"),
    ("tencent_legacy", 200, "-9006", DocumentRefused, "unreadable"),
    ("tencent_legacy", 200, "-1", OutcomeUnknown, None),
    # vendor-traps.md, and the error page of Huawei's OCR service
    ("huawei", 400, "AIS.0101", RequestRefused, None),
    ("huawei", 400, "AIS.0102", DocumentRefused, "unsupported_format"),
    ("huawei", 400, "AIS.0103", SizeRefused, None),
    ("huawei", 400, "AIS.0104", DocumentRefused, "not_a_license"),
    ("huawei", 400, "AIS.0105", DocumentRefused, "unreadable"),
    ("huawei", 404, "APIG.0101", RequestRefused, None),
    ("huawei", 400, "APIG.0106", RequestRefused, None),
    ("huawei", 504, "APIG.0201", Throttled, None),
    ("huawei", 401, "APIG.0301", CredentialsRefused, None),
    ("huawei", 401, "APIG.0307", CredentialsRefused, None),
    ("huawei", 429, "APIG.0308", Throttled, None),
    ("huawei", 401, "ModelArts.0203", CredentialsRefused, None),
    ("huawei", 401, "ModelArts.0212", CredentialsRefused, None),
    ("huawei", 401, "ModelArts.4101", CredentialsRefused, None),
    ("huawei", 401, "ModelArts.4102", CredentialsRefused, None),
    ("huawei", 401, "ModelArts.4103", CredentialsRefused, None),
    ("huawei", 400, "ModelArts.4104", SizeRefused, "image_too_large"),
    ("huawei", 400, "ModelArts.4105", RequestRefused, None),
    ("huawei", 403, "ModelArts.4203", CredentialsRefused, None),
    ("huawei", 403, "ModelArts.4204", AccountRefused, None),
    ("huawei", 500, "ModelArts.4302", Unavailable, None),
    ("huawei", 500, "ModelArts.4401", Unavailable, None),
    ("huawei", 500, "ModelArts.4402", Unavailable, None),
    ("huawei", 500, "ModelArts.4403", Unavailable, None),
    ("huawei", 500, "ModelArts.4502", Unavailable, None),
    ("huawei", 500, "ModelArts.4505", Unavailable, None),
    ("huawei", 400, "ModelArts.4601", RequestRefused, None),
    ("huawei", 400, "ModelArts.4603", RequestRefused, None),
    ("huawei", 400, "ModelArts.9999", RequestRefused, None),
    ("huawei", 503, "ModelArts.9999", Unavailable, None),
    ("huawei", 429, "APIG.9999", Throttled, None),
    # our own API
    ("embedded", 400, "invalid_request", RequestRefused, None),
    ("embedded", 401, "unauthorized", CredentialsRefused, None),
    ("embedded", 404, "not_found", RequestRefused, None),
    ("embedded", 413, "too_large", SizeRefused, "image_too_large"),
    ("embedded", 415, "unsupported_format", SizeRefused, "unsupported_format"),
    ("embedded", 422, "not_a_picture", DocumentRefused, "image_damaged"),
    ("embedded", 429, "busy", Throttled, None),
    ("embedded", 500, "internal", Unavailable, None),
    ("embedded", 503, "unavailable", Unavailable, None),
]


def body_of(vendor: str, code: str) -> dict[str, Any]:
    """An error's body as each vendor writes it."""
    number = int(code) if vendor == "tencent_legacy" else 0
    bodies: dict[str, dict[str, Any]] = {
        "megvii": {"error_message": f"{code}: image", "request_id": "r-1", "time_used": 4},
        "tencent": {"Response": {"Error": {"Code": code, "Message": "told"}, "RequestId": "r-1"}},
        "tencent_legacy": {"code": number, "message": "told", "data": {"session_id": "r-1"}},
        "huawei": {"error_code": code, "error_msg": "told"},
        "embedded": {"request_id": "r-1", "error": {"code": code, "message": "told"}},
    }
    return bodies[vendor]


def make(name: str, loopback: Loopback, session: requests.Session) -> tuple[BaseVendor, Any]:
    kind = vendors.find(name)
    return kind(Address(loopback.url), session=session), TypeAdapter(kind.credentials).validate_python(
        CREDENTIALS[name]
    )


JOB = Job(Image(b"\xff\xd8\xff", "jpeg", 800, 600), Document.VEHICLE_LICENSE, Side.FRONT)


@pytest.mark.parametrize(("name", "status", "code", "error", "flag"), CODES)
def test_a_documented_code_asks_for_what_should_follow(  # noqa: PLR0913, PLR0917
    name: str,
    status: int,
    code: str,
    error: type[VendorError],
    flag: str | None,
    loopback: Loopback,
    session: requests.Session,
) -> None:
    vendor, credentials = make(name, loopback, session)
    loopback.answer(status, headers={"X-Request-Id": "r-1"}, body=json.dumps(body_of(name, code)).encode())
    with pytest.raises(VendorError) as caught:
        vendor.read(JOB, credentials, until=time.time() + 5)
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.flag, caught.value.request_id) == (code, flag, "r-1")
    assert str(caught.value) == f"{name}: {code} (request r-1)"


# What a gateway before any vendor may say in words of its own.
STATUSES: list[tuple[int, type[VendorError], bool]] = [
    (200, OutcomeUnknown, True),
    (301, RequestRefused, False),
    (400, RequestRefused, False),
    (401, CredentialsRefused, False),
    (403, RequestRefused, False),
    (404, RequestRefused, False),
    (413, SizeRefused, False),
    (429, Throttled, False),
    (500, Unavailable, False),
    (502, Unavailable, False),
    (503, Unavailable, False),
    (504, OutcomeUnknown, True),
]


@pytest.mark.parametrize(("status", "error", "charged"), STATUSES)
@pytest.mark.parametrize("name", vendors.names())
def test_a_status_with_an_unreadable_body_speaks_for_itself(  # noqa: PLR0913, PLR0917
    name: str,
    status: int,
    error: type[VendorError],
    charged: bool,
    loopback: Loopback,
    session: requests.Session,
) -> None:
    vendor, credentials = make(name, loopback, session)
    loopback.answer(status, headers={"Content-Type": "text/html"}, body=b"<html>told by a gateway</html>")
    with pytest.raises(VendorError) as caught:
        vendor.read(JOB, credentials, until=time.time() + 5)
    assert type(caught.value) is error
    assert caught.value.charged is charged


@pytest.mark.parametrize("name", vendors.names())
def test_every_code_of_a_table_can_be_acted_on(name: str) -> None:
    for code, action in vendors.find(name).actions.items():
        assert issubclass(action.error, VendorError), code
        assert action.flag is None or action.flag in SEVERITY, code
        assert (action.error is DocumentRefused) <= (action.flag is not None), f"{code}: a record without a reason"


def test_a_code_falls_back_on_its_family_and_then_on_the_status() -> None:
    kind = vendors.find("tencent")
    assert kind.action("RequestLimitExceeded.A.B", 200) == Action(Throttled)
    assert kind.action("Nothing.Of.The.Kind", 200) == Action(OutcomeUnknown)
    assert kind.action("", 500) == Action(Unavailable)
