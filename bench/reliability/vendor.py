"""A vendor on loopback that counts what it charges, and fails as it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = json.dumps(
    {
        "document": "vehicle_license",
        "side": "front",
        "fields": {"plate_no": "皖A12345", "vin": "LSGPC52U6AF102554", "owner": "李小明"},
        "flags": [{"code": "blur"}],  # so that each upload has a notice
    }
).encode()
BUSY = b'{"error": {"code": "unavailable"}}'
REFUSED = b'{"error": {"code": "unauthorized"}}'


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
        self.key: str | None = None  # the one that is let in; None lets in all
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._random = Random(manner.seed)  # noqa: S311 - to be repeated, not to be secret
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.vendor = self

    @property
    def url(self) -> str:
        """The endpoint to give to a client."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def asked(self, picture: bytes, key: str | None) -> tuple[int, bytes] | None:
        """The status and body that a picture is answered with; None where nothing is said, though it is charged."""
        with self._lock:
            if self.key not in {None, key}:
                self.refused += 1
                return 401, REFUSED
            drawn = self._random.random()
            if drawn < self.manner.failing:
                self.failed += 1
                return 503, BUSY
            name = hashlib.sha256(picture).hexdigest()
            self.charged[name] += 1
            if drawn < self.manner.failing + self.manner.charged_silent:
                self.silent[name] += 1
                return None
        return 200, ANSWER

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
        picture = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(vendor.manner.seconds)
        answer = vendor.asked(picture, self.headers.get("X-Api-Key"))
        if answer is None:
            vendor.released.wait(60)
            self.close_connection = True
            return
        status, body = answer
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""
