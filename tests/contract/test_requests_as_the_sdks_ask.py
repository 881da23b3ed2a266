"""What we ask and understand, held against the official clients: the same fields out, every field in."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkocr.v1 import (
    DriverLicenseBack,
    DriverLicenseFront,
    DriverLicenseRequestBody,
    DriverLicenseResult,
    RecognizeDriverLicenseRequest,
    RecognizeVehicleLicenseRequest,
    VehicleLicenseAlarmConfidence,
    VehicleLicenseAlarmResult,
    VehicleLicenseBack,
    VehicleLicenseFront,
    VehicleLicenseRequestBody,
    VehicleLicenseResult,
)
from huaweicloudsdkocr.v1 import OcrClient as HuaweiClient
from pydantic import TypeAdapter
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ocr.v20181119 import errorcodes, models
from tencentcloud.ocr.v20181119.ocr_client import OcrClient as TencentClient

from license_reader import signing
from license_reader.errors import VendorError
from license_reader.image import Image
from license_reader.license import Document, Side
from license_reader.vendors import find, huawei, tencent, tencent_legacy
from license_reader.vendors._base import Address, Job

if TYPE_CHECKING:
    import requests
    from tests.loopback import Asked, Loopback

    from license_reader.columns import Column

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256))
ENCODED = base64.b64encode(PICTURE).decode()
PAGES = [(document, side) for document in Document for side in Side]


def ours(name: str, secret: dict[str, str], page: tuple[Document, Side], loopback: Loopback, session: Any) -> Asked:
    """Our request for a page; the answer to it is a failure, which is all the same here."""
    kind = find(name)
    vendor = kind(Address(endpoint=loopback.url), session=session)
    loopback.answer(500, body=b"{}")
    job = Job(Image(PICTURE, "jpeg", 1000, 700), *page)
    with pytest.raises(VendorError):
        vendor.read(job, TypeAdapter(kind.credentials).validate_python(secret), until=time.time() + 5)
    return loopback.asked[-1]


@pytest.mark.parametrize("page", PAGES)
def test_tencent_is_asked_as_its_client_asks(
    page: tuple[Document, Side], loopback: Loopback, session: requests.Session
) -> None:
    document, side = page
    request = (
        models.VehicleLicenseOCRRequest() if document is Document.VEHICLE_LICENSE else models.DriverLicenseOCRRequest()
    )
    request.ImageBase64 = ENCODED
    request.CardSide = tencent.CARD_SIDES[side]
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=loopback.authority))
    client = TencentClient(Credential("AKIDtest", "test-secret-key"), "ap-guangzhou", profile)
    loopback.answer(headers={"Content-Type": "application/json"}, body=b'{"Response": {"RequestId": "r"}}')
    getattr(client, tencent.ACTIONS[document])(request)
    [judge] = loopback.asked

    mine = ours("tencent", {"secret_id": "AKIDtest", "secret_key": "test-secret-key"}, page, loopback, session)

    assert json.loads(mine.body) == json.loads(judge.body)
    assert (mine.method, mine.target) == (judge.method, judge.target)
    same = ("host", "content-type", "x-tc-action", "x-tc-version", "x-tc-region")
    assert {name: mine.headers[name] for name in same} == {name: judge.headers[name] for name in same}


@pytest.mark.parametrize("page", PAGES)
def test_huawei_is_asked_as_its_client_asks(
    page: tuple[Document, Side], loopback: Loopback, session: requests.Session
) -> None:
    document, side = page
    options = dict.fromkeys(huawei.OPTIONS[document], True)
    told = {"image": ENCODED, "side": huawei.SIDES[side], **options}
    credentials = BasicCredentials("HWTESTACCESSKEY", "test-secret-key", "proj0")
    client = HuaweiClient.new_builder().with_credentials(credentials).with_endpoint(loopback.url).build()
    loopback.answer(headers={"Content-Type": "application/json"}, body=b'{"result": {}}')
    if document is Document.VEHICLE_LICENSE:
        client.recognize_vehicle_license(RecognizeVehicleLicenseRequest(body=VehicleLicenseRequestBody(**told)))
    else:
        client.recognize_driver_license(RecognizeDriverLicenseRequest(body=DriverLicenseRequestBody(**told)))
    [judge] = loopback.asked

    secret = {"access_key": "HWTESTACCESSKEY", "secret_key": "test-secret-key", "project_id": "proj0"}
    mine = ours("huawei", secret, page, loopback, session)

    assert json.loads(mine.body) == json.loads(judge.body)
    assert (mine.method, mine.target) == (judge.method, judge.target)
    assert {name: mine.headers[name] for name in ("host", "x-project-id")} == {
        name: judge.headers[name] for name in ("host", "x-project-id")
    }


@pytest.mark.parametrize(("bucket", "named"), [("test", {"bucket": "test"}), ("", {})])
@pytest.mark.parametrize("page", sorted(tencent_legacy.TYPES))
def test_the_first_image_api_is_asked_with_json_as_its_document_asks(
    page: tuple[Document, Side], bucket: str, named: dict[str, str], loopback: Loopback, session: requests.Session
) -> None:
    secret = {"appid": "123456", "bucket": bucket, "secret_id": "AKIDtest", "secret_key": "test-secret-key"}
    vendor = tencent_legacy.OverJson(Address(loopback.url), session=session)
    answer = {
        "code": 0,
        "message": "OK",
        "data": {"session_id": "s", "items": [{"item": "住址", "itemstring": "某路"}]},
    }
    loopback.answer(headers={"Content-Type": "application/json"}, body=json.dumps(answer).encode())
    job = Job(Image(PICTURE, "jpeg", 1000, 700), *page)

    license_ = vendor.read(job, tencent_legacy.AppKey.model_validate(secret), until=time.time() + 5)

    [asked] = loopback.asked
    assert (asked.method, asked.target) == ("POST", "/ocr/drivinglicence")
    assert asked.headers["content-type"] == "application/json"
    wanted = {"appid": "123456", **named, "type": tencent_legacy.TYPES[page], "image": ENCODED}
    assert json.loads(asked.body) == wanted
    signature, text = signing.legacy_parts(asked.headers["authorization"])
    assert signing.legacy_signature_holds("test-secret-key", signature, text)
    assert license_.raw == answer


def test_the_largest_picture_of_either_encoding_stays_under_the_body_limit(session: requests.Session) -> None:
    secret = {"appid": "1" * 20, "bucket": "b" * 50, "secret_id": "i" * 40, "secret_key": "k"}
    for kind in (tencent_legacy.Vendor, tencent_legacy.OverJson):
        picture = Image(bytes(kind.limits.max_bytes), "jpeg", 4000, 3000)
        job = Job(picture, Document.VEHICLE_LICENSE, Side.FRONT)
        request = kind(Address("http://x"), session=session).request(
            job, tencent_legacy.AppKey.model_validate(secret), None
        )
        assert len(request.prepare().body or b"") <= 6_000_000


@pytest.mark.parametrize(("name", "most"), [("tencent", 7_000_000), ("huawei", 10_000_000)])
def test_the_largest_picture_stays_under_the_limit_of_base64(name: str, most: int) -> None:
    assert len(base64.b64encode(bytes(find(name).limits.max_bytes))) <= most


# Every field that an SDK's model has is a row of our table, or is named here.
TENCENT_MODELS = [
    (models.TextVehicleFront, tencent.VEHICLE_FRONT, set()),
    (models.TextVehicleBack, tencent.VEHICLE_BACK, set()),
    (models.TextTractorVehicleBack, tencent.TRACTOR_BACK, set()),
    (
        models.DriverLicenseOCRResponse,
        tencent.DRIVING_FRONT + tencent.DRIVING_BACK,
        {"RequestId", "RecognizeWarnCode", "RecognizeWarnMsg", "DriverLicenseType"},
    ),
    (
        models.VehicleLicenseOCRResponse,
        (),
        {
            "FrontInfo",
            "BackInfo",
            "TractorBackInfo",
            "RecognizeWarnCode",
            "RecognizeWarnMsg",
            "VehicleLicenseType",
            "RequestId",
        },
    ),
]
ASIDE = {"type", "text_location", "alarm_result", "alarm_confidence", "front", "back"}
HUAWEI_MODELS = [
    (
        VehicleLicenseResult,
        huawei.VEHICLE_FRONT + huawei.VEHICLE_BACK + huawei.VEHICLE_ELECTRONIC,
        ASIDE,
    ),
    (VehicleLicenseFront, huawei.VEHICLE_FRONT, ASIDE - {"type", "front", "back"}),
    (VehicleLicenseBack, huawei.VEHICLE_BACK, ASIDE - {"type", "front", "back"}),
    (DriverLicenseResult, huawei.DRIVING_FRONT + huawei.DRIVING_BACK, {"type", "text_location", "front", "back"}),
    (DriverLicenseFront, huawei.DRIVING_FRONT, {"type", "text_location"}),
    (DriverLicenseBack, huawei.DRIVING_BACK, {"type", "text_location"}),
]


@pytest.mark.parametrize(("model", "table", "aside"), TENCENT_MODELS)
def test_every_field_of_tencents_client_is_mapped(model: Any, table: tuple[Column, ...], aside: set[str]) -> None:
    known = {name.removeprefix("_") for name in vars(model())}
    assert {column.source for column in table} | aside == known


@pytest.mark.parametrize(("model", "table", "aside"), HUAWEI_MODELS)
def test_every_field_of_huaweis_client_is_mapped(model: Any, table: tuple[Column, ...], aside: set[str]) -> None:
    assert {column.source for column in table} | aside == set(model.attribute_map.values())


def test_every_alarm_that_huaweis_client_knows_is_mapped() -> None:
    assert set(huawei.ALARMS) == set(VehicleLicenseAlarmResult.attribute_map.values())
    scores = {score for _, score in huawei.ALARMS.values()}
    assert scores == set(VehicleLicenseAlarmConfidence.attribute_map.values())


# Codes of other products of Tencent's OCR: they cannot come for a license.
OTHER_PRODUCTS = {
    "FailedOperation.ClassifyStoreFailed",
    "FailedOperation.FieldException",
    "FailedOperation.IdCardInfoIllegal",
    "FailedOperation.IdCardTooSmall",
    "FailedOperation.IllegalBankCardError",
    "FailedOperation.ImageNoBusinessCard",
    "FailedOperation.ImageNoHandWrite",
    "FailedOperation.ImageNoIdCard",
    "FailedOperation.InconsistencyBetweenMRZAndVRZ",
    "FailedOperation.InvalidPostalCodeLength",
    "FailedOperation.InvoiceMismatch",
    "FailedOperation.LanguageNotSupport",
    "FailedOperation.NoBankCardError",
    "FailedOperation.NoBizLicense",
    "FailedOperation.NoHKIDCard",
    "FailedOperation.NoMASIDCard",
    "FailedOperation.NoPassport",
    "FailedOperation.NoStoreLabel",
    "FailedOperation.PDFParseFailed",
    "InvalidParameter.ConfigFormatError",
    "InvalidParameterValue.PriceOrVerificationParameterValueLimit",
    "InvalidParameterValue.TicketCodeParameterValueLimit",
    "InvalidParameterValue.TicketDateParameterValueLimit",
    "InvalidParameterValue.TicketSnParameterValueLimit",
    "ResourceNotFound.NoAreaCode",
    "ResourceNotFound.NoInvoice",
    "ResourceNotFound.NotSupportCurrentInvoiceQuery",
    "ResourceUnavailable.TaxNetworkError",
}


def test_every_error_code_that_tencents_client_knows_is_in_the_table() -> None:
    known = {value for name, value in vars(errorcodes).items() if name.isupper()}
    assert known - OTHER_PRODUCTS <= set(tencent.Vendor.actions)
    assert known > OTHER_PRODUCTS
