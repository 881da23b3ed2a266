"""As much of AWS on loopback as one upload needs, for rows that do not ask whether the ledger's conditions hold.

Every condition holds here. Unlike the emulator it starts at once, its errors say what a row wants, and each of its
services can be made to fail alone.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-east-1"
_SUM = re.compile(r"(?:if_not_exists\((?P<unless>#\w+), (?P<first>:\w+)\)|(?P<name>#\w+)) (?P<sign>[+-]) (?P<by>:\w+)")
_NAME = re.compile(r"#(\w+)")


class Aws:
    """What stands in Parameter Store, Secrets Manager, S3 and DynamoDB, and what fails."""

    def __init__(self) -> None:
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.failing: dict[str, tuple[int, str]] = {}
        """Status and message of an operation's error, by its name."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.aws = self

    @property
    def url(self) -> str:
        """Where AWS is called."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def serve(self) -> None:
        """Answers until closed."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Ends."""
        self._server.shutdown()
        self._server.server_close()

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


@contextmanager
def running() -> Iterator[Aws]:
    """An AWS that answers in the background."""
    aws = Aws()
    thread = threading.Thread(target=aws.serve, daemon=True)
    thread.start()
    try:
        yield aws
    finally:
        aws.close()
        thread.join()


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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    aws: Aws

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that end are no trouble."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _aws(self) -> Aws:
        return cast("_Server", self.server).aws

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers.get("X-Amz-Target", "SNS.Publish").rpartition(".")[2]
        if operation in self._aws.failing:
            status, message = self._aws.failing[operation]
            self._answer(status, json.dumps({"__type": "InternalFailure", "message": message}).encode())
        elif operation == "Publish":
            self._answer(
                200, b"<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
            )
        else:
            try:
                answer, status = self._aws.asked(operation, json.loads(body)), 200
            except KeyError:
                answer, status = {"__type": "ResourceNotFoundException", "message": "there is none"}, 400
            self._answer(status, json.dumps(answer).encode())

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if "GetObject" in self._aws.failing:
            status, message = self._aws.failing["GetObject"]
            self._answer(status, f"<Error><Code>InternalError</Code><Message>{message}</Message></Error>".encode())
        elif path not in self._aws.objects:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            content, metadata = self._aws.objects[path]
            self._answer(200, content, {f"x-amz-meta-{name}": value for name, value in metadata.items()})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""
