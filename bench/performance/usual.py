"""The peer: the same function as it is usually written, with Powertools, boto3's resources, Pillow and Tencent's SDK.

It makes the same remote calls in the same order under the same conditions, so that nothing is compared but how they are
made. What it leaves out (other vendors, failover, caps, second opinions, most checks) is left out in its favour.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import os
import re
import time
import uuid
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.parser.models import S3SqsEventNotificationRecordModel
from botocore.exceptions import ClientError
from PIL import Image
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_pascal
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ocr.v20181119 import models
from tencentcloud.ocr.v20181119.ocr_client import OcrClient

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parser.models import S3RecordModel
    from aws_lambda_powertools.utilities.typing import LambdaContext

LEASE, NOTICE_LEASE, RETENTION = 130, 60, 365 * 86_400
WARNINGS = {-9102: "copy", -9103: "screen_recapture", -9104: "reflection", -9105: "blur", -9106: "border_incomplete"}
PLATE = re.compile(r"[一-龥][A-Z][A-Z0-9]{4,5}[A-Z0-9学警港澳挂]")
VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(event_type=EventType.SQS, model=S3SqsEventNotificationRecordModel)
s3 = boto3.client("s3")
sns = boto3.client("sns")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


class VendorSettings(BaseModel):
    """How the vendor is called."""

    endpoint: str
    region: str = "ap-guangzhou"
    secret: str


type Text = Annotated[str | None, BeforeValidator(lambda told: told or None)]
type Day = Annotated[dt.date | None, BeforeValidator(lambda told: told or None)]


class VehicleLicense(BaseModel):
    """A main page."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True)

    plate_no: Text = None
    vehicle_type: Text = None
    owner: Text = None
    address: Text = None
    use_character: Text = None
    model: Text = None
    vin: Text = None
    engine_no: Text = None
    register_date: Day = None
    issue_date: Day = None
    seal: Text = None


class Picture(BaseModel):
    """What is known of a picture."""

    format: str
    width: int
    height: int
    size: int
    sha256: str


class Result(BaseModel):
    """What was read of an upload."""

    vendor: str = "tencent"
    vendor_request_id: str
    image: Picture
    license: VehicleLicense
    flags: list[str] = Field(default_factory=list)
    raw: str


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The messages of a batch that must come again."""
    return dict(process_partial_response(event=event, record_handler=read, processor=processor, context=context))


def read(record: S3SqsEventNotificationRecordModel) -> None:
    """Reads the uploads that a message tells of."""
    for told in record.body.Records:
        _read(told)


def _read(record: S3RecordModel) -> None:
    settings = VendorSettings.model_validate(
        parameters.get_parameter(f"{os.environ['SETTINGS_PATH']}/vendors/tencent", transform="json", max_age=30)
    )
    entity = record.s3.object
    if entity is None or entity.versionId is None:
        raise ValueError("the bucket must keep versions")
    bucket, key, version = record.s3.bucket.name, entity.key, entity.versionId
    item = {"object": f"s3://{bucket}/{key}", "version": version}
    logger.append_keys(correlation_id=f"{item['object']}#{version}")
    owner = uuid.uuid4().hex
    attempt = _claim(item, owner)
    content = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    picture = _opened(content)
    flags = [] if _first(picture, item["object"]) else ["duplicate_image"]
    began = time.perf_counter()
    response = _ask(content, settings)
    metrics.add_metric("VendorLatency", MetricUnit.Milliseconds, (time.perf_counter() - began) * 1000)
    license_ = VehicleLicense.model_validate(vars(response.FrontInfo), by_name=False, by_alias=True)
    flags += [WARNINGS[code] for code in response.RecognizeWarnCode or [] if code in WARNINGS]
    flags += _checked(license_)
    result = Result(
        vendor_request_id=response.RequestId,
        image=picture,
        license=license_,
        flags=flags,
        raw=response.to_json_string(ensure_ascii=False),
    )
    _finish(item, owner, result)
    if flags:
        _publish(item, owner, result)
    metrics.add_dimension("vendor", result.vendor)
    metrics.add_metric("Read", MetricUnit.Count, 1)
    metrics.add_metric("Flagged", MetricUnit.Count, int(bool(flags)))
    logger.info("upload read", vendor_request_id=result.vendor_request_id, flags=flags, attempt=attempt)


def _claim(item: dict[str, str], owner: str) -> int:
    """The number of this attempt, which alone may read the upload until its lease ends."""
    now = int(time.time())
    claimed = table.update_item(
        Key=item,
        UpdateExpression="SET #state = :claimed, #owner = :owner, #until = :until, #ttl = :ttl,"
        " #attempt = if_not_exists(#attempt, :zero) + :one",
        ConditionExpression="attribute_not_exists(#object) OR (#state = :claimed AND #until < :now)",
        ExpressionAttributeNames=_names("state", "owner", "until", "ttl", "attempt", "object"),
        ExpressionAttributeValues={
            ":claimed": "CLAIMED",
            ":owner": owner,
            ":until": now + LEASE,
            ":ttl": now + RETENTION,
            ":now": now,
            ":zero": 0,
            ":one": 1,
        },
        ReturnValues="UPDATED_NEW",
    )
    attempt = claimed["Attributes"]["attempt"]
    return int(attempt) if isinstance(attempt, Decimal) else 1


def _opened(content: bytes) -> Picture:
    """What Pillow tells of the picture, having looked it through."""
    with Image.open(io.BytesIO(content)) as image:
        image.verify()
        width, height = image.size
        return Picture(
            format=str(image.format),
            width=width,
            height=height,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )


def _first(picture: Picture, object_: str) -> bool:
    """Whether no other upload brought this picture before."""
    try:
        table.put_item(
            Item={
                "object": f"sha256:{picture.sha256}",
                "version": "first",
                "first": object_,
                "ttl": int(time.time()) + RETENTION,
            },
            ConditionExpression="attribute_not_exists(#object) OR #first = :first",
            ExpressionAttributeNames=_names("object", "first"),
            ExpressionAttributeValues={":first": object_},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _ask(content: bytes, settings: VendorSettings) -> models.VehicleLicenseOCRResponse:
    """The vendor's answer."""
    secret: Any = parameters.get_secret(settings.secret, transform="json", max_age=300)
    client = _client(secret["secret_id"], secret["secret_key"], settings.endpoint, settings.region)
    request = models.VehicleLicenseOCRRequest()
    request.ImageBase64 = base64.b64encode(content).decode()
    request.CardSide = "FRONT"
    return client.VehicleLicenseOCR(request)


