"""Servers on loopback: what stands behind one is its row's, how it serves and ends is the same for all."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"


class Loopback:
    """What answers on a free port until closed; its handlers find it as `behind`."""

    def __init__(self, handler: type[Handler], context: ssl.SSLContext | None = None) -> None:
        """Listens; with a context it speaks TLS."""
        self._scheme = "https" if context else "http"
        self._server = _Server((HOST, 0), handler)
        self._server.behind = self
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        """The endpoint to give to a client."""
        return f"{self._scheme}://{HOST}:{self._server.server_port}"

    def serve(self) -> None:
        """Answers until closed."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Ends."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    behind: Loopback

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that die are what some rows are about."""


class Handler(BaseHTTPRequestHandler):
    """One connection; connections are kept."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def behind(self) -> Loopback:
        """What stands behind the server."""
        return cast("_Server", self.server).behind

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send an answer whole."""
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""


@contextmanager
def serving[Behind: Loopback](behind: Behind) -> Iterator[Behind]:
    """It answers in the background, and is closed afterwards."""
    thread = threading.Thread(target=behind.serve, daemon=True)
    thread.start()
    try:
        yield behind
    finally:
        behind.close()
        thread.join()
