"""The table: who holds a claim, what was read, whether the notice went out; conditional writes only.

    (nothing) --claim--> CLAIMED --finish--> DONE, notice NONE | HELD | SENDING --finish_notice--> SENT
                 ^  |  ^    | keep                 HELD, or a replay's PENDING --start_notice--> SENDING
                 |  |  +----+ the first reading, while a second opinion is asked for
                 +--+ lease over, or released

Whoever finishes a record begins its notice with the same write, and alone publishes it until that lease is over.

An owner token marks every write, so that a write whose answer was lost is told from another's: DynamoDB returns the
item that stood against the condition, and if it bears our token the write was ours.
"""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from license_reader.errors import ClaimLost, InProgress
from license_reader.license import License
from license_reader.table import Refused, Table, expiry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from license_reader.upload import Upload

# An item holds 400 KB at most; what stands beside the license and the raw reply takes far less than is left here.
MAX_LICENSE_BYTES = 380_000
MAX_RAW_TEXT = 2000
NOTICE_LEASE = 60.0

_STARTED = ", #notice_owner = :owner, #notice_until = :until"


class State(StrEnum):
    """How far an upload has come."""

    CLAIMED = "CLAIMED"
    DONE = "DONE"


class Notice(StrEnum):
    """How far the notice about an upload has come; one that is held goes out when somebody asks for it."""

    NONE = "NONE"
    HELD = "HELD"
    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"


