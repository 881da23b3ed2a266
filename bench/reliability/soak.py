"""Ten thousand uploads through a queue, with vendors that fail, answers that never come, duplicates and deaths."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from bench.reliability.board import Row, Seen, portion
from bench.surroundings.stage import Worker, cloud, staged
from bench.surroundings.vendor import Manner

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.command import Tell
    from bench.surroundings.stage import Stage

UPLOADS = 10_000
MANNER = Manner(seconds=0.02, failing=0.05, charged_silent=0.02)
DUPLICATES = 0.10
BATCH = 10
KILLED = 0.05  # of all attempts
# How often, while fewer were killed, one of the two workers that may be takes a single message and dies of it.
DOOMED = 0.8
POISON = '{"Records": [{"poison": true}]}'
POISONED = 5
SECONDS = 14.0  # that an invocation has
LEASE = 10.0  # that a lease outlives it
RECEIVES = 12
WORKERS = 3
NOTHING: Mapping[str, Any] = {"failed": []}
CALLS = 10  # remote calls of an upload, of which any may be the last
# Seconds until a message comes again whose reading failed: as in a stack, no lease is left by then. Where one is, each
# try that finds it costs one of RECEIVES.
AGAIN = 65.0
PATIENCE = 240.0  # seconds without any message before the queue counts as stuck
EXTRA = 0.01  # of the uploads: charges beyond those whose answer never came
WARM = 5  # uploads after which a worker has made all that it keeps
GROWN = 1.15  # of memory and descriptors: more is no longer flat


def measure(share: float, tell: Tell) -> Seen:
    """What is lost, doubled and paid in vain."""
    with cloud() as (account, resources), staged(account, resources, manner=MANNER, max_attempts=20) as stage:
        return soaked(stage, portion(UPLOADS, share), tell)


def soaked(  # noqa: PLR0913 - what a short form has otherwise
    stage: Stage,
    count: int,
    tell: Tell,
    *,
    batch: int = BATCH,
    deaths: int | None = None,
    pace: float = 1.0,
    again: float = AGAIN,
    spare: float = EXTRA,
) -> Seen:
    """What is lost, doubled and paid in vain on this stage, the workers' clocks and the queue so many times as fast.

    So many attempts are killed, as early as may be; None is their share of all, whenever.
    """
    photos = stage.upload(count)
    with _queues(stage, pace, again) as (queue, dead):
        random = Random(7)  # noqa: S311 - to be repeated, not to be secret
        told = [*photos, *random.sample(photos, round(DUPLICATES * count))]
        bodies = [photo.message()["body"] for photo in told] + [POISON] * POISONED
        random.shuffle(bodies)
        _send(stage, queue, bodies)
        soak = _Soak(stage, queue, count, tell, batch, deaths, pace, again)
        soak.run()
        letters = _held(stage, dead)
    lost, untold = stage.missing(photos)
    silent = stage.vendor.silent.total()
    extra = stage.vendor.calls - count
    distinct, repeated = len(stage.told), stage.told.total() - len(stage.told)
    figures = (
        f"{count} uploads, {soak.deaths} of {soak.attempts} attempts killed, {silent} charged in silence,"
        f" {stage.vendor.failed} failures:"
        f" {lost} records and {untold} notices lost, {distinct} notices, {repeated} of them once more under their id,"
        f" {extra} extra charges, {letters} dead letters of {POISONED} poisoned;"
        f" memory x {soak.growth('memory'):.2f}, descriptors x {soak.growth('descriptors'):.2f}"
    )
    grown = max(soak.growth("memory"), soak.growth("descriptors")) > GROWN
    held = not lost and not untold and distinct == count and extra <= silent + spare * count and letters == POISONED
    return Seen(figures, held=held and not grown)


def flat(stage: Stage, count: int) -> Seen:
    """How much a warm worker grows over so few uploads, one by one, that a leak of one descriptor each would show."""
    samples = []
    with Worker(stage) as worker:
        for photo in stage.upload(WARM + count):
            worker.run([photo.message()])
            samples.append(_sampled(worker.pid))
    growth = {of: samples[-1][of] / samples[WARM - 1][of] for of in samples[-1]}
    figures = f"{count} uploads after {WARM}: " + ", ".join(f"{of} x {grown:.2f}" for of, grown in growth.items())
    return Seen(figures, held=max(growth.values()) <= GROWN)


@dataclass(slots=True)
class _Soak:
    """The workers at a queue, as Lambda's own poller runs them."""

    stage: Stage
    queue: str
    count: int
    tell: Tell
    batch: int
    most_deaths: int | None
    pace: float
    again: float
    attempts: int = 0
    deaths: int = 0
    done: int = 0
    samples: list[dict[str, int]] = field(default_factory=list)
    quiet_since: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Works until the queue is empty."""
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def growth(self, of: str) -> float:
        """How much the worker that nobody killed grew, from a fifth of its way to the end."""
        return self.samples[-1][of] / self.samples[len(self.samples) // 5][of] if self.samples else 1.0

    def _work(self, number: int) -> None:
        """Works at the queue; the first worker is never killed, so that its growth can be measured."""
        random = Random(number)  # noqa: S311 - to be repeated
        worker = Worker(self.stage, pace=self.pace)
        try:
            while True:
                doomed = number > 0 and self._may_die() and random.random() < DOOMED
                batch = self._next(1 if doomed else self.batch)
                if batch is None:
                    return
                die = (random.randint(1, CALLS), random.choice(("before", "after"))) if doomed else None
                answer = worker.run([_as_event(each) for each in batch], seconds=SECONDS, die=die) if batch else NOTHING
                if answer is None:
                    worker.close()
                    worker = Worker(self.stage, pace=self.pace)
                elif not number:
                    self.samples.append(_sampled(worker.pid))
                self._note(batch, answer)
        finally:
            worker.close()

    def _may_die(self) -> bool:
        """Whether fewer attempts were killed than shall be."""
        return self.deaths < (KILLED * self.attempts if self.most_deaths is None else self.most_deaths)

    def _next(self, most: int) -> list[Any] | None:
        """The next messages; None when the queue is empty for good, or nothing came of it for too long."""
        answer = self.stage.account.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=most, WaitTimeSeconds=1
        )
        messages: list[Any] = list(answer.get("Messages", []))
        with self.lock:
            if messages:
                self.quiet_since = time.monotonic()
            elif time.monotonic() - self.quiet_since > PATIENCE or _held(self.stage, self.queue) == 0:
                return None
        return messages

    def _note(self, batch: Sequence[Any], answer: Mapping[str, Any] | None) -> None:
        """Deletes what was read, and counts."""
        failed = {each["MessageId"] for each in batch} if answer is None else set(answer["failed"])
        for each in batch:
            handle = each["ReceiptHandle"]
            if each["MessageId"] not in failed:
                self.stage.account.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=handle)
            elif answer is not None:
                later = 1 if each["Body"] == POISON else round(self.again / self.pace)
                self.stage.account.sqs.change_message_visibility(
                    QueueUrl=self.queue, ReceiptHandle=handle, VisibilityTimeout=later
                )
        with self.lock:
            self.attempts += len(batch)
            self.deaths += answer is None
            self.done += len(batch) - len(failed)
            self.tell(self.done, round(self.count * (1 + DUPLICATES)))


def _as_event(message: Any) -> dict[str, str]:
    return {"messageId": message["MessageId"], "eventSource": "aws:sqs", "body": message["Body"]}


def _sampled(pid: int) -> dict[str, int]:
    """A process's resident pages and open descriptors."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return {"memory": pages, "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir()))}


