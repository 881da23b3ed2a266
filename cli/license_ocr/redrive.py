"""The dead-letter queue back into the queue."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from license_ocr.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef

    from license_ocr.account import Account, Resources

# What an endpoint answers that does not know StartMessageMoveTask.
_UNKNOWN = frozenset({"InvalidAction", "AWS.SimpleQueueService.UnsupportedOperation", "UnknownOperationException"})

_MOVE_TIMEOUT = 900
# What is known of a move that the list does not show yet.
_STARTING: ListMessageMoveTasksResultEntryTypeDef = {"Status": "RUNNING"}


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many messages went back, and how many the dead-letter queue still holds."""

    moved: int
    left: int


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


def _arn(account: Account, queue: str) -> str:
    return account.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _carry(account: Account, resources: Resources) -> int:
    """The number of messages sent on and then deleted, one by one; a message is never deleted before it is sent."""
    moved = 0
    while messages := account.sqs.receive_message(
        QueueUrl=resources.DeadLetters, MaxNumberOfMessages=10, WaitTimeSeconds=1
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
