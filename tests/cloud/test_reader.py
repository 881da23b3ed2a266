"""The story of an upload, on the emulator's bucket, table and topic, with the vendor on loopback."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.cloud.lost_answers import Died, Dies
from tests.loopback import Loopback

from license_ocr.checkout import SAMPLES
from license_ocr.subscriber import subscribed
from license_reader import vendors
from license_reader.chain import Chain
from license_reader.errors import InProgress, NoVendorLeft
from license_reader.ledger import NOTICE_LEASE, Claim, Ledger, Notice, Record
from license_reader.meter import Meter
from license_reader.notices import Notices
from license_reader.reader import Reader
from license_reader.settings import Settings, VendorSettings
from license_reader.spending import Spending
from license_reader.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cloud.conftest import Stack


PLATE = "沪AA1234"


class Configured:
    """Settings and secrets in memory: one vendor that reads, and one that may be asked for a second opinion."""

    def __init__(self, **endpoints: str) -> None:
        self.endpoints = endpoints
        self.second_opinion: str | None = None
        self.max_attempts = 2

    def settings(self) -> Settings:
        return Settings(vendors=("embedded",), max_attempts=self.max_attempts, second_opinion=self.second_opinion)

    def vendor(self, name: str) -> VendorSettings:
        return VendorSettings(endpoint=self.endpoints[name], secret=name, read_timeout=2)

    def credentials(self, name: str, *, refused: Any = None) -> Any:  # noqa: ARG002 - as it is called
        return vendors.find(name).credentials(api_key="key", api_secret="hush")


@pytest.fixture
def vendor() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def second() -> Iterator[Loopback]:
    """The vendor that may be asked for a second opinion."""
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def configuration(vendor: Loopback, second: Loopback) -> Configured:
    return Configured(embedded=vendor.url, megvii=second.url)


@pytest.fixture
def reader(shared: Stack, configuration: Configured) -> Iterator[Reader]:
    account, resources = shared.account, shared.resources
    configured: Any = configuration
    with requests.Session() as session:
        session.trust_env = False
        yield Reader(
            s3=account.s3,
            configuration=configured,
            ledger=Ledger(account.dynamodb, resources.Table),
            chain=Chain(
                configured,
                session,
                spending=Spending(account.dynamodb, resources.Table),
                meter=Meter(),
                sleep=lambda _: None,
            ),
            notices=Notices(lambda: account.sns, resources.Topic, table=resources.Table, region="us-east-1"),
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


def read(reader: Reader, upload: Upload, *, seconds: float = 30) -> Record:
    return reader.read(upload, until=time.time() + seconds).record


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
    record, _ = reader._read(upload, claim, reader.configuration.settings(), time.time() + 30)
    assert record.notice is Notice.SENDING
    with pytest.raises(InProgress):
        read(reader, upload)
    after = time.time() + NOTICE_LEASE + 1
    later = replace(
        reader, ledger=Ledger(shared.account.dynamodb, shared.resources.Table, clock=lambda: after), clock=lambda: after
    )
    with subscribed(shared.account, shared.resources.Topic) as subscriber:
        later.read(upload, until=after + 30)
        later.read(upload, until=after + 30)
        told: list[Any] = [each.notice["record"] for each in subscriber.receive(wait=2)]
    assert [each["object"] for each in told] == [upload.object]
    standing = reader.ledger.get(upload.object, upload.version)
    assert standing is not None
    assert standing.notice is Notice.SENT
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
            read(reader, upload, seconds=8)
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


def test_the_same_bytes_again_are_read_and_flagged(
    reader: Reader, vendor: Loopback, upload: Upload, shared: Stack
) -> None:
    content = reader.s3.get_object(Bucket=upload.bucket, Key=upload.key)["Body"].read()
    version = shared.account.s3.put_object(Bucket=upload.bucket, Key=f"copy-{upload.key}", Body=content)["VersionId"]
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


WHOLE = {
    "vehicle_type": "小型轿车",
    "owner": "李明",
    "address": "上海市徐汇区田林路397号",
    "use_character": "非营运",
    "brand_model": "大众汽车牌SVW71612BS",
    "vin": "LSVAA4181E2123456",
    "engine_no": "416098",
    "register_date": "2014-03-01",
    "issue_date": "2014-03-01",
}


def seconds(second: Loopback, **fields: str) -> None:
    """Queue the second vendor's answer."""
    body = {"request_id": "m", "time_used": 3, "type": 1, "side": "front", "plate_no": PLATE} | fields
    second.answer(headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())


@pytest.fixture
def doubtful(reader: Reader, configuration: Configured) -> Reader:
    """A reader that asks a second vendor; what these tests' first one reads lacks fields, which is flagged."""
    configuration.second_opinion = "megvii"
    configuration.max_attempts = 5
    return reader


