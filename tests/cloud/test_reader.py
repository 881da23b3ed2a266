"""The story of an upload, on the emulator's bucket, table and topic, with the vendor on loopback."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.loopback import Loopback

from license_ocr.checkout import SAMPLES
from license_ocr.subscriber import subscribed
from license_reader import vendors
from license_reader.chain import Chain
from license_reader.errors import InProgress, NoVendorLeft
from license_reader.ledger import Claim, Ledger, Notice, Record
from license_reader.notices import Notices
from license_reader.reader import Reader
from license_reader.settings import Settings, VendorSettings
from license_reader.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cloud.conftest import Stack


PLATE = "沪AA1234"


class Configured:
    """Settings and secrets in memory: one vendor, whose key is known."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def settings(self) -> Settings:
        return Settings(vendors=("embedded",), max_attempts=2)

    def vendor(self, name: str) -> VendorSettings:
        return VendorSettings(endpoint=self.endpoint, secret=name)

    def credentials(self, name: str, *, anew: bool = False) -> Any:  # noqa: ARG002 - as it is called
        return vendors.find(name).credentials(api_key="key")


@pytest.fixture
def vendor() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def reader(shared: Stack, vendor: Loopback) -> Iterator[Reader]:
    account, resources = shared.account, shared.resources
    configuration: Any = Configured(vendor.url)
    with requests.Session() as session:
        session.trust_env = False
        yield Reader(
            s3=account.s3,
            configuration=configuration,
            ledger=Ledger(account.dynamodb, resources.Table),
            chain=Chain(configuration, session, alarm=print, sleep=lambda _: None),
            notices=Notices(account.sns, resources.Topic, table=resources.Table, region="us-east-1"),
        )


@pytest.fixture
def upload(shared: Stack) -> Upload:
    """A photo in a bucket that tells nobody, so that only the test reads it."""
    bucket, key = "silent-uploads", f"{uuid.uuid4().hex}.jpg"
    shared.account.s3.create_bucket(Bucket=bucket)
    shared.account.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    content = (SAMPLES / "vehicle-front.jpg").read_bytes() + uuid.uuid4().bytes
    version = shared.account.s3.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]
    return Upload(bucket=bucket, key=key, version=version, version_id=version)


def answers(vendor: Loopback, *codes: str, **fields: str) -> None:
    flags = [{"code": code} for code in codes]
    body = {"document": "vehicle_license", "side": "front", "fields": {"plate_no": PLATE} | fields, "flags": flags}
    vendor.answer(headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())


def read(reader: Reader, upload: Upload) -> Record:
    return reader.read(upload, until=time.time() + 30).record


def codes(record: Record) -> list[str]:
    assert record.license is not None
    return [flag.code for flag in record.license.flags]


def test_an_upload_is_asked_about_once_however_often_it_is_delivered(
    reader: Reader, vendor: Loopback, upload: Upload
) -> None:
    answers(vendor)
    first = read(reader, upload)
    assert read(reader, upload).license == first.license
    assert len(vendor.asked) == 1


def test_a_death_before_the_notice_is_made_good_by_the_next_delivery(
    reader: Reader, vendor: Loopback, upload: Upload, shared: Stack
) -> None:
    answers(vendor, "blur")
    claim = reader.ledger.claim(upload, lease=60, retention_days=30)
    assert isinstance(claim, Claim)
    outcome = reader._read(upload, claim, reader.configuration.settings(), time.time() + 30)
    assert outcome.record.notice is Notice.PENDING
    with subscribed(shared.account, shared.resources.Topic) as subscriber:
        read(reader, upload)
        read(reader, upload)
        told: list[Any] = [each.notice["record"] for each in subscriber.receive(wait=2)]
    assert [each["object"] for each in told] == [upload.object]
    record = reader.ledger.get(upload.object, upload.version)
    assert record is not None
    assert record.notice is Notice.SENT
    assert len(vendor.asked) == 1


def test_an_upload_that_was_deleted_before_it_was_read_is_flagged(
    reader: Reader, vendor: Loopback, upload: Upload, shared: Stack
) -> None:
    shared.account.s3.delete_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version)
    assert codes(read(reader, upload)) == ["object_gone"]
    assert vendor.asked == []


def test_an_object_that_was_replaced_where_no_versions_are_kept_is_flagged(
    reader: Reader, vendor: Loopback, shared: Stack
) -> None:
    shared.account.s3.create_bucket(Bucket="unversioned")
    key = f"{uuid.uuid4().hex}.jpg"
    etag = shared.account.s3.put_object(Bucket="unversioned", Key=key, Body=b"one")["ETag"].strip('"')
    shared.account.s3.put_object(Bucket="unversioned", Key=key, Body=b"two")
    replaced = Upload(bucket="unversioned", key=key, version=f"{etag}-0A", etag=etag)
    assert codes(read(reader, replaced)) == ["object_gone"]
    assert vendor.asked == []


def test_when_nobody_can_be_asked_the_claim_is_given_back_and_nothing_is_counted(
    reader: Reader, vendor: Loopback, upload: Upload
) -> None:
    for _ in range(10):
        vendor.answer(429, body=b'{"error": {"code": "busy"}}')
    for _ in range(2):
        with pytest.raises(NoVendorLeft):
            read(reader, upload)
    vendor.answers.clear()
    answers(vendor)
    record = read(reader, upload)
    assert (record.attempt, record.spent) == (3, 1)


def test_a_document_that_costs_too_much_is_parked(reader: Reader, vendor: Loopback, upload: Upload) -> None:
    for _ in range(2):
        vendor.answer(200, body=b"{")
        with pytest.raises(NoVendorLeft):
            read(reader, upload)
    record = read(reader, upload)
    assert codes(record) == ["parked"]
    assert record.spent == 2
    assert len(vendor.asked) == 2


def test_an_upload_that_another_delivery_reads_is_left_to_it(reader: Reader, vendor: Loopback, upload: Upload) -> None:
    reader.ledger.claim(upload, lease=60, retention_days=30)
    with pytest.raises(InProgress):
        read(reader, upload)
    assert vendor.asked == []


def test_the_same_bytes_again_are_read_and_flagged(reader: Reader, vendor: Loopback, upload: Upload) -> None:
    content = reader.s3.get_object(Bucket=upload.bucket, Key=upload.key)["Body"].read()
    version = reader.s3.put_object(Bucket=upload.bucket, Key=f"copy-{upload.key}", Body=content)["VersionId"]
    copy = Upload(bucket=upload.bucket, key=f"copy-{upload.key}", version=version, version_id=version)
    answers(vendor)
    answers(vendor)
    assert "duplicate_image" not in codes(read(reader, upload))
    assert "duplicate_image" in codes(read(reader, copy))


def test_what_the_checks_find_stands_beside_what_the_vendor_found(
    reader: Reader, vendor: Loopback, upload: Upload
) -> None:
    answers(vendor, "blur", vin="LSVAA4182E2123456")
    assert {"blur", "vin_check_digit", "missing_field"} <= set(codes(read(reader, upload)))
