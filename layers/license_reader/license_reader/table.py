"""One table's conditional writes: whether they took effect, and what stood against them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef, UpdateItemInputTypeDef

_NAME = re.compile(r"#(\w+)")
_DAY = 86_400
_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()

type Key = tuple[str, str]
"""An item's `object` and `version`."""


class Refused(Exception):
    """The condition did not hold; `item` is what stood there."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("the condition did not hold")
        self.item = item


class Table:
    """Items in plain Python types; expressions name attributes as `#name` and values as `:name`."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def update(self, key: Key, change: str, condition: str, values: Mapping[str, object]) -> dict[str, Any]:
        """The item after one conditional update.

        Raises:
            Refused: the condition did not hold.
        """
        try:
            answer = self._client.update_item(**self._updating(key, change, condition, values, "ALL_NEW"))
        except ClientError as error:
            raise Refused(standing(error)) from error
        return deserialized(answer["Attributes"])

    def change(self, key: Key, change: str, condition: str, values: Mapping[str, object]) -> None:
        """Make one conditional update, of which nothing need be told: an item of many kilobytes stays where it is.

        Raises:
            Refused: the condition did not hold.
        """
        try:
            self._client.update_item(**self._updating(key, change, condition, values, "NONE"))
        except ClientError as error:
            raise Refused(standing(error)) from error

    def _updating(
        self, key: Key, change: str, condition: str, values: Mapping[str, object], told: Literal["ALL_NEW", "NONE"]
    ) -> UpdateItemInputTypeDef:
        return {
            "TableName": self._name,
            "Key": _key(key),
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": _names(change + condition),
            "ExpressionAttributeValues": serialized({f":{name}": value for name, value in values.items()}),
            "ReturnValues": told,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def put(self, key: Key, item: Mapping[str, object], condition: str, values: Mapping[str, object]) -> None:
        """Write a whole item under a condition.

        Raises:
            Refused: the condition did not hold.
        """
        try:
            self._client.put_item(
                TableName=self._name,
                Item=_key(key) | serialized(item),
                ConditionExpression=condition,
                ExpressionAttributeNames=_names(condition),
                ExpressionAttributeValues=serialized({f":{name}": value for name, value in values.items()}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            raise Refused(standing(error)) from error

    def get(self, key: Key) -> dict[str, Any] | None:
        """The item as it stands now, None when there is none."""
        answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return deserialized(answer["Item"]) if "Item" in answer else None

    def beginning(self, object_: str, version: str, *, only: Sequence[str]) -> list[dict[str, Any]]:
        """These attributes of the object's items whose version begins so, as they stand now."""
        asked: QueryInputTypeDef = {
            "TableName": self._name,
            "KeyConditionExpression": "#object = :object AND begins_with(#version, :version)",
            "ProjectionExpression": ", ".join(f"#{name}" for name in only),
            "ExpressionAttributeNames": {f"#{name}": name for name in {"object", "version", *only}},
            "ExpressionAttributeValues": serialized({":object": object_, ":version": version}),
            "ConsistentRead": True,
        }
        found: list[dict[str, Any]] = []
        while True:
            page = self._client.query(**asked)
            found.extend(deserialized(item) for item in page["Items"])
            if not (last := page.get("LastEvaluatedKey")):
                return found
            asked["ExclusiveStartKey"] = last


def expiry(now: float, days: int) -> int:
    """The `ttl` of an item that is written now and kept for so many days, in seconds since the epoch."""
    return int(now) + days * _DAY


def _key(key: Key) -> dict[str, Any]:
    return serialized({"object": key[0], "version": key[1]})


@cache
def _names(expression: str) -> Mapping[str, str]:
    """The names of an expression, of which there are as many as are written in our source."""
    return {f"#{name}": name for name in _NAME.findall(expression)}


def standing(error: ClientError) -> dict[str, Any]:
    """The item that stood against a condition; any other error of DynamoDB is raised as it is."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    standing: Mapping[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
    return deserialized(standing)


def serialized(values: Mapping[str, object]) -> dict[str, Any]:
    """The attributes in DynamoDB's typed form; floats keep six decimals."""
    return {name: _SERIALIZER.serialize(_decimals(value)) for name, value in values.items()}


def deserialized(item: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that DynamoDB's typed form stands for, in plain Python types."""
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