class Picture(BaseModel):
    """What the record keeps of the picture: never its content."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    format: str
    width: int
    height: int
    size: int
    sha256: str


class Record(BaseModel):
    """One upload's item, as users read it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    object: str
    version: str
    state: State
    attempt: int
    spent: int
    """Vendor calls that were, or may have been, charged; a claim counts one ahead until it says better."""
    notice: Notice = Notice.NONE
    read_at: str | None = None
    passed_over: tuple[str, ...] = ()
    second_opinion: str | None = None
    """The vendor that read the page after the first one, whether or not the two agree."""
    image: Picture | None = None
    license: License | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A first reading that was written down before a second opinion was asked for."""

    license: License
    picture: Picture | None
    passed_over: tuple[str, ...]
    attempt: int
    """The attempt that wrote it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to read one upload, until `lease_until` (seconds since the epoch).

    `draft` is what an earlier attempt read, and paid for, before it died while it asked for a second opinion; `quiet`
    is whether the record's notice is held back.
    """

    object: str
    version: str
    owner: str
    attempt: int
    spent: int
    lease_until: float
    draft: Draft | None = None
    quiet: bool = False


class Ledger:
    """The conditional writes on one table."""

    def __init__(self, client: DynamoDBClient, table: str, *, clock: Callable[[], float] = time.time) -> None:
        self._table = Table(client, table)
        self._clock = clock

    def claim(self, upload: Upload, *, lease: float, retention_days: int) -> Claim | Record:
        """The claim on an upload for `lease` seconds, or its record when it is done already.

        What is never finished leaves the table after `retention_days` all the same.

        Raises:
            InProgress: another owner's lease still runs.
        """
        now, owner = self._clock(), uuid.uuid4().hex
        try:
            item = self._update(
                upload,
                "SET #state = :claimed, #owner = :owner, #lease_until = :until, #ttl = :ttl,"
                " #attempt = if_not_exists(#attempt, :zero) + :one, #spent = if_not_exists(#spent, :zero) + :one",
                "attribute_not_exists(#object) OR (#state = :claimed AND #lease_until < :now)",
                {
                    "claimed": State.CLAIMED,
                    "owner": owner,
                    "until": now + lease,
                    "ttl": expiry(now, retention_days),
                    "now": now,
                    "zero": 0,
                    "one": 1,
                },
            )
        except Refused as refused:
            item = refused.item
            if item.get("state") == State.DONE:
                return record(item)
            if item.get("owner") != owner:
                raise InProgress(f"{upload.object} is being read by another owner") from refused
        return Claim(
            upload.object,
            upload.version,
            owner,
            int(item["attempt"]),
            int(item["spent"]),
            float(item["lease_until"]),
            _draft(item),
            upload.quiet,
        )

    def release(self, claim: Claim, *, spent: int) -> None:
        """Give the claim back unread, with what it cost instead of the one call that it had counted ahead."""
        try:
            self._change(
                claim,
                "SET #lease_until = :zero, #spent = :spent",
                "#state = :claimed AND #owner = :owner",
                {
                    "zero": 0,
                    "spent": claim.spent - 1 + spent,
                    "claimed": State.CLAIMED,
                    "owner": claim.owner,
                },
            )
        except Refused:
            return  # another owner took over after the lease: there is nothing left to give back

    def keep(self, claim: Claim, draft: Draft, *, spent: int) -> Claim:
        """The same claim, with a first reading and its cost written down and one call more counted ahead.

        Whoever dies after this leaves the reading to the next claim.

        Raises:
            ClaimLost: the claim passed to another owner.
        """
        total = claim.spent + spent
        try:
            self._change(
                claim,
                "SET #license = :license, #raw = :raw, #image = :image, #passed_over = :passed_over,"
                " #drafted = :drafted, #spent = :spent",
                "#state = :claimed AND #owner = :owner",
                {
                    **_reading(draft.license, draft.picture, draft.passed_over),
                    "drafted": draft.attempt,
                    "spent": total,
                    "claimed": State.CLAIMED,
                    "owner": claim.owner,
                },
            )
        except Refused as refused:
            raise _overtaken(claim) from refused
        return replace(claim, spent=total, draft=draft)

    def finish(  # noqa: PLR0913 - the record's own fields
        self,
        claim: Claim,
        license: License,  # noqa: A002 - the domain's noun
        *,
        spent: int,
        notice: bool,
        retention_days: int,
        passed_over: tuple[str, ...] = (),
        image: Picture | None = None,
        second_opinion: str | None = None,
    ) -> tuple[Record, str | None]:
        """The record, written under the claim, and the token under which the caller alone may publish its notice now.

        The token is None when there is none to publish: no `notice` was asked for, or the claim is quiet and holds it
        back. A newer attempt is never overwritten. The table keeps six decimals of a number, and of a raw reply that is
        too long for an item only a part.

        Raises:
            ClaimLost: the claim passed to another owner.
        """
        now = self._clock()
        tells = notice and not claim.quiet
        written = Record(
            object=claim.object,
            version=claim.version,
            state=State.DONE,
            attempt=claim.attempt,
            spent=claim.spent - 1 + spent,
            notice=Notice.SENDING if tells else Notice.HELD if notice else Notice.NONE,
            read_at=_iso(now),
            passed_over=passed_over,
            second_opinion=second_opinion,
            image=image,
            license=license,
        )
        try:
            self._change(
                claim,
                "SET #state = :done, #notice = :notice, #license = :license, #raw = :raw, #passed_over = :passed_over,"
                " #image = :image, #second_opinion = :second_opinion, #read_at = :read_at, #ttl = :ttl,"
                f" #spent = :spent{_STARTED if tells else ''} REMOVE #lease_until, #drafted",
                "#state = :claimed AND #owner = :owner",
                {
                    **_reading(license, image, passed_over),
                    **({"until": now + NOTICE_LEASE} if tells else {}),
                    "done": written.state,
                    "notice": written.notice,
                    "second_opinion": second_opinion,
                    "read_at": written.read_at,
                    "ttl": expiry(now, retention_days),
                    "spent": written.spent,
                    "claimed": State.CLAIMED,
                    "owner": claim.owner,
                },
            )
        except Refused as refused:
            item = refused.item
            if not (item.get("state") == State.DONE and item.get("owner") == claim.owner):
                raise _overtaken(claim) from refused
            written = record(item)
            tells = written.notice is Notice.SENDING and item.get("notice_owner") == claim.owner
        return written, claim.owner if tells else None

    def start_notice(self, done: Record) -> str | None:
        """The token under which the caller alone may publish now, None when the notice went out already.

        Raises:
            InProgress: another owner is publishing it.
        """
        now, owner = self._clock(), uuid.uuid4().hex
        try:
            self._change(
                done,
                f"SET #notice = :sending{_STARTED}",
                "#notice = :pending OR #notice = :held OR (#notice = :sending AND #notice_until < :now)",
                {
                    "pending": Notice.PENDING,
                    "held": Notice.HELD,
                    "sending": Notice.SENDING,
                    "owner": owner,
                    "until": now + NOTICE_LEASE,
                    "now": now,
                },
            )
        except Refused as refused:
            if refused.item.get("notice_owner") == owner:
                return owner
            if refused.item.get("notice") == Notice.SENDING:
                raise InProgress(f"{done.object}: its notice is being published") from refused
            return None
        return owner

    def finish_notice(self, done: Record, owner: str) -> None:
        """Mark the notice as sent, unless another owner took it over meanwhile."""
        try:
            self._change(
                done,
                "SET #notice = :sent REMOVE #notice_until",
                "#notice_owner = :owner",
                {
                    "sent": Notice.SENT,
                    "owner": owner,
                },
            )
        except Refused:
            return  # published twice under one id after our lease ran out: the other owner marks it

    def first_seen(self, sha256: str, claim: Claim, *, retention_days: int) -> str | None:
        """The object that brought these bytes before, None when this upload is the first."""
        try:
            self._table.put(
                (f"sha256:{sha256}", "first"),
                {"first": claim.object, "ttl": expiry(self._clock(), retention_days)},
                "attribute_not_exists(#object) OR #first = :first",
                {"first": claim.object},
            )
        except Refused as refused:
            return str(refused.item["first"])
        return None

    def get(self, object_: str, version: str) -> Record | None:
        """The record of one upload, None when nothing is known of it."""
        item = self._table.get((object_, version))
        return record(item) if item else None

    def _update(
        self, key: Claim | Record | Upload, change: str, condition: str, values: Mapping[str, object]
    ) -> dict[str, Any]:
        return self._table.update((key.object, key.version), change, condition, values)

    def _change(self, key: Claim | Record | Upload, change: str, condition: str, values: Mapping[str, object]) -> None:
        self._table.change((key.object, key.version), change, condition, values)


def _overtaken(claim: Claim) -> ClaimLost:
    return ClaimLost(f"{claim.object}: attempt {claim.attempt} was overtaken")


def record(item: Mapping[str, Any]) -> Record:
    """The record that an item holds."""
    license_ = item.get("license")
    if license_ is not None:
        raw = json.loads(item["raw"]) if item.get("raw") else None
        license_ = License.model_validate(license_ | {"raw": raw}, extra="ignore", context={"stored": True})
    known = {name: item[name] for name in Record.model_fields if item.get(name) is not None}
    return Record.model_validate(known | {"license": license_})


def _draft(item: Mapping[str, Any]) -> Draft | None:
    """The draft that a claimed item holds."""
    if item.get("drafted") is None:
        return None
    held = record(item)
    if held.license is None:
        return None
    return Draft(held.license, held.image, held.passed_over, int(item["drafted"]))


def _reading(license_: License, image: Picture | None, passed_over: tuple[str, ...]) -> dict[str, object]:
    """The attributes that tell what was read."""
    told = stored(license_)
    return {
        "license": told,
        "raw": trimmed(license_.raw, MAX_LICENSE_BYTES - len(to_json(told))),
        "image": image.model_dump() if image else None,
        "passed_over": list(passed_over),
    }


def stored(license_: License) -> dict[str, Any]:
    """The license as an item holds it, beside the raw reply."""
    return license_.model_dump(mode="json", exclude_none=True, exclude={"raw"})


def trimmed(raw: dict[str, Any] | None, room: int) -> str | None:
    """A vendor's reply as JSON of so many bytes: long texts (pictures sent back) are cut, then all is given up."""
    if raw is None:
        return None
    text = _json(raw)
    if len(text.encode()) > room:
        text = _json(_shortened(raw))
    if len(text.encode()) > room:
        text = _json({"left_out": f"a reply of {len(text.encode())} bytes"})
    return text


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _shortened(value: Any) -> Any:
    match value:
        case dict():
            return {name: _shortened(part) for name, part in value.items()}
        case list():
            return [_shortened(part) for part in value]
        case str() if len(value) > MAX_RAW_TEXT:
            return f"{value[:MAX_RAW_TEXT]}... ({len(value)} characters)"
        case _:
            return value


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")
