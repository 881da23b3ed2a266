"""A backfill's batch: objects that were never read are told to the queue, and looked after until they are.

Step Functions lists a bucket and hands its objects here, a batch at a time. The reader reads them off the same queue as
what is uploaded meanwhile, under the same limits; so a batch is kept small, and the next one is told only when hardly
any of this one is left. A look can be repeated at any time: what is done is found in the table, and a message that was
sent twice is read once. What the batch came to stands in the table as well, for the report.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from license_reader.errors import NothingRead
from license_reader.ledger import Notice, State
from license_reader.table import Refused, Table, expiry
from license_reader.upload import Upload, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import ThreadPoolExecutor

    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef
    from mypy_boto3_sqs.client import SQSClient

THREADS = 20
KEPT_DAYS = 62
# A batch is over when one in so many of its objects is left: the few that fail and come again hold up no others.
_FEW = 10
# So many that were all told in vain are no bad luck: nothing can be read now.
_ALL_IN_VAIN = 10
# Seconds between looks: more while much is left, more as time goes by.
_LONGEST_WAIT = 60
_SENT_AT_ONCE = 10

_GONE = frozenset({"404", "NoSuchKey", "NotFound"})
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_RESTORED = 'ongoing-request="false"'


class Listed(BaseModel):
    """One object as the state machine lists it, with what the whole run goes by."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    run: str
    began: dt.datetime
    bucket: str
    notices: bool
    key: str


class Tally(BaseModel):
    """How many of a batch's objects met which fate.

    `skipped` were read before the run began, `read` since; `flags` are those of both. `passed_over` counts, by the
    reason, what is no upload or cannot be told to the queue.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    read: int = 0
    skipped: int = 0
    flags: dict[str, int] = Field(default_factory=dict)
    passed_over: dict[str, int] = Field(default_factory=dict)

    @property
    def objects(self) -> int:
        """How many objects are accounted for."""
        return self.read + self.skipped + sum(self.passed_over.values())

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            read=self.read + other.read,
            skipped=self.skipped + other.skipped,
            flags=Counter(self.flags) + Counter(other.flags),
            passed_over=Counter(self.passed_over) + Counter(other.passed_over),
        )


class Batch(BaseModel):
    """A batch between two looks; `sent_at` is None before the first, and `wait` is 0 when there is no next."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    run: str
    began: dt.datetime
    bucket: str
    notices: bool
    name: str
    keys: tuple[str, ...] = ()
    """What was listed and not looked at yet."""
    size: int
    sent_at: float | None = None
    sent: int = 0
    waiting: tuple[Upload, ...] = ()
    tally: Tally = Tally()
    wait: int = 0


def opened(event: Mapping[str, Any]) -> Batch:
    """The batch that an event holds: what an earlier look returned, or objects as they were listed.

    Raises:
        ValidationError: it holds neither.
    """
    if "name" in event:
        return Batch.model_validate(event)
    # An engine that makes no batches hands over single objects.
    listed = [Listed.model_validate(each) for each in event.get("Items", [event])]
    first = listed[0]
    return Batch(
        run=first.run,
        began=first.began,
        bucket=first.bucket,
        notices=first.notices,
        # A key may be longer than what an item's version has room for.
        name=hashlib.sha256(first.key.encode()).hexdigest()[:32],
        keys=tuple(each.key for each in listed),
        size=len(listed),
    )


def address(run: str) -> str:
    """Where the table keeps what the run's batches came to, an item each."""
    return f"backfill:{run}"


def standing(item: Mapping[str, Any] | None, began: dt.datetime) -> Tally | None:
    """How an upload's item counts; None when it is not read yet."""
    if item is None or item.get("state") != State.DONE:
        return None
    fresh = dt.datetime.fromisoformat(item["read_at"]) >= began
    flags = Counter(flag["code"] for flag in (item.get("license") or {}).get("flags", ()))
    return Tally(read=int(fresh), skipped=int(not fresh), flags=flags)


