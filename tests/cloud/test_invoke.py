"""The built functions under Lambda's own Runtime Interface Emulator, with the events that `sam local invoke` takes."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.structures import CaseInsensitiveDict
from tests.cloud.runtime_interface import Invocable, running

from license_ocr import api_server, events, sandbox
from license_ocr.checkout import EVENTS, ROOT, SAMPLES, TOOLS
from license_ocr.deploy import load_template
from license_reader import vendors
from license_reader.image import Image
from license_reader.ledger import Ledger, State
from license_reader.license import Document, Side
from license_reader.signing import Tc3Auth
from license_reader.vendors._base import Address, Job, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cloud.conftest import Stack


TRUTH = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
BAD = "6f1b4a5c-0c3e-4d0e-9a51-000000000002"
API_KEY = "a-key-of-this-test"
SECRETS = sandbox.documented() | {"embedded": {"api_key": API_KEY}}

# What each event makes the handler return; None where an upload's summary is returned instead.
RETURNS: dict[str, dict[str, Any] | None] = {
    "s3-put.json": None,
    "s3-in-sqs.json": {"batchItemFailures": []},
    "s3-in-sns-in-sqs.json": {"batchItemFailures": []},
    "eventbridge-in-sqs.json": {"batchItemFailures": []},
    "s3-test-event.json": {"batchItemFailures": []},
    "batch-with-one-bad-record.json": {"batchItemFailures": [{"itemIdentifier": BAD}]},
    "driving-license-route.json": {"batchItemFailures": []},
    "backfill-in-sqs.json": {"batchItemFailures": []},
}


@pytest.fixture(scope="module")
def staged(deploy: Callable[..., Stack]) -> Stack:
    """A stack beside whose bucket the events' photos stand, and which routes them by their keys."""
    stack = deploy()
    events.stage(stack.account)
    routes = [
        {"prefix": "uploads/driving/", "document": "driving_license"},
        {"prefix": "uploads/back/", "side": "back"},
    ]
    stack.choose({"vendors": ["embedded"], "routes": routes})
    return stack


@pytest.fixture(scope="module")
def read_upload(built: Path, staged: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invocable]:
    """The built reader, in the environment that the template gives it."""
    with running(
        tools=TOOLS,
        function=built / "ReadUpload",
        layers=[built / "LicenseReaderLayer"],
        handler="read_upload.handler",
        environment=events.environment(staged.account, staged.resources, staged.name),
        log=tmp_path_factory.mktemp("rie") / "read-upload.log",
    ) as function:
        yield function


@pytest.fixture(scope="module")
def ocr_api(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invocable]:
    """The built OCR API, with nothing but its layers."""
    folder = tmp_path_factory.mktemp("rie-api")
    secrets = sandbox.written(SECRETS, folder / "secrets.json")
    with running(
        tools=TOOLS,
        function=built / "OcrApiFunction",
        layers=[built / name for name in ("LicenseReaderLayer", "LicenseEngineLayer", "LicenseModelsLayer")],
        handler="ocr_api.handler",
        environment={"OCR_API_SECRETS_FILE": str(secrets), "AWS_REGION": "us-east-1"},
        log=folder / "ocr-api.log",
    ) as function:
        yield function


def test_every_event_is_invoked() -> None:
    assert {path.name for path in EVENTS.iterdir()} == set(RETURNS)


def test_sam_can_set_every_variable_that_an_invocation_by_hand_needs(staged: Stack) -> None:
    """SAM passes credentials and the region on, and of the rest only what the template names."""
    template = load_template(ROOT / "template.yaml")
    named = {
        *template["Globals"]["Function"]["Environment"]["Variables"],
        *template["Resources"]["ReadUpload"]["Properties"]["Environment"]["Variables"],
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"),
    }
    assert set(events.environment(staged.account, staged.resources, staged.name)) <= named


@pytest.mark.parametrize("name", RETURNS)
def test_an_event_becomes_records_of_what_its_photos_show(name: str, read_upload: Invocable, staged: Stack) -> None:
    returned = read_upload.invoke(json.loads((EVENTS / name).read_text(encoding="utf-8")))
    uploads = list(events.told(EVENTS / name))
    if RETURNS[name] is None:
        assert [each["object"] for each in returned["uploads"]] == [upload.object for upload in uploads]
    else:
        assert returned == RETURNS[name]
    ledger = Ledger(staged.account.dynamodb, staged.resources.Table)
    for upload in uploads:
        record = ledger.get(upload.object, upload.version)
        assert record is not None
        assert record.license is not None
        assert (record.state, record.license.vendor) == (State.DONE, "embedded")
        shown = next(truth for photo, truth in TRUTH.items() if (SAMPLES / photo).stat().st_size == upload.size)
        assert (record.license.document, record.license.side) == (shown["document"], shown["side"])
        told = record.license.fields.model_dump(exclude_none=True)
        for number in ("plate_no", "vin", "file_no", "license_no"):
            assert told.get(number) == shown["fields"].get(number)


def test_the_same_event_again_reads_nothing_again(read_upload: Invocable, staged: Stack) -> None:
    event = json.loads((EVENTS / "s3-put.json").read_text(encoding="utf-8"))
    first, again = read_upload.invoke(event), read_upload.invoke(event)
    assert first == again
    (upload,) = events.told(EVENTS / "s3-put.json")
    record = Ledger(staged.account.dynamodb, staged.resources.Table).get(upload.object, upload.version)
    assert record is not None
    assert (record.attempt, record.spent) == (1, 1)


