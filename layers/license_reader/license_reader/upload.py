"""Uploads, out of the envelopes in which AWS tells of them: S3's own, SNS's, EventBridge's, each alone or in SQS.

An upload is the same whichever envelope told of it, so that what the ledger knows of it does not hang on how the stack
is wired. Each message of a batch is opened by itself: one that nobody understands fails alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal
from urllib.parse import quote_plus, unquote_plus

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Json,
    Tag,
    TypeAdapter,
    ValidationError,
)

from license_reader.errors import UnknownEvent

_EXPECTED = (
    "expected what S3 sends (Records of eventSource aws:s3, or its s3:TestEvent),"
    " what EventBridge sends for S3 (source aws.s3), or either in an SNS notification"
)


@dataclass(frozen=True, slots=True)
class Upload:
    """One version of one object.

    `version` identifies it within its key, in buckets with and without versioning; `version_id` is what S3 takes to
    read exactly this version, None where the bucket keeps only the last one. `quiet` is whether this telling of it
    holds its notice back: a backfill's does, and the upload's own event, should it still come, does not.
    """

    bucket: str
    key: str
    version: str
    version_id: str | None = None
    etag: str | None = None
    size: int | None = None
    quiet: bool = False

    @property
    def object(self) -> str:
        """The object's address, without its version."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Message:
    """One item of an invocation: the SQS message's id, or None for an event that came by itself."""

    id: str | None
    body: object = field(repr=False)

    def uploads(self) -> tuple[Upload, ...]:
        """The uploads that the message tells of; none for a test event, a deletion or a folder's marker.

        Raises:
            UnknownEvent: the body is in none of the envelopes; the text says where it departs, never what it holds.
        """
        try:
            body = _BODY.validate_json(self.body) if isinstance(self.body, str) else _BODY.validate_python(self.body)
            return tuple(upload for upload in body.uploads() if upload is not None)
        except ValidationError as error:  # not kept as the cause: it quotes the body
            raise UnknownEvent(f"{self._name()}: {_complaints(error)}; {_EXPECTED}") from None
        except _NoIdentity as error:
            raise UnknownEvent(f"{self._name()}: {error}; {_EXPECTED}") from error

    def _name(self) -> str:
        return f"message {self.id}" if self.id else "event"


def messages(event: object) -> list[Message]:
    """The messages of one invocation, unopened: a batch from SQS item by item, any other event as a single one."""
    try:
        return [Message(id=record.message_id, body=record.body) for record in _BATCH.validate_python(event).records]
    except ValidationError:
        return [Message(id=None, body=event)]


def told(upload: Upload) -> str:
    """The body of a message that tells of an upload as S3 does, for an object whose own event is long gone."""
    version = {"versionId": upload.version_id} if upload.version_id else _sequenced(upload)
    stored = {"key": quote_plus(upload.key, safe="/"), "size": upload.size, "eTag": upload.etag} | version
    known = {name: each for name, each in stored.items() if each is not None}
    s3 = {"bucket": {"name": upload.bucket}, "object": known}
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Backfill", "s3": s3, "quiet": upload.quiet}
    return json.dumps({"Records": [record]}, ensure_ascii=False, separators=(",", ":"))


def _sequenced(upload: Upload) -> dict[str, str]:
    """What tells the version of an object apart that has no id."""
    return {"sequencer": upload.version.removeprefix(f"{upload.etag}-")}


class _NoIdentity(Exception):
    """An object is told of without anything that tells its versions apart."""


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Bucket(_Envelope):
    name: str = Field(min_length=1)


class _Object(_Envelope):
    """An object as EventBridge names its parts; the key comes raw: decoding it would name another object."""

    key: str = Field(min_length=1)
    size: int | None = None
    etag: str | None = None
    version_id: str | None = Field(default=None, alias="version-id")
    sequencer: str | None = None

    def upload(self, bucket: _Bucket) -> Upload | None:
        """The upload that the object is, None for a folder's marker, which S3's console makes as an empty object."""
        if self.key.endswith("/") and self.size == 0:
            return None
        # Where versioning was never on, or is suspended, S3 says "null" or nothing; the sequencer then tells apart
        # two uploads of the same bytes under one key.
        version_id = self.version_id if self.version_id not in {None, "", "null"} else None
        if version_id is None and not (self.etag and self.sequencer):
            raise _NoIdentity("an object with neither a version id nor both etag and sequencer")
        return Upload(
            bucket=bucket.name,
            key=self.key,
            version=version_id or f"{self.etag}-{self.sequencer}",
            version_id=version_id,
            etag=self.etag,
            size=self.size,
        )


