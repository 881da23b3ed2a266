"""Uploads to the whole stack in the local cloud: the built functions, the queue, the table, the topic, the OCR API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from license_ocr import uploads
from license_ocr.redrive import redrive, waiting
from license_ocr.subscriber import subscribed
from license_reader import vendors
from license_reader.ledger import Notice

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cloud.conftest import Deploy, Stack

    from license_ocr.uploads import Sent


def s3_event(sent: Sent) -> dict[str, object]:
    """What S3 tells of an upload."""
    bucket, _, key = sent.object.removeprefix("s3://").partition("/")
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "us-east-1",
                "eventTime": "2026-01-01T00:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                    "object": {
                        "key": quote_plus(key, safe="/"),
                        "size": sent.photo.stat().st_size,
                        "eTag": "0" * 32,
                        "versionId": sent.version,
                        "sequencer": "0055AED6DCD90281E5",
                    },
                },
            }
        ]
    }


def printed(photo: Path) -> dict[str, str]:
    """What stands on a sample."""
    fields: dict[str, str] = json.loads((photo.parent / "truth.json").read_bytes())[photo.name]["fields"]
    return fields


def test_an_uploaded_photo_becomes_a_record_of_what_stands_on_it(shared: Stack, photo: Path) -> None:
    record = shared.record(shared.upload(photo))
    assert record.license is not None
    assert record.license.vendor == "embedded"
    truth = printed(photo)
    read = record.license.fields.model_dump(include={"plate_no", "vin", "owner"})
    assert read == {name: truth[name] for name in ("plate_no", "vin", "owner")}
    assert record.image is not None
    assert record.image.size == photo.stat().st_size
    assert record.spent == 1
    shared.await_idle()


def test_a_flagged_upload_reaches_a_subscriber_once(shared: Stack, no_picture: Path) -> None:
    with subscribed(shared.account, shared.resources.Topic) as subscriber:
        sent = shared.upload(no_picture)
        record = shared.record(sent)
        [received] = subscriber.receive(wait=5)
        assert subscriber.receive(wait=1) == []
    assert record.notice is Notice.SENT
    assert received.attributes["severity"] == "permanent"
    assert json.loads(received.attributes["flags"]) == ["not_an_image"]
    place = received.notice["record"]
    assert isinstance(place, dict)
    assert (place["object"], place["version"]) == (sent.object, sent.version)


def test_a_key_with_spaces_and_chinese_characters_is_read(shared: Stack, tmp_path: Path) -> None:
    photo = tmp_path / "行驶证 + 正页 100%.jpg"
    photo.write_text("This is a text.", encoding="utf-8")
    sent = shared.upload(photo)
    assert sent.object.endswith("uploads/行驶证 + 正页 100%.jpg")
    assert shared.record(sent).object == sent.object


def test_a_second_version_of_an_object_is_a_second_record(shared: Stack, no_picture: Path) -> None:
    first, second = shared.upload(no_picture), shared.upload(no_picture)
    assert shared.record(first).version == first.version
    assert shared.record(second).version == second.version
    assert first.version != second.version


def test_a_message_that_nobody_understands_is_parked_and_can_be_moved_back(impatient: Stack, no_picture: Path) -> None:
    impatient.send("{this is no event")
    impatient.await_dead(1)
    # What came with it or after it was read all the same.
    impatient.record(impatient.upload(no_picture))
    result = redrive(impatient.account, impatient.resources, tell=lambda _: None)
    assert (result.moved, result.left) == (1, 0)
    impatient.await_dead(1)


def test_with_settings_that_name_an_unknown_vendor_uploads_wait_and_are_read_once_they_are_mended(
    impatient: Stack, no_picture: Path
) -> None:
    impatient.choose({"vendors": ["nobody"]})
    sent = impatient.upload(no_picture)
    impatient.await_dead(1)
    assert impatient.no_record(sent)
    impatient.choose({"vendors": ["embedded"]})
    impatient.renew()
    assert redrive(impatient.account, impatient.resources, tell=lambda _: None).moved == 1
    assert impatient.record(sent).notice is Notice.SENT
    assert waiting(impatient.account, impatient.resources.DeadLetters) == 0


def test_every_vendors_adapter_and_dialect_bring_an_upload_into_the_table(stack: Stack, photo: Path) -> None:
    prefixes = {vendor: f"uploads/{vendor}/" for vendor in vendors.names()}
    routes = [{"prefix": prefix, "vendors": [vendor]} for vendor, prefix in prefixes.items()]
    stack.choose({"vendors": ["embedded"], "routes": routes})
    sent = {
        vendor: uploads.send(stack.account, stack.resources, photo, prefix=prefix, metadata={})
        for vendor, prefix in prefixes.items()
    }
    plates = {}
    for vendor, upload in sent.items():
        license_ = stack.record(upload).license
        assert license_ is not None
        assert license_.vendor == vendor
        plates[vendor] = license_.fields.model_dump()["plate_no"]
    truth = printed(photo)
    assert plates == dict.fromkeys(prefixes, truth["plate_no"])


def test_a_vendor_that_is_down_is_passed_over_for_the_next(stack: Stack, photo: Path, closed_port: str) -> None:
    stack.choose({"vendors": ["tencent", "embedded"]})
    stack.configure("tencent", endpoint=closed_port)
    record = stack.record(stack.upload(photo))
    assert record.license is not None
    assert record.license.vendor == "embedded"
    assert any("tencent" in reason for reason in record.passed_over)
    assert record.spent == 1


def test_a_vendor_without_its_secret_is_passed_over_for_the_next(stack: Stack, photo: Path) -> None:
    stack.choose({"vendors": ["tencent", "embedded"]})
    stack.account.secretsmanager.delete_secret(SecretId=f"{stack.name}/tencent", ForceDeleteWithoutRecovery=True)
    record = stack.record(stack.upload(photo))
    assert record.license is not None
    assert record.license.vendor == "embedded"
    assert any("tencent" in reason for reason in record.passed_over)


def test_when_no_vendor_is_left_the_upload_is_parked_unread_and_costs_nothing(
    impatient: Stack, photo: Path, closed_port: str
) -> None:
    impatient.configure("embedded", endpoint=closed_port)
    sent = impatient.upload(photo)
    impatient.await_dead(1)
    assert impatient.no_record(sent)


def test_the_test_event_of_s3_is_dropped(impatient: Stack) -> None:
    bucket = impatient.resources.Bucket
    impatient.send({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket, "RequestId": "1", "HostId": "2"})
    impatient.await_idle()
    assert waiting(impatient.account, impatient.resources.DeadLetters) == 0
    assert impatient.records() == 0


def test_an_event_delivered_many_times_makes_one_record_and_one_notice(deploy: Deploy, no_picture: Path) -> None:
    stack = deploy(visibility=2, receives=20)
    with subscribed(stack.account, stack.resources.Topic) as subscriber:
        sent = stack.upload(no_picture)
        for _ in range(8):
            stack.send(s3_event(sent))
        record = stack.record(sent)
        stack.await_idle()
        assert len(subscriber.receive(wait=2)) == 1
    assert stack.records() == 1
    assert record.attempt == 1
    assert waiting(stack.account, stack.resources.DeadLetters) == 0
