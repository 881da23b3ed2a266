"""The dead-letter queue: why its messages are there, and their way back into the queue."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from license_ocr.failure import Failure
from license_reader.errors import UnknownEvent
from license_reader.ledger import Ledger, State
from license_reader.upload import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef, MessageTypeDef

    from license_ocr.account import Account, Resources
    from license_reader.upload import Upload

# What an endpoint answers that does not know StartMessageMoveTask.
_UNKNOWN = frozenset({"InvalidAction", "AWS.SimpleQueueService.UnsupportedOperation", "UnknownOperationException"})

_MOVE_TIMEOUT = 900
# Messages are looked at under this lease and then given back; what is not given back comes back by itself.
_LOOK = 300
MAX_LOOKED_AT = 1000
_BATCH = 10
# The log's lines are looked through from a little before the first death, for a message is sent before it fails.
_MARGIN = 5 * 86_400
_MAX_LOG_PAGES = 200
# What is known of a move that the list does not show yet.
_STARTING: ListMessageMoveTasksResultEntryTypeDef = {"Status": "RUNNING"}


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many messages went back, and how many the dead-letter queue still holds."""

    moved: int
    left: int


@dataclass(frozen=True, slots=True)
class Dead:
    """One upload, or one message that is none, that ended in the dead-letter queue, and why as far as it is known."""

    message: str
    object: str | None
    version: str | None
    reason: str


def reasons(account: Account, resources: Resources, *, log_group: str, tell: Callable[[str], None]) -> list[Dead]:
    """Why each message of the dead-letter queue is there; of a longer queue, each of the first `MAX_LOOKED_AT`.

    The messages stay where they are. A message that is no upload event says so itself; why an upload was not read is in
    the reader's log, as long as that is kept; what the table knows of it is told as well.
    """
    tell("looking at the dead-letter queue")
    messages = _looked_at(account, resources.DeadLetters)
    if not messages:
        return []
    tell("looking for the reasons in the reader's log")
    logged = _logged(account, log_group, since=min(map(_sent_at, messages)) - _MARGIN)
    ledger = Ledger(account.dynamodb, resources.Table)
    return [dead for message in messages for dead in _dead(message, ledger, logged)]


def counted(dead: Sequence[Dead]) -> Counter[str]:
    """How many ended for each reason."""
    return Counter(each.reason for each in dead)


