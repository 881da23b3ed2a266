"""A backfill's batch: what is told to the queue and what is not, when a batch is over, and when the line is stopped."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.test_operators_commands import printed

from license_ocr import backfill as seen
from license_ocr import reports
from license_reader.backfill import Backfill, Batch, Tally, address, opened, pause, standing
from license_reader.errors import NothingRead
from license_reader.table import Table, deserialized, serialized
from license_reader.upload import Message, Upload

BEGAN = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
BEFORE, AFTER = "2026-11-21T11:59:59.999+00:00", "2026-11-21T12:00:00.000+00:00"
PATIENCE = 100.0


@dataclass
class Bucket:
    """S3, with what it says of each key."""

    heads: dict[str, dict[str, Any]]

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Bucket == "photos"
        if Key not in self.heads:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        return self.heads[Key]


@dataclass
class Queue:
    """SQS, with what it was told."""

    bodies: list[str] = field(default_factory=list)
    refuses: bool = False

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "queue"
        assert len({each["Id"] for each in Entries}) == len(Entries) <= 10
        if self.refuses:
            return {"Failed": [{"Id": "0", "Code": "InternalError"}]}
        self.bodies += [each["MessageBody"] for each in Entries]
        return {}

    def uploads(self) -> list[Upload]:
        return [upload for body in self.bodies for upload in Message(id="m", body=body).uploads()]


@dataclass
class Items:
    """DynamoDB, with the items of one table."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def query(self, **asked: Any) -> dict[str, Any]:
        values = deserialized(asked["ExpressionAttributeValues"])
        found = [
            serialized(item | {"version": version})
            for (object_, version), item in self.items.items()
            if object_ == values[":object"] and version.startswith(values[":version"])
        ]
        # A page an item, as DynamoDB may make them, and the last one empty.
        after = asked.get("ExclusiveStartKey", 0)
        return {"Items": found[after : after + 1], "LastEvaluatedKey": after + 1 if after < len(found) else None}

    def put_item(self, **asked: Any) -> None:
        item = deserialized(asked["Item"])
        stands = self.items.get((item["object"], item["version"]))
        if stands and stands["counted"] > deserialized(asked["ExpressionAttributeValues"])[":counted"]:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")
        self.items[item["object"], item["version"]] = item

    def done(self, key: str, version: str, **more: Any) -> None:
        self.items[f"s3://photos/{key}", version] = {"state": "DONE", "notice": "NONE", "read_at": AFTER} | more


@dataclass
class Stage:
    """A backfill among fakes, and its clock."""

    bucket: Bucket
    queue: Queue = field(default_factory=Queue)
    items: Items = field(default_factory=Items)
    now: float = 1000.0

    def look(self, batch: Batch) -> Batch:
        """The batch after another look, handed on as the state machine hands it on."""
        with ThreadPoolExecutor(2) as threads:
            s3: Any = self.bucket
            sqs: Any = self.queue
            dynamodb: Any = self.items
            backfill = Backfill(s3, sqs, Table(dynamodb, "table"), "queue", PATIENCE, threads, lambda: self.now)
            return opened(json.loads(backfill.look(batch).model_dump_json()))


def listed(*keys: str, notices: bool = False) -> Batch:
    return opened({"Items": [selected(key, notices=notices) for key in keys]})


def selected(key: str, *, notices: bool = False) -> dict[str, Any]:
    return {"run": "r1", "began": BEGAN.isoformat(), "bucket": "photos", "notices": notices, "key": key}


def head(version_id: str | None, **more: Any) -> dict[str, Any]:
    told = {"ETag": '"e1"', "ContentLength": 7} | more
    return told | ({"VersionId": version_id} if version_id else {})


def staged(*keys: str) -> Stage:
    return Stage(Bucket({key: head(f"v-{key}") for key in keys}))


def test_an_object_without_a_record_is_told_by_the_name_that_its_own_event_gave_it() -> None:
    stage = staged("行驶证 +1.jpg")
    after = stage.look(listed("行驶证 +1.jpg"))
    (upload,) = stage.queue.uploads()
    assert (upload.object, upload.version, upload.version_id) == (
        "s3://photos/行驶证 +1.jpg", "v-行驶证 +1.jpg", "v-行驶证 +1.jpg",
    )  # fmt: skip
    assert (after.sent, after.wait) == (1, 1)


def test_what_is_read_already_is_told_to_nobody() -> None:
    stage = staged("a", "b", "c")
    stage.items.done("a", "v-a", read_at=BEFORE, license={"flags": [{"code": "blur"}, {"code": "copy"}]})
    stage.items.done("b", "v-b", license={"flags": [{"code": "blur"}]})
    after = stage.look(listed("a", "b", "c"))
    assert [upload.key for upload in stage.queue.uploads()] == ["c"]
    assert after.tally == Tally(read=1, skipped=1, flags={"blur": 2, "copy": 1})


