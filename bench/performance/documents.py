"""What a whole document burns in a warm function: ours beside the usual stack's, in `usual.py`.

Each is a handler in a process of its own, given one message of the queue at a time: claim, object, gate, vendor,
record, notice. AWS is the emulator, reached without TLS by both; the vendor is Tencent's API behind TLS, which takes
photos of seven megabytes as they are: nothing is fitted.
"""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.performance.board import Row, Seen
from bench.performance.contestant import Contestant, compared
from bench.performance.tls import served
from bench.surroundings.stage import BUCKET, LONG, cloud, make_bucket, put
from bench.surroundings.worker import Context
from license_ocr import events
from license_ocr.account import STACK
from license_ocr.subscriber import subscribed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.command import Tell
    from bench.performance.contestant import Burnt
    from bench.performance.tls import Served
    from license_ocr.account import Account, Resources

TARGET = 0.6
BLOCKS, DOCUMENTS = 50, 2


class Unread(Exception):
    """A contestant left a document unread or untold; what it burnt counts for nothing."""


def ours(certificate: str) -> Callable[[Any], None]:
    """Our handler, on one message."""
    import read_upload  # noqa: PLC0415 - it makes its clients when it is imported

    read_upload.reader.chain._session.verify = certificate  # noqa: SLF001 - nothing else may change whom it trusts
    return _handled_by(read_upload.handler)


def usual() -> Callable[[Any], None]:
    """The usual stack's handler, on one message."""
    from bench.performance import usual  # noqa: PLC0415 - it makes its clients when it is imported

    return _handled_by(usual.handler)


def _handled_by(handler: Callable[[dict[str, Any], Any], dict[str, Any]]) -> Callable[[Any], None]:
    def handle(message: Any) -> None:
        if handler({"Records": [message]}, Context(time.time() + LONG))["batchItemFailures"]:
            raise Unread(message["messageId"])

    return handle


@dataclass(frozen=True, slots=True)
class _Bench:
    """The stack that both read for, and the picture that each upload begins with."""

    account: Account
    resources: Resources
    picture: bytes
    keys: list[dict[str, Any]] = field(default_factory=list)

    def message(self) -> dict[str, Any]:
        """A message of the queue that tells of an upload, made just now, that is like no other."""
        content, key = self.picture + uuid.uuid4().bytes, f"uploads/{uuid.uuid4().hex}.jpg"
        put = self.account.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        self.keys.append({"object": {"S": f"s3://{BUCKET}/{key}"}, "version": {"S": put["VersionId"]}})
        return _message(key, put["VersionId"], put["ETag"].strip('"'), len(content))

    def blocks(self, tell: Tell) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
        """So many messages for either contestant, block by block."""
        for done in range(BLOCKS):
            tell(done, BLOCKS)
            yield [self.message() for _ in range(DOCUMENTS)], [self.message() for _ in range(DOCUMENTS)]
        tell(BLOCKS, BLOCKS)

    def unfinished(self) -> int:
        """How many of the uploads have no record that is done and told."""
        return sum(not self._finished(key) for key in self.keys)

    def _finished(self, key: dict[str, Any]) -> bool:
        item = self.account.dynamodb.get_item(TableName=self.resources.Table, Key=key).get("Item", {})
        return (item.get("state"), item.get("notice")) == ({"S": "DONE"}, {"S": "SENT"})


def _message(key: str, version: str, etag: str, size: int) -> dict[str, Any]:
    """A message of the queue, whole as S3 and SQS write it."""
    entity = {
        "s3SchemaVersion": "1.0",
        "configurationId": "uploads",
        "bucket": {"name": BUCKET, "ownerIdentity": {"principalId": "A3EXAMPLE0WNER"}, "arn": f"arn:aws:s3:::{BUCKET}"},
        "object": {"key": key, "size": size, "eTag": etag, "versionId": version, "sequencer": "0065E2A1F3C9D20B15"},
    }
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-03-02T02:14:07.482Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLEEXAMPLE000:scanner"},
        "requestParameters": {"sourceIPAddress": "203.0.113.17"},
        "responseElements": {"x-amz-request-id": "8XJ4K2EXAMPLE001", "x-amz-id-2": "EXAMPLEbW9jay1pZC0y"},
        "s3": entity,
    }
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1772417647900",
        "SenderId": "AIDAEXAMPLESENDER",
        "ApproximateFirstReceiveTimestamp": "1772417648011",
    }
    return {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "AQEBexampleReceiptHandle1==",
        "body": json.dumps({"Records": [record]}),
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": "402664589707e994d56f5b55c19f153c",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:license-ocr-uploads",
        "awsRegion": "us-east-1",
    }


def row(picture: str, photo: Callable[[], bytes]) -> Row:
    """The row of documents that are such a picture."""

    def measure(tell: Tell) -> Seen:
        content = photo()
        burnt = _burnt(content, tell)
        return Seen(
            ours=f"{burnt.ours:.1f} ms, {len(content) / 1e6:.1f} MB",
            peer=f"{burnt.peer:.1f} ms",
            ratio=burnt.ratio,
            held=burnt.ratio <= TARGET,
        )

    return Row(f"CPU of a whole warm document, {picture}, against the usual stack", f"<= {TARGET} x", measure)


def _burnt(content: bytes, tell: Tell) -> Burnt:
    """What a document burns in either handler."""
    with cloud() as (account, resources), ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        picture = folder / "photo.jpg"
        picture.write_bytes(content)
        vendor = stack.enter_context(served(folder, picture))
        bench = _Bench(account, resources, content)
        environment = _prepared(bench, vendor)
        subscriber = stack.enter_context(subscribed(account, resources.Topic))
        certificate = str(vendor.certificate)
        us = stack.enter_context(Contestant(f"{__name__}:ours", {"certificate": certificate}, environment))
        them = stack.enter_context(
            Contestant(f"{__name__}:usual", {}, environment | {"VENDOR_CERTIFICATE": certificate})
        )
        burnt = compared(us, them, bench.blocks(tell))
        told = {notice.attributes["id"] for notice in subscriber.receive(wait=2)}
        unfinished = bench.unfinished()
        if unfinished or len(told) != len(bench.keys):
            raise Unread(f"of {len(bench.keys)} uploads {unfinished} are not done, {len(told)} were told")
        return burnt


def _prepared(bench: _Bench, vendor: Served) -> dict[str, str]:
    """The environment of a function whose one vendor is Tencent, served here."""
    make_bucket(bench.account)
    for name, told in (
        ("settings", {"vendors": ["tencent"]}),
        ("vendors/tencent", {"endpoint": vendor.url, "secret": f"{STACK}/tencent"}),
    ):
        put(bench.account, f"/{STACK}/{name}", told)
    environment = events.environment(bench.account, bench.resources, STACK)
    return environment | {"AWS_LAMBDA_FUNCTION_NAME": "under-test", "AWS_EC2_METADATA_DISABLED": "true"}
