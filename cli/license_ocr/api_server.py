"""The OCR API on loopback: its Lambda handler behind HTTP, spoken to in the events of a function URL.

Where a function URL would answer by itself (what is no HTTP, a body without an end), so does this server, in a line of
text. Everything else is the dialects' to answer, a body too large for any of them included.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import socket
import sys
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from exchange import Response
from license_ocr.failure import Failure
from license_ocr.faults import HEADER, Faults, asked
from service import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from email.message import Message
    from io import BufferedIOBase
    from pathlib import Path

    from license_ocr.faults import Injected

MAX_BODY = 12 * 1024 * 1024
"""What Huawei takes in one request, the most of all vendors; a function URL takes half of it."""
PATIENCE = 60.0
"""Seconds that a client may be silent, within a request or between two."""
# What a function URL hands over as text; every other body comes as base64.
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")

# A client that still sends while it is refused would lose the answer to a reset: so much is read and thrown away.
_DISCARDED = 64 * 1024 * 1024
_DISCARDING_SECONDS = 10.0
_STOPPING_SECONDS = 5.0
_PIECE = 64 * 1024
_LINE = 4096
_TRAILERS = 100

type UrlEvent = dict[str, Any]
type Handler = Callable[[UrlEvent, Any], dict[str, Any]]


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


class _TooLarge(Exception):
    """A body larger than any that is taken."""


class _Malformed(Exception):
    """A body of which nobody can tell where it ends."""


def load(secrets_file: Path) -> Handler:
    """The handler of functions/ocr_api, serving callers who know the secrets in this file.

    It logs to standard error, for scripts read standard output.
    """
    os.environ["OCR_API_SECRETS_FILE"] = str(secrets_file)
    import ocr_api  # noqa: PLC0415 - no other command needs it

    ocr_api.logger.registered_handler.setStream(sys.stderr)  # type: ignore[attr-defined]  # Powertools made a stream's
    return ocr_api.handler


def fetch_from(addresses: Sequence[str]) -> None:
    """Let the OCR API fetch pictures from these addresses on loopback, besides the public ones.

    Raises:
        Failure: one of them is not on loopback, or no address at all.
    """
    for address in addresses:
        if not _on_loopback(address):
            raise Failure(
                f"--fetch-from {address!r}: give HOST:PORT on loopback as URLs will have it, such as 127.0.0.1:8000"
            )
    os.environ["OCR_API_FETCH_FROM"] = ",".join(addresses)


def _on_loopback(address: str) -> bool:
    host, _, port = address.rpartition(":")
    if not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not 0 < int(port) < 65536:
        return False
    with suppress(ValueError):
        return ipaddress.IPv4Address(host).is_loopback
    return host == "localhost"


def server(handler: Handler, *, port: int, faults: Faults | None = None, patience: float = PATIENCE) -> Server:
    """A server on loopback, bound but not yet serving; port 0 takes a free one.

    Args:
        handler: what answers the events.
        port: where to listen.
        faults: what befalls some of the requests.
        patience: seconds that a client may be silent.

    Raises:
        Failure: the port cannot be had.
    """
    try:
        return Server(port, handler, faults or Faults(), patience)
    except OSError as error:
        raise Failure(f"port {port} of 127.0.0.1: {error.strerror}; --port 0 takes a free one") from error


class Server(ThreadingHTTPServer):
    """One handler behind a port of loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, handler: Handler, faults: Faults, patience: float) -> None:
        super().__init__(("127.0.0.1", port), _Exchange)
        self._handler = handler
        self._faults = faults
        self.patience = patience
        self._stopping = Event()
        self._open = 0
        self._change = Condition()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While inside, a request is being answered."""
        with self._change:
            self._open += 1
        try:
            yield
        finally:
            with self._change:
                self._open -= 1
                self._change.notify_all()

    def stop(self) -> bool:
        """Take no more requests; whether those under way were answered within a few seconds."""
        self._stopping.set()
        self.server_close()
        with self._change:
            return self._change.wait_for(lambda: not self._open, timeout=_STOPPING_SECONDS)

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the server stops."""
        self._stopping.wait(seconds)

    def answer(self, made: UrlEvent) -> Response:
        """What the handler answers."""
        told = self._handler(made, _Context(aws_request_id=made["requestContext"]["requestId"]))
        text = told.get("body") or ""
        content = base64.b64decode(text) if told.get("isBase64Encoded") else text.encode()
        return Response(told["statusCode"], content, told.get("headers") or {})

    def fault(self, made: UrlEvent, header: str | None) -> Injected | None:
        """The fault that befalls a request: its own, which no rule then counts, or that of a rule.

        Raises:
            ValueError: it asks for one that there is not.
        """
        if header is None and not self._faults:
            return None
        spoken = _spoken(made)
        injected = self._faults.befalling(spoken, made["rawPath"]) if header is None else asked(header)
        if injected:
            _log(f"fault: {injected} for {_named(made)} ({spoken})")
        return injected


