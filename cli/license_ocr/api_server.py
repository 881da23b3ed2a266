"""The OCR API on loopback: its Lambda handler behind HTTP, spoken to in the events of a function URL."""

from __future__ import annotations

import base64
import importlib
import os
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# What a function URL takes in one request.
MAX_BODY = 6 * 1024 * 1024
# What a function URL hands over as text; every other body comes as base64.
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class _Context:
    """What Lambda tells a handler about its invocation."""

    function_name: str = "ocr-api"
    memory_limit_in_mb: int = 3008
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:ocr-api"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    until: float = field(default_factory=lambda: time.monotonic() + 60)

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.until - time.monotonic()) * 1000))


def load(secrets_file: Path) -> Handler:
    """The handler of functions/ocr_api, serving callers who know the secrets in this file."""
    os.environ["OCR_API_SECRETS_FILE"] = str(secrets_file)
    handler: Handler = importlib.import_module("ocr_api").handler
    return handler


def server(handler: Handler, *, port: int) -> ThreadingHTTPServer:
    """A server on loopback, bound but not yet serving; port 0 takes a free one."""
    return _Server(port, handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, handler: Handler) -> None:
        super().__init__(("127.0.0.1", port), _Exchange)
        self._handler = handler

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        return self._handler(event, _Context(aws_request_id=event["requestContext"]["requestId"]))


class _Exchange(BaseHTTPRequestHandler):
    """One connection's requests, each made an event, and each answer made a response."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    server: _Server

    def _exchange(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            return self.send_error(HTTPStatus.BAD_REQUEST)
        if self.headers.get("Transfer-Encoding"):
            return self.send_error(HTTPStatus.LENGTH_REQUIRED)
        if not 0 <= length <= MAX_BODY:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            headers[name.lower()] = f"{headers[name.lower()]},{value}" if name.lower() in headers else value
        content = self.rfile.read(length)
        self._respond(self.server.answer(event(self.command, self.path, headers, content)))
        return None

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _exchange  # noqa: N815 - http.server's names

    def _respond(self, response: Mapping[str, Any]) -> None:
        text = response.get("body") or ""
        content = base64.b64decode(text) if response.get("isBase64Encoded") else text.encode()
        self.send_response(response["statusCode"])
        for name, value in response.get("headers", {}).items():
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the handler logs each request itself."""


def event(method: str, target: str, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
    """The function URL's event (payload 2.0) for one request; header names are in lower case."""
    parts = urlsplit(target)
    path = parts.path or "/"
    body, encoded = base64.b64encode(content).decode(), True
    if headers.get("content-type", "").lower().startswith(_TEXT):
        with suppress(UnicodeDecodeError):  # what is not the text that it claims to be keeps its bytes as base64
            body, encoded = content.decode(), False
    now = time.time()
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": parts.query,
        "headers": dict(headers),
        "queryStringParameters": dict(parse_qsl(parts.query, keep_blank_values=True)),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": headers.get("host", ""),
            "domainPrefix": "local",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    return made | {"body": body, "isBase64Encoded": encoded} if content else made
