"""A vendor on loopback that counts what it charges, and fails as it is told to: by our own contract, or by Huawei's."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import TYPE_CHECKING, Any, cast

from license_reader.vendors.huawei import TOKEN_HEADER, TOKENS_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where a request has its key and its picture, and how each status is told."""

    key: str
    picture: Callable[[bytes], bytes]
    told: Mapping[HTTPStatus, object]


NATIVE = Dialect(
    "X-Api-Key",
    bytes,
    {
        HTTPStatus.OK: {
            "document": "vehicle_license",
            "side": "front",
            "fields": {"plate_no": "皖A12345", "vin": "LSGPC52U6AF102554", "owner": "李小明"},
            "flags": [{"code": "blur"}],  # so that each upload has a notice
        },
        HTTPStatus.UNAUTHORIZED: {"error": {"code": "unauthorized"}},
        HTTPStatus.SERVICE_UNAVAILABLE: {"error": {"code": "unavailable"}},
    },
)
HUAWEI = Dialect(
    "X-Auth-Token",
    lambda body: base64.b64decode(json.loads(body)["image"]),
    {
        HTTPStatus.OK: {"result": {"number": "皖A12345", "vin": "LSGPC52U6AF102554", "name": "李小明"}},
        HTTPStatus.UNAUTHORIZED: {"error_code": "APIG.0301", "error_msg": "token expires"},
        HTTPStatus.SERVICE_UNAVAILABLE: {"error_code": "ModelArts.4401"},
    },
)
TOKEN_BODY = {"token": {"expires_at": "2099-01-01T00:00:00.000000Z", "project": {"id": "project"}}}


@dataclass(frozen=True, slots=True)
class Manner:
    """How the vendor behaves: the seconds of an answer, the shares of calls that fail, or are charged in silence."""

    seconds: float = 0.0
    failing: float = 0.0
    charged_silent: float = 0.0
    seed: int = 1


class Vendor:
    """What was charged, by the picture's SHA-256, and how often the answer was withheld after a charge."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.charged: Counter[str] = Counter()
        self.silent: Counter[str] = Counter()
        self.failed = 0
        self.refused = 0
        self.key: str | None = None  # or token: the one that is let in; None lets in all
        self.logins = 0
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._random = Random(manner.seed)  # noqa: S311 - to be repeated, not to be secret
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.vendor = self

    @property
    def url(self) -> str:
        """The endpoint to give to a client."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def logged_in(self) -> str:
        """The token in force."""
        with self._lock:
            self.logins += 1
            self.key = self.key or "token"
            return self.key

    def asked(self, picture: bytes, key: str | None) -> HTTPStatus | None:
        """The status that a picture is answered with; None where nothing is said, though it is charged."""
        with self._lock:
            if self.key not in {None, key}:
                self.refused += 1
                return HTTPStatus.UNAUTHORIZED
            drawn = self._random.random()
            if drawn < self.manner.failing:
                self.failed += 1
                return HTTPStatus.SERVICE_UNAVAILABLE
            name = hashlib.sha256(picture).hexdigest()
            self.charged[name] += 1
            if drawn < self.manner.failing + self.manner.charged_silent:
                self.silent[name] += 1
                return None
        return HTTPStatus.OK

    @property
    def calls(self) -> int:
        """How many calls were charged."""
        return self.charged.total()

    def serve(self) -> None:
        """Answers until closed."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Lets go whoever still waits, and ends."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(manner: Manner | None = None) -> Iterator[Vendor]:
    """A vendor that answers in the background."""
    vendor = Vendor(manner or Manner())
    thread = threading.Thread(target=vendor.serve, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        vendor.close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    vendor: Vendor

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that die are what this is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        vendor = cast("_Server", self.server).vendor
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == TOKENS_PATH:
            self._answer(HTTPStatus.CREATED, TOKEN_BODY, {TOKEN_HEADER: vendor.logged_in()})
            return
        dialect = HUAWEI if self.path.startswith("/v2/") else NATIVE
        time.sleep(vendor.manner.seconds)
        status = vendor.asked(dialect.picture(body), self.headers.get(dialect.key))
        if status is None:
            vendor.released.wait(60)
            self.close_connection = True
            return
        self._answer(status, dialect.told[status], {})

    def _answer(self, status: HTTPStatus, told: object, headers: Mapping[str, Any]) -> None:
        body = json.dumps(told).encode()
        self.send_response_only(status)
        headers = {"Content-Type": "application/json", "Content-Length": len(body), **headers}
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""
