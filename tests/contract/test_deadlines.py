"""No vendor outlasts the time that a call is given, whatever it does on the wire."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from license_reader.errors import OutcomeUnknown, Unavailable
from license_reader.image import Image
from license_reader.license import Document, Side
from license_reader.vendors import embedded
from license_reader.vendors._base import Address, Job
from license_reader.vendors._line import Deadline, _Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from tests.loopback import Loopback

KEY = embedded.ApiKey.model_validate({"api_key": "key"})
GIVEN = 0.6
# What a busy machine may add; a server of these tests holds out for HELD.
GRACE = 2.0
HELD = 6.0


# What every picture of these tests ends with, and nothing before it does.
END = b"\xff\xd9"


def job(size: int = 100) -> Job:
    return Job(Image(b"\xff\xd8\xff" + bytes(size) + END, "jpeg", 800, 600), Document.VEHICLE_LICENSE, Side.FRONT)


@contextmanager
def serving(*pieces: bytes, pause: float = 0.0, reads: int = 100_000_000, reading_pause: float = 0.0) -> Iterator[int]:
    """The port of a server that reads so much, sends the pieces with pauses between them, then says no more."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            left = reads
            while left > 0 and (got := connection.recv(65536)):
                left = 0 if got.endswith(END) else left - len(got)
                over.wait(reading_pause)
            ends = time.monotonic() + HELD
            for piece in pieces:
                if over.wait(pause) or time.monotonic() > ends:
                    return
                try:
                    connection.sendall(piece)
                except OSError:
                    return
            over.wait(max(0, ends - time.monotonic()))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def drip(text: bytes) -> tuple[bytes, ...]:
    return tuple(bytes([byte]) for byte in text)


def read(session: requests.Session, url: str, *, size: int = 100, given: float = GIVEN) -> None:
    """Ask a vendor, for some seconds, whose settings are very patient."""
    vendor = embedded.Vendor(Address(url), session=session)
    vendor.read(job(size), KEY, until=time.time() + given, read_timeout=60)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SERVERS: dict[str, tuple[float, tuple[bytes, ...]]] = {
    "says nothing": (0, ()),
    "drips its status line": (0.1, drip(b"HTTP/1.1 200 " + b"O" * 100)),
    "drips its headers": (0.1, (b"HTTP/1.1 200 OK\r\n", *drip(b"X-Slow: " + b"y" * 100))),
    "sends header after header": (0.1, (b"HTTP/1.1 200 OK\r\n", *[b"X-Slow: y\r\n"] * 50)),
    "asks to go on for ever": (0.1, (b"HTTP/1.1 100 Continue\r\n\r\n",) * 50),
    "falls silent before its body": (0, (HEAD,)),
    "falls silent in its body": (0, (HEAD + b'{"document"',)),
    "drips its body": (0.1, (HEAD, *drip(b" " * 100))),
    "drips chunks": (0.1, (CHUNKED, *[b"1\r\n \r\n"] * 50)),
    "drips a chunk's size": (0.1, (CHUNKED, *drip(b"0" * 50))),
    "speaks at the last moment": (GIVEN - 0.1, (HEAD, b"{", b" ")),
}


@pytest.mark.parametrize("manner", SERVERS)
def test_a_vendor_that_was_asked_and_does_not_end_is_given_up_in_time(manner: str, session: requests.Session) -> None:
    pause, pieces = SERVERS[manner]
    with serving(*pieces, pause=pause) as port:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="no answer in time"):
            read(session, f"http://127.0.0.1:{port}")
        assert GIVEN - 0.05 <= time.monotonic() - started < GIVEN + GRACE


def test_a_vendor_that_stops_taking_a_request_is_given_up_in_time_and_not_charged(session: requests.Session) -> None:
    with serving(reads=25 * 65536, reading_pause=0.05) as port:
        started = time.monotonic()
        with pytest.raises(Unavailable, match="could not be asked: TimeoutError"):
            read(session, f"http://127.0.0.1:{port}", size=64_000_000, given=1.5)
        assert time.monotonic() - started < 1.5 + GRACE


def test_a_warm_connection_keeps_the_deadline_of_each_call(session: requests.Session) -> None:
    body = b'{"document": "vehicle_license", "side": "front"}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with serving(answer) as port:
        vendor = embedded.Vendor(Address(f"http://127.0.0.1:{port}"), session=session)
        vendor.read(job(), KEY, until=time.time() + 30, read_timeout=60)
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="no answer in time"):
            vendor.read(job(), KEY, until=time.time() + GIVEN, read_timeout=60)
        assert time.monotonic() - started < GIVEN + GRACE


def test_a_deadline_that_is_over_does_not_burden_the_next_call_on_its_connection(
    session: requests.Session, loopback: Loopback
) -> None:
    vendor = embedded.Vendor(Address(loopback.url), session=session)
    for _ in range(2):
        loopback.answer(body=b'{"document": "vehicle_license", "side": "front"}')
        vendor.read(job(), KEY, until=time.time() + 0.3)
        time.sleep(0.35)
    assert loopback.connections == 1


def test_a_handshake_that_is_not_answered_ends_in_time_and_is_not_charged(session: requests.Session) -> None:
    with serving(reads=1) as port:
        started = time.monotonic()
        with pytest.raises(Unavailable, match="could not be asked: TimeoutError"):
            read(session, f"https://127.0.0.1:{port}")
        assert time.monotonic() - started < GIVEN + GRACE


def test_a_redirect_is_neither_followed_nor_swallowed(session: requests.Session) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 100000000\r\n\r\n"
    with serving(moved, *[b" " * 1_000_000] * 100) as port, pytest.raises(OutcomeUnknown, match="a reply of more than"):
        read(session, f"http://127.0.0.1:{port}")


@contextmanager
def deaf() -> Iterator[tuple[str, int]]:
    """An address that takes no connection and refuses none: its queue is full."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


def at(*addresses: tuple[str, int]) -> _Connection:
    class Host(_Connection):
        resolve = staticmethod(
            lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 0, "", each) for each in addresses]
        )

    return Host("host.example", 80, timeout=GIVEN)


def test_a_host_of_many_deaf_addresses_has_one_time_out_for_all() -> None:
    with deaf() as one, deaf() as other:
        started = time.monotonic()
        with pytest.raises(ConnectTimeoutError):
            at(one, other)._new_conn()
        assert time.monotonic() - started < GIVEN + GRACE / 2


def test_the_next_address_is_tried_when_one_is_deaf_or_refuses() -> None:
    with serving() as port, deaf() as address:
        closed = ("127.0.0.1", 1)
        with at(closed, address, ("127.0.0.1", port))._new_conn() as connected:
            assert connected.getpeername()[1] == port
        with pytest.raises(NewConnectionError, match=r"host\.example cannot be connected to"):
            at(closed)._new_conn()


def test_a_step_takes_no_longer_than_is_left() -> None:
    now = [1000.0]
    deadline = Deadline(1010.0, lambda: now[0], sending=5, silence=30)
    assert deadline.left(5) == 5
    now[0] = 1008.0
    assert deadline.left(5) == 2
    now[0] = 1010.0
    with pytest.raises(TimeoutError):
        deadline.left(5)
