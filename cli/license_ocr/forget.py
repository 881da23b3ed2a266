"""An object forgotten: versions, records and the marks of its pictures are removed, in an order that can be resumed.

Marks go first, while object and record still tell which pictures they are of; records go last, since they remember what
is left to do. So a removal that was cut short is finished by asking for it again.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from license_ocr.failure import Failure
from license_ocr.items import plain
from license_ocr.uploads import located
from license_reader.image import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

    from license_ocr.account import Account
    from license_ocr.items import Item, Items

_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of an object: versions with content, delete markers, records; only those to be removed."""

    address: str
    versions: tuple[str, ...]
    markers: tuple[str, ...]
    records: tuple[Item, ...]
    kept: tuple[str, ...] = ()
    """Pictures (SHA-256) that versions which stay have in common with those that go."""

    def __bool__(self) -> bool:
        return bool(self.versions or self.markers or self.records)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was removed."""

    versions: int = 0
    markers: int = 0
    records: int = 0
    marks: int = 0


def find(account: Account, items: Items, address: str, version: str | None) -> Found:
    """What there is of an object, or of one of its versions."""
    bucket, key = located(address)
    versions: list[str] = []
    markers: list[str] = []
    for page in account.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        versions += [each["VersionId"] for each in page.get("Versions", []) if each["Key"] == key]
        markers += [each["VersionId"] for each in page.get("DeleteMarkers", []) if each["Key"] == key]
    records = items.of(address)
    going = [item for item in records if version in {None, plain(item["version"])}]
    staying = [item for item in records if item not in going]
    return Found(
        address,
        versions=tuple(id_ for id_ in versions if version in {None, id_}),
        markers=tuple(id_ for id_ in markers if version in {None, id_}),
        records=tuple(going),
        kept=tuple(sha256 for item in staying if (sha256 := _picture(item))),
    )


def forget(
    account: Account,
    items: Items,
    found: Found,
    *,
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.time,
) -> Forgotten:
    """Remove what was found, and tell how much of it was still there.

    Raises:
        Failure: a reader is at work on it, and would find the object gone and write that down; or S3 kept some of the
            versions, and the records stay, so that asking again goes on with them.
    """
    if (seconds := max((_lease(item) for item in found.records), default=0.0) - clock()) > 0:
        raise Failure(
            f"{found.address} is being read; nothing was removed. Run this again when it has been read, in "
            f"{seconds:.0f} seconds at most"
        )
    tell("looking which pictures are its own")
    marks = sum(items.remove_mark(sha256, found.address) for sha256 in _pictures(account, items, found, tell))
    tell(f"removing {len(found.versions) + len(found.markers)} versions")
    _remove_versions(account, found)
    tell(f"removing {len(found.records)} records")
    records = sum(items.remove(item) for item in found.records)
    return Forgotten(len(found.versions), len(found.markers), records, marks)


def _pictures(account: Account, items: Items, found: Found, tell: Callable[[str], None]) -> set[str]:
    """The pictures (SHA-256) that the object may have brought first, without those of versions that stay."""
    known = {plain(item["version"]): _picture(item) for item in found.records}
    pictures = {sha256 for sha256 in known.values() if sha256}
    # A reader that died before its record was written has left the mark alone.
    unknown = [version for version in found.versions if not known.get(version)]
    pictures |= {sha256 for version in unknown if (sha256 := _hashed(account, found.address, version))}
    if any(sha256 is None and version not in found.versions for version, sha256 in known.items()):
        pictures |= _searched(items, found.address, tell)
    return pictures - set(found.kept)


def _lease(item: Item) -> float:
    """Until when a reader holds a record, in seconds since the epoch; 0 for one that nobody holds."""
    return float(plain(item.get("lease_until")) or 0)


def _picture(item: Item) -> str | None:
    """The picture that a record is of, None where it was never opened."""
    image = plain(item.get("image"))
    return str(image["sha256"]) if image else None


def _hashed(account: Account, address: str, version: str) -> str | None:
    """The SHA-256 of a version's content, None where it is gone or too large for any reader to have marked it."""
    bucket, key = located(address)
    try:
        answer = account.s3.get_object(Bucket=bucket, Key=key, VersionId=version)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
    with answer["Body"] as body:
        return None if answer["ContentLength"] > MAX_BYTES else hashlib.sha256(body.read()).hexdigest()


def _searched(items: Items, address: str, tell: Callable[[str], None]) -> set[str]:
    """The pictures of the object that only the table knows: neither object nor record tells them any more."""
    pictures, looked_at = set(), 0
    for page in items.marks_of(address):
        looked_at += page.looked_at
        tell(f"searching the table for its pictures, {looked_at} items so far")
        pictures |= {plain(item["object"]).removeprefix("sha256:") for item in page.items}
    return pictures


def _remove_versions(account: Account, found: Found) -> None:
    bucket, key = located(found.address)
    for batch in batched((*found.versions, *found.markers), _BATCH, strict=False):
        objects: list[ObjectIdentifierTypeDef] = [{"Key": key, "VersionId": version} for version in batch]
        answer = account.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if refused := answer.get("Errors"):
            reasons = sorted({f"{each.get('Code')} {each.get('Message', '')}".strip() for each in refused})
            raise Failure(
                f"{found.address}: S3 kept {len(refused)} versions: {'; '.join(reasons)}; its records were kept as "
                "well, so run this again once S3 allows it (s3:DeleteObjectVersion, no object lock or MFA delete)"
            )
