"""The story of one upload: claimed, read, checked, written down, and told to whoever should know."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from license_reader import notices, opinions
from license_reader.chain import Answer
from license_reader.checks import check
from license_reader.days import day_in_china
from license_reader.errors import ImageRejected, NoVendorLeft, ObjectGone, SettingsError
from license_reader.flags import Flag, Severity
from license_reader.image import MAX_BYTES, gate
from license_reader.ledger import Draft, Notice, Picture, Record
from license_reader.license import empty
from license_reader.settings import Plan, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

    from license_reader.chain import Chain
    from license_reader.image import Image
    from license_reader.ledger import Claim, Ledger
    from license_reader.license import License
    from license_reader.notices import Notices
    from license_reader.settings import Configuration, Settings
    from license_reader.upload import Upload

# Kept back from the invocation's time: the record and its notice are written in it.
RESERVE = 5.0
# What a lease outlives the invocation by, so that no living owner is overtaken.
LEASE_MARGIN = 10.0

# A second opinion is worth waiting for so long, and not worth a call that has less.
OPINION_SECONDS, OPINION_MIN_SECONDS = 30.0, 5.0

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
        if isinstance(claim, Record):
            record = claim
            owner = self.ledger.start_notice(record) if _due(record, settings, quiet=upload.quiet) else None
        else:
            record, owner = self._read(upload, claim, settings, until)
        if owner is not None:
            self.notices.publish(record)
            self.ledger.finish_notice(record, owner)
            record = record.model_copy(update={"notice": Notice.SENT})
        return Outcome(record, fresh=not isinstance(claim, Record))

    def _read(self, upload: Upload, claim: Claim, settings: Settings, until: float) -> tuple[Record, str | None]:
        """The record of a claimed upload, and the token of its notice if that is to be published.

        A write is the very next act after any vendor's answer.
        """
        if claim.draft is not None:
            return self._finish(claim, self._resumed(upload, claim, claim.draft, settings, until), settings)
        try:
            asked = self._ask(upload, claim, settings, until)
        except NoVendorLeft as error:
            self.ledger.release(claim, spent=error.spent)
            raise
        except (BotoCoreError, ClientError, SettingsError):
            self.ledger.release(claim, spent=0)
            raise
        license_ = self._checked(asked.answer.license, settings)
        read = _Read(license_.flagged(*asked.flags), asked.answer.passed_over, asked.answer.spent, asked.picture)
        if asked.image is not None and self._wants_opinion(license_, settings):
            draft = Draft(read.license, read.picture, read.passed_over, claim.attempt)
            claim = self.ledger.keep(claim, draft, spent=read.spent)
            read = self._second(replace(read, spent=0), asked.image, settings, until)
        return self._finish(claim, read, settings)

    def _finish(self, claim: Claim, read: _Read, settings: Settings) -> tuple[Record, str | None]:
        """The record, written, and the token of its notice."""
        return self.ledger.finish(
            claim,
            read.license,
            spent=read.spent,
            notice=notices.wanted(read.license.flags, settings.publish),
            retention_days=settings.retention_days,
            passed_over=read.passed_over,
            image=read.picture,
            second_opinion=read.second_opinion,
        )

    def _wants_opinion(self, license_: License, settings: Settings) -> bool:
        return settings.second_opinion not in {None, license_.vendor} and opinions.doubted(license_)

    def _resumed(self, upload: Upload, claim: Claim, draft: Draft, settings: Settings, until: float) -> _Read:
        """What an earlier attempt read before it died, with the second opinion that it did not live to hear.

        It is asked for once more, by the attempt after the one that died; if that dies too, the first reading stands.
        """
        read = _Read(draft.license, draft.passed_over, 0, draft.picture)
        if settings.second_opinion in {None, draft.license.vendor}:
            return read
        if claim.attempt > draft.attempt + 1 or claim.spent > settings.max_attempts:
            return read.without(f"{settings.second_opinion}: earlier attempts ended while it was asked")
        try:
            image = gate(_content(self._find(upload)))
        except (ObjectGone, ImageRejected) as error:
            return read.without(f"{settings.second_opinion}: {error}")
        except (BotoCoreError, ClientError):
            self.ledger.release(claim, spent=0)
            raise
        return self._second(read, image, settings, until)

    def _second(self, read: _Read, image: Image, settings: Settings, until: float) -> _Read:
        """The reading, with what the second vendor said of it; whatever keeps that one from it, the reading stands."""
        name = settings.second_opinion or ""
        ends = min(until - RESERVE, self.clock() + OPINION_SECONDS)
        if ends - self.clock() < OPINION_MIN_SECONDS:
            return read.without(f"{name}: no time left to ask")
        first = read.license
        asked = Plan(document=first.document, side=first.side, told=True, vendors=(name,))
        try:
            answer = self.chain.ask(image, asked, until=ends)
        except NoVendorLeft as error:
            return replace(read, spent=error.spent).without(*error.reasons)
        read = replace(read, spent=answer.spent)
        if _unread(answer.license):
            codes = ", ".join(flag.code for flag in answer.license.flags)
            return read.without(*(answer.passed_over or (f"{name}: {codes}",)))
        if answer.license.document != first.document:
            return read.without(f"{name}: took it for a {answer.license.document}")
        flag = opinions.disagreement(first, answer.license)
        return replace(read, license=first.flagged(flag) if flag else first, second_opinion=name)

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
        return _Asked(self.chain.ask(image, planned, until=until - RESERVE), tuple(flags), picture, image)

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

    def _checked(self, license_: License, settings: Settings) -> License:
        """The license with the flags of the checks, if anything was read."""
        if _unread(license_):
            return license_
        today = day_in_china(self.clock())
        return license_.flagged(*check(license_, today=today, min_confidence=settings.min_confidence))


@dataclass(frozen=True, slots=True)
class _Asked:
    """An answer, what the steps before it flagged, and the picture that it is of (None when it was never opened)."""

    answer: Answer
    flags: tuple[Flag, ...] = ()
    picture: Picture | None = None
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """What is to be written down: the reading, and what its last step cost."""

    license: License
    passed_over: tuple[str, ...]
    spent: int
    picture: Picture | None
    second_opinion: str | None = None

    def without(self, *reasons: str) -> _Read:
        """The same, with the reasons why no second opinion came."""
        told = tuple(f"second opinion: {reason}" for reason in reasons)
        return replace(self, passed_over=(*self.passed_over, *told))


def _due(record: Record, settings: Settings, *, quiet: bool) -> bool:
    """Whether the record's notice is to go out now; one that is held, for whoever is not quiet and still wants it."""
    if record.notice is Notice.HELD and record.license is not None:
        return not quiet and notices.wanted(record.license.flags, settings.publish)
    return record.notice in {Notice.PENDING, Notice.SENDING}


def _unread(license_: License) -> bool:
    return any(flag.severity is Severity.PERMANENT for flag in license_.flags)


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