def pause(left: int, waited: float) -> int:
    """How long to wait before the next look, in seconds."""
    return min(max(1, left // _FEW, int(waited) // 4), _LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a look acts on; `patience` is how long a batch may take, in seconds."""

    s3: S3Client
    sqs: SQSClient
    table: Table
    queue: str
    patience: float
    threads: ThreadPoolExecutor
    clock: Callable[[], float] = time.time

    def look(self, batch: Batch) -> Batch:
        """The batch after another look: what was never read is told, what is read is counted, the rest waits.

        Raises:
            NothingRead: the batch's time is over, and of many that were told none was read.
            ClientError: an AWS service failed beyond its retries, or refused; look again.
        """
        after = self._sent(batch) if batch.sent_at is None else self._counted(batch)
        waited = self.clock() - (after.sent_at or 0.0)
        left = len(after.waiting)
        over = left * _FEW <= after.size or waited >= self.patience
        after = after.model_copy(update={"wait": 0 if over else pause(left, waited)})
        self._write(after)
        if over and left >= _ALL_IN_VAIN and left == after.sent:
            raise NothingRead(
                f"none of {left} objects was read within {waited:.0f} seconds; mend what stops the readers "
                "(`license-ocr status`, `license-ocr redrive --dry-run`), then run the backfill again"
            )
        return after

    def _sent(self, batch: Batch) -> Batch:
        """The batch with all of its objects found, and those told to the queue that have no record."""
        found = list(self.threads.map(lambda key: self._found(batch, key), batch.keys))
        uploads = [each for each in found if isinstance(each, Upload)]
        passed_over = Counter(each for each in found if isinstance(each, str))
        items = list(self.threads.map(self._item, uploads))
        waiting, again = [], []
        tally = Tally(passed_over=passed_over)
        for upload, item in zip(uploads, items, strict=True):
            counted = standing(item, batch.began)
            if counted is None:
                waiting.append(_as_claimed(upload, item))
            else:
                tally = tally.plus(counted)
                if item and item.get("notice") == Notice.HELD and batch.notices:
                    again.append(_as_claimed(upload, item))
        self._tell([*waiting, *again])
        now = {"keys": (), "waiting": tuple(waiting), "sent": len(waiting), "tally": tally, "sent_at": self.clock()}
        return batch.model_copy(update=now)

    def _counted(self, batch: Batch) -> Batch:
        """The batch with what was read counted."""
        waiting, tally = [], batch.tally
        for upload, item in zip(batch.waiting, self.threads.map(self._item, batch.waiting), strict=True):
            counted = standing(item, batch.began)
            if counted is None:
                waiting.append(upload)
            else:
                tally = tally.plus(counted)
        return batch.model_copy(update={"waiting": tuple(waiting), "tally": tally})

    def _found(self, batch: Batch, key: str) -> Upload | str:
        """The object as the upload that it once was; else why it is none, or cannot be read now."""
        try:
            head = self.s3.head_object(Bucket=batch.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return "deleted meanwhile"
            raise
        if key.endswith("/") and head["ContentLength"] == 0:
            return "a folder's marker"
        if _archived(head):
            return "archived: restore it first"
        etag = head["ETag"].strip('"')
        version_id = head["VersionId"] if head.get("VersionId", "null") != "null" else None
        return Upload(
            bucket=batch.bucket,
            key=key,
            # The sequencer that the upload's event had is told nowhere else.
            version=version_id or f"{etag}-backfill",
            version_id=version_id,
            etag=etag,
            size=head["ContentLength"],
            quiet=not batch.notices,
        )

    def _item(self, upload: Upload) -> Mapping[str, Any] | None:
        """What the table knows of the upload, the most that it knows if there are several; None if nothing.

        Where there is no version's id, the same bytes under the same key are the same upload, whatever its sequencer.
        """
        items = self.table.beginning(
            upload.object,
            upload.version_id or f"{upload.etag}-",
            only=("version", "state", "notice", "read_at", "license"),
        )
        return max(items, key=lambda item: item.get("state") == State.DONE, default=None)

    def _tell(self, uploads: Iterable[Upload]) -> None:
        """Tell the queue of the uploads."""
        for some in batched(uploads, _SENT_AT_ONCE, strict=False):
            answer = self.sqs.send_message_batch(
                QueueUrl=self.queue,
                Entries=[{"Id": str(place), "MessageBody": told(upload)} for place, upload in enumerate(some)],
            )
            if refused := answer.get("Failed"):
                codes = ", ".join(sorted({each["Code"] for each in refused}))
                raise RuntimeError(f"SQS took {len(refused)} of {len(some)} messages not: {codes}")

    def _write(self, batch: Batch) -> None:
        """Write down what the batch has come to; a look that is late does not overwrite a later one."""
        counted = {
            **batch.tally.model_dump(),
            "size": batch.size,
            "counted": batch.tally.objects,
            "left": [{"object": upload.object, "version": upload.version} for upload in batch.waiting],
            "ttl": expiry(self.clock(), KEPT_DAYS),
        }
        try:
            self.table.put(
                (address(batch.run), batch.name),
                counted,
                "attribute_not_exists(#object) OR #counted <= :counted",
                {"counted": batch.tally.objects},
            )
        except Refused:
            return


def _as_claimed(upload: Upload, item: Mapping[str, Any] | None) -> Upload:
    """The upload by the name that the table has for it already, if it has one."""
    return replace(upload, version=item["version"]) if item else upload


def _archived(head: HeadObjectOutputTypeDef) -> bool:
    """Whether the object's content cannot be had now."""
    away = head.get("StorageClass") in _ARCHIVES or "ArchiveStatus" in head
    return away and _RESTORED not in head.get("Restore", "")
