"""Connections that keep a deadline: no server outlasts it, whether it hangs, drips or falls silent.

A socket's time-out is for one step, and a server may make as many as it likes: a byte of a header now and then resets
it for ever. So it is set to what is left before each step of connecting, sending and receiving.
"""

from __future__ import annotations

import http.client
import io
import socket
import sys
import time
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import requests
    from requests.adapters import BaseAdapter

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a call ends, in seconds of the clock, and how long each piece sent and each silence may last at most."""

    until: float
    clock: Callable[[], float]
    sending: float
    silence: float

    def left(self, most: float) -> float:
        """How long the next step may take, in seconds.

        Raises:
            TimeoutError: no time is left.
        """
        left = self.until - self.clock()
        if left <= 0:
            raise TimeoutError("the deadline has come")
        return min(left, most)


class Sending:
    """A request's body on its way: in pieces, so that a slow line is not cut off by one time-out for all of it.

    `whole` tells whether the connection took the last piece.
    """

    def __init__(self, content: bytes | str | None, deadline: Deadline) -> None:
        self._content = memoryview(content.encode() if isinstance(content, str) else content or b"")
        self.deadline = deadline
        self.whole = False

    def __iter__(self) -> Iterator[memoryview]:
        for start in range(0, len(self._content), CHUNK):
            yield self._content[start : start + CHUNK]
        self.whole = True


class _Received(io.RawIOBase):
    """What a socket receives, each time within what is left of the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._sock.settimeout(self._deadline.left(self._deadline.silence))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response whose status line, headers and body are received by the deadline."""

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
        *,
        deadline: Deadline,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp: io.BufferedReader = io.BufferedReader(_Received(self.fp.detach(), sock, deadline))


class _Connection(HTTPConnection):
    """A connection that takes the deadline of each request from its body."""

    resolve: ClassVar[Callable[..., Sequence[Any]]] = staticmethod(socket.getaddrinfo)
    """Tells a host's addresses."""
    _deadline: Deadline | None = None

    def _new_conn(self) -> socket.socket:
        """The socket, connected within the time-out however many addresses the host has."""
        until = time.monotonic() + (self.timeout or 0)
        try:
            found = self.resolve(self._dns_host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        cause: OSError = OSError("the host has no address")
        for place, (family, kind, protocol, _, address) in enumerate(found):
            left = until - time.monotonic()
            if left <= 0:
                raise ConnectTimeoutError(self, f"connecting to {self.host} took too long") from cause
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(left / (len(found) - place))
                sock.connect(address)
                sock.settimeout(max(until - time.monotonic(), 0.001))  # what is left is the handshake's
            except OSError as error:
                sock.close()
                cause = error
            else:
                sys.audit("http.client.connect", self, self.host, self.port)
                return sock
        if isinstance(cause, TimeoutError):
            raise ConnectTimeoutError(self, f"connecting to {self.host} took too long") from cause
        raise NewConnectionError(self, f"{self.host} cannot be connected to: {cause}") from cause

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        if isinstance(body, Sending):
            self._deadline = body.deadline
            self.response_class = partial(_Response, deadline=body.deadline)  # type: ignore[assignment]
        super().request(method, url, body, headers, **options)

    def send(self, data: Any) -> None:
        if self.sock is not None and self._deadline is not None:
            self.sock.settimeout(self._deadline.left(self._deadline.sending))
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same with TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS: Mapping[str, type[HTTPConnectionPool]] = MappingProxyType({"http": _Pool, "https": _TlsPool})


def adapter(session: requests.Session, url: str) -> BaseAdapter:
    """The session's adapter for a URL, its connections from now on of the kind that keeps deadlines."""
    found = session.get_adapter(url)
    if isinstance(found, HTTPAdapter) and found.poolmanager.pool_classes_by_scheme is not _POOLS:
        found.poolmanager.pool_classes_by_scheme = _POOLS
        found.poolmanager.clear()
    return found
