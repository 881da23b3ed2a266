"""A wire to AWS that loses answers: requests arrive and are acted upon, and the caller never hears of it."""

from __future__ import annotations

import http.client
import threading
from typing import cast
from urllib.parse import urlsplit

from bench.surroundings.loopback import Handler, Loopback

_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


class Wire(Loopback):
    """What passes to an endpoint, and which of the answers are lost."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(_Handler)
        self.authority = urlsplit(endpoint).netloc
        self.passed: list[str] = []
        self.lost = 0
        self._lose: range = range(0)
        self._lock = threading.Lock()

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


class _Handler(Handler):
    def handle_one_request(self) -> None:
        """Passes a request on, whatever its method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self._pass()
            self.wfile.flush()

    def _pass(self) -> None:
        wire = cast("Wire", self.behind)
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
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_THE_CONNECTION}
        self.answer(answer.status, content, kept)
