"""A vendor on loopback: it answers as a test says, and keeps what it was asked."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the server does next: answer, at once or in pieces after pauses; say nothing; hang up, even unread."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    pieces: tuple[bytes, ...]
    pause: float
    silence: bool
    hang_up: bool
    unread: bool
    reading_pause: float


class Loopback:
    """A server that gives its answers in turn; once they are used up it answers 599."""

    def __init__(self) -> None:
        self.answers: deque[_Answer] = deque()
        self.asked: list[Asked] = []
        self.connections = 0
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """The endpoint to give to a client."""
        return f"http://{self.authority}"

    def answer(  # noqa: PLR0913 - each is one thing that a server can do
        self,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        pieces: tuple[bytes, ...] = (),
        pause: float = 0.0,
        silence: bool = False,
        hang_up: bool = False,
        unread: bool = False,
        reading_pause: float = 0.0,
    ) -> None:
        """Queue this answer."""
        self.answers.append(
            _Answer(status, headers or {}, body, pieces, pause, silence, hang_up, unread, reading_pause)
        )

    def close(self) -> None:
        """Let go whoever still waits, and end."""
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    loopback: Loopback

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        cast("_Server", self.server).loopback.connections += 1

    def do_POST(self) -> None:
        loopback = cast("_Server", self.server).loopback
        if not loopback.answers:
            loopback.answer(599)
        answer = loopback.answers.popleft()
        if answer.unread:
            loopback.released.wait(answer.pause)
            self.close_connection = True
            return
        body = self._read(int(self.headers.get("Content-Length", 0)), answer.reading_pause)
        headers = {name.lower(): value for name, value in self.headers.items()}
        loopback.asked.append(Asked(self.command, self.path, headers, body))
        if answer.silence:
            loopback.released.wait(20)
        if answer.silence or answer.hang_up:
            self.close_connection = True
            return
        content = answer.body or b"".join(answer.pieces)
        self.send_response_only(answer.status)
        for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in answer.pieces or (content,):
            if answer.pause:
                loopback.released.wait(answer.pause)
            self.wfile.write(piece)
            self.wfile.flush()

    def _read(self, length: int, pause: float) -> bytes:
        """The request's body, at once or, with a pause after each piece, slowly."""
        if not pause:
            return self.rfile.read(length)
        body = bytearray()
        while len(body) < length and (piece := self.rfile.read(min(1 << 20, length - len(body)))):
            body += piece
            cast("_Server", self.server).loopback.released.wait(pause)
        return bytes(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""
