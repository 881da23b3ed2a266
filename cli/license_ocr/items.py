"""The table's items as operators handle them: looked through, rewritten while nobody else did, removed.

The ledger holds the protocol of an upload. What is here never claims, reads or publishes one, and writes only where the
item still stands as it was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from license_reader.table import deserialized, serialized, standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import ScanInputTypeDef

type Item = Mapping[str, Any]
"""An item as DynamoDB sends it, each value with its type: what was read can stand in a condition to the letter."""

# What a record's address begins with; marks of pictures and counts begin otherwise.
RECORDS = "s3://"


@dataclass(frozen=True, slots=True)
class Page:
    """The items of a look at the table that were asked for, and how many were looked at to find them."""

    items: Sequence[Item]
    looked_at: int


class Items:
    """The items of one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def about(self) -> int:
        """About how many items there are; DynamoDB counts them every six hours."""
        return self._client.describe_table(TableName=self._table)["Table"].get("ItemCount", 0)

    def get(self, object_: str, version: str) -> Item | None:
        """One item, None when there is none."""
        key = {"object": {"S": object_}, "version": {"S": version}}
        return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")

    def of(self, object_: str) -> list[Item]:
        """The items of one object, one a version."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#object = :object",
            ExpressionAttributeNames={"#object": "object"},
            ExpressionAttributeValues={":object": {"S": object_}},
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]

    def under(self, prefix: str, *, only: Sequence[str] = ()) -> Iterator[Page]:
        """The items whose object begins so, page by page, in no order; every item of the table is looked at.

        Args:
            prefix: what the object begins with.
            only: the attributes to tell, all of them when there are none.
        """
        return self._scan("begins_with(#object, :prefix)", {"#object": "object"}, {":prefix": {"S": prefix}}, only)

    def marks_of(self, object_: str) -> Iterator[Page]:
        """The marks of pictures that this object brought first; every item of the table is looked at."""
        return self._scan("#first = :object", {"#first": "first"}, {":object": {"S": object_}}, ("object", "version"))

    def rewrite(self, item: Item, changes: Mapping[str, Any], *, unchanged: Sequence[str]) -> bool:
        """Whether the changes stand in the item now: written, unless others changed it since it was read.

        Args:
            item: as it was read.
            changes: the attributes to write, at least one of them as nobody else would.
            unchanged: the attributes that must stand as they were read.
        """
        values = {name: item[name] for name in unchanged}
        written = serialized(changes)
        names = {f"#{name}": name for name in (*values, *written)}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={name: item[name] for name in ("object", "version")},
                UpdateExpression="SET " + ", ".join(f"#{name} = :new_{name}" for name in written),
                ConditionExpression=" AND ".join(f"#{name} = :old_{name}" for name in values),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={f":new_{name}": value for name, value in written.items()}
                | {f":old_{name}": value for name, value in values.items()},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            stands = standing(error)
            # The answer to our own write may have been lost, and botocore have asked again.
            return all(stands.get(name) == value for name, value in deserialized(written).items())
        return True

    def remove(self, item: Item) -> bool:
        """Remove an item; False when it was gone already."""
        key = {name: item[name] for name in ("object", "version")}
        return "Attributes" in self._client.delete_item(TableName=self._table, Key=key, ReturnValues="ALL_OLD")

    def remove_mark(self, sha256: str, object_: str) -> bool:
        """Remove the mark of a picture's bytes, if this object brought them first; False when it did not."""
        try:
            answer = self._client.delete_item(
                TableName=self._table,
                Key={"object": {"S": f"sha256:{sha256}"}, "version": {"S": "first"}},
                ConditionExpression="attribute_not_exists(#first) OR #first = :object",
                ExpressionAttributeNames={"#first": "first"},
                ExpressionAttributeValues={":object": {"S": object_}},
                ReturnValues="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return "Attributes" in answer

    def _scan(
        self, condition: str, names: dict[str, str], values: dict[str, Any], only: Sequence[str]
    ) -> Iterator[Page]:
        asked: ScanInputTypeDef = {
            "TableName": self._table,
            "FilterExpression": condition,
            "ExpressionAttributeNames": names | {f"#{name}": name for name in only},
            "ExpressionAttributeValues": values,
        }
        if only:
            asked["ProjectionExpression"] = ", ".join(f"#{name}" for name in only)
        while True:
            answer = self._client.scan(**asked)
            yield Page(answer["Items"], answer["ScannedCount"])
            if not (last := answer.get("LastEvaluatedKey")):
                return
            asked["ExclusiveStartKey"] = last


def plain(value: Any) -> Any:
    """The value that DynamoDB's typed form stands for; None for none."""
    return None if value is None else deserialized({"value": value})["value"]
