"""The story of one upload: claimed, read, checked, written down, and told to whoever should know."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from license_reader import notices
from license_reader.chain import Answer
from license_reader.checks import check
from license_reader.errors import ImageRejected, NoVendorLeft, ObjectGone, SettingsError
from license_reader.flags import Flag, Severity
from license_reader.image import MAX_BYTES, gate
from license_reader.ledger import Notice, Picture, Record
from license_reader.license import empty
from license_reader.settings import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

    from license_reader.chain import Chain
    from license_reader.ledger import Claim, Ledger
    from license_reader.license import License
    from license_reader.notices import Notices
    from license_reader.settings import Configuration, Plan, Settings
    from license_reader.upload import Upload

# Kept back from the invocation's time: the record and its notice are written in it.
RESERVE = 5.0
# What a lease outlives the invocation by, so that no living owner is overtaken.
LEASE_MARGIN = 10.0

# The day that counts is the one in China, wherever the function runs.
CHINA = dt.timezone(dt.timedelta(hours=8))

# S3 answers 403 for an object that is gone where the caller may not list the bucket; the template grants the listing.
_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "PreconditionFailed", "412", "MethodNotAllowed"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one upload: its record, and whether this delivery read it."""

    record: Record
    fresh: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """The steps of an upload and the edges that they act on."""

    s3: S3Client
    configuration: Configuration
    ledger: Ledger
    chain: Chain
    notices: Notices
    clock: Callable[[], float] = time.time

    def read(self, upload: Upload, *, until: float) -> Outcome:
        """The record of this upload, read now or found done, its notice delivered.

        Args:
            upload: the object's version to read.
            until: when the invocation ends, in seconds since the epoch.

        Raises:
            InProgress, ClaimLost: another delivery of this upload is at work; let the message come again.
            SettingsError, NoVendorLeft: nothing was read; let the message come again.
            ClientError: an AWS service failed beyond its retries; let the message come again.
        """
        settings = self.configuration.settings()
        lease = until - self.clock() + LEASE_MARGIN
        claim = self.ledger.claim(upload, lease=lease, retention_days=settings.retention_days)
        outcome = (
            Outcome(claim, fresh=False) if isinstance(claim, Record) else self._read(upload, claim, settings, until)
        )
        self._tell(outcome.record)
        return outcome

    def _read(self, upload: Upload, claim: Claim, settings: Settings, until: float) -> Outcome:
        """The record of a claimed upload; the write is the very next act after the vendor's answer."""
        try:
            asked = self._ask(upload, claim, settings, until)
        except NoVendorLeft as error:
            self.ledger.release(claim, spent=error.spent)
            raise
        except (BotoCoreError, ClientError, SettingsError):
            self.ledger.release(claim, spent=0)
            raise
        license_ = self._checked(asked.answer.license, asked.flags, settings)
        record = self.ledger.finish(
            claim,
            license_,
            spent=asked.answer.spent,
            notice=notices.wanted(license_.flags, settings.publish),
            retention_days=settings.retention_days,
            passed_over=asked.answer.passed_over,
            image=asked.picture,
        )
        return Outcome(record, fresh=True)

    def _ask(self, upload: Upload, claim: Claim, settings: Settings, until: float) -> _Asked:
        """What the vendors, or the gate before them, say of the upload."""
        planned = plan(settings, upload.key, {})
        if claim.spent > settings.max_attempts:
            return _rejected(planned, "parked", f"{claim.spent - 1} calls may have been charged")
        try:
            found = self._find(upload)
            planned = plan(settings, upload.key, found["Metadata"])
            content = _content(found)
            image = gate(content)
        except ObjectGone:
            return _rejected(planned, "object_gone")
        except ImageRejected as error:
            return _rejected(planned, error.flag, str(error))
        picture = Picture(
            format=image.format,
            width=image.width,
            height=image.height,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        flags = list(planned.flags)
        if self.ledger.first_seen(picture.sha256, claim, retention_days=settings.retention_days):
            flags.append(Flag.of("duplicate_image", "ledger"))
        return _Asked(self.chain.ask(image, planned, until=until - RESERVE), tuple(flags), picture)

    def _find(self, upload: Upload) -> GetObjectOutputTypeDef:
        """Just this version of the object, its content not yet read.

        Raises:
            ObjectGone: it was deleted or, in a bucket without versions, overwritten.
        """
        asked: GetObjectRequestTypeDef = {"Bucket": upload.bucket, "Key": upload.key}
        if upload.version_id:
            asked["VersionId"] = upload.version_id
        elif upload.etag:
            asked["IfMatch"] = upload.etag
        try:
            return self.s3.get_object(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise ObjectGone(f"{upload.object}: gone before it was read") from error
            raise

    def _checked(self, license_: License, flags: tuple[Flag, ...], settings: Settings) -> License:
        """The license with the flags of the steps before and, if anything was read, those of the checks."""
        if any(flag.severity is Severity.PERMANENT for flag in license_.flags):
            return license_.flagged(*flags)
        today = dt.datetime.fromtimestamp(self.clock(), CHINA).date()
        return license_.flagged(*flags, *check(license_, today=today, min_confidence=settings.min_confidence))

    def _tell(self, record: Record) -> None:
        """Deliver the record's notice unless it has none, or it went out."""
        if record.notice in {Notice.NONE, Notice.SENT}:
            return
        owner = self.ledger.start_notice(record)
        if owner is not None:
            self.notices.publish(record)
            self.ledger.finish_notice(record, owner)


@dataclass(frozen=True, slots=True)
class _Asked:
    """An answer, what the steps before it flagged, and the picture that it is of (None when it was never opened)."""

    answer: Answer
    flags: tuple[Flag, ...] = ()
    picture: Picture | None = None


def _content(found: GetObjectOutputTypeDef) -> bytes:
    """The object's bytes.

    Raises:
        ImageRejected: there are more than any picture that is read has.
    """
    with found["Body"] as body:
        if found["ContentLength"] > MAX_BYTES:
            raise ImageRejected("image_too_large", f"{found['ContentLength']} bytes; at most {MAX_BYTES} are read")
        return body.read()


def _rejected(planned: Plan, flag: str, detail: str | None = None) -> _Asked:
    """The answer for an upload that no vendor is asked about."""
    license_ = empty(planned.document, planned.side, Flag.of(flag, "reader", detail=detail))
    return _Asked(Answer(license_), planned.flags)