def _troubled(made: UrlEvent, trouble: Trouble) -> Response:
    """What the dialect that a request speaks says to this trouble."""
    import ocr_api  # noqa: PLC0415 - as above

    return ocr_api.troubled(made, trouble)


def _spoken(made: UrlEvent) -> str:
    """The name of the dialect that a request speaks."""
    import ocr_api  # noqa: PLC0415 - as above

    return ocr_api.spoken(made)


def _named(made: UrlEvent) -> str:
    """A request by its method and path, fit for a terminal."""
    return ascii(f"{made['requestContext']['http']['method']} {made['rawPath']}")[1:-1]


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class _Exchange(BaseHTTPRequestHandler):
    """One connection's requests, each made an event, and each answer made a response."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # a first line that cannot be read is answered with a status all the same
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.patience)
        self._unread = False

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):  # who has hung up needs no answer, and nobody else an alarm
            super().handle()
            if self._unread:
                self._discard()

    def handle_expect_100(self) -> bool:
        """Tell nothing yet: a client is asked for its body once it is known that the body will be read."""
        return True

    def _exchange(self) -> None:
        headers = _joined(self.headers)
        wanted = headers.get(HEADER)
        # `self.path` would be without a second slash at its start, which a caller may have signed.
        target = self.requestline.split()[1]
        try:
            content = self._content()
        except _TooLarge:
            return self._refuse_as_too_large(event(self.command, target, headers, b""))
        except _Malformed as malformed:
            return self.send_error(HTTPStatus.BAD_REQUEST, str(malformed))
        except TimeoutError:
            return self.send_error(HTTPStatus.REQUEST_TIMEOUT, "the body did not come")
        with self.server.answering():
            return self._answer(event(self.command, target, headers, content), wanted)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _exchange  # noqa: N815 - http.server's names

    def _answer(self, made: UrlEvent, wanted: str | None) -> None:
        """Answer as the handler does or, where there is a fault, as that has it."""
        try:
            fault = self.server.fault(made, wanted)
        except ValueError as unknown:
            return self._send(_plain(HTTPStatus.BAD_REQUEST, str(unknown)))
        return self._send(self.server.answer(made)) if fault is None else self._suffer(fault, made)

    def _suffer(self, fault: Injected, made: UrlEvent) -> None:
        self.server.wait(fault.seconds)
        if not fault.sent:
            self.close_connection = True
            return
        response = _troubled(made, fault.trouble) if fault.trouble else self.server.answer(made)
        self._send(fault.altered(response), share=fault.sent)

    def _content(self) -> bytes:
        """The request's body, as much of it as its headers promise.

        Raises:
            _TooLarge, _Malformed: what they say; nothing more of this connection can be understood.
            TimeoutError, ConnectionError: it does not come.
        """
        length = _length(self.headers)
        if length == 0:
            return b""
        if self.headers.get("Expect", "").lower() == "100-continue" and self.request_version >= "HTTP/1.1":
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()
        return _chunks(self.rfile) if length is None else _exactly(self.rfile, length)

    def _refuse_as_too_large(self, made: UrlEvent) -> None:
        _log(f"refused: {_named(made)} has a body of more than {MAX_BODY} bytes ({_spoken(made)})")
        self._hang_up_unread()
        self._send(_troubled(made, Trouble.TOO_LARGE))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Say in a line what is wrong with something that cannot be made an event, and hang up."""
        self._hang_up_unread()
        status = HTTPStatus(code)
        self._send(_plain(status, f"{status.phrase}: {message}" if message else status.phrase))

    def _hang_up_unread(self) -> None:
        self.close_connection = self._unread = True

    def _send(self, response: Response, *, share: float = 1.0) -> None:
        """Send a response; where of its body only a share is sent, hang up without a word."""
        self.send_response_only(response.status)
        self.send_header("Date", self.date_time_string())
        for name, value in response.headers.items():
            if name.lower() not in {"content-length", "connection", "date"}:
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[: int(len(response.body) * share)])
        self.close_connection = self.close_connection or share < 1.0

    def _discard(self) -> None:
        """Read on for a while without listening, so that a client which still sends gets to read its answer."""
        until, left = time.monotonic() + _DISCARDING_SECONDS, _DISCARDED
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(min(2.0, self.server.patience))
            while left > 0 and time.monotonic() < until and (piece := self.connection.recv(_PIECE)):
                left -= len(piece)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the handler logs each request itself."""


def _plain(status: int, text: str) -> Response:
    return Response(status, f"{text}\n".encode("ascii", "backslashreplace"), {"content-type": "text/plain"})


def _joined(headers: Message) -> dict[str, str]:
    """The headers by their names in lower case; of one that comes twice, the values with a comma between.

    A value that goes over several lines is put on one, and the blanks around it are none of it.
    """
    joined: dict[str, str] = {}
    for given, folded in headers.items():
        name, value = given.lower(), " ".join(line.strip(" \t\r") for line in folded.strip().split("\n"))
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _length(headers: Message) -> int | None:
    """How long the body is; None where it comes in chunks.

    Raises:
        _Malformed: the headers do not say.
        _TooLarge: longer than any that is taken.
    """
    coding, told = headers.get("Transfer-Encoding"), headers.get_all("Content-Length", [])
    if coding is not None and told:
        raise _Malformed("both Content-Length and Transfer-Encoding")
    if coding is not None and coding.strip().lower() != "chunked":
        raise _Malformed("of transfer encodings only chunked is known")
    if coding is not None:
        return None
    if len(set(told)) > 1:
        raise _Malformed("more than one Content-Length")
    if told and not re.fullmatch(r"[0-9]{1,4000}", told[0].strip()):
        raise _Malformed("Content-Length is no number")
    length = int(told[0]) if told else 0
    if length > MAX_BODY:
        raise _TooLarge
    return length


def _exactly(stream: BufferedIOBase, length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise ConnectionError("the client hung up within its request")
    return content


def _chunks(stream: BufferedIOBase) -> bytes:
    """The body that comes in chunks; what is said beside them is passed over."""
    body = bytearray()
    while size := _chunk_size(stream):
        if len(body) + size > MAX_BODY:
            raise _TooLarge
        body += _exactly(stream, size)
        if _line(stream):
            raise _Malformed("a chunk is not as long as it says")
    for _ in range(_TRAILERS):
        if not _line(stream):
            return bytes(body)
    raise _Malformed(f"more than {_TRAILERS} trailers")


def _chunk_size(stream: BufferedIOBase) -> int:
    told = re.fullmatch(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", _line(stream))
    if told is None:
        raise _Malformed("the size of a chunk is no hexadecimal number")
    return int(told[1], 16)


def _line(stream: BufferedIOBase) -> bytes:
    """One line without its end."""
    line = stream.readline(_LINE)
    if not line:
        raise ConnectionError("the client hung up within its request")
    if not line.endswith(b"\n"):
        raise _Malformed(f"a line of more than {_LINE} bytes between chunks")
    return line.rstrip(b"\r\n")


def event(method: str, target: str, headers: Mapping[str, str], content: bytes) -> UrlEvent:
    """The function URL's event (payload 2.0) for one request; header names are in lower case."""
    path, _, query = re.sub(r"^[a-z]+://[^/?]*", "", target, flags=re.IGNORECASE).partition("?")
    path = path or "/"
    body, encoded = base64.b64encode(content).decode(), True
    if headers.get("content-type", "").lower().startswith(_TEXT):
        with suppress(UnicodeDecodeError):  # what is not the text that it claims to be keeps its bytes as base64
            body, encoded = content.decode(), False
    now = time.time()
    made: UrlEvent = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(headers),
        "queryStringParameters": dict(parse_qsl(query, keep_blank_values=True)),
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
