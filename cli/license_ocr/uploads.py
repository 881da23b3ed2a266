"""Photos into the bucket, and their records out of the table."""

from __future__ import annotations

import mimetypes
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from license_ocr.failure import Failure
from license_reader.ledger import Ledger, Notice, Record, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from license_ocr.account import Account, Resources

_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Sent:
    """A photo and the version of the object that it became."""

    photo: Path
    object: str
    version: str


def send(account: Account, resources: Resources, photo: Path, *, prefix: str, metadata: Mapping[str, str]) -> Sent:
    """The photo as uploaded under the prefix.

    Raises:
        Failure: the photo cannot be read.
    """
    key = f"{prefix}{photo.name}"
    try:
        content = photo.read_bytes()
    except OSError as error:
        raise Failure(f"{photo} cannot be read: {error.strerror}") from error
    answer = account.s3.put_object(
        Bucket=resources.Bucket,
        Key=key,
        Body=content,
        ContentType=mimetypes.guess_type(photo.name)[0] or "application/octet-stream",
        Metadata=dict(metadata),
    )
    return Sent(photo, f"s3://{resources.Bucket}/{key}", answer["VersionId"])


def records(account: Account, resources: Resources, sent: Iterable[Sent], *, timeout: float) -> Iterator[Record]:
    """The record of each upload as it gets done, its notice out; ends early when the time is over."""
    ledger = Ledger(account.dynamodb, resources.Table)
    waiting = list(sent)
    until = time.monotonic() + timeout
    while waiting and time.monotonic() < until:
        for each in list(waiting):
            record = ledger.get(each.object, each.version)
            if record and record.state is State.DONE and record.notice in {Notice.NONE, Notice.SENT}:
                waiting.remove(each)
                yield record
        time.sleep(_POLL if waiting else 0)


def record(account: Account, resources: Resources, object_: str, version: str | None) -> Record:
    """The record of one object, by key or s3:// address; without a version, of its latest.

    Raises:
        Failure: there is no such object, or no record of it.
    """
    address = addressed(resources, object_)
    bucket, key = located(address)
    if version is None:
        try:
            version = account.s3.head_object(Bucket=bucket, Key=key)["VersionId"]
        except ClientError as error:
            raise Failure(f"{address}: {error}; give --version for one that was deleted") from error
    found = Ledger(account.dynamodb, resources.Table).get(address, version)
    if found is None:
        raise Failure(f"{address} version {version} has no record in {resources.Table}; it may still wait in the queue")
    return found


def addressed(resources: Resources, object_: str) -> str:
    """The s3:// address of an object, or of a prefix, that is given as such or as a key of the stack's bucket."""
    return object_ if object_.startswith("s3://") else f"s3://{resources.Bucket}/{object_}"


def located(address: str) -> tuple[str, str]:
    """The bucket and the key of an s3:// address."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key
