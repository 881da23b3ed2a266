"""The table: who holds a claim, what was read, whether the notice went out; conditional writes only.

    (nothing) --claim--> CLAIMED --finish--> DONE, notice NONE | PENDING
                 ^  |                              PENDING --start_notice--> SENDING --finish_notice--> SENT
                 +--+ lease over, or released

An owner token marks every write, so that a write whose answer was lost is told from another's: DynamoDB returns the
item that stood against the condition, and if it bears our token the write was ours.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
import uuid
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from license_reader.errors import ClaimLost, InProgress
from license_reader.license import License

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from license_reader.upload import Upload

# An item holds 400 KB at most; what stands beside the license and the raw reply takes far less than is left here.
MAX_LICENSE_BYTES = 380_000
MAX_RAW_TEXT = 2000
NOTICE_LEASE = 60.0
_DAY = 86_400

_NAME = re.compile(r"#(\w+)")
_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


class State(StrEnum):
    """How far an upload has come."""

    CLAIMED = "CLAIMED"
    DONE = "DONE"


class Notice(StrEnum):
    """How far the notice about an upload has come."""

    NONE = "NONE"
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
    image: Picture | None = None
    license: License | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to read one upload, until `lease_until` (seconds since the epoch)."""

    object: str
    version: str
    owner: str
    attempt: int
    spent: int
    lease_until: float


class Ledger:
    """The conditional writes on one table."""

    def __init__(self, client: DynamoDBClient, table: str, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table
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
                    "ttl": _ttl(now, retention_days),
                    "now": now,
                    "zero": 0,
                    "one": 1,
                },
            )
        except _Refused as refused:
            item = refused.item
            if item.get("state") == State.DONE:
                return record(item)
            if item.get("owner") != owner:
                raise InProgress(f"{upload.object} is being read by another owner") from refused
        return Claim(
            upload.object, upload.version, owner, int(item["attempt"]), int(item["spent"]), float(item["lease_until"])
        )

    def release(self, claim: Claim, *, spent: int) -> None:
        """Give the claim back unread, with what it cost instead of the one call that it had counted ahead."""
        try:
            self._update(
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
        except _Refused:
            return  # another owner took over after the lease: there is nothing left to give back

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
    ) -> Record:
        """The record, written under the claim; a newer attempt is never overwritten.

        Raises:
            ClaimLost: the claim passed to another owner.
        """
        now = self._clock()
        told = license.model_dump(mode="json", exclude_none=True, exclude={"raw"})
        try:
            item = self._update(
                claim,
                "SET #state = :done, #notice = :notice, #license = :license, #raw = :raw, #passed_over = :passed_over,"
                " #image = :image, #read_at = :read_at, #ttl = :ttl, #spent = :spent REMOVE #lease_until",
                "#state = :claimed AND #owner = :owner",
                {
                    "done": State.DONE,
                    "notice": Notice.PENDING if notice else Notice.NONE,
                    "license": told,
                    "raw": trimmed(license.raw, MAX_LICENSE_BYTES - len(_json(told).encode())),
                    "passed_over": list(passed_over),
                    "image": image.model_dump() if image else None,
                    "read_at": _iso(now),
                    "ttl": _ttl(now, retention_days),
                    "spent": claim.spent - 1 + spent,
                    "claimed": State.CLAIMED,
                    "owner": claim.owner,
                },
            )
        except _Refused as refused:
            item = refused.item
            if not (item.get("state") == State.DONE and item.get("owner") == claim.owner):
                raise ClaimLost(f"{claim.object}: attempt {claim.attempt} was overtaken") from refused
        return record(item)

    def start_notice(self, done: Record) -> str | None:
        """The token under which the caller alone may publish now, None when the notice went out already.

        Raises:
            InProgress: another owner is publishing it.
        """
        now, owner = self._clock(), uuid.uuid4().hex
        try:
            self._update(
                done,
                "SET #notice = :sending, #notice_owner = :owner, #notice_until = :until",
                "#notice = :pending OR (#notice = :sending AND #notice_until < :now)",
                {
                    "pending": Notice.PENDING,
                    "sending": Notice.SENDING,
                    "owner": owner,
                    "until": now + NOTICE_LEASE,
                    "now": now,
                },
            )
        except _Refused as refused:
            if refused.item.get("notice_owner") == owner:
                return owner
            if refused.item.get("notice") == Notice.SENDING:
                raise InProgress(f"{done.object}: its notice is being published") from refused
            return None
        return owner

    def finish_notice(self, done: Record, owner: str) -> None:
        """Mark the notice as sent, unless another owner took it over meanwhile."""
        try:
            self._update(
                done,
                "SET #notice = :sent REMOVE #notice_until",
                "#notice_owner = :owner",
                {
                    "sent": Notice.SENT,
                    "owner": owner,
                },
            )
        except _Refused:
            return  # published twice under one id after our lease ran out: the other owner marks it

    def first_seen(self, sha256: str, claim: Claim, *, retention_days: int) -> str | None:
        """The object that brought these bytes before, None when this upload is the first."""
        item = {
            "object": f"sha256:{sha256}",
            "version": "first",
            "first": claim.object,
            "ttl": _ttl(self._clock(), retention_days),
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_serialized(item),
                ConditionExpression="attribute_not_exists(#object) OR #first = :first",
                ExpressionAttributeNames={"#object": "object", "#first": "first"},
                ExpressionAttributeValues=_serialized({":first": claim.object}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return str(_standing(error)["first"])
        return None

    def get(self, object_: str, version: str) -> Record | None:
        """The record of one upload, None when nothing is known of it."""
        key = _serialized({"object": object_, "version": version})
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return record(_deserialized(answer["Item"])) if "Item" in answer else None

    def _update(
        self, key: Claim | Record | Upload, change: str, condition: str, values: Mapping[str, object]
    ) -> dict[str, Any]:
        """The item after one conditional update; raises _Refused with the item that stood against it."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_serialized({"object": key.object, "version": key.version}),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in _NAME.findall(change + condition)},
                ExpressionAttributeValues=_serialized({f":{name}": value for name, value in values.items()}),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            raise _Refused(_standing(error)) from error
        return _deserialized(answer["Attributes"])


class _Refused(Exception):
    """The condition did not hold; `item` is what stood there."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("the condition did not hold")
        self.item = item


def record(item: Mapping[str, Any]) -> Record:
    """The record that an item holds."""
    license_ = item.get("license")
    if license_ is not None:
        raw = json.loads(item["raw"]) if item.get("raw") else None
        license_ = License.model_validate(license_ | {"raw": raw}, extra="ignore", context={"stored": True})
    known = {name: item[name] for name in Record.model_fields if item.get(name) is not None}
    return Record.model_validate(known | {"license": license_})


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


def _standing(error: ClientError) -> dict[str, Any]:
    """The item that stood against a condition; any other error of DynamoDB is raised as it is."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    standing: Mapping[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
    return _deserialized(standing)


def _serialized(values: Mapping[str, object]) -> dict[str, Any]:
    return {name: _SERIALIZER.serialize(_decimals(value)) for name, value in values.items()}


def _deserialized(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(_DESERIALIZER.deserialize(value)) for name, value in item.items()}


def _decimals(value: Any) -> Any:
    match value:
        case float():
            return Decimal(str(round(value, 6)))
        case dict():
            return {name: _decimals(part) for name, part in value.items()}
        case list() | tuple():
            return [_decimals(part) for part in value]
        case _:
            return value


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case _:
            return value


def _ttl(now: float, retention_days: int) -> int:
    """When the table may drop an item that is written now, in seconds since the epoch."""
    return int(now) + retention_days * _DAY


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")