@lru_cache
def _client(secret_id: str, secret_key: str, endpoint: str, region: str) -> OcrClient:
    """The vendor's client, made once for each secret."""
    http = HttpProfile(
        endpoint=endpoint.removeprefix("https://"),
        reqTimeout=30,
        keepAlive=True,
        certification=os.environ.get("VENDOR_CERTIFICATE"),
    )
    return OcrClient(Credential(secret_id, secret_key), region, ClientProfile(httpProfile=http))


def _checked(license_: VehicleLicense) -> list[str]:
    """What is odd about the license."""
    checks = (("plate_format", PLATE, license_.plate_no), ("vin_format", VIN, license_.vin))
    return [flag for flag, pattern, value in checks if value and not pattern.fullmatch(value)]


def _finish(item: dict[str, str], owner: str, result: Result) -> None:
    """Writes the result, if the claim still stands."""
    told = json.loads(result.model_dump_json(exclude_none=True), parse_float=Decimal)
    names = _names("state", "notice", "notice_owner", "notice_until", "result", "read_at", "until", "owner")
    table.update_item(
        Key=item,
        UpdateExpression="SET #state = :done, #notice = :notice, #notice_owner = :owner, #notice_until = :until,"
        " #result = :result, #read_at = :read_at REMOVE #until",
        ConditionExpression="#state = :claimed AND #owner = :owner",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={
            ":done": "DONE",
            ":notice": "SENDING" if result.flags else "NONE",
            ":until": int(time.time()) + NOTICE_LEASE,
            ":result": told,
            ":read_at": dt.datetime.now(dt.UTC).isoformat(),
            ":claimed": "CLAIMED",
            ":owner": owner,
        },
    )


def _publish(item: dict[str, str], owner: str, result: Result) -> None:
    """Tells whoever subscribed of the flags, under the lease that the result was written with."""
    notice_id = hashlib.sha256(f"{item['object']}\n{item['version']}".encode()).hexdigest()[:32]
    sns.publish(
        TopicArn=os.environ["TOPIC_ARN"],
        Subject="License flagged",
        Message=json.dumps({"id": notice_id, "flags": result.flags, "vendor": result.vendor, "record": item}),
        MessageAttributes={
            "id": {"DataType": "String", "StringValue": notice_id},
            "flags": {"DataType": "String.Array", "StringValue": json.dumps(result.flags)},
        },
    )
    table.update_item(
        Key=item,
        UpdateExpression="SET #notice = :sent REMOVE #notice_until",
        ConditionExpression="#notice_owner = :owner",
        ExpressionAttributeNames=_names("notice", "notice_until", "notice_owner"),
        ExpressionAttributeValues={":sent": "SENT", ":owner": owner},
    )


def _names(*names: str) -> dict[str, str]:
    """Placeholders for names that DynamoDB may have reserved."""
    return {f"#{name}": name for name in names}
