"""`license-ocr backfill` in the local cloud: Step Functions lists, the queue carries, the reader reads.

The emulator runs the state machine of the template, but makes no batches of its items: each object is a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.cloud.test_command import run

from license_ocr import backfill
from license_ocr.failure import Failure
from license_ocr.items import Items
from license_ocr.subscriber import subscribed
from license_reader.ledger import Ledger, Notice, Record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cloud.conftest import Stack

    from license_ocr.backfill import Report, Run
    from license_ocr.local_cloud import LocalCloud

OLD = "old-photos"


def put(stack: Stack, key: str, content: bytes, *, bucket: str | None = None) -> str:
    """The version of an object that nobody is told of."""
    name = bucket or stack.resources.Bucket
    answer: Any = stack.account.s3.put_object(Bucket=name, Key=key, Body=content)
    return str(answer.get("VersionId"))


def deafened(stack: Stack) -> None:
    """Have the bucket tell nobody of its uploads, as one did that was there before the stack."""
    stack.account.s3.put_bucket_notification_configuration(Bucket=stack.resources.Bucket, NotificationConfiguration={})


def backfilled(stack: Stack, prefix: str = "", *, notices: bool = False) -> tuple[Run, Report]:
    items = Items(stack.account.dynamodb, stack.resources.Table)
    address = prefix if prefix.startswith("s3://") else f"s3://{stack.resources.Bucket}/{prefix}"
    begun = backfill.begin(stack.account, stack.name, address, notices=notices)
    failed = backfill.follow(stack.account, begun, lambda _done, _full: None)
    assert failed is None
    return begun, backfill.report(stack.account, stack.resources, items, begun)


def record(stack: Stack, key: str, version: str, *, bucket: str | None = None) -> Record:
    address = f"s3://{bucket or stack.resources.Bucket}/{key}"
    found = Ledger(stack.account.dynamodb, stack.resources.Table).get(address, version)
    assert found is not None
    return found


def test_what_was_never_read_is_read_once_quietly_and_told_when_somebody_asks(
    stack: Stack, photo: Path, no_picture: Path
) -> None:
    before = stack.record(stack.upload(photo))
    deafened(stack)
    version = put(stack, "old/行驶证 +1.jpg", no_picture.read_bytes())
    other = put(stack, "old/2.jpg", no_picture.read_bytes() + b"2")
    put(stack, "old/folder/", b"")
    with subscribed(stack.account, stack.resources.Topic) as subscriber:
        _, report = backfilled(stack)
        assert (report.tally.read, report.tally.skipped, report.unread) == (2, 1, ())
        assert report.tally.flags["not_an_image"] == 2
        assert report.tally.passed_over == {"a folder's marker": 1}
        assert record(stack, "old/行驶证 +1.jpg", version).notice is Notice.HELD
        assert subscriber.receive(wait=1) == []
        # Again: nothing is read or paid again, and the report still tells the whole.
        _, again = backfilled(stack)
        assert (again.tally.read, again.tally.skipped) == (0, 3)
        assert again.tally.flags == report.tally.flags
        assert record(stack, "old/行驶证 +1.jpg", version).attempt == 1
        assert record(stack, "uploads/vehicle-front.jpg", before.version) == before
        _, loud = backfilled(stack, "old/2", notices=True)
        assert loud.tally.skipped == 1
        stack.await_idle()
        told: list[Any] = [each.notice["record"] for each in subscriber.receive(wait=5)]
    assert [each["object"].rpartition("/")[2] for each in told] == ["2.jpg"]
    assert record(stack, "old/2.jpg", other).notice is Notice.SENT
    assert record(stack, "old/行驶证 +1.jpg", version).notice is Notice.HELD


def test_an_uploads_own_event_that_comes_after_all_reads_nothing_again_and_tells(
    stack: Stack, no_picture: Path
) -> None:
    deafened(stack)
    version = put(stack, "late.jpg", no_picture.read_bytes())
    backfilled(stack)
    with subscribed(stack.account, stack.resources.Topic) as subscriber:
        s3 = {"bucket": {"name": stack.resources.Bucket}, "object": {"key": "late.jpg", "versionId": version}}
        stack.send({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]})
        [received] = subscriber.receive(wait=10)
    assert received.attributes["severity"] == "permanent"
    stack.await_idle()
    told = record(stack, "late.jpg", version)
    assert (told.notice, told.attempt) == (Notice.SENT, 1)


def test_another_bucket_without_versions_is_read_once(stack: Stack, no_picture: Path) -> None:
    stack.account.s3.create_bucket(Bucket=OLD)
    put(stack, "a.jpg", no_picture.read_bytes(), bucket=OLD)
    etag = stack.account.s3.head_object(Bucket=OLD, Key="a.jpg")["ETag"].strip('"')
    _, first = backfilled(stack, f"s3://{OLD}/")
    _, second = backfilled(stack, f"s3://{OLD}/")
    assert [(each.tally.read, each.tally.skipped) for each in (first, second)] == [(1, 0), (0, 1)]
    assert record(stack, "a.jpg", f"{etag}-backfill", bucket=OLD).attempt == 1


def test_one_that_was_stopped_is_taken_up_and_one_under_way_is_come_back_to(stack: Stack, no_picture: Path) -> None:
    deafened(stack)
    keys = [f"old/{number}.jpg" for number in range(8)]
    versions = {key: put(stack, key, no_picture.read_bytes() + key.encode()) for key in keys}
    address = f"s3://{stack.resources.Bucket}/old/"
    begun = backfill.begin(stack.account, stack.name, address, notices=False)
    assert backfill.begin(stack.account, stack.name, address, notices=False) == begun
    with pytest.raises(Failure, match="is under way; wait for it, or stop it"):
        backfill.begin(stack.account, stack.name, address, notices=True)
    backfill.stop(stack.account, begun)
    backfill.stop(stack.account, begun)
    assert (backfill.follow(stack.account, begun, lambda *_: None) or "").startswith("aborted")
    _, report = backfilled(stack, "old/")
    assert (report.tally.read + report.tally.skipped, report.unread) == (8, ())
    assert {record(stack, key, version).attempt for key, version in versions.items()} == {1}


def test_the_command_asks_first_then_follows_and_reports(shared: Stack, cloud: LocalCloud, no_picture: Path) -> None:
    sent = shared.upload(no_picture)
    shared.record(sent)
    key = sent.object.partition(f"{shared.resources.Bucket}/")[2]
    refused = run("backfill", key, home=cloud.home)
    assert refused.returncode != 0
    assert "at the price of the vendors" in refused.stderr
    done = run("backfill", key, "--yes", home=cloud.home)
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "looked at 1 read 0 read before 1 Flags not_an_image 1" in told
    nothing = run("backfill", "--stop", home=cloud.home)
    assert nothing.returncode == 1
    assert "no backfill is under way" in nothing.stderr