def test_an_event_that_nobody_understands_is_told_to_lambda_and_not_swallowed(read_upload: Invocable) -> None:
    assert read_upload.invoke({"hello": "world"})["errorType"] == "UnknownEvent"


def test_no_log_line_holds_a_field_of_a_license(read_upload: Invocable, staged: Stack) -> None:
    for name in RETURNS:
        read_upload.invoke(json.loads((EVENTS / name).read_text(encoding="utf-8")))
    log = read_upload.log()
    assert "uploads/driving/front-0004.jpg" in log
    ledger = Ledger(staged.account.dynamodb, staged.resources.Table)
    for name in RETURNS:
        for upload in events.told(EVENTS / name):
            record = ledger.get(upload.object, upload.version)
            assert record is not None
            assert record.license is not None
            for value in record.license.fields.model_dump(exclude_none=True, exclude={"sex", "nationality"}).values():
                if isinstance(value, str) and len(value) > 2:
                    assert value not in log


def _called(picture: bytes, *, key: str = API_KEY, query: str = "") -> dict[str, Any]:
    """The event of a call to the function's URL."""
    return {
        "version": "2.0",
        "rawPath": "/v1/license",
        "rawQueryString": query,
        "headers": {"x-api-key": key, "content-type": "image/jpeg"},
        "requestContext": {"http": {"method": "POST", "path": "/v1/license"}, "requestId": "test"},
        "body": base64.b64encode(picture).decode(),
        "isBase64Encoded": True,
    }


def test_the_built_ocr_api_reads_a_photo(ocr_api: Invocable) -> None:
    returned = ocr_api.invoke(_called((SAMPLES / "vehicle-front.jpg").read_bytes()))
    body = json.loads(base64.b64decode(returned["body"]))
    assert returned["statusCode"] == 200
    assert (body["document"], body["side"]) == ("vehicle_license", "front")
    assert body["fields"]["vin"] == TRUTH["vehicle-front.jpg"]["fields"]["vin"]


def test_the_built_ocr_api_serves_nobody_without_its_key(ocr_api: Invocable) -> None:
    returned = ocr_api.invoke(_called(b"", key="guessed"))
    assert returned["statusCode"] == 401
    assert API_KEY not in json.dumps(returned) + ocr_api.log()


def _asked(vendor: str, picture: bytes) -> dict[str, Any]:
    """The event of the call that the reader's own vendor makes."""
    kind = vendors.find(vendor)
    with requests.Session() as session:
        asking = kind(Address("https://ocr.example"), session=session)
        job = Job(Image(picture, "jpeg", 400, 300), Document.VEHICLE_LICENSE, Side.FRONT)
        sent = session.prepare_request(asking.request(job, kind.credentials.model_validate(SECRETS[vendor]), None))
    assert isinstance(sent.body, bytes)
    headers = {name.lower(): str(value) for name, value in sent.headers.items()}
    return api_server.event("POST", str(sent.path_url), {"host": "ocr.example"} | headers, sent.body)


@pytest.mark.parametrize(
    ("vendor", "status", "code"),
    [
        ("tencent", 200, "FailedOperation.ImageDecodeFailed"),
        ("tencent_legacy", 400, "-1102"),
        ("huawei", 400, "AIS.0102"),
        ("megvii", 400, "IMAGE_ERROR_UNSUPPORTED_FORMAT"),
        ("embedded", 415, "unsupported_format"),
    ],
)
def test_the_built_ocr_api_speaks_to_every_vendor_of_the_reader(
    vendor: str, status: int, code: str, ocr_api: Invocable
) -> None:
    returned = ocr_api.invoke(_asked(vendor, b"no picture"))
    reply = Reply(returned["statusCode"], CaseInsensitiveDict(returned["headers"]), base64.b64decode(returned["body"]))
    with requests.Session() as session:
        refusal = vendors.find(vendor)(Address("https://ocr.example"), session=session).refusal(reply)
    assert refusal is not None
    assert (reply.status, refusal.code) == (status, code)


def test_the_built_ocr_api_fetches_nothing_from_where_only_it_can_look(ocr_api: Invocable) -> None:
    key = SECRETS["tencent"]
    auth = Tc3Auth(key["secret_id"], key["secret_key"], service="ocr", clock=time.time)
    headers = {"Content-Type": "application/json", "X-TC-Action": "VehicleLicenseOCR"}
    headers |= {"X-TC-Version": "2018-11-19", "X-TC-Region": "ap-guangzhou"}
    body = json.dumps({"ImageUrl": "http://169.254.169.254/latest/meta-data/"})
    sent = requests.Request("POST", "https://ocr.example/", headers=headers, data=body, auth=auth).prepare()
    told = {name.lower(): str(value) for name, value in sent.headers.items()}
    returned = ocr_api.invoke(api_server.event("POST", "/", told, body.encode()))
    response = json.loads(base64.b64decode(returned["body"]))["Response"]
    assert response["Error"]["Code"] == "FailedOperation.DownLoadError"
    assert "169.254" not in ocr_api.log()