@contextmanager
def _queues(stage: Stage, pace: float, again: float) -> Iterator[tuple[str, str]]:
    """A queue and its dead letters' queue, gone afterwards."""
    sqs = stage.account.sqs
    name = uuid.uuid4().hex[:12]
    dead = sqs.create_queue(QueueName=f"soak-dead-{name}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
    visibility = max(SECONDS + LEASE, again) / pace + 3
    attributes: Any = {"VisibilityTimeout": str(round(visibility)), "RedrivePolicy": redrive}
    queue = sqs.create_queue(QueueName=f"soak-{name}", Attributes=attributes)["QueueUrl"]
    try:
        yield queue, dead
    finally:
        for each in (queue, dead):
            sqs.delete_queue(QueueUrl=each)


def _send(stage: Stage, queue: str, bodies: Sequence[str]) -> None:
    for begin in range(0, len(bodies), 10):
        entries: Any = [
            {"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies[begin : begin + 10])
        ]
        stage.account.sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def _held(stage: Stage, queue: str) -> int:
    """How many messages a queue holds, waiting or in flight."""
    names: Any = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    answer = stage.account.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(map(int, answer["Attributes"].values()))


ROW = Row(
    "soak: 5 % failures, 2 % charged in silence, 10 % duplicates, 5 % of attempts killed",
    "0 lost; extra charges <= charged in silence + 1 %; dead letters are poison only; memory and descriptors flat",
    measure,
)