def test_another_version_of_an_object_is_no_reading_of_this_one() -> None:
    stage = staged("a")
    stage.items.done("a", "v-older")
    stage.look(listed("a"))
    assert [upload.version for upload in stage.queue.uploads()] == ["v-a"]


@pytest.mark.parametrize("version_id", [None, "null"])
def test_without_versions_the_same_bytes_under_the_same_key_are_read_once(version_id: str | None) -> None:
    stage = Stage(Bucket({key: head(version_id) for key in ("read", "tried", "new")}))
    stage.items.done("read", "e1-00A1")
    stage.items.items["s3://photos/tried", "e1-00A2"] = {"state": "CLAIMED"}
    stage.items.done("new", "e2-00A3")  # other bytes
    stage.look(listed("read", "tried", "new"))
    assert [(upload.key, upload.version, upload.version_id) for upload in stage.queue.uploads()] == [
        ("tried", "e1-00A2", None),
        ("new", "e1-backfill", None),
    ]


@pytest.mark.parametrize("done", ["e1-00A1", "e1-00A3"])
def test_without_versions_one_reading_that_is_done_counts_whatever_else_was_tried(done: str) -> None:
    stage = Stage(Bucket({"a": head(None)}))
    stage.items.items["s3://photos/a", "e1-00A2"] = {"state": "CLAIMED"}
    stage.items.done("a", done)
    assert stage.look(listed("a")).tally.read == 1
    assert stage.queue.bodies == []


@pytest.mark.parametrize("notices", [True, False])
def test_notices_are_held_back_unless_they_are_asked_for(*, notices: bool) -> None:
    stage = staged("new", "held", "told")
    stage.items.done("held", "v-held", notice="HELD", read_at=BEFORE)
    stage.items.done("told", "v-told", notice="SENT", read_at=BEFORE)
    after = stage.look(listed("new", "held", "told", notices=notices))
    told = {upload.key: upload.quiet for upload in stage.queue.uploads()}
    assert told == ({"new": False, "held": False} if notices else {"new": True})
    # Who reads the held one's message reads nothing anew, so nothing is waited for.
    assert (after.tally.skipped, [upload.key for upload in after.waiting]) == (2, ["new"])


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (None, "deleted meanwhile"),
        (head("v", StorageClass="GLACIER"), "archived: restore it first"),
        (head("v", StorageClass="DEEP_ARCHIVE", Restore='ongoing-request="true"'), "archived: restore it first"),
        (head("v", StorageClass="INTELLIGENT_TIERING", ArchiveStatus="ARCHIVE_ACCESS"), "archived: restore it first"),
    ],
)
def test_what_cannot_be_read_now_is_passed_over_with_the_reason(told: dict[str, Any] | None, reason: str) -> None:
    stage = Stage(Bucket({"a": told} if told else {}))
    after = stage.look(listed("a"))
    assert (after.tally.passed_over, after.wait, stage.queue.bodies) == ({reason: 1}, 0, [])


def test_a_folders_marker_is_no_upload_and_an_empty_file_is_one() -> None:
    stage = Stage(Bucket({"2026/": head("v", ContentLength=0), "a": head("v", ContentLength=0)}))
    after = stage.look(listed("2026/", "a"))
    assert after.tally.passed_over == {"a folder's marker": 1}
    assert [upload.key for upload in stage.queue.uploads()] == ["a"]


def test_an_archived_object_that_is_restored_is_told() -> None:
    restored = head("v", StorageClass="GLACIER", Restore='ongoing-request="false", expiry-date="..."')
    stage = Stage(Bucket({"a": restored}))
    stage.look(listed("a"))
    assert len(stage.queue.bodies) == 1


def test_an_error_of_s3_is_no_deletion() -> None:
    class Forbidden(Bucket):
        def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002, N803
            raise ClientError({"Error": {"Code": "403"}}, "HeadObject")

    with pytest.raises(ClientError):
        Stage(Forbidden({})).look(listed("a"))


def test_a_batch_that_the_queue_did_not_take_whole_is_looked_at_again() -> None:
    stage = staged("a")
    stage.queue.refuses = True
    with pytest.raises(RuntimeError, match="InternalError"):
        stage.look(listed("a"))


KEYS = [f"{number:03}.jpg" for number in range(100)]


