"""A subscriber of the topic for as long as a command runs: a queue of its own, so that its messages can be shown."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from license_ocr.account import Account


class Received(BaseModel):
    """One message as it came: the notice's JSON and its attributes."""

    model_config = ConfigDict(frozen=True)

    subject: str | None = None
    notice: dict[str, object]
    attributes: dict[str, str]


class Subscriber:
    """The messages that a topic delivered to one queue."""

    def __init__(self, account: Account, queue: str) -> None:
        self._account = account
        self._queue = queue

    def receive(self, *, wait: int = 0) -> list[Received]:
        """The messages that came since the last call; waits up to `wait` seconds for the first."""
        received: list[Received] = []
        while True:
            answer = self._account.sqs.receive_message(
                QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=0 if received else wait
            )
            messages = answer.get("Messages", [])
            if not messages:
                return received
            for message in messages:
                received.append(_received(message["Body"]))
                self._account.sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])


def _received(body: str) -> Received:
    envelope = json.loads(body)
    return Received(
        subject=envelope.get("Subject"),
        notice=json.loads(envelope["Message"]),
        attributes={name: each["Value"] for name, each in envelope.get("MessageAttributes", {}).items()},
    )


@contextmanager
def subscribed(account: Account, topic: str) -> Iterator[Subscriber]:
    """A subscriber of the topic; its queue and subscription are gone afterwards."""
    sqs, sns = account.sqs, account.sns
    queue = sqs.create_queue(QueueName=f"license-ocr-watch-{uuid.uuid4().hex[:12]}")["QueueUrl"]
    try:
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                }
            ],
        }
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
        try:
            yield Subscriber(account, queue)
        finally:
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    finally:
        sqs.delete_queue(QueueUrl=queue)
