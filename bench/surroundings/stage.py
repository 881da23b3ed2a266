"""A stack in a local cloud of its own, a vendor that counts, and workers that run the handler as Lambda does."""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from bench.surroundings.processes import Ended, Process, reader_environment
from bench.surroundings.vendor import serving
from license_ocr import events
from license_ocr.account import STACK
from license_ocr.build import build
from license_ocr.checkout import BUILD, SAMPLES
from license_ocr.local_cloud import LocalCloud
from license_ocr.subscriber import subscribed
from license_reader.ledger import Ledger, Notice, State
from license_reader.notices import notice_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bench.surroundings.vendor import Manner, Vendor
    from license_ocr.account import Account, Resources
    from license_ocr.subscriber import Subscriber
    from license_reader.ledger import Record

BUCKET = "unheard-uploads"  # nobody is told of its uploads but those whom a row tells
LONG = 110.0  # seconds that an invocation has
SHORT_TIMEOUT = 3.0
SERVED = ("embedded", "huawei")  # the dialects that the counting vendor speaks


@dataclass(frozen=True, slots=True)
class Photo:
    """An upload that only its rows know of: where it is, and its content's SHA-256."""

    key: str
    version: str
    sha256: str

    @property
    def object(self) -> str:
        """The object's address."""
        return f"s3://{BUCKET}/{self.key}"

    def message(self, number: int = 0) -> dict[str, str]:
        """A message of the queue that tells of it."""
        s3 = {"bucket": {"name": BUCKET}, "object": {"key": self.key, "versionId": self.version, "sequencer": "0A"}}
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}
        body = json.dumps({"Records": [record]})
        return {"messageId": f"{self.sha256[:24]}-{number}", "eventSource": "aws:sqs", "body": body}


def photographed(put: Callable[[str, bytes], str]) -> Photo:
    """A photo like no other, put where `put` puts what it is given under a key; that tells the version."""
    key, content = f"{uuid.uuid4().hex}.jpg", _picture() + uuid.uuid4().bytes
    return Photo(key, put(key, content), hashlib.sha256(content).hexdigest())


@cache
def _picture() -> bytes:
    return (SAMPLES / "not-a-license.jpg").read_bytes()


@dataclass(frozen=True, slots=True)
class Stage:
    """A stack, its vendor, and what its topic delivers."""

    account: Account
    resources: Resources
    name: str
    vendor: Vendor
    subscriber: Subscriber
    told: Counter[str] = field(default_factory=Counter)

    def upload(self, count: int) -> list[Photo]:
        """So many photos, no two alike, each put into the bucket."""
        return [photographed(self._put) for _ in range(count)]

    def _put(self, key: str, content: bytes) -> str:
        return self.account.s3.put_object(Bucket=BUCKET, Key=key, Body=content)["VersionId"]

    def record(self, photo: Photo) -> Record | None:
        """The photo's record."""
        return Ledger(self.account.dynamodb, self.resources.Table).get(photo.object, photo.version)

    def missing(self, photos: Iterable[Photo]) -> tuple[int, int]:
        """How many of the photos have no record that is done, and of how many nobody got the notice, or it is not SENT.

        All notices that arrived so far are counted first, by the id that a subscriber tells them apart by.
        """
        self.told.update(each.attributes["id"] for each in self.subscriber.receive(wait=1))
        lost = untold = 0
        for photo in photos:
            record = self.record(photo)
            lost += record is None or record.state is not State.DONE or record.license is None
            untold += self.heard(photo) == 0 or record is None or record.notice is not Notice.SENT
        return lost, untold

    def heard(self, photo: Photo) -> int:
        """How many of the notices that were counted are the photo's."""
        return self.told[notice_id(photo.object, photo.version)]

    def environment(self) -> dict[str, str]:
        """What a worker finds in its environment."""
        return {
            **reader_environment(),
            **events.environment(self.account, self.resources, self.name),
            "AWS_LAMBDA_FUNCTION_NAME": "under-test",
            "AWS_MAX_ATTEMPTS": "3",
        }


class Surroundings(Protocol):
    """What a worker runs in."""

    def environment(self) -> dict[str, str]:
        """What it finds in its environment."""


class Worker(Process):
    """A process that runs the handler on the events that it is given, until told to die."""

    def __init__(
        self,
        stage: Surroundings,
        *,
        later: float = 0.0,
        pace: float = 1.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts it; its clock may run ahead, as it does for a message that comes again later, or faster than ours."""
        clock = ["--later", str(later), "--pace", str(pace)]
        command = [sys.executable, "-m", "bench.surroundings.worker", *clock]
        super().__init__("worker", command, {**stage.environment(), **(environment or {})})

    def start(
        self, messages: Sequence[Mapping[str, str]], *, seconds: float = LONG, die: tuple[int, str] | None = None
    ) -> None:
        """Gives it a batch and the seconds that the invocation has, and with `die` at which remote call it dies.

        The call is counted from 1 within the batch; the second part is `before` or `after`.
        """
        asked = {"event": {"Records": list(messages)}, "seconds": seconds, "die": die}
        self.tell(asked, about="a batch")

    def answer(self) -> dict[str, Any] | None:
        """What came of the batch: the failed messages' ids and the remote calls made; None if it died."""
        try:
            told: dict[str, Any] = self.hear(about="a batch")
        except Ended:
            return None
        return told

    def run(
        self, messages: Sequence[Mapping[str, str]], *, seconds: float = LONG, die: tuple[int, str] | None = None
    ) -> dict[str, Any] | None:
        """What comes of a batch."""
        self.start(messages, seconds=seconds, die=die)
        return self.answer()


@contextmanager
def cloud() -> Iterator[tuple[Account, Resources]]:
    """A local cloud of its own with the stack deployed, gone afterwards."""
    build()
    with TemporaryDirectory() as folder:
        local = LocalCloud(Path(folder))
        local.start(lambda _: None)
        try:
            local.deploy(STACK, build=BUILD, tell=lambda _: None)
            account = local.require().account
            yield account, account.resources(STACK)
        finally:
            local.stop(purge=True)


@contextmanager
def staged(
    account: Account, resources: Resources, name: str = STACK, manner: Manner | None = None, **settings: object
) -> Iterator[Stage]:
    """The stack with a counting vendor in the place of all others, and somebody who hears what the topic says."""
    make_bucket(account)
    with serving(manner) as vendor, subscribed(account, resources.Topic) as subscriber:
        put(account, f"/{name}/settings", {"vendors": ["embedded"], **settings})
        for kind in SERVED:
            called = {"endpoint": vendor.url, "secret": f"{name}/{kind}", "read_timeout": SHORT_TIMEOUT}
            put(account, f"/{name}/vendors/{kind}", called)
        yield Stage(account, resources, name, vendor, subscriber)


@contextmanager
def configured(stage: Stage, vendor: str = "embedded", **settings: object) -> Iterator[None]:
    """The vendor's settings changed for a while."""
    name = f"/{stage.name}/vendors/{vendor}"
    standing = json.loads(stage.account.ssm.get_parameter(Name=name)["Parameter"]["Value"])
    put(stage.account, name, standing | settings)
    try:
        yield
    finally:
        put(stage.account, name, standing)


def make_bucket(account: Account) -> None:
    """Has the account a bucket of which nobody is told."""
    account.s3.create_bucket(Bucket=BUCKET)
    account.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


def put(account: Account, name: str, value: Mapping[str, object]) -> None:
    """Sets a parameter."""
    account.ssm.put_parameter(Name=name, Value=json.dumps(value), Type="String", Overwrite=True)
