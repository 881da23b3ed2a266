"""`license-ocr forget` on the emulator: nothing is left that names the object, whenever it is cut short."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.cloud.test_command import run

from license_ocr.failure import Failure
from license_ocr.forget import Forgotten, find, forget
from license_ocr.items import Items
from license_reader.flags import Flag
from license_reader.ledger import Claim, Ledger, Picture
from license_reader.license import Document, Side, empty
from license_reader.upload import Upload

if TYPE_CHECKING:
    from tests.cloud.conftest import Stack

    from license_ocr.local_cloud import LocalCloud

LICENSE = empty(Document.VEHICLE_LICENSE, Side.FRONT, Flag.of("blur", "test"))
WRITES = {"delete_objects", "delete_item"}


class Died(Exception):
    """The process ended here."""


@dataclass
class Mortal:
    """A client that dies with its process before its n-th write, or after it; the process's clients share the count."""

    client: Any
    life: dict[str, int]
    after: bool = False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        if name not in WRITES:
            return call

        def write(**arguments: Any) -> Any:
            self.life["left"] -= 1
            if self.life["left"] == 0 and not self.after:
                raise Died
            answer = call(**arguments)
            if self.life["left"] == 0:
                raise Died
            return answer

        return write


@dataclass
class Clients:
    """As much of an account as `forget` needs."""

    s3: Any


@dataclass
class Person:
    """An object with two versions, a delete marker, two records and two marks, in a bucket that tells no queue."""

    stack: Stack
    bucket: str
    key: str = field(default_factory=lambda: f"uploads/{uuid.uuid4().hex}.jpg")
    versions: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.stack.account.dynamodb, self.stack.resources.Table)

    def put(self, content: bytes) -> str:
        version: str = self.stack.account.s3.put_object(Bucket=self.bucket, Key=self.key, Body=content)["VersionId"]
        self.versions.append(version)
        self.contents.append(content)
        return version

    def claimed(self, content: bytes, *, lease: float = -1) -> Claim:
        """The claim of a reader that has looked at this content, and died unless its lease still runs."""
        upload = Upload(self.bucket, self.key, self.put(content))
        claim = self.ledger.claim(upload, lease=lease, retention_days=30)
        assert isinstance(claim, Claim)
        self.ledger.first_seen(hashlib.sha256(content).hexdigest(), claim, retention_days=30)
        return claim

    def read(self, content: bytes) -> None:
        claim = self.claimed(content)
        sha256 = hashlib.sha256(content).hexdigest()
        picture = Picture(format="jpeg", width=1, height=1, size=len(content), sha256=sha256)
        self.ledger.finish(claim, LICENSE, spent=1, notice=False, retention_days=30, image=picture)

    def delete(self) -> None:
        self.stack.account.s3.delete_object(Bucket=self.bucket, Key=self.key)

    def left(self) -> list[Any]:
        """Whatever names the object still, wherever it stands."""
        account, table = self.stack.account, self.stack.resources.Table
        listed: Any = account.s3.list_object_versions(Bucket=self.bucket, Prefix=self.key)
        objects = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
        pages = account.dynamodb.get_paginator("scan").paginate(TableName=table)
        return objects + [item for page in pages for item in page["Items"] if self.key in str(item)]

    def forget(self, version: str | None = None, account: Any = None, items: Items | None = None) -> Forgotten:
        account = account or self.stack.account
        items = items or Items(self.stack.account.dynamodb, self.stack.resources.Table)
        return forget(account, items, find(account, items, self.address, version), tell=lambda _: None)


@pytest.fixture
def person(shared: Stack) -> Person:
    bucket = f"forget-{uuid.uuid4().hex[:12]}"
    shared.account.s3.create_bucket(Bucket=bucket)
    shared.account.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return Person(shared, bucket)


def picture() -> bytes:
    return uuid.uuid4().bytes


def test_everything_that_names_the_object_goes_and_the_second_time_there_is_nothing(person: Person) -> None:
    person.read(picture())
    person.read(picture())
    person.delete()
    assert person.forget() == Forgotten(versions=2, markers=1, records=2, marks=2)
    assert person.left() == []
    assert person.forget() == Forgotten()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 7))
def test_a_removal_that_dies_at_any_write_is_finished_by_the_next(person: Person, write: int, *, after: bool) -> None:
    person.read(picture())
    person.claimed(picture())
    person.delete()
    account, life = person.stack.account, {"left": write}
    dying: Any = Clients(Mortal(account.s3, life, after))
    client: Any = Mortal(account.dynamodb, life, after)
    try:
        person.forget(account=dying, items=Items(client, person.stack.resources.Table))
    except Died:
        person.forget()
    else:
        assert life["left"] > 0, "no write is left out of this test"
    assert person.left() == []


def test_an_object_whose_key_begins_alike_and_what_it_brought_stay(person: Person) -> None:
    other = Person(person.stack, person.bucket, key=person.key + ".bak")
    shared = picture()
    other.read(shared)
    person.read(shared)
    assert person.forget() == Forgotten(versions=1, records=1)
    assert len(other.left()) == 3


def test_one_version_goes_alone_and_a_picture_that_another_has_too_stays_marked(person: Person) -> None:
    same = picture()
    person.read(same)
    person.read(same)
    person.read(picture())
    first, _, third = person.versions
    assert person.forget(first) == Forgotten(versions=1, records=1, marks=0)
    assert person.forget(third) == Forgotten(versions=1, records=1, marks=1)
    assert len(person.left()) == 3
    person.forget()
    assert person.left() == []


def test_the_mark_of_a_reader_that_died_is_found_by_the_content_or_else_in_the_table(person: Person) -> None:
    person.claimed(picture())
    assert person.forget().marks == 1
    claim = person.claimed(picture())
    person.stack.account.s3.delete_object(Bucket=person.bucket, Key=person.key, VersionId=claim.version)
    assert person.forget() == Forgotten(records=1, marks=1)
    assert person.left() == []


def test_an_object_that_is_being_read_is_left_alone_until_that_is_over(person: Person) -> None:
    person.claimed(picture(), lease=60)
    before = person.left()
    with pytest.raises(Failure, match="is being read; nothing was removed"):
        person.forget()
    assert person.left() == before


def test_versions_that_s3_keeps_are_told_and_their_records_stay_for_the_next_time(person: Person) -> None:
    person.read(picture())

    class Locked:
        def __getattr__(self, name: str) -> Any:
            return getattr(person.stack.account.s3, name)

        def delete_objects(self, **_: Any) -> Any:
            return {"Errors": [{"Code": "AccessDenied", "Message": "object lock"}]}

    locked: Any = Clients(Locked())
    with pytest.raises(Failure, match="AccessDenied object lock"):
        person.forget(account=locked)
    assert len(person.left()) == 2


def test_the_command_asks_first_and_says_what_it_removed_and_what_it_cannot(person: Person, cloud: LocalCloud) -> None:
    person.read(picture())
    unasked = run("forget", person.address, home=cloud.home)
    assert unasked.returncode == 1
    assert "1 versions" in unasked.stderr
    assert len(person.left()) == 3
    done = run("forget", person.address, "--yes", home=cloud.home)
    assert done.returncode == 0, done.stderr
    assert "removed: 1 versions, 0 delete markers, 1 records, 1 marks of pictures" in done.stdout
    assert "35 days" in done.stdout
    assert person.left() == []
    again = run("forget", person.address, "--yes", home=cloud.home)
    assert "removed: 0 versions, 0 delete markers, 0 records, 0 marks" in again.stdout
