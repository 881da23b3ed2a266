"""As much of AWS on loopback as one upload needs, for rows that do not ask whether the ledger's conditions hold.

Every condition holds here. Unlike the emulator it starts at once, its errors say what a row wants, and each of its
services can be made to fail alone.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from bench.surroundings.loopback import Handler, Loopback

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "us-east-1"
_SUM = re.compile(r"(?:if_not_exists\((?P<unless>#\w+), (?P<first>:\w+)\)|(?P<name>#\w+)) (?P<sign>[+-]) (?P<by>:\w+)")
_NAME = re.compile(r"#(\w+)")


class Aws(Loopback):
    """What stands in Parameter Store, Secrets Manager, S3 and DynamoDB, and what fails."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.failing: dict[str, tuple[int, str]] = {}
        """Status and message of an operation's error, by its name."""

    def asked(self, operation: str, told: dict[str, Any]) -> dict[str, Any]:
        """The answer to an operation of a service that speaks JSON."""
        operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "GetParametersByPath": self._parameters,
            "GetSecretValue": lambda told: {"Name": told["SecretId"], "SecretString": self.secrets[told["SecretId"]]},
            "UpdateItem": self._update,
            "PutItem": lambda _: {},
        }
        return operations[operation](told)

    def _parameters(self, told: dict[str, Any]) -> dict[str, Any]:
        found = [
            {"Name": name, "Value": text} for name, text in self.parameters.items() if name.startswith(told["Path"])
        ]
        return {"Parameters": found}

    def _update(self, told: dict[str, Any]) -> dict[str, Any]:
        """The item after `SET #a = :a, #n = if_not_exists(#n, :zero) + :one ... REMOVE #b`; conditions always hold."""
        item = self.items.setdefault(json.dumps(told["Key"]), dict(told["Key"]))
        given = told["ExpressionAttributeValues"]
        assigned, _, removed = told["UpdateExpression"].removeprefix("SET ").partition(" REMOVE ")
        for name, value in re.findall(r"#(\w+) = ((?:[^,(]|\([^)]*\))+)", assigned):
            item[name] = given[value.strip()] if value.strip() in given else _sum(value.strip(), item, given)
        for name in _NAME.findall(removed):
            item.pop(name, None)
        return {"Attributes": item}


def _sum(expression: str, item: dict[str, Any], given: dict[str, Any]) -> dict[str, str]:
    found = _SUM.fullmatch(expression)
    if found is None:
        raise ValueError(f"an expression that this AWS does not know: {expression}")
    name = (found["unless"] or found["name"])[1:]
    standing = int((item.get(name) or given[found["first"]])["N"])
    by = int(given[found["by"]]["N"])
    return {"N": str(standing + by if found["sign"] == "+" else standing - by)}


def environment(aws: Aws) -> dict[str, str]:
    """What the reader finds in its environment to call this AWS."""
    return {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_NAME": "under-test",
        "TABLE_NAME": "table",
        "TOPIC_ARN": f"arn:aws:sns:{REGION}:000000000000:topic",
        "SETTINGS_PATH": "/stack",
        "POWERTOOLS_SERVICE_NAME": "stack",
        "POWERTOOLS_METRICS_NAMESPACE": "LicenseOcr",
    }


class _Handler(Handler):
    @property
    def _aws(self) -> Aws:
        return cast("Aws", self.behind)

    def do_POST(self) -> None:  # noqa: N802 - the base names it so
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers.get("X-Amz-Target", "SNS.Publish").rpartition(".")[2]
        if operation in self._aws.failing:
            status, message = self._aws.failing[operation]
            self.answer(status, json.dumps({"__type": "InternalFailure", "message": message}).encode())
        elif operation == "Publish":
            self.answer(
                200, b"<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
            )
        else:
            try:
                answer, status = self._aws.asked(operation, json.loads(body)), 200
            except KeyError:
                answer, status = {"__type": "ResourceNotFoundException", "message": "there is none"}, 400
            self.answer(status, json.dumps(answer).encode())

    def do_GET(self) -> None:  # noqa: N802 - the base names it so
        path = unquote(urlsplit(self.path).path)
        if "GetObject" in self._aws.failing:
            status, message = self._aws.failing["GetObject"]
            self.answer(status, f"<Error><Code>InternalError</Code><Message>{message}</Message></Error>".encode())
        elif path not in self._aws.objects:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            content, metadata = self._aws.objects[path]
            self.answer(200, content, {f"x-amz-meta-{name}": value for name, value in metadata.items()})
