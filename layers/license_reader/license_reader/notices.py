"""Flagged records, told to a topic: what happened to which document, and nothing about its owner."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from license_reader.flags import gravest
from license_reader.license import VehicleLicense

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from license_reader.flags import Flag, Severity
    from license_reader.ledger import Record


MIN_HIDDEN = 3


def wanted(flags: Collection[Flag], publish: Collection[Severity]) -> bool:
    """Whether any of the flags is of a severity that subscribers want to hear of."""
    return any(flag.severity in publish for flag in flags)


class Notices:
    """The topic for flagged records."""

    def __init__(self, make: Callable[[], SNSClient], topic: str, *, table: str, region: str) -> None:
        """Tell a topic.

        Args:
            make: makes the topic's client, at the first notice: most records have none.
            topic: its ARN.
            table: where the records stand.
            region: of the table.
        """
        self._make = make
        self._made: SNSClient | None = None
        self._making = threading.Lock()  # sessions make one client at a time
        self._topic = topic
        self._table = table
        self._region = region

    def publish(self, record: Record) -> None:
        """Publish the record's notice; its `id` stays the same however often it is sent."""
        license_ = record.license
        if license_ is None:
            raise ValueError(f"{record.object}: a record without a license has no notice")
        flags = [flag.code for flag in license_.flags]
        severity = gravest(license_.flags)
        body = {
            "id": notice_id(record.object, record.version),
            "document": license_.document,
            "side": license_.side,
            "vendor": license_.vendor,
            "severity": severity,
            "flags": [{"code": flag.code, "severity": flag.severity} for flag in license_.flags],
            "record": {
                "table": self._table,
                "object": record.object,
                "version": record.version,
                "link": self._link(record),
            },
        }
        if isinstance(license_.fields, VehicleLicense):
            body |= {"plate_no": masked(license_.fields.plate_no, 2, 2), "vin": masked(license_.fields.vin, 3, 4)}
        self._client().publish(
            TopicArn=self._topic,
            Subject=f"License flagged: {severity}",
            Message=json.dumps(body, ensure_ascii=False),
            MessageAttributes={
                "id": _text(str(body["id"])),
                "document": _text(license_.document),
                "severity": _text(str(severity)),
                "flags": {"DataType": "String.Array", "StringValue": json.dumps(flags)},
            },
        )

    def _client(self) -> SNSClient:
        """The topic's client, made once."""
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _link(self, record: Record) -> str:
        """The console's page of the record's item."""
        query = f"itemMode=2&pk={quote(record.object, safe='')}&sk={quote(record.version, safe='')}&table={self._table}"
        host = "console.amazonaws.cn" if self._region.startswith("cn-") else "console.aws.amazon.com"
        return f"https://{self._region}.{host}/dynamodbv2/home?region={self._region}#edit-item?{query}"


def notice_id(object_: str, version: str) -> str:
    """The id of an upload's notice: the same whoever sends it, and whenever."""
    return hashlib.sha256(f"{object_}\n{version}".encode()).hexdigest()[:32]


def masked(value: str | None, head: int, tail: int) -> str | None:
    """The value with its middle hidden: enough to recognise, too little to use; a short one is hidden whole."""
    if value is None or len(value) < head + tail + MIN_HIDDEN:
        return None if value is None else "*" * len(value)
    return value[:head] + "*" * (len(value) - head - tail) + value[-tail:]


def _text(value: str) -> MessageAttributeValueTypeDef:
    return {"DataType": "String", "StringValue": value}