def _form_decoded(key: str) -> str:
    """The key as it was put; ValueError where the encoding hides no UTF-8."""
    return unquote_plus(key, errors="strict")


class _NotifiedObject(_Object):
    """An object as S3's own events name its parts; the key comes form-encoded."""

    key: Annotated[str, Field(min_length=1), AfterValidator(_form_decoded)]
    etag: str | None = Field(default=None, alias="eTag")
    version_id: str | None = Field(default=None, alias="versionId")


class _Entity(_Envelope):
    bucket: _Bucket
    object: _NotifiedObject


class _Record(_Envelope):
    source: Literal["aws:s3"] = Field(alias="eventSource")
    name: str = Field(alias="eventName")
    s3: _Entity
    quiet: bool = False

    def upload(self) -> Upload | None:
        """The upload that the record tells of, if its object is one."""
        upload = self.s3.object.upload(self.s3.bucket)
        return replace(upload, quiet=True) if upload and self.quiet else upload


class _Notification(_Envelope):
    """What S3 sends by itself, and a backfill like it; a record of anything but a created object is no upload."""

    records: tuple[_Record, ...] = Field(alias="Records")

    def uploads(self) -> list[Upload | None]:
        """The records' uploads."""
        return [record.upload() for record in self.records if record.name.startswith("ObjectCreated:")]


class _TestEvent(_Envelope):
    """What S3 sends once, when a bucket is first told to notify a queue."""

    event: Literal["s3:TestEvent"] = Field(alias="Event")

    def uploads(self) -> list[Upload | None]:
        """None: nothing was uploaded."""
        return []


class _Detail(_Envelope):
    bucket: _Bucket
    object: _Object


class _EventBridge(_Envelope):
    """What S3 sends through EventBridge; any detail-type but "Object Created" is no upload."""

    source: Literal["aws.s3"]
    detail_type: str = Field(alias="detail-type")
    detail: _Detail

    def uploads(self) -> list[Upload | None]:
        """The one upload, if it is one."""
        if self.detail_type != "Object Created":
            return []
        return [self.detail.object.upload(self.detail.bucket)]


def _kind(body: object) -> str | None:
    """Which envelope a body is in, by the name that only that envelope has."""
    names = ("Records", "Event", "detail-type", "Type")
    return next((name for name in names if name in body), None) if isinstance(body, Mapping) else None


type _Inner = Annotated[
    Annotated[_Notification, Tag("Records")]
    | Annotated[_TestEvent, Tag("Event")]
    | Annotated[_EventBridge, Tag("detail-type")],
    Discriminator(_kind),
]


class _Sns(_Envelope):
    """An SNS notification without raw delivery: the message is one more layer of JSON."""

    type: Literal["Notification"] = Field(alias="Type")
    message: Json[_Inner] = Field(alias="Message")

    def uploads(self) -> list[Upload | None]:
        """The uploads of the message within."""
        return self.message.uploads()


type _Body = Annotated[
    Annotated[_Notification, Tag("Records")]
    | Annotated[_TestEvent, Tag("Event")]
    | Annotated[_EventBridge, Tag("detail-type")]
    | Annotated[_Sns, Tag("Type")],
    Discriminator(_kind),
]


class _SqsRecord(_Envelope):
    source: Literal["aws:sqs"] = Field(alias="eventSource")
    message_id: str = Field(alias="messageId", min_length=1)
    body: object = ""


class _Batch(_Envelope):
    records: tuple[_SqsRecord, ...] = Field(alias="Records")


_BODY: TypeAdapter[_Notification | _TestEvent | _EventBridge | _Sns] = TypeAdapter(_Body)
_BATCH = TypeAdapter(_Batch)


def _complaints(error: ValidationError) -> str:
    """Where the body departs from the envelopes, and how; pydantic's messages would quote it."""
    parts = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, part['loc'][1:])) or 'the body'}: {part['type']}" for part in parts[:3])