def after_a_death(reader: Reader, *, update: int) -> Reader:
    """The same reader, which will die before its n-th update of the table."""
    client: Any = Dies(reader.ledger._table._client, update)
    return replace(reader, ledger=Ledger(client, reader.ledger._table._name, clock=reader.ledger._clock))


def later(reader: Reader) -> Reader:
    """The same reader when the leases of all that died are over."""
    clock = reader.ledger._clock
    table = reader.ledger._table
    return replace(reader, ledger=Ledger(table._client, table._name, clock=lambda: clock() + 100))


def test_a_flagged_reading_is_read_by_a_second_vendor_and_both_are_counted(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload
) -> None:
    answers(vendor)
    seconds(second)
    record = read(doubtful, upload)
    assert record.license is not None
    assert (record.license.vendor, record.second_opinion, record.spent) == ("embedded", "megvii", 2)
    assert "missing_field" in codes(record)
    assert "vendor_disagreement" not in codes(record)
    assert record.passed_over == ()


def test_a_disagreement_is_flagged_with_both_values_and_told(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload, shared: Stack
) -> None:
    answers(vendor)
    seconds(second, plate_no="沪AA1284")
    with subscribed(shared.account, shared.resources.Topic) as subscriber:
        record = read(doubtful, upload)
        notices: list[Any] = [each.notice for each in subscriber.receive(wait=2)]
    (told,) = [notice for notice in notices if notice["record"]["object"] == upload.object]
    assert record.license is not None
    (flag,) = [flag for flag in record.license.flags if flag.code == "vendor_disagreement"]
    assert (flag.fields, flag.detail) == (("plate_no",), "plate_no: embedded 沪AA1234, megvii 沪AA1284")
    assert "vendor_disagreement" in [each["code"] for each in told["flags"]]
    assert "沪AA1284" not in json.dumps(told, ensure_ascii=False)


def test_a_reading_without_a_doubt_is_not_read_again(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload
) -> None:
    answers(vendor, **WHOLE)
    record = read(doubtful, upload)
    assert (codes(record), record.second_opinion, record.spent) == ([], None, 1)
    assert second.asked == []


def test_the_first_reading_stands_when_the_second_vendor_fails(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload
) -> None:
    answers(vendor)
    second.answer(504)
    record = read(doubtful, upload)
    assert record.license is not None
    assert (record.license.fields.model_dump(exclude_none=True), record.second_opinion) == ({"plate_no": PLATE}, None)
    assert (record.spent, len(record.passed_over)) == (2, 1)
    assert record.passed_over[0].startswith("second opinion: megvii: ")


def test_the_first_reading_stands_when_the_second_vendor_cannot_read_it(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload
) -> None:
    answers(vendor)
    second.answer(body=b'{"request_id": "m", "time_used": 3}')
    record = read(doubtful, upload)
    assert "not_a_license" not in codes(record)
    assert (record.spent, record.passed_over) == (2, ("second opinion: megvii: not_a_license",))


def test_without_time_the_second_vendor_is_not_asked(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload
) -> None:
    answers(vendor)
    record = doubtful.read(upload, until=time.time() + 8).record
    assert (record.spent, record.passed_over) == (1, ("second opinion: megvii: no time left to ask",))
    assert second.asked == []


def test_a_death_while_the_second_vendor_is_asked_loses_nothing_and_pays_nothing_twice_to_the_first(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload
) -> None:
    answers(vendor)
    for _ in range(2):
        seconds(second)
    with pytest.raises(Died):
        read(after_a_death(doubtful, update=3), upload)
    record = read(later(doubtful), upload)
    assert (len(vendor.asked), len(second.asked)) == (1, 2)
    assert (record.second_opinion, record.attempt, record.spent) == ("megvii", 2, 3)
    assert codes(record).count("missing_field") == 1


def test_deaths_that_come_again_with_the_second_vendor_leave_the_first_reading(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload
) -> None:
    answers(vendor)
    for _ in range(3):
        seconds(second)
    with pytest.raises(Died):
        read(after_a_death(doubtful, update=3), upload)
    with pytest.raises(Died):
        read(after_a_death(later(doubtful), update=2), upload)
    record = read(later(later(doubtful)), upload)
    assert record.license is not None
    assert record.license.fields.model_dump(exclude_none=True) == {"plate_no": PLATE}
    assert (len(vendor.asked), len(second.asked), record.spent) == (1, 2, 3)
    assert record.passed_over == ("second opinion: megvii: earlier attempts ended while it was asked",)


def test_a_death_before_the_first_reading_was_kept_asks_the_first_vendor_anew(
    doubtful: Reader, vendor: Loopback, second: Loopback, upload: Upload
) -> None:
    for _ in range(2):
        answers(vendor)
    seconds(second)
    with pytest.raises(Died):
        read(after_a_death(doubtful, update=2), upload)
    assert second.asked == []
    record = read(later(doubtful), upload)
    assert (len(vendor.asked), len(second.asked), record.spent) == (2, 1, 3)