def test_a_batch_waits_until_a_tenth_is_left_and_says_which_ones() -> None:
    stage = staged(*KEYS)
    batch = stage.look(listed(*KEYS))
    assert (len(stage.queue.bodies), batch.sent, batch.wait) == (100, 100, 10)
    for key in KEYS[:89]:
        stage.items.done(key, f"v-{key}")
    batch = stage.look(batch)
    assert (len(batch.waiting), batch.wait) == (11, 1)
    stage.items.done(KEYS[89], f"v-{KEYS[89]}")
    batch = stage.look(batch)
    assert (len(batch.waiting), batch.wait) == (10, 0)
    assert len(stage.queue.bodies) == 100  # told once
    written = stage.items.items[address("r1"), batch.name]
    assert (written["read"], [each["version"] for each in written["left"]]) == (90, [f"v-{key}" for key in KEYS[90:]])


def test_a_batch_of_which_nothing_is_read_in_time_stops_the_line() -> None:
    stage = staged(*KEYS)
    batch = stage.look(listed(*KEYS))
    stage.now += PATIENCE - 1
    batch = stage.look(batch)
    assert batch.wait > 0
    stage.now += 1
    with pytest.raises(NothingRead, match="none of 100 objects"):
        stage.look(batch)
    assert len(stage.items.items[address("r1"), batch.name]["left"]) == 100


@pytest.mark.parametrize(("told", "read"), [(100, 1), (9, 0)])
def test_a_batch_of_which_something_is_read_or_that_is_small_only_ends(told: int, read: int) -> None:
    stage = staged(*KEYS[:told])
    batch = stage.look(listed(*KEYS[:told]))
    for key in KEYS[:read]:
        stage.items.done(key, f"v-{key}")
    stage.now += PATIENCE
    assert stage.look(batch).wait == 0


def test_a_look_that_comes_late_overwrites_no_later_one() -> None:
    stage = staged(*KEYS)
    early = stage.look(listed(*KEYS))
    for key in KEYS[:50]:
        stage.items.done(key, f"v-{key}")
    stage.look(early)
    for key in KEYS[:50]:
        del stage.items.items[f"s3://photos/{key}", f"v-{key}"]
    stage.look(early)
    assert stage.items.items[address("r1"), early.name]["read"] == 50


def test_a_first_look_that_is_repeated_counts_and_names_the_batch_alike() -> None:
    stage = staged("a", "b")
    stage.items.done("a", "v-a")
    first, again = (stage.look(listed("a", "b")) for _ in range(2))
    assert (first.name, first.tally, first.waiting) == (again.name, again.tally, again.waiting)
    assert len(set(stage.queue.uploads())) == 1


def test_an_engine_without_batches_hands_over_single_objects() -> None:
    assert opened(selected("a")) == listed("a")


def test_an_event_that_is_neither_is_refused_without_quoting_it() -> None:
    with pytest.raises(ValidationError) as refused:
        opened({"Items": [{"key": "zhang-san.jpg"}]})
    assert "zhang-san" not in str(refused.value)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=2, unique=True))
def test_batches_have_names_of_their_own(keys: list[str]) -> None:
    first, second = (listed(key).name for key in keys)
    assert first != second


def test_what_was_read_as_the_run_began_was_read_by_it() -> None:
    told = [standing({"state": "DONE", "read_at": when}, BEGAN) for when in (BEFORE, AFTER)]
    assert told == [Tally(skipped=1), Tally(read=1)]
    assert standing(None, BEGAN) is standing({"state": "CLAIMED"}, BEGAN) is None


@given(st.integers(1, 100), st.floats(0, 1e6))
def test_a_look_follows_within_a_minute_and_the_later_the_more_is_left(left: int, waited: float) -> None:
    assert 1 <= pause(left, waited) <= 60
    assert pause(left, waited) <= pause(100, waited) <= pause(100, waited + 100)
    assert (pause(1, 0), pause(100, 0), pause(1, 100), pause(1, 1000)) == (1, 10, 25, 60)


def test_a_report_tells_fates_reasons_and_flags() -> None:
    tally = Tally(read=7, skipped=2, flags={"blur": 1, "copy": 3}, passed_over={"deleted meanwhile": 1})
    told = printed(reports.backfill_table(seen.Report(tally, (("s3://b/a", "v"), ("s3://b/c", "v")), claimed=(0, 3))))
    assert told == (
        "Objects looked at 12 read 7 read before 2 passed over: deleted meanwhile 1 told to the queue, never claimed 1"
        " told to the queue, claimed 3 times and not read 1 Flags copy 3 blur 1"
    )


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        ('{"errorType": "NothingRead", "errorMessage": "none of 100"}', "none of 100"),
        ("[1]", "[1]"),
        ("States.Timeout", "States.Timeout"),
    ],
)
def test_a_failure_is_told_in_the_words_of_the_exception(cause: str, message: str) -> None:
    assert seen._message(cause) == message
