"""A wire to AWS that loses answers: requests arrive and are acted upon, and the caller never hears of it."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


class Wire:
    """What passes to an endpoint, and which of the answers are lost."""

    def __init__(self, endpoint: str) -> None:
        self.authority = urlsplit(endpoint).netloc
        self.passed: list[str] = []
        self.lost = 0
        self._lose: range = range(0)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.wire = self

    @property
    def url(self) -> str:
        """The endpoint to give to a client."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def lose(self, numbers: range) -> None:
        """Has the answers to the requests of these numbers lost, counted from now and from 1."""
        with self._lock:
            self.passed.clear()
            self._lose = numbers

    def passing(self, target: str) -> bool:
        """Notes a request; whether its answer is lost."""
        with self._lock:
            self.passed.append(target)
            lost = len(self.passed) in self._lose
            self.lost += lost
            return lost

    def serve(self) -> None:
        """Passes on until closed."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Ends."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def wired(endpoint: str) -> Iterator[Wire]:
    """A wire to the endpoint."""
    wire = Wire(endpoint)
    thread = threading.Thread(target=wire.serve, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        wire.close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    wire: Wire

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Passes a request on, whatever its method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self._pass()
            self.wfile.flush()

    def _pass(self) -> None:
        wire = cast("_Server", self.server).wire
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        upstream = http.client.HTTPConnection(wire.authority, timeout=30)
        upstream.request(self.command, self.path, body, {**headers, "Host": wire.authority})
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if wire.passing(self.headers.get("X-Amz-Target", f"{self.command} {self.path.partition('?')[0]}")):
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_THE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""