def redrive(account: Account, resources: Resources, *, tell: Callable[[str], None]) -> Redriven:
    """Move every message of the dead-letter queue back to the queue, by SQS itself where it can.

    Raises:
        Failure: SQS gave up the move.
    """
    before = waiting(account, resources.DeadLetters)
    if not before:
        return Redriven(0, 0)
    tell(f"moving {before} messages")
    try:
        handle = account.sqs.start_message_move_task(
            SourceArn=_arn(account, resources.DeadLetters), DestinationArn=_arn(account, resources.Queue)
        )["TaskHandle"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _UNKNOWN:
            raise
        moved = _carry(account, resources)
    else:
        moved = _await_move(account, resources, handle, tell)
    return Redriven(moved, waiting(account, resources.DeadLetters))


def waiting(account: Account, queue: str) -> int:
    """About how many messages a queue holds that may be received now."""
    answer = account.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _looked_at(account: Account, queue: str) -> list[MessageTypeDef]:
    """The queue's messages, received once each and given back."""
    seen: dict[str, MessageTypeDef] = {}
    try:
        while len(seen) < MAX_LOOKED_AT:
            received = account.sqs.receive_message(
                QueueUrl=queue,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_LOOK,
                WaitTimeSeconds=1,
                MessageSystemAttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            if not received:
                break
            seen |= {message["MessageId"]: message for message in received}
    finally:
        for some in batched(seen.values(), _BATCH, strict=False):
            account.sqs.change_message_visibility_batch(
                QueueUrl=queue,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                    for place, message in enumerate(some)
                ],
            )
    return list(seen.values())


def _sent_at(message: MessageTypeDef) -> float:
    """When the message was first sent, in seconds since the epoch; now if it does not tell."""
    sent = message.get("Attributes", {}).get("SentTimestamp")
    return int(sent) / 1000 if sent else time.time()


def _dead(message: MessageTypeDef, ledger: Ledger, logged: Mapping[str, str]) -> Iterator[Dead]:
    """What a message of the dead-letter queue was about, and why it ended there."""
    id_ = message["MessageId"]
    try:
        uploads = Message(id=id_, body=message["Body"]).uploads()
    except UnknownEvent as error:
        yield Dead(id_, None, None, f"no upload event: {str(error).removeprefix(f'message {id_}: ').partition(';')[0]}")
        return
    if not uploads:
        yield Dead(id_, None, None, "no upload in it")
    for upload in uploads:
        yield Dead(id_, upload.object, upload.version, _reason(upload, ledger, logged))


def _reason(upload: Upload, ledger: Ledger, logged: Mapping[str, str]) -> str:
    """Why an upload was not read: what the log says, else what the table tells."""
    record = ledger.get(upload.object, upload.version)
    if record is not None and record.state is State.DONE:
        return f"read in the meantime, notice {record.notice.lower()}"
    if said := logged.get(f"{upload.object}#{upload.version}"):
        return said
    if record is None:
        return "never claimed: the reader did not start, or its settings are refused; no reason in its log"
    return f"claimed {record.attempt} times and not read; no reason in its log"


def _logged(account: Account, log_group: str, *, since: float) -> dict[str, str]:
    """The last reason for each upload that was not read, by its correlation id; empty where no log is kept."""
    asked: dict[str, Any] = {
        "logGroupName": log_group,
        "startTime": int(since * 1000),
        "filterPattern": '"upload not read"',
    }
    found: dict[str, str] = {}
    for _ in range(_MAX_LOG_PAGES):
        try:
            answer = account.logs.filter_log_events(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return found
            raise
        found |= dict(filter(None, (_line(event["message"]) for event in answer.get("events", []))))
        if not (token := answer.get("nextToken")):
            break
        asked["nextToken"] = token
    return found


def _line(text: str) -> tuple[str, str] | None:
    """The correlation id and the reason of a line about an upload that was not read, None for any other line."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    if not isinstance(line, dict) or line.get("message") != "upload not read" or line.get("error") == "InProgress":
        return None
    return str(line.get("correlation_id")), f"{line.get('error')}: {line.get('reason')}"


def _arn(account: Account, queue: str) -> str:
    return account.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _carry(account: Account, resources: Resources) -> int:
    """The number of messages sent on and then deleted, one by one; a message is never deleted before it is sent."""
    moved = 0
    while messages := account.sqs.receive_message(
        QueueUrl=resources.DeadLetters, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=1
    ).get("Messages", []):
        for message in messages:
            account.sqs.send_message(QueueUrl=resources.Queue, MessageBody=message["Body"])
            account.sqs.delete_message(QueueUrl=resources.DeadLetters, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved


def _await_move(account: Account, resources: Resources, handle: str, tell: Callable[[str], None]) -> int:
    """The number of messages that SQS's own task moved."""
    source = _arn(account, resources.DeadLetters)
    until = time.monotonic() + _MOVE_TIMEOUT
    while time.monotonic() < until:
        tasks = account.sqs.list_message_move_tasks(SourceArn=source, MaxResults=10)["Results"]
        # A task has its handle only while it runs; the newest comes first.
        task = next((each for each in tasks if each.get("TaskHandle") == handle), tasks[0] if tasks else _STARTING)
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        if task.get("Status") == "COMPLETED":
            return moved
        if task.get("Status") != "RUNNING":
            raise Failure(f"SQS gave up moving the messages: {task.get('Status')} {task.get('FailureReason', '')}")
        tell(f"{moved} moved")
        time.sleep(1)
    raise Failure(f"SQS is still moving messages after {_MOVE_TIMEOUT} seconds; it goes on by itself")
