"""A vendor that hangs: says nothing, or a byte at a time without end."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from bench.reliability.board import Row, Seen
from bench.surroundings.stage import Worker, cloud, configured, staged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.command import Tell
    from bench.surroundings.stage import Stage

SECONDS, SHORT = 20.0, 8.0  # that the invocation has, on the board and in tests
BEFORE = 2.0  # seconds before its end at which the handler must have returned
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
DRIP = 0.2

type Manner = Callable[[socket.socket, threading.Event], None]


def _silent(_connection: socket.socket, released: threading.Event) -> None:
    released.wait()


def _dripping_head(connection: socket.socket, released: threading.Event) -> None:
    _drip(connection, released, HEAD)


def _dripping_body(connection: socket.socket, released: threading.Event) -> None:
    connection.sendall(HEAD + b"{")
    _drip(connection, released, b" " * 10_000)


def _stopping(connection: socket.socket, released: threading.Event) -> None:
    connection.sendall(HEAD + b'{"document": ')
    released.wait()


def _drip(connection: socket.socket, released: threading.Event, content: bytes) -> None:
    for byte in content:
        connection.sendall(bytes([byte]))
        if released.wait(DRIP):
            return


MANNERS: dict[str, Manner] = {
    "silent": _silent,
    "dripping its headers": _dripping_head,
    "dripping its body": _dripping_body,
    "stopping midway": _stopping,
}


def measure(share: float, tell: Tell) -> Seen:
    """How long before its end the handler returns, and whether the message comes again."""
    with cloud() as (account, resources), staged(account, resources) as stage:
        return hung(stage, SECONDS if share >= 1 else SHORT, tell)


def hung(stage: Stage, seconds: float, tell: Tell) -> Seen:
    """How long before the end of an invocation of so many seconds the handler returns on this stage."""
    workers, answers = {}, {}
    with ExitStack() as stack:
        for name, manner in MANNERS.items():
            url, asked = stack.enter_context(_serving(manner))
            workers[name] = stack.enter_context(Worker(stage))
            (photo,) = stage.upload(1)
            with configured(stage, endpoint=url, read_timeout=120):
                workers[name].start([photo.message()], seconds=seconds)
                asked.wait(seconds)  # until then the worker may not have read the settings
        for done, (name, worker) in enumerate(workers.items()):
            tell(done, len(workers))
            answers[name] = worker.answer()
    tell(len(workers), len(workers))
    spare = {name: seconds - answer["seconds"] if answer else 0.0 for name, answer in answers.items()}
    again = sum(bool(answer and answer["failed"]) for answer in answers.values())
    told = ", ".join(f"{name} {each:.1f} s" for name, each in spare.items())
    figures = f"returned before the end: {told}; {again} of {len(MANNERS)} messages come again"
    return Seen(figures, held=min(spare.values()) >= BEFORE and again == len(MANNERS))


@contextmanager
def _serving(manner: Manner) -> Iterator[tuple[str, threading.Event]]:
    """A server that hangs in this manner: its address, and what is set once somebody called."""
    asked, released = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, manner, asked, released))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        finally:
            released.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, manner: Manner, asked: threading.Event, released: threading.Event) -> None:
    while not released.is_set():
        try:
            connection, _ = server.accept()
        except OSError:
            return
        asked.set()
        threading.Thread(target=_hang, args=(connection, manner, released), daemon=True).start()


def _hang(connection: socket.socket, manner: Manner, released: threading.Event) -> None:
    """Hangs until released, or until the caller has had enough."""
    with connection:
        try:
            connection.recv(65536)
            manner(connection, released)
        except OSError:
            return


ROW = Row("a vendor that hangs", f"handler returns >= {BEFORE:.0f} s before its time-out; message comes again", measure)
