"""The usual stack: all of Powertools that such a function is written with, boto3, and both vendors' SDKs.

Each part is imported and made as its documentation shows, outside the handler.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider
from aws_lambda_powertools.utilities.parser.models import S3SqsEventNotificationRecordModel
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkocr.v1 import OcrClient as HuaweiClient
from pydantic import BaseModel
from tencentcloud.common.credential import Credential
from tencentcloud.ocr.v20181119.ocr_client import OcrClient as TencentClient

logger = Logger()
metrics = Metrics()
tracer = Tracer()
processor = BatchProcessor(event_type=EventType.SQS, model=S3SqsEventNotificationRecordModel)
persistence = DynamoDBPersistenceLayer(table_name=os.environ["TABLE_NAME"])
once = IdempotencyConfig(event_key_jmespath="key", expires_after_seconds=86_400)
ssm, secrets = SSMProvider(), SecretsProvider()
s3, sns = boto3.client("s3"), boto3.client("sns")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
tencent = TencentClient(Credential("id", "key"), "ap-guangzhou")
huawei = (
    HuaweiClient.new_builder()
    .with_http_config(HttpConfig.get_default_config())
    .with_credentials(BasicCredentials("key", "secret", "project"))
    .with_endpoint("https://ocr.cn-north-4.myhuaweicloud.com")
    .build()
)


class Read(BaseModel):
    """What was read of an upload."""

    key: str
    plate_no: str | None = None


@idempotent_function(data_keyword_argument="upload", persistence_store=persistence, config=once)  # type: ignore[untyped-decorator]
def read(*, upload: dict[str, str]) -> dict[str, Any]:
    """What is read of an upload: nothing, for this function is only started."""
    return Read(key=upload["key"]).model_dump()


def each(record: S3SqsEventNotificationRecordModel) -> None:
    """Reads the uploads that a message tells of."""
    for told in record.body.Records:
        if told.s3.object:
            read(upload={"key": told.s3.object.key})


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@event_source(data_class=SQSEvent)
def handler(event: SQSEvent, context: Any) -> dict[str, Any]:
    """The messages of a batch that must come again."""
    told = process_partial_response(event=event.raw_event, record_handler=each, processor=processor, context=context)
    return dict(told)
